"""A dense layer, in two forms: the fast one to learn with, and one whose rows know nothing of each other to speak with.

A matrix product may sum a row in another order when the row stands elsewhere in the batch (measured: 31 inputs, 5
outputs, two thirds of the rows differ in the last bits). A product row by row cannot.
"""

import torch

from tidegate.models.activations import Activation, activate
from tidegate.models.initialisers import initial
from tidegate.models.stack import Stack

__all__ = ["Dense", "by_row"]

_ROOM = 1 << 20


class Dense(torch.nn.Module):
    """``activation(x W.T + b)`` with Glorot's uniform kernel ``[out, in]`` and a bias of zero."""

    def __init__(self, inputs: int, outputs: int, activation: Activation, generator: torch.Generator) -> None:
        super().__init__()
        self.kernel = torch.nn.Parameter(initial("glorot_uniform", (outputs, inputs), generator))
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        self.activation: Activation = activation
        self.apart = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B, in]`` → ``[B, out]``."""
        said = self._by_row(x) if self.apart else torch.nn.functional.linear(x, self.kernel, self.bias)
        return activate(self.activation, said)

    def _by_row(self, x: torch.Tensor) -> torch.Tensor:
        rows = max(1, _ROOM // self.kernel.numel())
        parts = [(part.unsqueeze(1) * self.kernel).sum(dim=2) for part in torch.split(x, rows)]
        return torch.cat(parts) + self.bias


def by_row(module: torch.nn.Module) -> torch.nn.Module:
    """Switch every dense layer and every stack of cells in `module` to a form whose rows know nothing of each other.

    >>> layer = Dense(31, 5, "linear", torch.Generator().manual_seed(1))
    >>> x = torch.randn(64, 31, generator=torch.Generator().manual_seed(2))
    >>> together, alone = by_row(layer)(x), layer(x[7:8])
    >>> torch.equal(together[7:8], alone)
    True
    """
    for part in module.modules():
        if isinstance(part, Dense):
            part.apart = True
        elif isinstance(part, Stack):
            part.speak_apart()
    return module
