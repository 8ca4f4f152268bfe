"""The rules of the house for a universe: trading, listing age, risk warnings, price, liquidity, an index's members."""

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import Field, model_validator

from tidegate.component import Settings
from tidegate.errors import DataError, SettingError
from tidegate.market.boards import share_code
from tidegate.market.calendar import XSHG
from tidegate.market.universe import Grid, UniverseRule
from tidegate.types.axes import BoolArray, FloatArray, IntArray

__all__ = [
    "Liquid",
    "ListingAge",
    "Membership",
    "MinimumPrice",
    "NoRiskWarning",
    "Spell",
    "Trading",
    "medians",
    "spells_of",
]

_BLOCK = 64


class Trading(UniverseRule):
    """Keeps what traded on this session, or on each of the last few.

    Known at
        CLOSE(t).
    """

    name: ClassVar[str] = "trading"

    sessions: int = Field(default=1, ge=1, description="how many of the last sessions it must have traded on, all")

    def keeps(self, grid: Grid) -> BoolArray:
        """Look back over `sessions`; before there are so many, nothing passes."""
        kept = np.zeros_like(grid.trades)
        if len(kept) >= self.sessions:
            kept[self.sessions - 1 :] = sliding_window_view(grid.trades, self.sessions, axis=0).all(axis=-1)
        return kept


class ListingAge(UniverseRule):
    """Keeps what has been listed for some sessions.

    The session of listing is the first. Before the first bar of the data, sessions are those of Shanghai's calendar
    (weekdays, where that does not reach). Without an instrument table a listing is an asset's first bar, so that
    nothing passes at the start of the data.

    Known at
        Before OPEN(t).
    """

    name: ClassVar[str] = "listing-age"

    sessions: int = Field(default=60, ge=1, description="sessions since listing, that of the listing included")

    def keeps(self, grid: Grid) -> BoolArray:
        """Count the sessions since each listing."""
        start = grid.sessions[0]
        listed = np.minimum(grid.listed, start)
        if np.datetime64(XSHG.first) <= start <= np.datetime64(XSHG.last):
            early = np.searchsorted(XSHG.days, start) - np.searchsorted(XSHG.days, listed)
        else:
            early = np.busday_count(listed, start)
        first = np.searchsorted(grid.sessions, grid.listed)
        age = np.arange(len(grid.sessions))[:, None] - first + early + 1
        return np.asarray(age >= self.sessions)


class NoRiskWarning(UniverseRule):
    """Keeps what is not under a risk warning (ST) by its latest bar.

    Known at
        OPEN of that bar; a suspended share keeps its last flag, and a flag that is missing does not remove.
    Errors
        `DataError` where the bars have no column `at_risk`.
    """

    name: ClassVar[str] = "no-risk-warning"

    def keeps(self, grid: Grid) -> BoolArray:
        """Carry the flag over suspensions."""
        if not grid.bars.has("at_risk"):
            raise DataError(
                "the bars do not tell which shares are under a risk warning", where=grid.bars.spec.title,
                expected="a column at_risk", hint="import it, or leave this rule out",
            )  # fmt: skip
        return np.asarray(grid.last("at_risk") != 1.0)


class MinimumPrice(UniverseRule):
    """Keeps what closed at a raw price or above.

    Known at
        CLOSE(t); a suspended share keeps its last close.
    """

    name: ClassVar[str] = "minimum-price"

    price: float = Field(default=2.0, gt=0, description="smallest raw close, in the currency of the bars")

    def keeps(self, grid: Grid) -> BoolArray:
        """Compare the latest raw close."""
        return np.asarray(grid.last("close") >= self.price)


class Liquid(UniverseRule):
    """Keeps what trades enough: by the median amount of the last sessions, against a floor, and among the largest.

    Formula
        median over ``t − k + 1 … t`` of amount, where a session without a bar counts as 0. `largest` ranks the medians
        of each session; of equal ones the lower code goes first, and a median of 0 never passes.
    Known at
        CLOSE(t).
    Missing values
        A bar without an amount counts as 0. Before `sessions` sessions of data nothing passes.
    Errors
        `DataError` where the bars have no column `amount`.
    """

    name: ClassVar[str] = "liquid"

    sessions: int = Field(default=20, ge=1, description="sessions of the median, k")
    amount: float = Field(default=0.0, ge=0, description="smallest median amount a session, in the bars' currency")
    largest: int | None = Field(default=None, ge=1, description="keep only so many, by median amount; null for all")

    def keeps(self, grid: Grid) -> BoolArray:
        """Compare and rank the medians."""
        if not grid.bars.has("amount"):
            raise DataError("the bars have no amounts", where=grid.bars.spec.title, expected="a column amount")
        held = medians(np.nan_to_num(grid.column("amount")), self.sessions)
        kept = (held >= self.amount) & (held > 0)
        if self.largest is not None and self.largest < held.shape[1]:
            order = np.argsort(-held, axis=1, kind="stable")[:, : self.largest]
            among = np.zeros_like(kept)
            np.put_along_axis(among, order, values=True, axis=1)
            kept &= among
        return np.asarray(kept)


