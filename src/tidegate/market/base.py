"""The family of markets: dated facts about where and how something trades."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from tidegate.component import Component
from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray
from tidegate.types.bars import Bars

__all__ = ["Conditions", "Market"]


@dataclass(frozen=True)
class Conditions:
    """What one instrument offers at each bar of ``times [T]``: prices to fill and mark at, and what a fill costs.

    Units
        Prices are integers in ticks of `money_unit` (for example 0.001 yuan) where `exact`, so that money is exact;
        rates are integers in 1e-8 of value; a frictionless market has ``exact`` False and trades fractions of a unit.
    Known at
        `open`, `can_buy_open`, `can_sell_open` at OPEN(t); the rest at CLOSE(t), except rates, which are law.
    """

    times: TimeArray
    session: IntArray
    """Trading day of each bar, as a counter: T+1 and close-today fees look at it."""
    open: FloatArray
    close: FloatArray
    can_buy_open: BoolArray
    can_sell_open: BoolArray
    exact: bool
    money_unit: float
    lot: int
    multiplier: int
    settlement_days: int
    """Sessions before what was bought may be sold: 1 for T+1, 0 for T+0."""
    margin_rate: float
    """Fraction of value that a position ties up; 1 for cash instruments."""
    rates: dict[str, IntArray]
    """commission_buy, commission_sell, close_today, stamp_duty_buy, stamp_duty_sell, transfer_fee: 1e-8 of value, [T]."""
    per_share: dict[str, IntArray]
    """Fees by quantity in 1e-8 money per unit [T]; empty where there are none."""
    minimum_commission: int
    """In `money_unit`s per order."""
    stamps: tuple[str, ...]
    """What must be said of this market: proxies, unconfirmed rules."""


class Market(Component):
    """Where an asset is traded. `asset_class` says in words what is bought: an index, a proxy, a future."""

    family: ClassVar[str] = "market"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]]

    @abstractmethod
    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Resolve the dated rules for one asset of `bars`; raises `DataError` outside the rules' dates."""
