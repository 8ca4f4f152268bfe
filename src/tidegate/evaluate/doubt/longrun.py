"""The variance of a mean whose terms are not independent, and the critical values that go with its estimate.

Overlapping labels make neighbours alike, so the mean of *n* of them varies more than ``σ²/n``. The long-run variance
adds the autocovariances, weighted by Bartlett's kernel. Two things go wrong in practice: too few lags are taken, and
the estimate is then treated as if it were the truth. So (Lazarus, Lewis, Stock and Watson, 2018) the bandwidth is
``1.3 √n``, and critical values are those of the *fixed-b* limit (Kiefer and Vogelsang, 2005), which knows that the
variance was estimated with that bandwidth.
"""

from functools import lru_cache
from math import ceil, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student

from tidegate.errors import DataError, SettingError
from tidegate.types.axes import FloatArray

__all__ = ["bandwidth", "complete", "fixed_b_p", "fixed_b_quantile", "longrun_variance", "t_ratio"]

# Kiefer and Vogelsang (2005), Bartlett kernel: quantiles of the t statistic as cubics in b.
_QUANTILES = {0.95: (1.6449, 2.1859, 0.3142, -0.3427), 0.975: (1.9600, 2.9694, 0.4160, -0.5324)}
_NEGLIGIBLE = 1e-4


def bandwidth(n: int) -> int:
    """Bartlett bandwidth for *n* terms, ``⌈1.3 √n⌉``, below n. Source: Lazarus, Lewis, Stock and Watson (2018).

    >>> bandwidth(500)
    30
    """
    return max(1, min(ceil(1.3 * sqrt(n)), n - 1))


def longrun_variance(values: ArrayLike, lags: int) -> FloatArray:
    """Long-run variance, ``γ_0 + 2 Σ_{0<j<M} (1 - j/M) γ_j`` with Bartlett's weights and ``M = lags``; never negative.

    Shapes: ``[..., n]`` → ``[...]``, unit squared; divide by n for the variance of the mean. Centred here. ``M = 1``
    is the plain variance (ddof 0); Newey and West's *lag L* is ``M = L + 1``. Missing values: NaN where any is.
    Raises `SettingError` unless ``1 ≤ M < n``.

    >>> float(longrun_variance([1.0, -1.0, 1.0, -1.0], 1))
    1.0
    """
    terms = np.asarray(values, dtype=np.float64)
    n = terms.shape[-1]
    if not 1 <= lags < n:
        raise SettingError("a bandwidth must lie below the number of terms", expected=f"1 … {n - 1}", found=lags)
    sums = np.cumsum(terms - terms.mean(axis=-1, keepdims=True), axis=-1)
    sums[..., -1] = 0.0
    far = np.concatenate([sums[..., lags:], np.zeros((*sums.shape[:-1], lags))], axis=-1)
    head = (sums[..., :lags] ** 2).sum(axis=-1)
    return np.asarray((head + ((far - sums) ** 2).sum(axis=-1)) / (lags * n))[()]


def fixed_b_quantile(probability: float, b: float) -> float:
    """Quantile of a t statistic whose variance was estimated with bandwidth ``b · n``.

    At 0.95 and 0.975 it is the published cubic in b; elsewhere that of the scaled Student t which passes through both
    (within 1 % of simulated quantiles from 0.9 to 0.999, b ≤ 0.2). Raises `SettingError` for b outside [0, 1] or a
    probability not above one half. Source: Kiefer and Vogelsang (2005), table 1.

    >>> round(fixed_b_quantile(0.975, 0.0), 2), round(fixed_b_quantile(0.975, 0.1), 2)
    (1.96, 2.26)
    """
    if not 0.5 < probability < 1:  # noqa: PLR2004 - the upper half
        raise SettingError("a quantile of the upper half is asked for", expected="0.5 … 1", found=probability)
    scale, freedom = _matched(b)
    if probability in _QUANTILES:
        return _cubic(probability, b)
    return float(scale * _quantile(probability, freedom))


def fixed_b_p(statistic: ArrayLike, b: float) -> FloatArray:
    """Two-sided p-value of a t statistic whose variance was estimated with bandwidth ``b · n``.

    Shapes: ``[...]`` → ``[...]``. Missing values: NaN. Raises `SettingError` for b outside [0, 1].

    >>> round(float(fixed_b_p(fixed_b_quantile(0.975, 0.06), 0.06)), 4)
    0.05
    """
    scale, freedom = _matched(b)
    reduced = np.abs(np.asarray(statistic, dtype=np.float64)) / scale
    tail = norm.sf(reduced) if freedom == np.inf else student.sf(reduced, freedom)
    return np.asarray(2.0 * tail)[()]


def t_ratio(estimate: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Estimate over its standard error, and the standard error; NaN where the variance is zero."""
    error = np.sqrt(np.where(variance > 0, variance, np.nan))
    return np.asarray(estimate / error)[()], np.asarray(error)[()]


def complete(*series: ArrayLike) -> tuple[FloatArray, ...]:
    """Arrays in float64; raises `DataError` where a value is missing: what is dropped is dropped in the open."""
    arrays = tuple(np.asarray(one, dtype=np.float64) for one in series)
    for array in arrays:
        if not bool(np.isfinite(array).all()):
            raise DataError(
                "a test was given missing values",
                expected="finite numbers",
                found=int((~np.isfinite(array)).sum()),
                hint="drop those dates first, and count them",
            )
    return arrays


def _cubic(probability: float, b: float) -> float:
    return float(sum(weight * b**power for power, weight in enumerate(_QUANTILES[probability])))


def _quantile(probability: float, freedom: float) -> float:
    return float(norm.ppf(probability) if freedom == np.inf else student.ppf(probability, freedom))


@lru_cache(maxsize=4096)
def _matched(b: float) -> tuple[float, float]:
    """Scale and degrees of freedom of the Student t that has both published quantiles."""
    if not 0 <= b <= 1:
        raise SettingError("a bandwidth is a share of the terms", expected="0 … 1", found=b)
    inner, outer = (_cubic(p, b) for p in _QUANTILES)
    if b < _NEGLIGIBLE:
        return 1.0, np.inf
    freedom = brentq(lambda v: _quantile(0.975, v) / _quantile(0.95, v) - outer / inner, 1.01, 1e9, xtol=1e-6)
    return outer / _quantile(0.975, freedom), float(freedom)
