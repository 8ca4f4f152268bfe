"""A fixed fraction of equity in every trade: of value, of margin, or of what a stop may lose."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.errors import SettingError
from tidegate.strategy.within_bar import BarPlan, BarsSeen, BarWish, Wrapped
from tidegate.types.axes import frozen

__all__ = ["FixedFraction"]


class FixedFraction(Wrapped):
    """Size every trade of the inner rule by one fraction of equity at its open.

    Formula
        Exposure (value over equity), for a fraction f, market margin m and the inner rule's stop s:
        f (``"value"``), f / m (``"margin"``), f / s (``"risk"``: what is lost where the stop is hit, before costs and
        slippage); never above 1 / m.
    Known at
        As the inner rule.
    Missing values
        A bar in which the inner rule opens nothing stays so.
    Errors
        `SettingError` for ``"risk"`` around a rule without a stop.

    >>> from tidegate.strategy.always_long import AlwaysLong
    >>> seen = BarsSeen(*(np.array([3500.0]) for _ in range(3)), 1.0, 0.1)
    >>> FixedFraction(inner=AlwaysLong(), fraction=0.3, basis="margin").wish(seen).exposure.__round__(6)
    3.0
    """

    name: ClassVar[str] = "fixed-fraction"
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "open-against-forecast"}, "fraction": 0.5}

    fraction: float = Field(gt=0, description="what part of equity a trade is")
    basis: Literal["value", "margin", "risk"] = Field(
        default="value",
        description="what the fraction is of: the position's value, its margin, or the loss at its stop",
    )

    def wish(self, seen: BarsSeen) -> BarWish:
        """Size one bar's wish."""
        wish = self.inner.wish(seen)
        if wish.exposure <= 0:
            return wish
        self._can_be_sized(stopped=wish.stop > 0)
        size = {"value": self.fraction, "margin": self.fraction / seen.margin}.get(self.basis)
        return wish._replace(exposure=min(self.fraction / wish.stop if size is None else size, 1 / seen.margin))

    def plan(self, seen: BarsSeen) -> BarPlan:
        """Size every wish."""
        plan = self.inner.plan(seen)
        opens = plan.exposure > 0
        self._can_be_sized(stopped=bool((plan.stop[opens] > 0).all()))
        if self.basis == "risk":
            size = self.fraction / np.where(opens, plan.stop, 1.0)
        else:
            size = np.full(len(opens), self.fraction / seen.margin if self.basis == "margin" else self.fraction)
        return plan._replace(exposure=frozen(np.where(opens, np.minimum(size, 1 / seen.margin), 0.0)))

    def _can_be_sized(self, *, stopped: bool) -> None:
        if self.basis == "risk" and not stopped:
            raise SettingError(
                "a fraction at risk needs a stop",
                expected='a rule with a stop: {"name": "stop-loss", "inner": …, "distance": 0.01}',
                found=self.inner,
                hint='wrap the rule in stop-loss first, or set basis="value"',
            )
