"""A gate that opens by degrees: the more is forecast, the more of the book its strategy may work with."""

from typing import Any, ClassVar

from pydantic import Field

from tidegate.strategy.orders import Order, Seen, View
from tidegate.strategy.selection import Selection, compiled_decision
from tidegate.strategy.wrapping import ask, inner_numbers, part_of, with_part
from tidegate.types.axes import IntArray

__all__ = ["Scaled"]

_WHOLE, _INNER = range(2)


class Scaled(Selection):
    """Let the inner strategy work with gate / `whole` of the book, between nothing and all of it.

    Formula
        f(t) = min(1, max(0, gate(t)) / `whole`): of a gate that reads a forecast return (`gate_reads` ``"score"``), the
        return at which all is invested. The inner strategy sees ⌊f · equity⌋ as equity and cash less what is kept from
        it, no less than 0, as behind `volatility-target`: one that sizes by equity then invests that part, one that
        turns over a part of the book a bar (rank-and-hold) gets there as it turns over.
    Under `gated`, holdings run off where the gate is 0 or below; alone, one that only turns over keeps them there.
    Known at
        Orders after CLOSE(t) from the gate's number of *t*.
    Missing values
        A gate of NaN says nothing: f = 0.

    >>> from tidegate.strategy.rank_and_hold import RankAndHold
    >>> Scaled(inner=RankAndHold(names=2), whole=0.02).reads()
    ('score', 'gate')
    """

    name: ClassVar[str] = "scaled-by-gate"
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "rank-and-hold", "names": 3}, "whole": 1.0}
    signals: ClassVar[tuple[str, ...]] = ("gate",)

    inner: Selection = Field(description="the strategy that works with a part of the book")
    whole: float = Field(gt=0, description="the gate's number at which it works with all of it")

    def words(self) -> tuple[str, ...]:
        """The inner strategy's words."""
        return self.inner.words()

    def words_in_chinese(self) -> tuple[str, ...]:
        """Say the same in Chinese."""
        return self.inner.words_in_chinese()

    def reads(self) -> tuple[str, ...]:
        """What the inner strategy reads, and the gate."""
        return tuple(dict.fromkeys((*self.inner.reads(), *self.signals)))

    def sells_short(self) -> bool:
        """Whether the inner strategy does."""
        return self.inner.sells_short()

    def decide(self, view: View) -> list[Order]:
        """Show the inner strategy a part of the purse."""
        return self.inner.decide(part_of(view, min(1.0, view.gate / self.whole) if view.gate > 0 else 0.0))

    def numbers(self) -> tuple[float, ...]:
        """Give the setting, then the inner kernel's address and numbers."""
        return (self.whole, *inner_numbers(self.inner))

    def kernel(self) -> Any:
        """Compile `_decide`; None around a strategy in plain Python."""
        return None if self.inner.kernel() is None else compiled_decision(_decide)


def _decide(seen: Seen, orders: IntArray) -> int:
    """The rule on plain numbers."""
    part = min(1.0, seen.gate / seen.numbers[_WHOLE]) if seen.gate > 0 else 0.0
    return int(ask(with_part(seen, part), _INNER, orders))
