"""All steps of a window forwards: a recurrent product and a kernel a step (two of each where the GRU resets before).

Nothing is asked of the device between the steps and no shape depends on data, so that the whole pass can be captured in
a CUDA graph.
"""

import torch

from tidegate.models.gpu.gru_kernels import after_forward, candidate, reset
from tidegate.models.gpu.held import Held
from tidegate.models.gpu.language import launch
from tidegate.models.gpu.lstm_kernels import lstm_forward
from tidegate.models.gpu.rnn_kernels import rnn_forward

__all__ = ["go"]


def go(held: Held) -> None:
    """Fill gates and states of every step."""
    count = held.hs[0].numel()
    gate, state = held.curves
    masked = held.taken is not None
    fixed = held.fixed
    turned = held.recurrent.T
    if held.cell == "gru-before":
        _reset_before(held, count)
        return
    recalled = torch.empty_like(held.gates[0])
    for at in range(held.steps):
        seen, before, after, taken = held.gates[at], held.hs[at], held.hs[at + 1], held.mask(at)
        torch.mm(held.recalled(at), turned, out=recalled)
        if held.cell == "rnn":
            launch(rnn_forward, count, seen, recalled, taken, before, after, STATE=state, MASKED=masked, **fixed)
        elif held.cell == "gru-after":
            launch(after_forward, count, seen, recalled, held.extra, taken, held.running, after, held.inner[at],
                   GATE=gate, STATE=state, MASKED=masked, **fixed)  # fmt: skip
        else:
            launch(lstm_forward, count, seen, recalled, held.extra, taken, before, held.cs[at], after, held.cs[at + 1],
                   BLOCKS=3 if held.cell == "coupled-lstm" else 4, PEEPS=held.cell == "peephole-lstm",
                   GATE=gate, STATE=state, MASKED=masked, **fixed)  # fmt: skip


def _reset_before(held: Held, count: int) -> None:
    hidden = held.hs.shape[2]
    gate, state = held.curves
    both, last = held.recurrent[: 2 * hidden].T, held.recurrent[2 * hidden :].T
    pair, one = held.hs.new_empty(held.hs.shape[1], 2 * hidden), torch.empty_like(held.hs[0])
    noise = held.hs if held.noise is None else held.noise
    for at in range(held.steps):
        torch.mm(held.recalled(at), both, out=pair)
        launch(reset, count, held.gates[at], pair, noise, held.running, held.inner[at],
               GATE=gate, NOISY=held.noise is not None, **held.fixed)  # fmt: skip
        torch.mm(held.inner[at], last, out=one)
        launch(candidate, count, held.gates[at], one, held.mask(at), held.running, held.hs[at + 1],
               STATE=state, MASKED=held.taken is not None, **held.fixed)  # fmt: skip
