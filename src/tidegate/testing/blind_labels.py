"""Labels owe: what they say about *t* is known when they say it is, not earlier and not later."""

from typing import NamedTuple

import numpy as np

from tidegate.errors import ClockError
from tidegate.factors.base import panel_of
from tidegate.prepare.ahead import Count, known_position
from tidegate.prepare.label import Label
from tidegate.testing.compare import name_rows, require_same
from tidegate.testing.scramble import cut_times, scramble_future
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.bars import Bars

__all__ = ["check_label"]

_TRIES = 24
_SETTLED = 2
_WILD = 0.5
_ANCHORS = 4
_HINT = "the label looks past its horizon, or `exit_row` names an earlier bar than it uses"


class _Made(NamedTuple):
    target: FloatArray
    known: IntArray
    row_time: IntArray


def check_label(label: Label, bars: Bars, cuts: int = 8, seed: int = 0) -> int:
    """Hold a label to its clock, in both ways of counting; returns how many cuts were tried.

    * A label is known after its anchor, and a label that is known by *t* does not change when all after *t* does.
    * Its moment is exact: other history just after the exit leaves it; another exit bar changes it.

    Errors
        `ClockError` with the first number that changed.

    >>> from tidegate.prepare.forward_return import ForwardReturn
    >>> from tidegate.testing.history import example_bars
    >>> label = ForwardReturn(horizon={"lag": 1, "span": 3})
    >>> check_label(label, example_bars(sessions=60), cuts=2) >= 4
    True
    """
    counts: tuple[Count, ...] = ("rows", "sessions")
    return sum(_check(label, bars, count, cuts, seed) for count in counts)


def _make(label: Label, bars: Bars, count: Count) -> _Made:
    panel = panel_of(bars, {"close": bars.adjusted("close")})
    known = known_position(panel, label.exit_row(panel, count))
    return _Made(np.asarray(label.target(bars, panel, count), dtype=np.float64), known, panel.row_time)


def _check(label: Label, bars: Bars, count: Count, cuts: int, seed: int) -> int:
    title = f"label {label.name!r} (counting {count})"
    full = _make(label, bars, count)
    if full.target.shape != (bars.frame.height,):
        raise ClockError(
            f"{title}: one label per row is expected", expected=(bars.frame.height,), found=full.target.shape
        )
    everything = np.ones(bars.frame.height, dtype=bool)
    told = np.isfinite(full.target)
    if not told.any():
        raise ClockError(
            f"{title}: not one label could be made", hint="the example's horizon is longer than the history"
        )
    early = told & ((full.known <= full.row_time) | (full.known >= len(bars.times)))
    if early.any():
        row = int(np.flatnonzero(early)[0])
        place = name_rows(bars, everything, ("target",))((row,))
        raise ClockError(
            f"{title}: known at or before its anchor, or never",
            expected=f"after bar {full.row_time[row]}",
            found=full.known[row],
            where=place,
        )
    labels = cut_times(bars, cuts, seed)
    for number, cut in enumerate(labels):
        other_bars = scramble_future(bars, cut, seed + number)
        other = _make(label, other_bars, count)
        position = int(np.searchsorted(bars.times, cut))
        past, same = _upto(bars, cut), _upto(other_bars, cut)
        settled = (full.known[past] <= position) | (other.known[same] <= position)
        for field, before, after in (("known", full.known, other.known), ("target", full.target, other.target)):
            which = np.zeros(bars.frame.height, dtype=bool)
            which[np.flatnonzero(past)[settled]] = True
            require_same(
                before[past][settled],
                after[same][settled],
                f"{title}: known by {str(cut)[:16]}, yet it changes with what came after",
                name_rows(bars, which, (field,)),
                _HINT,
            )
    _exact(label, bars, count, full, seed)
    return len(labels)


def _exact(label: Label, bars: Bars, count: Count, full: _Made, seed: int) -> None:
    """At its exit, and not before it, a label is known."""
    title = f"label {label.name!r} (counting {count})"
    generator = np.random.default_rng(seed)
    rows = np.flatnonzero(np.isfinite(full.target) & (full.known >= 1))
    opened = label.horizon.exit == "open"
    for row in generator.choice(rows, size=min(_ANCHORS, len(rows)), replace=False):
        before, at = bars.times[full.known[row] - 1], bars.times[full.known[row]]
        which = np.zeros(bars.frame.height, dtype=bool)
        which[row] = True
        place = name_rows(bars, which, ("target",))

        def again(after: np.datetime64, throw: int, *, keep: bool, row: int = row) -> FloatArray:
            other = scramble_future(
                bars, after, throw, keep_open_of_next=keep, permute=False, vanish=0, listings=False, sigma=_WILD
            )
            return _make(label, other, count).target[[row]]

        for throw in range(seed, seed + _SETTLED):
            settled = again(before, throw, keep=True) if opened else again(at, throw, keep=False)
            require_same(full.target[[row]], settled, f"{title}: not settled at its {label.horizon.exit}", place, _HINT)
        others = (again(before, throw, keep=not opened) for throw in range(seed, seed + _TRIES))
        if not any(bool(other[0] != full.target[row]) for other in others):
            raise ClockError(
                f"{title}: said to be known only at bar {full.known[row]}, but nothing of that bar enters it",
                where=place((0,)),
                hint="a label without its future is not a label; or its horizon is longer than what it looks at",
            )


def _upto(bars: Bars, cut: np.datetime64) -> BoolArray:
    return np.asarray(bars.frame["time"].to_numpy() <= cut)
