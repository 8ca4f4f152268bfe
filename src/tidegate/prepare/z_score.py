"""A date's values by their distance from the date's mean."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from tidegate.prepare.date_step import DateStep
from tidegate.prepare.sections import Section
from tidegate.types.axes import FloatArray

__all__ = ["ZScore"]


class ZScore(DateStep):
    """``(x - mean) / deviation`` over the assets of the date, field by field.

    Known at
        CLOSE(t).
    Missing values
        Stay missing. A field that is constant on a date becomes zero.

    >>> ZScore().change(Section(np.array([[1.0], [3.0], [np.nan]]), ("x",)))[:, 0].tolist()
    [-1.0, 1.0, nan]
    """

    name: ClassVar[str] = "z-score"

    ddof: int = Field(default=0, ge=0, le=1, description="0 divides by n, 1 by n - 1")

    def change(self, section: Section) -> FloatArray:
        """Moments of every field, in double precision, over two passes."""
        values = section.values
        if not len(values):
            return values
        there = ~np.isnan(values)
        count = there.sum(axis=0)
        mean = np.where(there, values, 0.0).sum(axis=0) / np.maximum(count, 1)
        away = values - mean
        square = np.where(there, away, 0.0) ** 2
        deviation = np.sqrt(square.sum(axis=0) / np.maximum(count - self.ddof, 1))
        flat = np.fmax.reduce(values, axis=0) == np.fmin.reduce(values, axis=0)
        away[:, flat] = np.where(there[:, flat], 0.0, np.nan)
        return np.asarray(away / np.where(flat | (deviation == 0), 1.0, deviation))
