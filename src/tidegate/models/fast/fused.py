"""The fused form of the gated cells: one differentiable operation for all steps of a layer.

``outputs, state = fused(kind, weights, x, state, mask, noise)`` computes what `unroll` of the plain cell computes, to
rounding: forward and hand-written backward run in compiled kernels, tile by tile, on as many threads as torch may use.
Bits depend on the settings and the row alone, neither on the rows beside it nor on the number of threads.
"""

from collections.abc import Mapping
from typing import Any

import torch

from tidegate.models.fast.kinds import CELLS, Kind, known
from tidegate.models.fast.passes import Wanted, back, run
from tidegate.models.fast.task import Given, check

__all__ = ["fused"]


def fused(
    kind: tuple[str, str, str],
    weights: Mapping[str, torch.Tensor],
    x: torch.Tensor,
    state: tuple[torch.Tensor, ...],
    mask: torch.Tensor | None = None,
    noise: torch.Tensor | None = None,
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Do all steps of ``x [B, L, F]`` → outputs ``[B, L, H]`` and the last state.

    Shapes
        kind: a name in `CELLS`, the curve of the gates, the curve of candidate and state. Weights by group: kernel
        ``[G, F]``, recurrent ``[G, H]``, bias ``[G]``; peephole ``[3H]`` for the peephole LSTM, recurrent_bias ``[H]``
        for the GRU that resets after the product. State: one or two ``[B, H]``. Mask ``[B, L]``: where it is False a
        step is not taken. Noise ``[B, H]`` multiplies h in the recurrent products; it gets no gradient.
    Missing values
        None are allowed: a NaN in a window makes its outputs NaN, and those of no other window.
    Errors
        `SettingError` where shapes, types or the device do not fit; `UnknownNameError` for a kind it does not know.

    >>> held = {"kernel": torch.ones(2, 3), "recurrent": torch.eye(2), "bias": torch.zeros(2)}
    >>> outputs, (h,) = fused(("rnn", "sigmoid", "relu"), held, torch.ones(1, 4, 3), (torch.zeros(1, 2),))
    >>> outputs[0, :, 0].tolist(), h.tolist()
    ([3.0, 6.0, 9.0, 12.0], [[12.0, 12.0]])
    """
    called = known(kind)
    given = check(called, weights, x, state, mask, noise)
    if torch.is_grad_enabled() and any(part is not None and part.requires_grad for part in given):
        outputs, h, c = _Fused.apply(called, *given)  # type: ignore[no-untyped-call]
    else:
        outputs, h, c, *_ = run(called, given, keep=False)
    return outputs, ((h, c) if CELLS[called.cell].memory else (h,))


class _Fused(torch.autograd.Function):
    """Forward and backward over all tiles."""

    @staticmethod
    def forward(ctx: Any, kind: Kind, *given: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        done = run(kind, Given(*given), keep=True)
        ctx.set_materialize_grads(False)
        ctx.kind, ctx.resting = kind, done.resting
        ctx.save_for_backward(*given, done.kept)
        return done.outputs, done.h, done.c

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(
        ctx: Any, up: torch.Tensor | None, up_h: torch.Tensor | None, up_c: torch.Tensor | None
    ) -> tuple[torch.Tensor | None, ...]:
        *given, kept = ctx.saved_tensors
        _, _, _, _, _, x, h, c, _, _ = ctx.needs_input_grad
        return (
            None,
            *back(ctx.kind, Given(*given), kept, ctx.resting, (up, up_h, up_c), Wanted(x, h or c)),
            None,
            None,
        )
