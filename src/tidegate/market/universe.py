"""The universe: which assets a decision after the close of a session may choose among.

A universe is a few rules, each a function from what was known at that close to a mask. A mask's row *t* is for
decisions after CLOSE(t), filled in *t* + 1: whether an asset then trades is not known yet, and nothing here asks.
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.component import Component, Settings
from tidegate.errors import DataError
from tidegate.market.instruments import Instruments
from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray, frozen
from tidegate.types.bars import Bars

__all__ = ["Grid", "Removed", "Universe", "UniverseMask", "UniverseRule"]


@dataclass(frozen=True)
class Grid:
    """Daily bars as ``[T, N]`` arrays, made when they are asked for; what a rule reads.

    Known at
        Row *t* of everything at CLOSE(t); `instruments` tell no more than listings.
    Missing values
        NaN where an asset has no bar, or a bar no value.
    Errors
        `DataError` for bars shorter than a session.
    """

    bars: Bars
    instruments: Instruments | None = None

    def __post_init__(self) -> None:
        if self.bars.spec.frequency != "1d":
            raise DataError("a universe is made of daily bars", expected="1d", found=self.bars.spec.frequency)

    @cached_property
    def sessions(self) -> NDArray[np.datetime64]:
        """Trading days ``[T]``."""
        return self.bars.times.astype("datetime64[D]")

    @cached_property
    def trades(self) -> BoolArray:
        """Whether an asset has a bar that is not a suspension."""
        made = np.zeros((len(self.bars.times), len(self.bars.assets)), dtype=bool)
        places = np.repeat(np.arange(made.shape[1]), np.diff(self.bars.offsets))
        free = self.bars.column("suspended") != 1.0 if self.bars.has("suspended") else True
        made[self.bars.places, places] = free
        return frozen(made)

    @cached_property
    def there(self) -> BoolArray:
        """Whether an asset has been seen, and its last session is not known to be over."""
        seen = np.logical_or.accumulate(self.trades, axis=0)
        if self.instruments is not None:
            last = self.instruments.days("delisted", self.bars.assets)
            gone = ~np.isnat(last) & (self.sessions[:, None] > last)
            seen &= ~gone
        return frozen(seen)

    @cached_property
    def listed(self) -> NDArray[np.datetime64]:
        """Day of listing ``[N]``: as the instruments say, else that of the first bar."""
        first = self.bars.frame["session"].gather(self.bars.offsets[:-1]).to_numpy().astype("datetime64[D]")
        if self.instruments is None:
            return first
        told = self.instruments.days("listed", self.bars.assets)
        return np.where(np.isnat(told), first, np.minimum(told, first))

    def last(self, name: str) -> FloatArray:
        """Each asset's latest value of a column at each session ``[T, N]``, carried over suspensions."""
        held = self.bars.grid(name)
        rows = np.where(np.isnan(held), 0, np.arange(held.shape[0])[:, None])
        return np.take_along_axis(held, np.maximum.accumulate(rows, axis=0), axis=0)

    def column(self, name: str) -> FloatArray:
        """One raw column ``[T, N]``; raises `UnknownNameError` where the bars lack it."""
        return self.bars.grid(name)


class UniverseRule(Component):
    """What keeps an asset among those that a decision may choose."""

    family: ClassVar[str] = "universe"
    reads_files: ClassVar[bool] = False
    """Whether it needs files that the user brings along, so that its `example` cannot be read by a test."""

    @abstractmethod
    def keeps(self, grid: Grid) -> BoolArray:
        """Tell where ``[T, N]`` an asset passes, from what is known at CLOSE(t)."""

    def stamps(self, grid: Grid) -> tuple[str, ...]:  # noqa: ARG002
        """Tell what every result on this universe must say."""
        return ()

    def reads(self) -> str:
        """Hash what the rule reads beside bars and settings; empty where that is nothing."""
        return ""


class Removed(NamedTuple):
    """What one rule took away, in asset-sessions."""

    rule: str
    asked: int
    """Left by the rules before it."""
    removed: int
    """Taken away by this rule, of those."""
    alone: int
    """What it would take away if it stood first."""


@dataclass(frozen=True)
class UniverseMask:
    """The answer: row *t* is for decisions after CLOSE(t)."""

    times: TimeArray
    assets: tuple[str, ...]
    mask: BoolArray
    """``[T, N]``, read-only."""
    removed: tuple[Removed, ...]
    stamps: tuple[str, ...]

    @property
    def size(self) -> IntArray:
        """How many assets are left at each session ``[T]``."""
        return np.asarray(self.mask.sum(axis=1), dtype=np.int64)


class Universe(Settings):
    """Rules, in the order in which their work is counted; the mask itself does not depend on the order.

    Known at
        CLOSE(t), for orders filled in t + 1.
    Survivorship
        Bars that lack what has gone make every universe too good, and no rule can tell; a rule that knows of a gap says
        so in `stamps`.

    >>> from tidegate.market.universe_rules import ListingAge, Trading
    >>> from tidegate.testing.history import example_bars
    >>> made = Universe(rules=(Trading(), ListingAge(sessions=20))).of_bars(example_bars(sessions=60))
    >>> made.mask.shape, made.removed[1].rule, int(made.size[18]), int(made.size[19])
    ((60, 3), 'listing-age', 0, 1)
    """

    rules: tuple[UniverseRule, ...]

    def of_bars(self, bars: Bars, instruments: Instruments | None = None) -> UniverseMask:
        """Resolve the rules on some bars; raises `DataError` where the bars lack what a rule reads."""
        grid = Grid(bars, instruments)
        mask = grid.there.copy()
        removed = []
        for rule in self.rules:
            kept = rule.keeps(grid)
            left = mask & kept
            asked, alone = int(mask.sum()), int((grid.there & ~kept).sum())
            removed.append(Removed(rule.name, asked, asked - int(left.sum()), alone))
            mask = left
        stamps = tuple(dict.fromkeys(stamp for rule in self.rules for stamp in rule.stamps(grid)))
        return UniverseMask(bars.times, bars.assets, frozen(mask), tuple(removed), stamps)
