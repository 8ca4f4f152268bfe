"""The hours in which futures trade, as dated rows: what a bar's label can lie in, and where a longer bar ends.

Minutes are counted from the midnight of the trading day; the evening before it lies below zero, so that a night comes
first, as it is settled: 21:00 is -180, 23:00 is -60, and 01:00 of the morning after is 60, whatever the date printed.

An hour may mean two things. *Trading* hours run on across a break: rebar's end at 10:00, 11:15, 14:15 and 15:00.
*Clock* hours end with the wall clock, or with trading where that ends before: 10:00, 11:00, 11:30, 14:00, 15:00.
Vendors serve both.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.market.calendar import NIGHT_ENDS, XSHG, Calendar
from tidegate.market.dated import DatedTable, Row
from tidegate.types.axes import IntArray, TimeArray, require

__all__ = ["HOURS", "Cut", "Plans", "Stretch", "TradingHours", "cuts", "minutes_of"]

Cut = Literal["trading", "clock"]
_DAY = 24 * 60
_EVENING, _MORNING = 18 * 60, 6 * 60
_NIGHT_BEGINS = 21 * 60 - _DAY


class Stretch(NamedTuple):
    """Trading without a break, in minutes from the trading day's midnight; its end belongs to it, its begin does not.

    >>> Stretch(540, 615).holds(600)
    True
    """

    begin: int
    end: int

    def holds(self, minute: int) -> bool:
        """Whether a bar that ends at this minute lies in the stretch."""
        return self.begin < minute <= self.end

    @property
    def night(self) -> bool:
        """Whether it is the night's."""
        return self.begin < _MORNING


class Plans(NamedTuple):
    """Which plan of stretches each session keeps to."""

    which: IntArray
    """``[T]``: a place in `plans`."""
    plans: tuple[tuple[Stretch, ...], ...]
    """Stretches in order, the night's first."""


@dataclass(frozen=True)
class TradingHours:
    """The hours of one product: stretches by day, as dated rows, and whether nights are held.

    Formula
        ``days`` gives, from a date on, a place in ``plans``; a night from 21:00 opens a session where
        `Calendar.has_night` says so and ends where `NIGHT_ENDS` says so.
    Known at
        Changes are announced; a holiday is known about a month before its year.
    Errors
        `DataError` for a session before the first row, or outside the calendar.

    >>> HOURS["cffex-index"].plans(np.array(["2015-12-31", "2016-01-04"], dtype="datetime64[D]")).plans[1]
    (Stretch(begin=570, end=690), Stretch(begin=780, end=900))
    """

    name: str
    day: tuple[tuple[Stretch, ...], ...]
    dates: DatedTable
    nights: bool
    calendar: Calendar = XSHG

    def plans(self, sessions: NDArray[np.datetime64]) -> Plans:
        """Find each session's stretches; raises `DataError`."""
        days = sessions.astype("datetime64[D]")
        rows = self.dates.at(days)
        ends = np.full(len(days), -1, dtype=np.int64)
        if self.nights:
            held = self.calendar.has_night(days)
            ends[held] = NIGHT_ENDS.at(days[held])
        kinds, which = np.unique(np.stack([rows, ends], axis=1), axis=0, return_inverse=True)
        made = tuple(self._stretches(int(row), int(end)) for row, end in kinds)
        return Plans(which.reshape(-1).astype(np.int64), made)

    def _stretches(self, row: int, end: int) -> tuple[Stretch, ...]:
        night = () if end < 0 else (Stretch(_NIGHT_BEGINS, end * 60 - _DAY),)
        return (*night, *self.day[row])

    def unconfirmed(self, sessions: NDArray[np.datetime64]) -> tuple[str, ...]:
        """Words for each unconfirmed row that a session rests on."""
        return self.dates.unconfirmed(sessions)


def minutes_of(times: TimeArray) -> IntArray:
    """Minutes of wall-clock times from their trading day's midnight; from 18:00 on they are below zero.

    >>> minutes_of(np.array(["2024-03-01T21:05", "2024-03-02T00:30", "2024-03-04T09:05"], dtype="datetime64[us]"))
    array([-175,   30,  545])
    """
    clock = (times - times.astype("datetime64[D]")).astype("timedelta64[m]").astype(np.int64)
    minutes: IntArray = clock - np.where(clock >= _EVENING, _DAY, 0)
    return minutes


def cuts(stretches: tuple[Stretch, ...], minutes: int, how: Cut = "trading") -> tuple[int, ...]:
    """Give the ends of a session's bars of so many minutes; a whole session is one bar of ``minutes=1440``.

    `trading` counts minutes in which there is trade, night and day apart; `clock` goes by the wall clock.

    >>> day = (Stretch(540, 615), Stretch(630, 690), Stretch(810, 900))
    >>> [f"{end // 60}:{end % 60:02}" for end in cuts(day, 60)]
    ['10:00', '11:15', '14:15', '15:00']
    >>> [f"{end // 60}:{end % 60:02}" for end in cuts(day, 60, "clock")]
    ['10:00', '11:00', '11:30', '14:00', '15:00']
    """
    require(holds=minutes > 0, what="a bar has no length", expected="minutes > 0", found=minutes)
    if minutes >= _DAY:
        return (stretches[-1].end,)
    found: list[int] = []
    for night in (True, False):
        traded = np.concatenate(
            [np.arange(held.begin + 1, held.end + 1) for held in stretches if held.night is night] or [np.array([])]
        ).astype(np.int64)
        if not traded.size:
            continue
        bar = np.arange(traded.size) // minutes if how == "trading" else (traded - 1) // minutes
        last = np.append(bar[1:] != bar[:-1], values=True)
        found += traded[last].tolist()
    return tuple(found)


_KNOWN = "general knowledge; bars of 2013–2020 agree"
_MORNINGS = (Stretch(9 * 60, 10 * 60 + 15), Stretch(10 * 60 + 30, 11 * 60 + 30))
HOURS: dict[str, TradingHours] = {
    "shfe-rebar": TradingHours(
        "shfe-rebar",
        ((*_MORNINGS, Stretch(13 * 60 + 30, 15 * 60)),),
        DatedTable(
            "hours of rebar by day",
            "row of hours",
            (Row(date(2009, 3, 27), 0, _KNOWN, confirmed=False),),
        ),
        nights=True,
    ),
    "cffex-index": TradingHours(
        "cffex-index",
        (
            (Stretch(9 * 60 + 15, 11 * 60 + 30), Stretch(13 * 60, 15 * 60 + 15)),
            (Stretch(9 * 60 + 30, 11 * 60 + 30), Stretch(13 * 60, 15 * 60)),
        ),
        DatedTable(
            "hours of index futures",
            "row of hours",
            (
                Row(date(2010, 4, 16), 0, "general knowledge", confirmed=False),
                Row(date(2016, 1, 1), 1, "general knowledge", confirmed=False),
            ),
        ),
        nights=False,
    ),
}
"""Rebar at Shanghai (nights: `market.calendar`), and index futures at the CFFEX, which have none.

Rebar's afternoons had a break of some minutes in the first year or so; nobody here has its dates, so it is no row.
"""
