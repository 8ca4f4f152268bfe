"""Hold one group of a ranking in equal parts, and sell another short where that is allowed."""

from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from tidegate.errors import SettingError
from tidegate.strategy.compiled import inner
from tidegate.strategy.orders import FillAt, Order, Seen, View
from tidegate.strategy.ranking import rank_all
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
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Groups"]

_COUNT, _GROUP, _SHORT, _EVERY, _PART, _AT, _WIDE = range(7)


class Groups(Selection):
    """Hold a class or a quantile group in equal parts, rebalanced every so many bars or where the gate says so.

    Formula
        At a rebalancing the M assets that have a score and a bar are ranked, the best first. Quantile group *g* of *q*
        holds ranks ⌊(g - 1) M / q⌋ … ⌊g M / q⌋ - 1 (group 1 is the best); with ``by="class"`` group *g* holds those
        whose score equals *g*. With `wide` a quantile group takes in the next ones (the short group likewise, from its
        own end): of ten groups, group 1 with ``wide=3`` holds the upper 30 %.
        Each of its n members gets `part` · equity / n at the last close, in legal quantities; what is held beside them
        is sold. With `short_group` its members are sold short by the same rule.
        A sale that is refused is tried again at every bar; a purchase, for want of that sale's cash, say, is not.
        Where nothing may be sold short, run two groups as two books with long positions: the difference of their
        returns is the long-short return before borrowing.
    Known at
        Orders after CLOSE(t) from scores, gate and closes of *t*; filled in bar t+1. The first rebalancing is that of
        the first bar with members, the next `every` bars later; with ``every=0`` at closes whose gate is above zero
        (`tidegate.market.months.month_ends`).
    Missing values
        Without a score or a bar an asset belongs to no group; where nobody does, what is held stays. What leaves the
        universe (-inf) is sold at once.

    >>> Groups(count=10, group=1, short_group=10, every=20).reads()
    ('score',)
    """

    name: ClassVar[str] = "groups"
    reasons: ClassVar[tuple[str, ...]] = REBALANCING_REASONS
    reasons_in_chinese: ClassVar[tuple[str, ...]] = REBALANCING_REASONS_IN_CHINESE

    by: Literal["quantile", "class"] = Field(default="quantile", description="whether scores are ranked or are classes")
    count: int = Field(default=5, ge=1, description="number of quantile groups")
    group: int = Field(default=1, description="the group that is held: 1 is the best quantile, or the class itself")
    wide: int = Field(default=1, ge=1, description="how many quantile groups, from each end inwards, make one")
    short_group: int | None = Field(default=None, description="the group that is sold short, where there is one")
    every: int = Field(
        default=1, ge=0, description="bars from one rebalancing to the next; 0: where the gate is above 0"
    )
    part: float = Field(default=1.0, gt=0, le=1, description="part of equity on each side")
    at: Literal["open", "vwap", "close"] = Field(default="open", description="where orders are filled")

    @model_validator(mode="after")
    def _there(self) -> Self:
        wanted = [group for group in (self.group, self.short_group) if group is not None]
        if self.by == "quantile" and not all(1 <= group <= self.count for group in wanted):
            raise SettingError("there is no such group", expected=f"1 … {self.count}", found=wanted)
        if self.wide > 1 and (self.by == "class" or self.group + self.wide - 1 > self.count):
            raise SettingError("only quantile groups are put together", expected=f"up to {self.count}", found=self.wide)
        if self.wide > 1 and self.short_group is not None and self.short_group - self.group + 1 < 2 * self.wide:
            raise SettingError("the long and the short group overlap", found=(self.group, self.short_group, self.wide))
        if len(set(wanted)) < len(wanted):
            raise SettingError("one group cannot be both held and sold short", found=self.group)
        return self

    def reads(self) -> tuple[str, ...]:
        """The score, and the gate where it tells when to rebalance."""
        return ("score",) if self.every else ("score", "gate")

    def sells_short(self) -> bool:
        """Whether it has a short group."""
        return self.short_group is not None

    def members(self, score: FloatArray, ranked: list[int], group: int | None) -> list[int]:
        """Take one group's places among `ranked`, the best first."""
        if group is None:
            return []
        if self.by == "class":
            return [i for i in ranked if score[i] == group]
        low, high = (group - 1, group - 1 + self.wide) if group == self.group else (group - self.wide, group)
        return ranked[low * len(ranked) // self.count : high * len(ranked) // self.count]

    def decide(self, view: View) -> list[Order]:
        """Rank, take the groups, bring them to equal parts."""
        due = plainly_due(view, self.every)
        ranked = np.flatnonzero((view.score > -np.inf) & (view.ticks > 0)).tolist() if due else []
        ranked.sort(key=lambda i: (-view.score[i], view.seen.order[i]))
        long, short = (self.members(view.score, ranked, group) for group in (self.group, self.short_group))
        return rebalanced(view, self.every, long, short, self.part, FillAt[self.at.upper()], due=due)

    def numbers(self) -> tuple[float, ...]:
        """Give the settings; 0 groups for classes, NaN for no short group."""
        count = self.count if self.by == "quantile" else 0
        short = np.nan if self.short_group is None else self.short_group
        return (count, self.group, short, self.every, self.part, FillAt[self.at.upper()], self.wide)

    def kernel(self) -> Any:
        """Compile `_decide`."""
        return compiled_decision(_decide)


def _decide(seen: Seen, orders: IntArray) -> int:
    """The rule on plain numbers."""
    numbers = seen.numbers
    every, at, part = int(numbers[_EVERY]), int(numbers[_AT]), numbers[_PART]
    if not is_due(seen, every):
        return leave(seen, orders, at)
    ranked = rank_all(seen)
    more = numbers[_WIDE] - 1.0
    first, end = _bound(seen, ranked, numbers[_GROUP], 0), _bound(seen, ranked, numbers[_GROUP] + more, 1)
    low, high = _bound(seen, ranked, numbers[_SHORT] - more, 0), _bound(seen, ranked, numbers[_SHORT], 1)
    if end - first + high - low == 0:
        return leave(seen, orders, at)
    start_marking(seen, every)
    mark_members(seen, first, end, 1)
    mark_members(seen, low, high, -1)
    count = leave(seen, orders, at)
    count = fill_up(seen, orders, count, first, end, 1, part, at)
    return fill_up(seen, orders, count, low, high, -1, part, at)


@inner
def _bound(seen: Seen, ranked: int, group: float, last: int) -> int:
    """Find where a group's ranks begin (0) or end (1); a group of NaN is empty."""
    count = int(seen.numbers[_COUNT])
    if np.isnan(group):
        return 0
    if count > 0:
        return (int(group) - 1 + last) * ranked // count
    at = 0
    while at < ranked and (seen.key[at] > group or (last == 1 and seen.key[at] == group)):
        at += 1
    return at
