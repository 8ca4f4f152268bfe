"""A fund that could be traded where only its index is given: index / 1000, with an ETF's rules."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.market.base import Conditions, Market
from tidegate.market.limits import LIMITS, limit_ticks
from tidegate.market.prices import as_prices, limit_prices, nearest_tick, own_bars, rate
from tidegate.types.axes import frozen
from tidegate.types.bars import Bars

__all__ = ["EtfProxy"]

_TICK = 0.001
_PER_YUAN = 1000


class EtfProxy(Market):
    """A Chinese stock ETF made from its index: price = index / divisor, rounded half-up to 0.001 yuan.

    Lots of 100, T+1, ±10 % around its own previous (rounded) close, commission with a minimum per order, no stamp duty;
    that no transfer fee is due is unconfirmed. Money is exact to 0.001 yuan, fees to 0.01.

    Known at
        As `Conditions`: a bar's limits come from the close before it.
    Errors
        `DataError` before 1996-12-16, when no price limit is known.

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
            settlement_days=1,
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
            ),
        )
