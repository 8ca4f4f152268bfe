"""The long short-term memory cell (Hochreiter & Schmidhuber 1997; forget gate by Gers, Schmidhuber & Cummins 2000).

One bias per gate, as Keras has it, not two that can only act as their sum. Gates: input, forget, candidate, output.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from tidegate.models.activations import GateActivation, activate
from tidegate.models.cells.base import Run, State, Weights
from tidegate.models.cells.gated import FusedKind, Gated

if TYPE_CHECKING:
    import torch

__all__ = ["LSTM"]


class LSTM(Gated):
    """The LSTM, with state ``(h, c)`` and output ``h``.

    ``i, f, o = σ(W x + R h + b)``, ``g = φ(W x + R h + b)``, ``c' = f c + i g``, ``h' = o φ(c')``.

    Shapes
        kernel ``[4H, F]``, recurrent ``[4H, H]``, bias ``[4H]``; gates in the order i, f, g, o. With `layer_norm` also
        gains ``[4H]`` of both products, and gain and shift ``[H]`` of the state: ``h' = o φ(LN(c'))``.
    Missing values
        None are allowed: a NaN in a window makes its output NaN.
    Source
        Hochreiter & Schmidhuber (1997); Gers, Schmidhuber & Cummins (2000); layer norm: Ba, Kiros & Hinton (2016).

    >>> LSTM(hidden=32).layers
    1
    >>> LSTM(hidden=0)
    Traceback (most recent call last):
    ...
    tidegate.errors.SettingError: Input should be greater than or equal to 1 (lstm.hidden): found 0
    """

    name: ClassVar[str] = "lstm"
    example: ClassVar[dict[str, Any]] = {"hidden": 8}

    gate_activation: GateActivation = Field(default="sigmoid", description="of the gates")
    unit_forget_bias: bool = Field(default=True, description="start the forget gate's bias at one instead of zero")

    @property
    def blocks(self) -> int:
        """Input gate, forget gate, candidate, output gate."""
        return 4

    @property
    def fused_as(self) -> FusedKind | None:
        """The LSTM with its curves, without layer norm."""
        return None if self.layer_norm else FusedKind("lstm", self.gate_activation, self.activation)

    @property
    def torch_knows(self) -> bool:
        """Whether the curves are those of 1997."""
        return self.gate_activation == "sigmoid" and self.activation == "tanh"

    def draw(self, inputs: int, generator: "torch.Generator") -> Weights:
        """Draw kernel, recurrent and bias of one layer."""
        drawn = self.draw_products(inputs, generator)
        if self.unit_forget_bias:
            drawn["bias"][self.hidden : 2 * self.hidden] = 1.0
        return {**drawn, **self.draw_state_norm(generator)}

    def start(self, batch: int, like: "torch.Tensor") -> State:
        """Return zeros for ``h`` and ``c``."""
        return like.new_zeros(batch, self.hidden), like.new_zeros(batch, self.hidden)

    def step(
        self, weights: Weights, x: "torch.Tensor", state: State, noise: "torch.Tensor | None" = None
    ) -> "tuple[torch.Tensor, State]":
        """Do one step of the equations above."""
        h, c = state
        seen, recalled = self.products(weights, x, h, noise)
        i, f, g, o = (seen + recalled + weights["bias"]).chunk(4, dim=1)
        i, f, o = (activate(self.gate_activation, gate) for gate in (i, f, o))
        c = f * c + i * activate(self.activation, g)
        h = o * activate(self.activation, self.leaving(weights, c))
        return h, (h, c)

    def run_by_torch(self, weights: Weights, x: "torch.Tensor", state: State) -> Run:
        """Do all steps by torch's own LSTM."""
        import torch

        bias = weights["bias"]
        params = [weights["kernel"], weights["recurrent"], bias, torch.zeros_like(bias, requires_grad=False)]
        start = [part.unsqueeze(0) for part in state]
        training = torch.is_grad_enabled()
        outputs, h, c = torch.lstm(x, start, params, True, 1, 0.0, training, False, True)
        return Run(outputs, (h.squeeze(0), c.squeeze(0)))
