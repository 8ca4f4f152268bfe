"""Rolls of a chain whose legs are both known, daily and within the day: decided, joined and paid for as by hand."""

from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from tidegate.backtest.ledgers import ledger
from tidegate.data.file_source import FileSource
from tidegate.data.futures_chain import main_series, with_recorded_settlement
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.data.rebar_chain import RebarChain
from tidegate.data.rolled import RolledBars
from tidegate.errors import DataError
from tidegate.market.rebar_future import RebarFuture
from tidegate.types.bars import Bars

D, TONS, CAPITAL = Decimal, 10, 1_000_000.0
FREQUENCIES = ["1d", "60min", "5min"]


@pytest.fixture(scope="module", params=FREQUENCIES)
def legs(request):
    """A chain's bars by contract, and its main series."""
    chain = RebarChain(sessions=45, seed=3, frequency=request.param, spacing=14).bars()
    frame = chain.frame
    return {name: frame.filter(pl.col("asset") == name) for name in chain.assets}, main_series(chain, "RB")


def by_hand(legs):
    """(last session of the old, first of the new, old, new), from nothing but last interests of each session."""
    last = {}
    for name, frame in legs.items():
        for session, interest in frame.group_by("session", maintain_order=True).agg(
            pl.col("open_interest").last()
        ).iter_rows():  # fmt: skip
            last.setdefault(session, {})[name] = interest
    days = sorted(last)
    main, told = max(last[days[0]], key=last[days[0]].get), []
    for day, following in pairwise(days):
        later = {name: held for name, held in last[day].items() if name > main}
        best = max(later, key=later.get) if later else None
        if best is not None and later[best] > last[day][main]:
            told.append((day, following, main, best))
            main = best
    return told


def test_switches_are_those_of_the_interest_at_the_close_before(legs):
    contracts, series = legs
    told = by_hand(contracts)
    assert len(told) >= 2
    assert [(r.decided, r.switched, r.old, r.new) for r in series.rolls] == told
    first = series.bars.frame.group_by("session", maintain_order=True).first()
    marked = series.bars.frame.filter(pl.col("roll_from").is_not_null())
    assert marked["session"].to_list() == [switched for _, switched, _, _ in told]
    assert (
        marked["time"].to_list() == first.filter(pl.col("session").is_in(marked["session"].implode()))["time"].to_list()
    )


def test_adjusted_returns_are_the_contracts_own(legs):
    contracts, series = legs
    frame, adjusted = series.prices, series.bars.adjusted("close")
    difference = series.prices["difference"].to_numpy()
    closes = {name: dict(held.select("time", "close").iter_rows()) for name, held in contracts.items()}
    times, names = frame["time"].to_list(), frame["contract"].to_list()
    before = np.array([closes[name][time] for name, time in zip(names[1:], times, strict=False)])
    now = np.array([closes[name][time] for name, time in zip(names[1:], times[1:], strict=True)])
    assert adjusted[1:] / adjusted[:-1] == pytest.approx(now / before, rel=1e-12)
    assert np.diff(difference) == pytest.approx(now - before, abs=1e-6)


@pytest.mark.parametrize("exposure", [0.9, -0.9])
def test_profit_over_every_roll_is_that_of_the_legs(legs, exposure):
    """Lots bought once and rolled: each leg's own prices, a tick and a fee a fill, to the cent."""
    contracts, series = legs
    names = dict(series.prices.select("time", "contract").iter_rows())
    held = {name: {r[0]: r[1:] for r in f.select("time", "open", "close").iter_rows()} for name, f in contracts.items()}
    times = series.bars.frame["time"].to_list()
    kept = ledger(np.full(len(times), exposure), RebarFuture().conditions(series.bars, "RB"), CAPITAL, "RB")
    side = 1 if exposure > 0 else -1
    price = lambda name, time, at: D(str(held[name][time][at]))  # noqa: E731
    lots = int(CAPITAL * abs(exposure) / (held[names[times[1]]][times[1]][0] * TONS))
    money, expected = D(str(CAPITAL)), [D(str(CAPITAL))]

    def fill(at, way):
        paid = lots * TONS * (at + way)
        fee = (paid * D("0.0001")).quantize(D("0.01"), ROUND_HALF_UP)
        return fee + lots * TONS

    for before, now in pairwise(times):
        new, old = names[now], names[before]
        if before == times[0]:  # bought at the first open after the first decision
            money -= fill(price(new, now, 0), side)
            money += side * lots * TONS * (price(new, now, 1) - price(new, now, 0))
        elif new != old:
            money += side * lots * TONS * (price(old, now, 0) - price(old, before, 1))
            money -= fill(price(old, now, 0), -side) + fill(price(new, now, 0), side)
            money += side * lots * TONS * (price(new, now, 1) - price(new, now, 0))
        else:
            money += side * lots * TONS * (price(new, now, 1) - price(new, before, 1))
        expected.append(money)
    assert [D(str(value)).quantize(D("0.01")) for value in kept.book["equity"].to_list()] == expected
    assert kept.orders["outcome"].to_list() == ["filled"] + ["contract change"] * (2 * len(series.rolls))
    assert set(kept.fills["quantity"].to_list()) == {float(lots)}


