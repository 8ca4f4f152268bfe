"""One step of the vanilla RNN, elementwise: forward and backward; letters as in `lstm_kernels`."""

from typing import Any

from tidegate.models.gpu.curves import curve, slope
from tidegate.models.gpu.language import constexpr, jit, tl
from tidegate.models.gpu.reading import arriving, here, read

__all__ = ["rnn_backward", "rnn_forward"]


@jit
def rnn_forward(
    seen: "Any", recalled: "Any", taken: "Any", h_before: "Any", h_after: "Any", count: "Any",
    H: constexpr, STATE: constexpr, MASKED: constexpr, ACC: constexpr, BLOCK: constexpr,
) -> None:  # fmt: skip
    """Do a step: ``h' = φ(seen + recalled)``, its value also in place of ``seen``."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    h = curve(read(seen, at, inside, ACC) + read(recalled, at, inside, ACC), STATE)
    tl.store(seen + at, h, mask=inside)
    if MASKED:
        h = tl.where(here(taken, at // H, inside), h, read(h_before, at, inside, ACC))
    tl.store(h_after + at, h, mask=inside)


@jit
def rnn_backward(
    gates: "Any", taken: "Any", pull: "Any", pulled: "Any", noise: "Any", dh: "Any", dz: "Any", count: "Any",
    H: constexpr, STATE: constexpr, MASKED: constexpr, PULLED: constexpr,
    NOISY: constexpr, FIRST: constexpr, ACC: constexpr, BLOCK: constexpr,
) -> None:  # fmt: skip
    """Undo a step: gradients of its output and of the step after → ``dz [B, H]``, and `dh` in place."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    up = arriving(pull, pulled, noise, dh, at, inside, MASKED, PULLED, NOISY, FIRST, ACC)
    d = up * slope(read(gates, at, inside, ACC), STATE)
    if MASKED:
        step = here(taken, at // H, inside)
        d = tl.where(step, d, 0.0)
        tl.store(dh + at, tl.where(step, 0.0, up), mask=inside)
    tl.store(dz + at, d, mask=inside)
