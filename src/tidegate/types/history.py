"""History: everything that a factor set may look at, and the rows at which it is asked.

Bars alone tell prices. Factors of value and growth want reports, factors of an industry want classes, and a study that
decides once a month wants its factors at the ends of months only. All of it stands in one record, so that a set has
one thing to read and a test has one thing to scramble.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl

from tidegate.types.axes import IntArray, frozen, require
from tidegate.types.bars import Bars
from tidegate.types.facts import Facts, PanelRows
from tidegate.types.memberships import Memberships, StaticClasses

__all__ = ["History", "Reported"]


@dataclass(frozen=True)
class Reported:
    """What is known of assets beside their bars: reports, classes, memberships; None where nothing is.

    Known at
        Facts and memberships as each row says; classes are static, which their stamps tell.
    """

    facts: Facts | None = None
    classes: StaticClasses | None = None
    memberships: Memberships | None = None

    def upto(self, day: date) -> "Reported":
        """Keep what was known at the close of a day; static classes stay as they are."""
        return Reported(None if self.facts is None else self.facts.upto(day), self.classes, self.memberships)

    @property
    def stamps(self) -> tuple[str, ...]:
        """What every report on them must say."""
        held = [one.stamps for one in (self.classes, self.memberships) if one is not None]
        return tuple(dict.fromkeys(stamp for stamps in held for stamp in stamps))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all tables: the same reports give the same digest on any machine."""
        digest = hashlib.sha256()
        for name, held in (("facts", self.facts), ("classes", self.classes), ("memberships", self.memberships)):
            digest.update(name.encode() + b"\0")
            for series in () if held is None else held.frame.get_columns():
                text = series.cast(pl.String) if series.dtype != pl.Float64 else series
                digest.update(series.name.encode() + series.is_null().to_numpy().tobytes())
                if series.dtype == pl.Float64:
                    digest.update(series.fill_null(0.0).to_numpy().tobytes())
                else:
                    digest.update("\0".join(text.fill_null("").to_list()).encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class History:
    """Bars, what is known beside them, and the rows that are wanted; made only through `History.of`.

    `bars` are all bars there are; `rows` is the table whose rows are wanted ``[R]``: the bars themselves, or coarser
    ones of the same assets (months), each labelled with a time at whose close it is known.

    Known at
        A row labelled *t* at CLOSE(t): bars up to *t*, facts usable by *t*.
    Missing values
        What a source does not have is None.

    >>> from tidegate.data.months import by_month
    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=60, assets=1)
    >>> History.of(bars, by_month(bars)).at.tolist()
    [18, 39]
    """

    bars: Bars
    rows: Bars
    reported: Reported

    @classmethod
    def of(cls, bars: Bars, rows: Bars | None = None, reported: Reported | None = None) -> "History":
        """Gather; raises `RecordError` where `rows` has other assets than the bars, or a row before its first bar."""
        made = cls(bars, bars if rows is None else rows, Reported() if reported is None else reported)
        require(
            holds=set(made.rows.assets) <= set(bars.assets), what="rows of assets that have no bars",
            found=sorted(set(made.rows.assets) - set(bars.assets))[:3],
        )  # fmt: skip
        require(holds=bool((made.at >= 0).all()), what="a row is labelled before its asset's first bar")
        return made

    @cached_property
    def at(self) -> IntArray:
        """The asset's last bar at or before each wanted row ``[R]``: a position among the rows of ``bars.frame``."""
        if self.rows is self.bars:
            return frozen(np.arange(self.bars.frame.height, dtype=np.int64))
        width = int(max(len(self.bars.times), 1)) + 1
        place = {asset: number for number, asset in enumerate(self.bars.assets)}
        held = np.repeat(np.arange(len(self.bars.assets)), np.diff(self.bars.offsets)) * width + self.bars.places
        asset = np.repeat([place[name] for name in self.rows.assets], np.diff(self.rows.offsets))
        label = np.searchsorted(self.bars.times, self.rows.times, side="right") - 1
        found = np.searchsorted(held, asset * width + label[self.rows.places], side="right") - 1
        own = (found >= 0) & (held[np.maximum(found, 0)] // width == asset)
        return frozen(np.where(own, found, -1).astype(np.int64))

    def upto(self, last: np.datetime64) -> "History":
        """What was known at the close of a bar: rows, bars and reports up to it."""
        bars = self.bars.upto(last)
        rows = bars if self.rows is self.bars else self.rows.upto(last)
        return History.of(bars, rows, self.reported.upto(last.astype("datetime64[D]").item()))

    @cached_property
    def wanted(self) -> PanelRows:
        """The wanted rows as facts are laid beside them."""
        return PanelRows.of(self.rows)
