"""One round trip a bar: in at the open by where it stands against a forecast, out at the close."""

from math import ceil, floor
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.strategy.compiled import inner
from tidegate.strategy.orders import FillAt, Order, Seen, View
from tidegate.strategy.ranking import by_name
from tidegate.strategy.selection import Selection, compiled_decision
from tidegate.strategy.within_bar import BarPlan, BarsSeen, BarWish, WithinBar, steadily
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["OpenAgainstForecast"]

_AGAINST, _SHORT, _FRACTION = range(3)
_OPEN, _CLOSE = int(FillAt.OPEN), int(FillAt.CLOSE)
_LIMIT_TICKS, _NEAR = float(2**31 - 2), 1e-6


class OpenAgainstForecast(Selection, WithinBar):
    """Compare the next open with the forecast of the next close; hold from that open to that close.

    Formula
        With forecast p, decided after CLOSE(t): if open(t+1) > p, ``"as printed"`` **buys** at the open and
        ``"follow"`` sells there; if open(t+1) < p, the other way round; at CLOSE(t+1) the position is closed. Quantity:
        ⌊`fraction` · equity / M / (last close · value of a unit)⌋ in legal steps, for M assets with a forecast. Both
        orders carry their condition on the open, so that nothing of the open need be known when they are given.
    Readings
        The futures study prints that an open above the forecast is bought, which trades against its own forecast (?):
        as printed is the default, `follow` is what the words around it mean. An open at the forecast trades neither
        way. A position whose closing order was refused (a limit) is given back at the next open. Paid in full, no other
        is taken in that bar. On margin one that leaves at the open makes room: that bar's own trade is taken at the
        same open, as in any other bar. Only where it cannot leave there either is nothing new opened; it is then left
        at that bar's close, or carried on.
    Known at
        Orders after CLOSE(t) from the forecast of *t*; the condition is judged at OPEN(t+1).
    Markets
        Paid in full, over any number of assets, its orders go through the portfolio loop, and the selling half needs
        an exchange that allows it. On margin, for one asset, its `plan` goes to the loop for trades of one bar, and the
        quantity is ⌊`fraction` · equity at the open / (open · value of a unit)⌋.
    Missing values
        A forecast that is NaN or not above 0 trades nothing; so does an asset without a bar at *t*.
    Source
        The rebar futures study (there: one lot's net value, no fees).

    >>> OpenAgainstForecast(rule="follow").words()[2]
    'the bar is over'
    """

    name: ClassVar[str] = "open-against-forecast"
    reasons: ClassVar[tuple[str, ...]] = (
        "if the open is above the forecast",
        "if the open is below the forecast",
        "the bar is over",
        "left over from the bar before",
    )
    reasons_in_chinese: ClassVar[tuple[str, ...]] = ("若开盘高于预测", "若开盘低于预测", "当根K线结束", "上根K线遗留")

    reads_forecast: ClassVar[bool] = True

    rule: Literal["as printed", "follow"] = Field(
        default="as printed", description="trade against the forecast, or by it"
    )
    fraction: float = Field(default=1.0, gt=0, description="value of a position as a fraction of equity")
    short: bool = Field(default=True, description="whether the selling half is traded too")

    def levels(self, forecast: FloatArray, tick: float) -> tuple[FloatArray, FloatArray]:
        """Give the prices below and above which the next open trades, as a market on margin reads them ``[..., T]``.

        What is below is bought by `follow` and sold ``"as printed"``. A forecast within a millionth of a tick of a
        whole one counts as that one, as in `decide`. Known at: as the forecast. Missing values: NaN, and what is no
        price, trade on no side; without `short` neither does the selling half.

        >>> OpenAgainstForecast(rule="follow").levels(np.array([3600.4, np.nan]), 1.0)[0].tolist()
        [3600.4, nan]
        """
        ticks = forecast / tick
        near = np.rint(ticks)
        at = np.where(np.abs(ticks - near) <= _NEAR, near / round(1 / tick), forecast)
        at = np.where((ticks >= 1) & (ticks < _LIMIT_TICKS), at, np.nan)
        none = np.full_like(at, np.nan)
        if self.short:
            return at, at
        return (at, none) if self.rule == "follow" else (none, at)

    def wish(self, seen: BarsSeen) -> BarWish:
        """Hold the next open against the last forecast, on margin."""
        forecast, none = float(seen.forecast[-1]), float("nan")
        ticks = forecast / seen.tick
        if not 1 <= ticks < _LIMIT_TICKS:
            return BarWish(none, none, self.fraction)
        near = round(ticks)
        at = near / round(1 / seen.tick) if abs(ticks - near) <= _NEAR else forecast
        buys_below = self.rule == "follow"
        return BarWish(at if self.short or buys_below else none, at if self.short or not buys_below else none,
                       self.fraction)  # fmt: skip

    def plan(self, seen: BarsSeen) -> BarPlan:
        """Hold every open against the forecast before it, on margin."""
        return steadily(*self.levels(seen.forecast, seen.tick), self.fraction, against=self.rule == "as printed")

    def sells_short(self) -> bool:
        """Whether the selling half is traded."""
        return self.short

    def decide(self, view: View) -> list[Order]:
        """Give both conditional orders and both that end what came of them."""
        seen, held = view.seen, view.held.tolist()
        level = view.score / seen.tick
        known = np.flatnonzero((level >= 1) & (level < _LIMIT_TICKS) & (view.ticks > 0)).tolist()
        orders = [Order(i, -int(view.sellable[i]), FillAt.OPEN, 0, 3) for i in held if view.sellable[i] != 0]
        above, below = (1, -1) if self.rule == "as printed" else (-1, 1)
        for i in sorted(known, key=seen.order.__getitem__):
            worth = self.fraction * seen.equity / len(known)
            quantity = int(worth / float(view.ticks[i] * seen.tick_value[i])) // int(view.lot[i]) * int(view.lot[i])
            if view.shares[i] != 0 or quantity < max(int(view.minimum[i]), 1):
                continue
            if above > 0 or self.short:
                orders.append(Order(i, above * quantity, FillAt.OPEN, floor(level[i] + 1e-6), 0))
            if below > 0 or self.short:
                orders.append(Order(i, below * quantity, FillAt.OPEN, -ceil(level[i] - 1e-6), 1))
            orders.append(Order(i, -quantity, FillAt.CLOSE, 1, 2))
            if self.short:
                orders.append(Order(i, quantity, FillAt.CLOSE, 1, 2))
        return orders

    def numbers(self) -> tuple[float, ...]:
        """Give the settings."""
        return (self.rule == "as printed", self.short, self.fraction)

    def kernel(self) -> Any:
        """Compile `_decide`."""
        return compiled_decision(_decide)


