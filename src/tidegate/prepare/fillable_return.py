"""The return over the horizon, told only where somebody could have got in."""

from typing import Any, ClassVar

import numpy as np

from tidegate.prepare.ahead import Count, row_ahead, taken
from tidegate.prepare.label import Label, forward_return
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["FillableReturn"]


class FillableReturn(Label):
    """``exit / entry - 1``, missing where the bar of entry has no range: ``high(t + lag) = low(t + lag)``.

    A bar without range was locked at a limit, or traded once: whoever wanted in at its open stood in a queue.

    Known at
        ``horizon.exit_at(t)``; that the entry was locked is known before, at the close of its bar.
    Units
        A fraction: 0.01 is one percent.
    Missing values
        A bar of entry without high or low tells nothing of a range: its label is missing too.
    Source
        The public template of the stock-selection study: missing where ``high(t+1) = low(t+1)``.

    >>> from tidegate.factors.raw import RawFields
    >>> from tidegate.testing.history import example_bars
    >>> from tidegate.types.clock import Horizon
    >>> bars = example_bars(sessions=20, assets=1)
    >>> panel = RawFields().compute(bars)
    >>> made = FillableReturn(horizon=Horizon(lag=1, span=4, exit="close")).target(bars, panel, "rows")
    >>> made.shape, bool(np.isnan(made[-5:]).all())
    ((20,), True)
    """

    name: ClassVar[str] = "fillable-return"
    unit: ClassVar[str] = "return"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 5}}

    def target(self, bars: Bars, panel: Panel, count: Count) -> FloatArray:
        """Return, where the entry's bar has a range."""
        made = forward_return(bars, panel, self.horizon, count)
        entry = row_ahead(panel, self.horizon.lag, count)
        ranged = taken(bars.column("high"), entry) > taken(bars.column("low"), entry)
        return np.where(ranged, made, np.nan)
