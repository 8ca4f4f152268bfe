"""How often does the variant that was best so far fall behind afterwards? Combinatorially symmetric cross-validation.

The bars are cut into S blocks. Each choice of half of them is once the past and its complement the future: the variant
with the best Sharpe ratio inside is looked up outside. The share of choices in which it ranks below the median there
is the *probability of backtest overfitting* (PBO): one half where picking is blind. One figure of it is noisy (the
choices share blocks, and are one stretch of history), so the record keeps every choice for a histogram.

Block sums make it quick: mean and variance of any union of blocks are sums of theirs, so all 12,870 halves of sixteen
blocks are one matrix product.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.doubt.longrun import complete
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Overfitting", "overfitting"]

_MATRIX, _PAIR, _MOST = 2, 2, 20
_CHUNK = 4_000_000


class Overfitting(NamedTuple):
    """What became of the best variant, choice by choice ``[C]``."""

    logits: FloatArray
    """``log(r / (1 - r))`` of the best variant's relative rank outside, r from 1/(K+1) to K/(K+1); 0 is the median."""
    inside: FloatArray
    """Sharpe ratio per bar of the best variant inside."""
    outside: FloatArray
    """Its ratio outside."""
    best: IntArray
    """Which variant it was."""
    probability: float
    """PBO: share of choices below the median outside; those at the median count half."""
    loss: float
    """Share of choices in which it lost money outside."""
    slope: float
    """Slope of `outside` over `inside`; NaN where `inside` does not vary."""
    variants: int
    blocks: int


def overfitting(returns: ArrayLike, *, blocks: int = 16) -> Overfitting:
    """Cross-validate the choice of the best of K variants in all ``C(S, S/2)`` ways.

    ``PBO = mean[logit < 0] + ½ mean[logit = 0]``.

    Parameters
    ----------
    returns
        Returns of K variants over the same T bars ``[K, T]``, net of costs.
    blocks
        S, even, from 2 to 20; blocks are neighbours in time and differ by at most one bar in length.

    Known at
        The last bar: this judges a search that is over.
    Missing values
        `DataError`. A variant that does not vary within a choice has a ratio of 0 there.
    Errors
        `DataError` for fewer than two variants, or fewer than two bars a block; `SettingError` for odd or too many
        blocks.
    Source
        Bailey, Borwein, López de Prado and Zhu, "The probability of backtest overfitting" (2017).

    >>> noise = np.random.default_rng(0).normal(size=(10, 800))
    >>> blind, skilled = overfitting(noise, blocks=8), overfitting(noise + np.eye(10)[:, :1] * 0.3, blocks=8)
    >>> blind.logits.size, blind.probability > 0.2, skilled.probability
    (70, True, 0.0)
    """
    (moves,) = complete(returns)
    if moves.ndim != _MATRIX or moves.shape[0] < _PAIR or moves.shape[1] < _PAIR * blocks:
        raise DataError(
            "variants over the same bars are asked for",
            expected=f"[K, T], K ≥ 2, T ≥ {_PAIR * blocks}",
            found=moves.shape,
        )
    if blocks % 2 or not _PAIR <= blocks <= _MOST:
        raise SettingError("halves need an even number of blocks", expected=f"even, 2 … {_MOST}", found=blocks)
    ratios = _ratios(moves, blocks)
    after = ratios[::-1]  # in this order of choices, the complement of the first is the last
    best = ratios.argmax(axis=1)
    every = np.arange(len(ratios))
    inside, outside = ratios[every, best], after[every, best]
    rank = _ranks(after, outside) / (len(moves) + 1)
    logits = np.log(rank / (1 - rank))
    varies = np.ptp(inside) > 0
    slope = float(np.cov(inside, outside)[0, 1] / inside.var(ddof=1)) if varies else float("nan")
    share = float((rank < 0.5).mean() + 0.5 * (rank == 0.5).mean())  # noqa: PLR2004 - the median
    return Overfitting(logits, inside, outside, best, share, float((outside < 0).mean()), slope, len(moves), blocks)


def _ratios(moves: FloatArray, blocks: int) -> FloatArray:
    """Sharpe ratio per bar of each variant over each choice of half of the blocks ``[C, K]``."""
    edges = np.linspace(0, moves.shape[1], blocks + 1).round().astype(np.int64)
    middle = moves.mean(axis=1, keepdims=True)
    centred = moves - middle
    centred[np.abs(centred) <= np.finfo(np.float64).eps * np.abs(middle)] = 0.0
    first, second = (np.add.reduceat(side, edges[:-1], axis=1).T for side in (centred, centred**2))
    chosen = np.array(list(combinations(range(blocks), blocks // 2)))
    taken = np.zeros((len(chosen), blocks))
    np.put_along_axis(taken, chosen, 1.0, axis=1)
    n = (taken @ np.diff(edges))[:, None]
    total, squares = taken @ first, taken @ second
    variance = (squares - total**2 / n) / (n - 1)
    scale = squares / n
    mean = middle[:, 0] + total / n
    varies = variance > np.finfo(np.float64).eps * np.maximum(scale, 1e-300) * moves.shape[1]
    return np.asarray(np.where(varies, mean / np.sqrt(np.where(varies, variance, 1.0)), 0.0))


def _ranks(values: FloatArray, one: FloatArray) -> FloatArray:
    """Rank of `one` ``[C]`` among `values` ``[C, K]``, from 1; equals share their average."""
    step = max(1, _CHUNK // values.shape[1])
    found = [
        (values[at : at + step] < one[at : at + step, None]).sum(axis=1)
        + 0.5 * ((values[at : at + step] == one[at : at + step, None]).sum(axis=1) + 1)
        for at in range(0, len(values), step)
    ]
    return np.concatenate(found)
