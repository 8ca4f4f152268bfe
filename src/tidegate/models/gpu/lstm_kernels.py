"""One step of the LSTM, the peephole LSTM and the coupled LSTM, elementwise: forward and backward.

Letters: B rows, H units, g blocks. A program handles some of the B·H units; ``seen [B, gH]`` are the sums of the input
product and the bias, ``recalled [B, gH]`` those of the recurrent product. Forward leaves the values of gates and
candidate in place of ``seen``. All arithmetic is in ACC (float32, or float64), whatever the tensors hold.

With four blocks they are i, f, g, o; with three (coupled) f, g, o and ``i = 1 - f``.
"""

from typing import Any

from tidegate.models.gpu.curves import curve, slope
from tidegate.models.gpu.language import constexpr, jit, tl
from tidegate.models.gpu.reading import arriving, here, read

__all__ = ["lstm_backward", "lstm_forward"]


@jit
def lstm_forward(
    seen: "Any", recalled: "Any", peephole: "Any", taken: "Any", h_before: "Any", c_before: "Any",
    h_after: "Any", c_after: "Any", count: "Any", H: constexpr, BLOCKS: constexpr, PEEPS: constexpr, GATE: constexpr,
    STATE: constexpr, MASKED: constexpr, ACC: constexpr, BLOCK: constexpr,
) -> None:  # fmt: skip
    """Do a step: states before, ``[B, H]`` → states after."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    row, unit = at // H, at % H
    last = row * (BLOCKS * H) + unit + (BLOCKS - 1) * H
    before = read(c_before, at, inside, ACC)
    f = read(seen, last - 2 * H, inside, ACC) + read(recalled, last - 2 * H, inside, ACC)
    g = read(seen, last - H, inside, ACC) + read(recalled, last - H, inside, ACC)
    o = read(seen, last, inside, ACC) + read(recalled, last, inside, ACC)
    if PEEPS:
        f += read(peephole, H + unit, inside, ACC) * before
    f = curve(f, GATE)
    g = curve(g, STATE)
    i = 1.0 - f
    if BLOCKS == 4:
        i = read(seen, last - 3 * H, inside, ACC) + read(recalled, last - 3 * H, inside, ACC)
        if PEEPS:
            i += read(peephole, unit, inside, ACC) * before
        i = curve(i, GATE)
        tl.store(seen + last - 3 * H, i, mask=inside)
    c = f * before + i * g
    if PEEPS:
        o += read(peephole, 2 * H + unit, inside, ACC) * c
    o = curve(o, GATE)
    h = o * curve(c, STATE)
    tl.store(seen + last - 2 * H, f, mask=inside)
    tl.store(seen + last - H, g, mask=inside)
    tl.store(seen + last, o, mask=inside)
    if MASKED:
        step = here(taken, row, inside)
        c = tl.where(step, c, before)
        h = tl.where(step, h, read(h_before, at, inside, ACC))
    tl.store(c_after + at, c, mask=inside)
    tl.store(h_after + at, h, mask=inside)


@jit
def lstm_backward(
    gates: "Any", peephole: "Any", taken: "Any", c_before: "Any", c_after: "Any", pull: "Any",
    pulled: "Any", noise: "Any", dh: "Any", dc: "Any", dz: "Any",
    count: "Any", H: constexpr, BLOCKS: constexpr, PEEPS: constexpr,
    GATE: constexpr, STATE: constexpr, MASKED: constexpr, PULLED: constexpr,
    NOISY: constexpr, FIRST: constexpr, ACC: constexpr, BLOCK: constexpr,
) -> None:  # fmt: skip
    """Undo a step: gradients of its output and of the step after → ``dz [B, gH]``, and `dh` and `dc` in place."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    row, unit = at // H, at % H
    last = row * (BLOCKS * H) + unit + (BLOCKS - 1) * H
    up = arriving(pull, pulled, noise, dh, at, inside, MASKED, PULLED, NOISY, FIRST, ACC)
    down = read(dc, at, inside, ACC)
    before = read(c_before, at, inside, ACC)
    f = read(gates, last - 2 * H, inside, ACC)
    g = read(gates, last - H, inside, ACC)
    o = read(gates, last, inside, ACC)
    squashed = curve(read(c_after, at, inside, ACC), STATE)
    d_o = up * squashed * slope(o, GATE)
    d_c = down + up * o * slope(squashed, STATE)
    if PEEPS:
        d_c += d_o * read(peephole, 2 * H + unit, inside, ACC)
    i = 1.0 - f
    d_i = d_c * 0.0
    d_f = d_c * (before - g) * slope(f, GATE)
    if BLOCKS == 4:
        i = read(gates, last - 3 * H, inside, ACC)
        d_i = d_c * g * slope(i, GATE)
        d_f = d_c * before * slope(f, GATE)
    d_g = d_c * i * slope(g, STATE)
    d_before = d_c * f
    if PEEPS:
        d_before += d_i * read(peephole, unit, inside, ACC) + d_f * read(peephole, H + unit, inside, ACC)
    if MASKED:
        step = here(taken, row, inside)
        d_i = tl.where(step, d_i, 0.0)
        d_f = tl.where(step, d_f, 0.0)
        d_g = tl.where(step, d_g, 0.0)
        d_o = tl.where(step, d_o, 0.0)
        d_before = tl.where(step, d_before, down)
        tl.store(dh + at, tl.where(step, 0.0, up), mask=inside)
    if BLOCKS == 4:
        tl.store(dz + last - 3 * H, d_i, mask=inside)
    tl.store(dz + last - 2 * H, d_f, mask=inside)
    tl.store(dz + last - H, d_g, mask=inside)
    tl.store(dz + last, d_o, mask=inside)
    tl.store(dc + at, d_before, mask=inside)
