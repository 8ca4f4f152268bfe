"""The end of a market's history: what a day's forecast looks at, without the years before it.

A forecast of one day sees the last rows of each asset. The rest of history still says three things: on what scale
prices are adjusted, where each row lies on the common time axis, and how many assets usually trade. All three are kept,
so that whatever is computed from the end has the same bits as if it were computed from the whole.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray
from tidegate.types.bars import Bars

__all__ = ["Before", "Recent", "adjusted_by", "derived", "last_rows", "recent_of"]


@dataclass(frozen=True)
class Recent:
    """The end of some bars, on the axis of all of them.

    `bars` are the last rows of each asset that has a bar at the last label, the column `factor` telling the adjustment
    that the whole gives; `near` every bar of the last labels, raw, and of those that were asked for besides; `times`
    the whole time axis ``[T]``; `counts` how many assets have a bar at each label ``[T]``, 0 where nobody read them.

    Known at
        CLOSE of the last label.
    Missing values
        An asset with a shorter history has fewer rows.
    """

    bars: Bars
    near: Bars
    times: TimeArray
    counts: IntArray
    labels: int
    """How many of the last labels `near` holds whole."""
    listed: pl.DataFrame
    """Columns asset, listed: the session of each asset's first bar."""

    @property
    def row_time(self) -> IntArray:
        """Position of each row of `bars` on the whole time axis ``[R]``."""
        return self.times_of(self.bars)

    def times_of(self, rows: Bars) -> IntArray:
        """Position of each of some rows on the whole time axis ``[R]``."""
        labels = rows.frame["time"].to_numpy().astype("datetime64[us]")
        return np.searchsorted(self.times, labels).astype(np.int64)


@dataclass(frozen=True)
class Before:
    """What is known of the bars before those that were read: their labels, each asset's first session, adjustments.

    `adjustment` ``[R]`` is that of the bars that were read, or None where they tell their own.
    """

    times: TimeArray
    listed: pl.DataFrame
    adjustment: FloatArray | None


def recent_of(
    bars: Bars, rows: int, labels: int, besides: TimeArray | None = None, before: Before | None = None
) -> Recent:
    """Cut the end off: the last `rows` rows of each asset that has a bar at the last label, and the last `labels`.

    `besides` are further labels whose bars are wanted in `near`, where the bars have them; `before` stands for what was
    not read.

    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=60)
    >>> held = recent_of(bars, rows=4, labels=2)
    >>> held.bars.frame.height, held.near.frame.height, len(held.times), held.counts[-2:].tolist()
    (12, 6, 60, [3, 3])
    """
    frame, times = adjusted_by(bars, before), bars.times
    counts = np.bincount(bars.places, minlength=len(times)).astype(np.int64)
    near = bars.places >= len(times) - labels
    if besides is not None:
        near |= np.isin(bars.places, np.searchsorted(times, besides[np.isin(besides, times)]))
    listed = pl.DataFrame({"asset": bars.assets, "listed": frame["session"].gather(bars.offsets[:-1])})
    axis = times
    if before is not None:
        axis = np.concatenate([before.times[before.times < times[0]], times])
        counts = np.concatenate([np.zeros(len(axis) - len(times), dtype=np.int64), counts])
        listed = pl.concat([before.listed, listed]).group_by("asset").agg(pl.col("listed").min()).sort("asset")
    return Recent(
        Bars.of(frame.filter(pl.Series(last_rows(bars, rows))), bars.spec),
        Bars.of(bars.frame.filter(pl.Series(near)), bars.spec),
        axis,
        counts,
        min(labels, len(times)),
        listed,
    )


def adjusted_by(bars: Bars, before: Before | None) -> pl.DataFrame:
    """The bars' table with the adjustment that the whole history gives, as `factor` where there may be any."""
    adjustment = bars.adjustment if before is None or before.adjustment is None else before.adjustment
    if bars.has("factor") or (not derived(bars) and bool(np.all(adjustment == 1.0))):
        return bars.frame
    return bars.frame.with_columns(factor=pl.Series(adjustment))


def derived(bars: Bars) -> bool:
    """Whether the adjustment follows from neighbouring bars, so that a part of them does not tell the whole's."""
    return not bars.has("factor") and bars.has("preclose") and bars.spec.kind in {"stock", "fund"}


def last_rows(bars: Bars, rows: int) -> BoolArray:
    """The last `rows` rows of assets whose last row is at the last label ``[R]``."""
    ends = bars.offsets[1:]
    there = bars.places[ends - 1] == len(bars.times) - 1
    left = np.repeat(ends, np.diff(bars.offsets)) - np.arange(bars.frame.height)
    return np.asarray((left <= rows) & np.repeat(there, np.diff(bars.offsets)))
