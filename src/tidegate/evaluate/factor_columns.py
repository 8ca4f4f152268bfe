"""One date's factors, ordered once and scored often: ranks among any subset follow from the order of the whole."""

from dataclasses import dataclass

import numpy as np

from tidegate.types.axes import BoolArray, FloatArray, IntArray

__all__ = ["Ordered", "correlations", "group_numbers"]

_LEAST = 3
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Ordered:
    """Columns ``[n, F]`` with their order; `first` and `last` bound each value's ties, in sorted places.

    Known at
        As the values.
    """

    values: FloatArray
    order: IntArray
    first: IntArray
    last: IntArray

    @classmethod
    def of(cls, values: FloatArray) -> "Ordered":
        """Sort each column; NaN comes last."""
        order = np.argsort(values, axis=0, kind="stable")
        ranked = np.take_along_axis(values, order, axis=0)
        place = np.broadcast_to(np.arange(len(values))[:, None], values.shape)
        starts, ends = np.ones(values.shape, dtype=bool), np.ones(values.shape, dtype=bool)
        starts[1:] = ranked[1:] != ranked[:-1]
        ends[:-1] = starts[1:]
        first = np.maximum.accumulate(np.where(starts, place, 0), axis=0)
        last = np.minimum.accumulate(np.where(ends, place, len(values))[::-1], axis=0)[::-1]
        return cls(values, order, first, last)

    def ranks(self, among: BoolArray) -> FloatArray:
        """Ranks 1 … m among some rows of each column ``[n, F]``, ties at their mean rank; NaN elsewhere.

        A single column is ranked among each column of `among`.

        >>> Ordered.of(np.array([[5.0], [1.0], [5.0], [9.0]])).ranks(np.array([[True], [False], [True], [True]]))[:, 0]
        array([1.5, nan, 1.5, 3. ])
        """
        order, first, last = (np.broadcast_to(one, among.shape) for one in (self.order, self.first, self.last))
        there = np.take_along_axis(among, order, axis=0)
        upto = np.cumsum(there, axis=0)
        before: IntArray = upto - there
        mean = (np.take_along_axis(before, first, axis=0) + np.take_along_axis(upto, last, axis=0) + 1) / 2
        made = np.empty(among.shape)
        np.put_along_axis(made, order, mean, axis=0)
        return np.where(among, made, np.nan)


def correlations(left: FloatArray, right: FloatArray, among: BoolArray) -> FloatArray:
    """Pearson's correlation of each pair of columns over the rows `among` ``[F]``.

    NaN with fewer than three rows, or where a side does not vary.

    >>> correlations(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [3.0], [2.0]]), np.ones((3, 1), dtype=bool))
    array([0.5])
    """
    count = among.sum(axis=0)
    safe = np.maximum(count, 1)
    sides = []
    varies = count >= _LEAST
    for side in (left, right):
        held = np.where(among, side, 0.0)
        centred = np.where(among, side - held.sum(axis=0) / safe, 0.0)
        length = np.sqrt((centred**2).sum(axis=0))
        varies &= length > _ROUNDING * np.abs(held).max(axis=0, initial=0.0) * np.sqrt(safe)
        sides.append((centred, length))
    (one, long), (other, wide) = sides
    made = (one * other).sum(axis=0) / np.where(varies, long * wide, np.nan)
    return np.asarray(np.clip(made, -1.0, 1.0))


def group_numbers(values: FloatArray, among: BoolArray, groups: int) -> IntArray:
    """Number 0 … G-1 of each value's quantile group within its column ``[n, F]``, from below; −1 elsewhere.

    The edge between groups *k* and *k + 1* is the sorted value at place ``⌊k (m - 1) / G⌋`` of m, and belongs to the
    lower one: equal values are never parted, so that groups may be uneven, or empty.

    >>> group_numbers(np.array([[4.0], [1.0], [np.nan], [3.0], [2.0]]), np.array([[1], [1], [0], [1], [1]]) > 0, 2)[
    ...     :, 0
    ... ]
    array([ 1,  0, -1,  1,  0])
    """
    ranked = np.sort(np.where(among, values, np.nan), axis=0)
    count = among.sum(axis=0)
    made = np.zeros(values.shape, dtype=np.int64)
    for edge in range(1, groups):
        place = np.maximum(edge * (count - 1) // groups, 0)
        made += values > np.take_along_axis(ranked, place[None, :], axis=0)
    return np.where(among, made, -1)