def test_the_gap_between_contracts_is_large_enough_to_be_missed(legs):
    """The chain has what these tests look for: gaps many times what a bar moves."""
    contracts, series = legs
    gaps = [abs(roll.new_close / roll.old_close - 1) for roll in series.rolls]
    moves = np.abs(np.diff(np.log(series.bars.adjusted("close"))))
    assert max(gaps) > 5 * float(np.median(moves))
    assert len(contracts) >= 3


class TestSettlement:
    def test_the_next_sessions_limits_lie_around_it(self):
        chain = RebarChain(sessions=20, seed=3, frequency="60min", spacing=8).bars()
        bars = main_series(chain, "RB").bars
        daily = main_series(RebarChain(sessions=20, seed=3, frequency="1d", spacing=8).bars(), "RB").bars
        settled = daily.frame.with_columns(settle=pl.col("close") - 20.0)
        made = with_recorded_settlement(bars, Bars.of(settled, daily.spec))
        held = RebarFuture().conditions(made, "RB")
        ends = np.flatnonzero(np.append(np.diff(held.session) != 0, True))
        assert (held.mark[ends] == held.close[ends] - 20).all()
        between = np.setdiff1d(np.arange(len(held.close)), ends)
        assert (held.mark[between] == held.close[between]).all()
        starts, factor = ends[:-1] + 1, made.adjustment
        same = factor[starts] == factor[ends[:-1]]
        base = held.mark[ends[:-1]][same]
        assert held.limit_up[starts][same].tolist() == np.floor(base * 1.07 + 0.5).tolist()

    def test_what_is_refused(self):
        chain = RebarChain(sessions=20, seed=3, frequency="1d", spacing=8).bars()
        with pytest.raises(DataError, match="with its settlement prices are needed"):
            with_recorded_settlement(chain, chain)


@pytest.fixture(scope="module")
def hourly(real_data):
    """Real hourly rebar with the rolls of its daily file, and the file as it is."""
    folder = real_data / "futures"
    settings = {"kind": "future", "asset": "RB", "hours": "shfe-rebar"}
    short = ImportSettings(**settings, frequency="60min", night_tail="to the close")
    daily = ImportSettings(**settings, columns={"price_adjust_factor": "factor"})
    made = RolledBars(
        short=FileSource(path=str(folder / "RB_main_60min_bar_end.csv"), settings=short),
        daily=FileSource(path=str(folder / "RB_main_daily.csv"), settings=daily),
    ).bars()
    return made, import_file(folder / "RB_main_60min_bar_end.csv", short).bars


@pytest.mark.real_data
def test_the_seven_switches_that_open_in_the_contract_left_are_masked(hourly):
    """A first bar of seven switch sessions holds two contracts; these bars, and no others, are left out."""
    made, whole = hourly
    masked = whole.frame.join(made.frame.select("time"), on="time", how="anti")
    assert [str(day) for day in masked["session"].to_list()] == [
        "2015-07-20", "2015-11-04", "2016-03-14", "2016-08-18", "2016-11-28", "2017-03-23", "2017-08-08",
    ]  # fmt: skip
    assert set(masked["time"].dt.hour()) == {22}
    assert any("7 first bars" in stamp for stamp in made.spec.stamps)
    joined = np.abs(np.diff(np.log(made.adjusted("close"))))
    assert joined.max() < 0.07  # limits: no roll is a return
    settled = made.frame.filter(pl.col("settle").is_not_null())
    assert settled.height == made.frame["session"].n_unique()


@pytest.mark.real_data
@pytest.mark.parametrize("side", [1, -1])
def test_profit_over_the_real_switches_is_that_of_the_recorded_ratio(hourly, side):
    """Lots carried over all twelve switches of the hourly file: the contract left at the new one's open × the ratio.

    Rounded half-up to the yuan; a tick and a fee a fill; the end at the settlement price. To the cent.
    """
    made, _ = hourly
    conditions = RebarFuture(margin=0.09).conditions(made, "RB")
    kept = ledger(np.full(len(made.times), side * 0.5), conditions, CAPITAL, "RB")
    opens, factor = made.column("open"), made.adjustment
    at = [t for t in range(1, len(factor)) if factor[t] != factor[t - 1]]
    assert len(at) == 12
    lots = int(CAPITAL * 0.5 / (opens[1] * TONS))
    prices = [(D(str(opens[1])), side)]
    for t in at:
        left = D(str(float(opens[t] * (factor[t] / factor[t - 1])))).quantize(D(1), ROUND_HALF_UP)
        prices += [(left, -side), (D(str(opens[t])), side)]
    end = D(str(made.frame["settle"][-1])).quantize(D(1), ROUND_HALF_UP)
    money = D(str(CAPITAL)) + side * lots * TONS * end
    for price, way in prices:
        paid = price + way
        fee = (lots * TONS * paid * D("0.0001")).quantize(D("0.01"), ROUND_HALF_UP)
        money -= way * lots * TONS * paid + fee
    assert kept.fills["price"].to_list() == [float(price + way) for price, way in prices]
    assert D(str(kept.book["equity"][-1])).quantize(D("0.01")) == money
