"""Operators across the assets of one bar: ranks and z-scores by date, missing values left out of the count."""

import numpy as np

from tidegate.types.axes import FloatArray, IntArray

__all__ = ["across"]


def across(operator: str, x: FloatArray, places: IntArray) -> FloatArray:
    """`cross_rank` or `cross_z_score` of ``x [R]`` among the rows of the same place on the time axis ``[R]``.

    Sums run in the order of the rows, so that what happens at other bars changes nothing.

    >>> across("cross_rank", np.array([3.0, 1.0, np.nan, 2.0]), np.zeros(4, np.int64)).round(2).tolist()
    [1.0, 0.33, nan, 0.67]
    """
    made = np.full(x.size, np.nan)
    rows = np.flatnonzero(np.isfinite(x))
    if rows.size == 0:
        return made
    values, place = x[rows], places[rows]
    count = np.bincount(place).astype(np.float64)
    made[rows] = _ranks(values, place, count) if operator == "cross_rank" else _z_scores(values, place, count)
    return made


def _ranks(values: FloatArray, place: IntArray, count: FloatArray) -> FloatArray:
    order = np.lexsort((values, place))
    sorted_values, sorted_place = values[order], place[order]
    fresh = np.append(True, (sorted_values[1:] != sorted_values[:-1]) | (sorted_place[1:] != sorted_place[:-1]))
    starts = np.flatnonzero(fresh)
    ends = np.append(starts[1:], values.size)
    begins = np.searchsorted(sorted_place, np.arange(count.size))
    tie = np.cumsum(fresh) - 1
    ranks = (starts + 1 + ends)[tie] / 2.0 - begins[sorted_place]
    made = np.empty(values.size)
    made[order] = ranks / count[sorted_place]
    return made


def _z_scores(values: FloatArray, place: IntArray, count: FloatArray) -> FloatArray:
    with np.errstate(all="ignore"):
        mean = np.bincount(place, values) / count
        gap = values - mean[place]
        spread = np.sqrt(np.bincount(place, gap * gap) / (count - 1.0))[place]
        return np.where(spread > 0, gap / spread, np.nan)
