"""Any future whose terms one knows: tick, multiplier, fees, margin and limits as settings, the same for all days."""

from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import Field

from tidegate.errors import SettingError
from tidegate.market.base import RATE_UNIT, Conditions, Market
from tidegate.market.dated import DatedTable, Row
from tidegate.market.future_fees import with_given_fees
from tidegate.market.futures import FutureTerms, future_conditions
from tidegate.market.given_fees import GivenFee
from tidegate.market.prices import own_bars, rate
from tidegate.types.bars import Bars

__all__ = ["ListedFuture"]

_ALWAYS = date(1990, 1, 1)
_SOURCE = "a setting of the market, for all its days"
_NEAR = 1e-9


class ListedFuture(Market):
    """A future by its terms: what `rebar-future` and `index-future` know by date is said here once, by its reader.

    Fees may be dated all the same: a vendor's table (`given_fees`) goes before the settings where it speaks, in parts
    of value or in yuan a lot.

    Known at
        As `Conditions`: a bar's limits come from the settlement before it.
    Units
        `tick` in the price's unit, `multiplier` in yuan a unit of price and lot; fees, margin as fractions of value;
        `limit_percent` in whole percents of the last settlement.
    Errors
        `SettingError` for a tick that does not divide one, or a maintenance margin above the margin.

    >>> from tidegate.testing.history import example_bars
    >>> ore = ListedFuture(tick=0.5, multiplier=100, fee=0.0001, close_today=0.0001, margin=0.12, limit_percent=8)
    >>> ore.conditions(example_bars(sessions=30, assets=1), "000001.SZ").tick
    0.5
    """

    name: ClassVar[str] = "listed-future"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "future"
    example: ClassVar[dict[str, Any]] = {
        "tick": 0.5, "multiplier": 100, "fee": 0.0001, "close_today": 0.0002, "margin": 0.12, "limit_percent": 8,
    }  # fmt: skip

    tick: float = Field(gt=0, le=1, description="smallest step of a price; 1 divided by it is a whole number")
    multiplier: int = Field(ge=1, description="yuan that one unit of price is worth, per lot")
    fee: float = Field(ge=0, le=0.01, description="to open, and to close what an earlier session opened, of value")
    close_today: float = Field(ge=0, le=0.01, description="to close what the session opened, of value")
    margin: float = Field(gt=0, lt=1, description="fraction of value asked by the broker")
    limit_percent: int = Field(ge=1, le=50, description="width of the price limits around the last settlement")
    maintenance: float = Field(
        default=0.0, ge=0, lt=1, description="equity below this fraction of value at a close is closed by force"
    )
    slippage_ticks: int = Field(default=1, ge=0, description="ticks that a fill is worse than the open")
    off_tick: Literal["round", "refuse"] = Field(
        default="round", description="what to do with prices between ticks (settlements always are rounded)"
    )
    given_fees: tuple[GivenFee, ...] = Field(
        default=(), description="a vendor's table of fees, which goes before the settings where it speaks"
    )

    def model_post_init(self, context: object, /) -> None:
        """Refuse terms that cannot be counted."""
        del context
        if abs(1 / self.tick - round(1 / self.tick)) > _NEAR:
            raise SettingError("a tick divides one", expected="1, 0.5, 0.2, 0.1, 0.05, …", found=self.tick)
        if self.maintenance > self.margin:
            raise SettingError(
                "a maintenance margin lies below the margin",
                expected=f"at most {self.margin:g}",
                found=self.maintenance,
            )

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Resolve prices, limits and fees."""
        fee, close_today, percent = self.tables(asset)
        terms = FutureTerms(
            tick=self.tick,
            multiplier=self.multiplier,
            percent=percent,
            fee=fee,
            close_today=close_today,
            margin=self.margin,
            maintenance=self.maintenance,
            broker_fee=0.0,
            slippage_ticks=self.slippage_ticks,
            off_tick=self.off_tick,
            stamps=("Fees, margin and limits are settings, the same for all days.",),
        )
        own = own_bars(bars, asset)
        held = future_conditions(own, asset, terms)
        return with_given_fees(held, own.dates, asset, self.given_fees, rate(0.0, len(own.times)))

    def tables(self, asset: str) -> tuple[DatedTable, ...]:  # noqa: ARG002
        """Write the settings as tables of one row: fee, fee to close today, limits."""
        return (
            _table("fee to open and to close", "1e-8 of value", round(self.fee * RATE_UNIT)),
            _table("fee to close what the session opened", "1e-8 of value", round(self.close_today * RATE_UNIT)),
            _table("price limits", "% of the last settlement", self.limit_percent),
        )


def _table(name: str, unit: str, value: int) -> DatedTable:
    return DatedTable(f"listed future: {name}", unit, (Row(_ALWAYS, value, _SOURCE),))
