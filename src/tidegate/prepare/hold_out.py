"""The family of hold-outs: which windows are learned from, and which are kept to judge by.

A `Split` parts time, and its folds can't leak by their form. Published work also parts windows at random, by stock or
by month. Such a protocol can be run here, but not unseen: each part carries the stamp of what its protocol leaks, and
`shared` counts what the two sides have in common, whatever the protocol says of itself.
"""

import hashlib
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.component import Component
from tidegate.errors import ClockError, SettingError
from tidegate.prepare.split import Split
from tidegate.types.axes import BoolArray, IntArray, frozen, require
from tidegate.types.windows import Windows

__all__ = ["ByMonth", "ByStock", "ByTime", "HoldOut", "Part", "RandomWindows", "Shared", "part_within", "shared"]


@dataclass(frozen=True)
class Part:
    """One pair of sides: `training` and `held` ``[M]``, disjoint, every window with a target; made only by `Part.of`.

    `stamp` is what must be said beside every number judged on `held`; empty where nothing after the cut was learned.
    """

    index: int
    training: BoolArray
    held: BoolArray
    stamp: str

    @classmethod
    def of(cls, index: int, windows: Windows, training: BoolArray, held: BoolArray, stamp: str) -> "Part":
        """Keep windows with a target; raises `ClockError` where one is on both sides, or no stamp says what leaks."""
        told = ~np.isnan(windows.target)
        training, held = training & told, held & told
        for what, side in (("to learn from", training), ("held out", held)):
            require(holds=bool(side.any()), what=f"no window is {what}", hint="another share, seed or range of dates")
        if bool((training & held).any()):
            raise ClockError("windows are both learned from and judged", found=int((training & held).sum()))
        if not stamp and windows.known[training].max() >= windows.anchor_time[held].min():
            raise ClockError("a target is learned that is known after the first window judged, and no stamp says so")
        return cls(index, frozen(training), frozen(held), stamp)


class HoldOut(Component):
    """A rule that parts windows; it looks at names, times and clocks, never at a value.

    Known at
        A part without a stamp trains on targets known before its first held anchor. The others say what they leak.
    """

    family: ClassVar[str] = "hold-out"

    @abstractmethod
    def parts(self, windows: Windows) -> tuple[Part, ...]:
        """Part the windows; raises `RecordError` where a side would be empty."""


class RandomWindows(HoldOut):
    """A share of the windows, drawn at random: as published, and leaking.

    Known at
        Never lawful: a held window's dates, and all its rows but one, are learned from.
    Source
        The multi-factor documents hold out 10 % at random.
    """

    name: ClassVar[str] = "random-windows"
    example: ClassVar[dict[str, Any]] = {"share": 0.1, "seed": 0}

    share: float = Field(gt=0, lt=1, description="share of the windows that is held out")
    seed: int = Field(ge=0, description="another seed is another draw")

    def parts(self, windows: Windows) -> tuple[Part, ...]:
        """Draw by a hash of stock and time: one window's lot doesn't depend on which others there are."""
        held = _numbers(_names(windows), self.seed) < self.share
        stamp = (
            "LEAKS: windows drawn at random; windows of the same stock that share all months but one, and other stocks "
            "of the same months, stand on both sides."
        )
        return (Part.of(0, windows, ~held, held, stamp),)


class ByStock(HoldOut):
    """A share of the stocks with all their windows.

    Known at
        Never lawful: the months that are judged are learned from, on other stocks.
    """

    name: ClassVar[str] = "by-stock"
    example: ClassVar[dict[str, Any]] = {"share": 0.1, "seed": 0}

    share: float = Field(gt=0, lt=1, description="share of the stocks that is held out")
    seed: int = Field(ge=0, description="another seed is another draw")

    def parts(self, windows: Windows) -> tuple[Part, ...]:
        """Draw stocks."""
        stock = windows.panel.row_asset[windows.anchors]
        held = _drawn(windows.panel.assets, np.unique(stock), self.share, self.seed)[stock]
        stamp = "LEAKS: held out by stock; what the market did in a month that is judged is learned from other stocks."
        return (Part.of(0, windows, ~held, held, stamp),)


class ByMonth(HoldOut):
    """A share of the calendar months with all anchors in them; targets that reach into one are purged from training.

    Purged is a training window whose stretch from anchor to target overlaps that of a held one, on either side.

    Known at
        Never lawful: months after those judged are learned from, and their windows look back on them.
    """

    name: ClassVar[str] = "by-month"
    example: ClassVar[dict[str, Any]] = {"share": 0.1, "seed": 0}

    share: float = Field(gt=0, lt=1, description="share of the months that is held out")
    seed: int = Field(ge=0, description="another seed is another draw")

    def parts(self, windows: Windows) -> tuple[Part, ...]:
        """Draw months, then purge."""
        month = windows.panel.times[windows.anchor_time].astype("datetime64[M]")
        months, which = np.unique(month, return_inverse=True)
        held = _drawn(tuple(str(one) for one in months), np.arange(len(months)), self.share, self.seed)[which]
        stamp = "LEAKS: held out by month; later months are learned from, and their windows look back on those judged."
        return (Part.of(0, windows, ~held & ~_overlapping(windows, held), held, stamp),)


