"""All steps of one tile of rows, backward; see `forward` for how a tile lies in memory.

The gradients of all sums of a tile, ``dz [L, m, A]``, stay in the cache of the thread that computes them: the weights'
gradient is one product over all steps of the tile at its end. It is added to that of the tile's lane, and lanes are
added up in their order by the caller, so that bits do not depend on the number of threads.
"""

from typing import Any

from tidegate.models.fast.blas import gemm
from tidegate.models.fast.compiled import compiled, inner
from tidegate.models.fast.curves import copy, wipe
from tidegate.models.fast.forward import begin, take
from tidegate.models.fast.gru_rows import gru_backward, unreset
from tidegate.models.fast.lstm_rows import lstm_backward
from tidegate.models.fast.rnn_rows import rnn_backward

__all__ = ["backward_tile"]

_RNN, _GRU_AFTER, _GRU_BEFORE = 3, 4, 5


@compiled
def backward_tile(
    address: int,
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
    up_outputs: Any,
    up_h: Any,
    up_c: Any,
    dz: Any,
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
    """Add a tile's part to ``weights [G, H + F + 1]`` and `dextra`; write its rows of the other gradients.

    `up_…` are gradients of outputs ``[B, L, H]`` and last states ``[B, H]``; `held` and `back` ``[m, H]``, `work`
    ``[2, H]`` and the arrays of a tile are scratch. Empty arrays stand for what is not given or not wanted.
    """
    steps, wide = z.shape[0], dh.shape[1]
    begin(first, count, up_h, dh)
    begin(first, count, up_c, dc)
    for r in range(held.shape[0]):
        wipe(held[r])
    for step in range(steps):
        t = steps - 1 - step
        take(first, count, t, mask, taken)
        d = dz[t]
        if up_outputs.shape[0] > 0:
            _hear(first, count, t, up_outputs, taken, held, dh)
        if cell < _RNN:
            lstm_backward(cell, gate, state, extra, taken, z[t], cs[t], cs[t + 1], dh, dc, d, dextra, work)
        elif cell == _RNN:
            rnn_backward(state, taken, z[t], dh, d)
        else:
            gru_backward(cell == _GRU_AFTER, gate, state, taken, z[t], hs[t], dh, d, dextra)
            if cell == _GRU_BEFORE:
                _reset_back(address, gate, first, count, recurrent, noise, z[t], hs[t], taken, d, dh, back)
        if t > 0 or dh_start.shape[0] > 0:
            _recall(address, cell, first, count, recurrent, noise, d, dh, back)
        if dx.shape[0] > 0:
            inputs = kernel.shape[1]
            gemm(
                address, False, False, count, inputs, kernel.shape[0], d, 0, d.shape[1], kernel, 0, inputs,
                0.0, dx, (first * steps + t) * inputs, steps * inputs,
            )  # fmt: skip
    for r in range(count):
        if dh_start.shape[0] > 0:
            copy(dh[r], dh_start[first + r])
        if dc_start.shape[0] > 0:
            copy(dc[r], dc_start[first + r])
    _weights(address, cell, wide, xh, z, dz, weights)


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
def _recall(
    address: int, cell: int, first: int, count: int, recurrent: Any, noise: Any, d: Any, dh: Any, back: Any
) -> None:
    """Add what goes back through the recurrent products to ``dh``."""
    m, wide, across = dh.shape[0], dh.shape[1], d.shape[1]
    blocks = recurrent.shape[0] if cell <= _RNN else 2 * wide
    noisy = noise.shape[0] > 0
    into, keep = (back, 0.0) if noisy else (dh, 1.0)
    gemm(address, False, False, m, wide, blocks, d, 0, across, recurrent, 0, wide, keep, into, 0, wide)
    if cell == _GRU_AFTER:
        gemm(
            address, False, False, m, wide, wide, d, 3 * wide, across, recurrent, 2 * wide * wide, wide,
            1.0, into, 0, wide,
        )  # fmt: skip
    if noisy:
        for r in range(count):
            factor, row, sent = noise[first + r], dh[r], back[r]
            for j in range(wide):
                row[j] += factor[j] * sent[j]


@inner
def _reset_back(
    address: int,
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
    gemm(
        address, False, False, m, wide, wide, d, 2 * wide, across, recurrent, 2 * wide * wide, wide,
        0.0, d, 3 * wide, across,
    )  # fmt: skip
    for r in range(m):
        if r < count and noise.shape[0] > 0:
            copy(noise[first + r], back[r])
        else:
            for j in range(wide):
                back[r, j] = 1
    unreset(gate, taken, v, h, back, dh, d)


@inner
def _weights(address: int, cell: int, wide: int, xh: Any, z: Any, dz: Any, into: Any) -> None:
    rows, deep, across = dz.shape[0] * dz.shape[1], xh.shape[2], dz.shape[2]
    if cell <= _RNN:
        gemm(address, True, False, into.shape[0], deep, rows, dz, 0, across, xh, 0, deep, 1.0, into, 0, deep)
        return
    n, q = 2 * wide, 3 * wide
    gemm(address, True, False, n, deep, rows, dz, 0, across, xh, 0, deep, 1.0, into, 0, deep)
    gemm(
        address, True, False, wide, deep - wide, rows, dz, n, across, xh, wide, deep, 1.0, into, n * deep + wide, deep
    )  # fmt: skip
    if cell == _GRU_AFTER:
        gemm(address, True, False, wide, wide, rows, dz, q, across, xh, 0, deep, 1.0, into, n * deep, deep)
    else:
        gemm(address, True, False, wide, wide, rows, dz, n, across, z, q, across, 1.0, into, n * deep, deep)
