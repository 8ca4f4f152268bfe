"""Timing rules, markets and fits that peek, and honest ones that look like them."""

import hashlib
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from tidegate.errors import ClockError
from tidegate.market.base import Conditions, Market
from tidegate.strategy.base import State, Timing
from tidegate.testing.blind_decisions import check_market, check_timing
from tidegate.testing.blind_models import Trained, check_fitting
from tidegate.testing.blind_windows import example_windows
from tidegate.testing.history import example_bars

BARS = example_bars(sessions=90)


class Rule(Timing):
    """Long when the score is above zero; NaN is flat."""

    def decide(self, state, score):
        return State(left=0), float(score > 0)

    def exposures(self, scores):
        return (scores > 0).astype(float)


class Plain(Rule):
    name: ClassVar[str] = "fair-sign"


class PeeksAtTomorrow(Rule):
    name: ClassVar[str] = "leak-peeks-at-tomorrow"

    def exposures(self, scores):
        return (np.hstack([scores[:, 1:], scores[:, -1:]]) > 0).astype(float)


class ThresholdOfAll(Rule):
    """Long in the best third of all scores that there will ever be."""

    name: ClassVar[str] = "leak-threshold-of-all"

    def exposures(self, scores):
        return (scores > np.nanquantile(scores, 0.66, axis=1, keepdims=True)).astype(float)


class LastBarFlat(Rule):
    """Knows which bar is the last."""

    name: ClassVar[str] = "leak-last-bar-flat"

    def exposures(self, scores):
        made = (scores > 0).astype(float)
        made[:, -1] = 0.0
        return made


class BestOfBooks(Rule):
    name: ClassVar[str] = "leak-best-of-books"

    def exposures(self, scores):
        ranked = np.nan_to_num(scores, nan=-np.inf)
        return (ranked >= ranked.max(axis=0)).astype(float) * (scores > 0)


class HoldsThree(Timing):
    """Holds for three bars after a positive score: state carried forward, which is no leak."""

    name: ClassVar[str] = "fair-holds-three"

    def decide(self, state, score):
        left = 3 if score > 0 else max(state.left - 1, 0)
        return State(left=left), float(left > 0)

    def exposures(self, scores):
        made = np.zeros_like(scores)
        for k in range(scores.shape[0]):
            state = State(left=0)
            for t in range(scores.shape[1]):
                state, made[k, t] = self.decide(state, scores[k, t])
        return made


@pytest.mark.parametrize(
    "kind", [PeeksAtTomorrow, ThresholdOfAll, LastBarFlat, BestOfBooks], ids=lambda kind: kind.name
)
def test_a_rule_that_peeks_is_caught(kind):
    with pytest.raises(ClockError, match=rf"{kind.name}.*book \d, bar \d+"):
        check_timing(kind())


@pytest.mark.parametrize("kind", [Plain, HoldsThree], ids=lambda kind: kind.name)
def test_an_honest_rule_is_not_flagged(kind):
    assert check_timing(kind()) >= 8


class Open(Market):
    """Fills at the open, frictionless; a bar that opens at its limit cannot be bought."""

    asset_class: ClassVar[str] = "stock"

    def conditions(self, bars, asset):
        frame = bars.frame.filter(bars.frame["asset"] == asset)
        held = {name: frame[name].to_numpy() for name in ("open", "close", "limit_up", "limit_down")}
        count = len(frame)
        return Conditions(
            times=frame["time"].to_numpy().astype("datetime64[us]"),
            session=np.arange(count),
            open=held["open"],
            close=held["close"],
            can_buy_open=held["open"] < held["limit_up"],
            can_sell_open=held["open"] > held["limit_down"],
            exact=False,
            money_unit=1.0,
            lot=1,
            multiplier=1,
            settlement_days=0,
            margin_rate=1.0,
            rates={"commission_buy": np.zeros(count, dtype=np.int64)},
            per_share={},
            minimum_commission=0,
            stamps=(),
        )


class FairOpen(Open):
    name: ClassVar[str] = "fair-open"


class CloseDecidesTheOpen(Open):
    name: ClassVar[str] = "leak-close-decides-the-open"

    def conditions(self, bars, asset):
        made = super().conditions(bars, asset)
        own = bars.frame.filter(bars.frame["asset"] == asset)
        return replace(made, can_buy_open=made.close < own["limit_up"].to_numpy())


