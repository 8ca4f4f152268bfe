"""One step of the vanilla RNN over a block of rows, forward and backward: ``h' = φ(z)``."""

from typing import Any

from tidegate.models.fast.compiled import inner
from tidegate.models.fast.curves import copy, wipe
from tidegate.models.fast.vectors import Curve, Equations, Numbers, Part, rows

__all__ = ["rnn_backward", "rnn_forward"]

N = Numbers
_Z, _H = Part(0), Part(1)
_UP, _D, _OUT = Part(1), Part(2), Part(2)


def _ahead(gate: Curve, state: Curve, z: N) -> tuple[N, ...]:  # noqa: ARG001
    h = state.at(z)
    return h, h, h


def _back(gate: Curve, state: Curve, z: N, up: N) -> tuple[N, ...]:  # noqa: ARG001
    return up * state.slope(z), up * 0.0


_rnn_ahead: Any = rows(Equations("rnn.ahead", (_Z,), (_Z, _H, _OUT), _ahead))
_rnn_back: Any = rows(Equations("rnn.back", (_Z, _UP), (_D, _UP), _back))


@inner
def rnn_forward(state: int, taken: Any, z: Any, h_before: Any, h_after: Any, out: Any) -> None:
    """Do one step of all rows: sums ``z [m, H]`` become values; h as `lstm_forward` has it."""
    wide = z.shape[1]
    for r in range(taken.size):
        if not taken[r]:
            copy(h_before[r, :wide], h_after[r, :wide])
    _rnn_ahead(state, state, wide, taken, z, h_after, out, z, z, z, z, z)


@inner
def rnn_backward(state: int, taken: Any, z: Any, dh: Any, dz: Any) -> None:
    """Turn gradients `dh` of a step's new state into those of its sums ``dz``, and leave `dh` zero."""
    for r in range(taken.size):
        if not taken[r]:
            wipe(dz[r])
    _rnn_back(state, state, z.shape[1], taken, z, dh, dz, z, z, z, z, z)
