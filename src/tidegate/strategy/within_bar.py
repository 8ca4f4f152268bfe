"""The family's branch for one asset on margin, in at a bar's open and out at its close: what is wanted of the next bar.

A core says which side; wrappers around it say how much, and when it is cut short. Both have two forms: `plan`, all bars
at once, which the loop for trades of one bar is given, and `wish`, one bar from what is known before it, in plain
Python, which is the reference.
"""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from tidegate.errors import SettingError
from tidegate.strategy.base import Strategy
from tidegate.types.axes import FloatArray, frozen

__all__ = ["BarPlan", "BarWish", "BarsSeen", "WithinBar", "Wrapped", "steadily"]


class BarsSeen(NamedTuple):
    """What is known after each close ``[T]``, prices in terms of the contract that the *next* bar is of.

    Known at
        Row *t* at CLOSE(t): a change of contract is decided at the close before it.
    """

    forecast: FloatArray
    """Price at which the next bar is said to close; NaN where nothing is said."""
    last: FloatArray
    """The close."""
    joined: FloatArray
    """The close again, in the joined series: its changes are returns within a contract."""
    tick: float
    margin: float
    """What the market asks, a fraction of value."""

    def until(self, bar: int) -> "BarsSeen":
        """Rows up to `bar`: what is known at its close."""
        forecast, last, joined = (frozen(row[: bar + 1].copy()) for row in (self.forecast, self.last, self.joined))
        return BarsSeen(forecast, last, joined, self.tick, self.margin)


class BarWish(NamedTuple):
    """What is wanted of one bar: long where its open lies below `below`, short above `above`, or turned round.

    NaN is no price; `exposure` is value over equity, 0 for none; `stop` the distance from the open, 0 for none.

    Known at
        The close before that bar.
    """

    below: float
    above: float
    exposure: float = 1.0
    stop: float = 0.0


class BarPlan(NamedTuple):
    """Wishes ``[T]`` of all bars, row *t* decided after CLOSE(t) for bar t + 1, and what watches the whole book.

    Units
        `below`, `above` in the market's currency; `exposure` value over equity; `stop` a fraction of the open; `fall`
        of equity (0: no switch), `pause` in bars (0: for good).
    """

    below: FloatArray
    above: FloatArray
    exposure: FloatArray
    stop: FloatArray
    against: bool = False
    """Whether the sides are turned round: short below, long above."""
    fall: float = 0.0
    pause: int = 0

    def sides(self, opens: FloatArray) -> FloatArray:
        """Which side each next open is taken on ``[T]``: 1, -1 or 0; the last column is never acted on."""
        here = np.append(opens[1:], np.nan)
        turn = -1.0 if self.against else 1.0
        side = np.where(here < self.below, turn, np.where(here > self.above, -turn, 0.0))
        return np.where(self.exposure > 0, side, 0.0)

    def wish(self, bar: int) -> BarWish:
        """One row."""
        return BarWish(*(float(column[bar]) for column in self.rows))

    @property
    def rows(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """What stands in each row: below, above, exposure, stop."""
        return self.below, self.above, self.exposure, self.stop


class WithinBar(Strategy):
    """Strategies for one asset on margin that are in the market from a bar's open to its close.

    Known at
        Row *t* of `plan` after CLOSE(t); it is acted on in bar t + 1 alone.
    """

    reads_forecast: ClassVar[bool] = False
    """Whether `forecast` matters to it."""

    @abstractmethod
    def wish(self, seen: BarsSeen) -> BarWish:
        """Decide for the bar after the last row of `seen`: the rule in its plainest form."""

    @abstractmethod
    def plan(self, seen: BarsSeen) -> BarPlan:
        """Decide for all bars at once; row *t* equals ``wish(seen.until(t))``, bit for bit."""

    def core(self) -> "WithinBar":
        """Give the innermost rule, which says which side: this one, or what it wraps."""
        return self

    def around(self, core: "WithinBar") -> "WithinBar":
        """Put another rule in the place of the innermost, with everything that is wrapped around it."""
        return core


class Wrapped(WithinBar):
    """Wrappers around a rule within a bar: they change how much, or when it ends, never the side.

    Known at
        As what they wrap.
    """

    inner: WithinBar = Field(description="the rule that is wrapped")

    def core(self) -> WithinBar:
        """Give the innermost rule."""
        return self.inner.core()

    def around(self, core: WithinBar) -> WithinBar:
        """Give the same wrapper around another innermost rule."""
        return self.but(inner=self.inner.around(core))

    def refuse_inside(self, kind: type["Wrapped"]) -> None:
        """Refuse a second wrapper of a kind that a book can have one of; raises `SettingError`."""
        within: WithinBar = self.inner
        while isinstance(within, Wrapped):
            if isinstance(within, kind):
                raise SettingError(f"{kind.name} stands within {kind.name}", expected="one of them",
                                   found=within, hint="keep the one that is meant")  # fmt: skip
            within = within.inner


def steadily(below: FloatArray, above: FloatArray, exposure: float, *, against: bool = False) -> BarPlan:
    """Make a plan of one size for all bars, without a stop."""
    size, none = np.full(len(below), exposure), np.zeros(len(below))
    return BarPlan(frozen(below), frozen(above), frozen(size), frozen(none), against)
