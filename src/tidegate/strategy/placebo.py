"""Rivals that know nothing: random timing with the same spells in the market, and scores that speak of other assets.

A rule that is in the market 60 % of the time in a rising market earns money without knowing anything. Its placebos keep
everything but the moments: the spells in the market are put in another order, and so are the spells out of it, while
the two go on alternating as they did. A selection that turns over a rising universe earns money without knowing
anything either: its placebo is the same strategy on scores whose assets have changed places, once for the whole book,
so that scores that last go on lasting and the placebo trades about as much. Dealt out anew on each date they would not:
the placebo would then turn over more than the book that it judges, and pay more.
"""

from collections.abc import Iterator
from math import factorial

import numpy as np

from tidegate.errors import SettingError
from tidegate.types.axes import FloatArray, IntArray

__all__ = [
    "FEW_GATES",
    "arrangements",
    "permuted_assets",
    "random_gates",
    "random_scores",
    "random_spells",
    "shuffled_scores",
]

FEW_GATES = 100
"""A gate with fewer different arrangements has no placebos: a percentile among so few says nothing."""


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


def random_spells(gate: FloatArray, count: int, seed: int) -> FloatArray:
    """`count` placebos of a gate that tells how far it is open: ``[T]`` → ``[count, T]``.

    As `random_gates`, for a gate of many values: a spell is a run above 0, or a run that is not, and it keeps what it
    says inside. The spells above 0 change places among each other, and so do the others.

    Known at
        Never: a placebo knows the whole gate. It is a yardstick, not a strategy.

    >>> random_spells(np.array([-1.0, 3, 4, -2, -2, 5, -1]), count=2, seed=1).tolist()
    [[-1.0, 3.0, 4.0, -2.0, -2.0, 5.0, -1.0], [-2.0, -2.0, 5.0, -1.0, 3.0, 4.0, -1.0]]
    """
    lengths = _spells((gate > 0).astype(np.float64))[1]
    if count < 0:
        raise SettingError("a number of gates is needed", expected="count ≥ 0", found=count)
    spells = np.split(gate, np.cumsum(lengths)[:-1])
    generator = np.random.default_rng(seed)
    made = np.empty((count, len(gate)))
    for row in made:
        order = np.arange(len(spells))
        for first in (0, 1):
            order[first::2] = generator.permutation(order[first::2])
        row[:] = np.concatenate([spells[place] for place in order])
    return made


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


def permuted_assets(scores: FloatArray, assets: tuple[str, ...], seed: int) -> FloatArray:
    """Give each asset the scores of another, the same other one on all dates: ``[T, N]`` → ``[T, N]``.

    Formula
        One uniform permutation of the names is drawn. On each date an asset gets the score of the next one in its cycle
        that has a score there: the permutation that the drawn one leaves of that date's universe, uniform again.
    Known at
        Row *t* at CLOSE(t), as the scores are: a rival that could be traded.
    Missing values
        NaN and -inf stay where they are.

    Each date keeps its universe and its distribution of scores, and each series of scores its persistence, so that a
    strategy turns over about as much as on the scores themselves. Where the universe changes, only the neighbours in
    the cycle of what came or went get another's scores. Neither other dates nor the order of columns matter.

    >>> rows = np.array([[3.0, np.nan, 1.0, 2.0], [3.0, 5.0, 1.0, 2.0]])
    >>> permuted_assets(rows, ("a", "b", "c", "d"), seed=2).tolist()
    [[2.0, nan, 3.0, 1.0], [2.0, 1.0, 3.0, 5.0]]
    """
    _fitting(scores, assets)
    order = np.array(sorted(range(len(assets)), key=assets.__getitem__), dtype=np.int64)
    walk, cycle = _cycles(np.random.default_rng(seed).permutation(len(assets)))
    walk, made = order[walk], scores.copy()
    for date, row in enumerate(scores):
        there = np.flatnonzero(row[walk] > -np.inf)
        if there.size == 0:
            continue
        starts = np.flatnonzero(np.append(True, np.diff(cycle[there]) != 0))
        giver = np.arange(1, there.size + 1)
        giver[np.append(starts[1:], there.size) - 1] = starts
        made[date, walk[there]] = row[walk[there[giver]]]
    return made