class Spell(Settings):
    """One asset's stay in an index: from a session to a last one, both included; no last one where it goes on."""

    asset: str
    since: date
    until: date | None = None


class Membership(UniverseRule):
    """Keeps the members of an index on each session, by a list of stays.

    Codes are compared by number and exchange: ``SH600000`` is ``600000.SH``.

    Known at
        Before OPEN(t): a change is announced before it comes into force, and is not used earlier.
    Survivorship
        Where the list is not said to be `complete`, or a session has fewer members than `count`, `stamps` say so.
    """

    name: ClassVar[str] = "membership"
    example: ClassVar[dict[str, Any]] = {"spells": [{"asset": "000001.SZ", "since": "2014-01-06"}], "complete": True}

    spells: tuple[Spell, ...] = Field(description="stays of assets")
    complete: bool = Field(description="whether the list is known to hold every member, gone ones included")
    count: int | None = Field(default=None, ge=1, description="how many members the index has; null where it varies")

    @model_validator(mode="after")
    def _ordered(self) -> "Membership":
        for spell in self.spells:
            if spell.until is not None and spell.until < spell.since:
                raise SettingError("a stay ends before it begins", found=f"{spell.asset} {spell.since} … {spell.until}")
        return self

    def keeps(self, grid: Grid) -> BoolArray:
        """Lay the stays on the axes."""
        kept = np.zeros(grid.trades.shape, dtype=bool)
        places = {share_code(asset): place for place, asset in enumerate(grid.bars.assets)}
        for spell in self.spells:
            place = places.get(share_code(spell.asset))
            if place is not None:
                first, end = _between(grid, spell)
                kept[first:end, place] = True
        return kept

    def stamps(self, grid: Grid) -> tuple[str, ...]:
        """Say what the list lacks over these sessions."""
        members = self._members(grid)
        told = []
        known = {share_code(asset) for asset in grid.bars.assets}
        absent = {spell.asset for spell in self.spells if share_code(spell.asset) not in known and _meets(grid, spell)}
        if not self.complete:
            told.append("The list of members is not known to be complete: results may be survivor-biased.")
        if self.count is not None and bool((members != self.count).any()):
            told.append(f"The list has {members.min()} to {members.max()} of {self.count} members a session.")
        if absent:
            told.append(f"{len(absent)} listed members have no bars: results may be survivor-biased.")
        return tuple(told)

    def _members(self, grid: Grid) -> IntArray:
        """Count the list's members at each session, whether they have bars or not."""
        steps = np.zeros(len(grid.sessions) + 1, dtype=np.int64)
        for spell in self.spells:
            first, end = _between(grid, spell)
            if first < end:
                steps[first] += 1
                steps[end] -= 1
        return np.cumsum(steps)[:-1]


def spells_of(rows: Iterable[tuple[str, date, date | None]]) -> tuple[Spell, ...]:
    """Make stays of (asset, from, to) rows.

    >>> spells_of([("SH600000", date(2010, 1, 4), None)])[0].asset
    'SH600000'
    """
    return tuple(Spell(asset=asset, since=since, until=until) for asset, since, until in rows)


def medians(values: FloatArray, sessions: int) -> FloatArray:
    """Median of the last `sessions` rows ``[T, N]``, 0 before there are so many.

    >>> medians(np.array([[1.0], [5.0], [3.0], [4.0]]), 3).ravel().tolist()
    [0.0, 0.0, 3.0, 4.0]
    """
    made = np.zeros_like(values)
    if len(values) >= sessions:
        for first in range(0, values.shape[1], _BLOCK):
            window = sliding_window_view(values[:, first : first + _BLOCK], sessions, axis=0)
            made[sessions - 1 :, first : first + _BLOCK] = np.median(window, axis=-1)
    return made


def _between(grid: Grid, spell: Spell) -> tuple[int, int]:
    """First session of a stay, and the first after it."""
    first = np.searchsorted(grid.sessions, np.datetime64(spell.since))
    end = len(grid.sessions)
    if spell.until is not None:
        end = int(np.searchsorted(grid.sessions, np.datetime64(spell.until), side="right"))
    return int(first), end


def _meets(grid: Grid, spell: Spell) -> bool:
    first, end = _between(grid, spell)
    return first < end
