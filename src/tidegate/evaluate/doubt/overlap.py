"""Tests of a mean IC, or of a correlation over time, where labels overlap.

A label over `span` bars shares ``span - 1`` of them with the next one, so n daily labels hold about ``n / span``
independent looks at the future. Three tests stand beside each other:

    plain    pretends that all are independent: the usual printout, and wrong; kept to show by how much
    hac      all terms, long-run variance with bandwidth 1.3 √n (four spans at least), fixed-b critical values
    apart    every span-th term only, ordinary Student t: right by construction, at the price of power

For a cross-section the series is one IC a date (`mean_*`); for a single instrument it is score and truth over time
(`ic_*`), whose correlation is a mean in disguise: that of its influence values. Leading axes are tested at once,
``[K, T] → [K]``.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm
from scipy.stats import t as student

from tidegate.errors import SettingError
from tidegate.evaluate.doubt.longrun import (
    bandwidth,
    complete,
    fixed_b_p,
    fixed_b_quantile,
    longrun_variance,
    t_ratio,
)
from tidegate.measures.scores import ic
from tidegate.types.axes import FloatArray

__all__ = [
    "Tested",
    "hac",
    "hac_correlation",
    "ic_apart",
    "ic_hac",
    "ic_influence",
    "ic_plain",
    "independent",
    "lags_of",
    "mean_apart",
    "mean_hac",
    "mean_newey_west",
    "mean_plain",
    "standardised",
]

_LEAST = 4
_REACH = 4
_ROUNDING = 1e-13


class Tested(NamedTuple):
    """An estimate with its interval and its two-sided p-value against zero; arrays ``[...]`` where many were tested."""

    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    level: float
    n: int
    """Terms used."""
    independent: int
    """Independent looks among them: ``n // span``."""


