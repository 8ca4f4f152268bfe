"""Labels computed by hand, over suspensions, in both ways of counting."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import SettingError
from tidegate.factors.base import panel_of
from tidegate.prepare.ahead import known_position, row_ahead
from tidegate.prepare.direction import Direction
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.future_level import FutureLevel
from tidegate.prepare.return_classes import ReturnClasses
from tidegate.types import Bars, BarSpec, Horizon

SPEC = BarSpec(frequency="1d", currency="CNY", title="test bars", source="a test")
DAY = datetime(2020, 1, 6)


def bars_of(*assets, factor=None):
    """Assets as {day: (open, close)}."""
    rows = [
        {
            "time": DAY + timedelta(days=day),
            "session": (DAY + timedelta(days=day)).date(),
            "asset": "ABC"[n],
            "open": o,
            "high": max(o, c),
            "low": min(o, c),
            "close": c,
            **({} if factor is None else {"factor": factor[day]}),
        }
        for n, days in enumerate(assets)
        for day, (o, c) in days.items()
    ]
    return Bars.of(pl.DataFrame(rows), SPEC)


FULL = {0: (10.0, 11.0), 1: (12.0, 13.0), 2: (15.0, 14.0), 3: (12.0, 16.0), 4: (18.0, 20.0)}
HALTED = {0: (5.0, 5.0), 1: (6.0, 6.0), 4: (9.0, 12.0)}


def made(label, bars, count="rows"):
    panel = panel_of(bars, {"close": bars.column("close")})
    known = known_position(panel, label.exit_row(panel, count))
    return label.target(bars, panel, count), known


def test_open_to_open_by_hand():
    target, known = made(ForwardReturn(horizon=Horizon(lag=1, span=2)), bars_of(FULL))
    assert target[:2] == pytest.approx([12 / 12 - 1, 18 / 15 - 1])
    assert np.isnan(target[2:]).all()
    assert known.tolist() == [3, 4, 5, 5, 5]


def test_close_to_close_by_hand():
    horizon = Horizon(lag=0, span=1, entry="close", exit="close")
    target, known = made(ForwardReturn(horizon=horizon), bars_of(FULL))
    assert target[:4] == pytest.approx([13 / 11 - 1, 14 / 13 - 1, 16 / 14 - 1, 20 / 16 - 1])
    assert known.tolist() == [1, 2, 3, 4, 5]


def test_a_suspension_counted_in_rows_and_in_sessions():
    label = ForwardReturn(horizon=Horizon(lag=1, span=1))
    bars = bars_of(FULL, HALTED)
    target, known = made(label, bars, "rows")
    assert target[5] == pytest.approx(9 / 6 - 1)
    assert known[5] == 4
    assert np.isnan(target[6:]).all()
    assert known[6:].tolist() == [5, 5]
    target, known = made(label, bars, "sessions")
    assert np.isnan(target[5:]).all()
    assert known[5:].tolist() == [5, 5, 5]
    assert target[:3] == pytest.approx([15 / 12 - 1, 12 / 15 - 1, 18 / 12 - 1])


def test_an_entry_in_a_suspension_is_no_label_though_its_exit_is_there():
    target, known = made(ForwardReturn(horizon=Horizon(lag=1, span=2)), bars_of(FULL, HALTED), "sessions")
    assert np.isnan(target[6])
    assert known[6] == 4


def test_the_next_asset_is_never_reached():
    ahead = row_ahead(panel_of(bars_of(FULL, HALTED), {"x": np.zeros(8)}), 1, "rows")
    assert ahead.tolist() == [1, 2, 3, 4, -1, 6, 7, -1]
    ahead = row_ahead(panel_of(bars_of(FULL, HALTED), {"x": np.zeros(8)}), 3, "sessions")
    assert ahead.tolist() == [3, 4, -1, -1, -1, -1, 7, -1]


def test_returns_are_of_adjusted_prices():
    split = {0: (10.0, 10.0), 1: (10.0, 10.0), 2: (5.0, 5.0)}
    horizon = Horizon(lag=0, span=1, entry="close", exit="close")
    target, _ = made(ForwardReturn(horizon=horizon), bars_of(split, factor=[1.0, 1.0, 2.0]))
    assert target[:2].tolist() == [0.0, 0.0]


def test_clip_and_direction():
    horizon = Horizon(lag=0, span=1, entry="close", exit="close")
    bars = bars_of({0: (1.0, 1.0), 1: (1.0, 2.0), 2: (1.0, 2.0), 3: (1.0, 1.0)})
    assert made(ForwardReturn(horizon=horizon, clip=0.2), bars)[0][:3].tolist() == [0.2, 0.0, -0.2]
    told = made(Direction(horizon=horizon), bars)[0]
    assert told[:3].tolist() == [1.0, -1.0, -1.0]
    assert np.isnan(told[3])


def test_the_level_is_the_exit_price():
    target, known = made(FutureLevel(horizon=Horizon(lag=1, span=1)), bars_of(FULL))
    assert target[:3].tolist() == [15.0, 12.0, 18.0]
    assert known.tolist() == [2, 3, 4, 5, 5]


@pytest.mark.parametrize(
    ("lag", "kept"), [(0, [True, False, True, True, False]), (1, [False, False, True, False, False])]
)
def test_no_label_reaches_over_a_new_beginning_of_prices(lag, kept):
    bars = bars_of(FULL)
    bars = Bars.of(bars.frame.with_columns(reset=pl.col("time") == DAY + timedelta(days=2)), SPEC)
    horizon = Horizon(lag=lag, span=1, entry="close", exit="close")
    target, known = made(FutureLevel(horizon=horizon), bars)
    assert np.isfinite(target).tolist() == kept
    assert known.tolist() == [min(at + lag + 1, 5) for at in range(5)]
    if lag == 0:
        assert np.isfinite(made(ForwardReturn(horizon=horizon), bars)[0]).tolist() == kept


@pytest.mark.parametrize("clip", [0.0, -0.1])
def test_a_clip_is_above_zero(clip):
    with pytest.raises(SettingError, match=r"forward-return\.clip"):
        ForwardReturn(horizon=Horizon(lag=1, span=1), clip=clip)


def test_a_label_has_no_default_horizon():
    with pytest.raises(SettingError, match="'horizon' is missing"):
        ForwardReturn()


days = st.lists(st.sets(st.integers(0, 12), min_size=1), min_size=1, max_size=3)


@given(days, st.integers(0, 14), st.sampled_from(["rows", "sessions"]))
def test_ahead_is_what_a_loop_says(traded, distance, count):
    bars = bars_of(*(dict.fromkeys(sorted(own), (1.0, 1.0)) for own in traded))
    panel = panel_of(bars, {"x": np.zeros(bars.frame.height)})
    ahead = row_ahead(panel, distance, count)
    for row in range(bars.frame.height):
        own = np.flatnonzero(panel.row_asset == panel.row_asset[row])
        if count == "rows":
            later = own[own >= row]
            wanted = later[distance] if distance < len(later) else -1
        else:
            hit = own[panel.row_time[own] == panel.row_time[row] + distance]
            wanted = hit[0] if len(hit) else -1
        assert ahead[row] == wanted


def test_return_classes_by_hand():
    horizon = Horizon(lag=0, span=1, entry="close", exit="close")
    prices = [100.0, 102.9, 102.9 * 1.0301, 100.0, 100.0, 160.0, 80.0]
    bars = bars_of({day: (price, price) for day, price in enumerate(prices)})
    three, _ = made(ReturnClasses(horizon=horizon, thresholds=(0.03,)), bars)
    assert three[:6].tolist() == [0.0, 1.0, -1.0, 0.0, 1.0, -1.0]
    assert np.isnan(three[6])
    five, _ = made(ReturnClasses(horizon=horizon, thresholds=(0.03, 0.5)), bars)
    assert five[:6].tolist() == [0.0, 1.0, -1.0, 0.0, 2.0, -1.0]
    for wrong in ((0.0,), (0.03, 0.03), (-0.1, 0.1)):
        with pytest.raises(SettingError, match="above zero and rise"):
            ReturnClasses(horizon=horizon, thresholds=wrong)
