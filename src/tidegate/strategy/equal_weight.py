"""Every asset in equal parts: the rival that a selection must beat to have selected anything."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.strategy.orders import FillAt, Order, Seen, View
from tidegate.strategy.ranking import by_name
from tidegate.strategy.rebalancing import (
    REBALANCING_REASONS,
    REBALANCING_REASONS_IN_CHINESE,
    fill_up,
    is_due,
    leave,
    mark_members,
    plainly_due,
    rebalanced,
    start_marking,
)
from tidegate.strategy.selection import Selection, compiled_decision
from tidegate.types.axes import IntArray

__all__ = ["EqualWeight"]

_EVERY, _PART, _AT = range(3)


class EqualWeight(Selection):
    """Hold whatever has a score, in equal parts: the same universe as a ranking, without the ranking.

    Formula
        At a rebalancing each of the M assets that have a score and a bar gets `part` · equity / M at the last close, in
        legal quantities: where that is less than one lot nothing is bought, so the capital must be large enough for the
        universe.
    Known at
        Orders after CLOSE(t) from what has a score and a bar at *t*; filled in bar t+1.
    Missing values
        Without a score or a bar at a rebalancing an asset is not held; where nobody has one, what is held stays.
        What leaves the universe (-inf) is sold at once.

    >>> EqualWeight(every=5).words()[0]
    'less of it than its part'
    """

    name: ClassVar[str] = "equal-weight"
    reasons: ClassVar[tuple[str, ...]] = REBALANCING_REASONS
    reasons_in_chinese: ClassVar[tuple[str, ...]] = REBALANCING_REASONS_IN_CHINESE

    every: int = Field(
        default=1, ge=0, description="bars from one rebalancing to the next; 0: where the gate is above 0"
    )
    part: float = Field(default=1.0, gt=0, le=1, description="part of equity that is invested")
    at: Literal["open", "vwap", "close"] = Field(default="open", description="where orders are filled")

    def reads(self) -> tuple[str, ...]:
        """The score, and the gate where it tells when to rebalance."""
        return ("score",) if self.every else ("score", "gate")

    def decide(self, view: View) -> list[Order]:
        """Bring all to equal parts, in the order of names."""
        due = plainly_due(view, self.every)
        members = np.flatnonzero((view.score > -np.inf) & (view.ticks > 0)).tolist() if due else []
        members.sort(key=view.seen.order.__getitem__)
        return rebalanced(view, self.every, members, (), self.part, FillAt[self.at.upper()], due=due)

    def numbers(self) -> tuple[float, ...]:
        """Give the settings."""
        return (self.every, self.part, FillAt[self.at.upper()])

    def kernel(self) -> Any:
        """Compile `_decide`."""
        return compiled_decision(_decide)


def _decide(seen: Seen, orders: IntArray) -> int:
    """The rule on plain numbers."""
    every, at = int(seen.numbers[_EVERY]), int(seen.numbers[_AT])
    if not is_due(seen, every):
        return leave(seen, orders, at)
    found = by_name(seen)
    if found == 0:
        return leave(seen, orders, at)
    start_marking(seen, every)
    mark_members(seen, 0, found, 1)
    count = leave(seen, orders, at)
    return fill_up(seen, orders, count, 0, found, 1, seen.numbers[_PART], at)
