"""The family of factor sets: market history → factors, causal by contract."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tidegate.component import Component
from tidegate.types.axes import FloatArray, require
from tidegate.types.bars import Bars
from tidegate.types.history import History
from tidegate.types.panel import Panel

__all__ = ["FactorSet", "FactorValues", "panel_of"]


@dataclass(frozen=True)
class FactorValues:
    """Factors at the rows that a history asks for, in double precision ``f64 [R, F]``, before anything is cast.

    Known at
        Row *t* at CLOSE(t), but for `forcings`: fields lawfully known ahead.
    Missing values
        NaN.
    """

    values: FloatArray
    fields: tuple[str, ...]
    forcings: frozenset[str] = frozenset()
    stamps: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        history: History,
        columns: dict[str, FloatArray],
        forcings: frozenset[str] = frozenset(),
        stamps: tuple[str, ...] = (),
    ) -> "FactorValues":
        """Gather columns ``[R]``, what is not finite as NaN; raises `RecordError` for another number of rows."""
        rows = history.rows.frame.height
        for name, column in columns.items():
            require(holds=column.shape == (rows,), what=f"one {name} per row", expected=rows, found=column.shape)
        values = np.column_stack(list(columns.values())).astype(np.float64)
        values[~np.isfinite(values)] = np.nan
        return cls(values, tuple(columns), forcings, stamps)

    def panel(self, rows: Bars) -> Panel:
        """Cast them, once, into a panel with the rows of `rows`; what single precision can't hold is missing."""
        with np.errstate(over="ignore"):
            values = self.values.astype(np.float32)
        values[~np.isfinite(values)] = np.nan
        return Panel.of(values, rows.times, rows.assets, self.fields, rows.places, rows.offsets, self.forcings)


class FactorSet(Component):
    """A named set of factors.

    Known at
        Row *t* of what `compute` and `at` return uses what was known at CLOSE(t) only. The future-blind contract holds
        every member to it: truncate and scramble the future, and no earlier value may change by one bit.
    """

    family: ClassVar[str] = "factors"

    @property
    def reads_reports(self) -> bool:
        """Whether bars alone are not enough: such a set has an `at` of its own, and its `compute` says so."""
        return False

    @property
    def earlier_rows(self) -> int | None:
        """How many earlier bars of the same asset a row needs, where it needs nothing else; None where nobody tells."""
        return None

    @property
    def styles(self) -> Mapping[str, str]:
        """The style of each field, of sets that tell one."""
        return {}

    @abstractmethod
    def compute(self, bars: Bars) -> Panel:
        """Compute every factor for every bar; the panel has one row per bar, in the order of ``bars.frame``."""

    def at(self, history: History) -> FactorValues:
        """Compute every factor at the rows that are wanted: those of `compute`, unless the set knows a better way.

        A set that reads more than bars, or gives numbers before the cast, has its own.
        """
        panel = self.compute(history.bars)
        return FactorValues(panel.values[history.at].astype(np.float64), panel.fields, panel.forcings)


def panel_of(bars: Bars, columns: dict[str, FloatArray], forcings: frozenset[str] = frozenset()) -> Panel:
    """Bring float64 columns, one value per bar, into a panel: the one cast to single precision happens here.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> bars = NoiseWorld(sessions=50, seed=1).bars()
    >>> panel_of(bars, {"close": bars.adjusted("close")}).values.shape
    (50, 1)
    """
    return FactorValues.of(History.of(bars), columns, forcings).panel(bars)
