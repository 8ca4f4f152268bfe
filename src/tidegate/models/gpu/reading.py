"""How the kernels of every cell read: in the precision they compute in, zero outside, gradients from all sides."""

from typing import Any

from tidegate.models.gpu.language import constexpr, jit, tl

__all__ = ["arriving", "here", "read"]


@jit
def read(pointer: "Any", at: "Any", inside: "Any", ACC: constexpr) -> Any:
    """Load elements in the precision of the arithmetic."""
    return tl.load(pointer + at, mask=inside, other=0.0).to(ACC)


@jit
def here(taken: "Any", row: "Any", inside: "Any") -> Any:
    """Tell which rows take the step."""
    return tl.load(taken + row, mask=inside, other=0) != 0


@jit
def arriving(
    pull: "Any", pulled: "Any", noise: "Any", dh: "Any", at: "Any", inside: "Any",
    KEPT: constexpr, PULLED: constexpr, NOISY: constexpr, FIRST: constexpr, ACC: constexpr,
) -> Any:  # fmt: skip
    """Sum the gradients of a step's h: of its output, and of the step after, past its product and through it.

    `pull` is what came back through the recurrent product of the step after (nothing at the FIRST step that is undone,
    the window's last); `dh` what went past it (or the last state's own gradient); `pulled` the output's.
    """
    if FIRST:
        up = read(dh, at, inside, ACC)
    else:
        up = read(pull, at, inside, ACC)
        if NOISY:
            up = up * read(noise, at, inside, ACC)
        if KEPT:
            up = up + read(dh, at, inside, ACC)
    if PULLED:
        up = up + read(pulled, at, inside, ACC)
    return up
