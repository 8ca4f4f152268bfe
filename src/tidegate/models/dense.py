"""A dense layer, in two forms: the fast one to learn with, and one whose rows know nothing of each other to speak with.

A matrix product may sum a row in another order when the row stands elsewhere in the batch (measured: 31 inputs, 5
outputs, two thirds of the rows differ in the last bits). The product of the fused kernels cannot.
"""

import torch

from tidegate.models.activations import Activation, activate
from tidegate.models.initialisers import initial
from tidegate.models.stack import Stack

__all__ = ["Dense", "by_row"]


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
        if self.apart:
            return self._by_row(x)
        return activate(self.activation, torch.nn.functional.linear(x, self.kernel, self.bias))

    def _by_row(self, x: torch.Tensor) -> torch.Tensor:
        """What one step of a recurrent cell is from a state of zero: the fused kernels keep rows apart."""
        from tidegate.models.fast.fused import fused

        units = self.bias.shape[0]
        held = {"kernel": self.kernel, "recurrent": self.kernel.new_zeros(units, units), "bias": self.bias}
        outputs, _ = fused(("rnn", "sigmoid", self.activation), held, x.unsqueeze(1), (x.new_zeros(len(x), units),))
        return outputs.squeeze(1)


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
