"""All steps of a tile of rows, forward, tile after tile.

A tile's numbers lie step by step: ``xh [S + 1, m, H + F + 1]`` holds what the products see (h with its noise, x, and a
one for the bias), so that a step is one product with the turned weights ``[H + F + 1, G]``; ``z [S, m, A]`` what the
gates became; ``hs`` and ``cs [S + 1, m, H]`` the states. Where h has no noise, ``hs`` is ``xh`` itself: a step writes
its h where the next one's product will look for it. With a slot for every step they are what backward needs; with one
and two they are scratch, used round and round. Rows that only fill the tile up are zero everywhere.
"""

from typing import Any

import numpy as np

from tidegate.models.fast.compiled import NO, YES, ZERO, compiled, inner
from tidegate.models.fast.curves import copy, wipe
from tidegate.models.fast.gru_rows import gru_forward, reset
from tidegate.models.fast.lstm_rows import lstm_forward
from tidegate.models.fast.product import multiply
from tidegate.models.fast.rnn_rows import rnn_forward

__all__ = ["begin", "forward_tiles", "room", "take"]

_RNN, _GRU_AFTER, _GRU_BEFORE = 3, 4, 5


@compiled
def forward_tiles(
    cell: int,
    gate: int,
    state: int,
    tiles: Any,
    rows: int,
    steps: int,
    resting: bool,
    x: Any,
    shared: Any,
    panels: Any,
    extra: Any,
    start_h: Any,
    start_c: Any,
    mask: Any,
    noise: Any,
    blocks: Any,
    slots: int,
    across: int,
    outputs: Any,
    last_h: Any,
    last_c: Any,
) -> None:
    """Do all steps of tiles ``tiles[0] … tiles[1]`` of `rows` rows; `resting` says that they start from zero.

    ``x`` is ``[B, L, F]``, or, where `shared` ``[B]`` is not empty, ``[1, R, G]`` of projected rows, of which window b
    sees those from ``shared[b]`` on. `blocks` ``[tiles, size]``, or one for all tiles, is what `room` cuts. `outputs`
    has room for every step. Empty arrays stand for what is not given.
    """
    wide, taken = last_h.shape[1], np.empty(rows, np.bool_)
    for tile in range(tiles[0], tiles[1]):
        first = tile * rows
        count = min(rows, last_h.shape[0] - first)
        block = blocks[tile % blocks.shape[0]]
        xh, z, hs, cs = room(block, slots, rows, panels.shape[1], across, wide, noise.shape[0] > 0, cell < _RNN)
        begin(first, count, start_h, hs[0], wide)
        if cell < _RNN:
            begin(first, count, start_c, cs[0], wide)
        for t in range(steps):
            take(first, count, t, mask, taken)
            seen, v = xh[t % xh.shape[0]], z[t % z.shape[0]]
            h_before, h_after = hs[t % hs.shape[0]], hs[(t + 1) % hs.shape[0]]
            c_before, c_after = cs[t % cs.shape[0]], cs[(t + 1) % cs.shape[0]]
            still = resting and t == 0
            _see(first, count, t, wide, x, shared, noise, h_before, seen, v)
            blocks_of_z = v.shape[1] if cell <= _RNN else 2 * wide
            _product(still, shared.size > 0, wide, blocks_of_z, seen, panels, v)
            if cell > _RNN:
                _candidate(cell, gate, still, shared.size > 0, wide, seen, panels, taken, v)
            if cell < _RNN:
                lstm_forward(
                    cell, gate, state, extra, taken, v, c_before, c_after, h_before, h_after, outputs[first:, t]
                )
            elif cell == _RNN:
                rnn_forward(state, taken, v, h_before, h_after, outputs[first:, t])
            else:
                gru_forward(
                    cell == _GRU_AFTER, gate, state, extra, taken, v, h_before, h_after, outputs[first:, t]
                )  # fmt: skip
            for r in range(count):
                if taken[r]:
                    continue
                if t == 0:
                    wipe(outputs[first + r, 0])
                else:
                    copy(outputs[first + r, t - 1], outputs[first + r, t])
        for r in range(count):
            copy(hs[steps % hs.shape[0], r], last_h[first + r])
            if cell < _RNN:
                copy(cs[steps % cs.shape[0], r], last_c[first + r])


