"""A fund that could be traded where only its index is given: index / 1000, with an ETF's rules.

When what was bought may be sold depends on what the fund holds: see `tidegate.market.order_rules`.
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.market.base import Conditions, Market
from tidegate.market.dated import DatedTable
from tidegate.market.limits import LIMITS, limit_ticks
from tidegate.market.order_rules import WAITS, FundKind, waits
from tidegate.market.prices import as_prices, limit_prices, nearest_tick, own_bars, rate
from tidegate.types.axes import frozen
from tidegate.types.bars import Bars

__all__ = ["EtfProxy"]

_TICK = 0.001
_PER_YUAN = 1000
_MIXED = "Such a fund may be sold on the day it was bought since {day}: T+1 is kept over the whole span."


class EtfProxy(Market):
    """A Chinese ETF made from its index: price = index / divisor, rounded half-up to 0.001 yuan.

    Lots of 100, T+1 (T+0 for some kinds from their day on), ±10 % around its own previous (rounded) close, commission
    with a minimum per order, no stamp duty; that no transfer fee is due is unconfirmed. Money is exact to 0.001 yuan,
    fees to 0.01.

    Known at
        As `Conditions`: a bar's limits come from the close before it.
    Errors
        `DataError` before 1996-12-16, when no price limit is known, or before the first day that the kind's waiting is
        known for.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> bars = NoiseWorld(sessions=10, seed=1).bars()
    >>> EtfProxy().conditions(bars, "noise").lot
    100
    """

    name: ClassVar[str] = "etf-proxy"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "fund"

    divisor: int = Field(default=1000, ge=1, description="index points per yuan of the fund's price")
    commission: float = Field(
        default=0.00025, ge=0, le=0.003, description="broker's commission, fraction of value, each side"
    )
    minimum_commission_yuan: float = Field(default=5.0, ge=0, description="smallest commission of one order, yuan")
    slippage_ticks: int = Field(default=1, ge=0, description="ticks of 0.001 yuan that a fill is worse than the open")

    holds: FundKind = Field(
        default="stock",
        description="what the fund holds: all but stock funds may be sold on the same day since some day",
    )
    listed_at: Literal["SH", "SZ"] = Field(default="SH", description="the fund's exchange")

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Resolve the fund's prices, limits and fees."""
        own = own_bars(bars, asset)
        step = self.divisor * _TICK
        open_, close = (nearest_tick(own.column(name), step) for name in ("open", "close"))
        before = own.before(close)
        up, down = limit_ticks(before, LIMITS["main"].at(own.dates))
        holds = before > 0
        suspended = own.suspended
        free = np.ones(len(open_), dtype=bool) if suspended is None else ~suspended
        limit_up, limit_down = limit_prices(up, down, (holds, holds), _TICK)
        wait = waits(self.holds, self.listed_at, own.dates)
        commission = frozen(rate(self.commission, len(open_)))
        return Conditions(
            times=frozen(own.times),
            session=frozen(own.session),
            open=frozen(as_prices(open_, _TICK)),
            close=frozen(as_prices(close, _TICK)),
            can_buy_open=frozen(free & ~(holds & (open_ >= up))),
            can_sell_open=frozen(free & ~(holds & (open_ <= down))),
            exact=True,
            money_unit=1 / _PER_YUAN,
            lot=100,
            multiplier=1,
            settlement_days=int(wait.max()),
            margin_rate=1.0,
            rates={"commission_buy": commission, "commission_sell": commission},
            per_share={},
            minimum_commission=round(self.minimum_commission_yuan * _PER_YUAN),
            tick=_TICK,
            slippage_ticks=self.slippage_ticks,
            suspended=suspended,
            currency="CNY",
            limit_up=frozen(limit_up),
            limit_down=frozen(limit_down),
            stamps=(
                f"Proxy: an ETF is imitated by the index / {self.divisor}; no tracking error, dividends or fund fees.",
                "Unconfirmed rule: no transfer fee on ETFs.",
                *((_MIXED.format(day=own.dates[wait == 0][0]),) if wait.min() < wait.max() else ()),
            ),
        )

    def tables(self, asset: str) -> tuple[DatedTable, ...]:  # noqa: ARG002
        """Name the tables of limits and of waiting."""
        kind = f"{self.holds} {self.listed_at}" if self.holds == "commodity" else self.holds
        return LIMITS["main"], WAITS[kind]
