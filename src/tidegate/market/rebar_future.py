"""Steel rebar futures at Shanghai (rb): ten tonnes a lot, nights that belong to the next day, fees to close today."""

from typing import ClassVar, Literal

from pydantic import Field

from tidegate.market.base import Conditions, Market
from tidegate.market.costs import REBAR_CLOSE_TODAY, REBAR_FEE
from tidegate.market.dated import DatedTable
from tidegate.market.future_fees import with_given_fees
from tidegate.market.futures import FutureTerms, future_conditions
from tidegate.market.given_fees import GivenFee
from tidegate.market.limits import REBAR_LIMIT
from tidegate.market.prices import own_bars, rate
from tidegate.types.bars import Bars

__all__ = ["RebarFuture"]


class RebarFuture(Market):
    """Rebar on bars of its own: 10 tonnes a lot, ticks of 1 yuan, T+0, long and short, marked at the settlement price.

    `session` of a bar is its trading day, so that a lot bought at night and sold by day pays the fee to close today
    (`market.calendar` tells the trading day of a night bar). Limits are the bars' own where they have them, else around
    the last settlement; fees, limits and margins change by notice, and the rows here are unconfirmed.

    Known at
        As `Conditions`: a bar's limits come from the settlement before it.
    Errors
        `DataError` before 2009-03-27, when the contract was listed.

    >>> from tidegate.testing.history import example_bars
    >>> RebarFuture().conditions(example_bars(sessions=30, assets=1), "000001.SZ").multiplier
    10
    """

    name: ClassVar[str] = "rebar-future"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "future"

    margin: float = Field(default=0.10, gt=0, lt=1, description="fraction of value asked by the broker")
    maintenance: float = Field(
        default=0.07, ge=0, lt=1, description="equity below this fraction of value at a close is closed by force"
    )
    broker_fee: float = Field(
        default=0.0, ge=0, le=0.001, description="what the broker adds to each fee, fraction of value"
    )
    slippage_ticks: int = Field(default=1, ge=0, description="ticks of 1 yuan that a fill is worse than the open")
    off_tick: Literal["round", "refuse"] = Field(
        default="round", description="what to do with prices between ticks (settlements always are rounded)"
    )
    given_fees: tuple[GivenFee, ...] = Field(
        default=(), description="a vendor's table of fees, which goes before the rules where it speaks"
    )

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Resolve the contract's prices, limits and fees."""
        terms = FutureTerms(
            tick=1.0,
            multiplier=10,
            percent=REBAR_LIMIT,
            fee=REBAR_FEE,
            close_today=REBAR_CLOSE_TODAY,
            margin=self.margin,
            maintenance=self.maintenance,
            broker_fee=self.broker_fee,
            slippage_ticks=self.slippage_ticks,
            off_tick=self.off_tick,
            stamps=("Individuals must be out before the month of delivery: that is not enforced.",),
        )
        own = own_bars(bars, asset)
        held = future_conditions(own, asset, terms)
        return with_given_fees(held, own.dates, asset, self.given_fees, rate(self.broker_fee, len(own.times)))

    def tables(self, asset: str) -> tuple[DatedTable, ...]:  # noqa: ARG002
        """Name the tables of fees and of limits."""
        return (REBAR_FEE, REBAR_CLOSE_TODAY, REBAR_LIMIT)
