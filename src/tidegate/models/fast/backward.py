"""All steps of one tile of rows, backward; see `forward` for how a tile lies in memory.

The weights' gradient is added up step by step, while the gradients of the step's sums are still in the nearest cache.
It is that of the tile's lane; lanes are added up in their order by the caller, so that bits do not depend on the number
of threads.
"""

from typing import Any

from tidegate.models.fast.compiled import NO, YES, ZERO, compiled, inner
from tidegate.models.fast.curves import copy, wipe
from tidegate.models.fast.forward import begin, take
from tidegate.models.fast.gru_rows import gru_backward, unreset
from tidegate.models.fast.lstm_rows import lstm_backward
from tidegate.models.fast.product import gather, multiply
from tidegate.models.fast.rnn_rows import rnn_backward

__all__ = ["backward_tile"]

_RNN, _GRU_AFTER, _GRU_BEFORE = 3, 4, 5


@compiled
def backward_tile(
    cell: int,
    gate: int,
    state: int,
    first: int,
    count: int,
    kernel: Any,
    recurrent: Any,
    extra: Any,
    mask: Any,
    noise: Any,
    xh: Any,
    z: Any,
    hs: Any,
    cs: Any,
    taken: Any,
    strips: Any,
    panel: Any,
    up_outputs: Any,
    up_h: Any,
    up_c: Any,
    d: Any,
    dh: Any,
    dc: Any,
    held: Any,
    back: Any,
    work: Any,
    weights: Any,
    dextra: Any,
    dx: Any,
    dh_start: Any,
    dc_start: Any,
) -> None:
    """Add a tile's part to `weights`, in panels as `gather` has them, and `dextra`; write its rows of the others.

    `up_…` are gradients of outputs ``[B, L, H]`` and last states ``[B, H]``; `kernel` and `recurrent` are laid out by
    `pack`. `d` ``[m, A]``, `held` and `back` ``[m, H]``, `work` ``[2, H]`` and the arrays of a tile are scratch. Empty
    arrays stand for what is not given or not wanted.
    """
    steps, wide = z.shape[0], dh.shape[1]
    begin(first, count, up_h, dh)
    begin(first, count, up_c, dc)
    for r in range(held.shape[0]):
        wipe(held[r])
    for step in range(steps):
        t = steps - 1 - step
        take(first, count, t, mask, taken)
        if up_outputs.shape[0] > 0:
            _hear(first, count, t, up_outputs, taken, held, dh)
        if cell < _RNN:
            lstm_backward(cell, gate, state, extra, taken, z[t], cs[t], cs[t + 1], dh, dc, d, dextra, work)
        elif cell == _RNN:
            rnn_backward(state, taken, z[t], dh, d)
        else:
            gru_backward(cell == _GRU_AFTER, gate, state, taken, z[t], hs[t], dh, d, dextra)
            if cell == _GRU_BEFORE:
                _reset_back(gate, first, count, recurrent, noise, z[t], hs[t], taken, d, dh, back)
        if t > 0 or dh_start.shape[0] > 0:
            _recall(cell, first, count, recurrent, noise, d, dh, back)
        if dx.shape[0] > 0:
            inputs = dx.shape[1]
            at, apart = (first * steps + t) * inputs, steps * inputs
            multiply(d, ZERO, d.shape[1], count, kernel, ZERO, ZERO, kernel.shape[1], inputs, NO, dx, at, apart)
        _weights(cell, wide, xh[t], z[t], d, weights, strips, panel)
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
def _weights(cell: int, wide: int, seen: Any, v: Any, d: Any, into: Any, strips: Any, panel: Any) -> None:
    m, deep, across = seen.shape[0], seen.shape[1], d.shape[1]
    if cell <= _RNN:
        gather(seen, ZERO, deep, deep, d, ZERO, across, across, m, into, ZERO, ZERO, strips, panel)
        return
    n, q = 2 * wide, 3 * wide
    second = (n + panel.shape[1] - 1) // panel.shape[1]
    gather(seen, ZERO, deep, deep, d, ZERO, across, n, m, into, ZERO, ZERO, strips, panel)
    gather(seen, wide, deep, deep - wide, d, n, across, wide, m, into, second, wide, strips, panel)
    if cell == _GRU_AFTER:
        gather(seen, ZERO, deep, wide, d, q, across, wide, m, into, second, ZERO, strips, panel)
    else:
        gather(v, q, across, wide, d, n, across, wide, m, into, second, ZERO, strips, panel)
