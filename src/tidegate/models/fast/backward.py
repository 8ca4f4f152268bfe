"""All steps of a tile of rows, backward, tile after tile; see `forward` for how a tile lies in memory.

The weights' gradient is added up step by step, while the gradients of the step's sums are still in the nearest cache.
It is that of the tile's lane; lanes are added up in their order by the caller, so that bits do not depend on the number
of threads.
"""

from typing import Any

import numpy as np

from tidegate.models.fast.compiled import NO, YES, ZERO, compiled, inner
from tidegate.models.fast.curves import copy, wipe
from tidegate.models.fast.forward import begin, room, take
from tidegate.models.fast.gru_rows import gru_backward, unreset
from tidegate.models.fast.lstm_rows import lstm_backward
from tidegate.models.fast.product import DEEP, gather, multiply
from tidegate.models.fast.rnn_rows import rnn_backward

__all__ = ["backward_lanes"]

_RNN, _GRU_AFTER, _GRU_BEFORE = 3, 4, 5


@compiled
def backward_lanes(
    cell: int,
    gate: int,
    state: int,
    lanes: Any,
    tiles: int,
    rows: int,
    resting: bool,
    kernel: Any,
    recurrent: Any,
    extra: Any,
    mask: Any,
    noise: Any,
    blocks: Any,
    slots: int,
    across: int,
    scratch: Any,
    up_outputs: Any,
    up_h: Any,
    up_c: Any,
    batch: int,
    deep: int,
    wide: int,
    sums: Any,
    bent: Any,
    dx: Any,
    dh_start: Any,
    dc_start: Any,
) -> None:
    """Set the gradients of lanes ``lanes[0] … lanes[1]``: `sums` ``[lanes, …]`` in panels as `gather` has them, `bent`.

    Rows of the other gradients are written where they belong. `up_…` are gradients of outputs ``[B, L, H]`` and last
    states ``[B, H]``; `kernel` and `recurrent` are laid out by `pack`; `blocks` is what the forward pass left in its
    `tiles` tiles, `scratch` room for what `_scratch` cuts. Empty arrays stand for what is not given or not wanted.
    """
    taken = np.empty(rows, np.bool_)
    strips, panel, d, (dh, dc, held, back) = _scratch(scratch, sums.shape[2], sums.shape[3], rows, across, wide)
    for lane in range(lanes[0], lanes[1]):
        for p in range(sums.shape[1]):
            for k in range(sums.shape[2]):
                wipe(sums[lane, p, k])
        wipe(bent[lane])
        for tile in range(lane * tiles // sums.shape[0], (lane + 1) * tiles // sums.shape[0]):
            first = tile * rows
            count = min(rows, batch - first)
            xh, z, hs, cs = room(blocks[tile], slots, rows, deep, across, wide, noise.shape[0] > 0, cell < _RNN)
            begin(first, count, up_h, dh, wide)
            begin(first, count, up_c, dc, wide)
            for r in range(rows):
                wipe(held[r])
            for step in range(slots):
                t = slots - 1 - step
                still = resting and t == 0
                take(first, count, t, mask, taken)
                if up_outputs.shape[0] > 0:
                    _hear(first, count, t, up_outputs, taken, held, dh)
                if cell < _RNN:
                    lstm_backward(cell, gate, state, extra, taken, z[t], cs[t], cs[t + 1], dh, dc, d, bent[lane])
                elif cell == _RNN:
                    rnn_backward(state, taken, z[t], dh, d)
                else:
                    gru_backward(cell == _GRU_AFTER, gate, state, taken, z[t], hs[t], dh, d, bent[lane])
                    if cell == _GRU_BEFORE:
                        _reset_back(gate, first, count, recurrent, noise, z[t], hs[t], taken, d, dh, back)
                if t > 0 or dh_start.shape[0] > 0:
                    _recall(cell, first, count, recurrent, noise, d, dh, back)
                if dx.shape[0] > 0:
                    inputs = dx.shape[1]
                    at, apart = (first * slots + t) * inputs, slots * inputs
                    multiply(d, ZERO, across, count, kernel, ZERO, ZERO, kernel.shape[1], inputs, NO, dx, at, apart)
                _weights(cell, still, wide, xh[t], z[t], d, sums[lane], strips, panel)
            for r in range(count):
                if dh_start.shape[0] > 0:
                    copy(dh[r], dh_start[first + r])
                if dc_start.shape[0] > 0:
                    copy(dc[r], dc_start[first + r])


@inner
def _hear(first: int, count: int, t: int, up: Any, taken: Any, held: Any, dh: Any) -> None:
    """Add the outputs' gradient; where a step was not taken it belongs to the last one that was."""
    for r in range(count):
        row, kept, into = up[first + r, t], held[r], dh[r]
        if taken[r]:
            for j in range(row.size):
                into[j] += row[j] + kept[j]
            wipe(kept)
        else:
            for j in range(row.size):
                kept[j] += row[j]


@inner
def _recall(cell: int, first: int, count: int, recurrent: Any, noise: Any, d: Any, dh: Any, back: Any) -> None:
    """Add what goes back through the recurrent products to ``dh``."""
    m, wide, across = dh.shape[0], dh.shape[1], d.shape[1]
    blocks = recurrent.shape[1] if cell <= _RNN else 2 * wide
    noisy = noise.shape[0] > 0
    into = back if noisy else dh
    multiply(d, ZERO, across, m, recurrent, ZERO, ZERO, blocks, wide, not noisy, into, ZERO, wide)
    if cell == _GRU_AFTER:
        multiply(d, 3 * wide, across, m, recurrent, ZERO, blocks, blocks + wide, wide, YES, into, ZERO, wide)
    if noisy:
        for r in range(count):
            factor, row, sent = noise[first + r], dh[r], back[r]
            for j in range(wide):
                row[j] += factor[j] * sent[j]


@inner
def _reset_back(
    gate: int,
    first: int,
    count: int,
    recurrent: Any,
    noise: Any,
    v: Any,
    h: Any,
    taken: Any,
    d: Any,
    dh: Any,
    back: Any,
) -> None:
    """Go back through the reset state of a GRU whose reset comes before the product."""
    m, wide, across = dh.shape[0], dh.shape[1], d.shape[1]
    multiply(d, 2 * wide, across, m, recurrent, ZERO, 2 * wide, 3 * wide, wide, NO, d, 3 * wide, across)
    for r in range(m):
        if r < count and noise.shape[0] > 0:
            copy(noise[first + r], back[r])
        else:
            for j in range(wide):
                back[r, j] = 1
    unreset(gate, taken, v, h, back, dh, d)


@inner
def _weights(cell: int, still: bool, wide: int, seen: Any, v: Any, d: Any, into: Any, strips: Any, panel: Any) -> None:
    """Add a step's part to the gradient of the weights; where h was zero, that of its weights is."""
    m, deep, across = seen.shape[0], seen.shape[1], d.shape[1]
    begin = wide if still else 0
    if cell <= _RNN:
        gather(seen, begin, deep, deep - begin, d, ZERO, across, across, m, into, ZERO, begin, strips, panel)
        return
    n, q = 2 * wide, 3 * wide
    second = (n + panel.shape[1] - 1) // panel.shape[1]
    gather(seen, begin, deep, deep - begin, d, ZERO, across, n, m, into, ZERO, begin, strips, panel)
    gather(seen, wide, deep, deep - wide, d, n, across, wide, m, into, second, wide, strips, panel)
    if still:
        return
    if cell == _GRU_AFTER:
        gather(seen, ZERO, deep, wide, d, q, across, wide, m, into, second, ZERO, strips, panel)
    else:
        gather(v, q, across, wide, d, n, across, wide, m, into, second, ZERO, strips, panel)


@inner
def _scratch(block: Any, deep: int, width: int, rows: int, across: int, wide: int) -> tuple[Any, Any, Any, Any]:
    """Cut scratch: strips and panel of `gather`, gradients of the sums, four of states."""
    first = deep * DEEP
    second = first + DEEP * width
    third = second + rows * across
    states = block[third : third + 4 * rows * wide].reshape((4, rows, wide))
    return (
        block[:first].reshape((deep, DEEP)),
        block[first:second].reshape((DEEP, width)),
        block[second:third].reshape((rows, across)),
        (states[0], states[1], states[2], states[3]),
    )
