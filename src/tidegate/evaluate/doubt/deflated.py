"""One track of returns, deflated: what its Sharpe ratio is worth when it was the best of many tries.

`sharpe` has the formulas on ratios and moments; here they are put together for returns, with one whole number from
outside: how many trials there were. Nobody can read that number off the returns. Where the trials' own returns are at
hand, `effective` says how many independent ones they amount to, and how much their ratios vary.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import SettingError
from tidegate.evaluate.doubt.longrun import complete
from tidegate.evaluate.doubt.sharpe import Trials, expected_best, minimum_track, moments, probabilistic
from tidegate.measures.returns import sharpe
from tidegate.types.axes import FloatArray

__all__ = ["Deflated", "deflated_sharpe"]

_LEAST = 3


class Deflated(NamedTuple):
    """A Sharpe ratio per bar ``[...]`` with what deflates it."""

    sharpe: FloatArray
    """Mean over standard deviation (ddof 1), per bar."""
    probabilistic: FloatArray
    """Probability that the true ratio is above zero, for one trial (PSR)."""
    hurdle: float
    """Ratio per bar to expect from the best of as many worthless trials."""
    deflated: FloatArray
    """Probability that the true ratio is above the hurdle (DSR)."""
    minimum_track: FloatArray
    """Bars needed before such a ratio exceeds the hurdle at `confidence`; infinite where it is not above it."""
    trials: int
    confidence: float
    n: int


def deflated_sharpe(
    returns: ArrayLike, *, trials: int, variance: float | None = None, confidence: float = 0.95
) -> Deflated:
    """Deflate the Sharpe ratio of returns that are the best of `trials`.

    ``DSR = PSR(SR*)``, ``SR* = sd · [(1-γ) Φ⁻¹(1 - 1/N) + γ Φ⁻¹(1 - 1/(N e))]``, N the trials, ``sd²`` the `variance`
    of their ratios per bar. None takes ``1 / (T - 1)``, that of worthless and independent ones: then N alone matters.

    Parameters
    ----------
    returns
        Simple returns a bar ``[..., T]``, fractions, net of costs; leading axes are judged at once.
    trials
        How many variants were tried before this one was shown, itself among them; from 1.
    variance
        Variance of the trials' Sharpe ratios **per bar**.
    confidence
        For the minimum track length.

    Known at
        The last bar.
    Missing values
        `DataError`. NaN with fewer than three bars, or where returns do not vary.
    Errors
        `SettingError` for fewer than one trial, a negative variance, a confidence outside ½ … 1.
    Source
        Bailey and López de Prado, "The Sharpe ratio efficient frontier" (2012), "The deflated Sharpe ratio" (2014).

    >>> track = np.random.default_rng(4).normal(0.0008, 0.01, 750)
    >>> once, often = (deflated_sharpe(track, trials=n) for n in (1, 100))
    >>> round(float(once.deflated), 3), round(float(often.deflated), 3), bool(once.deflated == once.probabilistic)
    (0.989, 0.404, True)
    """
    (moves,) = complete(returns)
    n = moves.shape[-1]
    if not 0.5 < confidence < 1:  # noqa: PLR2004 - the upper half
        raise SettingError("a confidence lies between one half and one", found=confidence)
    spread = 1.0 / max(n - 1, 1) if variance is None else variance
    hurdle = expected_best(Trials(trials, spread))
    ratio = np.asarray(sharpe(moves, periods_per_year=1.0)) if n >= _LEAST else np.full(moves.shape[:-1], np.nan)
    skew, kurtosis = moments(moves) if n >= _LEAST else (ratio, ratio)
    bars = minimum_track(ratio, skew, kurtosis, threshold=hurdle, confidence=confidence)
    track = np.where(np.isnan(ratio), np.nan, bars)[()]
    return Deflated(
        ratio[()],
        probabilistic(ratio, n, skew, kurtosis, threshold=0.0),
        hurdle,
        probabilistic(ratio, n, skew, kurtosis, threshold=hurdle),
        track,
        trials,
        confidence,
        n,
    )
