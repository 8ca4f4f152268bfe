"""CSI 300 index futures (IF): margin, daily settlement, both sides, and a fee that punishes closing on the same day."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.market.base import Conditions, Market
from tidegate.market.costs import FUTURE_CLOSE_TODAY, FUTURE_FEE
from tidegate.market.limits import limit_ticks
from tidegate.market.prices import as_prices, limit_prices, nearest_tick, own_bars, rate, whole_ticks
from tidegate.types.axes import frozen
from tidegate.types.bars import Bars

__all__ = ["IndexFuture"]

_TICK = 0.2
_POINT_YUAN = 300
_LIMIT_PERCENT = 10


class IndexFuture(Market):
    """The CSI 300 future on bars of its own: 300 yuan a point, ticks of 0.2, T+0, long and short.

    An exposure is notional value over equity, floored to whole lots. Positions are marked at the settlement price where
    the bars have one, else at the close; limits are ±10 % around the last mark of the session before. Fees to open, to
    close and to close what the session opened are dated tables, most rows unconfirmed.

    Errors
        `DataError` before 2010-04-16, when the contract was listed.

    >>> from tidegate.testing.history import example_bars
    >>> IndexFuture().conditions(example_bars(sessions=30, assets=1), "000001.SZ").multiplier
    300
    """

    name: ClassVar[str] = "index-future"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "future"

    margin: float = Field(default=0.12, gt=0, lt=1, description="fraction of value asked by the broker")
    maintenance: float = Field(
        default=0.08, ge=0, lt=1, description="equity below this fraction of value at a close is closed by force"
    )
    broker_fee: float = Field(
        default=0.0, ge=0, le=0.001, description="what the broker adds to each fee, fraction of value"
    )
    slippage_ticks: int = Field(default=1, ge=0, description="ticks of 0.2 point that a fill is worse than the open")
    off_tick: Literal["round", "refuse"] = Field(
        default="round", description="what to do with prices between ticks (settlements always are rounded)"
    )

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Resolve the contract's prices, limits and fees."""
        own = own_bars(bars, asset)
        count = len(own.times)
        if self.off_tick == "refuse":
            open_, close = (whole_ticks(own.column(name), _TICK, asset) for name in ("open", "close"))
        else:
            open_, close = (nearest_tick(own.column(name), _TICK) for name in ("open", "close"))
        settle = own.column("settle")
        mark = np.where(np.isfinite(settle), nearest_tick(np.nan_to_num(settle, nan=1.0), _TICK), close)
        before = own.before(mark)
        up, down = limit_ticks(before, _LIMIT_PERCENT)
        holds = before > 0
        suspended = own.suspended
        free = np.ones(count, dtype=bool) if suspended is None else ~suspended
        limit_up, limit_down = limit_prices(up, down, holds, _TICK)
        added = rate(self.broker_fee, count)
        fee = frozen(FUTURE_FEE.at(own.dates) + added)
        return Conditions(
            times=frozen(own.times),
            session=frozen(own.session),
            open=frozen(as_prices(open_, _TICK)),
            close=frozen(as_prices(close, _TICK)),
            mark=frozen(as_prices(mark, _TICK)),
            can_buy_open=frozen(free & ~(holds & (open_ >= up))),
            can_sell_open=frozen(free & ~(holds & (open_ <= down))),
            exact=True,
            money_unit=0.01,
            lot=1,
            multiplier=_POINT_YUAN,
            settlement_days=0,
            margin_rate=self.margin,
            rates={
                "commission_buy": fee,
                "commission_sell": fee,
                "close_today": frozen(FUTURE_CLOSE_TODAY.at(own.dates) + added),
            },
            per_share={},
            minimum_commission=0,
            tick=_TICK,
            slippage_ticks=self.slippage_ticks,
            maintenance_rate=self.maintenance,
            longest=1 / self.margin,
            shortest=-1 / self.margin,
            suspended=suspended,
            currency="CNY",
            limit_up=frozen(limit_up),
            limit_down=frozen(limit_down),
            stamps=(
                (
                    "Continuous future: positions are carried over rolls without a fee, and the price gap "
                    "of each roll is booked as if it were earned."
                ),
                f"Prices between ticks: {self.off_tick}.",
                *FUTURE_FEE.unconfirmed(own.dates),
                *FUTURE_CLOSE_TODAY.unconfirmed(own.dates),
            ),
        )
