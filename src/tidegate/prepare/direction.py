"""The sign of the return over the horizon."""

from typing import Any, ClassVar

import numpy as np

from tidegate.prepare.ahead import Count
from tidegate.prepare.label import Label, forward_return
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["Direction"]


class Direction(Label):
    """+1 where the return over the horizon is above zero, −1 otherwise (a return of exactly zero counts as −1).

    Known at
        ``horizon.exit_at(t)``.
    Source
        The index-timing document: "above 0 take 1; not above 0 take −1".
    """

    name: ClassVar[str] = "direction"
    unit: ClassVar[str] = "sign"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 5}}

    def target(self, bars: Bars, panel: Panel, count: Count) -> FloatArray:
        """Return, then sign."""
        made = forward_return(bars, panel, self.horizon, count)
        return np.where(np.isnan(made), np.nan, np.where(made > 0, 1.0, -1.0))
