"""Is the best of many strategies better than the benchmark, or only the luckiest? White's and Hansen's tests.

The best of K worthless strategies beats any benchmark, K willing. White's *reality check* asks how good the best would
look if none were better, by resampling all of them together in blocks, so that their likeness is kept. Hansen's test of
*superior predictive ability* divides each by its own standard error and does not let hopeless strategies, which White
counts as if they were just as good as the benchmark, hide a good one. Romano and Wolf's steps then say *which* beat it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.doubt.bootstrap import block_length, resampled, stationary_variance
from tidegate.evaluate.doubt.longrun import complete
from tidegate.types.axes import FloatArray

__all__ = ["Superior", "superior"]

_MATRIX, _LEAST = 2, 8
_CHUNK = 2_000_000


class Superior(NamedTuple):
    """What is left of the best of K strategies."""

    best: int
    """The strategy with the largest statistic."""
    statistic: float
    """``max(0, max_k √T d̄_k / ω_k)``; not divided by ω where not studentised."""
    p_value: float
    """Hansen's consistent p-value: that no strategy is better than the benchmark."""
    p_lower: float
    """As if all strategies that did worse were hopeless: too ready to find."""
    p_upper: float
    """As if all were as good as the benchmark; where not studentised, White's reality check."""
    p_each: FloatArray
    """Each strategy's own p-value ``[K]``, adjusted for all K (stepwise): those below 5 % beat the benchmark, and the
    chance of a single false one among them is 5 %."""
    block: float
    resamples: int


def superior(
    gains: ArrayLike,
    *,
    resamples: int,
    generator: np.random.Generator,
    block: float | None = None,
    studentised: bool = True,
) -> Superior:
    """Test whether any of K strategies has a mean gain above zero.

    ``V = max(0, max_k √T d̄_k / ω_k)`` against ``V* = max(0, max_k √T (d̄*_k - g_k) / ω_k)`` over stationary block
    resamples, ``ω²_k`` in closed form; ``g_k = d̄_k`` (upper), ``max(d̄_k, 0)`` (lower), or ``d̄_k`` where
    ``d̄_k ≥ -ω_k √(2 log log T / T)`` and else 0 (consistent). ``p = (1 + #{V* ≥ V}) / (1 + B)``, one-sided.

    Parameters
    ----------
    gains
        How much better than the benchmark each strategy did, bar by bar ``[K, T]``: its return less the benchmark's,
        or the benchmark's loss less its own.
    resamples
        B, from 99.
    block
        Mean block length in bars; None: the mean over strategies of `bootstrap.block_length`.
    studentised
        False: White's form, in which the strategy with the wildest gains speaks loudest.

    Known at
        The last bar.
    Missing values
        `DataError`. A strategy whose gains do not vary takes no part: NaN in `p_each`.
    Errors
        `DataError` unless ``[K, T]`` with T ≥ 8; `SettingError` for fewer than 99 resamples or a block below 1.
    Source
        White, "A reality check for data snooping" (2000); Hansen, "A test for superior predictive ability" (2005);
        Romano and Wolf, "Efficient computation of adjusted p-values for resampling-based stepdown multiple testing"
        (2016).

    >>> rng = np.random.default_rng(0)
    >>> noise = rng.normal(size=(30, 300))
    >>> none = superior(noise, resamples=199, generator=rng)
    >>> one = superior(noise + 0.3 * np.eye(30)[:, :1], resamples=199, generator=rng)
    >>> none.p_value > 0.05, one.best, one.p_value < 0.05, int((one.p_each < 0.05).sum())
    (True, 0, True, 1)
    """
    (held,) = complete(gains)
    if held.ndim != _MATRIX or not held.shape[0] or held.shape[1] < _LEAST:
        raise DataError("gains over the same bars are asked for", expected=f"[K, T], T ≥ {_LEAST}", found=held.shape)
    if resamples < 99:  # noqa: PLR2004 - one in a hundred is the smallest p-value that can be told
        raise SettingError("a p-value needs resamples", expected="99 or more", found=resamples)
    varies = np.ptp(held, axis=1) > 0
    moves = held[varies]
    n = held.shape[1]
    each = np.full(len(held), np.nan)
    if not len(moves):
        return Superior(-1, np.nan, np.nan, np.nan, np.nan, each, np.nan, 0)
    length = float(np.mean([block_length(one) for one in moves])) if block is None else float(block)
    error = np.sqrt(stationary_variance(moves, length))
    unit = error if studentised else np.full(len(moves), 1.0 / np.sqrt(n))
    mean = moves.mean(axis=1)
    drawn = _means(moves - mean[:, None], length, resamples, generator) / unit
    ratio = mean / unit
    statistic = max(0.0, float(ratio.max()))
    hopeless = mean < -error * np.sqrt(2 * np.log(np.log(n)))

    def chance(left: FloatArray) -> float:
        best = np.maximum((drawn + left / unit).max(axis=1), 0.0)
        return (1 + int((best >= statistic).sum())) / (1 + resamples)

    each[varies] = _stepwise(ratio, drawn)
    return Superior(
        int(np.flatnonzero(varies)[ratio.argmax()]),
        statistic,
        chance(np.where(hopeless, mean, 0.0)),
        chance(np.minimum(mean, 0.0)),
        chance(np.zeros_like(mean)),
        each,
        length,
        resamples,
    )


def _means(centred: FloatArray, length: float, resamples: int, generator: np.random.Generator) -> FloatArray:
    """Means of the strategies over each resample ``[B, K]``: how often each bar was drawn, times its gains."""
    n, done, found = centred.shape[1], 0, []
    while done < resamples:
        part = min(max(1, _CHUNK // n), resamples - done)
        rows, _ = resampled(n, length, part, generator)
        counts = np.bincount((rows + n * np.arange(part)[:, None]).ravel(), minlength=n * part).reshape(part, n)
        found.append(counts @ centred.T / n)
        done += part
    return np.concatenate(found)


def _stepwise(ratio: FloatArray, drawn: FloatArray) -> FloatArray:
    """Adjusted p-values ``[K]``: the j-th best against the best resample of those that are not better than it."""
    order = np.argsort(-ratio, kind="stable")
    best = np.maximum.accumulate(drawn[:, order][:, ::-1], axis=1)[:, ::-1]
    raw = (1 + (best >= ratio[order]).sum(axis=0)) / (1 + len(drawn))
    adjusted = np.empty_like(ratio)
    adjusted[order] = np.maximum.accumulate(raw)
    return adjusted
