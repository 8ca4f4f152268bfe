"""How alike two factors rank the assets of a date, for all pairs of factors at once."""

import numpy as np

from tidegate.prepare.rank_normal import mean_ranks
from tidegate.prepare.sections import CrossSections
from tidegate.types.axes import BoolArray, FloatArray, IntArray

__all__ = ["mean_rank_correlations", "rank_correlations"]

_LEAST = 3
_ROUNDING = 1e-12


def rank_correlations(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Correlation of ranks of every pair of columns, and over how many rows each was taken.

    Each column is ranked among all rows that have it (ties at their mean rank); a pair's correlation is Pearson's, of
    those ranks, over the rows that have both. Without missing values that is Spearman's coefficient.

    Shapes
        ``[n, F]`` → ``[F, F]`` twice.
    Known at
        CLOSE of the date, if the values are.
    Missing values
        NaN is left out; a pair with fewer than three rows in common, or a side that does not vary over them, is NaN.

    >>> made, common = rank_correlations(np.array([[1.0, 9.0], [2.0, 5.0], [3.0, 1.0], [4.0, np.nan]]))
    >>> round(float(made[0, 1]), 12), common.tolist()
    (-1.0, [[4, 3], [3, 3]])
    """
    present = ~np.isnan(values)
    there = present.astype(np.float64)
    count = np.maximum(there.sum(axis=0), 1.0)
    ranks = np.where(present, (mean_ranks(values) - (count + 1) / 2) / count, 0.0)
    common = there.T @ there
    sums, squares, products = ranks.T @ there, (ranks**2).T @ there, ranks.T @ ranks
    safe = np.maximum(common, 1.0)
    own = squares - sums**2 / safe
    varies = own > _ROUNDING * np.maximum(squares, _ROUNDING)
    made = (products - sums * sums.T / safe) / np.sqrt(np.where(varies & varies.T, own * own.T, np.nan))
    made[common < _LEAST] = np.nan
    return np.clip(made, -1.0, 1.0), common.astype(np.int64)


def mean_rank_correlations(
    sections: CrossSections, dates: BoolArray, *, least: int = _LEAST
) -> tuple[FloatArray, IntArray]:
    """Mean over dates of each pair's rank correlation ``[F, F]``, and the number of dates behind it ``[F, F]``.

    Parameters
    ----------
    dates
        Which dates are looked at ``[T]``; no other one enters.
    least
        A pair's date with fewer assets in common is not counted.

    Known at
        CLOSE of the last date that is looked at.
    Missing values
        A pair without a date is NaN.

    >>> made = CrossSections.of_grid(np.array([[[1.0, 3.0], [2.0, 5.0], [3.0, 4.0]]] * 2), ("x", "y"))
    >>> mean, count = mean_rank_correlations(made, np.array([True, False]))
    >>> round(float(mean[0, 1]), 12), int(count[0, 1])
    (0.5, 1)
    """
    width = len(sections.fields)
    total, count = np.zeros((width, width)), np.zeros((width, width), dtype=np.int64)
    for date in np.flatnonzero(dates):
        made, common = rank_correlations(sections.at(int(date)).values)
        counted = (common >= least) & ~np.isnan(made)
        total += np.where(counted, made, 0.0)
        count += counted
    return np.where(count > 0, total / np.maximum(count, 1), np.nan), count
