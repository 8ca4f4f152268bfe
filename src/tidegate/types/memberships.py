"""Tables beside a panel that speak of assets and not of reports: classes, and who belonged to an index when.

A class that somebody looked up once is a *static* table: it says what an asset is called today and was applied to the
past by whoever uses it. It carries that as a stamp, which every report on it must show.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.errors import UnknownNameError
from tidegate.types.axes import BoolArray, IntArray, require
from tidegate.types.facts import PanelRows

__all__ = ["Memberships", "StaticClasses"]


@dataclass(frozen=True)
class StaticClasses:
    """Classes of assets as of one day, one row an asset, sorted; made through `StaticClasses.of`.

    Known at
        Not known point in time: *static*. A class of today may tell of a takeover or a change of trade still to come.
    Missing values
        Null: nobody classed the asset. It is neither a class nor a filter: what is gone is seldom classed, so that a
        missing class tells the future.

    >>> table = StaticClasses.of(pl.DataFrame({"asset": ["b", "a"], "sector": ["K", None]}), ())
    >>> table.names, table.stamps[0]
    (('sector',), 'Classes are static, not point in time.')
    """

    frame: pl.DataFrame
    stamps: tuple[str, ...]

    @classmethod
    def of(cls, frame: pl.DataFrame, stamps: tuple[str, ...]) -> "StaticClasses":
        """Check and sort; raises `RecordError` for an asset twice or missing."""
        require(holds="asset" in frame.columns, what="classes lack their assets", found=frame.columns)
        tidy = frame.select("asset", *sorted(name for name in frame.columns if name != "asset")).sort("asset")
        tidy = tidy.with_columns(pl.all().cast(pl.String))
        require(holds=tidy["asset"].null_count() == 0, what="a class has no asset")
        twice = tidy.filter(pl.col("asset").is_duplicated())
        require(holds=twice.is_empty(), what="an asset is classed twice", found=twice["asset"].to_list()[:1])
        told = "Classes are static, not point in time."
        return cls(tidy, (told, *(stamp for stamp in stamps if stamp != told)))

    @property
    def names(self) -> tuple[str, ...]:
        """What assets are classed by."""
        return tuple(self.frame.columns[1:])

    def classes(self, name: str) -> tuple[str, ...]:
        """The classes of one kind, sorted; raises `UnknownNameError`."""
        return tuple(self._column(name).drop_nulls().unique().sort().to_list())

    def codes(self, name: str, assets: tuple[str, ...]) -> IntArray:
        """Position of each asset's class among `classes` ``[N]``, -1 where it has none; raises `UnknownNameError`."""
        held = pl.DataFrame({"asset": self.frame["asset"], "class": self._column(name)})
        kinds = self.classes(name)
        told = pl.DataFrame({"class": kinds, "code": np.arange(len(kinds))}, schema_overrides={"class": pl.String})
        wanted = pl.DataFrame({"asset": assets}, schema={"asset": pl.String})
        found = wanted.join(held, on="asset", how="left", maintain_order="left").join(
            told, on="class", how="left", maintain_order="left"
        )
        return found["code"].fill_null(-1).to_numpy().astype(np.int64)

    def _column(self, name: str) -> pl.Series:
        if name not in self.names:
            raise UnknownNameError.among("class", name, self.names)
        return self.frame[name]


@dataclass(frozen=True)
class Memberships:
    """Who belonged to which index when: columns index, asset, since, until; made through `Memberships.of`.

    `since` is the first session as a member, `until` the first one that is no longer one; null where it stays.

    Known at
        OPEN(t): an index tells its changes before the session they hold from.
    """

    frame: pl.DataFrame
    stamps: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pl.DataFrame, stamps: tuple[str, ...] = ()) -> "Memberships":
        """Check and sort; raises `RecordError` for a spell that ends before it begins, or two that overlap."""
        kinds = {"index": pl.String(), "asset": pl.String(), "since": pl.Date(), "until": pl.Date()}
        missing = [name for name in kinds if name not in frame.columns]
        require(holds=not missing, what="memberships lack columns", expected=list(kinds), found=frame.columns)
        tidy = frame.select(pl.col(name).cast(kind) for name, kind in kinds.items()).sort("index", "asset", "since")
        blank = tidy.filter(pl.any_horizontal(pl.col("index", "asset", "since").is_null()))
        require(holds=blank.is_empty(), what="a spell lacks its index, asset or beginning", found=blank.rows()[:1])
        backwards = tidy.filter(pl.col("until") <= pl.col("since"))
        require(holds=backwards.is_empty(), what="a spell ends before it begins", found=backwards.rows()[:1])
        before = pl.col("until").shift(1).over("index", "asset")
        open_end = pl.col("until").is_null() & pl.col("since").shift(-1).over("index", "asset").is_not_null()
        overlap = tidy.filter((pl.col("since") < before) | open_end)
        require(holds=overlap.is_empty(), what="two spells of one member overlap", found=overlap.rows()[:1])
        return cls(tidy, stamps)

    @property
    def indexes(self) -> tuple[str, ...]:
        """The indexes, sorted."""
        return tuple(self.frame["index"].unique().sort().to_list())

    def as_of(self, index: str, rows: PanelRows) -> BoolArray:
        """Whether the asset of each row of a panel was a member on its session ``[R]``; raises `UnknownNameError`.

        >>> from datetime import date
        >>> days = np.array(["2015-06-12", "2015-06-15"], dtype="datetime64[D]")
        >>> spell = {"index": ["i"], "asset": ["a"], "since": [date(2015, 6, 15)], "until": [None]}
        >>> Memberships.of(pl.DataFrame(spell)).as_of("i", PanelRows(("a",), days, np.array([0, 2])))
        array([False,  True])
        """
        if index not in self.indexes:
            raise UnknownNameError.among("index", index, self.indexes)
        place = {asset: at for at, asset in enumerate(rows.assets)}
        member: BoolArray = np.zeros(len(rows.sessions), dtype=bool)
        for _, asset, since, until in self.frame.filter(pl.col("index") == index).iter_rows():
            if asset in place:
                first, end = rows.offsets[place[asset]], rows.offsets[place[asset] + 1]
                days = rows.sessions[first:end]
                begin = np.searchsorted(days, np.datetime64(since))
                stop = len(days) if until is None else np.searchsorted(days, np.datetime64(until))
                member[first + begin : first + stop] = True
        return member
