"""Random timing that is exactly as much in the market, in spells of exactly the same lengths.

A rule that is in the market 60 % of the time in a rising market earns money without knowing anything. Its placebos keep
everything but the moments: the spells in the market are put in another order, and so are the spells out of it, while
the two go on alternating as they did.
"""

from math import factorial

import numpy as np

from tidegate.errors import SettingError
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["arrangements", "random_gates"]


def random_gates(exposure: FloatArray, count: int, seed: int) -> FloatArray:
    """`count` placebos of one gate: exposure ``[T]`` → ``[count, T]``.

    The sequence of values (in, out, in, …) stays, so each placebo starts and ends in the same state and has the same
    bars in the market and the same number of trades; for each value, the lengths of its spells are permuted, uniformly
    and independently. This holds for any number of values (-1, 0, 1). A gate with one spell of each value has no other
    arrangement, and all its placebos equal it: ask `arrangements` before believing a percentile.

    Known at
        Never: a placebo knows the whole gate's spells. It is a yardstick, not a strategy.

    >>> gates = random_gates(np.array([0.0, 1, 1, 0, 0, 0, 1, 0]), count=4, seed=7)
    >>> gates.shape, gates.sum(axis=1).tolist()
    ((4, 8), [3.0, 3.0, 3.0, 3.0])
    """
    values, lengths = _spells(exposure)
    if count < 0:
        raise SettingError("a number of gates is needed", expected="count ≥ 0", found=count)
    generator = np.random.default_rng(seed)
    drawn = np.tile(lengths, (count, 1))
    for value in np.unique(values):
        places = np.flatnonzero(values == value)
        drawn[:, places] = generator.permuted(drawn[:, places], axis=1)
    return np.repeat(np.tile(values, count), drawn.ravel()).reshape(count, len(exposure))


def arrangements(exposure: FloatArray) -> int:
    """How many different gates `random_gates` can draw, the given one among them.

    >>> arrangements(np.array([0.0, 1, 1, 0, 0, 0, 1, 0]))
    6
    """
    values, lengths = _spells(exposure)
    total = 1
    for value in np.unique(values):
        own = lengths[values == value]
        total *= factorial(len(own))
        for same in np.unique(own, return_counts=True)[1].tolist():
            total //= factorial(same)
    return total


def _spells(exposure: FloatArray) -> tuple[FloatArray, IntArray]:
    if exposure.ndim != 1 or exposure.size == 0 or not bool(np.isfinite(exposure).all()):
        raise SettingError("a gate is one row of finite exposures", expected="[T], T ≥ 1", found=exposure.shape)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(exposure) != 0) + 1])
    lengths = np.diff(np.append(starts, len(exposure)))
    return exposure[starts].astype(np.float64), lengths.astype(np.int64)
