"""The long short-term memory cell (Hochreiter & Schmidhuber 1997; forget gate by Gers, Schmidhuber & Cummins 2000).

One bias per gate, as Keras has it, not two that can only act as their sum. Gates: input, forget, candidate, output.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from tidegate.models.cells.base import Cell, State, Weights
from tidegate.models.initialisers import initial
from tidegate.models.unroll import unroll

if TYPE_CHECKING:
    import torch

__all__ = ["LSTM"]


class LSTM(Cell):
    """The LSTM, with state ``(h, c)`` and output ``h``.

    ``i, f, o = σ(W x + R h + b)``, ``g = tanh(W x + R h + b)``, ``c' = f c + i g``, ``h' = o tanh(c')``.

    Shapes
        kernel ``[4H, F]``, recurrent ``[4H, H]``, bias ``[4H]``; gates in the order i, f, g, o.
    Missing values
        None are allowed: a NaN in a window makes its output NaN.

    >>> LSTM(hidden=32).layers
    1
    >>> LSTM(hidden=0)
    Traceback (most recent call last):
    ...
    tidegate.errors.SettingError: Input should be greater than or equal to 1 (lstm.hidden): found 0
    """

    name: ClassVar[str] = "lstm"
    example: ClassVar[dict[str, Any]] = {"hidden": 8}

    unit_forget_bias: bool = Field(default=True, description="start the forget gate's bias at one instead of zero")
    form: Literal["torch", "plain"] = Field(
        default="torch", description="how it is computed: torch's own LSTM, or one step after the other"
    )

    def draw(self, inputs: int, generator: "torch.Generator") -> Weights:
        """Draw kernel, recurrent and bias of one layer."""
        wide = 4 * self.hidden
        kernel = initial(self.kernel_initialiser, (wide, inputs), generator)
        recurrent = initial(self.recurrent_initialiser, (wide, self.hidden), generator)
        bias = initial("zeros", (wide,), generator)
        if self.unit_forget_bias:
            bias[self.hidden : 2 * self.hidden] = 1.0
        return {"kernel": kernel, "recurrent": recurrent, "bias": bias}

    def start(self, batch: int, like: "torch.Tensor") -> State:
        """Return zeros for ``h`` and ``c``."""
        return like.new_zeros(batch, self.hidden), like.new_zeros(batch, self.hidden)

    def step(self, weights: Weights, x: "torch.Tensor", state: State) -> "tuple[torch.Tensor, State]":
        """Do one step of the equations above."""
        h, c = state
        i, f, g, o = (x @ weights["kernel"].T + h @ weights["recurrent"].T + weights["bias"]).chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, (h, c)

    def run(self, weights: Weights, x: "torch.Tensor", state: State) -> "tuple[torch.Tensor, State]":
        """Do all steps, by the form that the settings name."""
        if self.form == "plain":
            return unroll(self, weights, x, state)
        import torch

        bias = weights["bias"]
        params = [weights["kernel"], weights["recurrent"], bias, torch.zeros_like(bias, requires_grad=False)]
        start = [part.unsqueeze(0) for part in state]
        training = torch.is_grad_enabled()
        outputs, h, c = torch.lstm(x, start, params, True, 1, 0.0, training, False, True)
        return outputs, (h.squeeze(0), c.squeeze(0))
