"""Price limits of many A shares: which rule holds in a row, what a vendor says instead, and what neither explains.

The rule is looked up by board, risk warning, delisting period, days since listing and day; a vendor's limit prices go
first where bars have them. A session that *opens* beyond the limits shows that none held: with a reference price equal
to the last close that is a day of share reform or of resumption, which no table lists. It is known at the open, so
that whoever trades at it looks at nothing later. All of it is counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tidegate.market.alarms import Alarm, alarm
from tidegate.market.boards import SHARE_TICK
from tidegate.market.calendar import XSHG
from tidegate.market.dated import DatedTable
from tidegate.market.instruments import Instruments
from tidegate.market.limits import (
    FIRST_DAY_BAND,
    FREE_AFTER_LISTING,
    FREE_INTO_DELISTING,
    LIMITS,
    LIMITS_AT_RISK,
    LIMITS_DELISTING,
    ONE_TICK,
    first_day_ticks,
    limit_ticks,
    market_of,
)
from tidegate.market.prices import whole_ticks
from tidegate.market.share_rows import ShareRows
from tidegate.types.axes import BoolArray, IntArray

__all__ = ["ShareLimits"]

_RULES = (LIMITS, LIMITS_AT_RISK, LIMITS_DELISTING)
_GROWN = 10
"""Sessions after which no rule asks for an age."""
_NORMAL, _WARNED, _DELISTING = range(3)
Days = NDArray[np.datetime64]


@dataclass(frozen=True)
class ShareLimits:
    """Limits of some rows.

    Known at
        OPEN of each row's session, but for the alarms, which look at the whole of it.
    Missing values
        Without instruments (or a listing date) no row is known to be among an asset's first days; without a delisting
        date none to be in a delisting period.
    Errors
        `DataError` for a row beyond the calendar's last day that may be among an asset's first ones.
    """

    rows: ShareRows
    instruments: Instruments | None = None

    @cached_property
    def age(self) -> IntArray | None:
        """Sessions since listing, 1 on the first; 0 where not known."""
        return self._sessions_since("listed")

    @cached_property
    def delisting_age(self) -> IntArray | None:
        """Sessions since the delisting period began, 1 on its first; 0 before it, or where not known."""
        return self._sessions_since("delisting")

    def _sessions_since(self, column: str) -> IntArray | None:
        if self.instruments is None:
            return None
        began = self.instruments.days(column, self.rows.names)
        if np.isnat(began).all():
            return None
        first = np.searchsorted(XSHG.days, np.where(np.isnat(began), np.datetime64("9999-12-31"), began))
        number = np.searchsorted(XSHG.days, self.rows.days, side="right")
        age: IntArray = np.maximum(number[self.rows.bar] - first[self.rows.asset], 0)
        day = self.rows.days[self.rows.bar]
        young = (day > np.datetime64(XSHG.last)) & (day >= began[self.rows.asset]) & (age < _GROWN)
        if bool(young.any()):  # which of its sessions this is the calendar can't tell
            XSHG.check(day[young])
        return age

    @cached_property
    def kinds(self) -> tuple[tuple[str, ...], IntArray]:
        """Boards with their exchange that occur, and which of them each asset is of ``[N]``."""
        names = [market_of(board) for board in self.rows.boards]
        kinds = tuple(sorted(set(names)))
        return kinds, np.array([kinds.index(name) for name in names], dtype=np.int64)

    @cached_property
    def percent(self) -> IntArray:
        """Width of the limits in percent; raises `DataError` before a rule's first row."""
        kinds, kind = self.kinds
        flag = np.where(self.rows.warned, _WARNED, _NORMAL)
        if self.delisting_age is not None:
            flag[self.delisting_age > 0] = _DELISTING
        days = self.rows.days
        widths = np.stack([[rules[name.split()[0]].at(days, before=-1) for rules in _RULES] for name in kinds])
        percent = widths[kind[self.rows.asset], flag, self.rows.bar]
        unknown = np.flatnonzero(percent < 0)
        if len(unknown):
            row = int(unknown[0])
            _RULES[flag[row]][kinds[kind[self.rows.asset[row]]].split()[0]].at(days[self.rows.bar[row]][None])
        return np.asarray(percent)

    @cached_property
    def ruled(self) -> tuple[IntArray, IntArray, BoolArray]:
        """Upper and lower limit by the rules alone, and whether a rule says that they hold."""
        kinds, kind = self.kinds
        tick = np.stack([ONE_TICK[name.split()[1]].at(self.rows.days, before=0) for name in kinds])
        up, down = limit_ticks(self.rows.reference, self.percent, tick[kind[self.rows.asset], self.rows.bar])
        holds = self.rows.reference > 0
        if self.age is not None and self.instruments is not None:
            listed = self.instruments.days("listed", self.rows.names)
            free = self._at_listing(FREE_AFTER_LISTING, listed)
            holds &= (self.age == 0) | (self.age > free[self.rows.asset])
            band = self._at_listing(FIRST_DAY_BAND, listed)
            first = np.flatnonzero((self.age == 1) & (band[self.rows.asset] == 1))
            price = np.where(self.rows.reference > 0, self.rows.reference, self._issue[self.rows.asset])[first]
            up[first], down[first] = first_day_ticks(price)
            holds[first] = price > 0
        if self.delisting_age is not None:
            free = np.stack([FREE_INTO_DELISTING[name.split()[0]].at(self.rows.days, before=0) for name in kinds])
            holds &= (self.delisting_age != 1) | (free[kind[self.rows.asset], self.rows.bar] == 0)
        return up, down, holds

    def _at_listing(self, tables: dict[str, DatedTable], listed: Days) -> IntArray:
        """Look up tables on each asset's day of listing ``[N]``; 0 where that is not known."""
        kinds, kind = self.kinds
        found = np.zeros(len(listed), dtype=np.int64)
        for place, name in enumerate(kinds):
            known = (kind == place) & ~np.isnat(listed)
            found[known] = tables[name].at(listed[known], before=tables[name].rows[0].value)
        return found

    @cached_property
    def _issue(self) -> IntArray:
        """Issue prices in ticks ``[N]``, 0 where not known."""
        assert self.instruments is not None
        return whole_ticks(self.instruments.numbers("issue_price", self.rows.names), SHARE_TICK, "issue prices")

    @cached_property
    def given(self) -> tuple[IntArray, IntArray]:
        """Upper and lower limit as the bars have them, 0 where they have none."""
        return self.rows.ticks("limit_up"), self.rows.ticks("limit_down")

    @cached_property
    def gaps(self) -> BoolArray:
        """Rows whose session opened beyond a limit that a rule says holds, where no vendor says what it is."""
        up, down, holds = self.ruled
        above, below = self.rows.opening > up, self.rows.opening < down
        gaps: BoolArray = holds & ((above & (self.given[0] == 0)) | (below & (self.given[1] == 0)))
        return gaps

    @cached_property
    def limits(self) -> tuple[IntArray, IntArray, tuple[BoolArray, BoolArray]]:
        """Upper and lower limit in ticks, and whether each holds: a vendor's first, else the rule's.

        The rule's hold on neither side of a session that opened beyond one of them, whatever a vendor says.
        """
        up, down, holds = self.ruled
        ours = holds & (self.rows.opening <= up) & (self.rows.opening >= down)
        limits, held = [up, down], [ours, ours]
        for side, theirs in enumerate(self.given):
            if not bool(theirs.any()):
                continue
            limits[side] = np.where(theirs > 0, theirs, limits[side])
            held[side] = ours | (theirs > 0)
        return limits[0], limits[1], (held[0], held[1])

    @cached_property
    def alarms(self) -> list[Alarm]:
        """What data and rules do not agree on, counted by session."""
        rows, (up, down, holds) = self.rows, self.ruled
        opens = rows.first_of_session & rows.trades
        same = rows.reference == rows.before
        made = [
            *alarm("no reference price; the factor's, or the last close, takes its place", rows.unnamed, rows.told),
            *alarm("opens beyond the limits on the first bar known", opens & self.gaps & (rows.before == 0), rows.told),
            *alarm(
                "opens beyond the limits though the reference price is the last close (share reform, resumption); no"
                " limit holds, and shares that holders were given are not known",
                opens & self.gaps & same,
                rows.told,
            ),
            *alarm(
                "opens beyond the limits on an ex-day; no limit holds",
                opens & self.gaps & ~same & (rows.before > 0),
                rows.told,
            ),
        ]
        for side, theirs, ours in zip(("upper", "lower"), self.given, (up, down), strict=True):
            differs = opens & holds & (theirs > 0) & (theirs != ours)
            told = self._against(theirs, ours)
            made += alarm(f"a given {side} limit differs from the rule's, and goes first", differs, told)
        up, down, held = self.limits
        beyond = rows.trades & ((held[0] & (rows.high > up)) | (held[1] & (rows.low < down)))
        return made + alarm("trades beyond limits that its open keeps", beyond, rows.told)

    def _against(self, theirs: IntArray, ours: IntArray) -> Callable[[int], str]:
        """Tell a row with both its limits."""
        return lambda row: f"{self.rows.told(row)} ({theirs[row]} against {ours[row]} ticks)"
