"""The end of a market's history: what a day's forecast looks at, without the years before it.

A forecast of one day sees the last rows of each asset. The rest of history still says three things: on what scale
prices are adjusted, where each row lies on the common time axis, and how many assets usually trade. All three are kept,
so that whatever is computed from the end has the same bits as if it were computed from the whole.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.types.axes import BoolArray, IntArray, TimeArray
from tidegate.types.bars import Bars

__all__ = ["Recent", "recent_of"]


@dataclass(frozen=True)
class Recent:
    """The end of some bars, on the axis of all of them.

    `bars` are the last rows of each asset that has a bar at the last label, the column `factor` telling the adjustment
    that the whole gives; `near` every bar of the last labels, raw, and of those that were asked for besides; `times`
    the whole time axis ``[T]``; `counts` how many assets have a bar at each label ``[T]``.

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
        return np.searchsorted(self.times, self.bars.frame["time"].to_numpy().astype("datetime64[us]")).astype(np.int64)


def recent_of(bars: Bars, rows: int, labels: int, besides: TimeArray | None = None) -> Recent:
    """Cut the end off: the last `rows` rows of each asset that has a bar at the last label, and the last `labels`.

    `besides` are further labels whose bars are wanted in `near`, where the bars have them.

    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=60)
    >>> held = recent_of(bars, rows=4, labels=2)
    >>> held.bars.frame.height, held.near.frame.height, len(held.times), held.counts[-2:].tolist()
    (12, 6, 60, [3, 3])
    """
    frame, times = bars.frame, bars.times
    counts = np.bincount(bars.places, minlength=len(times)).astype(np.int64)
    if not bars.has("factor") and not bool(np.all(bars.adjustment == 1.0)):
        frame = frame.with_columns(factor=pl.Series(bars.adjustment))
    near = bars.places >= len(times) - labels
    if besides is not None:
        near |= np.isin(bars.places, np.searchsorted(times, besides[np.isin(besides, times)]))
    return Recent(
        Bars.of(frame.filter(pl.Series(_last(bars, rows))), bars.spec),
        Bars.of(bars.frame.filter(pl.Series(near)), bars.spec),
        times,
        counts,
        min(labels, len(times)),
        pl.DataFrame({"asset": bars.assets, "listed": frame["session"].gather(bars.offsets[:-1])}),
    )


def _last(bars: Bars, rows: int) -> BoolArray:
    """The last `rows` rows of assets whose last row is at the last label ``[R]``."""
    ends = bars.offsets[1:]
    there = bars.places[ends - 1] == len(bars.times) - 1
    left = np.repeat(ends, np.diff(bars.offsets)) - np.arange(bars.frame.height)
    return np.asarray((left <= rows) & np.repeat(there, np.diff(bars.offsets)))
