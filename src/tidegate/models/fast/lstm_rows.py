"""One step of the LSTM, the peephole LSTM and the coupled LSTM over a block of rows, forward and backward.

Forward finds the sums of both products in ``z`` and leaves the values of gates and candidate there, which is all that
backward needs besides the memory before and after. Blocks of z: i, f, g, o; coupled: f, g, o with ``i = 1 - f``.
Where a row's step is not taken, its state goes through and its gradients are zero.
"""

from typing import Any

from tidegate.models.fast.compiled import inner
from tidegate.models.fast.curves import copy, wipe
from tidegate.models.fast.vectors import Curve, Equations, Numbers, Part, rows

__all__ = ["COUPLED", "LSTM", "PEEPHOLE", "lstm_backward", "lstm_forward"]

LSTM, PEEPHOLE, COUPLED = 0, 1, 2

N = Numbers
_I, _F, _G, _O = (Part(0, block) for block in range(4))
_BEFORE, _AFTER = Part(1), Part(2)
_H, _LOOKS = Part(3), tuple(Part(4, block) for block in range(3))
_UP, _MEMORY = Part(3), Part(4)
_OUT = Part(5)
_D = tuple(Part(5, block) for block in range(4))
_PEEPHOLE = tuple(Part(6, block) for block in range(3))
_DPEEPHOLE = tuple(Part(7, block) for block in range(3))


def _ahead(gate: Curve, state: Curve, i: N, f: N, g: N, o: N, before: N) -> tuple[N, ...]:
    i, f, g, o = gate.at(i), gate.at(f), state.at(g), gate.at(o)
    after = f * before + i * g
    h = o * state.at(after)
    return i, f, g, o, after, h, h


def _ahead_peephole(
    gate: Curve, state: Curve, i: N, f: N, g: N, o: N, before: N, look_i: N, look_f: N, look_o: N
) -> tuple[N, ...]:
    i, f, g = gate.at(i + look_i * before), gate.at(f + look_f * before), state.at(g)
    after = f * before + i * g
    o = gate.at(o + look_o * after)
    h = o * state.at(after)
    return i, f, g, o, after, h, h


def _ahead_coupled(gate: Curve, state: Curve, f: N, g: N, o: N, before: N) -> tuple[N, ...]:
    f, g, o = gate.at(f), state.at(g), gate.at(o)
    after = g + f * (before - g)
    h = o * state.at(after)
    return f, g, o, after, h, h


def _back(gate: Curve, state: Curve, i: N, f: N, g: N, o: N, before: N, after: N, up: N, memory: N) -> tuple[N, ...]:
    squashed = state.at(after)
    do = up * squashed * gate.slope(o)
    memory = memory + up * o * state.slope(squashed)
    di, df, dg = memory * g * gate.slope(i), memory * before * gate.slope(f), memory * i * state.slope(g)
    return di, df, dg, do, memory * f, up * 0.0


def _back_peephole(
    gate: Curve, state: Curve, i: N, f: N, g: N, o: N, before: N, after: N, up: N, memory: N,
    look_i: N, look_f: N, look_o: N, sum_i: N, sum_f: N, sum_o: N,
) -> tuple[N, ...]:  # fmt: skip
    squashed = state.at(after)
    do = up * squashed * gate.slope(o)
    memory = memory + up * o * state.slope(squashed) + do * look_o
    di, df, dg = memory * g * gate.slope(i), memory * before * gate.slope(f), memory * i * state.slope(g)
    memory = memory * f + di * look_i + df * look_f
    return di, df, dg, do, memory, up * 0.0, sum_i + di * before, sum_f + df * before, sum_o + do * after


def _back_coupled(gate: Curve, state: Curve, f: N, g: N, o: N, before: N, after: N, up: N, memory: N) -> tuple[N, ...]:
    squashed = state.at(after)
    do = up * squashed * gate.slope(o)
    memory = memory + up * o * state.slope(squashed)
    df, dg = memory * (before - g) * gate.slope(f), (memory - memory * f) * state.slope(g)
    return df, dg, do, memory * f, up * 0.0


_four, _three, _states = (_I, _F, _G, _O), (_I, _F, _G), (_BEFORE, _AFTER, _UP, _MEMORY)
_lstm_ahead: Any = rows(Equations("lstm.ahead", (*_four, _BEFORE), (*_four, _AFTER, _H, _OUT), _ahead))
_lstm_back: Any = rows(Equations("lstm.back", (*_four, *_states), (*_D, _MEMORY, _UP), _back))
_peephole_ahead: Any = rows(
    Equations("peephole.ahead", (*_four, _BEFORE, *_LOOKS), (*_four, _AFTER, _H, _OUT), _ahead_peephole)
)
_peephole_back: Any = rows(
    Equations(
        "peephole.back",
        (*_four, *_states, *_PEEPHOLE, *_DPEEPHOLE),
        (*_D, _MEMORY, _UP, *_DPEEPHOLE),
        _back_peephole,
    )
)
_coupled_ahead: Any = rows(Equations("coupled.ahead", (*_three, _BEFORE), (*_three, _AFTER, _H, _OUT), _ahead_coupled))
_coupled_back: Any = rows(Equations("coupled.back", (*_three, *_states), (*_D[:3], _MEMORY, _UP), _back_coupled))


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
    out: Any,
) -> None:
    """Do one step of all rows: ``z [m, 4H]`` (coupled ``[m, 3H]``), memory ``[m, H]``, peephole ``[3H]``.

    The first H numbers of a row of `h_before` and `h_after` are the output before and after; `out` gets it too, where a
    step is taken.
    """
    wide = c_before.shape[1]
    for r in range(taken.size):
        if not taken[r]:
            copy(c_before[r], c_after[r])
            copy(h_before[r, :wide], h_after[r, :wide])
    if cell == LSTM:
        _lstm_ahead(gate, state, wide, taken, z, c_before, c_after, h_after, z, out, z, z)
    elif cell == PEEPHOLE:
        _peephole_ahead(gate, state, wide, taken, z, c_before, c_after, h_after, peephole, out, z, z)
    else:
        _coupled_ahead(gate, state, wide, taken, z, c_before, c_after, h_after, z, out, z, z)


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
) -> None:
    """Turn gradients of a step's new state into those of its sums ``dz`` and of its old state, in place.

    On entry `dh` and `dc` ``[m, H]`` belong to the state after the step. On return `dc` belongs to the memory before it
    and `dh` is zero: what goes back through the recurrent product is added by whoever multiplies. `dpeephole` ``[3H]``
    is added to.
    """
    wide = c_before.shape[1]
    for r in range(taken.size):
        if not taken[r]:
            wipe(dz[r])
    if cell == LSTM:
        _lstm_back(gate, state, wide, taken, z, c_before, c_after, dh, dc, dz, z, z)
    elif cell == PEEPHOLE:
        _peephole_back(gate, state, wide, taken, z, c_before, c_after, dh, dc, dz, peephole, dpeephole)
    else:
        _coupled_back(gate, state, wide, taken, z, c_before, c_after, dh, dc, dz, z, z)
