"""The calendar of the Shanghai and Shenzhen exchanges: which days are sessions, and which day a night bar belongs to.

A weekday is a session unless it stands among the closures; no weekend ever was one. The closures are dated facts: read
from the calendar XSHG of the package exchange_calendars 4.13.2, and found equal to the days of 3,821 shares in
2006–2019 and of the CSI 300 in 2005–2020. A day outside the table is *unknown*: next year's holidays are announced,
not computed.

Night sessions (rebar at Shanghai) belong to the next trading day: Friday night to Monday. None is held on the evening
before a public holiday.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import DataError
from tidegate.market.dated import DatedTable, Row
from tidegate.types.axes import BoolArray, TimeArray, frozen, require

__all__ = ["NIGHT_ENDS", "NIGHT_HELD", "XSHG", "Calendar"]

Days = NDArray[np.datetime64]
_EVENING, _MORNING = 18, 6
"""Hours from and before which a bar is one of the night."""


@dataclass(frozen=True)
class Calendar:
    """Sessions from `first` to `last`, read off the weekdays that were none.

    Known at
        Holidays are announced about a month before their year begins.
    Errors
        `DataError` for a day outside ``first … last``, which is *unknown*.

    >>> XSHG.is_session(date(2024, 2, 9)), XSHG.next_session(date(2024, 2, 8)).isoformat()
    (False, '2024-02-19')
    >>> XSHG.is_session(date(1990, 12, 18))
    Traceback (most recent call last):
    tidegate.errors.DataError: unknown: whether a day is a session (1990-12-18): expected 1990-12-19 … 2026-12-31...
    """

    name: str
    first: date
    last: date
    closures: tuple[str, ...]
    """``year: MMDD MMDD-MMDD …``: weekdays, and first and last of a run of them, that were no sessions."""
    source: str

    @cached_property
    def days(self) -> Days:
        """Every session, in order."""
        closed = np.concatenate([_closed(line) for line in self.closures])
        every = np.arange(_one(self.first)[0], _one(self.last)[0] + 1)
        weekdays = every[np.is_busday(every)]
        days: Days = weekdays[~np.isin(weekdays, closed)]
        return frozen(days)

    def is_session(self, day: date) -> bool:
        """Whether a day is a session."""
        asked = self._known(_one(day))
        return bool(np.isin(asked, self.days)[0])

    def next_session(self, day: date) -> date:
        """Find the first session after a day."""
        return self._at(int(np.searchsorted(self.days, self._known(_one(day)), side="right")[0]), day)

    def previous_session(self, day: date) -> date:
        """Find the last session before a day."""
        return self._at(int(np.searchsorted(self.days, self._known(_one(day)), side="left")[0]) - 1, day)

    def sessions(self, first: date, last: date) -> Days:
        """Give the sessions from `first` to `last`, both included."""
        ends = self._known(np.array([first, last], dtype="datetime64[D]"))
        held: Days = self.days[(self.days >= ends[0]) & (self.days <= ends[1])]
        return held

    def following(self, first: date, count: int) -> Days:
        """Give `count` sessions from `first` on; raises `DataError` where the table ends before."""
        start = int(np.searchsorted(self.days, self._known(_one(first)))[0])
        held: Days = self.days[start : start + count]
        if len(held) < count:
            found = f"{len(held)} of {count} sessions from {first}"
            raise DataError("unknown: a session beyond the table", where=self.name, found=found)
        return held

    def check(self, days: Days) -> Days:
        """Give the days that are no sessions though somebody says so; raises `DataError` where one is unknown."""
        asked = np.unique(self._known(days.astype("datetime64[D]")))
        return asked[~np.isin(asked, self.days)]

    def trading_day(self, moments: TimeArray) -> Days:
        """Find the trading day of each moment: night bars (18:00 to 6:00) belong to the next session.

        Formula
            The evening of a night bar is its date, or the date before for one after midnight; its trading day is the
            first session after that evening. Any other bar belongs to its date.

        Errors
            `DataError` where a bar by day lies on no session, or a night follows none.

        >>> XSHG.trading_day(np.array(["2024-03-01T21:05", "2024-03-02T00:30", "2024-03-04T09:05"], dtype="M8[us]"))
        array(['2024-03-04', '2024-03-04', '2024-03-04'], dtype='datetime64[D]')
        """
        dates = moments.astype("datetime64[D]")
        hours = (moments - dates).astype("timedelta64[h]").astype(np.int64)
        night = (hours >= _EVENING) | (hours < _MORNING)
        basis = self._known(dates - (hours < _MORNING))
        off = ~np.isin(basis, self.days)
        if bool(off.any()):
            raise DataError("a bar lies on a day without a session", found=moments[off][0], where=self.name)
        return self._days_at(np.searchsorted(self.days, basis) + night, moments)

    def has_night(self, days: Days) -> BoolArray:
        """Whether a night session opened each trading day; raises `DataError` for a day that is no session.

        Formula
            Held by `NIGHT_HELD`, and no weekday without a session lies between the evening and the day.
        """
        asked = self._known(days.astype("datetime64[D]"))
        if len(self.check(asked)):
            raise DataError("a day is no session", found=self.check(asked)[0], where=self.name)
        before = self.days[np.maximum(np.searchsorted(self.days, asked) - 1, 0)]
        held = np.zeros(len(asked), dtype=bool)
        ruled = asked >= np.datetime64(NIGHT_HELD.rows[0].since)
        held[ruled] = NIGHT_HELD.at(asked[ruled]) == 1
        held &= (np.busday_count(before, asked) == 1) & ~np.isin(asked, _NO_NIGHT)
        return held

    def _known(self, days: Days) -> Days:
        """Refuse days outside the table."""
        outside = (days < np.datetime64(self.first)) | (days > np.datetime64(self.last))
        if bool(outside.any()):
            raise DataError(
                "unknown: whether a day is a session",
                where=days[outside][0],
                expected=f"{self.first} … {self.last}",
                hint="add the closures of that year, as the exchange announced them",
            )
        return days

    def _at(self, place: int, asked: object) -> date:
        return self._days_at(np.array([place]), asked)[0].item()  # type: ignore[no-any-return]

    def _days_at(self, places: NDArray[np.int64], asked: object) -> Days:
        inside = (places >= 0) & (places < len(self.days))
        if not bool(inside.all()):
            raise DataError("unknown: a session beyond the table", where=self.name, found=asked)
        return self.days[places]


def _one(day: date) -> Days:
    return np.array([day], dtype="datetime64[D]")


def _closed(line: str) -> Days:
    """Days of one line of closures."""
    year, _, told = line.partition(": ")
    made = []
    for run in told.split():
        ends = [f"{year}-{day[:2]}-{day[2:]}" for day in run.split("-")]
        made.append(np.arange(ends[0], np.datetime64(ends[-1]) + 1, dtype="datetime64[D]"))
        require(holds=len(made[-1]) > 0, what="closures go back in time", found=line)
    return np.concatenate(made)


XSHG = Calendar(
    name="XSHG",
    first=date(1990, 12, 19),
    last=date(2026, 12, 31),
    closures=(
        "1991: 0101 0215-0218 0501 1001-1002",
        "1992: 0101 0204-0206 0501 1001-1002",
        "1993: 0101 0125-0126 1001",
        "1994: 0207-0211 0502 1003-1004",
        "1995: 0102 0130-0203 0501 1002-1003",
        "1996: 0101 0219-0301 0501 0930-1002",
        "1997: 0101 0203-0214 0501-0502 0630-0701 1001-1003",
        "1998: 0101-0102 0126-0206 0501 1001-1002",
        "1999: 0101 0210-0226 0503 1001-1007 1220 1231",
        "2000: 0103 0131-0211 0501-0505 1002-1006",
        "2001: 0101 0122-0202 0501-0507 1001-1005",
        "2002: 0101-0103 0211-0222 0501-0507 0930-1007",
        "2003: 0101 0130-0207 0501-0509 1001-1007",
        "2004: 0101 0119-0128 0503-0507 1001-1007",
        "2005: 0103 0207-0215 0502-0506 1003-1007",
        "2006: 0102-0103 0126-0203 0501-0505 1002-1006",
        "2007: 0101-0103 0219-0223 0501-0507 1001-1005 1231",
        "2008: 0101 0206-0212 0404 0501-0502 0609 0915 0929-1003",
        "2009: 0101-0102 0126-0130 0406 0501 0528-0529 1001-1008",
        "2010: 0101 0215-0219 0405 0503 0614-0616 0922-0924 1001-1007",
        "2011: 0103 0202-0208 0404-0405 0502 0606 0912 1003-1007",
        "2012: 0102-0103 0123-0127 0402-0404 0430-0501 0622 1001-1005",
        "2013: 0101-0103 0211-0215 0404-0405 0429-0501 0610-0612 0919-0920 1001-1007",
        "2014: 0101 0131-0206 0407 0501-0502 0602 0908 1001-1007",
        "2015: 0101-0102 0218-0224 0406 0501 0622 0903-0904 1001-1007",
        "2016: 0101 0208-0212 0404 0502 0609-0610 0915-0916 1003-1007",
        "2017: 0102 0127-0202 0403-0404 0501 0529-0530 1002-1006",
        "2018: 0101 0215-0221 0405-0406 0430-0501 0618 0924 1001-1005 1231",
        "2019: 0101 0204-0208 0405 0501-0503 0607 0913 1001-1007",
        "2020: 0101 0124-0131 0406 0501-0505 0625-0626 1001-1008",
        "2021: 0101 0211-0217 0405 0503-0505 0614 0920-0921 1001-1007",
        "2022: 0103 0131-0204 0404-0405 0502-0504 0603 0912 1003-1007",
        "2023: 0102 0123-0127 0405 0501-0503 0622-0623 0929-1006",
        "2024: 0101 0209-0216 0404-0405 0501-0503 0610 0916-0917 1001-1007",
        "2025: 0101 0128-0204 0404 0501-0505 0602 1001-1008",
        "2026: 0101-0102 0216-0223 0406 0501-0505 0619 0925 1001-1007",
    ),
    source="exchange_calendars 4.13.2 (XSHG); equal to the days of the CSI 300 in 2005–2020",
)
"""Shanghai, from its first session; Shenzhen keeps the same days."""

_NIGHTS = "general knowledge; the hourly and five-minute bars of 2014–2020 agree"
NIGHT_HELD = DatedTable(
    "night session of rebar, by trading day",
    "1 held, 0 not",
    (
        Row(date(2014, 12, 29), 1, _NIGHTS, confirmed=False),
        Row(date(2020, 2, 3), 0, _NIGHTS, confirmed=False),
        Row(date(2020, 5, 7), 1, _NIGHTS, confirmed=False),
    ),
)
"""Before the first row there was none."""
NIGHT_ENDS = DatedTable(
    "night session of rebar ends, by trading day",
    "hour, from the evening's midnight",
    (Row(date(2014, 12, 29), 25, _NIGHTS, confirmed=False), Row(date(2016, 5, 4), 23, _NIGHTS, confirmed=False)),
)
_NO_NIGHT = np.array(["2015-09-28"], dtype="datetime64[D]")
"""After a public holiday that closed no weekday (Mid-Autumn, Sunday 2015-09-27): the hourly bars have no night."""
