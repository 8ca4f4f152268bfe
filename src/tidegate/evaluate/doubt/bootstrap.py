"""The stationary block bootstrap, with blocks as long as the data asks, and studentised intervals.

Returns and forecasts are not independent, so they are resampled in blocks of random (geometric) length, which keeps
neighbours together and the resample stationary (Politis and Romano, 1994). The mean length is chosen from the
autocovariances (Politis and White, 2004, corrected by Patton, Politis and White, 2009). What is resampled is not the
statistic but its t ratio, each resample divided by its own standard error: intervals are then right to a higher order
than the naive percentiles, which are too short for a Sharpe ratio.

A *statistic* maps samples to estimates **and influence values** (``θ̂ - θ ≈ mean ψ_t``), which is all that a standard
error under dependence needs: one bootstrap serves means, Sharpe ratios and correlations alike.
"""

from collections.abc import Callable
from math import ceil, log10, sqrt
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import SettingError
from tidegate.evaluate.doubt.longrun import complete
from tidegate.evaluate.doubt.overlap import ic_influence
from tidegate.types.axes import BoolArray, FloatArray, IntArray

__all__ = [
    "Interval",
    "Statistic",
    "block_length",
    "correlation",
    "mean",
    "ratio",
    "resampled",
    "stationary_variance",
    "studentised",
]

Statistic: TypeAlias = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

_LEAST = 8
_CHUNK = 2_000_000


class Interval(NamedTuple):
    """An estimate, its interval, its two-sided p-value against zero, and the mean block length used."""

    estimate: float
    low: float
    high: float
    p_value: float
    level: float
    block: float
    resamples: int


