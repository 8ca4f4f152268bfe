"""Cells that keep a memory c beside their output h: the LSTM and its relatives.

What they share: gates of one curve, a forget gate whose bias may start at one (Gers, Schmidhuber & Cummins 2000;
Jozefowicz, Zaremba & Sutskever 2015), and a memory that layer norm reaches only on its way out: ``h' = o φ(LN(c'))``.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING

from pydantic import Field

from tidegate.models.activations import GateActivation, activate
from tidegate.models.cells.base import State, Weights
from tidegate.models.cells.gated import Gated, normalised
from tidegate.models.initialisers import initial

if TYPE_CHECKING:
    import torch

__all__ = ["Memory"]


class Memory(Gated):
    """A cell with state ``(h, c)`` and output ``h``."""

    gate_activation: GateActivation = Field(default="sigmoid", description="of the gates")
    unit_forget_bias: bool = Field(default=True, description="start the forget gate's bias at one instead of zero")

    @property
    @abstractmethod
    def forget_block(self) -> int:
        """Which of the blocks is the forget gate, from zero."""

    def draw_memory(self, inputs: int, generator: "torch.Generator") -> "dict[str, torch.Tensor]":
        """Draw kernel, recurrent and bias of one layer; gains and shifts where it is normalised."""
        drawn = self.draw_products(inputs, generator)
        if self.unit_forget_bias:
            first = self.forget_block * self.hidden
            drawn["bias"][first : first + self.hidden] = 1.0
        if self.layer_norm:
            drawn["state_gain"] = initial("ones", (self.hidden,), generator)
            drawn["state_shift"] = initial("zeros", (self.hidden,), generator)
        return drawn

    def start(self, batch: int, like: "torch.Tensor") -> State:
        """Return zeros for ``h`` and ``c``."""
        return like.new_zeros(batch, self.hidden), like.new_zeros(batch, self.hidden)

    def gate(self, a: "torch.Tensor") -> "torch.Tensor":
        """``σ(a)``, by the gates' curve."""
        return activate(self.gate_activation, a)

    def curve(self, a: "torch.Tensor") -> "torch.Tensor":
        """``φ(a)``, by the state's curve."""
        return activate(self.activation, a)

    def leaving(self, weights: Weights, c: "torch.Tensor") -> "torch.Tensor":
        """``φ(c)``, or ``φ(LN(c))`` if the settings say so."""
        return self.curve(normalised(c, weights["state_gain"], weights["state_shift"]) if self.layer_norm else c)
