"""The family of labels: what a model should say about the time after its anchor."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from tidegate.component import Component
from tidegate.prepare.ahead import Count, row_ahead, taken
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.bars import Bars
from tidegate.types.clock import Horizon
from tidegate.types.panel import Panel

__all__ = ["Label", "forward_return"]


class Label(Component):
    """A target per row, in its own `unit`.

    Known at
        ``horizon.exit_at(t)``. Nothing later than that may enter the label of *t*; the contract tests hold it to that.
    """

    family: ClassVar[str] = "label"
    unit: ClassVar[str] = ""

    horizon: Horizon

    @abstractmethod
    def target(self, bars: Bars, panel: Panel, count: Count) -> FloatArray:
        """Make the label of every row ``[R]``; NaN where the future is missing or has not come."""

    def exit_row(self, panel: Panel, count: Count) -> IntArray:
        """Find the row at which each label becomes known ``[R]``, −1 where there is none."""
        return row_ahead(panel, self.horizon.purge, count)


def forward_return(bars: Bars, panel: Panel, horizon: Horizon, count: Count) -> FloatArray:
    """``exit(t + lag + span) / entry(t + lag) - 1`` on adjusted prices, ``[R]``; NaN where either is missing.

    NaN too where prices began anew between the two (`Bars.segments`): the reference price there is no price before.
    A month's bar does not say on which of its days that was: a month of entry or exit with such a day counts.
    """
    entry, exit_ = row_ahead(panel, horizon.lag, count), row_ahead(panel, horizon.purge, count)
    made = taken(bars.adjusted(horizon.exit), exit_) / taken(bars.adjusted(horizon.entry), entry) - 1.0
    if bars.has("reset"):
        anew = np.cumsum(bars.frame["reset"].fill_null(value=False).to_numpy())
        own = 1 if bars.spec.frequency == "1mo" and horizon.entry == "open" else 0  # its own month's, after the open
        before = np.where(entry >= own, anew[np.maximum(entry - own, 0)], 0)
        made[anew[np.maximum(exit_, 0)] > before] = np.nan
    return made
