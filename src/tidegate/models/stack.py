"""A stack of layers of one cell: each layer sees the outputs of the one below, with dropout between them.

A bidirectional layer has a second set of weights that reads the window from its end; the outputs of both stand side by
side, ``[forward, backward]``, each at the day it belongs to (Schuster & Paliwal 1997). A window lies in the past as a
whole, so that reading it backwards looks into no future.
"""

from typing import cast

import torch

from tidegate.models.cells.base import Cell, Ponder, Run, State, Weights
from tidegate.models.dropout import Dropout, WindowDropout
from tidegate.models.noise import Noise

__all__ = ["Stack"]


class Stack(torch.nn.Module):
    """Layers of `cell` over ``x [B, L, F]``; `generator` gives the first weights, `noise` the dropout.

    `ponder` is what the cells pondered in the last forward pass, in the order of the states and each at its own day,
    read backwards or not; empty for most cells.
    """

    def __init__(self, cell: Cell, features: int, generator: torch.Generator, noise: Noise) -> None:
        super().__init__()
        self.cell = cell
        self.directions = 2 if cell.bidirectional else 1
        self.width = cell.hidden * self.directions
        self.layers, self.backwards = torch.nn.ModuleList(), torch.nn.ModuleList()
        for inputs in (features, *[self.width] * (cell.layers - 1)):
            self.layers.append(torch.nn.ParameterDict(dict(cell.draw(inputs, generator))))
            if cell.bidirectional:
                self.backwards.append(torch.nn.ParameterDict(dict(cell.draw(inputs, generator))))
        self.between = Dropout(cell.dropout, noise)
        self.entering = WindowDropout(cell.input_dropout, noise)
        self.recalling = WindowDropout(cell.recurrent_dropout, noise)
        self.ponder: tuple[Ponder, ...] = ()

    def forward(
        self, x: torch.Tensor, start: tuple[State, ...] | None = None, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, tuple[State, ...]]:
        """Return the top layer's outputs ``[B, L, H]`` and every layer's last state; no `start` means zero.

        States (and `start`) are in the order layer 1, layer 2, ...; layer 1, layer 1 backward, layer 2, ... where both
        ways are read. Steps where `mask` ``[B, L]`` is False are not taken, whatever `x` holds there.
        """
        if mask is not None:
            x = torch.where(mask.unsqueeze(2), x, torch.zeros((), dtype=x.dtype, device=x.device))
        runs: list[Run] = []
        for at, layer in enumerate(self.layers):
            if at:
                x = self.between(x)
            dropped = self.entering(x, x.shape[2])
            if dropped is not None:
                x = x * dropped.unsqueeze(1)
            runs.append(self._run(layer, x, None if start is None else start[len(runs)], mask))
            outputs = runs[-1].outputs
            if self.cell.bidirectional:
                turned = None if mask is None else mask.flip(1)
                back = self._run(self.backwards[at], x.flip(1), None if start is None else start[len(runs)], turned)
                ponder = None if back.ponder is None else Ponder(*(part.flip(1) for part in back.ponder))
                runs.append(back._replace(ponder=ponder))
                outputs = torch.cat((outputs, back.outputs.flip(1)), dim=2)
            x = outputs
        self.ponder = tuple(run.ponder for run in runs if run.ponder is not None)
        return x, tuple(run.state for run in runs)

    def speak_apart(self) -> None:
        """Change to a form in which a window's bits do not depend on its neighbours' or on its place in the batch."""
        self.cell = self.cell.apart

    def _run(self, layer: torch.nn.Module, x: torch.Tensor, start: "State | None", mask: torch.Tensor | None) -> Run:
        state = self.cell.start(x.shape[0], x) if start is None else start
        noise = self.recalling(x, self.cell.hidden)
        return self.cell.run(cast("Weights", layer), x, state, mask, noise)
