"""From bars to whole ticks: one asset's rows, its trading days, and the price before each of them."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import DataError, UnknownNameError
from tidegate.market.base import RATE_UNIT
from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray
from tidegate.types.bars import Bars

__all__ = ["Own", "as_prices", "limit_prices", "nearest_tick", "own_bars", "rate", "whole_ticks"]

_FINE = 1_000_000
_CLOSE_ENOUGH = 1e-6


@dataclass(frozen=True)
class Own:
    """One asset's bars: times, session dates, a counter of sessions, and the frame itself."""

    frame: pl.DataFrame
    times: TimeArray
    dates: NDArray[np.datetime64]
    session: IntArray

    def column(self, name: str) -> FloatArray:
        """Give a column as float64, nulls (or a missing column) as NaN."""
        if name not in self.frame.columns:
            return np.full(self.frame.height, np.nan)
        return self.frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)

    @property
    def suspended(self) -> BoolArray | None:
        """Bars in which nothing traded, None where the source does not say."""
        return self.frame["suspended"].fill_null(value=False).to_numpy() if "suspended" in self.frame.columns else None

    @property
    def first_of_session(self) -> BoolArray:
        """Bars that open a session."""
        return np.concatenate([[True], np.diff(self.session) != 0])

    def before(self, marks: IntArray) -> IntArray:
        """Give the last mark of the session before each bar's own; 0 in the first session."""
        last = np.flatnonzero(np.append(np.diff(self.session) != 0, True))
        by_session = np.concatenate([[0], marks[last]])
        return by_session[self.session]


def own_bars(bars: Bars, asset: str) -> Own:
    """One asset of some bars; raises `UnknownNameError`, or `DataError` where sessions go back in time."""
    if asset not in bars.assets:
        raise UnknownNameError.among("asset", asset, bars.assets[:20], where=bars.spec.title)
    frame = bars.frame.filter(pl.col("asset") == asset)
    dates = frame["session"].to_numpy().astype("datetime64[D]")
    steps = np.diff(dates) / np.timedelta64(1, "D")
    if bool((steps < 0).any()):
        raise DataError("trading days go back in time", where=f"{asset}, {dates[1:][steps < 0][0]}")
    session = np.concatenate([[0], np.cumsum(steps > 0)]).astype(np.int64)
    return Own(frame, frame["time"].to_numpy().astype("datetime64[us]"), dates, session)


def nearest_tick(prices: FloatArray, step: float) -> IntArray:
    """Prices in whole steps, rounded half-up in integer arithmetic on millionths; at least one step.

    >>> nearest_tick(np.array([3499.5, 3500.4999]), 1.0).tolist()
    [3500, 3500]
    """
    fine = np.rint(prices * _FINE).astype(np.int64)
    width = round(step * _FINE)
    return np.maximum((2 * fine + width) // (2 * width), 1)


def whole_ticks(prices: FloatArray, tick: float, where: str) -> IntArray:
    """Prices that must lie on the tick; raises `DataError` where one does not. NaN gives 0."""
    known = np.nan_to_num(prices)
    whole = np.rint(known / tick)
    off = np.abs(known - whole * tick) > _CLOSE_ENOUGH * np.maximum(1.0, known)
    if bool(off.any()):
        raise DataError(
            "a price is not a whole number of ticks",
            expected=f"steps of {tick}",
            found=float(prices[off][0]),
            where=f"{where}, {int(off.sum())} bars",
            hint="lots, limits and fees need raw prices, not adjusted ones",
        )
    return whole.astype(np.int64)


def as_prices(ticks: IntArray, tick: float) -> FloatArray:
    """Whole ticks as the nearest floats: divided by ticks per unit, never multiplied by a tick that is no float.

    >>> as_prices(np.array([1599, 3]), 0.01).tolist()
    [15.99, 0.03]
    """
    return np.asarray(ticks / round(1 / tick), dtype=np.float64)


def limit_prices(
    up: IntArray, down: IntArray, holds: tuple[BoolArray, BoolArray], tick: float
) -> tuple[FloatArray, FloatArray]:
    """Limits in whole ticks as prices, NaN where none holds; each side by itself."""
    return np.where(holds[0], as_prices(up, tick), np.nan), np.where(holds[1], as_prices(down, tick), np.nan)


def rate(fraction: float, count: int) -> IntArray:
    """Repeat a constant rate, in 1e-8, over `count` bars."""
    return np.full(count, round(fraction * RATE_UNIT), dtype=np.int64)
