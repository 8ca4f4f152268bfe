"""What a vendor is asked, who asks it, and what a vendor must tell: the one interface between us and them.

A `Client` puts one question and returns one table; it is the only thing that touches the network, and a test puts a
client with recorded answers in its place. A `Vendor` knows which questions make a market and how the answers become
the tables of a stock panel; it asks nobody anything.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import ClassVar, NamedTuple, Protocol

import polars as pl

from tidegate.errors import DataError

__all__ = ["Ask", "Client", "Each", "Span", "Tables", "Vendor", "dates", "numbers"]


class Ask(NamedTuple):
    """One question: an interface of the vendor's, and its arguments by name."""

    what: str
    arguments: tuple[tuple[str, str], ...] = ()
    asof: str = ""
    """The last day of the pull, for a question whose answer changes with time; it is not sent."""

    @classmethod
    def of(cls, what: str, **arguments: str) -> "Ask":
        """Write a question; the order of arguments does not matter.

        >>> Ask.of("daily", b="2", a="1") == Ask.of("daily", a="1", b="2")
        True
        """
        return cls(what, tuple(sorted(arguments.items())))

    def __str__(self) -> str:
        """Show it as a call."""
        return f"{self.what}({', '.join(f'{name}={value}' for name, value in self.arguments)})"


class Client(Protocol):
    """Somebody who puts questions to a vendor."""

    def ask(self, ask: Ask) -> pl.DataFrame:
        """Return the vendor's table as it came, empty where it has nothing.

        Raises `DataError` where it could not be reached or refused to answer.
        """

    def close(self) -> None:
        """Say good-bye."""


class Span(NamedTuple):
    """The days that are asked for, both ends included."""

    since: date
    until: date


Each = Callable[[str], Iterator[tuple[Ask, pl.DataFrame]]]
"""Kept answers to one interface, in the order in which they were fetched."""


class Tables(NamedTuple):
    """The tables of a stock panel; None where the vendor has nothing of the kind."""

    bars: pl.DataFrame
    instruments: pl.DataFrame
    suspended: pl.DataFrame | None = None
    quoted: pl.DataFrame | None = None
    """Wide: symbol, period, and values at the first close on or after it."""
    published: pl.DataFrame | None = None
    """Long: symbol, period, published, field, value."""


class Vendor(ABC):
    """A vendor: its questions, and what its answers mean."""

    name: ClassVar[str]
    wait: ClassVar[float]
    """Seconds between two questions, where nobody says otherwise."""
    has_reports: ClassVar[bool]

    @abstractmethod
    def client(self) -> Client:
        """Open a connection; raises `MissingExtraError`, `SettingError` for a missing token, `DataError`."""

    @abstractmethod
    def listing(self, until: date) -> Sequence[Ask]:
        """Ask which shares there are, and were."""

    @abstractmethod
    def codes(self, each: Each) -> list[str]:
        """Read the shares off the listing, as the vendor writes them, gone ones included."""

    @abstractmethod
    def asks(self, code: str, span: Span, *, reports: bool) -> Sequence[Ask]:
        """Ask everything of one share and span."""

    @abstractmethod
    def tables(self, each: Each) -> Tables:
        """Put the answers together."""


def numbers(frame: pl.DataFrame, columns: Sequence[str], where: object) -> list[pl.Series]:
    """Read columns as numbers; blank cells are missing.

    Raises `DataError` for a column that is not there, and for a cell that is no number.
    """
    _there(frame, columns, where)
    read = []
    for name in columns:
        cells = frame[name]
        if cells.dtype == pl.String:
            cells = cells.str.strip_chars().replace("", None)
        made = cells.cast(pl.Float64, strict=False).fill_nan(None)
        lost = made.is_null() & cells.is_not_null() & (cells.cast(pl.String) != "NaN")
        if bool(lost.any()):
            raise DataError("an answer holds no number", where=f"{where}, {name}", found=cells.filter(lost)[0])
        read.append(made.alias(name))
    return read


def dates(frame: pl.DataFrame, name: str, where: object) -> pl.Series:
    """Read a column as days; blank cells are missing. Raises `DataError`."""
    _there(frame, [name], where)
    cells = frame[name]
    if cells.dtype in (pl.Date, pl.Datetime):
        return cells.cast(pl.Date)
    texts = cells.cast(pl.String).str.strip_chars().replace("", None)
    read = pl.select(
        pl.coalesce(texts.str.slice(0, 10).str.to_date(form, strict=False) for form in ("%Y-%m-%d", "%Y%m%d"))
    ).to_series()
    lost = read.is_null() & texts.is_not_null() & ~texts.is_in(["None", "NaT", "nan"])
    if bool(lost.any()):
        raise DataError("an answer holds no day", where=f"{where}, {name}", found=texts.filter(lost)[0])
    return read.alias(name)


def _there(frame: pl.DataFrame, columns: Sequence[str], where: object) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise DataError(
            "an answer of the vendor has other columns than it is documented to have", where=where, expected=missing,
            found=frame.columns, hint="the vendor may have changed its interface; the raw answers are kept",
        )  # fmt: skip
