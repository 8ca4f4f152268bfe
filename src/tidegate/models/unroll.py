"""The one unroll: it drives any cell over a window, one step after the other.

This is the plain form. It is slow and obvious, works in any precision, and is what faster forms are held against.
"""

from typing import TYPE_CHECKING

from tidegate.models.cells.base import Cell, Run, State, Weights

if TYPE_CHECKING:
    import torch

__all__ = ["unroll"]


def unroll(
    cell: Cell,
    weights: Weights,
    x: "torch.Tensor",
    state: State,
    mask: "torch.Tensor | None" = None,
    noise: "torch.Tensor | None" = None,
) -> Run:
    """Do every step of ``x [B, L, F]`` → outputs ``[B, L, H]`` and the last state.

    Where `mask` ``[B, L]`` is False a step is not taken: the state stays as it was and the output is repeated (zero
    before the first step taken). `noise` ``[B, H]`` is the same at every step.

    >>> import torch
    >>> from tidegate.models.cells.lstm import LSTM
    >>> cell, x = LSTM(hidden=3), torch.ones(2, 5, 4)
    >>> weights = cell.draw(4, torch.Generator().manual_seed(1))
    >>> run = unroll(cell, weights, x, cell.start(2, x))
    >>> run.outputs.shape, torch.equal(run.outputs[:, -1], run.state[0])
    (torch.Size([2, 5, 3]), True)
    """
    import torch

    outputs: list[torch.Tensor] = []
    held = x.new_zeros(x.shape[0], cell.hidden)
    for at in range(x.shape[1]):
        output, after = cell.step(weights, x[:, at], state, noise)
        if mask is not None:
            taken = mask[:, at, None]
            output = torch.where(taken, output, held)
            after = tuple(torch.where(taken, new, old) for new, old in zip(after, state, strict=True))
        outputs.append(output)
        held, state = output, after
    return Run(torch.stack(outputs, dim=1), state)
