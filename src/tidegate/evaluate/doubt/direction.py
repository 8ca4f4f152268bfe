"""Does a forecast know the direction? More often right than the same ups and downs would be by luck.

A forecast that says *up* on 70 % of days is right on 62 % of them where 80 % rise, knowing nothing. So the share right
is held against what independent ups and downs with the same shares would agree on. `pesaran_timmermann` is the usual
test, for labels that do not overlap; `direction_hac` is the same question for those that do.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from tidegate.errors import DataError
from tidegate.evaluate.doubt.longrun import complete
from tidegate.evaluate.doubt.overlap import Tested, hac
from tidegate.types.axes import FloatArray

__all__ = ["Direction", "agreement_terms", "direction_hac", "pesaran_timmermann"]


class Direction(NamedTuple):
    """How often the direction was right ``[...]``, and how often it would have been by luck."""

    accuracy: FloatArray
    expected: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    """One-sided: chance of so much agreement, or more, if score and truth are independent."""
    n: int


def pesaran_timmermann(score: ArrayLike, truth: ArrayLike) -> Direction:
    """Test whether the sign of a score tells the sign of what came; *up* is above zero, all else is *not up*.

    ``S = (P - P*) / √(V(P) - V(P*))``, P the share right, ``P* = p_y p_x + (1-p_y)(1-p_x)``, ``V(P) = P*(1-P*)/n``,
    ``V(P*) = [(2p_y-1)² p_x(1-p_x) + (2p_x-1)² p_y(1-p_y) + 4 p_y p_x (1-p_y)(1-p_x) / n] / n``, against the normal.

    Shapes: two of ``[..., n]`` → ``[...]``. Known at: when the last label is. Missing values: `DataError`. NaN where
    either side never changes its direction. Right for pairs that do not overlap: give every span-th. Source: Pesaran
    and Timmermann, "A simple nonparametric test of predictive performance" (1992).

    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(0.5, 1, 400)
    >>> always = pesaran_timmermann(truth * 0 + 1, truth)
    >>> knows = pesaran_timmermann(truth + rng.normal(size=400), truth)
    >>> round(float(always.accuracy), 2), bool(np.isnan(always.p_value)), bool(knows.p_value < 0.001)
    (0.67, True, True)
    """
    up, rose = _sides(score, truth)
    n = up.shape[-1]
    x, y = up.mean(axis=-1), rose.mean(axis=-1)
    right = (up == rose).mean(axis=-1)
    luck = x * y + (1 - x) * (1 - y)
    varied = (2 * y - 1) ** 2 * x * (1 - x) + (2 * x - 1) ** 2 * y * (1 - y) + 4 * x * y * (1 - x) * (1 - y) / n
    spread = (luck * (1 - luck) - varied) / n
    changes = (x > 0) & (x < 1) & (y > 0) & (y < 1) & (spread > 0)
    statistic = np.where(changes, (right - luck) / np.sqrt(np.where(changes, spread, 1.0)), np.nan)
    right, luck, chance = (np.asarray(held)[()] for held in (right, luck, norm.sf(statistic)))
    return Direction(right, luck, statistic[()], chance, n)


def direction_hac(score: ArrayLike, truth: ArrayLike, *, span: int, level: float) -> Tested:
    """Test the same where labels overlap: the estimate is the share right less that of luck, ``P - P*``.

    ``P - P* = 2 cov(up, rose)``, a mean of ``2 (up - x)(rose - y)``, tested with the long-run variance and fixed-b
    critical values of `overlap.hac`, two-sided.

    Shapes: two of ``[..., T]`` → ``[...]``. Known at: when the last label is. Missing values: `DataError`. NaN where a
    side never changes its direction. Raises `SettingError` for a span below 1. Source: the idea of Pesaran and
    Timmermann, "Testing dependence among serially correlated multicategory variables" (2009), with our long-run
    variance.

    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=400)
    >>> found = direction_hac(truth + rng.normal(size=400), truth, span=5, level=0.95)
    >>> bool(found.low > 0), found.independent
    (True, 80)
    """
    terms = agreement_terms(score, truth)
    return hac(terms.mean(axis=-1), terms, span=span, level=level)


def agreement_terms(score: ArrayLike, truth: ArrayLike) -> FloatArray:
    """Terms ``2 (up - x)(rose - y)`` whose mean is the share right less that of luck, for sums over assets of a date.

    Shapes: two of ``[..., n]`` → ``[..., n]``; x and y are the shares of *up* over the last axis. Missing values:
    `DataError`.

    >>> float(agreement_terms([1.0, -1.0, 1.0, -1.0], [0.2, -0.1, 0.3, -0.4]).mean())
    0.5
    """
    up, rose = _sides(score, truth)
    return np.asarray(2 * (up - up.mean(axis=-1, keepdims=True)) * (rose - rose.mean(axis=-1, keepdims=True)))


def _sides(score: ArrayLike, truth: ArrayLike) -> tuple[FloatArray, FloatArray]:
    said, came = complete(score, truth)
    if said.shape != came.shape or not said.shape[-1:] or not said.shape[-1]:
        raise DataError("scores and truths differ in shape, or there is none", expected=said.shape, found=came.shape)
    return (said > 0).astype(np.float64), (came > 0).astype(np.float64)
