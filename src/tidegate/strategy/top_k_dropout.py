"""Hold the best k and replace at most n of them a bar, each only by a better one: Qlib's top-k with dropout."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.strategy.compiled import inner
from tidegate.strategy.orders import FillAt, Order, Seen, View
from tidegate.strategy.ranking import best_new, free, left, worst_held
from tidegate.strategy.selection import Selection, compiled_decision
from tidegate.types.axes import IntArray

__all__ = ["TopKDropout"]

_NAMES, _DROP, _HOLD, _SPEND, _BUY_AT, _SELL_AT = range(6)


class TopKDropout(Selection):
    """Hold `names` assets; each bar the worst held give way to better ones, no more than `drop` of them.

    Formula
        Empty places, names - held, go to the best ranked that are not held. Then the next best is set against the worst
        held, the one after it against the second worst, and so on, at most `drop` pairs and only while the newcomer's
        score is higher. Of the losers those are sold whose last purchase lies `hold` bars back, t + 1 - since ≥ `hold`,
        and as many newcomers are bought as places get free. Each gets an equal part of `spend` · (cash + what the sales
        are worth at the last prices), in legal quantities at the last close.
        What has left the universe (-inf) and has a bar is the worst: it is sold, at most `drop` a bar, whether or not
        there is a newcomer for its place.
    Readings
        Qlib keeps the `names` best of holdings and newcomers; where there are enough newcomers that is the same. Where
        there are too few it sells without a replacement, and it buys in place of what is too young to be sold and then
        holds more than `names`: here neither happens. A tie is not better. With more than `names` held (after a change
        of settings), the worst are sold first, `drop` a bar.
    Known at
        Orders after CLOSE(t) from the scores of *t*, the last close and own holdings; filled in bar t+1.
    Missing values
        A holding whose score is NaN keeps its place and is not sold; an asset without a score or a bar is not bought.
    Source
        Microsoft Qlib, TopkDropoutStrategy (there: 50 names, 5 replaced, `spend` 0.95).

    >>> TopKDropout(names=50, drop=5).words()
    ('better than what was held', 'a better one takes its place')
    """

    name: ClassVar[str] = "top-k-dropout"
    example: ClassVar[dict[str, Any]] = {"names": 4, "drop": 2, "hold": 2}
    reasons: ClassVar[tuple[str, ...]] = ("better than what was held", "a better one takes its place")
    reasons_in_chinese: ClassVar[tuple[str, ...]] = ("优于原持有", "由更优者替换")

    names: int = Field(default=50, ge=1, description="assets to hold")
    drop: int = Field(default=5, ge=0, description="most holdings to replace in a bar")
    hold: int = Field(default=1, ge=1, description="bars after its last purchase before a holding may be replaced")
    spend: float = Field(default=0.95, gt=0, le=1, description="part of the cash that purchases may take")
    buy_at: Literal["open", "vwap", "close"] = Field(default="open", description="where purchases are filled")
    sell_at: Literal["open", "vwap", "close"] = Field(default="open", description="where sales are filled")

    def decide(self, view: View) -> list[Order]:
        """Set the next best against the worst held; see the class for the formula."""
        seen, score = view.seen, view.score
        held = [int(i) for i in view.held if view.judges(i)]
        held.sort(key=lambda i: (score[i], seen.order[i]))
        places = self.names - len(view.held)
        fresh = np.flatnonzero((score > -np.inf) & (view.shares == 0) & (view.ticks > 0)).tolist()
        fresh = sorted(fresh, key=lambda i: (-score[i], seen.order[i]))[: max(self.drop + places, 0)]
        lost = min(max(-places, sum(view.left(i) for i in held)), self.drop, len(held))
        won = min(max(places + lost, 0), len(fresh))
        while lost < min(self.drop, len(held)) and won < len(fresh) and score[fresh[won]] > score[held[lost]]:
            lost, won = lost + 1, won + 1
        orders, value = [], seen.cash
        for i in held[:lost]:
            ripe = view.bar + 1 - view.since[i] >= self.hold and view.ticks[i] > 0
            if ripe and view.sellable[i] == view.shares[i]:
                orders.append(Order(i, -int(view.shares[i]), FillAt[self.sell_at.upper()], 0, 1))
                value += int(view.shares[i] * seen.mark[i] * seen.tick_value[i])
        won = min(won, max(places + len(orders), 0))
        for i in fresh[:won]:
            quantity = int(self.spend * value / won / float(view.ticks[i] * seen.tick_value[i]))
            quantity = quantity // int(view.lot[i]) * int(view.lot[i])
            if quantity >= view.minimum[i]:
                orders.append(Order(i, quantity, FillAt[self.buy_at.upper()], 0, 0))
        return orders

    def numbers(self) -> tuple[float, ...]:
        """Give the settings."""
        return (
            self.names,
            self.drop,
            self.hold,
            self.spend,
            FillAt[self.buy_at.upper()],
            FillAt[self.sell_at.upper()],
        )

    def kernel(self) -> Any:
        """Compile `_decide`."""
        return compiled_decision(_decide)


def _decide(seen: Seen, orders: IntArray) -> int:
    """The rule on plain numbers: the worst held lie before the best new in the scratch."""
    numbers, drop = seen.numbers, int(seen.numbers[_DROP])
    held = worst_held(seen, seen.bar)
    places = int(numbers[_NAMES]) - seen.owned
    fresh = best_new(seen, held, max(drop + places, 0))
    gone = 0
    while gone < held and left(seen, seen.place[gone]):
        gone += 1
    lost = min(max(-places, gone), drop, held)
    won = min(max(places + lost, 0), fresh)
    while lost < min(drop, held) and won < fresh and seen.key[held + won] > -seen.key[lost]:
        lost += 1
        won += 1
    count = _sell(seen, orders, lost)
    value = seen.cash
    for k in range(count):
        asset = orders[k, 0]
        value -= orders[k, 1] * seen.mark[asset] * seen.tick_value[asset]
    won = min(won, max(places + count, 0))
    for k in range(won):
        asset = seen.place[held + k]
        quantity = int(numbers[_SPEND] * value / won / float(seen.close[asset] * seen.tick_value[asset]))
        quantity = quantity // seen.lot[asset] * seen.lot[asset]
        if quantity >= seen.minimum[asset]:
            orders[count] = (asset, quantity, int(numbers[_BUY_AT]), 0, 0)
            count += 1
    return count


@inner
def _sell(seen: Seen, orders: IntArray, lost: int) -> int:
    """Sell those of the worst held that are old enough, whole; give the number of orders."""
    count = 0
    for k in range(lost):
        asset = seen.place[k]
        ripe = seen.bar + 1 - seen.since[asset] >= seen.numbers[_HOLD] and seen.close[asset] > 0
        if ripe and free(seen, asset) == seen.shares[asset]:
            orders[count] = (asset, -seen.shares[asset], int(seen.numbers[_SELL_AT]), 0, 1)
            count += 1
    return count
