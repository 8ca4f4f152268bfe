"""A gate over any strategy: while it is closed nothing is bought, and what is held runs off."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from tidegate.strategy.compiled import inner
from tidegate.strategy.orders import FillAt, Order, Seen, View
from tidegate.strategy.ranking import free
from tidegate.strategy.selection import Selection, compiled_decision
from tidegate.strategy.wrapping import ask, inner_numbers
from tidegate.types.axes import IntArray

__all__ = ["Gated"]

_DAYS, _SELL_AT, _REASON, _AT_MOST, _INNER = range(5)


class Gated(Selection):
    """Ask the inner strategy while the gate is open; while it is closed, buy nothing and let holdings run off.

    Formula
        gate(t) > 0: the inner strategy's orders, bit for bit. gate(t) ≤ 0: a holding is sold in bar t+1 once its last
        purchase lies `days` bars back, t + 1 - since ≥ days, whatever the inner strategy would say: a book left alone
        is in cash `days` bars after its last purchase. A short position has no purchase and is bought back at once.
    Readings
        The study's text forbids purchases on -1 and lets holdings run off *within* 5 days of their own purchase (?).
        With `meanwhile` ``"hold"`` each is sold when its days are over and not before; with ``"inner sells"`` the inner
        strategy is asked as ever, its purchases are left out, and what it still holds when its days are over is sold.
        With `days` 1 everything is sold at the next bar: nothing runs off, the book is liquidated at once.
    Known at
        Orders after CLOSE(t) from the gate's number of *t*.
    Missing values
        A gate of NaN is closed: it does not say that one may buy.

    >>> from tidegate.strategy.rank_and_hold import RankAndHold
    >>> Gated(inner=RankAndHold(names=2)).words()
    ('among the best ranked', 'worst ranked of what may be sold', 'the gate is closed')
    """

    name: ClassVar[str] = "gated"
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "rank-and-hold", "names": 3}, "days": 1}
    reasons: ClassVar[tuple[str, ...]] = ("the gate is closed",)
    reasons_in_chinese: ClassVar[tuple[str, ...]] = ("择时关闭",)
    signals: ClassVar[tuple[str, ...]] = ("gate",)

    inner: Selection = Field(description="the strategy that is asked while the gate is open")
    days: int = Field(default=5, ge=1, description="bars after its last purchase that a holding is sold")
    sell_at: Literal["open", "vwap", "close"] = Field(default="open", description="where run-off sales are filled")
    meanwhile: Literal["hold", "inner sells"] = Field(
        default="hold", description="what happens to a holding whose days are not over"
    )

    def words(self) -> tuple[str, ...]:
        """The inner strategy's words, then the gate's own."""
        return (*self.inner.words(), *self.reasons)

    def words_in_chinese(self) -> tuple[str, ...]:
        """Say the same in Chinese."""
        return (*self.inner.words_in_chinese(), *self.reasons_in_chinese)

    def reads(self) -> tuple[str, ...]:
        """The gate, and what the inner strategy reads."""
        return tuple(dict.fromkeys((*self.inner.reads(), *self.signals)))

    def sells_short(self) -> bool:
        """Whether the inner strategy does."""
        return self.inner.sells_short()

    def decide(self, view: View) -> list[Order]:
        """Ask the inner strategy; while the gate is closed, sell what has been held long enough."""
        if view.gate > 0:
            return self.inner.decide(view)
        at, reason = FillAt[self.sell_at.upper()], len(self.inner.words())
        over = [int(i) for i in view.held if view.shares[i] < 0 or view.bar + 1 - view.since[i] >= self.days]
        asked = self.inner.decide(view) if self.meanwhile == "inner sells" else []
        sooner = [o for o in asked if o.quantity < 0 and view.shares[o.asset] > 0 and o.asset not in over]
        return sooner + [Order(i, -int(view.sellable[i]), at, 0, reason) for i in over if view.sellable[i] != 0]

    def numbers(self) -> tuple[float, ...]:
        """Give the settings, then the inner kernel's address and numbers."""
        own = (self.days, FillAt[self.sell_at.upper()], len(self.inner.words()), self.meanwhile == "inner sells")
        return (*own, *inner_numbers(self.inner))

    def kernel(self) -> Any:
        """Compile `_decide`; None around a strategy in plain Python."""
        return None if self.inner.kernel() is None else compiled_decision(_decide)


def _decide(seen: Seen, orders: IntArray) -> int:
    """The rule on plain numbers."""
    if seen.gate > 0:
        return int(ask(seen, _INNER, orders))
    numbers, count = seen.numbers, 0
    if numbers[_AT_MOST] == 1:
        for k in range(int(ask(seen, _INNER, orders))):
            asset = orders[k, 0]
            if orders[k, 1] < 0 and seen.shares[asset] > 0 and not _over(seen, asset):
                orders[count] = orders[k]
                count += 1
    for k in range(seen.owned):
        asset = seen.held[k]
        if _over(seen, asset):
            quantity = free(seen, asset)
            if quantity != 0:
                orders[count] = (asset, -quantity, int(numbers[_SELL_AT]), 0, int(numbers[_REASON]))
                count += 1
    return count


@inner
def _over(seen: Seen, asset: int) -> bool:
    """Whether a holding's days are over by the next bar."""
    return bool(seen.shares[asset] < 0 or seen.bar + 1 - seen.since[asset] >= seen.numbers[_DAYS])
