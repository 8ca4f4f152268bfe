"""Stations of a number's path: which room, what was there, when it was known."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tidegate.errors import SettingError, UnknownNameError

__all__ = ["Explained", "Line", "chosen", "moment", "shown", "typed"]


@dataclass(frozen=True)
class Line:
    """One station of the path: which room, what was there, and when it was known."""

    room: str
    what: str
    value: str
    known: str


@dataclass(frozen=True)
class Explained:
    """The path of one asset's bar through one study of a run."""

    study: str
    asset: str
    time: str
    lines: tuple[Line, ...]
    run: str
    """The run's study and fingerprint: whose numbers these are."""


def moment(day: str) -> np.datetime64:
    """Read a day or a minute; raises `SettingError`.

    >>> moment("2015-06-12 10:35").astype("datetime64[m]")
    np.datetime64('2015-06-12T10:35')
    """
    try:
        return np.datetime64(day.replace(" ", "T"), "us")
    except ValueError:
        raise SettingError("this is no date", found=day, expected="2015-06-12 or 2015-06-12T10:35") from None


def shown(time: np.datetime64) -> str:
    """A time without the midnight that a day does not need.

    >>> shown(np.datetime64("2015-06-12T00:00"))
    '2015-06-12'
    """
    text = str(time.astype("datetime64[m]"))
    return text.removesuffix("T00:00").replace("T", " ")


def typed(time: np.datetime64) -> str:
    """A time in one word, as it is asked for on a command line.

    >>> typed(np.datetime64("2015-06-12T10:35")), typed(np.datetime64("2015-06-12T00:00"))
    ('2015-06-12T10:35', '2015-06-12')
    """
    return shown(time).replace(" ", "T")


def chosen(member: str | None, members: Iterable[str], where: object) -> str:
    """Whose book is told: `member`, else the ensemble, else the first fit; raises `UnknownNameError`.

    >>> chosen(None, ["linear", "seed-0"], "small"), chosen(None, ["ensemble", "seed-0"], "small")
    ('seed-0', 'ensemble')
    """
    held = sorted(members)
    usual = "ensemble" if "ensemble" in held else next((name for name in held if name.startswith("seed-")), "seed-0")
    if (member or usual) not in held:
        raise UnknownNameError.among("member", member or usual, held, where=where)
    return member or usual
