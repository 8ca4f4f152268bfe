"""A stack of layers of one cell: each layer sees the outputs of the one below, with dropout between them."""

from typing import cast

import torch

from tidegate.models.cells.base import Cell, State, Weights
from tidegate.models.dropout import Dropout

__all__ = ["Stack"]


class Stack(torch.nn.Module):
    """Layers of `cell` over ``x [B, L, F]``; `generator` gives the first weights, `noise` the dropout."""

    def __init__(self, cell: Cell, features: int, generator: torch.Generator, noise: torch.Generator) -> None:
        super().__init__()
        self.cell = cell
        widths = [features, *[cell.hidden] * (cell.layers - 1)]
        drawn = [cell.draw(width, generator) for width in widths]
        self.layers = torch.nn.ModuleList(torch.nn.ParameterDict(dict(weights)) for weights in drawn)
        self.between = Dropout(cell.dropout, noise)

    def forward(
        self, x: torch.Tensor, start: tuple[State, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[State, ...]]:
        """Return the top layer's outputs ``[B, L, H]`` and every layer's last state; no `start` means zero."""
        states: list[State] = []
        for at, layer in enumerate(self.layers):
            if at:
                x = self.between(x)
            weights = cast("Weights", layer)
            state = self.cell.start(x.shape[0], x) if start is None else start[at]
            x, last = self.cell.run(weights, x, state)
            states.append(last)
        return x, tuple(states)
