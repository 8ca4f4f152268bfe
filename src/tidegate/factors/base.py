"""The family of factor sets: Bars → Panel, causal by contract."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from tidegate.component import Component
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["FactorSet", "panel_of"]


class FactorSet(Component):
    """A named set of factors.

    Known at
        Row *t* of what `compute` returns uses bars up to CLOSE(t) only. The future-blind contract holds every member to
        it: truncate and scramble the future, and no earlier value may change by one bit.
    """

    family: ClassVar[str] = "factors"

    @abstractmethod
    def compute(self, bars: Bars) -> Panel:
        """Compute every factor for every bar; the panel has one row per bar, in the order of ``bars.frame``."""


def panel_of(bars: Bars, columns: dict[str, FloatArray], forcings: frozenset[str] = frozenset()) -> Panel:
    """Bring float64 columns, one value per bar, into a panel: the one cast to single precision happens here.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> bars = NoiseWorld(sessions=50, seed=1).bars()
    >>> panel_of(bars, {"close": bars.adjusted("close")}).values.shape
    (50, 1)
    """
    frame = bars.frame
    row_time = np.searchsorted(bars.times, frame["time"].to_numpy().astype("datetime64[us]"))
    counts = frame.group_by("asset", maintain_order=True).len()["len"].to_numpy()
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    with np.errstate(over="ignore"):
        values = np.column_stack([columns[name] for name in columns]).astype(np.float32)
    values[~np.isfinite(values)] = np.nan
    return Panel.of(values, bars.times, bars.assets, tuple(columns), row_time.astype(np.int64), offsets, forcings)