class ByTime(HoldOut):
    """The folds of a split: learn from what was known by then, judge what comes after. Purged by the horizon.

    With ``{"name": "walk-forward", "every": "year"}`` each year is judged by what was known before it.

    Known at
        A fold trains on targets known before its test range begins.
    """

    name: ClassVar[str] = "by-time"
    example: ClassVar[dict[str, Any]] = {
        "split": {"name": "walk-forward", "first_test": "2014-05-01", "every": "month"}
    }

    split: Split = Field(description="how time is parted")

    def parts(self, windows: Windows) -> tuple[Part, ...]:
        """A part for every fold in which both sides have windows."""
        made: list[Part] = []
        for fold in self.split.folds(windows.panel.times):
            training, held = fold.training(windows), fold.testing(windows) & ~np.isnan(windows.target)
            if training.any() and held.any():
                made.append(Part.of(len(made), windows, training, held, ""))
        if not made:
            raise SettingError("no fold has windows on both sides", where=self.name, hint="move the split's dates")
        return tuple(made)


def part_within(hold_out: HoldOut, windows: Windows, among: BoolArray) -> Part:
    """The last part of the windows `among` ``[M]`` alone, as masks of all windows.

    A learning range parted this way never sees a window outside it, whatever the protocol.
    """
    which = np.flatnonzero(among)
    part = hold_out.parts(windows.take(which))[-1]
    training, held = np.zeros(len(windows), dtype=bool), np.zeros(len(windows), dtype=bool)
    training[which], held[which] = part.training, part.held
    return Part.of(part.index, windows, training, held, part.stamp)


@dataclass(frozen=True)
class Shared:
    """What both sides of a part have in common, as counts of held windows.

    `inputs`: some training window of the same asset sees one of their rows. `targets`: one of the same asset has a
    target over some of the same bars. `dates`: some training window of any asset has the same anchor bar. `later`:
    training windows whose target is known only after the first held anchor. Where `later` is 0, shared inputs are the
    past of both and no leak.
    """

    held: int
    inputs: int
    targets: int
    dates: int
    later: int


def shared(windows: Windows, part: Part) -> Shared:
    """Count what leaks, from the windows themselves.

    Known at
        An audit: it looks at clocks and rows, not at values.
    """
    train, held = np.flatnonzero(part.training), np.flatnonzero(part.held)
    first = windows.anchors - windows.lookback + 1
    panel, width = windows.panel, len(windows.panel.times) + 2
    base = panel.row_asset[windows.anchors] * width
    when = windows.anchor_time
    return Shared(
        held=len(held),
        inputs=int(_meets(first[held], windows.anchors[held], first[train], windows.anchors[train]).sum()),
        targets=int(
            _meets(
                (base + when + 1)[held],
                (base + windows.known)[held],
                (base + when + 1)[train],
                (base + windows.known)[train],
            ).sum()
        ),
        dates=int(np.isin(when[held], when[train]).sum()),
        later=int((windows.known[train] > when[held].min()).sum()),
    )


def _meets(begin: IntArray, end: IntArray, others_begin: IntArray, others_end: IntArray) -> BoolArray:
    """Whether a stretch, ends included, meets any of the others: more have begun by its end than ended before it."""
    begun = np.searchsorted(np.sort(others_begin), end, side="right")
    ended = np.searchsorted(np.sort(others_end), begin, side="left")
    return np.asarray(begun > ended)


def _overlapping(windows: Windows, held: BoolArray) -> BoolArray:
    """Windows whose bars from anchor to target, the anchor's own left out, meet those of a held one."""
    begin, end = windows.anchor_time + 1, windows.known
    return _meets(begin, end, begin[held], end[held])


def _names(windows: Windows) -> Iterable[str]:
    panel = windows.panel
    assets = np.array(panel.assets, dtype=object)[panel.row_asset[windows.anchors]]
    times = panel.times[windows.anchor_time].astype("datetime64[s]").astype(str)
    return (f"{asset}/{time}" for asset, time in zip(assets, times, strict=True))


def _numbers(names: Iterable[str], seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A number in [0, 1) for each name: a function of name and seed alone."""
    digests = (hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest() for name in names)
    return np.array([int.from_bytes(digest, "little") >> 11 for digest in digests], dtype=np.float64) * 2.0**-53


def _drawn(names: tuple[str, ...], among: IntArray, share: float, seed: int) -> BoolArray:
    """Mark the share of the `among` with the lowest numbers, at least one of them."""
    lots = _numbers((names[at] for at in among), seed)
    marked = np.zeros(len(names), dtype=bool)
    marked[among[np.argsort(lots)[: max(1, round(share * len(among)))]]] = True
    return marked