def _decide(seen: Seen, orders: IntArray) -> int:
    """The rule on plain numbers."""
    numbers, count = seen.numbers, 0
    for k in range(seen.owned):
        asset = seen.held[k]
        quantity = seen.shares[asset] - (seen.locked[asset] if seen.stays == 1 else 0)
        if quantity != 0:
            orders[count] = (asset, -quantity, _OPEN, 0, 3)
            count += 1
    side = 1 if numbers[_AGAINST] == 1 else -1
    known = _with_forecast(seen)
    for k in range(known):
        asset = seen.place[k]
        lot, level = seen.lot[asset], seen.score[asset] / seen.tick[asset]
        worth = numbers[_FRACTION] * seen.equity / known
        quantity = int(worth / float(seen.close[asset] * seen.tick_value[asset])) // lot * lot
        if seen.shares[asset] != 0 or quantity < max(seen.minimum[asset], 1):
            continue
        if side > 0 or numbers[_SHORT] == 1:
            orders[count] = (asset, side * quantity, _OPEN, int(np.floor(level + 1e-6)), 0)
            count += 1
        if side < 0 or numbers[_SHORT] == 1:
            orders[count] = (asset, -side * quantity, _OPEN, -int(np.ceil(level - 1e-6)), 1)
            count += 1
        orders[count] = (asset, -quantity, _CLOSE, 1, 2)
        count += 1
        if numbers[_SHORT] == 1:
            orders[count] = (asset, quantity, _CLOSE, 1, 2)
            count += 1
    return count


@inner
def _with_forecast(seen: Seen) -> int:
    """List the assets that have a forecast and a bar, by name; give their number."""
    known = 0
    for k in range(by_name(seen)):
        asset = seen.place[k]
        if 1 <= seen.score[asset] / seen.tick[asset] < _LIMIT_TICKS:
            seen.place[known] = asset
            known += 1
    return known
