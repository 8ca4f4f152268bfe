"""Steps that deal with extreme values of a date: pulled in to the bounds, or dropped."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.prepare.bounds import Bounds
from tidegate.prepare.date_step import DateStep
from tidegate.prepare.sections import Section
from tidegate.types.axes import BoolArray, FloatArray

__all__ = ["DropExtremes", "Winsorise"]


class Winsorise(DateStep):
    """``min(max(x, lowest), highest)`` with the bounds of the date.

    Known at
        CLOSE(t): the bounds are of that date alone.
    Missing values
        Stay missing.
    Source
        The multi-factor documents: "de-extreme" by date, first of the steps.

    >>> step = Winsorise(bounds={"name": "quantiles", "lower": 0.25, "upper": 0.75})
    >>> step.change(Section(np.arange(5.0)[:, None], ("x",)))[:, 0].tolist()
    [1.0, 1.0, 2.0, 3.0, 3.0]
    """

    name: ClassVar[str] = "winsorise"
    example: ClassVar[dict[str, Any]] = {"bounds": {"name": "median-deviations", "times": 5.0}}

    bounds: Bounds = Field(description="beyond which values are extreme")

    def change(self, section: Section) -> FloatArray:
        """Pull extremes in."""
        return np.clip(section.values, *self.bounds.of_columns(section.values))


class DropExtremes(DateStep):
    """Missing where a value lies beyond the bounds of its date; with ``scope="asset"`` all of the asset's values are.

    Known at
        CLOSE(t).
    Missing values
        Stay missing, and are not extreme.
    Source
        The stock-selection document: a stock with a factor beyond the 0.5 % and 99.5 % quantiles is dropped that day.

    >>> step = DropExtremes(bounds={"name": "quantiles", "lower": 0.0, "upper": 0.75}, scope="asset")
    >>> step.change(Section(np.array([[1.0, 9], [2, 2], [3, 3], [4, 4], [5, 1]]), ("x", "y"))).tolist()
    [[nan, nan], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0], [nan, nan]]
    """

    name: ClassVar[str] = "drop-extremes"
    example: ClassVar[dict[str, Any]] = {"bounds": {"name": "quantiles", "lower": 0.005, "upper": 0.995}}

    bounds: Bounds = Field(description="beyond which values are extreme")
    scope: Literal["value", "asset"] = Field(
        default="value", description="what is dropped: the value alone, or all of its asset's values of that date"
    )

    def change(self, section: Section) -> FloatArray:
        """Make extremes missing."""
        low, high = self.bounds.of_columns(section.values)
        beyond: BoolArray = (section.values < low) | (section.values > high)
        if self.scope == "asset":
            beyond = np.logical_or.reduce(beyond, axis=1, keepdims=True)
        return np.where(beyond, np.nan, section.values)
