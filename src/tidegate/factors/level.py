"""How high the price stands, in coarse steps: what a per-window z-score throws away."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from tidegate.factors.base import FactorSet, panel_of
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["PriceLevel"]


class PriceLevel(FactorSet):
    """``level = round(close / step)``, halves to even as NumPy rounds them.

    Known at
        CLOSE(t).
    Units
        Steps; a plain number.
    Source
        The two-input model of the index-timing document: ``label = np.round(close/500)``.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> PriceLevel(step=10).compute(NoiseWorld(sessions=40, seed=1).bars()).fields
    ('level',)
    """

    name: ClassVar[str] = "price-level"

    step: float = Field(default=500.0, gt=0, description="index points in one step")

    @property
    def earlier_rows(self) -> int:
        """None but its own."""
        return 0

    def compute(self, bars: Bars) -> Panel:
        """Round the adjusted close."""
        return panel_of(bars, {"level": np.round(bars.adjusted("close") / self.step)})
