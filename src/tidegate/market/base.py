"""The family of markets: dated facts about where and how something trades.

A market resolves its dated rules once, for one asset of some bars, into `Conditions`: plain arrays, one number per bar.
The engine reads nothing else, so that a market of one's own is one file with one verb.
"""

from abc import abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from tidegate.component import Component
from tidegate.errors import SettingError
from tidegate.market.alarms import Alarm
from tidegate.market.dated import DatedTable
from tidegate.market.exchange import Exchange
from tidegate.market.instruments import Instruments
from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray, frozen
from tidegate.types.bars import Bars

if TYPE_CHECKING:
    from tidegate.market.rules import Rule

__all__ = ["RATE_UNIT", "Conditions", "Market"]

RATE_UNIT = 100_000_000
"""Rates are whole numbers of 1e-8: 0.001 % of value is 1,000."""


@dataclass(frozen=True)
class Conditions:
    """What one instrument offers at each bar of ``times [T]``: prices to fill and mark at, and what a fill costs.

    Units
        Prices in the market's currency. Where `exact`, each is the float nearest to a whole number of `tick`s, money is
        counted in whole `money_unit`s and fees in whole hundredths; else fractions of a unit trade, without costs.
        Rates are whole numbers of 1e-8 of value.
    Known at
        `open`, `can_buy_open`, `can_sell_open`, the limits, `suspended`, `reference` and `roll_from` at OPEN(t);
        `close`, `mark`, `high` and `low` at CLOSE(t); rates are law and known before.
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
    """Step of an order's quantity."""
    multiplier: int
    settlement_days: int
    """Sessions before what was bought may be sold: 1 for T+1, 0 for T+0."""
    margin_rate: float
    """Fraction of value that a position ties up; 1 for instruments paid in full."""
    rates: dict[str, IntArray]
    """commission_buy, commission_sell, close_today, stamp_duty_buy, stamp_duty_sell, transfer_fee: 1e-8 of value, [T].
    A name that is not there costs nothing; close_today takes the commission's place, by value and by the unit, when a
    lot is closed in the session that opened it."""
    per_share: dict[str, IntArray]
    """Fees by quantity under the same names, 1e-8 of the currency per unit [T]; empty where there are none."""
    minimum_commission: int
    """In `money_unit`s per order."""
    stamps: tuple[str, ...]
    """What must be said of this market: proxies, unconfirmed rules."""
    tick: float = 0.01
    minimum_quantity: int = 0
    """Smallest purchase (200 on STAR); 0 for one `lot`."""
    slippage_ticks: int = 0
    """Ticks that a fill is worse than the open, never beyond a price limit."""
    maintenance_rate: float = 0.0
    """Equity below this fraction of value at a close forces the position closed at the next open."""
    longest: float = 1.0
    """Largest exposure allowed."""
    shortest: float = 0.0
    """Smallest exposure allowed; negative where short positions are."""
    mark: FloatArray | None = None
    """Price that a position is valued at after the close; None for `close` (futures: the settlement price)."""
    limit_up: FloatArray | None = None
    limit_down: FloatArray | None = None
    """Price limits [T], NaN where none holds."""
    suspended: BoolArray | None = None
    """Bars in which nothing trades though they have a row."""
    reference: FloatArray | None = None
    """The exchange's reference price before the open; where it differs from the mark before, a corporate action changes
    shares and cash, and equity does not move. None where there are no such actions."""
    roll_from: FloatArray | None = None
    """Where the series goes on to another contract, the price at this open of the one it leaves ``[T]``, NaN elsewhere:
    what is held is closed at it, and as many lots of the new contract are opened at `open`. None without a change."""
    high: FloatArray | None = None
    low: FloatArray | None = None
    """Highest and lowest price of each bar ``[T]``, None where nobody says; stops are held against them."""
    currency: str = ""
    alarms: tuple[Alarm, ...] = ()
    """What data and rules do not agree on, counted over all bars: known after the last one."""

    @property
    def margined(self) -> bool:
        """Whether positions are margined and marked daily (futures) instead of paid in full."""
        return self.exact and self.margin_rate < 1.0

    def between(self, first: int, end: int) -> "Conditions":
        """Bars ``first … end - 1`` alone; limits and references keep what they were."""
        if not 0 <= first < end <= len(self.times):
            raise SettingError(
                "bars outside the conditions", expected=f"0 ≤ first < end ≤ {len(self.times)}", found=(first, end)
            )
        changes: dict[str, Any] = {}
        for field in fields(self):
            held = getattr(self, field.name)
            if isinstance(held, np.ndarray):
                changes[field.name] = frozen(held[first:end])
            elif isinstance(held, dict):
                changes[field.name] = {name: frozen(rate[first:end]) for name, rate in held.items()}
        return replace(self, **changes)

    def since(self, first: int) -> "Conditions":
        """Bars from `first` on."""
        return self.between(first, len(self.times))

    def without_costs(self) -> "Conditions":
        """Give the same market before costs, without fees and slippage: the gross beside the net."""
        return replace(self, rates={}, per_share={}, minimum_commission=0, slippage_ticks=0)


class Market(Component):
    """Where an asset is traded. `asset_class` says in words what is bought: an index, a proxy, a future."""

    family: ClassVar[str] = "market"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]]

    @abstractmethod
    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Resolve the dated rules for one asset of `bars`; raises `DataError` outside the rules' dates."""

    def tables(self, asset: str) -> tuple[DatedTable, ...]:  # noqa: ARG002
        """Name the dated tables that an order of `asset` rests on; none for a market whose rules have no dates."""
        return ()

    def rules(
        self, bars: Bars, asset: str, when: np.datetime64, side: str, *, instruments: Instruments | None = None
    ) -> "tuple[Rule, ...]":
        """Tell the rules that an order to "buy" or "sell" at one bar rests on, each with its source where it has one.

        As it stands here, the rows of `tables` in force, then what `conditions` resolve at that bar.

        Errors
            `UnknownNameError` for an asset without bars; `DataError` outside the rules' dates.
        """
        from tidegate.market.prices import own_bars
        from tidegate.market.rules import resolved_rules, rows_in_force

        del instruments
        own = own_bars(bars, asset)
        session = next(iter(own.dates[own.times == when]), when.astype("datetime64[D]"))
        return (
            *rows_in_force(self.tables(asset), session),
            *resolved_rules(self.conditions(bars, asset), when, side),
        )

    def orders_for(self, asset: str, when: np.datetime64, quantity: int) -> int:  # noqa: ARG002
        """Count the orders that a quantity is sent in; one for a market that knows of no largest order."""
        return int(quantity > 0)

    def exchange(self, bars: Bars, *, instruments: Instruments | None = None) -> Exchange:
        """Resolve the dated rules for every asset of `bars`, on the union of their times.

        As it stands here, each asset's `conditions` are stacked; what is delisted pays nothing.

        Errors
            `SettingError` for a market of fractions or of margins; `DataError` outside the rules' dates.
        """
        from tidegate.market.stacking import stacked

        return stacked(self.conditions, bars, instruments)
