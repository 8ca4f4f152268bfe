"""Hold-outs: who is on which side, what each protocol leaks by count, and that only the honest one goes unstamped."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.component import document
from tidegate.errors import ClockError, RecordError, SettingError
from tidegate.prepare.hold_out import ByMonth, ByStock, ByTime, HoldOut, Part, RandomWindows, shared
from tidegate.prepare.split import WalkForward
from tidegate.types.clock import Horizon
from tidegate.types.panel import Panel
from tidegate.types.windows import Windows

MONTHS, STOCKS, LOOKBACK = 84, 30, 24


def monthly(stocks=STOCKS, months=MONTHS, lookback=LOOKBACK, purge=1):
    """Every stock has every month; the target of a month is known `purge` months later."""
    times = np.arange("2010-01", "2030-01", dtype="datetime64[M]")[:months].astype("datetime64[us]")
    names = tuple(f"S{n:03d}" for n in range(stocks))
    row_time = np.tile(np.arange(months), stocks)
    offsets = np.arange(stocks + 1) * months
    panel = Panel.of(np.zeros((stocks * months, 1), np.float32), times, names, ("x",), row_time, offsets)
    anchors = np.flatnonzero(row_time >= lookback - 1)
    known = np.minimum(row_time[anchors] + purge, months)
    target = np.where(known < months, 0.0, np.nan)
    horizon = Horizon(lag=0, span=purge, entry="close", exit="close")
    return Windows.of(panel, lookback, ("x",), (), horizon, anchors, target, known)


WINDOWS = monthly()
YEARS = ByTime(split=WalkForward(first_test=date(2014, 1, 1), every="year"))
LEAKING = {
    "random": RandomWindows(share=0.1, seed=0),
    "stock": ByStock(share=0.1, seed=0),
    "month": ByMonth(share=0.1, seed=0),
}
EVERY = {**LEAKING, "years": YEARS}


@pytest.mark.parametrize("rule", EVERY.values(), ids=EVERY)
def test_the_same_twice_disjoint_and_told(rule):
    parts = rule.parts(WINDOWS)
    for part, again in zip(parts, HoldOut.of(document(rule)).parts(WINDOWS), strict=True):
        assert np.array_equal(part.training, again.training)
        assert np.array_equal(part.held, again.held)
        assert not (part.training & part.held).any()
        assert not np.isnan(WINDOWS.target[part.training | part.held]).any()


@pytest.mark.parametrize("name", LEAKING)
def test_a_leaking_protocol_is_stamped(name):
    (part,) = LEAKING[name].parts(WINDOWS)
    assert part.stamp.startswith("LEAKS: ")
    with pytest.raises(ClockError, match="no stamp says so"):
        Part.of(0, WINDOWS, part.training, part.held, "")


def test_what_each_protocol_shares():
    found = {name: shared(WINDOWS, rule.parts(WINDOWS)[0]) for name, rule in EVERY.items()}
    random, stock, month, years = (found[name] for name in EVERY)
    assert random.inputs == random.held
    assert random.dates == random.held
    assert (stock.inputs, stock.targets, stock.dates) == (0, 0, stock.held)
    assert (month.targets, month.dates) == (0, 0)
    assert month.inputs == month.held
    assert min(random.later, stock.later, month.later) > 0
    assert (years.targets, years.dates, years.later) == (0, 0, 0)


def test_shares_are_as_asked():
    assert LEAKING["random"].parts(WINDOWS)[0].held.mean() == pytest.approx(0.1, abs=0.02)
    stock = WINDOWS.panel.row_asset[WINDOWS.anchors]
    assert len(np.unique(stock[LEAKING["stock"].parts(WINDOWS)[0].held])) == 3
    month = WINDOWS.anchor_time
    assert len(np.unique(month[LEAKING["month"].parts(WINDOWS)[0].held])) == 6


@pytest.mark.parametrize("purge", [1, 2, 3])
def test_by_month_purges_targets_that_overlap(purge):
    windows = monthly(purge=purge)
    (part,) = ByMonth(share=0.1, seed=4).parts(windows)
    when = windows.anchor_time
    held = np.unique(when[part.held])
    near = np.abs(when[:, None] - held).min(axis=1) < purge
    assert np.array_equal(part.training, ~near & ~np.isnan(windows.target))


def test_years_are_judged_by_what_was_known_before():
    parts = YEARS.parts(WINDOWS)
    years = WINDOWS.panel.times[WINDOWS.anchor_time].astype("datetime64[Y]").astype(int) + 1970
    assert [np.unique(years[part.held]).tolist() for part in parts] == [[2014], [2015], [2016]]
    for part in parts:
        first = WINDOWS.anchor_time[part.held].min()
        assert part.stamp == ""
        assert np.array_equal(part.training, WINDOWS.known < first)
        # the December before is judged by the first month of the year: it is purged
        assert WINDOWS.anchor_time[part.training].max() == first - 2


def test_the_lot_of_a_window_does_not_depend_on_other_stocks():
    more = monthly(stocks=STOCKS + 5)
    few = RandomWindows(share=0.2, seed=3).parts(WINDOWS)[0].held
    many = RandomWindows(share=0.2, seed=3).parts(more)[0].held
    assert np.array_equal(many[: len(few)], few)


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 4), st.integers(1, 3))
def test_shared_counts_are_those_of_a_plain_loop(seed, stocks, lookback, purge):
    windows = monthly(stocks=stocks, months=10, lookback=lookback, purge=purge)
    generator = np.random.default_rng(seed)
    side = generator.integers(0, 3, len(windows))
    told = ~np.isnan(windows.target)
    if not ((side == 0) & told).any() or not ((side == 1) & told).any():
        return
    part = Part.of(0, windows, side == 0, side == 1, "a draw")
    train, held = np.flatnonzero(part.training), np.flatnonzero(part.held)
    asset, when, known = windows.panel.row_asset[windows.anchors], windows.anchor_time, windows.known
    same = asset[held][:, None] == asset[train]
    gap = np.abs(when[held][:, None] - when[train])
    found = shared(windows, part)
    assert found.inputs == (same & (gap < lookback)).any(axis=1).sum()
    assert found.targets == (same & (gap < purge)).any(axis=1).sum()
    assert found.dates == (gap == 0).any(axis=1).sum()
    assert found.later == (known[train] > when[held].min()).sum()


def test_sides_without_windows_are_refused():
    with pytest.raises(RecordError, match="no window is to learn from"):
        ByStock(share=0.9, seed=0).parts(monthly(stocks=1))
    with pytest.raises(RecordError, match="no window is held out"):
        Part.of(0, WINDOWS, np.ones(len(WINDOWS), bool), np.zeros(len(WINDOWS), bool), "none")
    with pytest.raises(SettingError, match="no fold has windows"):
        ByTime(split=WalkForward(first_test=date(2011, 1, 1))).parts(monthly(months=25))
    with pytest.raises(ClockError, match="both learned from and judged"):
        Part.of(0, WINDOWS, np.ones(len(WINDOWS), bool), np.ones(len(WINDOWS), bool), "x")
