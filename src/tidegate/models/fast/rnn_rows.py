"""One step of the vanilla RNN over a block of rows, forward and backward: ``h' = φ(z)``."""

from typing import Any

from tidegate.models.fast.compiled import inner
from tidegate.models.fast.curves import copy, lower, squash, wipe

__all__ = ["rnn_backward", "rnn_forward"]


@inner
def rnn_forward(state: int, taken: Any, z: Any, h_before: Any, h_after: Any) -> None:
    """Do one step of all rows: sums ``z [m, H]`` become values, states ``[m, H]``."""
    rows, wide = h_before.shape
    for r in range(rows):
        v, h = z[r], h_after[r]
        if taken[r]:
            squash(v, 0, wide, state)
            copy(v, h)
        else:
            copy(h_before[r], h)


@inner
def rnn_backward(state: int, taken: Any, z: Any, dh: Any, dz: Any) -> None:
    """Turn gradients `dh` of a step's new state into those of its sums ``dz``, and leave `dh` zero."""
    rows, wide = dh.shape
    for r in range(rows):
        v, d, up = z[r], dz[r], dh[r]
        if not taken[r]:
            wipe(d)
            continue
        copy(up, d)
        lower(d, 0, v, 0, wide, state)
        wipe(up)
