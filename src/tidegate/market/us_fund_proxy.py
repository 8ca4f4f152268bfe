"""A US index fund where only its index is given: index / 100, whole shares, fees per share."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.market.base import Conditions, Market
from tidegate.market.prices import as_prices, nearest_tick, own_bars, rate
from tidegate.types.axes import frozen
from tidegate.types.bars import Bars

__all__ = ["UsFundProxy"]

_TICK = 0.01
_PER_DOLLAR = 100


class UsFundProxy(Market):
    """A US index fund made from its index: price = index / divisor, rounded half-up to 0.01 dollar.

    Single shares, T+0, no price limits, a commission per share with a minimum per order. Rates are today's and are
    settings: neither the fees of the regulator nor the ticks of a sixteenth before 2001 are modelled, and the stamp
    says so.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> bars = NoiseWorld(sessions=10, seed=1).bars()
    >>> UsFundProxy().conditions(bars, "noise").settlement_days
    0
    """

    name: ClassVar[str] = "us-fund-proxy"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "fund"

    divisor: int = Field(default=100, ge=1, description="index points per dollar of the fund's price")
    commission_per_share: float = Field(default=0.005, ge=0, le=1, description="dollars a share, each side")
    minimum_commission_dollars: float = Field(
        default=1.0, ge=0, description="smallest commission of one order, dollars"
    )
    slippage_ticks: int = Field(default=1, ge=0, description="ticks of 0.01 dollar that a fill is worse than the open")

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Resolve the fund's prices and fees."""
        own = own_bars(bars, asset)
        step = self.divisor * _TICK
        open_, close = (nearest_tick(own.column(name), step) for name in ("open", "close"))
        suspended = own.suspended
        free = frozen(np.ones(len(open_), dtype=bool) if suspended is None else ~suspended)
        per_share = frozen(rate(self.commission_per_share, len(open_)))
        return Conditions(
            times=frozen(own.times),
            session=frozen(own.session),
            open=frozen(as_prices(open_, _TICK)),
            close=frozen(as_prices(close, _TICK)),
            can_buy_open=free,
            can_sell_open=free,
            exact=True,
            money_unit=1 / _PER_DOLLAR,
            lot=1,
            multiplier=1,
            settlement_days=0,
            margin_rate=1.0,
            rates={},
            per_share={"commission_buy": per_share, "commission_sell": per_share},
            minimum_commission=round(self.minimum_commission_dollars * _PER_DOLLAR),
            tick=_TICK,
            slippage_ticks=self.slippage_ticks,
            suspended=suspended,
            currency="USD",
            stamps=(
                f"Proxy: a US fund is imitated by the index / {self.divisor}; no tracking error, no dividends.",
                "Fees are today's at all dates; the regulator's fees and wider ticks before 2001 are left out.",
            ),
        )
