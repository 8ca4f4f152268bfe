"""One step of the vanilla RNN over a block of rows, forward and backward: ``h' = φ(z)``."""

from typing import Any

from tidegate.models.fast.compiled import inner
from tidegate.models.fast.curves import copy, wipe
from tidegate.models.fast.vectors import Curve, Equations, Numbers, Part, rows

__all__ = ["rnn_backward", "rnn_forward"]

N = Numbers
_Z, _H = Part(0), Part(1)
_UP, _D = Part(1), Part(2)


def _ahead(gate: Curve, state: Curve, z: N) -> tuple[N, ...]:  # noqa: ARG001
    h = state.at(z)
    return h, h


def _back(gate: Curve, state: Curve, z: N, up: N) -> tuple[N, ...]:  # noqa: ARG001
    return up * state.slope(z), up * 0.0


_rnn_ahead: Any = rows(Equations("rnn.ahead", (_Z,), (_Z, _H), _ahead))
_rnn_back: Any = rows(Equations("rnn.back", (_Z, _UP), (_D, _UP), _back))


@inner
def rnn_forward(state: int, taken: Any, z: Any, h_before: Any, h_after: Any) -> None:
    """Do one step of all rows: sums ``z [m, H]`` become values, states ``[m, H]``."""
    for r in range(h_before.shape[0]):
        v, h = z[r], h_after[r]
        if taken[r]:
            _rnn_ahead(state, state, v.size, v, h, v, v, v, v, v, v)
        else:
            copy(h_before[r], h)


@inner
def rnn_backward(state: int, taken: Any, z: Any, dh: Any, dz: Any) -> None:
    """Turn gradients `dh` of a step's new state into those of its sums ``dz``, and leave `dh` zero."""
    for r in range(dh.shape[0]):
        v, d, up = z[r], dz[r], dh[r]
        if taken[r]:
            _rnn_back(state, state, v.size, v, up, d, v, v, v, v, v)
        else:
            wipe(d)
