"""Smaller trades when the market is wild: a rule within bars, sized to a wanted volatility."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.strategy.volatility_target import trailing_volatility
from tidegate.strategy.within_bar import BarPlan, BarsSeen, BarWish, Wrapped
from tidegate.types.axes import frozen

__all__ = ["VolatilityScaled"]


class VolatilityScaled(Wrapped):
    """Multiply the inner rule's size by target / volatility of the asset's own bars, no more than `cap`.

    Formula
        exposure(t) = min(inner exposure · min(`cap`, `target` / σ(t)), 1 / margin), σ the standard deviation (ddof 1)
        of the last `lookback` returns from close to close of the joined series (`trailing_volatility`).
    Known at
        CLOSE(t).
    Missing values
        Nothing is opened while σ is not known, or is 0.
    Readings
        For many assets on a gate's number: `VolatilityTarget`, which shows its strategy a part of the purse.

    >>> from tidegate.strategy.always_long import AlwaysLong
    >>> closes = np.array([100.0, 101, 100, 101, 100])
    >>> rule = VolatilityScaled(inner=AlwaysLong(), target=0.01, lookback=2)
    >>> rule.plan(BarsSeen(closes, closes, closes, 1.0, 0.1)).exposure.round(3).tolist()
    [0.0, 0.0, 0.711, 0.711, 0.711]
    """

    name: ClassVar[str] = "volatility-scaled"
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "open-against-forecast"}, "target": 0.01, "lookback": 5}

    target: float = Field(gt=0, description="wanted standard deviation of a bar's return, as a fraction")
    lookback: int = Field(default=60, ge=2, description="returns that the volatility is of")
    cap: float = Field(default=1.0, gt=0, description="largest multiple of the inner rule's size")

    def wish(self, seen: BarsSeen) -> BarWish:
        """Scale one bar's wish."""
        wish, volatility = self.inner.wish(seen), float("nan")
        if len(seen.joined) > self.lookback:
            volatility = float(trailing_volatility(seen.joined[-self.lookback - 1 :], self.lookback)[-1])
        scale = min(self.cap, self.target / volatility) if volatility > 0 else 0.0
        return wish._replace(exposure=min(wish.exposure * scale, 1 / seen.margin))

    def plan(self, seen: BarsSeen) -> BarPlan:
        """Scale every wish."""
        plan = self.inner.plan(seen)
        volatility = trailing_volatility(seen.joined, self.lookback)
        known = volatility > 0
        scale = np.where(known, np.minimum(self.cap, self.target / np.where(known, volatility, 1.0)), 0.0)
        return plan._replace(exposure=frozen(np.minimum(plan.exposure * scale, 1 / seen.margin)))
