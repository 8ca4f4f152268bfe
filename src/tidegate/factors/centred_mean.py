"""A line drawn through the middle of a chart: a public mistake, for comparison."""

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.factors.base import FactorSet, panel_of
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["CentredMean"]


class CentredMean(FactorSet):
    """``x(t) = close(t) / mean(close(t-k) … close(t+k)) - 1``: how far a price lies from a mean drawn around it.

    Known at
        Never lawful: CLOSE(t + k).
    Units
        A fraction; adjusted prices.
    Missing values
        At both ends of an asset the mean is of the bars that there are.
    Source
        Centred oscillators, detrended prices and smoothed trends of charting packages, which draw a lagging line where
        it looks best.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> CentredMean(reach=3).compute(NoiseWorld(sessions=50, seed=1).bars()).fields
    ('from_centred_mean_3',)
    """

    name: ClassVar[str] = "centred-mean"
    mistake: ClassVar[str] = "LEAKS: a mean that is drawn around a bar knows the bars after it."
    example: ClassVar[dict[str, Any]] = {"reach": 5}

    reach: int = Field(ge=1, description="bars on each side of t, k")

    def compute(self, bars: Bars) -> Panel:
        """Running sums, asset by asset."""
        close = bars.adjusted("close")
        mean = np.concatenate([self._around(close[first:end]) for first, end in pairwise(bars.offsets)])
        return panel_of(bars, {f"from_centred_mean_{self.reach}": close / mean - 1})

    def _around(self, close: FloatArray) -> FloatArray:
        sums = np.concatenate([[0.0], np.cumsum(close)])
        at = np.arange(close.size)
        first, end = np.maximum(at - self.reach, 0), np.minimum(at + self.reach + 1, close.size)
        return np.asarray((sums[end] - sums[first]) / (end - first))
