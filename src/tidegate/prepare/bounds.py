"""The family of bounds: beyond which values of a cross-section are extreme.

Bounds are found here and used elsewhere: a step that pulls extremes in and one that drops them take the same rules.
"""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from tidegate.component import Component
from tidegate.errors import SettingError
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Bounds", "MedianDeviations", "Quantiles", "StandardDeviations", "column_medians"]

_NORMAL = 1.482602218505602


class Bounds(Component):
    """A rule for the lowest and highest value that is not extreme.

    Known at
        CLOSE of the date whose values it is given.
    """

    family: ClassVar[str] = "bounds"

    @abstractmethod
    def of_columns(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest ``[F]`` of one date's values ``[n, F]``; infinite where nothing is extreme."""


class MedianDeviations(Bounds):
    """``m ± times · 1.4826 · median |x - m|``, m being the median: the rule that extremes themselves can't move.

    1.4826 makes the deviation that of a normal law. Where more than half of the values are equal, their median
    deviation is zero and nothing is called extreme.

    Known at
        CLOSE of the date.
    Missing values
        Left out.
    Source
        Hampel, "The influence curve and its role in robust estimation", 1974.

    >>> low, high = MedianDeviations(times=1).of_columns(np.array([[0.0], [1.0], [2.0], [3.0], [100.0]]))
    >>> np.round(low, 4).tolist(), np.round(high, 4).tolist()
    ([0.5174], [3.4826])
    """

    name: ClassVar[str] = "median-deviations"

    times: float = Field(default=5.0, ge=1, description="how many deviations lie within the bounds")

    def of_columns(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Median and median deviation."""
        middle = column_medians(values)
        reach = self.times * _NORMAL * column_medians(np.abs(values - middle))
        reach = np.where(reach > 0, reach, np.inf)  # missing deviations too: an empty column has no extremes
        middle = np.where(np.isnan(middle), 0.0, middle)
        return middle - reach, middle + reach


class Quantiles(Bounds):
    """The values at ranks ``⌈lower · (n - 1)⌉`` and ``⌊upper · (n - 1)⌋`` from below, counted from 0.

    They are values that occur: pulling in extremes twice is then the same as once, and the values strictly beyond them
    are those beyond the interpolated quantiles.

    Known at
        CLOSE of the date.
    Missing values
        Left out; n counts the rest.

    >>> low, high = Quantiles(lower=0.25, upper=0.75).of_columns(np.arange(10.0)[:, None])
    >>> low.tolist(), high.tolist()
    ([3.0], [6.0])
    """

    name: ClassVar[str] = "quantiles"

    lower: float = Field(default=0.01, ge=0, lt=0.5, description="share of the values below the lower bound")
    upper: float = Field(default=0.99, gt=0.5, le=1, description="share of the values below the upper bound")

    @model_validator(mode="after")
    def _some(self) -> "Quantiles":
        if self.lower == 0 and self.upper == 1:
            raise SettingError("nothing lies beyond these quantiles", where=self.name, found=(0, 1))
        return self

    def of_columns(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Two order statistics of each column."""
        ranked, count = _ranked(values)
        low = _at(ranked, np.ceil(self.lower * (count - 1) - 1e-9))
        high = _at(ranked, np.floor(self.upper * (count - 1) + 1e-9))
        crossed = high < low  # so few values that nothing lies between the ranks
        low, high = np.where(crossed, -np.inf, low), np.where(crossed, np.inf, high)
        return np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)


class StandardDeviations(Bounds):
    """``mean ± times · deviation`` (ddof 0). One far value widens its own bounds: see `MedianDeviations`.

    Known at
        CLOSE of the date.
    Missing values
        Left out.

    >>> low, high = StandardDeviations(times=2).of_columns(np.array([[-1.0], [1.0]]))
    >>> low.tolist(), high.tolist()
    ([-2.0], [2.0])
    """

    name: ClassVar[str] = "standard-deviations"

    times: float = Field(default=3.0, gt=0, description="how many deviations lie within the bounds")

    def of_columns(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and deviation."""
        there = ~np.isnan(values)
        count = np.maximum(there.sum(axis=0), 1)
        mean = np.where(there, values, 0.0).sum(axis=0) / count
        reach = self.times * np.sqrt((np.where(there, values - mean, 0.0) ** 2).sum(axis=0) / count)
        reach = np.where(reach > 0, reach, np.inf)
        return mean - reach, mean + reach


def column_medians(values: FloatArray) -> FloatArray:
    """Median of each column ``[F]`` of ``[n, F]`` without its missing values; NaN where none is left.

    >>> column_medians(np.array([[1.0, np.nan], [4.0, np.nan], [np.nan, np.nan]])).tolist()
    [2.5, nan]
    """
    ranked, count = _ranked(values)
    low, high = _at(ranked, (count - 1) // 2), _at(ranked, count // 2)
    return low + (high - low) / 2


def _ranked(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Each column sorted ``[F, n]``, missing values last, and how many there are ``[F]``."""
    ranked = np.sort(np.ascontiguousarray(values.T), axis=1)
    return ranked, np.asarray((~np.isnan(ranked)).sum(axis=1))


def _at(ranked: FloatArray, rank: FloatArray | IntArray) -> FloatArray:
    """Value at a rank of each column ``[F]``; NaN where a column is empty."""
    if ranked.shape[1] == 0:
        return np.full(len(ranked), np.nan)
    return ranked[np.arange(len(ranked)), np.maximum(rank, 0).astype(np.int64)]
