"""Members of an index as a rule of a universe, from a file of spells or from what the store keeps beside a dataset.

The table speaks for the days between its first beginning and the last day that it names. What lies outside is
*unknown*: the rule refuses it, or, where you say so, keeps nobody there; it never carries a list on by itself.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from tidegate.component import fingerprint
from tidegate.data.fact_store import read_memberships_of
from tidegate.data.fact_tables import read_memberships
from tidegate.data.store import Store
from tidegate.errors import DataError, SettingError, UnknownNameError
from tidegate.market.universe import Grid, UniverseRule
from tidegate.market.universe_rules import Membership, spells_of
from tidegate.types.axes import BoolArray
from tidegate.types.memberships import Memberships

__all__ = ["MemberOf"]

_DAY = timedelta(days=1)


class MemberOf(UniverseRule):
    """Keeps the members of an index on each session, by a table of spells that lies in a file or in the store.

    Spells are asset, since, until; `until` is the first session as no longer a member. Codes are compared by number and
    exchange. The table covers the sessions from its earliest `since` to the last one that it speaks of: its latest
    `since`, or the day before its latest `until`; or to `known_until`, where you know that it was complete then.

    Known at
        Before OPEN(t): a change is announced before it comes into force, and is not used earlier.
    Errors
        `DataError` for a session outside the table, unless `outside` is "nobody"; `FileRefusedError`,
        `UnknownNameError` for a file, a dataset or an index that is not there.
    Survivorship
        As `tidegate.market.universe_rules.Membership`: said in `stamps`.
    """

    name: ClassVar[str] = "member-of"
    example: ClassVar[dict[str, Any]] = {"index": "csi300", "path": "csi300_members.tsv", "complete": True}
    reads_files: ClassVar[bool] = True

    index: str = Field(description="the index, for example csi300")
    path: str | None = Field(default=None, description="a file of spells; null to read a dataset's")
    dataset: str | None = Field(default=None, description="a dataset of the store that keeps spells beside its bars")
    complete: bool = Field(description="whether the table is known to hold every member, gone ones included")
    count: int | None = Field(default=None, ge=1, description="how many members the index has; null where it varies")
    known_until: date | None = Field(default=None, description="last day that the table is known to cover")
    outside: Literal["refuse", "nobody"] = Field(
        default="refuse", description="sessions that the table does not cover: refuse them, or keep nobody there"
    )

    @model_validator(mode="after")
    def _one_place(self) -> "MemberOf":
        if (self.path is None) == (self.dataset is None):
            raise SettingError(
                "members come from one place", expected="either `path` or `dataset`", found=(self.path, self.dataset)
            )
        return self

    def keeps(self, grid: Grid) -> BoolArray:
        """Lay the spells on the axes; raises `DataError` outside the table."""
        frame = self._spells()
        covered = self._covered(frame, grid)
        kept = self._rule(frame).keeps(grid)
        kept[~covered] = False
        return kept

    def stamps(self, grid: Grid) -> tuple[str, ...]:
        """Say what the table lacks over these sessions."""
        frame = self._spells()
        covered = self._covered(frame, grid)
        told = self._rule(frame).stamps(grid)
        if bool(covered.all()):
            return told
        first, last = self._ends(frame)
        out = int((~covered).sum())
        return (
            *told,
            f"Members of {self.index} are known from {first} to {last}: on {out} sessions outside, nobody is kept.",
        )

    def reads(self) -> str:
        """Hash the spells."""
        return fingerprint(self._spells().with_columns(pl.all().cast(pl.String)).rows())

    def _spells(self) -> pl.DataFrame:
        """Read this index's spells: columns asset, since, until."""
        held = self._held()
        if self.index not in held.indexes:
            raise UnknownNameError.among("index", self.index, held.indexes, where=self.path or self.dataset)
        return held.frame.filter(pl.col("index") == self.index).drop("index")

    def _held(self) -> Memberships:
        if self.path is not None:
            return read_memberships([Path(self.path)], index=self.index)
        assert self.dataset is not None
        held = read_memberships_of(Store.default(), self.dataset)
        if held is None:
            raise DataError(
                "no memberships are kept beside the dataset", where=self.dataset,
                hint="import its folder again with a file <index>_members.tsv in it, or name a `path`",
            )  # fmt: skip
        return held

    def _ends(self, frame: pl.DataFrame) -> tuple[date, date]:
        """First and last day that the table speaks of."""
        told = [*frame["since"], *(until - _DAY for until in frame["until"].drop_nulls())]
        return min(told), max(told) if self.known_until is None else self.known_until

    def _covered(self, frame: pl.DataFrame, grid: Grid) -> BoolArray:
        """Sessions ``[T]`` that the table covers."""
        first, last = self._ends(frame)
        covered = (grid.sessions >= np.datetime64(first)) & (grid.sessions <= np.datetime64(last))
        if self.outside == "refuse" and not bool(covered.all()):
            raise DataError(
                f"unknown: the members of {self.index}", where=grid.sessions[~covered][0],
                expected=f"{first} … {last}", found=f"{int((~covered).sum())} sessions outside",
                hint="shorten the span, say `known_until`, or keep nobody there: outside='nobody'",
            )  # fmt: skip
        return np.asarray(covered)

    def _rule(self, frame: pl.DataFrame) -> Membership:
        """Write the spells as stays, whose last day is included."""
        rows = ((asset, since, None if until is None else until - _DAY) for asset, since, until in frame.iter_rows())
        return Membership(spells=spells_of(rows), complete=self.complete, count=self.count)
