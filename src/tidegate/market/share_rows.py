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
from tidegate.market.boards import SHARE_TICK, BoardRules, board_of
from tidegate.market.prices import nearest_tick, whole_ticks
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.bars import Bars

__all__ = ["ShareRows", "share_stamps"]

_FROM_REFERENCES = (
    "Corporate actions are read from reference prices: shares × close / reference, the remainder in cash."
)
_FROM_FACTOR = (
    "Reference prices are derived from the adjustment factor (last close × factor then / factor now, to the tick), and"
    " corporate actions from them: shares × close / reference, the remainder in cash."
)
_NO_ACTIONS = (
    "Corporate actions are not known: the bars have neither reference prices nor a factor, so that holders lose what"
    " was split or paid."
)
_NO_WARNINGS = "The bars do not tell risk warnings (ST): every share counts as not under one."


def share_stamps(bars: Bars, *, at_risk: bool) -> tuple[str, ...]:
    """Say where corporate actions come from, and what of risk warnings is not known."""
    named = bars.has("preclose")
    actions = _FROM_REFERENCES if named else _FROM_FACTOR if bars.has("factor") else _NO_ACTIONS
    return (actions, *(() if at_risk or bars.has("at_risk") else (_NO_WARNINGS,)))


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
        return whole_ticks(self.column(name), SHARE_TICK, where)

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
        """Reference price of each row's session in ticks; 0 where none is known.

        As given; else the last traded close × factor then / factor now, to the tick; else the close before.
        """
        given = self._given
        return np.where(given > 0, given, np.where(self._derived > 0, self._derived, self.before))

    @cached_property
    def unnamed(self) -> BoolArray:
        """Traded rows that open a session without a reference price, in bars that give some."""
        if "preclose" not in self.frame.columns:
            return np.zeros(len(self.asset), dtype=bool)
        unnamed: BoolArray = self.first_of_session & self.trades & (self._given == 0) & (self.before > 0)
        return unnamed

    @cached_property
    def _given(self) -> IntArray:
        return self.ticks("preclose")

    @cached_property
    def _derived(self) -> IntArray:
        """Reference price of each row's session by the factor; 0 where there is none, or nothing was traded before."""
        made = np.zeros(len(self.asset), dtype=np.int64)
        if "factor" not in self.frame.columns:
            return made
        factor, row = self.column("factor"), np.arange(len(made))
        last = np.append(-1, np.maximum.accumulate(np.where(self.trades, row, -1))[:-1])[self.start]
        known = (last >= 0) & (self.asset[last] == self.asset)
        ratio = factor[last] / factor[self.start]
        known &= np.isfinite(ratio) & (ratio > 0)
        made[known] = nearest_tick((self.close[last] * ratio)[known], 1.0)
        return made

    @cached_property
    def moved(self) -> tuple[IntArray, IntArray]:
        """Traded rows at which a reference price differs from the last traded close, and the row of that close."""
        rows = np.flatnonzero(self.trades)
        last, row = rows[:-1], rows[1:]
        given = self.reference[self.start[row]]
        changed = (self.asset[last] == self.asset[row]) & (self.start[last] != self.start[row])
        changed &= (given > 0) & (given != self.close[last])
        return row[changed], last[changed]
