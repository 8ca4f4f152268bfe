"""Sampling: which training windows make a batch, and in which order batches come.

A plan is a function of (windows, seed, epoch) alone, so a training that goes on after a kill sees what it would have
seen. No batch is larger than the settings say, and every window comes once in an epoch, but for `drawn`.

- `drawn`: so many batches, each drawn at random from all windows; an iteration of the documents is one such batch.
- `shuffled`: at random over all windows, as the documents train.
- `by-date`: whole cross-sections, dates at random. Losses of the order within a date need it.
- `by-asset`: stretches of one asset, in time order, stretches at random: neighbours share most of their days.
"""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.component import Component
from tidegate.learn.chance import chance, order
from tidegate.types.axes import IntArray

__all__ = ["ByAsset", "ByDate", "Drawn", "Sampling", "Shuffled", "whole_dates"]


class Sampling(Component):
    """Training windows → the batches of one epoch."""

    family: ClassVar[str] = "sampling"
    keeps_dates: ClassVar[bool]
    """Whether the windows of a date come together, as far as one batch has room for them."""

    @abstractmethod
    def batches(
        self, which: IntArray, session: IntArray, asset: IntArray, batch: int, seed: int, epoch: int
    ) -> list[IntArray]:
        """Deal the positions `which` out into batches of at most `batch` windows.

        Shapes
            `session` and `asset` ``[M]`` are those of all windows; `which` points into them.
        """


class Shuffled(Sampling):
    """At random over all training windows; the last batch may be smaller.

    >>> at, none = np.arange(5), np.zeros(5, dtype=np.int64)
    >>> [part.size for part in Shuffled().batches(at, none, none, 2, seed=1, epoch=0)]
    [2, 2, 1]
    """

    name: ClassVar[str] = "shuffled"
    keeps_dates: ClassVar[bool] = False

    def batches(
        self,
        which: IntArray,
        session: IntArray,  # noqa: ARG002
        asset: IntArray,  # noqa: ARG002
        batch: int,
        seed: int,
        epoch: int,
    ) -> list[IntArray]:
        """Shuffle and cut."""
        drawn = order(which, seed, epoch)
        return [drawn[at : at + batch] for at in range(0, drawn.size, batch)]


class Drawn(Sampling):
    """So many batches, each drawn at random without repeats from all training windows; together they are an epoch.

    Source
        The multi-factor documents draw 1,000 of some 180,000 samples for each iteration.

    >>> at, none = np.arange(50), np.zeros(50, dtype=np.int64)
    >>> dealt = Drawn(count=3).batches(at, none, none, 20, seed=1, epoch=0)
    >>> [len(set(part.tolist())) for part in dealt]
    [20, 20, 20]
    """

    name: ClassVar[str] = "drawn"
    example: ClassVar[dict[str, Any]] = {"count": 100}
    keeps_dates: ClassVar[bool] = False

    count: int = Field(ge=1, description="batches in an epoch; iterations, as the documents count them")

    def batches(
        self,
        which: IntArray,
        session: IntArray,  # noqa: ARG002
        asset: IntArray,  # noqa: ARG002
        batch: int,
        seed: int,
        epoch: int,
    ) -> list[IntArray]:
        """Draw each batch anew."""
        source = chance(seed, "draws", epoch)
        size = min(batch, which.size)
        return [source.choice(which, size, replace=False, shuffle=False) for _ in range(self.count)]


class ByDate(Sampling):
    """Whole dates, in random order, as many to a batch as it has room for.

    A date of more windows than a batch is dealt at random into parts of nearly equal size, each a batch.

    >>> at, days, none = np.arange(6), np.array([0, 1, 2, 0, 1, 2]), np.zeros(6, dtype=np.int64)
    >>> sorted(part.tolist() for part in ByDate().batches(at, days, none, 3, seed=1, epoch=0))
    [[0, 3], [1, 4], [2, 5]]
    """

    name: ClassVar[str] = "by-date"
    keeps_dates: ClassVar[bool] = True

    def batches(
        self,
        which: IntArray,
        session: IntArray,
        asset: IntArray,  # noqa: ARG002
        batch: int,
        seed: int,
        epoch: int,
    ) -> list[IntArray]:
        """Shuffle the dates and fill batches with them."""
        source = chance(seed, "dates", epoch)
        dates = _grouped(which, session[which])
        pieces: list[IntArray] = []
        for at in source.permutation(len(dates)):
            held = dates[at]
            if held.size > batch:
                pieces.extend(
                    np.sort(part) for part in np.array_split(source.permutation(held), -(-held.size // batch))
                )
            else:
                pieces.append(held)
        return _filled(pieces, batch)


class ByAsset(Sampling):
    """Stretches of one asset in time order, cut anew each epoch, in random order; short ones share a batch.

    >>> at, none, of = np.arange(6), np.arange(6), np.array([0, 0, 0, 0, 1, 1])
    >>> sorted(part.tolist() for part in ByAsset().batches(at, none, of, 4, seed=2, epoch=0))
    [[0, 1, 2, 3], [4, 5]]
    """

    name: ClassVar[str] = "by-asset"
    keeps_dates: ClassVar[bool] = False

    def batches(
        self, which: IntArray, session: IntArray, asset: IntArray, batch: int, seed: int, epoch: int
    ) -> list[IntArray]:
        """Cut each asset's windows into stretches, and shuffle the stretches."""
        source = chance(seed, "stretches", epoch)
        pieces: list[IntArray] = []
        rising = which[np.argsort(session[which], kind="stable")]
        for held in _grouped(rising, asset[rising]):
            shift = int(source.integers(batch)) if held.size > batch else 0
            pieces.extend(part for part in np.split(held, range(shift, held.size, batch)) if part.size)
        return _filled([pieces[at] for at in source.permutation(len(pieces))], batch)


def whole_dates(which: IntArray, session: IntArray, size: int) -> list[IntArray]:
    """Put windows `which` into parts of whole dates, in time order, each of about `size` windows or one date.

    >>> [part.tolist() for part in whole_dates(np.arange(5), np.array([1, 0, 1, 0, 2]), 2)]
    [[1, 3], [0, 2], [4]]
    """
    return _filled(_grouped(which, session[which]), size)


def _grouped(which: IntArray, key: IntArray) -> list[IntArray]:
    """Windows of one key together, keys rising; within a key as they stand."""
    if not which.size:
        return []
    rising = np.argsort(key, kind="stable")
    edges = np.flatnonzero(np.diff(key[rising])) + 1
    return np.split(which[rising], edges)


def _filled(pieces: list[IntArray], batch: int) -> list[IntArray]:
    """Join neighbouring pieces while they fit into one batch."""
    made: list[IntArray] = []
    waiting: list[IntArray] = []
    room = batch
    for piece in pieces:
        if waiting and piece.size > room:
            made.append(np.concatenate(waiting))
            waiting, room = [], batch
        waiting.append(piece)
        room -= piece.size
    return [*made, np.concatenate(waiting)] if waiting else made
