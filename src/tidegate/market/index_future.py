"""CSI 300 index futures (IF): margin, daily settlement, both sides, and a fee that punishes closing on the same day."""

from typing import ClassVar, Literal

from pydantic import Field

from tidegate.market.base import Conditions, Market
from tidegate.market.costs import FUTURE_CLOSE_TODAY, FUTURE_FEE
from tidegate.market.dated import DatedTable
from tidegate.market.future_fees import with_given_fees
from tidegate.market.futures import FutureTerms, future_conditions
from tidegate.market.given_fees import GivenFee
from tidegate.market.limits import INDEX_FUTURE_LIMIT
from tidegate.market.prices import own_bars, rate
from tidegate.types.bars import Bars

__all__ = ["IndexFuture"]


class IndexFuture(Market):
    """The CSI 300 future on bars of its own: 300 yuan a point, ticks of 0.2, T+0, long and short.

    An exposure is notional value over equity, floored to whole lots. Positions are marked at the settlement price where
    the bars have one, else at the close; limits are the bars' own, or ±10 % around the last mark of the session before.
    Fees to open, to close and to close what the session opened are dated tables, most rows unconfirmed.

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
    given_fees: tuple[GivenFee, ...] = Field(
        default=(), description="a vendor's table of fees, which goes before the rules where it speaks"
    )

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Resolve the contract's prices, limits and fees."""
        terms = FutureTerms(
            tick=0.2,
            multiplier=300,
            percent=INDEX_FUTURE_LIMIT,
            fee=FUTURE_FEE,
            close_today=FUTURE_CLOSE_TODAY,
            margin=self.margin,
            maintenance=self.maintenance,
            broker_fee=self.broker_fee,
            slippage_ticks=self.slippage_ticks,
            off_tick=self.off_tick,
            stamps=(),
        )
        own = own_bars(bars, asset)
        held = future_conditions(own, asset, terms)
        return with_given_fees(held, own.dates, asset, self.given_fees, rate(self.broker_fee, len(own.times)))

    def tables(self, asset: str) -> tuple[DatedTable, ...]:  # noqa: ARG002
        """Name the tables of fees and of limits."""
        return (FUTURE_FEE, FUTURE_CLOSE_TODAY, INDEX_FUTURE_LIMIT)
