"""The return over the horizon, clipped."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.prepare.ahead import Count
from tidegate.prepare.label import Label, forward_return
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["ForwardReturn"]


class ForwardReturn(Label):
    """``clip(exit / entry - 1, -clip, clip)``.

    Known at
        ``horizon.exit_at(t)``.
    Units
        A fraction: 0.01 is one percent.
    Source
        The index-timing document clips the 5-day return at ±0.2.
    """

    name: ClassVar[str] = "forward-return"
    unit: ClassVar[str] = "return"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 5}}

    clip: float | None = Field(default=None, gt=0, description="largest absolute return kept; None keeps all")

    def target(self, bars: Bars, panel: Panel, count: Count) -> FloatArray:
        """Return and clip."""
        made = forward_return(bars, panel, self.horizon, count)
        return made if self.clip is None else np.clip(made, -self.clip, self.clip)
