"""No more than a share of equity as margin."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.strategy.within_bar import BarPlan, BarsSeen, BarWish, Wrapped
from tidegate.types.axes import frozen

__all__ = ["MarginCap"]


class MarginCap(Wrapped):
    """Cut the inner rule's size where its margin would be more than `share` of equity.

    Formula
        exposure = min(inner exposure, `share` / margin), margin a fraction of value that the market asks.
    Known at
        As the inner rule.
    Missing values
        As the inner rule.

    >>> from tidegate.strategy.always_long import AlwaysLong
    >>> seen = BarsSeen(*(np.array([3500.0]) for _ in range(3)), 1.0, 0.1)
    >>> MarginCap(inner=AlwaysLong(fraction=5.0), share=0.2).wish(seen).exposure
    2.0
    """

    name: ClassVar[str] = "margin-cap"
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "open-against-forecast"}, "share": 0.05}

    share: float = Field(gt=0, le=1, description="largest part of equity that is asked as margin")

    def wish(self, seen: BarsSeen) -> BarWish:
        """Cut one bar's wish."""
        wish = self.inner.wish(seen)
        return wish._replace(exposure=min(wish.exposure, self.share / seen.margin))

    def plan(self, seen: BarsSeen) -> BarPlan:
        """Cut every wish."""
        plan = self.inner.plan(seen)
        return plan._replace(exposure=frozen(np.minimum(plan.exposure, self.share / seen.margin)))
