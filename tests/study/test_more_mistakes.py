"""Mistakes that the gallery shows: each looks exactly where it says that it looks."""

import numpy as np
import pytest

from tidegate.data.stock_world import StockWorld
from tidegate.data.worlds import NoiseWorld
from tidegate.errors import SettingError
from tidegate.factors.centred_mean import CentredMean
from tidegate.factors.chosen_on_all import ChosenOnAll
from tidegate.factors.noise import PlantedNoise
from tidegate.market.a_share import AShare
from tidegate.market.early_fills import EarlyFills
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.todays_members import TodaysMembers
from tidegate.market.universe import Universe
from tidegate.prepare.clipped_on_all import ClippedOnAll
from tidegate.prepare.fitted_on_all import FittedOnAll
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.scalers import MinMax, Standard
from tidegate.prepare.window_and_future import WindowAndFuture
from tidegate.testing.blind_windows import example_windows
from tidegate.testing.history import example_bars
from tidegate.types import Horizon
from tidegate.types.panel import Panel
from tidegate.types.windows import Windows

BARS = example_bars(sessions=90)
WINDOWS = example_windows(BARS)
FIRST = WINDOWS.known < 40


@pytest.mark.parametrize("inner", [MinMax(), Standard(clip=4.0)])
def test_fitted_on_all_is_its_inner_one_on_everything(inner):
    made, whole = FittedOnAll(inner=inner).fit(WINDOWS, FIRST), inner.fit(WINDOWS, np.ones_like(FIRST))
    np.testing.assert_array_equal(made.centre, whole.centre)
    np.testing.assert_array_equal(made.scale, whole.scale)
    assert made.clip == whole.clip
    assert (made.scale != inner.fit(WINDOWS, FIRST).scale).any()


def test_a_window_with_its_future_is_standardised_over_both():
    ahead = 4
    made = WindowAndFuture(ahead=ahead).fit(WINDOWS, FIRST)
    panel, columns = WINDOWS.panel, [WINDOWS.panel.field(name) for name in WINDOWS.inputs]
    for at in (0, 17, len(WINDOWS) - 1):
        anchor = int(WINDOWS.anchors[at])
        end = min(anchor + 1 + ahead, int(panel.offsets[panel.row_asset[anchor] + 1]))
        stretch = panel.values[anchor - WINDOWS.lookback + 1 : end][:, columns].astype(np.float64)
        np.testing.assert_allclose(made.centre[at], stretch.mean(axis=0), rtol=1e-6)
        np.testing.assert_allclose(made.scale[at], stretch.std(axis=0), rtol=1e-4)


def test_a_window_with_its_future_counts_no_row_without_a_value():
    values = np.random.default_rng(1).normal(100.0, 5.0, (60, 2)).astype(np.float32)
    values[:5, 0] = np.nan  # a factor that looks back has none at first
    values[31, 1] = np.nan
    days = (np.datetime64("2020-01-01") + np.arange(60)).astype("datetime64[us]")
    panel = Panel.of(values, days, ("a",), ("f", "g"), np.arange(60), np.array([0, 60]))
    anchors = np.array([20, 30, 58])
    windows = Windows.of(panel, 5, ("f", "g"), (), Horizon(lag=0, span=1), anchors, np.zeros(3), anchors + 1)
    made = WindowAndFuture(ahead=3).fit(windows, np.ones(3, dtype=bool))
    for at, anchor in enumerate(anchors):
        stretch = values[anchor - 4 : anchor + 4].astype(np.float64)
        np.testing.assert_allclose(made.centre[at], np.nanmean(stretch, axis=0), rtol=1e-9)
        np.testing.assert_allclose(made.scale[at], np.nanstd(stretch, axis=0), rtol=1e-9)


def test_a_centred_mean_is_of_both_sides():
    bars = NoiseWorld(sessions=30, seed=2, assets=2).bars()
    made = CentredMean(reach=3).compute(bars).values[:, 0]
    close = bars.adjusted("close")
    for row, rows in ((10, slice(7, 14)), (29, slice(26, 30)), (30, slice(30, 34))):
        assert made[row] == pytest.approx(close[row] / close[rows].mean() - 1, abs=1e-6)


