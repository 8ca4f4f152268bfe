"""One step of the GRU, in both conventions, over a block of rows, forward and backward.

``z [m, 4H]`` holds four blocks: r, z, n and q. Where the reset comes after the product, q is the candidate's recurrent
product with its own bias; where it comes before, q is the reset state that goes into that product, so such a step is
done in two halves with a product between them.
"""

from typing import Any

from tidegate.models.fast.compiled import inner
from tidegate.models.fast.curves import copy, lower, squash, wipe

__all__ = ["gru_backward", "gru_forward", "reset", "unreset"]


@inner
def reset(gate: int, taken: Any, z: Any, recalled: Any) -> None:
    """Open the gates and set ``q = r · recalled``, where `recalled` is h with its noise: first half of `before`."""
    rows = z.shape[0]
    wide = z.shape[1] // 4
    for r in range(rows):
        v, h = z[r], recalled[r]
        if taken[r]:
            squash(v, 0, 2 * wide, gate)
            for j in range(wide):
                v[3 * wide + j] = v[j] * h[j]
        else:
            wipe(v)


@inner
def gru_forward(after: bool, gate: int, state: int, bias: Any, taken: Any, z: Any, h_before: Any, h_after: Any) -> None:
    """Do one step of all rows (its second half where the reset comes before): states ``[m, H]``, bias ``[H]`` of q."""
    rows, wide = h_before.shape
    for r in range(rows):
        v, before, h = z[r], h_before[r], h_after[r]
        if not taken[r]:
            copy(before, h)
            continue
        if after:
            squash(v, 0, 2 * wide, gate)
            for j in range(wide):
                v[3 * wide + j] += bias[j]
            for j in range(wide):
                v[2 * wide + j] += v[j] * v[3 * wide + j]
        squash(v, 2 * wide, 3 * wide, state)
        for j in range(wide):
            h[j] = v[2 * wide + j] + v[wide + j] * (before[j] - v[2 * wide + j])


@inner
def gru_backward(
    after: bool, gate: int, state: int, taken: Any, z: Any, h_before: Any, dh: Any, dz: Any, dbias: Any
) -> None:
    """Turn gradients `dh` of a step's new state into those of its sums ``dz`` and, in place, of the state before.

    What goes back through the recurrent products is added to `dh` by whoever multiplies. Where the reset comes before,
    the blocks r and q of ``dz`` are left to `unreset`. `dbias` ``[H]`` is added to.
    """
    rows, wide = h_before.shape
    for r in range(rows):
        d = dz[r]
        if not taken[r]:
            wipe(d)
            continue
        v, before, up = z[r], h_before[r], dh[r]
        for j in range(wide):
            d[wide + j] = up[j] * (before[j] - v[2 * wide + j])
        for j in range(wide):
            d[2 * wide + j] = up[j] - up[j] * v[wide + j]
        for j in range(wide):
            up[j] *= v[wide + j]
        lower(d, wide, v, wide, wide, gate)
        lower(d, 2 * wide, v, 2 * wide, wide, state)
        if after:
            for j in range(wide):
                d[j] = d[2 * wide + j] * v[3 * wide + j]
            for j in range(wide):
                d[3 * wide + j] = d[2 * wide + j] * v[j]
            lower(d, 0, v, 0, wide, gate)
            for j in range(wide):
                dbias[j] += d[3 * wide + j]


@inner
def unreset(gate: int, taken: Any, z: Any, h_before: Any, noise: Any, dh: Any, dz: Any) -> None:
    """Take the gradient of the reset state, in block q of ``dz``, apart: into the block r and `dh`."""
    rows, wide = h_before.shape
    for r in range(rows):
        if not taken[r]:
            continue
        d, v, before, up, kept = dz[r], z[r], h_before[r], dh[r], noise[r]
        for j in range(wide):
            d[3 * wide + j] *= kept[j]
        for j in range(wide):
            d[j] = d[3 * wide + j] * before[j]
        for j in range(wide):
            up[j] += d[3 * wide + j] * v[j]
        lower(d, 0, v, 0, wide, gate)
