"""A date's values by their standing among each other, laid on a normal law."""

from typing import ClassVar

import numpy as np

from tidegate.prepare.date_step import DateStep
from tidegate.prepare.sections import Section
from tidegate.types.axes import FloatArray

__all__ = ["RankNormal", "mean_ranks"]


class RankNormal(DateStep):
    """``Φ⁻¹((rank - 1/2) / n)``, rank 1 … n from below, ties at their mean rank.

    Nothing of a value remains but its order: no extreme is left, and doing it twice is the same as once.

    Known at
        CLOSE(t).
    Missing values
        Stay missing; n counts the rest. A constant field becomes zero.
    Source
        Hazen's plotting position; see Beasley, Erickson & Allison, "Rank-based inverse normal transformations", 2009.

    >>> np.round(RankNormal().change(Section(np.array([[7.0], [np.nan], [9.0]]), ("x",)))[:, 0], 4).tolist()
    [-0.6745, nan, 0.6745]
    """

    name: ClassVar[str] = "rank-normal"

    def change(self, section: Section) -> FloatArray:
        """Rank, then the inverse law."""
        count = np.maximum((~np.isnan(section.values)).sum(axis=0), 1)
        from scipy.special import ndtri  # a process that ranks nothing never loads it

        return np.asarray(ndtri((mean_ranks(section.values) - 0.5) / count))


def mean_ranks(values: FloatArray) -> FloatArray:
    """Ranks 1 … n from below within each column ``[n, F]``, ties at their mean; NaN where missing.

    >>> mean_ranks(np.array([[3.0], [1.0], [3.0], [np.nan]]))[:, 0].tolist()
    [2.5, 1.0, 2.5, nan]
    """
    if not len(values):
        return values.copy()
    columns = np.ascontiguousarray(values.T)
    order = np.argsort(columns, axis=1)
    ranked = np.take_along_axis(columns, order, axis=1)
    place = np.arange(columns.shape[1])
    starts = np.ones(ranked.shape, dtype=bool)
    starts[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    ends = np.ones(ranked.shape, dtype=bool)
    ends[:, :-1] = starts[:, 1:]
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, place, columns.shape[1])[:, ::-1], axis=1)[:, ::-1]
    made = np.empty(columns.shape)
    np.put_along_axis(made, order, (first + last) / 2 + 1, axis=1)
    made[np.isnan(columns)] = np.nan
    return np.asarray(made.T)
