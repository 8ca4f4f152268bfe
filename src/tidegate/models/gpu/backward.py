"""All steps of a window backwards: gradients of the sums, step by step; then every weight's gradient in one product."""

from typing import NamedTuple

import torch

from tidegate.models.gpu.gru_kernels import after_backward, reset_backward, update_backward
from tidegate.models.gpu.held import Held
from tidegate.models.gpu.language import launch
from tidegate.models.gpu.lstm_kernels import lstm_backward
from tidegate.models.gpu.rnn_kernels import rnn_backward

__all__ = ["Gradients", "back"]


class Gradients(NamedTuple):
    """Gradients of the weights, of ``x [L, B, F]`` and of the first state."""

    kernel: torch.Tensor
    recurrent: torch.Tensor
    bias: torch.Tensor
    extra: torch.Tensor | None
    x: torch.Tensor | None
    h: torch.Tensor
    c: torch.Tensor | None


def back(
    held: Held, pulled: torch.Tensor | None, dh: torch.Tensor | None, dc: torch.Tensor | None, *, inputs: bool
) -> Gradients:
    """Gradients of the outputs ``[L, B, H]`` and of the last state (None for zero) → all others."""
    like = held.hs[0]
    dh, dc = (torch.zeros_like(like, dtype=held.wide) if d is None else d.to(held.wide, copy=True) for d in (dh, dc))
    dz = torch.empty_like(held.gates)
    dq = torch.empty_like(dz) if held.cell == "gru-after" else dz
    pull = torch.empty_like(like)
    for at in range(held.steps - 1, -1, -1):
        _undo(held, at, pulled, pull, dh, dc, dz, dq)
        if held.cell == "gru-before":
            hidden = like.shape[1]
            torch.mm(dz[at, :, : 2 * hidden], held.recurrent[: 2 * hidden], out=pull)
        else:
            torch.mm(dq[at], held.recurrent, out=pull)
    start = pull.to(held.wide) if held.noise is None else pull.to(held.wide) * held.noise
    if held.taken is not None or held.cell.startswith("gru"):
        start = start + dh
    return _collected(held, dz, dq, start, dc, inputs=inputs)


def _undo(
    held: Held,
    at: int,
    pulled: torch.Tensor | None,
    pull: torch.Tensor,
    dh: torch.Tensor,
    dc: torch.Tensor,
    dz: torch.Tensor,
    dq: torch.Tensor,
) -> None:
    """One step's kernel: its gates in ``dz[at]`` (and ``dq[at]``), `dh` and `dc` as the step before needs them."""
    gate, state = held.curves
    count, noise = pull.numel(), pull if held.noise is None else held.noise
    arriving = (pull, pull if pulled is None else pulled[at], noise, dh)
    fixed = {
        "STATE": state,
        "MASKED": held.taken is not None,
        "PULLED": pulled is not None,
        "NOISY": held.noise is not None,
        "FIRST": at == held.steps - 1,
        **held.fixed,
    }
    gates, taken = held.gates[at], held.mask(at)
    if held.cell == "rnn":
        launch(rnn_backward, count, gates, taken, *arriving, dz[at], **fixed)
    elif held.cell == "gru-after":
        kept = (gates, held.inner[at], taken, held.hs[at])
        launch(after_backward, count, *kept, *arriving, dz[at], dq[at], GATE=gate, **fixed)
    elif held.cell == "gru-before":
        launch(update_backward, count, gates, taken, held.hs[at], *arriving, dz[at], GATE=gate, **fixed)
        hidden = pull.shape[1]
        torch.mm(dz[at, :, 2 * hidden :], held.recurrent[2 * hidden :], out=pull)
        launch(reset_backward, count, gates, held.hs[at], pull, noise, dh, dz[at],
               GATE=gate, NOISY=held.noise is not None, **held.fixed)  # fmt: skip
    else:
        given = (gates, held.extra, taken, held.cs[at], held.cs[at + 1])
        launch(lstm_backward, count, *given, *arriving, dc, dz[at], GATE=gate,
               BLOCKS=3 if held.cell == "coupled-lstm" else 4, PEEPS=held.cell == "peephole-lstm", **fixed)  # fmt: skip


def _collected(
    held: Held, dz: torch.Tensor, dq: torch.Tensor, dh: torch.Tensor, dc: torch.Tensor, *, inputs: bool
) -> Gradients:
    """Sum over all steps and rows at once."""
    steps, batch, hidden = held.steps, held.hs.shape[1], held.hs.shape[2]
    flat, recurrent = dz.view(steps * batch, -1), dq.view(steps * batch, -1)
    recalled = held.hs[:-1] if held.noise is None else held.hs[:-1] * held.noise
    recalled = recalled.reshape(steps * batch, hidden)
    if held.cell == "gru-before":
        gates = recurrent[:, : 2 * hidden].T @ recalled
        last = recurrent[:, 2 * hidden :].T @ held.inner.view(steps * batch, hidden)
        d_recurrent = torch.cat((gates, last))
    else:
        d_recurrent = recurrent.T @ recalled
    extra = None
    if held.cell == "peephole-lstm":
        i, f, _, o = dz.to(held.wide).chunk(4, dim=2)
        extra = torch.cat([(d * c).sum((0, 1)) for d, c in ((i, held.cs[:-1]), (f, held.cs[:-1]), (o, held.cs[1:]))])
    elif held.cell == "gru-after":
        extra = dq[..., 2 * hidden :].sum((0, 1), dtype=held.wide)
    return Gradients(
        flat.T @ held.x,
        d_recurrent,
        flat.sum(0, dtype=held.wide),
        extra,
        (flat @ held.kernel).view(steps, batch, -1) if inputs else None,
        dh,
        dc if held.cell.endswith("lstm") else None,
    )
