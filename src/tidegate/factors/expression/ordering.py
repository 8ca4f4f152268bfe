"""Kernels that compare: ranks and quantiles within a window; and those that count and write rows.

A rank compares a bar with each before it, all rows of a column at once. A quantile keeps the window sorted, one value
out and one in per bar; order statistics are exact, whatever came before.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.factors.expression.kernels import compiled
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["cast", "lagged", "masked", "quantiles", "ranks", "ratio", "runs", "turned"]


@compiled
def runs(x: FloatArray, age: IntArray, made: IntArray) -> None:
    """How many bars up to this one have a value without a break, within one asset ``[n]``; `made` is added to.

    `made` holds the runs of another column, or a great number: the lesser of both is kept.
    """
    held = 0
    for t in range(x.size):
        if age[t] == 0:
            held = 0
        held = held + 1 if np.isfinite(x[t]) else 0
        made[t] = min(made[t], held)


@compiled
def masked(made: FloatArray, run: IntArray, bars: int) -> None:
    """NaN where fewer than `bars` values stand in a row."""
    for t in range(made.size):
        made[t] = made[t] if run[t] >= bars else np.nan


@compiled
def lagged(x: FloatArray, age: IntArray, bars: int, made: FloatArray) -> None:
    """The value `bars` rows ago; NaN before an asset's first row."""
    for t in range(min(bars, x.size)):
        made[t] = np.nan
    for t in range(bars, x.size):
        made[t] = x[t - bars] if age[t] >= bars else np.nan


@compiled
def ranks(x: FloatArray, windows: IntArray, made: FloatArray, work: FloatArray) -> None:
    """(Values below + half of those equal + ½) / n of each window, windows increasing; K = 1."""
    n = x.size
    total = work[0, 0]
    total[:] = 1.0
    done = 1
    for w in range(windows.size):
        bars = windows[w]
        for back in range(done, bars):
            to, later = total[back:], x[back:]
            for t in range(n - back):
                to[t] += (1.0 if x[t] < later[t] else 0.0) + (1.0 if x[t] <= later[t] else 0.0)
        done = bars
        out = made[w, 0]
        for t in range(n):
            out[t] = (total[t] + 1.0) / (2.0 * bars)


@compiled
def quantiles(  # noqa: C901 - one loop over a sorted window
    x: FloatArray, run: IntArray, bars: int, shares: FloatArray, kept: FloatArray, made: FloatArray
) -> None:
    """Quantiles `shares` ``[Q]`` of one window into `made` ``[Q, n]``; `kept` ``[bars]`` holds the sorted window."""
    size = 0
    for t in range(x.size):
        if run[t] == 0:
            size = 0
            continue
        if run[t] == 1:
            size = 0
        new = x[t]
        at = size
        if size == bars:  # the oldest goes: its place is found by halves, and values move towards it
            old, low, high = x[t - bars], 0, bars - 1
            while low < high:
                middle = (low + high) >> 1
                if kept[middle] < old:
                    low = middle + 1
                else:
                    high = middle
            at = low
        else:
            size += 1
        while at > 0 and kept[at - 1] > new:
            kept[at] = kept[at - 1]
            at -= 1
        while at < size - 1 and kept[at + 1] < new:
            kept[at] = kept[at + 1]
            at += 1
        kept[at] = new
        if size == bars:
            for q in range(shares.size):
                place = shares[q] * (bars - 1)
                below = int(place)
                above = min(below + 1, bars - 1)
                made[q, t] = kept[below] + (kept[above] - kept[below]) * (place - below)


@compiled
def cast(x: FloatArray, most: float, made: NDArray[Any]) -> None:
    """``x [n]`` in the precision of `made`; NaN where it is not finite, or beyond `most`."""
    for t in range(made.size):
        made[t] = x[t] if -most <= x[t] <= most else np.nan


@compiled
def ratio(x: FloatArray, y: FloatArray, most: float, made: NDArray[Any]) -> None:
    """``x / y`` in the precision of `made`: `cast` of a quotient; NaN where y is 0."""
    for t in range(made.size):
        value = x[t] / y[t] if y[t] != 0.0 else np.nan
        made[t] = value if -most <= value <= most else np.nan


@compiled
def turned(block: NDArray[Any], values: NDArray[Any]) -> None:
    """The first columns of `block` ``[F, n]`` as the rows of `values` ``[m, F]``, a square of 16 at a time."""
    count, fields, tile = values.shape[0], values.shape[1], 16
    whole = fields - fields % tile
    for r in range(0, count, tile):
        end = min(r + tile, count)
        for f in range(0, whole, tile):
            for t in range(r, end):
                for g in range(tile):
                    values[t, f + g] = block[f + g, t]
        for f in range(whole, fields):
            for t in range(r, end):
                values[t, f] = block[f, t]
