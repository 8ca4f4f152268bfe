"""One step of the GRU, elementwise, in both reset conventions; letters as in `lstm_kernels`, blocks r, z, n.

Reset *after*: one kernel a step. Reset *before*: the candidate's product needs ``r h`` first, so that a step has two
kernels with that product between them, forward and backward. ``h`` itself is carried in ACC, in place.
"""

from typing import Any

from tidegate.models.gpu.curves import curve, slope
from tidegate.models.gpu.language import constexpr, jit, tl
from tidegate.models.gpu.reading import arriving, here, read

__all__ = ["after_backward", "after_forward", "candidate", "reset", "reset_backward", "update_backward"]


@jit
def after_forward(
    seen: "Any", recalled: "Any", shift: "Any", taken: "Any", h: "Any", h_after: "Any", inner: "Any", count: "Any",
    H: constexpr, GATE: constexpr, STATE: constexpr,
    MASKED: constexpr, ACC: constexpr, BLOCK: constexpr,
) -> None:  # fmt: skip
    """Do a step with the reset after: ``n = φ(seen_n + r q)``, ``q = recalled_n + shift`` kept in `inner`."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    row, unit = at // H, at % H
    first = row * (3 * H) + unit
    r = curve(read(seen, first, inside, ACC) + read(recalled, first, inside, ACC), GATE)
    z = curve(read(seen, first + H, inside, ACC) + read(recalled, first + H, inside, ACC), GATE)
    q = read(recalled, first + 2 * H, inside, ACC) + read(shift, unit, inside, ACC)
    n = curve(read(seen, first + 2 * H, inside, ACC) + r * q, STATE)
    tl.store(seen + first, r, mask=inside)
    tl.store(seen + first + H, z, mask=inside)
    tl.store(seen + first + 2 * H, n, mask=inside)
    tl.store(inner + at, q, mask=inside)
    before = read(h, at, inside, ACC)
    new = (1.0 - z) * n + z * before
    if MASKED:
        new = tl.where(here(taken, row, inside), new, before)
    tl.store(h + at, new, mask=inside)
    tl.store(h_after + at, new, mask=inside)


@jit
def reset(
    seen: "Any", recalled: "Any", noise: "Any", h: "Any", inner: "Any", count: "Any",
    H: constexpr, GATE: constexpr, NOISY: constexpr, ACC: constexpr, BLOCK: constexpr,
) -> None:  # fmt: skip
    """Begin a step with the reset before the product: gates r and z, and ``r h`` (times the noise) into `inner`."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    row, unit = at // H, at % H
    first, pair = row * (3 * H) + unit, row * (2 * H) + unit
    r = curve(read(seen, first, inside, ACC) + read(recalled, pair, inside, ACC), GATE)
    z = curve(read(seen, first + H, inside, ACC) + read(recalled, pair + H, inside, ACC), GATE)
    tl.store(seen + first, r, mask=inside)
    tl.store(seen + first + H, z, mask=inside)
    held = r * read(h, at, inside, ACC)
    if NOISY:
        held = held * read(noise, at, inside, ACC)
    tl.store(inner + at, held, mask=inside)


