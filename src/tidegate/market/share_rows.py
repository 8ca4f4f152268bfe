"""The rows of many A shares at once: whole ticks, references, limits, and what was seen of them.

Rows lie as the bars do, asset by asset and in time, so that one pass over long columns takes the place of a loop over
assets. `AShare` reads one asset's rows for the timing loop and all of them for the exchange.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import DataError
from tidegate.market.boards import BoardRules, board_of
from tidegate.market.limits import LIMITS, LIMITS_AT_RISK, limit_ticks
from tidegate.market.prices import whole_ticks
from tidegate.types.axes import BoolArray, FloatArray, IntArray

__all__ = ["ShareRows"]

_TICK = 0.01


@dataclass(frozen=True)
class ShareRows:
    """Rows ``[R]`` of A shares, sorted by asset, then time, with the place of each on the axes.

    Known at
        `opening`, `reference`, `limits` and `holds` at OPEN of the row's session; `close` at CLOSE.
    Errors
        `DataError` for a code that is no A share, a price off the tick, or a session before a rule's first row.
    """

    frame: pl.DataFrame
    asset: IntArray
    """Place of each row's asset."""
    bar: IntArray
    """Place of each row on the axis of times."""
    days: NDArray[np.datetime64]
    """Trading day of each bar of that axis."""
    names: tuple[str, ...]
    at_risk: bool

    @classmethod
    def of(
        cls, frame: pl.DataFrame, names: tuple[str, ...], times: NDArray[Any], days: NDArray[Any], *, at_risk: bool
    ) -> "ShareRows":
        """Find each row's place."""
        asset = frame["asset"].rle_id().cast(pl.Int64).to_numpy()
        bar = np.searchsorted(times, frame["time"].to_numpy()).astype(np.int64)
        return cls(frame, asset, bar, days, names, at_risk)

    def column(self, name: str) -> FloatArray:
        """Give a column as float64, nulls (or a missing column) as NaN."""
        if name not in self.frame.columns:
            return np.full(len(self.asset), np.nan)
        return self.frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()

    def ticks(self, name: str) -> IntArray:
        """Give a column in whole ticks, 0 where nothing is given; raises `DataError` off the tick."""
        where = self.names[0] if len(self.names) == 1 else f"{name} of {len(self.names)} assets"
        return whole_ticks(self.column(name), _TICK, where)

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
    def trades(self) -> BoolArray:
        """Rows in which something can be traded."""
        if "suspended" not in self.frame.columns:
            return np.ones(len(self.asset), dtype=bool)
        return ~self.frame["suspended"].fill_null(value=False).to_numpy()

    @cached_property
    def first_of_asset(self) -> BoolArray:
        """Rows that begin an asset."""
        return np.concatenate([[True], self.asset[1:] != self.asset[:-1]])

    @cached_property
    def first_of_session(self) -> BoolArray:
        """Rows that open a session of their asset."""
        day = self.days[self.bar]
        steps = np.concatenate([[True], day[1:] != day[:-1]])
        if bool((day[1:] < day[:-1])[~self.first_of_asset[1:]].any()):
            raise DataError("trading days go back in time", where=self.names[0])
        return steps | self.first_of_asset

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
    def reference(self) -> IntArray:
        """Reference price of each row's session in ticks: as given, else the close before; 0 where none is known."""
        given = self.ticks("preclose")
        return np.where(given > 0, given, self.before)

    @cached_property
    def percent(self) -> IntArray:
        """Width of the limits in percent, by board, risk warning and day."""
        risky = np.full(len(self.asset), self.at_risk)
        if "at_risk" in self.frame.columns:
            risky |= self.frame["at_risk"].fill_null(value=False).to_numpy()
        kind = np.array([sorted(LIMITS).index(board.board) for board in self.boards])[self.asset]
        percent = np.zeros(len(self.asset), dtype=np.int64)
        for place, board in enumerate(sorted(LIMITS)):
            for flag, tables in ((False, LIMITS), (True, LIMITS_AT_RISK)):
                rows = np.flatnonzero((kind == place) & (risky == flag))
                if len(rows):
                    first = self.bar[rows].min()
                    percent[rows] = tables[board].at(self.days[first:])[self.bar[rows] - first]
        return percent

    @cached_property
    def limits(self) -> tuple[IntArray, IntArray, BoolArray]:
        """Upper and lower limit in ticks, and whether they hold.

        Those of the bars go first; else around the reference price, unless the session opened beyond them.
        """
        up, down = limit_ticks(self.reference, self.percent)
        opening = self.open[self.start]
        holds = (self.reference > 0) & (opening <= up) & (opening >= down)
        for name, ours in (("limit_up", up), ("limit_down", down)):
            if name in self.frame.columns:
                theirs = self.ticks(name)
                ours[theirs > 0] = theirs[theirs > 0]
                holds |= theirs > 0
        return up, down, holds

    @cached_property
    def moved(self) -> tuple[IntArray, IntArray]:
        """Traded rows at which a reference price differs from the last traded close, and the row of that close."""
        rows = np.flatnonzero(self.trades)
        last, row = rows[:-1], rows[1:]
        given = self.reference[self.start[row]]
        changed = (self.asset[last] == self.asset[row]) & (self.start[last] != self.start[row])
        changed &= (given > 0) & (given != self.close[last])
        return row[changed], last[changed]
