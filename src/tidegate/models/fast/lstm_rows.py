"""One step of the LSTM, the peephole LSTM and the coupled LSTM over a block of rows, forward and backward.

Forward finds the sums of both products in ``z`` and leaves the values of gates and candidate there, which is all that
backward needs besides the memory before and after. Blocks of z: i, f, g, o; coupled: f, g, o with ``i = 1 - f``.
Where a row's step is not taken, its state goes through and its gradients are zero.
"""

from typing import Any

from tidegate.models.fast.compiled import inner
from tidegate.models.fast.curves import copy, lower, squash, wipe

__all__ = ["COUPLED", "LSTM", "PEEPHOLE", "lstm_backward", "lstm_forward"]

LSTM, PEEPHOLE, COUPLED = 0, 1, 2


@inner
def lstm_forward(
    cell: int,
    gate: int,
    state: int,
    peephole: Any,
    taken: Any,
    z: Any,
    c_before: Any,
    c_after: Any,
    h_before: Any,
    h_after: Any,
) -> None:
    """Do one step of all rows: ``z [m, 4H]`` (coupled ``[m, 3H]``), states ``[m, H]``, peephole ``[3H]``."""
    rows, wide = c_before.shape
    for r in range(rows):
        v, before, after, h = z[r], c_before[r], c_after[r], h_after[r]
        if not taken[r]:
            copy(before, after)
            copy(h_before[r], h)
            continue
        if cell == COUPLED:
            squash(v, 0, wide, gate)
            squash(v, wide, 2 * wide, state)
            _mix(v, before, after)
            squash(v, 2 * wide, 3 * wide, gate)
            _let_out(v[2 * wide : 3 * wide], after, h, state)
        elif cell == PEEPHOLE:
            _look(v, peephole, before, wide)
            squash(v, 0, 2 * wide, gate)
            squash(v, 2 * wide, 3 * wide, state)
            _remember(v, before, after)
            for j in range(wide):
                v[3 * wide + j] += peephole[2 * wide + j] * after[j]
            squash(v, 3 * wide, 4 * wide, gate)
            _let_out(v[3 * wide : 4 * wide], after, h, state)
        else:
            squash(v, 0, 2 * wide, gate)
            squash(v, 2 * wide, 3 * wide, state)
            squash(v, 3 * wide, 4 * wide, gate)
            _remember(v, before, after)
            _let_out(v[3 * wide : 4 * wide], after, h, state)


@inner
def _look(v: Any, peephole: Any, before: Any, wide: int) -> None:
    for j in range(wide):
        v[j] += peephole[j] * before[j]
    for j in range(wide):
        v[wide + j] += peephole[wide + j] * before[j]


@inner
def _remember(v: Any, before: Any, after: Any) -> None:
    wide = before.size
    for j in range(wide):
        after[j] = v[wide + j] * before[j] + v[j] * v[2 * wide + j]


@inner
def _mix(v: Any, before: Any, after: Any) -> None:
    wide = before.size
    for j in range(wide):
        after[j] = v[wide + j] + v[j] * (before[j] - v[wide + j])


@inner
def _let_out(o: Any, after: Any, h: Any, state: int) -> None:
    copy(after, h)
    squash(h, 0, h.size, state)
    for j in range(h.size):
        h[j] *= o[j]


@inner
def lstm_backward(
    cell: int,
    gate: int,
    state: int,
    peephole: Any,
    taken: Any,
    z: Any,
    c_before: Any,
    c_after: Any,
    dh: Any,
    dc: Any,
    dz: Any,
    dpeephole: Any,
    work: Any,
) -> None:
    """Turn gradients of a step's new state into those of its sums ``dz`` and of its old state, in place.

    On entry `dh` and `dc` ``[m, H]`` belong to the state after the step. On return `dc` belongs to the memory before it
    and `dh` is zero: what goes back through the recurrent product is added by whoever multiplies. `dpeephole` ``[3H]``
    is added to. `work` ``[2, H]`` is scratch.
    """
    rows, wide = c_before.shape
    squashed, inner = work[0], work[1]
    for r in range(rows):
        d = dz[r]
        if not taken[r]:
            wipe(d)
            continue
        v, before, up, memory = z[r], c_before[r], dh[r], dc[r]
        last = 2 * wide if cell == COUPLED else 3 * wide
        copy(c_after[r], squashed)
        squash(squashed, 0, wide, state)
        for j in range(wide):
            d[last + j] = up[j] * squashed[j]
        for j in range(wide):
            inner[j] = up[j] * v[last + j]
        lower(inner, 0, squashed, 0, wide, state)
        for j in range(wide):
            memory[j] += inner[j]
        lower(d, last, v, last, wide, gate)
        if cell == COUPLED:
            _unmix(v, before, memory, d)
            lower(d, 0, v, 0, wide, gate)
            lower(d, wide, v, wide, wide, state)
        else:
            if cell == PEEPHOLE:
                for j in range(wide):
                    memory[j] += d[last + j] * peephole[2 * wide + j]
                _gain(dpeephole[2 * wide :], d[last:], c_after[r])
            _forget(v, before, memory, d)
            lower(d, 0, v, 0, 2 * wide, gate)
            lower(d, 2 * wide, v, 2 * wide, wide, state)
            if cell == PEEPHOLE:
                for j in range(wide):
                    memory[j] += d[j] * peephole[j] + d[wide + j] * peephole[wide + j]
                _gain(dpeephole, d, before)
                _gain(dpeephole[wide:], d[wide:], before)
        wipe(up)


@inner
def _forget(v: Any, before: Any, memory: Any, d: Any) -> None:
    wide = before.size
    for j in range(wide):
        d[j] = memory[j] * v[2 * wide + j]
    for j in range(wide):
        d[wide + j] = memory[j] * before[j]
    for j in range(wide):
        d[2 * wide + j] = memory[j] * v[j]
    for j in range(wide):
        memory[j] *= v[wide + j]


@inner
def _unmix(v: Any, before: Any, memory: Any, d: Any) -> None:
    wide = before.size
    for j in range(wide):
        d[j] = memory[j] * (before[j] - v[wide + j])
    for j in range(wide):
        d[wide + j] = memory[j] - memory[j] * v[j]
    for j in range(wide):
        memory[j] *= v[j]


@inner
def _gain(sums: Any, d: Any, seen: Any) -> None:
    for j in range(seen.size):
        sums[j] += d[j] * seen[j]
