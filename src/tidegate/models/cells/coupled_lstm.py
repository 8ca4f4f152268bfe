"""The LSTM whose input gate is what the forget gate leaves (Greff et al. 2017): three gates' work with two.

What is forgotten makes room for what is new, and nothing else does. Blocks: forget, candidate, output.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from tidegate.models.cells.base import State, Weights
from tidegate.models.cells.gated import FusedKind
from tidegate.models.cells.memory import Memory

if TYPE_CHECKING:
    import torch

__all__ = ["CoupledLSTM"]


class CoupledLSTM(Memory):
    """The LSTM with coupled input and forget gates, with state ``(h, c)`` and output ``h``.

    ``f, o = σ(W x + R h + b)``, ``g = φ(W x + R h + b)``, ``c' = f c + (1 - f) g``, ``h' = o φ(c')``.

    Shapes
        kernel ``[3H, F]``, recurrent ``[3H, H]``, bias ``[3H]``; blocks in the order f, g, o. Layer norm as the LSTM's.
    Missing values
        None are allowed: a NaN in a window makes its output NaN.
    Source
        Greff, Srivastava, Koutník, Steunebrink & Schmidhuber (2017), variant CIFG, without peepholes.

    >>> import torch
    >>> cell = CoupledLSTM(hidden=4)
    >>> {name: tuple(held.shape) for name, held in cell.draw(3, torch.Generator()).items()}
    {'kernel': (12, 3), 'recurrent': (12, 4), 'bias': (12,)}
    """

    name: ClassVar[str] = "coupled-lstm"
    example: ClassVar[dict[str, Any]] = {"hidden": 8}

    @property
    def gates(self) -> tuple[str, ...]:
        """Forget gate, candidate, output gate."""
        return ("forget", "candidate", "output")

    @property
    def forget_block(self) -> int:
        """The first."""
        return 0

    @property
    def fused_as(self) -> FusedKind | None:
        """The coupled LSTM with its curves, without layer norm."""
        return None if self.layer_norm else FusedKind("coupled-lstm", self.gate_activation, self.activation)

    @property
    def by_torch(self) -> None:
        """Torch has no such operation."""
        return

    def draw(self, inputs: int, generator: "torch.Generator") -> Weights:
        """Draw kernel, recurrent and bias of one layer."""
        return self.draw_memory(inputs, generator)

    def step(
        self, weights: Weights, x: "torch.Tensor", state: State, noise: "torch.Tensor | None" = None
    ) -> "tuple[torch.Tensor, State]":
        """Do one step of the equations above."""
        h, c = state
        f, g, o = (self.seen(weights, x) + self.recalled(weights, h, noise) + weights["bias"]).chunk(3, dim=1)
        f = self.gate(f)
        c = f * c + (1.0 - f) * self.curve(g)
        h = self.gate(o) * self.leaving(weights, c)
        return h, (h, c)
