"""Dated tables: a rule of the world is rows with the day each came into force and where that was read.

A day before a table's first row is *unknown*: it is refused, never guessed. The last row holds until another is added;
`checked` says until when somebody looked. A row marked unconfirmed is general knowledge that no source was found for,
and every result that rests on it says so.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import DataError
from tidegate.types.axes import IntArray

__all__ = ["CHECKED", "DatedTable", "Row"]

CHECKED = date(2026, 10, 26)
"""The last day for which the tables were looked at."""


class Row(NamedTuple):
    """From this session on, `value` holds."""

    since: date
    value: int
    source: str
    confirmed: bool = True


@dataclass(frozen=True)
class DatedTable:
    """Rows in order of time, with the unit of their values.

    >>> table = DatedTable("example", "1e-8 of value", (Row(date(2020, 1, 2), 5, "a notice"),))
    >>> table.at(np.array(["2020-01-02"], dtype="datetime64[D]")).tolist()
    [5]
    >>> table.at(np.array(["2020-01-01"], dtype="datetime64[D]"))
    Traceback (most recent call last):
    tidegate.errors.DataError: unknown: the rule example (2020-01-01): expected a session on or after 2020-01-02...
    """

    name: str
    unit: str
    rows: tuple[Row, ...]

    def at(self, sessions: NDArray[np.datetime64], before: int | None = None) -> IntArray:
        """Look up the value in force on each session; before the first row `before`, or `DataError` without it."""
        days = sessions.astype("datetime64[D]")
        starts = np.array([row.since for row in self.rows], dtype="datetime64[D]")
        place = np.searchsorted(starts, days, side="right") - 1
        if before is None and bool((place < 0).any()):
            raise DataError(
                f"unknown: the rule {self.name}",
                where=days[place < 0][0],
                expected=f"a session on or after {self.rows[0].since}",
                hint="start later, or add a dated row with its source",
            )
        values = np.array([row.value for row in self.rows] + [0 if before is None else before], dtype=np.int64)
        return values[place]

    def row(self, session: np.datetime64) -> Row | None:
        """Find the row in force on a session; None before the first.

        >>> table = DatedTable("example", "1e-8 of value", (Row(date(2020, 1, 2), 5, "a notice"),))
        >>> table.row(np.datetime64("2021-01-01")).source
        'a notice'
        """
        day = session.astype("datetime64[D]").astype(date)
        return next((row for row in reversed(self.rows) if row.since <= day), None)

    def unconfirmed(self, sessions: NDArray[np.datetime64]) -> tuple[str, ...]:
        """Words for each unconfirmed row that one of the sessions rests on."""
        days = sessions.astype("datetime64[D]")
        ends = [row.since for row in self.rows[1:]] + [date.max]
        used = [
            row
            for row, end in zip(self.rows, ends, strict=True)
            if not row.confirmed and bool(((days >= np.datetime64(row.since)) & (days < np.datetime64(end))).any())
        ]
        return tuple(f"Unconfirmed rule: {self.name}, {row.value} ({self.unit}) from {row.since}." for row in used)