@jit
def candidate(
    seen: "Any", recalled: "Any", taken: "Any", h: "Any", h_after: "Any", count: "Any",
    H: constexpr, STATE: constexpr, MASKED: constexpr, ACC: constexpr, BLOCK: constexpr,
) -> None:  # fmt: skip
    """End that step: ``n = φ(seen_n + recalled)`` with the product of `inner`, and the next h."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    row, unit = at // H, at % H
    third = row * (3 * H) + unit + 2 * H
    n = curve(read(seen, third, inside, ACC) + read(recalled, at, inside, ACC), STATE)
    tl.store(seen + third, n, mask=inside)
    z = read(seen, third - H, inside, ACC)
    before = read(h, at, inside, ACC)
    new = (1.0 - z) * n + z * before
    if MASKED:
        new = tl.where(here(taken, row, inside), new, before)
    tl.store(h + at, new, mask=inside)
    tl.store(h_after + at, new, mask=inside)


@jit
def after_backward(
    gates: "Any", inner: "Any", taken: "Any", h_before: "Any", pull: "Any", pulled: "Any", noise: "Any",
    dh: "Any", dz: "Any", dq: "Any", count: "Any", H: constexpr, GATE: constexpr, STATE: constexpr, MASKED: constexpr,
    PULLED: constexpr, NOISY: constexpr, FIRST: constexpr, ACC: constexpr, BLOCK: constexpr,
) -> None:  # fmt: skip
    """Undo a step with the reset after: ``dz [B, 3H]`` of the input product, ``dq [B, 3H]`` of the recurrent one."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    row, unit = at // H, at % H
    first = row * (3 * H) + unit
    up = arriving(pull, pulled, noise, dh, at, inside, True, PULLED, NOISY, FIRST, ACC)
    r = read(gates, first, inside, ACC)
    z = read(gates, first + H, inside, ACC)
    n = read(gates, first + 2 * H, inside, ACC)
    d_z = up * (read(h_before, at, inside, ACC) - n) * slope(z, GATE)
    d_n = up * (1.0 - z) * slope(n, STATE)
    d_r = d_n * read(inner, at, inside, ACC) * slope(r, GATE)
    past = up * z
    if MASKED:
        step = here(taken, row, inside)
        d_z = tl.where(step, d_z, 0.0)
        d_n = tl.where(step, d_n, 0.0)
        d_r = tl.where(step, d_r, 0.0)
        past = tl.where(step, past, up)
    tl.store(dz + first, d_r, mask=inside)
    tl.store(dz + first + H, d_z, mask=inside)
    tl.store(dz + first + 2 * H, d_n, mask=inside)
    tl.store(dq + first, d_r, mask=inside)
    tl.store(dq + first + H, d_z, mask=inside)
    tl.store(dq + first + 2 * H, d_n * r, mask=inside)
    tl.store(dh + at, past, mask=inside)


@jit
def update_backward(
    gates: "Any", taken: "Any", h_before: "Any", pull: "Any", pulled: "Any", noise: "Any",
    dh: "Any", dz: "Any", count: "Any", H: constexpr, GATE: constexpr, STATE: constexpr, MASKED: constexpr,
    PULLED: constexpr, NOISY: constexpr, FIRST: constexpr, ACC: constexpr, BLOCK: constexpr,
) -> None:  # fmt: skip
    """Begin to undo a step with the reset before: blocks z and n of ``dz [B, 3H]``, and what goes past into `dh`."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    row, unit = at // H, at % H
    first = row * (3 * H) + unit
    up = arriving(pull, pulled, noise, dh, at, inside, True, PULLED, NOISY, FIRST, ACC)
    z = read(gates, first + H, inside, ACC)
    n = read(gates, first + 2 * H, inside, ACC)
    d_z = up * (read(h_before, at, inside, ACC) - n) * slope(z, GATE)
    d_n = up * (1.0 - z) * slope(n, STATE)
    past = up * z
    if MASKED:
        step = here(taken, row, inside)
        d_z = tl.where(step, d_z, 0.0)
        d_n = tl.where(step, d_n, 0.0)
        past = tl.where(step, past, up)
    tl.store(dz + first + H, d_z, mask=inside)
    tl.store(dz + first + 2 * H, d_n, mask=inside)
    tl.store(dh + at, past, mask=inside)


@jit
def reset_backward(
    gates: "Any", h_before: "Any", pull: "Any", noise: "Any", dh: "Any", dz: "Any", count: "Any",
    H: constexpr, GATE: constexpr, NOISY: constexpr, ACC: constexpr, BLOCK: constexpr,
) -> None:  # fmt: skip
    """End it: `pull` came back through the candidate's product → block r of ``dz``, and more into `dh`."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    first = (at // H) * (3 * H) + at % H
    r = read(gates, first, inside, ACC)
    back = read(pull, at, inside, ACC)
    if NOISY:
        back = back * read(noise, at, inside, ACC)
    tl.store(dz + first, back * read(h_before, at, inside, ACC) * slope(r, GATE), mask=inside)
    tl.store(dh + at, read(dh, at, inside, ACC) + back * r, mask=inside)
