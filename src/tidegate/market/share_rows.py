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
from tidegate.types.bars import EVENTS, Bars

__all__ = ["ShareRows", "reference_after", "share_stamps"]

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


def reference_after(
    close: IntArray, cash: FloatArray, bonus: FloatArray, rights: FloatArray, price: FloatArray
) -> IntArray:
    """Reference price of an ex-day in ticks of a fen, half-up.

    Formula
        ``(close − dividend + rights price · rights) / (1 + bonus + rights)``, at least one tick.
    Units
        `close` in ticks; `cash` and `price` in yuan a share; `bonus` and `rights` in shares a share.
    Source
        Trading rules of both exchanges, on ex-rights and ex-dividend reference prices.

    >>> ten = np.array([1000])
    >>> reference_after(ten, np.array([0.5]), np.array([0.2]), np.array([0.3]), np.array([6.0])).tolist()
    [753]
    """
    whole = (close - (cash - price * rights) / SHARE_TICK) / (1.0 + bonus + rights)
    return nearest_tick(np.maximum(whole, 1.0), 1.0)


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

    def event(self, name: str) -> FloatArray:
        """Give one of `EVENTS`, 0 where nothing is told."""
        return np.nan_to_num(self.column(name))

    @cached_property
    def acts(self) -> BoolArray:
        """Rows that open a session and tell of a dividend, of new shares or of rights."""
        if not set(EVENTS) & set(self.frame.columns):
            return np.zeros(len(self.asset), dtype=bool)
        some: BoolArray = np.any([self.event(name) > 0 for name in EVENTS[:3]], axis=0)
        return some & self.first_of_session

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

        As given; else by the dividend and new shares told of it; else the last traded close × factor then / factor now,
        to the tick; else the close before.
        """
        made = np.where(self._derived > 0, self._derived, self.before)
        if self.acts.any():
            made = np.where(self._by_event > 0, self._by_event, made)
        return np.where(self._given > 0, self._given, made)

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
    def _last(self) -> tuple[IntArray, BoolArray]:
        """The latest traded row before each row's session, and whether its asset has one."""
        row = np.arange(len(self.asset))
        last = np.append(-1, np.maximum.accumulate(np.where(self.trades, row, -1))[:-1])[self.start]
        return last, (last >= 0) & (self.asset[last] == self.asset)

    @cached_property
    def _by_event(self) -> IntArray:
        """Reference price of each row's session by the one event since the last traded row; 0 where there is no one."""
        last, known = self._last
        count = np.cumsum(self.acts)
        alone = known & (count[self.start] - count[last] == 1)
        latest = np.maximum.accumulate(np.where(self.acts, np.arange(len(self.acts)), 0))[self.start]
        told = [self.event(name)[latest][alone] for name in EVENTS]
        made = np.zeros(len(self.asset), dtype=np.int64)
        made[alone] = reference_after(self.close[last][alone], *told)
        return made

    @cached_property
    def _derived(self) -> IntArray:
        """Reference price of each row's session by the factor; 0 where there is none, or nothing was traded before."""
        made = np.zeros(len(self.asset), dtype=np.int64)
        if "factor" not in self.frame.columns:
            return made
        factor, (last, known) = self.column("factor"), self._last
        ratio = factor[last] / factor[self.start]
        known = known & np.isfinite(ratio) & (ratio > 0)
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
