"""What several members said of the same windows → what they say together; window by window, in NumPy."""

import numpy as np

from tidegate.learn.losses.base import Said
from tidegate.types.axes import FloatArray

__all__ = ["combined", "graded"]


def graded(scores: list[FloatArray], count: int) -> tuple[FloatArray, FloatArray]:
    """Quantiles of training scores at `count` evenly spaced shares: of each member, and of all together.

    Shapes
        ``[members, count]`` and ``[count]``.
    """
    shares = np.linspace(0.0, 1.0, count)
    return np.stack([np.quantile(each, shares) for each in scores]), np.quantile(np.concatenate(scores), shares)


def combined(said: list[Said], how: str, grades: tuple[FloatArray, FloatArray] | None = None) -> Said:
    """Put members' scores together by "mean", "median" or "rank-mean", average probabilities, and tell the spread.

    The spread is the standard deviation with n below. "rank-mean" needs the `grades` of the training scores.

    >>> combined([Said(np.array([1.0])), Said(np.array([2.0])), Said(np.array([6.0]))], "median").score.tolist()
    [2.0]
    """
    scores = np.stack([one.score for one in said])
    tables = [one.probabilities for one in said if one.probabilities is not None]
    if how == "rank-mean":
        assert grades is not None
        shares = np.linspace(0.0, 1.0, grades[1].size)
        ranks = [np.interp(score, own, shares) for score, own in zip(scores, grades[0], strict=True)]
        score = np.asarray(np.interp(np.mean(ranks, axis=0), shares, grades[1]))
    else:
        score = np.asarray(np.mean(scores, axis=0) if how == "mean" else np.median(scores, axis=0))
    return Said(score, np.mean(np.stack(tables), axis=0) if tables else None, np.asarray(np.std(scores, axis=0)))
