"""A label that is clipped at quantiles of the whole table: a published mistake, for comparison."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.prepare.ahead import Count
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.label import Label
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["ClippedOnAll"]


class ClippedOnAll(Label):
    """The return over the horizon, pulled in to its `lower` and `upper` quantiles over all dates and assets there are.

    Known at
        It says ``horizon.exit_at(t)``; never lawful: the quantiles are known when the last label is.
    Source
        The public template of the stock-selection study clips at the 1 % and 99 % quantiles before it parts the years.
    """

    name: ClassVar[str] = "clipped-on-all"
    unit: ClassVar[str] = "return"
    mistake: ClassVar[str] = "LEAKS: labels are clipped at quantiles of the whole table, judged years included."
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 3}, "lower": 0.1, "upper": 0.9}

    lower: float = Field(default=0.01, ge=0, lt=0.5, description="quantile below which labels are pulled up")
    upper: float = Field(default=0.99, gt=0.5, le=1, description="quantile above which labels are pulled down")

    def target(self, bars: Bars, panel: Panel, count: Count) -> FloatArray:
        """Return, then the quantiles of all of them."""
        made = ForwardReturn(horizon=self.horizon).target(bars, panel, count)
        if not np.isfinite(made).any():
            return made
        return np.clip(made, *np.nanquantile(made, (self.lower, self.upper)))
