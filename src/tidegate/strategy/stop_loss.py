"""Out before the close, where the bar goes too far against a position."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.strategy.within_bar import BarPlan, BarsSeen, BarWish, Wrapped
from tidegate.types.axes import frozen

__all__ = ["StopLoss"]


class StopLoss(Wrapped):
    """Leave a position within its bar once that goes `distance` of the open against it.

    Formula
        The stop lies max(1 tick, ⌊`distance` · open⌋ in ticks) from the open. Where the bar's low (a long position) or
        high (a short one) reaches it, the position is left at the stop, worse by the market's slippage and never beyond
        a limit; else at the close. Where the stop lies at a limit nobody takes it.
    Readings
        In which order a bar's prices came is not asked: the stop alone lies between its open and its close. A gap
        within the bar (a night and a day in one, a halt) is not seen, and a stop there is filled better than it would
        have been. Around a rule that has a stop, the nearer one holds.
    Known at
        The distance after CLOSE(t); whether it was reached within bar t + 1, and nothing is decided on that before its
        close.
    Missing values
        As the inner rule.
    Errors
        `SettingError` in a market whose highs and lows nobody knows, when it is traded.

    >>> from tidegate.strategy.always_long import AlwaysLong
    >>> seen = BarsSeen(*(np.array([3500.0]) for _ in range(3)), 1.0, 0.1)
    >>> StopLoss(inner=StopLoss(inner=AlwaysLong(), distance=0.02), distance=0.01).wish(seen).stop
    0.01
    """

    name: ClassVar[str] = "stop-loss"
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "open-against-forecast"}, "distance": 0.005}

    distance: float = Field(gt=0, lt=1, description="how far from the open, as a fraction of it")

    def wish(self, seen: BarsSeen) -> BarWish:
        """Put a stop to one bar's wish."""
        wish = self.inner.wish(seen)
        return wish._replace(stop=min(wish.stop, self.distance) if wish.stop > 0 else self.distance)

    def plan(self, seen: BarsSeen) -> BarPlan:
        """Put a stop to every wish."""
        plan = self.inner.plan(seen)
        nearer = np.where(plan.stop > 0, np.minimum(plan.stop, self.distance), self.distance)
        return plan._replace(stop=frozen(nearer))
