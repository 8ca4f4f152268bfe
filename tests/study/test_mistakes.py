"""Published mistakes that can be switched on: each does what it says is wrong, and says so wherever it is used."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import torch

from tidegate.component import Component
from tidegate.data.stock_world import StockWorld
from tidegate.errors import ClockError, RecordError, SettingError
from tidegate.factors.base import panel_of
from tidegate.learn.batches import Gather
from tidegate.learn.seen import seen_by
from tidegate.learn.target import ClippedTarget
from tidegate.market.a_share import AShare
from tidegate.market.adjusted_lots import AdjustedLots
from tidegate.market.exchange import NO_LIMIT
from tidegate.market.impossible_fills import ImpossibleFills
from tidegate.models.base import Seen
from tidegate.models.cells.lstm import LSTM
from tidegate.models.one_field import OneField
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.models.scrambled_axes import ScrambledAxes
from tidegate.prepare.fillable_return import FillableReturn
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.overlapping_split import OverlappingSplit
from tidegate.prepare.scalers import Standard
from tidegate.prepare.standard_each_side import StandardEachSide
from tidegate.study.ground import mistakes_in
from tidegate.study.records import load_folds, save_folds
from tidegate.study.words import stamp_text
from tidegate.testing.blind_windows import check_fold, example_windows
from tidegate.testing.history import example_bars
from tidegate.types import Fold, Horizon, Span
from tidegate.types.bars import Bars
from tidegate.walk import walk

WORLD = StockWorld(assets=12, sessions=160, seed=3, ic=0.1)
BARS = WORLD.bars()


@pytest.fixture(scope="module")
def exchanges():
    held = AShare().exchange(BARS, instruments=WORLD.instruments())
    return held, *(
        kind(inner=AShare()).exchange(BARS, instruments=WORLD.instruments()) for kind in (ImpossibleFills, AdjustedLots)
    )


def test_every_mistake_says_what_is_wrong_in_both_languages():
    found = [kind for own in walk().values() for kind in own.values() if kind.mistake]
    assert {kind.name for kind in found} >= {
        "adjusted-lots", "impossible-fills", "overlapping-split", "scrambled-axes", "standard-each-side",
    }  # fmt: skip
    for kind in found:
        assert kind.mistake.startswith(("LEAKS: ", "MISTAKE: "))
        assert kind.mistake.endswith(".")
        assert stamp_text(kind.mistake).zh != kind.mistake


def test_a_mistake_is_found_at_whatever_depth():
    assert mistakes_in(AShare()) == ()
    nested = AdjustedLots(inner=ImpossibleFills(inner=AShare()))
    assert mistakes_in((nested, {"split": StandardEachSide(), "again": nested})) == (
        AdjustedLots.mistake,
        ImpossibleFills.mistake,
        StandardEachSide.mistake,
    )
    assert Component.mistake == ""


def test_everything_can_be_filled_where_limits_and_halts_are_passed_over(exchanges):
    honest, impossible, _ = exchanges
    assert (impossible.limit_up == NO_LIMIT).all()
    assert (impossible.limit_down == 0).all()
    bars = np.arange(len(honest))[:, None]
    there = honest.close > 0
    first, last = there.argmax(axis=0), len(honest) - 1 - there[::-1].argmax(axis=0)
    listed = (bars >= first) & (bars <= last)
    holes = listed & ~there
    assert holes.any()
    assert ((impossible.close > 0) == listed).all()
    for t, n in np.argwhere(holes):
        before = np.flatnonzero(there[:t, n])[-1]
        assert impossible.open[t, n] == impossible.high[t, n] == impossible.close[t, n] == honest.close[before, n]
        assert impossible.volume[t, n] == honest.volume[before, n]
    np.testing.assert_array_equal(impossible.close[there], honest.close[there])


def test_lots_on_adjusted_prices_lose_their_corporate_actions(exchanges):
    honest, _, adjusted = exchanges
    there = honest.close > 0
    factor = BARS.grid("close")
    factor[BARS.places, np.repeat(np.arange(len(BARS.assets)), np.diff(BARS.offsets))] = BARS.adjustment
    assert (BARS.adjustment > 1.01).any()
    np.testing.assert_array_equal(adjusted.close[there], np.rint(honest.close[there] * factor[there]))
    assert set(adjusted.actions.kind.tolist()) <= {3}
    assert len(honest.actions.kind) > len(adjusted.actions.kind)
    limited = there & (honest.limit_up < NO_LIMIT)
    np.testing.assert_array_equal(adjusted.limit_up[limited], np.rint(honest.limit_up[limited] * factor[limited]))
    assert (adjusted.limit_up[there & ~limited] == NO_LIMIT).all()


def test_adjusted_conditions_are_those_of_the_exchange(exchanges):
    _, _, adjusted = exchanges
    asset = BARS.assets[0]
    held = AdjustedLots(inner=AShare()).conditions(BARS, asset)
    column = adjusted.close[:, adjusted.assets.index(asset)]
    np.testing.assert_array_equal(np.rint(held.close / held.tick), column[column > 0])
    assert held.reference is None


def test_scrambled_axes_are_a_reshape_and_no_transposition():
    network = RecurrentNetwork(cell=LSTM(hidden=3), dense=())
    scrambled = ScrambledAxes(inner=network, rows=7, columns=5)
    module = scrambled.build(7, 0, torch.Generator().manual_seed(1))
    plain = network.build(5, 0, torch.Generator().manual_seed(1))
    x, none = torch.randn(4, 5, 7, generator=torch.Generator().manual_seed(2)), torch.zeros(4, 0)
    assert torch.equal(module(x, none), plain(x.reshape(4, 7, 5), none))
    assert not torch.allclose(module(x, none), plain(x.transpose(1, 2), none))
    parts = scrambled.parts(5, 7, 0)
    assert [part.key for part in parts][:2] == ["window", "scrambled"]
    assert sum(part.parameters for part in parts) == sum(weight.numel() for weight in module.parameters())
    with pytest.raises(SettingError, match="do not fill the rows"):
        scrambled.parts(6, 7, 0)
    with pytest.raises(SettingError, match="multiple of 6 features"):
        scrambled.build(6, 0, torch.Generator())


def test_each_side_is_standardised_by_itself():
    windows = example_windows(example_bars(sessions=60))
    training = windows.anchor_time < 30
    each, honest = StandardEachSide(clip=2.0).fit(windows, training), Standard(clip=2.0).fit(windows, training)
    np.testing.assert_array_equal(each.centre[training][0], honest.centre[0])
    other = StandardEachSide().fit(windows, ~training)
    np.testing.assert_array_equal(each.centre[~training][0], other.centre[~training][0])
    assert not np.allclose(each.centre[~training][0], honest.centre[0])
    assert each.fitted_upto > honest.fitted_upto


def test_a_clip_pulls_in_what_everybody_is_handed():
    windows = example_windows(example_bars(sessions=60))
    which = np.arange(len(windows))
    free, held = (Standard(clip=clip).fit(windows, windows.anchor_time < 20) for clip in (None, 0.5))
    batch = Gather(windows, held).batch(torch.arange(len(windows))).x.numpy()
    wide = Gather(windows, free).batch(torch.arange(len(windows))).x.numpy()
    assert np.abs(wide).max() > 0.5
    np.testing.assert_array_equal(batch, np.clip(wide, -0.5, 0.5))
    z = seen_by(windows, held, which).z
    np.testing.assert_allclose(z, np.clip(seen_by(windows, free, which).z, -0.5, 0.5))
    with pytest.raises(SettingError, match="clip"):
        Standard(clip=0.0)


def test_overlapping_years_are_learned_from_and_judged(tmp_path):
    days = np.arange("2015-01-01", "2015-12-31", dtype="datetime64[D]").astype("datetime64[us]")
    split = OverlappingSplit(train_end=date(2015, 8, 31), test_start=date(2015, 7, 1), test_end=date(2015, 10, 31))
    (fold,) = split.folds(days)
    assert (fold.train, fold.test, fold.overlap) == (Span(0, 243), Span(181, 304), 62)
    save_folds(tmp_path, (fold,))
    assert load_folds(tmp_path) == (fold,)
    windows = example_windows(example_bars(sessions=120))
    (fold,) = OverlappingSplit(train_end=date(2014, 5, 30), test_start=date(2014, 4, 1)).folds(windows.panel.times)
    assert (fold.training(windows) & fold.testing(windows)).any()
    with pytest.raises(ClockError, match="overlap"):
        check_fold(fold, windows)
    with pytest.raises(SettingError, match="single-split"):
        OverlappingSplit(train_end=date(2015, 6, 30), test_start=date(2015, 7, 1)).folds(days)


def test_an_overlap_must_be_that_of_the_ranges():
    with pytest.raises(ClockError, match="overlap"):
        Fold.of(0, Span(0, 10), None, Span(5, 20))
    assert Fold.of(0, Span(0, 10), None, Span(5, 20), overlap=5).overlap == 5
    with pytest.raises(RecordError, match="not that of its ranges"):
        Fold.of(0, Span(0, 10), None, Span(5, 20), overlap=4)


def test_a_locked_entry_has_no_label():
    horizon = Horizon(lag=1, span=4, exit="close")
    flat = pl.int_range(pl.len()) % 17 == 0
    frame = BARS.frame.with_columns(
        pl.when(flat).then("close").otherwise(name).alias(name) for name in ("open", "high", "low")
    )
    bars = Bars.of(frame, BARS.spec)
    panel = panel_of(bars, {"close": bars.adjusted("close")})
    plain = ForwardReturn(horizon=horizon).target(bars, panel, "rows")
    told = FillableReturn(horizon=horizon).target(bars, panel, "rows")
    entry = np.append(np.arange(1, len(plain)), 0)
    locked = (frame["high"] == frame["low"]).to_numpy()[entry]
    assert (locked & np.isfinite(plain)).any()
    assert np.isnan(told[locked]).all()
    np.testing.assert_array_equal(told[~locked], plain[~locked])


def test_the_bounds_and_moments_of_labels_are_those_of_the_training_range():
    learned = np.concatenate([np.linspace(-0.1, 0.1, 199), [5.0]])
    scale = ClippedTarget(lower=0.01, upper=0.99).fit(learned)
    assert scale.high == pytest.approx(np.quantile(learned, 0.99))
    clipped = np.clip(learned, scale.low, scale.high)
    assert scale.to_model(learned).mean() == pytest.approx(0.0, abs=1e-12)
    assert scale.to_model(learned).std() == pytest.approx(1.0)
    assert scale.to_model(np.array([99.0])) == (scale.high - clipped.mean()) / clipped.std()
    assert scale.to_unit(np.array([50.0])) > scale.high  # what a model says is not clipped
    with pytest.raises(SettingError, match="equal"):
        ClippedTarget().fit(np.array([1.0, 1.0, 1.0]))


@pytest.mark.parametrize(("direction", "slope"), [("learned", -1.0), ("down", -1.0), ("up", 0.0)])
def test_one_factor_alone_ranks_by_it(direction, slope):
    z = np.random.default_rng(1).normal(size=(50, 3, 2))
    seen = Seen(z, z, np.zeros((50, 0)), ("a", "b"), Horizon(lag=1, span=1))
    rival = OneField(field="b", direction=direction)
    learned = rival.fit(seen, 0.3 - z[:, -1, 1], np.ones(50))
    assert learned["slope"][0] == pytest.approx(slope)
    said = rival.predict(learned, seen)
    assert said.mean() == pytest.approx((0.3 - z[:, -1, 1]).mean())
    one = SimpleNamespace(fields=seen.fields, z=z[:1])
    assert rival.predict(learned, one)[0] == said[0]
