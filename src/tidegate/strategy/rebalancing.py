"""From members to equal positions: what a strategy shares that holds groups of assets in equal parts.

Between two rebalancings nothing is bought, and what is no member (since a sale was refused, say) or has left the
universe is sold as soon as it can be. Who is a member is noted in the book's memory, one number an asset: 1 long, -1
short, 0 neither; the first of the book's own 16 counts the bars to the next rebalancing.
"""

from collections.abc import Sequence

from tidegate.strategy.compiled import inner
from tidegate.strategy.orders import FillAt, Order, Seen, View
from tidegate.strategy.ranking import free, left
from tidegate.types.axes import IntArray

__all__ = [
    "REBALANCING_REASONS",
    "REBALANCING_REASONS_IN_CHINESE",
    "fill_up",
    "is_due",
    "leave",
    "mark_members",
    "plainly_due",
    "rebalanced",
    "start_marking",
]

REBALANCING_REASONS = ("less of it than its part", "no longer in the group", "more of it than its part")
"""Words of orders 0, 1, 2."""
REBALANCING_REASONS_IN_CHINESE = ("低于应有份额", "已不在组中", "高于应有份额")


@inner
def is_due(seen: Seen, every: int) -> bool:
    """Whether this close rebalances: `every` bars after the last one, or, with 0, where the gate is above zero."""
    if every == 0:
        return bool(seen.gate > 0)
    left = float(seen.memory[seen.shares.shape[0]])
    seen.memory[seen.shares.shape[0]] = max(left - 1.0, 0.0)
    return bool(left == 0)


def plainly_due(view: View, every: int) -> bool:
    """Say the same in plain Python."""
    if every == 0:
        return view.gate > 0
    memory, book = view.seen.memory, len(view.shares)
    left = float(memory[book])
    memory[book] = max(left - 1.0, 0.0)
    return left == 0


@inner
def start_marking(seen: Seen, every: int) -> None:
    """Forget who was a member, and count from here."""
    for asset in range(seen.shares.shape[0]):
        seen.memory[asset] = 0.0
    seen.memory[seen.shares.shape[0]] = max(every - 1.0, 0.0)


@inner
def mark_members(seen: Seen, first: int, end: int, side: int) -> None:
    """Note ``place[first:end]`` as members of one side."""
    for k in range(first, end):
        seen.memory[seen.place[k]] = side


@inner
def leave(seen: Seen, orders: IntArray, at: int) -> int:
    """Close what is held and no member, or has left the universe, in order of purchase; give the number of orders."""
    count = 0
    for k in range(seen.owned):
        asset = seen.held[k]
        quantity = free(seen, asset)
        if quantity != 0 and (seen.memory[asset] * seen.shares[asset] <= 0 or left(seen, asset)):
            orders[count] = (asset, -quantity, at, 0, 1)
            count += 1
    return count


@inner
def fill_up(seen: Seen, orders: IntArray, count: int, first: int, end: int, side: int, part: float, at: int) -> int:
    """Bring ``place[first:end]`` to equal parts of `part` of equity; give the number of all orders."""
    for k in range(first, end):
        asset = seen.place[k]
        lot = seen.lot[asset]
        worth = part * seen.equity / (end - first)
        target = int(worth / float(seen.close[asset] * seen.tick_value[asset])) // lot * lot
        if target < seen.minimum[asset]:
            target = 0
        have = max(side * seen.shares[asset], 0)
        if target > have:
            quantity = (target - have) // lot * lot
            if quantity >= seen.minimum[asset]:
                orders[count] = (asset, side * quantity, at, 0, 0)
                count += 1
        elif target < have:
            quantity = min(have - target, free(seen, asset) if side > 0 else have)
            if target > 0:
                quantity = quantity // lot * lot
            if quantity > 0 and (target == 0 or quantity >= seen.minimum[asset]):
                orders[count] = (asset, -side * quantity, at, 0, 2)
                count += 1
    return count


def rebalanced(
    view: View, every: int, long: Sequence[int], short: Sequence[int], part: float, at: FillAt, *, due: bool
) -> list[Order]:
    """Say the same in plain Python: the orders of a close with these members, best first.

    Where it is not `due`, or there are no members, nothing changes but what was refused before.
    """
    seen, book = view.seen, len(view.shares)
    now = due and len(long) + len(short) > 0
    if now:
        seen.memory[:book] = 0.0
        seen.memory[list(long)] = 1.0
        seen.memory[list(short)] = -1.0
        seen.memory[book] = max(every - 1.0, 0.0)
    gone = [i for i in view.held.tolist() if seen.memory[i] * view.shares[i] <= 0 or view.left(i)]
    orders = [Order(i, -int(view.sellable[i]), at, 0, 1) for i in gone if view.sellable[i] != 0]
    if now:
        for side, members in ((1, long), (-1, short)):
            for i in members:
                orders += _filled_up(view, i, side, part * seen.equity / len(members), at)
    return orders


def _filled_up(view: View, asset: int, side: int, worth: float, at: FillAt) -> list[Order]:
    seen, lot, least = view.seen, int(view.lot[asset]), int(view.minimum[asset])
    target = int(worth / float(view.ticks[asset] * seen.tick_value[asset])) // lot * lot
    target = target if target >= least else 0
    have = max(side * int(view.shares[asset]), 0)
    if target > have:
        quantity = (target - have) // lot * lot
        return [Order(asset, side * quantity, at, 0, 0)] if quantity >= least else []
    quantity = min(have - target, int(view.sellable[asset]) if side > 0 else have)
    if target > 0:
        quantity = quantity // lot * lot
    enough = quantity > 0 and (target == 0 or quantity >= least)
    return [Order(asset, -side * quantity, at, 0, 2)] if enough else []
