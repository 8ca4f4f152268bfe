"""The LSTM whose gates see the memory itself (Gers & Schmidhuber 2000), through one weight per unit and gate.

The output gate closes the memory off from everything that looks at h alone; through its peepholes a gate can still tell
how much is held, which is what counting and timing need. The peepholes start at zero: the cell starts as the LSTM.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from tidegate.models.cells.base import State, Weights
from tidegate.models.cells.gated import FusedKind
from tidegate.models.cells.memory import Memory
from tidegate.models.initialisers import initial

if TYPE_CHECKING:
    import torch

__all__ = ["PeepholeLSTM"]


class PeepholeLSTM(Memory):
    """The LSTM with peepholes, with state ``(h, c)`` and output ``h``.

    ``i, f = σ(W x + R h + p c + b)``, ``g = φ(W x + R h + b)``, ``c' = f c + i g``, ``o = σ(W x + R h + p c' + b)``,
    ``h' = o φ(c')``.

    Shapes
        kernel ``[4H, F]``, recurrent ``[4H, H]``, bias ``[4H]``, peephole ``[3H]`` in the order i, f, o; gates in the
        order i, f, g, o. With layer norm, as in the LSTM, the peepholes see the memory as it is.
    Missing values
        None are allowed: a NaN in a window makes its output NaN.
    Source
        Gers & Schmidhuber (2000); the gradient goes through the peepholes too, as in Graves & Schmidhuber (2005).

    >>> import torch
    >>> PeepholeLSTM(hidden=4).draw(3, torch.Generator())["peephole"].shape
    torch.Size([12])
    """

    name: ClassVar[str] = "peephole-lstm"
    example: ClassVar[dict[str, Any]] = {"hidden": 8}

    @property
    def gates(self) -> tuple[str, ...]:
        """Input gate, forget gate, candidate, output gate."""
        return ("input", "forget", "candidate", "output")

    @property
    def forget_block(self) -> int:
        """The second."""
        return 1

    @property
    def fused_as(self) -> FusedKind | None:
        """The peephole LSTM with its curves, without layer norm."""
        return None if self.layer_norm else FusedKind("peephole-lstm", self.gate_activation, self.activation)

    @property
    def by_torch(self) -> None:
        """Torch has no such operation."""
        return

    def draw(self, inputs: int, generator: "torch.Generator") -> Weights:
        """Draw kernel, recurrent and bias of one layer; the peepholes are closed at first."""
        return {**self.draw_memory(inputs, generator), "peephole": initial("zeros", (3 * self.hidden,), generator)}

    def step(
        self, weights: Weights, x: "torch.Tensor", state: State, noise: "torch.Tensor | None" = None
    ) -> "tuple[torch.Tensor, State]":
        """Do one step of the equations above."""
        h, c = state
        i, f, g, o = (self.seen(weights, x) + self.recalled(weights, h, noise) + weights["bias"]).chunk(4, dim=1)
        into_i, into_f, into_o = weights["peephole"].chunk(3)
        i, f = self.gate(i + into_i * c), self.gate(f + into_f * c)
        c = f * c + i * self.curve(g)
        h = self.gate(o + into_o * c) * self.leaving(weights, c)
        return h, (h, c)
