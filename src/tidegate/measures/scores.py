"""How well scores agree with what came: correlation, direction, error, skill.

Scores and truths are ``[..., n]``; the last axis is what is correlated over: assets of one date for a cross-section
(``[T, N] → [T]``, one IC a date), or time for a single instrument. A pair with a NaN on either side is missing and is
dropped (`pairs` counts what is left); a figure that cannot be computed from the rest is NaN, never 0. All in float64.
Known at: when the last truth used is known, that is `Horizon.exit_at` of its row.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from tidegate.errors import DataError
from tidegate.types.axes import BoolArray, FloatArray, IntArray

__all__ = [
    "confusion",
    "direction_accuracy",
    "ic",
    "icir",
    "mae",
    "majority_rate",
    "mse",
    "pairs",
    "rank_ic",
    "rmse",
    "share_above_zero",
    "skill",
]

_ROUNDING = 1e-13
_LEAST = 3


def pairs(score: ArrayLike, truth: ArrayLike) -> IntArray:
    """Count the pairs with both sides present.

    Shapes: ``[..., n]`` → ``[...]``. Raises `DataError` on unlike shapes.

    >>> int(pairs([1.0, np.nan, 2.0], [0.5, 0.1, np.nan]))
    1
    """
    return np.asarray(_paired(score, truth)[2].sum(axis=-1))[()]


def ic(score: ArrayLike, truth: ArrayLike) -> FloatArray:
    """Information coefficient: Pearson's correlation of score and truth.

    ``Σ (s - s̄)(y - ȳ) / √(Σ (s - s̄)² · Σ (y - ȳ)²)`` over the pairs present. Shapes: ``[..., n]`` → ``[...]``, from
    -1 to 1. NaN with fewer than three pairs or where a side does not vary. Raises `DataError` on unlike shapes.

    >>> round(float(ic([1.0, 2.0, 3.0], [1.0, 3.0, 2.0])), 3)
    0.5
    """
    s, y, present = _paired(score, truth)
    return _correlation(s, y, present)[()]


def rank_ic(score: ArrayLike, truth: ArrayLike) -> FloatArray:
    """Rank information coefficient: Spearman's correlation, that is Pearson's of ranks; ties share their average rank.

    Shapes: ``[..., n]`` → ``[...]``, from -1 to 1. NaN with fewer than three pairs or where a side does not vary.
    Raises `DataError` on unlike shapes.

    >>> round(float(rank_ic([1.0, 2.0, 30.0], [1.0, 2.0, 3.0])), 3)
    1.0
    """
    s, y, present = _paired(score, truth)
    if s.shape[-1] == 0:
        return _correlation(s, y, present)[()]
    ranks = [rankdata(np.where(present, side, np.nan), axis=-1, nan_policy="omit") for side in (s, y)]
    return _correlation(ranks[0], ranks[1], present)[()]


def icir(series: ArrayLike, *, periods_per_year: float | None) -> FloatArray:
    """Mean IC over its standard deviation across dates, ``mean / std(ddof=1)``, times ``√P`` where P is given.

    Shapes: ``[..., T]`` → ``[...]``. Missing dates are dropped. Annualise (`periods_per_year`, else None) only where
    labels do not overlap: overlapping ones need the tests of `evaluate.doubt`. NaN where the series does not vary.

    >>> round(float(icir([0.1, 0.3], periods_per_year=None)), 4)
    1.4142
    """
    values = np.asarray(series, dtype=np.float64)
    present = ~np.isnan(values)
    count = present.sum(axis=-1)
    mean = _average(values, present)
    squares = np.where(present, (values - mean[..., None]) ** 2, 0.0).sum(axis=-1)
    deviation = np.sqrt(squares / np.where(count > 1, count - 1, np.nan))
    ratio = mean / np.where(deviation > _ROUNDING * np.abs(mean), deviation, np.nan)
    return np.asarray(ratio * np.sqrt(1.0 if periods_per_year is None else periods_per_year))[()]


def direction_accuracy(score: ArrayLike, truth: ArrayLike) -> FloatArray:
    """Share of pairs whose score and truth are on the same side: *up* is above zero, all else is *not up*.

    ``mean[(s > 0) = (y > 0)]``; to be read beside `majority_rate`. Shapes: ``[..., n]`` → ``[...]``, a fraction. NaN
    without pairs. Raises `DataError` on unlike shapes.

    >>> float(direction_accuracy([1.0, -1.0, 2.0, 3.0], [0.1, -0.2, 0.3, -0.1]))
    0.75
    """
    s, y, present = _paired(score, truth)
    return _average(((s > 0) == (y > 0)).astype(np.float64), present)[()]


def majority_rate(score: ArrayLike, truth: ArrayLike) -> FloatArray:
    """Accuracy of always saying the commoner direction, ``max(u, 1 - u)``, u the share of *up* among the same pairs.

    Shapes: ``[..., n]`` → ``[...]``, a fraction from ½ to 1. It knows the majority of the judged pairs themselves, so
    it flatters the rival, not the model. NaN without pairs. Raises `DataError` on unlike shapes.

    >>> float(majority_rate([1.0, -1.0, 2.0, 3.0], [0.1, -0.2, 0.3, 0.1]))
    0.75
    """
    _, y, present = _paired(score, truth)
    up = _average((y > 0).astype(np.float64), present)
    return np.asarray(np.maximum(up, 1.0 - up))[()]


def mse(score: ArrayLike, truth: ArrayLike) -> FloatArray:
    """Mean squared error, ``mean (s - y)²``, in the label's unit squared.

    Shapes: ``[..., n]`` → ``[...]``; NaN without pairs. Raises `DataError` on unlike shapes.

    >>> float(mse([1.0, 2.0], [0.0, 4.0]))
    2.5
    """
    s, y, present = _paired(score, truth)
    return _average((s - y) ** 2, present)[()]


def rmse(score: ArrayLike, truth: ArrayLike) -> FloatArray:
    """Root mean squared error, ``√mean (s - y)²``, in the label's unit.

    Shapes: ``[..., n]`` → ``[...]``; NaN without pairs. Raises `DataError` on unlike shapes.

    >>> float(rmse([3.0, 0.0], [0.0, 3.0]))
    3.0
    """
    return np.asarray(np.sqrt(mse(score, truth)))[()]


def mae(score: ArrayLike, truth: ArrayLike) -> FloatArray:
    """Mean absolute error, ``mean |s - y|``, in the label's unit.

    Shapes: ``[..., n]`` → ``[...]``; NaN without pairs. Raises `DataError` on unlike shapes.

    >>> float(mae([1.0, 2.0], [0.0, 4.0]))
    1.5
    """
    s, y, present = _paired(score, truth)
    return _average(np.abs(s - y), present)[()]


def skill(score: ArrayLike, truth: ArrayLike, reference: ArrayLike) -> FloatArray:
    """Share of the reference's squared error that is gone, ``1 - MSE(s) / MSE(reference)``.

    Shapes: three of ``[..., n]`` → ``[...]``; above zero is better than the reference, 1 is perfect. Only rows where
    all three are present count. NaN where the reference is perfect or nothing is left. Raises `DataError` on unlike
    shapes.

    >>> float(skill([1.0, 2.0], [1.0, 3.0], [0.0, 2.0]))
    0.5
    """
    missing = np.isnan(np.asarray(score, dtype=np.float64)) | np.isnan(np.asarray(reference, dtype=np.float64))
    truth_left = np.where(missing, np.nan, np.asarray(truth, dtype=np.float64))
    theirs = mse(reference, truth_left)
    return np.asarray(1.0 - mse(score, truth_left) / np.where(theirs > 0, theirs, np.nan))[()]


def share_above_zero(score: ArrayLike) -> FloatArray:
    """Share of scores above zero among those present: how bullish a model is. Shapes: ``[..., n]`` → ``[...]``.

    >>> float(share_above_zero([0.1, -0.2, np.nan, 0.3, 0.0]))
    0.5
    """
    values = np.asarray(score, dtype=np.float64)
    return _average((values > 0).astype(np.float64), ~np.isnan(values))[()]


def confusion(said: ArrayLike, came: ArrayLike, *, classes: int) -> IntArray:
    """Count of each (what came, what was said): row *i*, column *j* is how often *j* was said when *i* came.

    Shapes: two of ``[n]``, integers from 0 to ``classes - 1``, a negative one is missing → ``[classes, classes]``.
    Raises `DataError` on unlike shapes or a class that does not exist.

    >>> confusion([0, 1, 1, 1], [0, 0, 1, -1], classes=2).tolist()
    [[1, 1], [0, 1]]
    """
    s, y = np.asarray(said, dtype=np.int64), np.asarray(came, dtype=np.int64)
    if s.shape != y.shape:
        raise DataError("what was said and what came differ in shape", expected=s.shape, found=y.shape)
    if s.size and max(int(s.max()), int(y.max())) >= classes:
        raise DataError("a class does not exist", expected=f"below {classes}", found=max(int(s.max()), int(y.max())))
    present = (s >= 0) & (y >= 0)
    return (
        np.bincount(y[present] * classes + s[present], minlength=classes * classes)
        .reshape(classes, classes)
        .astype(np.int64)
    )


def _paired(score: ArrayLike, truth: ArrayLike) -> tuple[FloatArray, FloatArray, BoolArray]:
    s, y = np.asarray(score, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if s.shape[-1:] != y.shape[-1:]:
        raise DataError("scores and truths differ in shape", expected=s.shape, found=y.shape)
    s, y = np.broadcast_arrays(s, y)
    return s, y, ~(np.isnan(s) | np.isnan(y))


def _average(values: FloatArray, present: BoolArray) -> FloatArray:
    count = present.sum(axis=-1)
    return np.asarray(np.where(present, values, 0.0).sum(axis=-1) / np.where(count > 0, count, np.nan))


def _correlation(s: FloatArray, y: FloatArray, present: BoolArray) -> FloatArray:
    centred = [np.where(present, side - _average(side, present)[..., None], 0.0) for side in (s, y)]
    lengths = [np.sqrt((side**2).sum(axis=-1)) for side in centred]
    count = present.sum(axis=-1)
    varies = count >= _LEAST
    for side, length in zip((s, y), lengths, strict=True):
        largest = np.abs(np.where(present, side, 0.0)).max(axis=-1, initial=0.0)
        varies &= length > _ROUNDING * largest * np.sqrt(np.maximum(count, 1))
    unit = [side / np.where(varies, length, np.nan)[..., None] for side, length in zip(centred, lengths, strict=True)]
    return np.asarray(np.where(varies, np.clip((unit[0] * unit[1]).sum(axis=-1), -1.0, 1.0), np.nan))