@inner
def room(
    block: Any, slots: int, rows: int, deep: int, across: int, wide: int, noisy: bool, memory: bool
) -> tuple[Any, Any, Any, Any]:
    """Cut a tile's memory into ``xh``, ``z``, ``hs`` and ``cs``, with `slots` slots for what the steps leave."""
    seen = (slots + 1) * rows * deep
    gates = seen + slots * rows * across
    states = gates + ((slots + 1) * rows * wide if memory else 0)
    xh = block[:seen].reshape((slots + 1, rows, deep))
    z = block[seen:gates].reshape((slots, rows, across))
    cs = block[gates:states].reshape((slots + 1, rows, wide)) if memory else z
    hs = block[states : states + (slots + 1) * rows * wide].reshape((slots + 1, rows, wide)) if noisy else xh
    return xh, z, hs, cs


@inner
def take(first: int, count: int, t: int, mask: Any, taken: Any) -> None:
    """Say which rows of a tile take step `t`: none of those that fill it up."""
    for r in range(taken.size):
        taken[r] = r < count and (mask.shape[0] == 0 or mask[first + r, t])


@inner
def begin(first: int, count: int, start: Any, into: Any, wide: int) -> None:
    """Copy a tile's rows of `start` ``[B, H]`` into the first H numbers of those of `into`; zero where none is."""
    for r in range(into.shape[0]):
        if r < count and start.shape[0] > 0:
            copy(start[first + r], into[r, :wide])
        else:
            wipe(into[r, :wide])


@inner
def _see(first: int, count: int, t: int, wide: int, x: Any, shared: Any, noise: Any, h: Any, seen: Any, v: Any) -> None:
    """Lay ready what the products of step `t` see; without noise h is there already."""
    inputs = seen.shape[1] - wide - 1
    for r in range(seen.shape[0]):
        row = seen[r]
        if r >= count:
            wipe(row)
            wipe(v[r])
            continue
        if noise.shape[0] > 0:
            factor, old = noise[first + r], h[r]
            for j in range(wide):
                row[j] = old[j] * factor[j]
        if shared.size > 0:
            projected = x[0, shared[first + r] + t]
            copy(projected, v[r, : projected.size])
        else:
            copy(x[first + r, t], row[wide : wide + inputs])
            row[wide + inputs] = 1


@inner
def _product(still: bool, shared: bool, wide: int, blocks: int, seen: Any, panels: Any, v: Any) -> None:
    """Fill the first `blocks` columns of ``v``: both products and the bias at once."""
    m, deep, across = seen.shape[0], seen.shape[1], v.shape[1]
    begin = wide if still else 0
    end = wide if shared else deep
    if end > begin:
        multiply(seen, begin, deep, m, panels, ZERO, begin, end, blocks, shared, v, ZERO, across)


@inner
def _candidate(
    cell: int, gate: int, still: bool, shared: bool, wide: int, seen: Any, panels: Any, taken: Any, v: Any
) -> None:
    """Fill the last two blocks of a GRU: the candidate's products, apart from each other."""
    m, deep, across = seen.shape[0], seen.shape[1], v.shape[1]
    n, q = 2 * wide, 3 * wide
    panel = (n + panels.shape[2] - 1) // panels.shape[2]
    if not shared:
        multiply(seen, wide, deep, m, panels, panel, wide, deep, wide, NO, v, n, across)
    if cell == _GRU_BEFORE:
        reset(gate, taken, v, seen)
        if not still:
            multiply(v, q, across, m, panels, panel, ZERO, wide, wide, YES, v, n, across)
    elif still:
        for r in range(m):
            wipe(v[r, q:])
    else:
        multiply(seen, ZERO, deep, m, panels, panel, ZERO, wide, wide, NO, v, q, across)
