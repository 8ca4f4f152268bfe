"""Buy the best ranked, hold them some days, sell the worst ranked: every day a part of the book turns over."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.strategy.orders import FillAt, Order, Seen, View
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
    Known at
        Orders after CLOSE(t) from the scores of *t*, the last close and own holdings; filled in bar t+1.
    Missing values
        An asset whose score is NaN or -inf is neither bought nor sold; one without a bar is not bought.
    Source
        The public template of the stock-selection study (there: cap 0.2, spend 1.5, 30 names, 5 days).

    >>> RankAndHold(names=2, weights="equal").shares_of_cash().tolist()
    [0.5, 0.5]
    """

    name: ClassVar[str] = "rank-and-hold"
    reasons: ClassVar[tuple[str, ...]] = ("among the best ranked", "among the worst ranked", "the gate is closed")
    signals: ClassVar[tuple[str, ...]] = ("score", "gate")

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
        average = view.seen.equity / self.days
        starting = view.bar < self.days
        budget = min(float(view.seen.cash), (1.0 if starting else self.spend) * average)
        tick_value, mark = view.seen.tick_value, view.seen.mark
        orders = []
        if view.gate <= 0:
            aged = [int(i) for i in view.held if view.bar + 1 - view.since[i] >= self.days]
            return [Order(i, -int(view.shares[i]), FillAt[self.sell_at.upper()], 0, 2) for i in aged]
        need = average - (view.seen.cash - budget)
        if not starting:
            ripe = [
                int(i)
                for i in view.held
                if view.score[i] > -np.inf and (self.holding == "average" or view.bar + 1 - view.since[i] >= self.days)
            ]
            for i in sorted(ripe, key=lambda i: (view.score[i], i)):
                if need <= 0:
                    break
                orders.append(Order(i, -int(view.shares[i]), FillAt[self.sell_at.upper()], 0, 1))
                need -= float(view.shares[i] * mark[i] * tick_value[i])
        known = np.flatnonzero(view.score > -np.inf).tolist()
        best = sorted(known, key=lambda i: (-view.score[i], i))[: self.names]
        for i, part in zip(best, self.shares_of_cash(), strict=False):
            held = float(view.shares[i] * mark[i] * tick_value[i])
            cash = min(budget * part, view.seen.equity * self.cap - held)
            if cash <= 0 or view.ticks[i] == 0:
                continue
            quantity = int(cash / float(view.ticks[i] * tick_value[i])) // int(view.lot[i]) * int(view.lot[i])
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


def _decide(seen: Seen, orders: IntArray) -> int:  # noqa: C901, PLR0912, PLR0915
    """The rule on plain numbers: the best ranked are kept in a heap, the worst holdings sorted."""
    numbers, scores, shares = seen.numbers, seen.score, seen.shares
    days, count = int(numbers[_DAYS]), 0
    average = seen.equity / numbers[_DAYS]
    starting = seen.bar < days
    if seen.gate <= 0:
        for k in range(seen.owned):
            asset = seen.held[k]
            if seen.bar + 1 - seen.since[asset] >= days:
                orders[count] = (asset, -shares[asset], int(numbers[_SELL_AT]), 0, 2)
                count += 1
        return count
    budget = min(float(seen.cash), (1.0 if starting else numbers[_SPEND]) * average)
    need = average - (seen.cash - budget)
    if not starting and need > 0:
        ripe = 0
        for k in range(seen.owned):
            asset = seen.held[k]
            if scores[asset] > -np.inf and (numbers[_AGED] == 0 or seen.bar + 1 - seen.since[asset] >= days):
                place = ripe
                while place > 0 and (
                    seen.key[place - 1] > scores[asset]
                    or (seen.key[place - 1] == scores[asset] and seen.place[place - 1] > asset)
                ):
                    seen.key[place], seen.place[place] = seen.key[place - 1], seen.place[place - 1]
                    place -= 1
                seen.key[place], seen.place[place] = scores[asset], asset
                ripe += 1
        for k in range(ripe):
            if need <= 0:
                break
            asset = seen.place[k]
            orders[count] = (asset, -shares[asset], int(numbers[_SELL_AT]), 0, 1)
            count += 1
            need -= float(shares[asset] * seen.mark[asset] * seen.tick_value[asset])
    found = 0
    names = int(numbers[_NAMES])
    for asset in range(scores.shape[0]):
        score = scores[asset]
        if not score > -np.inf:
            continue
        if found == names and not score > seen.key[found - 1]:
            continue
        place = found if found < names else names - 1
        while place > 0 and seen.key[place - 1] < score:
            seen.key[place], seen.place[place] = seen.key[place - 1], seen.place[place - 1]
            place -= 1
        seen.key[place], seen.place[place] = score, asset
        found = min(found + 1, names)
    cap = seen.equity * numbers[_CAP]
    for rank in range(found):
        asset = seen.place[rank]
        if seen.close[asset] == 0:
            continue
        held = float(shares[asset] * seen.mark[asset] * seen.tick_value[asset])
        cash = min(budget * numbers[_WEIGHTS + rank], cap - held)
        if cash <= 0:
            continue
        quantity = int(cash / float(seen.close[asset] * seen.tick_value[asset])) // seen.lot[asset] * seen.lot[asset]
        if quantity >= seen.minimum[asset]:
            orders[count] = (asset, quantity, int(numbers[_BUY_AT]), 0, 0)
            count += 1
    return count