def mean(sample: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean of a series and its influence values, ``x_t - x̄``. Shapes: ``[..., T]`` → ``[...]``, ``[..., T]``."""
    centre = sample.mean(axis=-1, keepdims=True)
    return centre[..., 0], sample - centre


def ratio(sample: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sharpe ratio per bar and its influence values, ``z_t - SR/2 (z_t² - 1)`` with z standardised.

    Shapes: ``[..., T]`` → ``[...]``, ``[..., T]``. ddof is 1 in the estimate. NaN where returns do not vary.
    """
    centre = sample.mean(axis=-1, keepdims=True)
    variance = sample.var(axis=-1, keepdims=True)
    deviation = np.sqrt(np.where(variance > 0, variance, np.nan))
    z = (sample - centre) / deviation
    sharpe = centre / deviation
    return (sharpe * sqrt(1 - 1 / sample.shape[-1]))[..., 0], z - 0.5 * sharpe * (z**2 - 1)


def correlation(sample: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Correlation of pairs over time and its influence values. Shapes: ``[..., 2, T]`` → ``[...]``, ``[..., T]``."""
    return ic_influence(sample[..., 0, :], sample[..., 1, :])


def block_length(series: ArrayLike) -> float:
    """Mean block length of the stationary bootstrap that the autocovariances ask for, ``(G²/ĝ(0)²)^{1/3} n^{1/3}``.

    ``G = Σ λ(k/M) |k| γ_k``, ``ĝ(0) = Σ λ(k/M) γ_k``, flat-top λ; M is twice the first of five lags in a row whose
    autocorrelations are within ``2 √(log₁₀ n / n)``. Shapes: ``[T]`` → bars, from 1 to ``min(3 √n, n/3)``. Raises
    `DataError` on missing values. Source: Politis and White (2004); Patton, Politis and White (2009).

    >>> block_length(np.ones(50))
    1.0
    """
    (values,) = complete(series)
    n = values.size
    if n < _LEAST or np.ptp(values) == 0:
        return 1.0
    centred = values - values.mean()
    quiet = max(5, int(log10(n)))
    longest = min(ceil(sqrt(n)) + quiet, n - 1)
    covariances = np.asarray([centred[k:] @ centred[: n - k] / n for k in range(longest + 1)])
    small = np.abs(covariances / covariances[0]) < 2 * sqrt(log10(n) / n)
    first = next((m for m in range(1, longest - quiet + 2) if bool(small[m : m + quiet].all())), longest)
    lags = min(2 * first, longest)
    k = np.arange(1, lags + 1)
    weights = np.minimum(1.0, 2 * (1 - k / lags))
    slope = 2 * float((weights * k * covariances[1 : lags + 1]).sum())
    level = float(covariances[0] + 2 * (weights * covariances[1 : lags + 1]).sum())
    wanted = float(np.cbrt((slope / level) ** 2 * n)) if level else 1.0
    return float(np.clip(wanted, 1.0, min(ceil(3 * sqrt(n)), n / 3)))


def resampled(n: int, block: float, resamples: int, generator: np.random.Generator) -> tuple[IntArray, BoolArray]:
    """Draw positions of stationary block resamples, and where each block begins.

    Blocks start anywhere with equal chance, have geometric length of mean `block`, and wrap round the end. Shapes:
    ``[resamples, n]`` twice. Raises `SettingError` for a block below 1. Source: Politis and Romano (1994).

    >>> rows, begins = resampled(6, 3.0, 2, np.random.default_rng(0))
    >>> rows.shape, bool(begins[:, 0].all()), bool(((np.diff(rows) % 6 == 1) | begins[:, 1:]).all())
    ((2, 6), True, True)
    """
    if block < 1 or n < 1:
        raise SettingError("a block has at least one bar", expected="≥ 1", found=block)
    begins = generator.random((resamples, n)) < 1.0 / block
    begins[:, 0] = True
    starts = generator.integers(0, n, (resamples, n))
    position = np.arange(n)
    begun = np.maximum.accumulate(np.where(begins, position, 0), axis=1)
    return (np.take_along_axis(starts, begun, axis=1) + position - begun) % n, begins


def studentised(
    sample: ArrayLike,
    statistic: Statistic,
    *,
    level: float,
    resamples: int,
    generator: np.random.Generator,
    block: float | None = None,
) -> Interval:
    """Symmetric studentised interval, ``θ̂ ± q · se`` with q the `level` quantile of ``|θ* - θ̂| / se*`` over resamples.

    ``se`` is the stationary bootstrap's own standard error of ``mean ψ`` (in closed form), ``se*`` that of a resample
    from its own blocks. Shapes: ``[T]``, or ``[2, T]`` for `correlation`. `block` None: `block_length` of the
    influence values. Missing values: `DataError`. NaN with fewer than 8
    bars or no variation. Source: Politis and Romano (1994), Hall (1992), Ledoit and Wolf (2008).

    >>> returns = np.random.default_rng(0).normal(0.001, 0.01, 300)
    >>> found = studentised(returns, ratio, level=0.95, resamples=199, generator=np.random.default_rng(1))
    >>> bool(found.low < found.estimate < found.high)
    True
    """
    (values,) = complete(sample)
    if resamples < _LEAST or not 0 < level < 1:
        raise SettingError(
            "an interval needs a level and resamples", expected="0 < level < 1", found=(level, resamples)
        )
    n = values.shape[-1]
    if n < _LEAST or bool((np.ptp(values, axis=-1) == 0).any()):
        return Interval(np.nan, np.nan, np.nan, np.nan, level, np.nan, 0)
    found, influence = statistic(values)
    length = block_length(influence) if block is None else float(block)
    error = sqrt(float(stationary_variance(influence, length)))
    drawn = [
        _ratios(values, statistic, float(found), length, part, generator)
        for part in _parts(resamples, max(1, _CHUNK // n))
    ]
    ratios = np.concatenate(drawn)
    reach = float(np.quantile(ratios, level, method="higher")) * error
    p_value = (1 + int((ratios >= abs(float(found)) / error).sum())) / (1 + resamples) if error else np.nan
    return Interval(float(found), float(found) - reach, float(found) + reach, p_value, level, length, resamples)


def _ratios(
    values: FloatArray,
    statistic: Statistic,
    found: float,
    length: float,
    resamples: int,
    generator: np.random.Generator,
) -> FloatArray:
    """``|θ* - θ̂| / se*`` of some resamples; a resample that does not vary counts as infinitely far."""
    n = values.shape[-1]
    rows, begins = resampled(n, length, resamples, generator)
    drawn = np.moveaxis(values[..., rows], -2, 0)
    theirs, influence = statistic(drawn)
    sums = np.add.reduceat(influence.ravel(), np.flatnonzero(begins.ravel()))
    owner = np.repeat(np.arange(resamples), begins.sum(axis=1))
    error = np.sqrt(np.bincount(owner, weights=sums**2, minlength=resamples)) / n
    valid = np.isfinite(theirs) & (error > 0)
    return np.asarray(np.where(valid, np.abs(theirs - found) / np.where(valid, error, 1.0), np.inf))


def stationary_variance(values: FloatArray, length: float) -> FloatArray:
    """Variance of the mean of a stationary resample, in closed form: no resample is drawn for it.

    ``[γ_0 + 2 Σ_k (1 - k/n) (1 - 1/L)^k γ_k] / n`` with circular autocovariances. Shapes: ``[..., n]`` → ``[...]``.
    Source: Politis and Romano (1994), lemma 1.

    >>> float(stationary_variance(np.array([1.0, -1.0, 1.0, -1.0]), 1.0))
    0.25
    """
    n = values.shape[-1]
    centred = values - values.mean(axis=-1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(centred)) ** 2
    circular = np.fft.irfft(spectrum, n=n) / n
    lag = np.arange(1, n)
    keep = 1.0 - 1.0 / length
    weights = (1 - lag / n) * keep**lag
    return np.asarray(np.maximum(circular[..., 0] + 2 * (circular[..., 1:] * weights).sum(axis=-1), 0.0) / n)[()]


def _parts(total: int, most: int) -> list[int]:
    return [min(most, total - done) for done in range(0, total, most)]
