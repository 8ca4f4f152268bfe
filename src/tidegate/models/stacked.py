"""The module behind `RecurrentNetwork`: a stack of cells, then dense layers, then a head."""

import itertools
from typing import TYPE_CHECKING

import torch

from tidegate.models.dense import Dense
from tidegate.models.dropout import Dropout
from tidegate.models.noise import Noise
from tidegate.models.stack import Stack

if TYPE_CHECKING:
    from tidegate.models.recurrent import RecurrentNetwork

__all__ = ["RecurrentModule"]


class RecurrentModule(torch.nn.Module):
    """Weights of a `RecurrentNetwork` for given numbers of features and context fields."""

    def __init__(self, settings: "RecurrentNetwork", features: int, context: int, generator: torch.Generator) -> None:
        super().__init__()
        drawn = torch.randint(0, 2**62, (1,), generator=generator).item()
        noise = Noise(int(drawn))
        self.stack = Stack(settings.cell, features, generator, noise)
        self.drop = Dropout(settings.dropout, noise)
        widths = [self.stack.width + context, *settings.dense]
        self.dense = torch.nn.ModuleList(
            Dense(inputs, outputs, settings.activation, generator) for inputs, outputs in itertools.pairwise(widths)
        )
        self.head = Dense(widths[-1], settings.outputs, settings.output_activation, generator)

    def forward(self, x: torch.Tensor, c: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Windows ``[B, L, F]`` and context ``[B, C]`` → scores ``[B, outputs]``.

        The head sees the top layer's last h (of both directions, if there are two), taken from its state: so no fast
        form is handed a gradient for every step. Steps where `mask` ``[B, L]`` is False are not taken.
        """
        _, states = self.stack(x, mask=mask)
        seen = self.drop(torch.cat([state[0] for state in states[-self.stack.directions :]], dim=1))
        if c.shape[1]:
            seen = torch.cat((seen, c), dim=1)
        for layer in self.dense:
            seen = self.drop(layer(seen))
        scores: torch.Tensor = self.head(seen)
        return scores
