"""How much of a Sharpe ratio is luck: of one track (PSR), of the best of many (DSR), and how long a track must be.

All take the Sharpe ratio **per bar** (``measures.returns.sharpe`` with ``periods_per_year=1``), skewness ``g3`` and
plain kurtosis ``g4`` (3 for a normal), and broadcast. They take returns to be independent over time; `bootstrap` does
not. Source: Bailey and López de Prado (2012, 2014).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from tidegate.errors import SettingError
from tidegate.types.axes import FloatArray

__all__ = ["Trials", "deflated", "expected_best", "minimum_track", "moments", "probabilistic"]


class Trials(NamedTuple):
    """What was tried before this one was shown: how many variants, and the variance of their Sharpe ratios per bar."""

    number: int
    variance: float


def moments(returns: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Skewness ``m3 / m2^{3/2}`` and plain kurtosis ``m4 / m2²``, population moments.

    Shapes: ``[..., T]`` → two of ``[...]``. NaN where returns are missing or do not vary.

    >>> [float(x) for x in moments([1.0, -1.0, 1.0, -1.0])]
    [0.0, 1.0]
    """
    values = np.asarray(returns, dtype=np.float64)
    centred = values - values.mean(axis=-1, keepdims=True)
    second = (centred**2).mean(axis=-1)
    second = np.where(second > 0, second, np.nan)
    return np.asarray((centred**3).mean(axis=-1) / second**1.5)[()], np.asarray((centred**4).mean(axis=-1) / second**2)[
        ()
    ]


def probabilistic(
    sharpe: ArrayLike, n: ArrayLike, skew: ArrayLike, kurtosis: ArrayLike, *, threshold: ArrayLike
) -> FloatArray:
    """Probability that the true Sharpe ratio per bar exceeds a threshold.

    ``PSR = Φ[(SR - SR*) √(n-1) / √(1 - g3 SR + (g4-1)/4 SR²)]``. Shapes broadcast → probabilities. Missing values: NaN.

    >>> round(float(probabilistic(0.1, 253, 0.0, 3.0, threshold=0.0)), 3)
    0.943
    """
    ratio = np.asarray(sharpe, dtype=np.float64)
    gap = ratio - np.asarray(threshold, dtype=np.float64)
    return np.asarray(norm.cdf(gap * np.sqrt(np.asarray(n) - 1.0) / np.sqrt(_spread(ratio, skew, kurtosis))))[()]


def expected_best(trials: Trials) -> float:
    """Sharpe ratio per bar to expect from the best of N worthless trials.

    ``sd · [(1-γ) Φ⁻¹(1 - 1/N) + γ Φ⁻¹(1 - 1/(N e))]``, γ Euler's constant; zero for one trial. Raises `SettingError`
    for fewer than one trial or a negative variance.

    >>> round(expected_best(Trials(100, 1.0)), 2), expected_best(Trials(1, 1.0))
    (2.53, 0.0)
    """
    if trials.number < 1 or not trials.variance >= 0:
        raise SettingError("trials are counted from one", expected="number ≥ 1, variance ≥ 0", found=tuple(trials))
    if trials.number == 1:
        return 0.0
    extremes = norm.ppf([1 - 1 / trials.number, 1 - 1 / (trials.number * np.e)])
    return float(np.sqrt(trials.variance) * ((1 - np.euler_gamma) * extremes[0] + np.euler_gamma * extremes[1]))


def deflated(sharpe: ArrayLike, n: ArrayLike, skew: ArrayLike, kurtosis: ArrayLike, *, trials: Trials) -> FloatArray:
    """Probability that the true Sharpe ratio exceeds zero, given that it is the best of `trials`.

    PSR with the threshold `expected_best`. Shapes broadcast → probabilities. Missing values: NaN. Raises
    `SettingError`.

    >>> round(float(deflated(0.1, 253, 0.0, 3.0, trials=Trials(1, 0.0))), 3)
    0.943
    """
    return probabilistic(sharpe, n, skew, kurtosis, threshold=expected_best(trials))


def minimum_track(
    sharpe: ArrayLike, skew: ArrayLike, kurtosis: ArrayLike, *, threshold: ArrayLike, confidence: float
) -> FloatArray:
    """Bars needed before a Sharpe ratio like this one tells a true one above `threshold` with this confidence.

    ``1 + [1 - g3 SR + (g4-1)/4 SR²] (Φ⁻¹(confidence) / (SR - SR*))²``. Shapes broadcast → bars; infinite where the
    ratio does not exceed the threshold. Missing values: NaN.

    >>> round(float(minimum_track(0.1, 0.0, 3.0, threshold=0.0, confidence=0.95)))
    273
    """
    ratio = np.asarray(sharpe, dtype=np.float64)
    gap = ratio - np.asarray(threshold, dtype=np.float64)
    bars = 1.0 + _spread(ratio, skew, kurtosis) * (norm.ppf(confidence) / np.where(gap == 0, np.nan, gap)) ** 2
    return np.asarray(np.where(gap <= 0, np.inf, bars))[()]


def _spread(ratio: FloatArray, skew: ArrayLike, kurtosis: ArrayLike) -> FloatArray:
    spread = 1.0 - np.asarray(skew) * ratio + (np.asarray(kurtosis) - 1.0) / 4.0 * ratio**2
    return np.asarray(np.where(spread > 0, spread, np.nan))
