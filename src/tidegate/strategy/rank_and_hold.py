"""Buy the best ranked, hold them some days, sell the worst ranked: every day a part of the book turns over."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.strategy.compiled import inner
from tidegate.strategy.orders import FillAt, Order, Seen, View
from tidegate.strategy.ranking import best, free, insert, judged
from tidegate.strategy.selection import Selection, compiled_decision
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["RankAndHold"]

_NAMES, _DAYS, _CAP, _SPEND, _AGED, _BUY_AT, _SELL_AT, _WEIGHTS = range(8)


class RankAndHold(Selection):
    """Each bar: the best `names` share a cash budget, and the worst holdings are sold to keep the turnover up.

    Formula
        One `days`-th of equity is each bar's equal share: average = equity / days. Cash to spend = min(cash, `spend` ·
        average), in the first `days` bars min(cash, average). It is split over the best ranked by weight, ∝ 1/ln(rank +
        1) or equal, to no more than `cap` of equity in one name, in legal quantities at the last close. Sales, none in
        the first `days` bars: holdings from the lowest score up, until they are worth average − (cash − cash to spend).
        `holding` ``"at least"``: only what was last bought `days` bars ago or earlier may be sold; ``"average"``: any.
    Readings
        Where the study's text is silent (?): equity is that of the last close, and so is what a purchase counts for
        against `cap`, so that an open above it may carry a name a little beyond. A further purchase starts a holding's
        count again. One asset may be bought and sold in one bar, when it is among the best and among the worst held:
        the template does the same. The text keeps holdings *at least* 5 bars, the template 5 on *average*: both modes.
        Ties go by the assets' names. A sale is of all that may be sold in the next bar.
    Known at
        Orders after CLOSE(t) from the scores of *t*, the last close and own holdings; filled in bar t+1.
    Missing values
        An asset whose score is NaN is neither bought nor sold. One of -inf has left the universe: it is not bought, and
        once its days are over it is sold before all others, if it has a bar. One without a bar keeps its place among
        the best and is not bought.
    Source
        The public template of the stock-selection study (there: cap 0.2, spend 1.5, 30 names, 5 days).

    >>> RankAndHold(names=2, weights="equal").shares_of_cash().tolist()
    [0.5, 0.5]
    """

    name: ClassVar[str] = "rank-and-hold"
    example: ClassVar[dict[str, Any]] = {"names": 4, "days": 3}
    reasons: ClassVar[tuple[str, ...]] = ("among the best ranked", "worst ranked of what may be sold")
    reasons_in_chinese: ClassVar[tuple[str, ...]] = ("排名靠前", "可卖持仓中排名最低")

    names: int = Field(default=30, ge=1, description="best ranked to buy each bar")
    days: int = Field(default=5, ge=1, description="bars that a position is held, at least or on average")
    holding: Literal["at least", "average"] = Field(default="at least", description="how `days` is meant")
    weights: Literal["rank", "equal"] = Field(default="rank", description="how cash is split over the names")
    cap: float = Field(default=0.2, gt=0, le=1, description="largest part of equity in one name when it is bought")
    spend: float = Field(default=1.5, ge=1, description="most cash to spend in a bar, in equal shares")
    buy_at: Literal["open", "vwap", "close"] = Field(default="open", description="where purchases are filled")
    sell_at: Literal["open", "vwap", "close"] = Field(default="open", description="where sales are filled")

    def shares_of_cash(self) -> FloatArray:
        """What part of the cash to spend each rank gets ``[names]``."""
        rank = np.arange(1, self.names + 1)
        raw = 1.0 / np.log(rank + 1.0) if self.weights == "rank" else np.ones(self.names)
        return np.asarray(raw / raw.sum())

    def decide(self, view: View) -> list[Order]:
        """Sell the worst, buy the best; see the class for the formula."""
        seen, days = view.seen, self.days
        average = seen.equity / days
        starting = view.bar < days
        budget = min(float(seen.cash), (1.0 if starting else self.spend) * average)
        sales = [] if starting else self._sales(view, average - (seen.cash - budget))
        return sales + self._purchases(view, budget)

    def _sales(self, view: View, need: float) -> list[Order]:
        """Sell from the worst up until `need` is met."""
        seen, orders = view.seen, []
        last = view.bar + 1 - self.days if self.holding == "at least" else view.bar
        ripe = [int(i) for i in view.held if view.judges(i) and view.since[i] <= last]
        for i in sorted(ripe, key=lambda i: (view.score[i], seen.order[i])):
            if need <= 0:
                break
            if (quantity := int(view.sellable[i])) > 0:
                orders.append(Order(i, -quantity, FillAt[self.sell_at.upper()], 0, 1))
                need -= float(quantity * seen.mark[i] * seen.tick_value[i])
        return orders

    def _purchases(self, view: View, budget: float) -> list[Order]:
        """Split `budget` over the best, none beyond its part of equity."""
        seen, orders = view.seen, []
        known = np.flatnonzero(view.score > -np.inf).tolist()
        ranked = sorted(known, key=lambda i: (-view.score[i], seen.order[i]))[: self.names]
        for i, part in zip(ranked, self.shares_of_cash(), strict=False):
            held = float(view.shares[i] * seen.mark[i] * seen.tick_value[i])
            cash = min(budget * part, seen.equity * self.cap - held)
            if cash <= 0 or view.ticks[i] == 0:
                continue
            quantity = int(cash / float(view.ticks[i] * seen.tick_value[i])) // int(view.lot[i]) * int(view.lot[i])
            if quantity >= view.minimum[i]:
                orders.append(Order(i, quantity, FillAt[self.buy_at.upper()], 0, 0))
        return orders

    def numbers(self) -> tuple[float, ...]:
        """Give the settings, then the parts of cash by rank."""
        return (
            self.names,
            self.days,
            self.cap,
            self.spend,
            self.holding == "at least",
            FillAt[self.buy_at.upper()],
            FillAt[self.sell_at.upper()],
            *self.shares_of_cash(),
        )

    def kernel(self) -> Any:
        """Compile `_decide`."""
        return compiled_decision(_decide)


def _decide(seen: Seen, orders: IntArray) -> int:
    """The rule on plain numbers."""
    numbers = seen.numbers
    average = seen.equity / numbers[_DAYS]
    starting = seen.bar < int(numbers[_DAYS])
    budget = min(float(seen.cash), (1.0 if starting else numbers[_SPEND]) * average)
    count = 0 if starting else _sell(seen, orders, average - (seen.cash - budget))
    return _buy(seen, orders, count, budget)


@inner
def _sell(seen: Seen, orders: IntArray, need: float) -> int:
    """Sell from the worst up until `need` is met; give the number of orders."""
    if need <= 0:
        return 0
    numbers = seen.numbers
    ripe = _worst_worth(seen, seen.bar + 1 - int(numbers[_DAYS]) if numbers[_AGED] == 1 else seen.bar, need)
    count = 0
    for k in range(ripe):
        if need <= 0:
            break
        asset = seen.place[k]
        quantity = free(seen, asset)
        if quantity > 0:
            orders[count] = (asset, -quantity, int(numbers[_SELL_AT]), 0, 1)
            count += 1
            need -= _value(seen, asset)
    return count


@inner
def _worst_worth(seen: Seen, since: int, need: float) -> int:
    """Rank what `worst_held` ranks, but no further than to what is worth `need` and one money unit more."""
    key, place = seen.key, seen.place
    found, worth = 0, 0.0
    for k in range(seen.owned):
        asset = seen.held[k]
        if not judged(seen, asset) or seen.since[asset] > since:
            continue
        if worth >= need + 1.0 and -seen.score[asset] < key[found - 1]:
            continue
        found = insert(seen, 0, found, key.shape[0], -seen.score[asset], asset)
        worth += _value(seen, asset)
        while worth - _value(seen, place[found - 1]) >= need + 1.0:
            found -= 1
            worth -= _value(seen, place[found])
    return found


@inner
def _value(seen: Seen, asset: int) -> float:
    """Count what may be sold of an asset in the next bar at its last price."""
    return float(free(seen, asset) * seen.mark[asset] * seen.tick_value[asset])


@inner
def _buy(seen: Seen, orders: IntArray, count: int, budget: float) -> int:
    """Split `budget` over the best, none beyond its part of equity; give the number of all orders."""
    numbers = seen.numbers
    found = best(seen, int(numbers[_NAMES]))
    cap = seen.equity * numbers[_CAP]
    for rank in range(found):
        asset = seen.place[rank]
        if seen.close[asset] == 0:
            continue
        held = float(seen.shares[asset] * seen.mark[asset] * seen.tick_value[asset])
        cash = min(budget * numbers[_WEIGHTS + rank], cap - held)
        if cash <= 0:
            continue
        quantity = int(cash / float(seen.close[asset] * seen.tick_value[asset])) // seen.lot[asset] * seen.lot[asset]
        if quantity >= seen.minimum[asset]:
            orders[count] = (asset, quantity, int(numbers[_BUY_AT]), 0, 0)
            count += 1
    return count
