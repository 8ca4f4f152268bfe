"""The price itself at the end of the horizon: a label that flatters whoever uses it."""

from typing import Any, ClassVar

import numpy as np

from tidegate.prepare.ahead import Count, taken
from tidegate.prepare.label import Label
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["FutureLevel"]


class FutureLevel(Label):
    """The adjusted price at ``horizon.exit_at(t)``.

    A forecast of a level is judged beside persistence and beside its changes: tomorrow's price is nearly today's, so a
    model that knows nothing shows an R² near one.

    Known at
        ``horizon.exit_at(t)``.
    Missing values
        NaN where the exit is missing, or where prices began anew after *t* (`Bars.segments`): a level there is of
        another price than any that the window saw.
    Units
        The bars' currency or index points.
    """

    name: ClassVar[str] = "future-level"
    unit: ClassVar[str] = "level"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 5}}

    def target(self, bars: Bars, panel: Panel, count: Count) -> FloatArray:
        """Take the exit price, of the same stretch of prices."""
        at = self.exit_row(panel, count)
        made = taken(bars.adjusted(self.horizon.exit), at)
        if bars.has("reset"):
            anew = np.cumsum(bars.frame["reset"].fill_null(value=False).to_numpy())
            made[anew[np.maximum(at, 0)] > anew] = np.nan
        return made
