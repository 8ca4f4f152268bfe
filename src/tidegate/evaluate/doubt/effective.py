"""How many trials were there really? Variants of one idea earn together, and count for fewer than they are.

Two answers stand beside the plain count:

    clusters    groups of trials that earn alike: average linkage, cut where correlation falls to one half
    number      how many *independent* trials would have as good a best one: the expected best of normals with the
                trials' own correlations, read backwards through the expected best of independent ones

The second is what deflation asks for. Clusters flatter: forty trials in eight clusters of correlation 0.8 are eight
ideas, but each cluster still sends five runners, and the best of all is as good as that of twenty strangers.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import brentq
from scipy.spatial.distance import squareform
from scipy.stats import norm

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.doubt.longrun import complete
from tidegate.evaluate.doubt.sharpe import Trials
from tidegate.measures.returns import sharpe
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["EffectiveTrials", "effective_trials", "expected_maximum"]

_ALIKE = 0.5
_DRAWS, _FEWEST, _CELLS = 20_000, 2_000, 8_000_000
_GRID = np.linspace(-9.0, 12.0, 4001)
_MATRIX, _LEAST = 2, 3


class EffectiveTrials(NamedTuple):
    """What K trials amount to."""

    raw: int
    """Trials that were given."""
    number: float
    """Independent trials whose best is as good, from 1 to K; deflate with its ceiling."""
    clusters: int
    """Groups of trials that earn alike."""
    labels: IntArray
    """Group of each trial ``[K]``, counted from 0 in the order of their first members."""
    ratios: FloatArray
    """Sharpe ratio per bar of each trial ``[K]``."""

    @property
    def trials(self) -> Trials:
        """Count and variance of the trials' ratios for `sharpe.deflated`: the raw ones."""
        kept = self.ratios[np.isfinite(self.ratios)]
        return Trials(self.raw, float(kept.var(ddof=1)) if kept.size > 1 else 0.0)


def effective_trials(
    returns: ArrayLike, *, alike: float = _ALIKE, generator: np.random.Generator | None = None
) -> EffectiveTrials:
    """Count the independent trials among K correlated ones.

    ``number`` solves ``E max(N independent) = E max(Z)``, ``Z ~ N(0, C)`` with C the correlations of the returns: the
    Sharpe ratios of worthless trials are correlated like their returns. The right side is drawn (about 1 % of error in
    the number), with the same draws' independent maximum as control.

    Parameters
    ----------
    returns
        Returns of K trials over the same T bars ``[K, T]``. Trials that do not vary (never in the market) count as one.
    alike
        Average correlation from which on two clusters are one.
    generator
        None: a generator of seed 0, so that equal returns give equal numbers.

    Known at
        The last bar.
    Missing values
        `DataError`: trials over different bars cannot be held beside each other.
    Errors
        `DataError` unless ``[K, T]`` with T ≥ 3; `SettingError` for `alike` outside 0 … 1.
    Source
        Clustering of trials: López de Prado and Lewis, "Detection of false investment strategies using unsupervised
        learning methods" (2019). The equivalent number of independent trials is our own.

    >>> rng = np.random.default_rng(0)
    >>> ideas = np.repeat(rng.normal(size=(4, 500)), 5, axis=0)
    >>> found = effective_trials(0.9 * ideas + 0.4 * rng.normal(size=(20, 500)))
    >>> found.raw, found.clusters, 5 < found.number < 9, found.labels[:6].tolist()
    (20, 4, True, [0, 0, 0, 0, 0, 1])
    """
    (moves,) = complete(returns)
    if moves.ndim != _MATRIX or not moves.shape[0] or moves.shape[1] < _LEAST:
        raise DataError("trials over the same bars are asked for", expected="[K, T], T ≥ 3", found=moves.shape)
    if not 0 < alike < 1:
        raise SettingError("how alike trials must be lies between 0 and 1", found=alike)
    ratios = np.asarray(sharpe(moves, periods_per_year=1.0))
    varies = np.ptp(moves, axis=1) > 0
    still = int((~varies).any())
    labels = np.full(len(moves), -1, dtype=np.int64)
    number = 0.0
    if varies.any():
        likeness = _likeness(moves[varies])
        labels[varies] = _clusters(likeness, alike)
        number = _equivalent(likeness, generator or np.random.default_rng(0))
    _, first, labels = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    return EffectiveTrials(len(moves), number + still, int(labels.max()) + 1, order[labels], ratios)


def expected_maximum(number: float) -> float:
    """Expected maximum of so many independent standard normals, ``∫ x dΦ(x)^N``, by quadrature; N need not be whole.

    `sharpe.expected_best` is the closed form that the literature uses for it, and 8 % off at two.

    >>> round(expected_maximum(2), 4), round(expected_maximum(100), 4)
    (0.5642, 2.5076)
    """
    law = np.exp(number * norm.logcdf(_GRID))
    step = float(_GRID[1] - _GRID[0])
    return float(_GRID[-1] - step * (law.sum() - 0.5 * (law[0] + law[-1])))


def _likeness(moves: FloatArray) -> FloatArray:
    centred = moves - moves.mean(axis=1, keepdims=True)
    unit = centred / np.sqrt((centred**2).sum(axis=1, keepdims=True))
    return np.asarray(np.clip(unit @ unit.T, -1.0, 1.0))


def _clusters(likeness: FloatArray, alike: float) -> IntArray:
    if len(likeness) == 1:
        return np.zeros(1, dtype=np.int64)
    apart = squareform(1.0 - likeness, checks=False)
    return np.asarray(fcluster(linkage(apart, "average"), 1.0 - alike, "distance"), dtype=np.int64)


def _equivalent(likeness: FloatArray, generator: np.random.Generator) -> float:
    count = len(likeness)
    if count == 1:
        return 1.0
    values, vectors = np.linalg.eigh(likeness)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    draws = max(_FEWEST, min(_DRAWS, _CELLS // count))
    free = generator.normal(size=(draws, count))
    ours, control = (free @ root).max(axis=1), free.max(axis=1)
    slope = float(np.cov(ours, control)[0, 1] / control.var(ddof=1))
    best = float(ours.mean() - slope * (control.mean() - expected_maximum(count)))
    if best <= 0.0:
        return 1.0
    if best >= expected_maximum(count):
        return float(count)
    return float(brentq(lambda n: expected_maximum(n) - best, 1.0, float(count), xtol=1e-6))
