"""One step of the GRU, in both conventions, over a block of rows, forward and backward.

``z [m, 4H]`` holds four blocks: r, z, n and q. Where the reset comes after the product, q is the candidate's recurrent
product with its own bias; where it comes before, q is the reset state that goes into that product, so such a step is
done in two halves with a product between them.
"""

from typing import Any

from tidegate.models.fast.compiled import inner
from tidegate.models.fast.curves import copy, wipe
from tidegate.models.fast.vectors import Curve, Equations, Numbers, Part, rows

__all__ = ["gru_backward", "gru_forward", "reset", "unreset"]

N = Numbers
_R, _Z, _N, _Q = (Part(0, block) for block in range(4))
_BEFORE, _H, _BIAS = Part(1), Part(2), Part(3)
_UP, _SUM, _NOISE, _OUT = Part(2), Part(4), Part(4), Part(4)
_DR, _DZ, _DN, _DQ = (Part(3, block) for block in range(4))


def _reset(gate: Curve, state: Curve, r: N, z: N, recalled: N) -> tuple[N, ...]:  # noqa: ARG001
    r, z = gate.at(r), gate.at(z)
    return r, z, r * recalled


def _ahead_before(gate: Curve, state: Curve, z: N, n: N, before: N) -> tuple[N, ...]:  # noqa: ARG001
    n = state.at(n)
    h = n + z * (before - n)
    return n, h, h


def _ahead_after(gate: Curve, state: Curve, r: N, z: N, n: N, q: N, before: N, bias: N) -> tuple[N, ...]:
    r, z, q = gate.at(r), gate.at(z), q + bias
    n = state.at(n + r * q)
    h = n + z * (before - n)
    return r, z, n, q, h, h


def _back_before(gate: Curve, state: Curve, z: N, n: N, before: N, up: N) -> tuple[N, ...]:
    return up * (before - n) * gate.slope(z), (up - up * z) * state.slope(n), up * z


def _back_after(gate: Curve, state: Curve, r: N, z: N, n: N, q: N, before: N, up: N, total: N) -> tuple[N, ...]:
    dz, dn, up = _back_before(gate, state, z, n, before, up)
    dq = dn * r
    return dn * q * gate.slope(r), dz, dn, dq, up, total + dq


def _unreset(gate: Curve, state: Curve, r: N, before: N, up: N, dq: N, noise: N) -> tuple[N, ...]:  # noqa: ARG001
    dq = dq * noise
    return dq * before * gate.slope(r), up + dq * r


_all, _each = (_R, _Z, _N, _Q), (_DR, _DZ, _DN, _DQ)
_do_reset: Any = rows(Equations("gru.reset", (_R, _Z, _BEFORE), (_R, _Z, _Q), _reset))
_before_ahead: Any = rows(Equations("gru.before.ahead", (_Z, _N, _BEFORE), (_N, _H, _OUT), _ahead_before))
_after_ahead: Any = rows(Equations("gru.after.ahead", (*_all, _BEFORE, _BIAS), (*_all, _H, _OUT), _ahead_after))
_before_back: Any = rows(Equations("gru.before.back", (_Z, _N, _BEFORE, _UP), (_DZ, _DN, _UP), _back_before))
_after_back: Any = rows(Equations("gru.after.back", (*_all, _BEFORE, _UP, _SUM), (*_each, _UP, _SUM), _back_after))
_do_unreset: Any = rows(Equations("gru.unreset", (_R, _BEFORE, _UP, _DQ, _NOISE), (_DR, _UP), _unreset))


@inner
def reset(gate: int, taken: Any, z: Any, recalled: Any) -> None:
    """Open the gates and set ``q = r · recalled``, where `recalled` is h with its noise: first half of `before`."""
    for r in range(taken.size):
        if not taken[r]:
            wipe(z[r])
    _do_reset(gate, gate, z.shape[1] // 4, taken, z, recalled, z, z, z, z, z, z)


@inner
def gru_forward(
    after: bool, gate: int, state: int, bias: Any, taken: Any, z: Any, h_before: Any, h_after: Any, out: Any
) -> None:
    """Do one step of all rows (its second half where the reset comes before): bias ``[H]`` of q; see `lstm_forward`."""
    wide = z.shape[1] // 4
    for r in range(taken.size):
        if not taken[r]:
            copy(h_before[r, :wide], h_after[r, :wide])
    if after:
        _after_ahead(gate, state, wide, taken, z, h_before, h_after, bias, out, z, z, z)
    else:
        _before_ahead(gate, state, wide, taken, z, h_before, h_after, z, out, z, z, z)


@inner
def gru_backward(
    after: bool, gate: int, state: int, taken: Any, z: Any, h_before: Any, dh: Any, dz: Any, dbias: Any
) -> None:
    """Turn gradients `dh` of a step's new state into those of its sums ``dz`` and, in place, of the state before.

    What goes back through the recurrent products is added to `dh` by whoever multiplies. Where the reset comes before,
    the blocks r and q of ``dz`` are left to `unreset`. `dbias` ``[H]`` is added to.
    """
    wide = dh.shape[1]
    for r in range(taken.size):
        if not taken[r]:
            wipe(dz[r])
    if after:
        _after_back(gate, state, wide, taken, z, h_before, dh, dz, dbias, z, z, z)
    else:
        _before_back(gate, state, wide, taken, z, h_before, dh, dz, z, z, z, z)


@inner
def unreset(gate: int, taken: Any, z: Any, h_before: Any, noise: Any, dh: Any, dz: Any) -> None:
    """Take the gradient of the reset state, in block q of ``dz``, apart: into the block r and `dh`."""
    _do_unreset(gate, gate, dh.shape[1], taken, z, h_before, dh, dz, noise, z, z, z)