def test_factors_chosen_on_all_tell_more_than_those_left_out():
    bars = NoiseWorld(sessions=200, seed=2).bars()
    every = PlantedNoise(count=40)
    kept = ChosenOnAll(inner=every, count=4, span=5).compute(bars)
    panel, close = every.compute(bars), bars.adjusted("close")
    came = close[5:] / close[:-5] - 1
    told = {name: abs(np.corrcoef(panel.values[:-5, at], came)[0, 1]) for at, name in enumerate(panel.fields)}
    assert sorted(kept.fields) == sorted(sorted(told, key=told.get, reverse=True)[:4])
    np.testing.assert_array_equal(kept.values[:, 0], panel.values[:, panel.fields.index(kept.fields[0])])
    with pytest.raises(SettingError, match="fewer factors"):
        ChosenOnAll(inner=PlantedNoise(count=2), count=3, span=5).compute(bars)


def test_labels_clipped_on_all_have_the_quantiles_of_all():
    bars = NoiseWorld(sessions=300, seed=2).bars()
    panel, horizon = PlantedNoise().compute(bars), Horizon(lag=1, span=3)
    plain = ForwardReturn(horizon=horizon).target(bars, panel, "rows")
    made = ClippedOnAll(horizon=horizon, lower=0.1, upper=0.8).target(bars, panel, "rows")
    low, high = np.nanquantile(plain, (0.1, 0.8))
    assert (np.nanmin(made), np.nanmax(made)) == (low, high)
    inside = (plain > low) & (plain < high)
    np.testing.assert_array_equal(made[inside], plain[inside])
    assert np.isnan(made[np.isnan(plain)]).all()


@pytest.mark.parametrize("at", ["close", "open"])
def test_early_fills_pay_a_price_of_the_bar_before(at):
    bars = NoiseWorld(sessions=20, seed=1).bars()
    honest = FrictionlessIndex().conditions(bars, "noise")
    early = EarlyFills(inner=FrictionlessIndex(), at=at).conditions(bars, "noise")
    np.testing.assert_array_equal(early.open[1:], getattr(honest, at)[:-1])
    np.testing.assert_array_equal(early.close, honest.close)
    assert early.open[0] == honest.open[0]


def test_early_fills_serve_a_selection_too():
    world = StockWorld(assets=6, sessions=40, seed=1, ic=0.0)
    bars = world.bars()
    made = EarlyFills(inner=AShare(), at="close").exchange(bars, instruments=world.instruments())
    asset = int(np.argmax(np.diff(bars.offsets)))
    close = made.close[:, asset]
    np.testing.assert_array_equal(made.open[1:, asset], close[:-1])


def test_todays_members_are_the_largest_of_the_last_day_at_every_session():
    world = StockWorld(assets=30, sessions=300, seed=4, ic=0.0)
    bars = world.bars()
    mask = Universe(rules=(TodaysMembers(largest=5),)).of_bars(bars, world.instruments()).mask
    held = {bars.assets[at] for at in np.flatnonzero(mask.any(axis=0))}
    last = bars.frame.group_by("asset").last().sort("asset")
    alive = last.filter(last["time"] >= bars.times[-20].item())
    size = dict(zip(alive["asset"], alive["close"] * alive["total_shares"], strict=True))
    assert held == set(sorted(size, key=size.get, reverse=True)[:5])
    for name in held:
        at = bars.assets.index(name)
        assert mask[bars.places[bars.offsets[at]] :, at].all()  # from its first bar on


def test_todays_members_without_shares_are_those_that_rose_most():
    bars = NoiseWorld(sessions=60, seed=3, assets=6).bars()
    mask = Universe(rules=(TodaysMembers(largest=2),)).of_bars(bars).mask
    close = bars.grid("close")
    rose = np.argsort(-close[-1] / close[0])[:2]
    assert set(np.flatnonzero(mask[-1]).tolist()) == set(rose.tolist())
    assert mask[:, rose].all()
