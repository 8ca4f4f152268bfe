"""What futures have in common: margin, both sides, a daily mark at the settlement price, limits around the last one.

A contract is a few numbers and dated tables (`FutureTerms`); its bars become `Conditions` here.
"""

from typing import Literal, NamedTuple

import numpy as np

from tidegate.market.base import Conditions
from tidegate.market.dated import DatedTable
from tidegate.market.limits import limit_ticks
from tidegate.market.prices import Own, as_prices, limit_prices, nearest_tick, rate, whole_ticks
from tidegate.types.axes import BoolArray, FloatArray, IntArray, frozen

__all__ = ["CONTINUOUS", "FutureTerms", "future_conditions"]

CONTINUOUS = (
    "Continuous future: positions are carried over rolls without a fee, and the price gap of each roll is booked as if"
    " it were earned."
)
"""What must be said of a series of many contracts that is traded as one."""


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
        have them, else `percent` around the last mark of the session before, to the tick half-up; a session that opens
        beyond those shows that others held (they are widened by notice), and then none is known.

    Errors
        `DataError` before a table's first row, or for prices off the tick where those are refused.
    """
    ticks = whole_ticks if terms.off_tick == "refuse" else _rounded
    open_, close = (ticks(own.column(name), terms.tick, asset) for name in ("open", "close"))
    settle = own.column("settle")
    mark = np.where(np.isfinite(settle), nearest_tick(np.nan_to_num(settle, nan=1.0), terms.tick), close)
    up, down, holds = _limits(own, mark, open_, terms)
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
        can_buy_open=frozen(free & ~(holds & (open_ >= up))),
        can_sell_open=frozen(free & ~(holds & (open_ <= down))),
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
        currency="CNY",
        limit_up=frozen(limit_up),
        limit_down=frozen(limit_down),
        stamps=(
            *terms.stamps,
            f"Prices between ticks: {terms.off_tick}.",
            *(note for table in (terms.fee, terms.close_today, terms.percent) for note in table.unconfirmed(own.dates)),
        ),
    )


def _rounded(prices: FloatArray, tick: float, where: str) -> IntArray:
    del where
    return nearest_tick(prices, tick)


def _limits(own: Own, mark: IntArray, open_: IntArray, terms: FutureTerms) -> tuple[IntArray, IntArray, BoolArray]:
    """Upper and lower limit in ticks, and whether they hold."""
    before = own.before(mark)
    up, down = limit_ticks(before, terms.percent.at(own.dates))
    starts = np.maximum.accumulate(np.where(own.first_of_session, np.arange(len(open_)), 0))
    holds = (before > 0) & (open_[starts] <= up) & (open_[starts] >= down)
    for name, ours in (("limit_up", up), ("limit_down", down)):
        given = own.column(name)
        told = np.isfinite(given)
        ours[told] = nearest_tick(given[told], terms.tick)
        holds |= told
    return up, down, holds