def _cycles(permutation: IntArray) -> tuple[IntArray, IntArray]:
    """Places cycle by cycle, each followed by the one that it gets from, and the number of each one's cycle."""
    walk, cycle = np.empty(len(permutation), dtype=np.int64), np.empty(len(permutation), dtype=np.int64)
    seen, at = np.zeros(len(permutation), dtype=bool), 0
    for first in range(len(permutation)):
        place = first
        while not seen[place]:
            seen[place] = True
            walk[at], cycle[at] = place, first
            place, at = int(permutation[place]), at + 1
    return walk, cycle


def shuffled_scores(scores: FloatArray, assets: tuple[str, ...], seed: int) -> FloatArray:
    """Deal each date's scores out anew among the assets that had one: ``[T, N]`` → ``[T, N]``.

    Each date keeps its universe and its distribution of scores; what a score says of its asset is lost. A date's deal
    depends on the seed, its place and the assets' names, neither on other dates nor on the order of columns. Scores
    that last lose that too: where they do, this turns over more and pays more than what it is held against, and
    `permuted_assets` is the fairer rival.

    Known at
        Row *t* at CLOSE(t), as the scores are: a rival that could be traded.
    Missing values
        NaN and -inf stay where they are.

    >>> dealt = shuffled_scores(np.array([[3.0, np.nan, 1.0, 2.0]]), ("a", "b", "c", "d"), seed=2)
    >>> sorted(dealt[0, [0, 2, 3]].tolist()), bool(np.isnan(dealt[0, 1]))
    ([1.0, 2.0, 3.0], True)
    """
    made = scores.copy()
    for date, row, places in _by_name(scores, assets):
        made[date, places] = np.random.default_rng((seed, date)).permutation(row[places])
    return made


def random_scores(scores: FloatArray, assets: tuple[str, ...], seed: int) -> FloatArray:
    """Give each asset that had a score a random one, standard normal: ``[T, N]`` → ``[T, N]``.

    Known at
        Row *t* at CLOSE(t), as the scores are: a rival that could be traded.
    Missing values
        NaN and -inf stay where they are.

    >>> random_scores(np.array([[3.0, np.nan]]), ("a", "b"), seed=2).round(2).tolist()
    [[0.19, nan]]
    """
    made = scores.copy()
    for date, _, places in _by_name(scores, assets):
        made[date, places] = np.random.default_rng((seed, date)).standard_normal(len(places))
    return made


def _by_name(scores: FloatArray, assets: tuple[str, ...]) -> Iterator[tuple[int, FloatArray, IntArray]]:
    """Each date's row, and the places of what has a score in it, by name."""
    _fitting(scores, assets)
    order = np.array(sorted(range(len(assets)), key=assets.__getitem__), dtype=np.int64)
    for date, row in enumerate(scores):
        yield date, row, order[row[order] > -np.inf]


def _fitting(scores: FloatArray, assets: tuple[str, ...]) -> None:
    if scores.ndim != 2 or scores.shape[1] != len(assets):  # noqa: PLR2004
        raise SettingError("scores do not fit the assets", expected=("T", len(assets)), found=scores.shape)


def _spells(exposure: FloatArray) -> tuple[FloatArray, IntArray]:
    if exposure.ndim != 1 or exposure.size == 0 or not bool(np.isfinite(exposure).all()):
        raise SettingError("a gate is one row of finite exposures", expected="[T], T ≥ 1", found=exposure.shape)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(exposure) != 0) + 1])
    lengths = np.diff(np.append(starts, len(exposure)))
    return exposure[starts].astype(np.float64), lengths.astype(np.int64)
