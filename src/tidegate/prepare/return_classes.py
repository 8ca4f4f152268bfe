"""The return over the horizon, told apart by thresholds: falls, stays, rises."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from tidegate.errors import SettingError
from tidegate.prepare.ahead import Count
from tidegate.prepare.label import Label, forward_return
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["ReturnClasses"]


class ReturnClasses(Label):
    """How many of the mirrored `thresholds` the return passes: ``Σ_j [r > θ_j] - Σ_j [r < -θ_j]``.

    One threshold makes three classes, -1, 0 and +1; two make five, -2 … +2. A return equal to a threshold hasn't passed
    it. With the target scaling ``classes(first=-1)`` (or -2) a loss of classes learns them from the lowest up.

    Known at
        ``horizon.exit_at(t)``.
    Units
        Thresholds are fractions: 0.03 is three percent.
    Missing values
        NaN where the return is.
    Source
        The multi-factor documents: above 3 %, below -3 %, between; and five classes at 3 % and 5 %.
    """

    name: ClassVar[str] = "return-classes"
    unit: ClassVar[str] = "class"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 20}, "thresholds": [0.03]}

    thresholds: tuple[float, ...] = Field(min_length=1, description="sizes of returns that part the classes, rising")

    @model_validator(mode="after")
    def _rising(self) -> "ReturnClasses":
        if self.thresholds[0] <= 0 or bool(np.any(np.diff(self.thresholds) <= 0)):
            raise SettingError(
                "thresholds must be above zero and rise", where=f"{self.name}.thresholds", found=self.thresholds
            )
        return self

    def target(self, bars: Bars, panel: Panel, count: Count) -> FloatArray:
        """Return, then count the thresholds it passes."""
        made = forward_return(bars, panel, self.horizon, count)
        passed = np.searchsorted(self.thresholds, made, side="left") - np.searchsorted(
            self.thresholds, -made, side="left"
        )
        return np.where(np.isnan(made), np.nan, passed.astype(np.float64))
