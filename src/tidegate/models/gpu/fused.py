"""The fused form of the gated cells on a GPU: one differentiable operation for all steps of a layer.

The input product of all steps is one matrix product; a step is one recurrent product and one elementwise Triton kernel;
each weight's gradient is one product over all steps. cuDNN has the plain LSTM, GRU and RNN already; this is for what it
has not: peepholes, coupled gates, the GRU that resets before, other curves, masks, noise on the former output.

A whole-window kernel that keeps the weights on the chip would save the launches, but not for the hidden sizes that do
not fit there; this form works for any size, and a CUDA graph hides its launches. Its results are tested against the
plain form through Triton's interpreter. It has not been run or timed on a GPU yet.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from tidegate.errors import MissingExtraError, UnknownNameError
from tidegate.models.gpu.backward import back
from tidegate.models.gpu.curves import NUMBERS
from tidegate.models.gpu.forward import go
from tidegate.models.gpu.held import SHAPES, Held
from tidegate.models.gpu.language import triton_is_there

__all__ = ["fused"]


def fused(
    kind: tuple[str, str, str],
    weights: Mapping[str, torch.Tensor],
    x: torch.Tensor,
    state: tuple[torch.Tensor, ...],
    mask: torch.Tensor | None = None,
    noise: torch.Tensor | None = None,
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Do all steps of ``x [B, L, F]`` → outputs ``[B, L, H]`` and the last state; as the form on the processor.

    Shapes
        kind: cell, curve of the gates, curve of candidate and state. Weights by group: kernel ``[gH, F]``, recurrent
        ``[gH, H]``, bias ``[gH]``; peephole ``[3H]`` or recurrent_bias ``[H]`` where the cell has them. State: one or
        two ``[B, H]``. Mask ``[B, L]``: where it is False a step is not taken, and `x` must be finite there. Noise
        ``[B, H]`` multiplies h in the recurrent products.
    Types
        Products in the type of `x`, or autocast's where that is on; arithmetic between them in float32 at least.
        Outputs and h come back in the products' type, c in the arithmetic's, gradients in the type of what they belong
        to. TF32 is torch's own switch.
    Errors
        `MissingExtraError` where Triton is not installed; `UnknownNameError` for a cell or a curve it does not know.
    """
    cell, *curves = kind
    if cell not in SHAPES:
        raise UnknownNameError.among("fused cell", cell, SHAPES)
    for curve in curves:
        if curve not in NUMBERS:
            raise UnknownNameError.among("curve", curve, NUMBERS, where=cell)
    if not triton_is_there():
        raise MissingExtraError(
            "this form needs Triton, which is not installed",
            where=cell,
            hint="install torch for CUDA, which brings it along, or set form='plain'",
        )
    shape, device = SHAPES[cell], x.device.type
    if torch.is_autocast_enabled(device):
        x = x.to(torch.get_autocast_dtype(device))
    extra = None if shape.extra is None else weights[shape.extra]
    c = state[1] if shape.memory else None
    given = (weights["kernel"], weights["recurrent"], weights["bias"], extra, x, state[0], c)
    outputs, h, memory = _Fused.apply(tuple(kind), *given, mask, noise)  # type: ignore[no-untyped-call]
    return outputs, ((h, memory) if shape.memory else (h,))


@contextmanager
def _at_home(x: torch.Tensor) -> Iterator[None]:
    """Work on the device of `x`, with the types as they are."""
    device: Any = torch.cuda.device_of
    with device(x), torch.autocast(x.device.type, enabled=False):
        yield


class _Fused(torch.autograd.Function):
    """All steps of one layer; differentiable once."""

    @staticmethod
    def forward(
        ctx: Any,
        kind: tuple[str, str, str],
        kernel: torch.Tensor,
        recurrent: torch.Tensor,
        bias: torch.Tensor,
        extra: torch.Tensor | None,
        x: torch.Tensor,
        h: torch.Tensor,
        c: torch.Tensor | None,
        mask: torch.Tensor | None,
        noise: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        ctx.set_materialize_grads(False)
        with _at_home(x):
            held = Held.of(kind, (kernel, recurrent, bias, extra), x, (h, c), mask, noise)
            go(held)
        given = (kernel, recurrent, bias, extra, x, h, c)
        ctx.held, ctx.types = held, tuple(None if part is None else part.dtype for part in given)
        outputs = held.hs[1:]
        if held.taken is not None:  # an output is zero before the first step that is taken, whatever the start
            ctx.began = (held.taken.cumsum(0) > 0).unsqueeze(2)
            outputs = torch.where(ctx.began, outputs, torch.zeros_like(outputs))
        return outputs.transpose(0, 1), held.hs[-1].clone(), None if c is None else held.cs[-1].clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor | None) -> tuple[torch.Tensor | None, ...]:
        outputs, dh, dc = gradients
        held: Held = ctx.held
        with _at_home(held.gates):
            pulled = None if outputs is None else outputs.transpose(0, 1).to(held.gates.dtype).contiguous()
            if pulled is not None and held.taken is not None:
                pulled = torch.where(ctx.began, pulled, torch.zeros_like(pulled))
            found = back(held, pulled, dh, dc, inputs=ctx.needs_input_grad[5])
        turned = found._replace(x=None if found.x is None else found.x.transpose(0, 1))
        typed = [None if d is None else d.to(kind) for d, kind in zip(turned, ctx.types, strict=True)]
        return (None, *typed, None, None)
