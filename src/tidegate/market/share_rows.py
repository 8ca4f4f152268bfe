"""The rows of many A shares at once: whole ticks, sessions, reference prices and what moved them.

Rows lie as the bars do, asset by asset and in time, so that one pass over long columns takes the place of a loop over
assets. `AShare` reads one asset's rows for the timing loop, and blocks of many assets for the exchange.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import DataError
from tidegate.market.boards import BoardRules, board_of
from tidegate.market.prices import whole_ticks
from tidegate.types.axes import BoolArray, FloatArray, IntArray

__all__ = ["ShareRows"]

_TICK = 0.01


@dataclass(frozen=True)
class ShareRows:
    """Rows ``[R]`` of A shares, sorted by asset, then time, with the place of each on the axes.

    Known at
        `opening`, `reference` and `before` at OPEN of the row's session; `close` at CLOSE.
    Errors
        `DataError` for a code that is no A share, a price off the tick, or sessions that go back in time.
    """

    frame: pl.DataFrame
    names: tuple[str, ...]
    asset: IntArray
    """Place of each row's asset among `names`."""
    bar: IntArray
    """Place of each row on the axis of times."""
    days: NDArray[np.datetime64]
    """Trading day of each bar of that axis."""
    at_risk: bool
    """Whether all are under risk warning, whatever the column `at_risk` says."""

    def column(self, name: str) -> FloatArray:
        """Give a column as float64, nulls (or a missing column) as NaN."""
        if name not in self.frame.columns:
            return np.full(len(self.asset), np.nan)
        return self.frame[name].to_numpy().astype(np.float64, copy=False)

    def ticks(self, name: str) -> IntArray:
        """Give a column in whole ticks, 0 where nothing is given; raises `DataError` off the tick."""
        if name not in self.frame.columns:
            return np.zeros(len(self.asset), dtype=np.int64)
        where = self.names[0] if len(self.names) == 1 else f"{name} of {self.names[0]} … {self.names[-1]}"
        return whole_ticks(self.column(name), _TICK, where)

    def told(self, row: int) -> str:
        """Name a row in words."""
        return f"{self.names[self.asset[row]]} {self.days[self.bar[row]]}"

    @cached_property
    def boards(self) -> tuple[BoardRules, ...]:
        """Board of each asset ``[N]``."""
        return tuple(board_of(name) for name in self.names)

    @cached_property
    def open(self) -> IntArray:
        """Opens in ticks."""
        return self.ticks("open")

    @cached_property
    def close(self) -> IntArray:
        """Closes in ticks."""
        return self.ticks("close")

    @cached_property
    def high(self) -> IntArray:
        """Highs in ticks."""
        return self.ticks("high")

    @cached_property
    def low(self) -> IntArray:
        """Lows in ticks."""
        return self.ticks("low")

    @cached_property
    def trades(self) -> BoolArray:
        """Rows in which something can be traded."""
        if "suspended" not in self.frame.columns:
            return np.ones(len(self.asset), dtype=bool)
        return ~self.frame["suspended"].fill_null(value=False).to_numpy()

    @cached_property
    def warned(self) -> BoolArray:
        """Rows under risk warning (ST)."""
        if self.at_risk or "at_risk" not in self.frame.columns:
            return np.full(len(self.asset), self.at_risk)
        return self.frame["at_risk"].fill_null(value=False).to_numpy()

    @cached_property
    def first_of_asset(self) -> BoolArray:
        """Rows that begin an asset."""
        return np.concatenate([[True], self.asset[1:] != self.asset[:-1]])

    @cached_property
    def first_of_session(self) -> BoolArray:
        """Rows that open a session of their asset."""
        day = self.days[self.bar].astype(np.int64)
        steps = np.diff(day)
        back = (steps < 0) & ~self.first_of_asset[1:]
        if bool(back.any()):
            raise DataError("trading days go back in time", where=self.told(int(np.flatnonzero(back)[0]) + 1))
        return np.concatenate([[True], steps != 0]) | self.first_of_asset

    @cached_property
    def start(self) -> IntArray:
        """Row that opens the session of each row."""
        return np.maximum.accumulate(np.where(self.first_of_session, np.arange(len(self.asset)), 0))

    @cached_property
    def before(self) -> IntArray:
        """Last close of the asset's session before, 0 where there is none."""
        before = np.append(0, self.close[:-1])
        before[self.first_of_asset] = 0
        return before[self.start]

    @cached_property
    def opening(self) -> IntArray:
        """Open of each row's session."""
        return self.open[self.start]

    @cached_property
    def reference(self) -> IntArray:
        """Reference price of each row's session in ticks: as given, else the close before; 0 where none is known."""
        given = self.ticks("preclose")
        return np.where(given > 0, given, self.before)

    @cached_property
    def moved(self) -> tuple[IntArray, IntArray]:
        """Traded rows at which a reference price differs from the last traded close, and the row of that close."""
        rows = np.flatnonzero(self.trades)
        last, row = rows[:-1], rows[1:]
        given = self.reference[self.start[row]]
        changed = (self.asset[last] == self.asset[row]) & (self.start[last] != self.start[row])
        changed &= (given > 0) & (given != self.close[last])
        return row[changed], last[changed]