def independent(n: int, span: int) -> int:
    """Count labels that share no bar: ``n // span``, at least 1 where there is any.

    >>> independent(487, 5)
    97
    """
    return max(n // span, min(n, 1))


def lags_of(n: int, span: int) -> int:
    """Bandwidth for n terms whose labels overlap over `span` bars: ``max(1.3 √n, 4 span)``, below n.

    Bartlett's weights leave out about ``span / (3 M)`` of the variance that overlap makes. With a bandwidth of 1.3 √n
    alone a 5 % test of twenty-bar labels over 500 bars rejects noise 9 % of the time, with four spans 6 %; what the
    wider window costs in sureness the fixed-b values know (``benchmarks/doubt.py``).

    >>> lags_of(500, 5), lags_of(500, 20)
    (30, 80)
    """
    return min(max(bandwidth(n), _REACH * span), n - 1)


def hac(estimate: ArrayLike, influence: ArrayLike, *, span: int, level: float) -> Tested:
    """Test an estimate that is the mean of its influence values, ``θ̂ - θ ≈ mean ψ_t``, with fixed-b critical values.

    Bandwidth `lags_of`. Shapes: ``[...]`` and ``[..., T]`` → `Tested` of ``[...]``. Raises `DataError` on
    missing values. Fewer than four terms, or terms that do not vary, give NaN.
    """
    value, terms = complete(estimate, influence)
    n = terms.shape[-1]
    _check(span, level)
    if n < _LEAST:
        return _nothing(value, level, n, span)
    lags = lags_of(n, span)
    statistic, error = t_ratio(value, longrun_variance(terms, lags) / n)
    reach = fixed_b_quantile(0.5 + level / 2, lags / n) * error
    p_value = fixed_b_p(statistic, lags / n)
    return Tested(value, value - reach, value + reach, statistic, p_value, level, n, independent(n, span))


def mean_hac(series: ArrayLike, *, span: int, level: float) -> Tested:
    """Test the mean of overlapping terms: long-run variance with bandwidth `lags_of`, fixed-b critical values.

    Shapes: ``[..., T]`` → ``[...]``. Known at: when the last label is. Raises `DataError` on missing values. Source:
    Lazarus, Lewis, Stock and Watson (2018), Kiefer and Vogelsang (2005).

    >>> series = np.random.default_rng(0).normal(0.05, 0.1, 250)
    >>> found = mean_hac(series, span=5, level=0.95)
    >>> bool(found.low < found.estimate < found.high), found.independent
    (True, 50)
    """
    (terms,) = complete(series)
    return hac(terms.mean(axis=-1), terms, span=span, level=level)


def mean_newey_west(series: ArrayLike, *, lag: int, span: int, level: float) -> Tested:
    """Test a mean with Newey and West's variance at a fixed `lag` and normal critical values; too sure of itself.

    Shapes: ``[..., T]`` → ``[...]``. Raises `DataError` on missing values. Source: Newey and West (1987).
    """
    (terms,) = complete(series)
    n = terms.shape[-1]
    statistic, error = t_ratio(terms.mean(axis=-1), longrun_variance(terms, lag + 1) / n)
    reach, value = norm.ppf(0.5 + level / 2) * error, terms.mean(axis=-1)
    return Tested(
        value,
        value - reach,
        value + reach,
        statistic,
        np.asarray(2 * norm.sf(np.abs(statistic)))[()],
        level,
        n,
        independent(n, span),
    )


def mean_plain(series: ArrayLike, *, span: int, level: float) -> Tested:
    """Test a mean as if its terms were independent: ``t = mean / (std(ddof=1) / √n)``, Student with n - 1 degrees.

    Shapes: ``[..., T]`` → ``[...]``. Raises `DataError` on missing values. Wrong for overlapping labels: shown, never
    believed.
    """
    (terms,) = complete(series)
    n = terms.shape[-1]
    _check(span, level)
    value = np.asarray(terms.mean(axis=-1))[()] if n else np.full(terms.shape[:-1], np.nan)
    if n < _LEAST:
        return _nothing(value, level, n, span)
    statistic, error = t_ratio(value, np.asarray(terms.var(axis=-1, ddof=1) / n))
    reach = student.ppf(0.5 + level / 2, n - 1) * error
    p_value = np.asarray(2 * student.sf(np.abs(statistic), n - 1))[()]
    return Tested(value, value - reach, value + reach, statistic, p_value, level, n, independent(n, span))


def mean_apart(series: ArrayLike, *, span: int, level: float, first: int = 0) -> Tested:
    """Test the mean of every `span`-th term, from `first` on: no two labels share a bar, so Student's t is right.

    Shapes: ``[..., T]`` → ``[...]``. The estimate is the mean of the terms kept. Raises `DataError` on missing values.

    >>> mean_apart(np.arange(20.0), span=5, level=0.95).n
    4
    """
    (terms,) = complete(series)
    return mean_plain(terms[..., first::span], span=1, level=level)


def ic_influence(score: ArrayLike, truth: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Correlation over time and its influence values, ``ψ_t = z_t w_t - ρ/2 (z_t² + w_t²)``, z and w standardised.

    Shapes: two of ``[..., T]`` → ``[...]`` and ``[..., T]``; the influence has mean zero. Raises `DataError` on
    missing values.
    """
    s, y = complete(score, truth)
    rho = ic(s, y)
    z, w = (standardised(side) for side in (s, y))
    return rho, z * w - 0.5 * np.asarray(rho)[..., None] * (z**2 + w**2)


def ic_hac(score: ArrayLike, truth: ArrayLike, *, span: int, level: float) -> Tested:
    """Test a correlation over time with overlapping labels, long-run variance and fixed-b critical values.

    See `hac_correlation`. Shapes: two of ``[..., T]`` → ``[...]``. Known at: when the last label is. Raises
    `DataError` on missing values; NaN where a side does not vary.

    >>> rng = np.random.default_rng(1)
    >>> score = rng.normal(size=400)
    >>> found = ic_hac(score, score + rng.normal(size=400), span=1, level=0.95)
    >>> bool(found.low < 0.71 < found.high), bool(found.p_value < 0.01)
    (True, True)
    """
    s, y = complete(score, truth)
    z, w = standardised(s), standardised(y)
    return hac_correlation(ic(s, y), z * w, 0.5 * (z**2 + w**2), span=span, level=level)


def hac_correlation(rho: ArrayLike, product: ArrayLike, square: ArrayLike, *, span: int, level: float) -> Tested:
    """Test a correlation that is the mean of products ``z w``, where ``(z² + w²) / 2`` has mean one.

    The p-value takes its variance under the hypothesis ``ρ = 0``, the interval holds every ρ that the same test would
    not reject: ``(ρ̂ - ρ)² ≤ q² Ω(ρ) / n`` with ``Ω(ρ)`` the long-run variance of ``z w - ρ (z² + w²) / 2``, a
    quadratic in ρ. (With the variance taken at ρ̂ instead, slow scores are called skilled 8 % of the time and not 5
    %.) Products may be sums over the assets of a date. Shapes: ``[...]``, twice ``[..., T]`` → ``[...]``. NaN where
    rho is.
    """
    value, one, other = (np.asarray(x, dtype=np.float64) for x in (rho, product, square))
    n = one.shape[-1]
    _check(span, level)
    if n < _LEAST:
        return _nothing(value, level, n, span)
    lags = lags_of(n, span)
    first, second = longrun_variance(one, lags), longrun_variance(other, lags)
    both = 0.5 * (longrun_variance(one + other, lags) - first - second)
    statistic, _ = t_ratio(value, first / n)
    reach = fixed_b_quantile(0.5 + level / 2, lags / n) ** 2 / n
    bend, middle = 1.0 - reach * second, value - reach * both
    root = np.sqrt(np.maximum(middle**2 - bend * (value**2 - reach * first), 0.0))
    bounded = bend > 0
    safe = np.where(bounded, bend, 1.0)
    nothing = np.where(np.isnan(value), np.nan, 0.0)
    low = np.where(bounded, np.maximum((middle - root) / safe, -1.0), -1.0) + nothing
    high = np.where(bounded, np.minimum((middle + root) / safe, 1.0), 1.0) + nothing
    return Tested(value, low[()], high[()], statistic, fixed_b_p(statistic, lags / n), level, n, independent(n, span))


def ic_plain(score: ArrayLike, truth: ArrayLike, *, span: int, level: float) -> Tested:
    """Test a correlation as if its pairs were independent: ``t = ρ √((n-2)/(1-ρ²))``, interval by Fisher's z.

    Shapes: two of ``[..., T]`` → ``[...]``. Raises `DataError` on missing values. For pairs that do not overlap it is
    right.
    """
    s, y = complete(score, truth)
    n = s.shape[-1]
    _check(span, level)
    rho = ic(s, y)
    if n < _LEAST:
        return _nothing(rho, level, n, span)
    inner = np.clip(rho, -1 + 1e-15, 1 - 1e-15)
    statistic = np.asarray(inner * np.sqrt((n - 2) / (1 - inner**2)))[()]
    reach = norm.ppf(0.5 + level / 2) / sqrt(n - 3)
    low, high = np.tanh(np.arctanh(inner) - reach), np.tanh(np.arctanh(inner) + reach)
    return Tested(
        rho,
        low,
        high,
        statistic,
        np.asarray(2 * student.sf(np.abs(statistic), n - 2))[()],
        level,
        n,
        independent(n, span),
    )


def ic_apart(score: ArrayLike, truth: ArrayLike, *, span: int, level: float, first: int = 0) -> Tested:
    """Test the correlation over every `span`-th bar from `first` on: no two labels share a bar.

    Shapes: two of ``[..., T]`` → ``[...]``. The estimate is the correlation of the pairs kept. Raises `DataError` on
    missing values.

    >>> ic_apart(np.arange(50.0), np.arange(50.0) ** 2, span=5, level=0.95).n
    10
    """
    s, y = complete(score, truth)
    return ic_plain(s[..., first::span], y[..., first::span], span=1, level=level)


def standardised(side: FloatArray) -> FloatArray:
    """Centre and scale over the last axis (ddof 0); NaN where it does not vary beyond rounding."""
    centred = side - side.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True))
    largest = np.abs(side).max(axis=-1, keepdims=True, initial=0.0)
    return np.asarray(centred / np.where(deviation > _ROUNDING * largest, deviation, np.nan))


def _check(span: int, level: float) -> None:
    if span < 1 or not 0 < level < 1:
        raise SettingError("a test needs a span and a level", expected="span ≥ 1, 0 < level < 1", found=(span, level))


def _nothing(value: FloatArray, level: float, n: int, span: int) -> Tested:
    empty = np.full(np.shape(value), np.nan)[()]
    return Tested(value, empty, empty, empty, empty, level, n, independent(n, span))
