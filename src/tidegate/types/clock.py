"""When a number is known, and when it may first be acted on.

A bar *t* has two moments, OPEN(t) and CLOSE(t); instants are ordered by bar, then by moment. Within the house, a bar is
named by its position on the time axis, so the arithmetic below holds for sessions, hours and minutes alike.

`Horizon(lag, span)` is the single home of *when do I get in, when out, when do I know*: the label, the purge between a
training range and what follows, the forecast, the broker and the report all ask it and never count for themselves.
"""

from enum import IntEnum
from typing import Literal, NamedTuple

from pydantic import Field

from tidegate.component import Settings

__all__ = ["Horizon", "Instant", "Moment", "Price"]

Price = Literal["open", "close"]


class Moment(IntEnum):
    """The two moments of a bar, in their order."""

    OPEN = 0
    CLOSE = 1


class Instant(NamedTuple):
    """A moment of a bar; tuples of (bar, moment) compare as time does.

    >>> Instant(3, Moment.CLOSE) < Instant(4, Moment.OPEN)
    True
    """

    bar: int
    moment: Moment

    def __str__(self) -> str:
        return f"{self.moment.name}({self.bar})"


class Horizon(Settings):
    """What is forecast at the close of *t*: in at `entry` of bar t+lag, out at `exit` of bar t+lag+span.

    The return is ``exit(t + lag + span) / entry(t + lag) - 1``.

    Known at
        ``exit_at(t)``: the label of bar *t* may be used from then on, and not before.

    >>> h = Horizon(lag=1, span=5)
    >>> str(h.entry_at(10)), str(h.exit_at(10)), h.purge, h.tradable
    ('OPEN(11)', 'OPEN(16)', 6, True)
    >>> Horizon(lag=0, span=5, entry="close", exit="close").tradable
    False
    """

    lag: int = Field(ge=0, description="bars from the decision to the entry; 1 is the next bar")
    span: int = Field(ge=1, description="bars from the entry to the exit")
    entry: Price = "open"
    exit: Price = "open"

    def entry_at(self, bar: int) -> Instant:
        """When a decision taken at the close of `bar` gets in."""
        return Instant(bar + self.lag, Moment[self.entry.upper()])

    def exit_at(self, bar: int) -> Instant:
        """When it gets out, which is also when its result is known."""
        return Instant(bar + self.lag + self.span, Moment[self.exit.upper()])

    @property
    def purge(self) -> int:
        """Bars after *t* that the label of *t* looks at: anchors this near to a cut must be dropped before it."""
        return self.lag + self.span

    @property
    def tradable(self) -> bool:
        """Whether the entry comes after the decision, so that somebody could have traded it."""
        return self.entry_at(0) > Instant(0, Moment.CLOSE)
