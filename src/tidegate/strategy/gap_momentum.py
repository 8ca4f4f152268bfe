"""The side of the gap: long where a bar opens above the last close, short where below."""

from typing import ClassVar

from pydantic import Field

from tidegate.strategy.open_against_forecast import OpenAgainstForecast
from tidegate.strategy.within_bar import BarPlan, BarsSeen, BarWish, WithinBar

__all__ = ["GapMomentum"]


class GapMomentum(WithinBar):
    """Hold the next open against the last close: long above it, short below, out at the close.

    The published rule does this with *no change* for its forecast: what that rule earns beyond this is the forecast's.

    Formula
        side(t+1) = sign(open(t+1) - close(t)), both of the contract that bar t + 1 is of.
    Known at
        The price after CLOSE(t); the condition is judged at OPEN(t+1).
    Missing values
        A close that is NaN, or below a tick, trades nothing.

    >>> import numpy as np
    >>> seen = BarsSeen(np.array([np.nan]), np.array([3500.0]), np.array([3500.0]), 1.0, 0.1)
    >>> GapMomentum().wish(seen), GapMomentum().plan(seen).against
    (BarWish(below=3500.0, above=3500.0, exposure=1.0, stop=0.0), True)
    """

    name: ClassVar[str] = "gap-momentum"

    fraction: float = Field(default=1.0, gt=0, description="value of a position as a fraction of equity")
    short: bool = Field(default=True, description="whether the selling half is traded too")

    def _printed(self) -> OpenAgainstForecast:
        return OpenAgainstForecast(rule="as printed", fraction=self.fraction, short=self.short)

    def wish(self, seen: BarsSeen) -> BarWish:
        """Hold it against the last close."""
        return self._printed().wish(seen._replace(forecast=seen.last))

    def plan(self, seen: BarsSeen) -> BarPlan:
        """Hold every open against the close before."""
        return self._printed().plan(seen._replace(forecast=seen.last))
