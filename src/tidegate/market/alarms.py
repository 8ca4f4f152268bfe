"""Alarms: what data and rules do not agree on, counted and with its first cases, never repaired in silence."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Alarm", "alarm", "merged"]

_SHOWN = 5


class Alarm(NamedTuple):
    """Something seen so many times, and where it was seen first.

    >>> Alarm("opens beyond the limits", 2, ("600000.SH 2006-07-25",)).told
    'Opens beyond the limits: 2 times, first 600000.SH 2006-07-25.'
    """

    what: str
    times: int
    first: tuple[str, ...]

    @property
    def told(self) -> str:
        """One sentence for a reader."""
        often = "once" if self.times == 1 else f"{self.times:,} times"
        return f"{self.what[:1].upper()}{self.what[1:]}: {often}, first {self.first[0]}."


def alarm(what: str, seen: NDArray[np.bool_], words: Callable[[int], str]) -> list[Alarm]:
    """Give the alarm of rows where `seen` holds, none where it holds nowhere; `words` tells one row."""
    rows = np.flatnonzero(seen)
    return [Alarm(what, len(rows), tuple(words(int(row)) for row in rows[:_SHOWN]))] if len(rows) else []


def merged(alarms: Iterable[Sequence[Alarm]]) -> tuple[Alarm, ...]:
    """Add up alarms of the same kind, keeping the first cases; kinds in the order of their names."""
    held: dict[str, Alarm] = {}
    for one in (one for some in alarms for one in some):
        old = held.get(one.what, Alarm(one.what, 0, ()))
        held[one.what] = Alarm(one.what, old.times + one.times, (*old.first, *one.first)[:_SHOWN])
    return tuple(held[what] for what in sorted(held))
