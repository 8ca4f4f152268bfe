"""Long in every bar: what a rule within bars must beat, at the same costs."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from tidegate.strategy.within_bar import BarPlan, BarsSeen, BarWish, WithinBar, steadily

__all__ = ["AlwaysLong"]


class AlwaysLong(WithinBar):
    """Buy every open and sell every close.

    Known at
        After CLOSE(t), for bar t + 1.
    Missing values
        It reads nothing.

    >>> seen = BarsSeen(np.array([np.nan]), np.array([3500.0]), np.array([3500.0]), 1.0, 0.1)
    >>> AlwaysLong().wish(seen)
    BarWish(below=inf, above=nan, exposure=1.0, stop=0.0)
    """

    name: ClassVar[str] = "always-long"

    fraction: float = Field(default=1.0, gt=0, description="value of a position as a fraction of equity")

    def wish(self, seen: BarsSeen) -> BarWish:  # noqa: ARG002
        """Long at any price."""
        return BarWish(float("inf"), float("nan"), self.fraction)

    def plan(self, seen: BarsSeen) -> BarPlan:
        """Long at any price, always."""
        bars = len(seen.last)
        return steadily(np.full(bars, np.inf), np.full(bars, np.nan), self.fraction)
