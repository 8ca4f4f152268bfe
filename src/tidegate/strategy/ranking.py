"""Ranks that compiled decisions share: the best few, all in order, the worst first; ties go by the assets' names.

Each piece works in the scratch that `Seen` brings along (`key`, `place`) and leaves its answer there: ``place[: n]`` in
order. What a decision in plain Python says with ``sorted(..., key=lambda i: (-score[i], order[i]))`` is the same order.
"""

import numpy as np

from tidegate.strategy.compiled import inner
from tidegate.strategy.orders import Seen
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["best", "best_new", "by_name", "free", "insert", "judged", "left", "rank_all", "scored", "worst_held"]

_BLOCK = 64


@inner
def scored(score: float) -> bool:
    """Whether a score says anything: NaN and -inf don't."""
    return bool(score > -np.inf)


@inner
def left(seen: Seen, asset: int) -> bool:
    """Whether an asset has left the universe: a score of -inf, with a bar, so that it can be sold."""
    return bool(seen.score[asset] == -np.inf and seen.close[asset] > 0)


@inner
def judged(seen: Seen, asset: int) -> bool:
    """Whether a score says anything of a holding: what has left the universe ranks below all, NaN says nothing."""
    return scored(seen.score[asset]) or left(seen, asset)


@inner
def free(seen: Seen, asset: int) -> int:
    """Units that may be sold in the next bar."""
    return int(seen.shares[asset] - (seen.locked[asset] if seen.stays == 1 else 0))


@inner
def insert(seen: Seen, base: int, found: int, room: int, score: float, asset: int) -> int:
    """Put an asset where it belongs among `found` from `base` on, of which at most `room` stay; give their number."""
    key, place, order = seen.key, seen.place, seen.order
    if found == room:
        last = base + found - 1
        if score < key[last] or (score == key[last] and order[asset] > order[place[last]]):
            return found
        found -= 1
    at = base + found
    while at > base and (key[at - 1] < score or (key[at - 1] == score and order[place[at - 1]] > order[asset])):
        key[at], place[at] = key[at - 1], place[at - 1]
        at -= 1
    key[at], place[at] = score, asset
    return found + 1


@inner
def best(seen: Seen, room: int) -> int:
    """Rank the `room` best scores of all assets; give how many there are.

    Most assets are far from the best: a block of them is first asked whether any comes near, many at a time.
    """
    found, worst, names = 0, -np.inf, seen.score.shape[0]
    for start in range(0, names, _BLOCK):
        end, good = min(start + _BLOCK, names), 0
        for asset in range(start, end):
            good += 1 if seen.score[asset] >= worst else 0
        if good == 0:
            continue
        for asset in range(start, end):
            score = seen.score[asset]
            if not score > -np.inf or score < worst:
                continue
            found = insert(seen, 0, found, room, score, asset)
            if found == room:
                worst = seen.key[room - 1]
    return found


@inner
def best_new(seen: Seen, base: int, room: int) -> int:
    """Rank the `room` best that have a score and a bar and are not held, from ``place[base]`` on; give their number."""
    found = 0
    worst = -np.inf
    for asset in range(seen.score.shape[0]):
        score = seen.score[asset]
        if not score > -np.inf or score < worst or seen.shares[asset] != 0 or seen.close[asset] == 0 or room == 0:
            continue
        found = insert(seen, base, found, room, score, asset)
        if found == room:
            worst = seen.key[base + room - 1]
    return found


@inner
def worst_held(seen: Seen, since: int) -> int:
    """Rank judged holdings that were last bought at bar `since` or before, what has left first, then the worst."""
    found = 0
    for k in range(seen.owned):
        asset = seen.held[k]
        if judged(seen, asset) and seen.since[asset] <= since:
            found = insert(seen, 0, found, seen.key.shape[0], -seen.score[asset], asset)
    return found


@inner
def _ahead(key: FloatArray, place: IntArray, order: IntArray, one: int, other: int) -> bool:
    """Whether the asset at `one` ranks before that at `other`."""
    return bool(key[one] > key[other] or (key[one] == key[other] and order[place[one]] < order[place[other]]))


@inner
def _sink(seen: Seen, root: int, end: int) -> None:
    """Let an entry of a heap (the worst on top) sink to where it belongs."""
    key, place, order = seen.key, seen.place, seen.order
    while 2 * root + 1 < end:
        child = 2 * root + 1
        if child + 1 < end and _ahead(key, place, order, child, child + 1):
            child += 1
        if not _ahead(key, place, order, root, child):
            return
        key[root], key[child] = key[child], key[root]
        place[root], place[child] = place[child], place[root]
        root = child


@inner
def rank_all(seen: Seen) -> int:
    """Rank all assets that have a score and a bar, however many, the best first; give their number."""
    key, place = seen.key, seen.place
    count = 0
    for asset in range(seen.score.shape[0]):
        if scored(seen.score[asset]) and seen.close[asset] > 0:
            key[count], place[count] = seen.score[asset], asset
            count += 1
    for root in range(count // 2 - 1, -1, -1):
        _sink(seen, root, count)
    for end in range(count - 1, 0, -1):
        key[0], key[end] = key[end], key[0]
        place[0], place[end] = place[end], place[0]
        _sink(seen, 0, end)
    return count


@inner
def by_name(seen: Seen) -> int:
    """List all assets that have a score and a bar, by name; give their number."""
    for asset in range(seen.order.shape[0]):
        seen.key[seen.order[asset]] = asset
    count = 0
    for rank in range(seen.order.shape[0]):
        asset = int(seen.key[rank])
        if scored(seen.score[asset]) and seen.close[asset] > 0:
            seen.place[count] = asset
            count += 1
    return count
