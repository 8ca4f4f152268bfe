"""The long short-term memory cell (Hochreiter & Schmidhuber 1997; forget gate by Gers, Schmidhuber & Cummins 2000).

One bias per gate, as Keras has it, not two that can only act as their sum. Gates: input, forget, candidate, output.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from tidegate.models.cells.base import Run, State, Weights
from tidegate.models.cells.gated import FusedKind
from tidegate.models.cells.memory import Memory

if TYPE_CHECKING:
    import torch

__all__ = ["LSTM"]


class LSTM(Memory):
    """The LSTM, with state ``(h, c)`` and output ``h``.

    ``i, f, o = σ(W x + R h + b)``, ``g = φ(W x + R h + b)``, ``c' = f c + i g``, ``h' = o φ(c')``.

    Shapes
        kernel ``[4H, F]``, recurrent ``[4H, H]``, bias ``[4H]``; gates in the order i, f, g, o. With `layer_norm` also
        gains ``[4H]`` of both products, and gain and shift ``[H]`` of the memory: ``h' = o φ(LN(c'))``.
    Missing values
        None are allowed: a NaN in a window makes its output NaN.
    Source
        Hochreiter & Schmidhuber (1997); Gers, Schmidhuber & Cummins (2000); layer norm: Ba, Kiros & Hinton (2016).

    >>> LSTM(hidden=32).layers
    1
    >>> LSTM(hidden=0)
    Traceback (most recent call last):
    ...
    tidegate.errors.SettingError: a value does not fit (lstm.hidden): expected at least 1, found 0
    """

    name: ClassVar[str] = "lstm"
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
        """The LSTM with its curves, without layer norm."""
        return None if self.layer_norm else FusedKind("lstm", self.gate_activation, self.activation)

    @property
    def by_torch(self) -> "Callable[[Weights, torch.Tensor, State], Run] | None":
        """Torch's own LSTM, which has the curves of 1997 only."""
        return _by_torch if (self.gate_activation, self.activation) == ("sigmoid", "tanh") else None

    def draw(self, inputs: int, generator: "torch.Generator") -> Weights:
        """Draw kernel, recurrent and bias of one layer."""
        return self.draw_memory(inputs, generator)

    def step(
        self, weights: Weights, x: "torch.Tensor", state: State, noise: "torch.Tensor | None" = None
    ) -> "tuple[torch.Tensor, State]":
        """Do one step of the equations above."""
        h, c = state
        i, f, g, o = (self.seen(weights, x) + self.recalled(weights, h, noise) + weights["bias"]).chunk(4, dim=1)
        c = self.gate(f) * c + self.gate(i) * self.curve(g)
        h = self.gate(o) * self.leaving(weights, c)
        return h, (h, c)


def _by_torch(weights: Weights, x: "torch.Tensor", state: State) -> Run:
    import torch

    bias = weights["bias"]
    params = [weights["kernel"], weights["recurrent"], bias, torch.zeros_like(bias, requires_grad=False)]
    start = [part.unsqueeze(0) for part in state]
    outputs, h, c = torch.lstm(x, start, params, True, 1, 0.0, torch.is_grad_enabled(), False, True)
    return Run(outputs, (h.squeeze(0), c.squeeze(0)))
