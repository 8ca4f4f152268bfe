"""What futures have in common: margin, both sides, a daily mark at the settlement price, limits around the last one.

A contract is a few numbers and dated tables (`FutureTerms`); its bars become `Conditions` here.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from tidegate.market.alarms import Alarm, alarm
from tidegate.market.base import Conditions
from tidegate.market.dated import DatedTable
from tidegate.market.limits import limit_ticks
from tidegate.market.prices import Own, as_prices, limit_prices, nearest_tick, rate, whole_ticks
from tidegate.types.axes import BoolArray, FloatArray, IntArray, frozen

__all__ = ["CONTINUOUS", "FutureTerms", "future_conditions"]

CONTINUOUS = (
    "The bars record no change of contract: a position is carried over each without a fee, and the price gap is booked"
    " as if it were earned."
)
"""What must be said of a series of many contracts whose rolls nobody recorded."""
_ROLLED = (
    "At each recorded change of contract what is held is closed and opened anew, with fees and slippage of both."
    " The contract left trades at {price}, whatever its own limits were; the new one as its bar allows."
)
_BY_RATIO, _BY_PRICE = "the new one's open × the recorded ratio", "its own open where the bars have it"


class FutureTerms(NamedTuple):
    """A contract, and what its reader chose."""

    tick: float
    multiplier: int
    """Yuan that one unit of price is worth, per lot."""
    percent: DatedTable
    """Width of the limits around the last settlement."""
    fee: DatedTable
    close_today: DatedTable
    margin: float
    maintenance: float
    broker_fee: float
    slippage_ticks: int
    off_tick: Literal["round", "refuse"]
    stamps: tuple[str, ...]


def future_conditions(own: Own, asset: str, terms: FutureTerms) -> Conditions:
    """Resolve prices, limits and fees of one contract's bars.

    Formula
        The mark is the settlement price where the bars have one, else the close. Limits are the bars' own where they
        have them, each side by itself, else `percent` around the last mark of the session before, to the tick half-up;
        a session that opens beyond those shows that others held (they are widened by notice): then neither is known.
        A contract changes where the bars' `factor` steps or they have a `roll_from`: the price of the one left is that,
        else open × factor / factor before, to the tick half-up, so that no gap is ever earned; the mark that limits lie
        around is moved by the step, and without one no limit is known until the session ends.
        Limits of the bars that are not the computed ones go first, and are counted as alarms.

    Known at
        As `Conditions`: what is of an open at OPEN(t), of a close or a mark at CLOSE(t); a session whose first open
        lies beyond the computed limits has none from that open on.
    Errors
        `DataError` before a table's first row, or for prices off the tick where those are refused.
    """
    ticks = whole_ticks if terms.off_tick == "refuse" else _rounded
    open_, close = (ticks(own.column(name), terms.tick, asset) for name in ("open", "close"))
    settle = own.column("settle")
    mark = np.where(np.isfinite(settle), nearest_tick(np.nan_to_num(settle, nan=1.0), terms.tick), close)
    rolls, step = _rolls(own, open_, terms.tick)
    up, down, holds, alarms = _limits(own, _before(own, mark, rolls, step), open_, terms, asset)
    limit_up, limit_down = limit_prices(up, down, holds, terms.tick)
    suspended = own.suspended
    free = np.ones(len(open_), dtype=bool) if suspended is None else ~suspended
    added = rate(terms.broker_fee, len(open_))
    fee = frozen(terms.fee.at(own.dates) + added)
    return Conditions(
        times=frozen(own.times),
        session=frozen(own.session),
        open=frozen(as_prices(open_, terms.tick)),
        close=frozen(as_prices(close, terms.tick)),
        mark=frozen(as_prices(mark, terms.tick)),
        can_buy_open=frozen(free & ~(holds[0] & (open_ >= up))),
        can_sell_open=frozen(free & ~(holds[1] & (open_ <= down))),
        exact=True,
        money_unit=0.01,
        lot=1,
        multiplier=terms.multiplier,
        settlement_days=0,
        margin_rate=terms.margin,
        rates={
            "commission_buy": fee,
            "commission_sell": fee,
            "close_today": frozen(terms.close_today.at(own.dates) + added),
        },
        per_share={},
        minimum_commission=0,
        tick=terms.tick,
        slippage_ticks=terms.slippage_ticks,
        maintenance_rate=terms.maintenance,
        longest=1 / terms.margin,
        shortest=-1 / terms.margin,
        suspended=suspended,
        high=frozen(
            as_prices(np.maximum(nearest_tick(own.column("high"), terms.tick), np.maximum(open_, close)), terms.tick)
        ),
        low=frozen(
            as_prices(np.minimum(nearest_tick(own.column("low"), terms.tick), np.minimum(open_, close)), terms.tick)
        ),
        roll_from=frozen(np.where(rolls > 0, as_prices(rolls, terms.tick), np.nan)) if _tells_rolls(own) else None,
        currency="CNY",
        limit_up=frozen(limit_up),
        limit_down=frozen(limit_down),
        stamps=(
            *_roll_stamps(own),
            *terms.stamps,
            f"Prices between ticks: {terms.off_tick}.",
            *(note for table in (terms.fee, terms.close_today, terms.percent) for note in table.unconfirmed(own.dates)),
        ),
        alarms=tuple(alarms),
    )


def _rounded(prices: FloatArray, tick: float, where: str) -> IntArray:
    del where
    return nearest_tick(prices, tick)


def _rolls(own: Own, open_: IntArray, tick: float) -> tuple[IntArray, FloatArray]:
    """Find what each contract that is left opens at, in ticks (0: none is), and the step of the factor there."""
    factor, given = own.column("factor"), own.column("roll_from")
    step = np.ones(len(open_))
    step[1:] = factor[1:] / factor[:-1]
    step = np.where(np.isfinite(step), step, 1.0)
    made = np.where(step != 1.0, nearest_tick(open_ * tick * step, tick), 0)
    known = np.isfinite(given)
    made[known] = nearest_tick(given[known], tick)
    made[:1] = 0
    return made, step


def _before(own: Own, mark: IntArray, rolls: IntArray, step: FloatArray) -> IntArray:
    """Give the last mark of the session before in terms of the contract that each bar is of; 0 where nobody knows."""
    before = own.before(mark)
    first = np.maximum.accumulate(np.where(own.first_of_session, np.arange(len(mark)), 0))
    told = step[first] != 1.0
    before = np.where(told, np.rint(before / step[first]).astype(np.int64), before)
    unknown = (rolls > 0) & ~(own.first_of_session & (step != 1.0))
    since = np.maximum.accumulate(np.where(unknown, np.arange(len(mark)), -1))
    return np.where(since >= first, 0, before)


def _roll_stamps(own: Own) -> tuple[str, ...]:
    """Say what is known of changes of contract, from what the bars have columns for."""
    if "roll_from" in own.frame.columns:
        return (_ROLLED.format(price=f"{_BY_PRICE}, else at {_BY_RATIO}"),)
    return (_ROLLED.format(price=_BY_RATIO),) if _tells_rolls(own) else (CONTINUOUS,)


def _tells_rolls(own: Own) -> bool:
    """Whether the bars have columns that tell changes of contract."""
    return bool({"factor", "roll_from"} & set(own.frame.columns))


def _limits(
    own: Own, before: IntArray, open_: IntArray, terms: FutureTerms, asset: str
) -> tuple[IntArray, IntArray, tuple[BoolArray, BoolArray], list[Alarm]]:
    """Upper and lower limit in ticks, whether each holds, and where the bars' own are others."""
    up, down = limit_ticks(before, terms.percent.at(own.dates))
    starts = np.maximum.accumulate(np.where(own.first_of_session, np.arange(len(open_)), 0))
    ruled = (before > 0) & (open_[starts] <= up) & (open_[starts] >= down)
    holds, alarms = [ruled, ruled], []
    for side, (name, ours) in enumerate((("upper", up), ("lower", down))):
        given = own.column(("limit_up", "limit_down")[side])
        told = np.isfinite(given)
        theirs = nearest_tick(np.nan_to_num(given, nan=1.0), terms.tick)
        differs = told & own.first_of_session & (before > 0) & (theirs != ours)
        what = f"a given {name} limit differs from the rule's, and goes first"
        alarms += alarm(what, differs, _against(own, asset, theirs, ours))
        ours[told] = theirs[told]
        holds[side] = ruled | told
    return up, down, (holds[0], holds[1]), alarms


def _against(own: Own, asset: str, theirs: IntArray, ours: IntArray) -> Callable[[int], str]:
    """Tell a row with both its limits."""
    return lambda row: f"{asset} {own.dates[row]} ({theirs[row]} against {ours[row]} ticks)"
