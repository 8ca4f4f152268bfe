"""Sessions of the synthetic market, one after another: reference prices, limits, halts, ends; prices in whole ticks.

A session takes the close before it, makes a reference price of it on an ex-day, lets the price go as far as the law of
the day allows, and decides who is gone afterwards. Nothing here looks at a later session.

Within a calendar month a share's returns add up instead of compounding: each is taken of the price at the month's
beginning. A month's return is then as symmetric as its news. Compounded, a wild share would fall behind the others more
often than not, though it earns as much on average, and every rank would find its volatility to be a signal.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.data.share_world_roster import Roster, drawn
from tidegate.market.limits import (
    FIRST_DAY_BAND,
    FREE_AFTER_LISTING,
    LIMITS,
    LIMITS_AT_RISK,
    first_day_ticks,
    limit_ticks,
    market_of,
)
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.facts import Days

__all__ = ["Moves", "Walk", "walk"]

_START, _START_SPREAD = 1_000.0, 0.5
_SHARES, _SHARES_SPREAD = 3.2e8, 0.65
_LOWEST = 20
"""Ticks."""
_HALT, _LONG, _SHORT_HALT, _LONG_HALT = 1 / 140, 0.12, 2.5, 60.0
_EX, _SPLIT, _DEAR = 1 / 43, 0.25, 1_000
_PLACED = 1 / 1_200
_SEASON = (5, 7)
"""First and last month of ex-days, of which a share has one a year at most."""
_ENDED, _CHEAP_ENDED, _CHEAP = 1 / 10_000, 1 / 400, 100
_POP, _POP_SPREAD = 0.45, 0.3
_UNLIMITED = 10**9


class Moves(NamedTuple):
    """Returns of all sessions ``[T, N]``: until the open, from there to the close, and how far beyond the two."""

    night: FloatArray
    inside: FloatArray
    above: FloatArray
    below: FloatArray


@dataclass(frozen=True)
class Walk:
    """What was printed ``[T, N]``: prices in ticks, dividends in yuan a share; `gone` ``[N]`` is the last session."""

    trades: BoolArray
    open: NDArray[np.int32]
    high: NDArray[np.int32]
    low: NDArray[np.int32]
    close: NDArray[np.int32]
    reference: NDArray[np.int32]
    shares: FloatArray
    cash: NDArray[np.float32]
    gone: IntArray
    issue: IntArray


class _Rules(NamedTuple):
    percent: IntArray
    free: IntArray
    banded: BoolArray


def _rules(roster: Roster, days: Days, warned: BoolArray) -> _Rules:
    """Limits of each session ``[T, N]``, sessions without one after listing and whether the first has a band."""
    percent = np.empty(warned.shape, dtype=np.int64)
    kinds = np.array([board.board for board in roster.boards])
    for kind in np.unique(kinds).tolist():
        of = kinds == kind
        wide, narrow = (table[kind].at(days, before=10)[:, None] for table in (LIMITS, LIMITS_AT_RISK))
        percent[:, of] = np.where(warned[:, of], narrow, wide)
    free, banded = np.zeros(roster.assets, dtype=np.int64), np.zeros(roster.assets, dtype=bool)
    markets = np.array([market_of(board) for board in roster.boards])
    for market in np.unique(markets).tolist():
        of = (markets == market) & ~np.isnat(roster.listing_days)
        free[of] = FREE_AFTER_LISTING[market].at(roster.listing_days[of], before=0)
        banded[of] = FIRST_DAY_BAND[market].at(roster.listing_days[of], before=0) == 1
    return _Rules(percent, free, banded)


def _halts(seed: int, roster: Roster, sessions: int) -> BoolArray:
    """Suspensions ``[T, N]``: most last some sessions, one in eight some months."""
    luck = drawn(seed, "halts").random((sessions, 3, roster.assets))
    mean = np.where(luck[:, 1] < _LONG, _LONG_HALT, _SHORT_HALT)
    lengths = np.ceil(-mean * np.log1p(-luck[:, 2])).astype(np.int64)
    halted = np.zeros((sessions, roster.assets), dtype=bool)
    left = np.zeros(roster.assets, dtype=np.int64)
    for t in range(sessions):
        starts = (left == 0) & (luck[t, 0] < _HALT) & (t > roster.listed + 1)
        left = np.where(starts, lengths[t], left)
        halted[t] = left > 0
        left = np.maximum(left - 1, 0)
    return halted


def walk(roster: Roster, days: Days, moves: Moves, warned: BoolArray) -> Walk:
    """Walk through all sessions of `days`; `warned` ``[T, N]`` as the law has it."""
    sessions, assets = len(days), roster.assets
    rules, halted = _rules(roster, days, warned), _halts(roster.seed, roster, sessions)
    luck = drawn(roster.seed, "ex-days").random((sessions, 6, assets))
    year, month = np.divmod(days.astype("datetime64[M]").astype(np.int64), 12)
    month += 1
    start = drawn(roster.seed, "first prices").standard_normal((3, assets))
    issue = np.maximum(np.round(_START * np.exp(_START_SPREAD * start[0])), 3 * _CHEAP).astype(np.int64)
    pop = np.where(rules.banded, 0.44, np.exp(_POP + _POP_SPREAD * start[1]) - 1)
    close, shares = issue.copy(), np.round(_SHARES * np.exp(_SHARES_SPREAD * start[2]))
    prices = np.zeros((5, sessions, assets), dtype=np.int32)
    made_shares, made_cash = np.empty((sessions, assets)), np.zeros((sessions, assets), dtype=np.float32)
    trades = np.zeros((sessions, assets), dtype=bool)
    grown = np.ones(assets)
    gone, paid = np.full(assets, sessions, dtype=np.int64), np.full(assets, -1, dtype=np.int64)
    for t in range(sessions):
        alive = (t >= roster.listed) & (gone == sessions)
        now = alive & ~halted[t]
        newly = now & (t == roster.listed) & (roster.listed > 0)
        may = now & ~newly & ~warned[t] & (t > 0)
        ex = may & (paid < year[t]) & (luck[t, 0] < _EX) & (_SEASON[0] <= month[t] <= _SEASON[1])
        paid = np.where(ex, year[t], paid)
        shares = np.where(may & (luck[t, 4] < _PLACED), np.round(shares * (1.05 + 0.25 * luck[t, 2])), shares)
        reference, shares, cash = _ex(close, shares, luck[t], ex)
        up, down = limit_ticks(reference, rules.percent[t])
        fresh = (roster.listed > 0) & (t - roster.listed < rules.free)
        up, down = np.where(fresh, _UNLIMITED, up), np.where(fresh, _LOWEST, down)
        if t == 0 or month[t] != month[t - 1]:
            grown = np.ones(assets)
        night, inside = moves.night[t] / grown, moves.inside[t] / grown
        if newly.any():
            band = first_day_ticks(reference)
            first = newly & rules.banded
            up, down = np.where(first, band[0], up), np.where(first, band[1], down)
            night = np.where(newly, pop, night)
        printed = _printed(reference, (up, down), night, inside, (moves.above[t], moves.below[t]))
        for place, price in enumerate((*printed, reference)):
            prices[place, t] = price
        grown = np.where(now & ~newly, grown * printed[3] / reference, grown)
        close = np.where(now, printed[3], close)
        ends = warned[t] & (luck[t, 3] < _ENDED) | (close < _CHEAP) & (luck[t, 3] < _CHEAP_ENDED)
        gone = np.where(now & ends & (t > roster.listed + 1), t, gone)
        trades[t], made_shares[t], made_cash[t] = now, shares, cash / 100
    return Walk(trades, prices[0], prices[1], prices[2], prices[3], prices[4], made_shares, made_cash, gone, issue)


def _ex(
    close: IntArray, shares: FloatArray, luck: FloatArray, ex: BoolArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Reference prices, shares and dividends: a dividend on every ex-day, with one in four of dear shares a split."""
    split = ex & (luck[1] < _SPLIT) & (close > _DEAR)
    ratio = np.where(split, 1.2 + 0.2 * np.floor(5 * luck[2]), 1.0)
    cash = np.where(ex, np.round(close * (0.002 + 0.022 * luck[5] ** 2)), 0.0)
    reference = np.floor((close - cash) / ratio + 0.5).astype(np.int64)
    return np.maximum(reference, _LOWEST), np.round(shares * ratio), cash


def _printed(
    reference: IntArray, limits: tuple[IntArray, IntArray], night: FloatArray, inside: FloatArray,
    reach: tuple[FloatArray, FloatArray],
) -> tuple[IntArray, IntArray, IntArray, IntArray]:  # fmt: skip
    """Open, high, low and close in whole ticks, within the limits."""
    up, down = limits[0], np.maximum(limits[1], np.minimum(_LOWEST, limits[0]))

    def whole(price: NDArray[Any]) -> IntArray:
        return np.clip(np.floor(price + 0.5).astype(np.int64), down, up)

    open_ = whole(reference * (1 + night))
    close = whole(open_ * (1 + inside))
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    return (
        open_,
        np.maximum(whole(top * (1 + reach[0])), top),
        np.minimum(whole(bottom * (1 - reach[1])), bottom),
        close,
    )