class OneLinePriceLimit(Open):
    """Blocked only where the whole bar is one line: true at its close, not known at its open."""

    name: ClassVar[str] = "leak-one-line-limit"

    def conditions(self, bars, asset):
        made = super().conditions(bars, asset)
        own = bars.frame.filter(bars.frame["asset"] == asset)
        return replace(made, can_buy_open=made.can_buy_open | (own["low"] < own["high"]).to_numpy())


class FillsAtTheMean(Open):
    name: ClassVar[str] = "leak-fills-at-the-mean"

    def conditions(self, bars, asset):
        made = super().conditions(bars, asset)
        return replace(made, open=(made.open + made.close) / 2)


class FeeOfTheFuture(Open):
    """A rate for each bar that is the last bar's volume in disguise."""

    name: ClassVar[str] = "leak-fee-of-the-future"

    def conditions(self, bars, asset):
        made = super().conditions(bars, asset)
        fee = np.full(len(made.times), int(bars.frame["volume"][-1]), dtype=np.int64)
        return replace(made, rates={"commission_buy": fee})


class LotOfTheFuture(Open):
    name: ClassVar[str] = "leak-lot-of-the-future"

    def conditions(self, bars, asset):
        return replace(super().conditions(bars, asset), lot=int(bars.frame["close"].mean() * 100))


@pytest.mark.parametrize(
    "kind",
    [CloseDecidesTheOpen, OneLinePriceLimit, FillsAtTheMean, FeeOfTheFuture, LotOfTheFuture],
    ids=lambda kind: kind.name,
)
def test_a_market_that_knows_the_bar_at_its_open_is_caught(kind):
    with pytest.raises(ClockError, match=kind.name):
        check_market(kind(), BARS)


def test_an_honest_market_is_not_flagged():
    assert check_market(FairOpen(), BARS) >= 8


def least_squares(
    bars, cut, *, purge=True, scale_on_all=False, select_on_all=False, stop_on_test=False, centre_on_test=False
):
    """Bars → ridge by hand, with one fault at a time."""
    windows = example_windows(bars)
    panel, when = windows.panel, windows.anchor_time
    position = int(np.searchsorted(bars.times, cut))
    inputs = panel.values[windows.anchors].astype(np.float64)
    told = np.isfinite(windows.target)
    train = (when <= position) & told & ((windows.known <= position) | (not purge))
    test = when > position
    base = inputs if scale_on_all else inputs[train]
    x = (inputs - base.mean(axis=0)) / base.std(axis=0)
    if centre_on_test:
        x[test] -= x[test].mean(axis=0)
    y = windows.target
    chosen = told if select_on_all else train
    order = np.argsort([-abs(np.corrcoef(column[chosen], y[chosen])[0, 1]) for column in x.T])[:2]
    x = x[:, order]
    best, least = None, np.inf
    for ridge in (1e-6, 1.0, 100.0):
        slope = np.linalg.solve(x[train].T @ x[train] + ridge * np.eye(2), x[train].T @ y[train])
        watched = (test & told) if stop_on_test else train
        loss = float(np.mean((y[watched] - x[watched] @ slope) ** 2))
        if loss < least:
            best, least = slope, loss
    rows = windows.anchors[test]
    scores = np.array([float(row @ best) for row in x[test]])
    learned = hashlib.sha256(best.tobytes() + order.tobytes() + base.mean(axis=0).tobytes()).hexdigest()
    return Trained(learned, scores, panel.times[panel.row_time[rows]], np.array(panel.assets)[panel.row_asset[rows]])


@pytest.mark.parametrize("fault", ["purge", "scale_on_all", "select_on_all", "stop_on_test", "centre_on_test"])
def test_a_fit_that_saw_past_its_cut_is_caught(fault):
    def fitting(bars, cut):
        return least_squares(bars, cut, **{fault: fault != "purge"})

    def checked():
        for seed in range(8):  # a choice among three or four does not change in every other future
            check_fitting(fitting, BARS, "leak", seed=2 * seed)

    with pytest.raises(ClockError, match=r"forecasts change|what was learned"):
        checked()


def test_an_honest_fit_is_not_flagged_and_the_test_has_power():
    for seed in range(4):
        assert check_fitting(least_squares, BARS, "fair", seed=2 * seed) == 2
    cut = BARS.times[45]
    other = example_bars(sessions=90, seed=1)
    assert least_squares(BARS, cut).fingerprint != least_squares(other, cut).fingerprint
