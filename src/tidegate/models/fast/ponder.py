"""Adaptive computation time over any gated cell, fused: tiles of the batch on threads, rows that have halted leave.

A tile of rows goes through the whole window by itself, so that its state and the weights stay in cache; its size does
not depend on the number of threads, and the gradients of the weights are summed in the order of the tiles: 1, 2 and 8
threads give the same bits. This file is the door: torch's view of it; the tiles are in `ponder_tiles`.
"""

from typing import Any

import torch
from torch.autograd.function import once_differentiable

from tidegate.errors import SettingError
from tidegate.models.cells.base import Ponder, Run, State, Weights
from tidegate.models.cells.gated import FusedKind
from tidegate.models.fast.kinds import known
from tidegate.models.fast.ponder_tiles import Given, Job
from tidegate.models.fast.task import check
from tidegate.models.ponder import Rule

__all__ = ["ponder_fused"]


def ponder_fused(
    kind: FusedKind,
    rule: Rule,
    weights: Weights,
    x: torch.Tensor,
    state: State,
    mask: torch.Tensor | None = None,
    noise: torch.Tensor | None = None,
) -> Run:
    """Ponder over every time step of ``x [B, L, F]``: the same as `ponder_over` to rounding, gradients included.

    Float32 and float64; differentiable once, and a graph can be gone through once. A sum that comes within rounding of
    the threshold may halt one step sooner or later than in the plain form.

    Errors
        `SettingError` where shapes, types or the device do not fit, and where a graph is gone through again;
        `UnknownNameError` for a kind it does not know.

    >>> from tidegate.models.cells.act import ACT
    >>> from tidegate.models.cells.lstm import LSTM
    >>> act, x = ACT(cell=LSTM(hidden=3), epsilon=0.1), torch.ones(2, 5, 4)
    >>> weights = act.draw(4, torch.Generator().manual_seed(1))
    >>> run = ponder_fused(act.cell.fused_as, act.rule, weights, x, act.start(2, x))
    >>> run.outputs.shape, run.ponder.steps.shape
    (torch.Size([2, 5, 3]), torch.Size([2, 5]))
    """
    _check(kind, rule, weights, x, state, mask, noise)
    given = Given(
        x, weights["kernel"], weights["recurrent"], weights["bias"], weights["halting"], weights["halting_bias"],
        state[0], state[1] if len(state) > 1 else None, weights.get("peephole", weights.get("recurrent_bias")),
    )  # fmt: skip
    kept = torch.is_grad_enabled() and any(part is not None and part.requires_grad for part in given)
    outputs, steps, remainder, *last = _Pondering.apply(kind, rule, kept, mask, noise, *given)  # type: ignore[no-untyped-call]
    return Run(outputs, tuple(last), Ponder(steps, remainder))


def _check(
    kind: FusedKind,
    rule: Rule,
    weights: Weights,
    x: torch.Tensor,
    state: State,
    mask: torch.Tensor | None,
    noise: torch.Tensor | None,
) -> None:
    """Look at everything before a compiled loop does: the inner cell's parts as ever, and those of the pondering."""
    wide, hidden = weights["recurrent"].shape[0], weights["recurrent"].shape[-1]
    fits = {"kernel": (wide, x.shape[-1] + int(rule.flag)), "halting": (hidden,), "halting_bias": (1,)}
    for name, size in fits.items():
        part = weights[name]
        if tuple(part.shape) != size or part.dtype != x.dtype or part.device != x.device:
            raise SettingError(
                f"{name} does not fit the windows that are pondered over",
                expected=f"{x.dtype} {list(size)} on {x.device}",
                found=f"{part.dtype} {list(part.shape)} on {part.device}",
                where=f"act over {kind.cell}",
            )
    inner = {**weights, "kernel": weights["kernel"][:, :-1]} if rule.flag else weights
    check(known(kind), inner, x, state, mask, noise)


class _Pondering(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        kind: FusedKind,
        rule: Rule,
        kept: bool,
        mask: torch.Tensor | None,
        noise: torch.Tensor | None,
        *given: Any,
    ) -> tuple[torch.Tensor, ...]:
        job = Job(kind, rule, Given._make(given), mask, noise, kept=kept, learns=ctx.needs_input_grad[5:])
        outputs, steps, remainder, *last = (torch.from_numpy(part) for part in job.ahead())
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(steps)
        ctx.job = job if kept else None
        return outputs, steps, remainder, *last

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, outputs: torch.Tensor | None, _: None, remainder: torch.Tensor | None, *last: torch.Tensor | None
    ) -> tuple[torch.Tensor | None, ...]:
        if ctx.job is None:
            raise SettingError(
                "a graph of the fused form can be gone through once",
                found="a second backward pass",
                where="act.form",
                hint="set form='plain' to go through it again",
            )
        found = ctx.job.back(outputs, remainder, last)
        ctx.job = None
        return None, None, None, None, None, *(None if part is None else torch.from_numpy(part) for part in found)
