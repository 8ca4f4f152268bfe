"""The gated recurrent unit (Cho et al. 2014), with its reset gate after the recurrent product or before it.

The paper resets h and then multiplies (before). cuDNN, torch and Keras multiply first and reset the product (after),
which needs a bias of its own inside the bracket and lets one product serve all three blocks. Blocks: reset, update,
candidate. The update gate keeps: at z = 1 nothing changes.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from tidegate.models.activations import GateActivation, activate
from tidegate.models.cells.base import Run, State, Weights
from tidegate.models.cells.gated import FusedKind, Gated
from tidegate.models.initialisers import initial

if TYPE_CHECKING:
    import torch

__all__ = ["GRU"]


class GRU(Gated):
    """The GRU, with state ``(h,)`` and output ``h``.

    ``r, z = σ(W x + R h + b)``, ``h' = (1 - z) n + z h``, and the candidate
    after: ``n = φ(W x + b + r (R h + d))``, before: ``n = φ(W x + b + R (r h))``.

    Shapes
        kernel ``[3H, F]``, recurrent ``[3H, H]``, bias ``[3H]`` in the order r, z, n; recurrent_bias d ``[H]`` where
        the reset comes after. With `layer_norm` also gains ``[3H]`` of both products; the two gates are normalised
        together, the candidate apart.
    Missing values
        None are allowed: a NaN in a window makes its output NaN.
    Source
        Cho et al. (2014); layer norm: Ba, Kiros & Hinton (2016), supplement.

    >>> import torch
    >>> cell = GRU(hidden=4, reset="before")
    >>> {name: tuple(held.shape) for name, held in cell.draw(3, torch.Generator()).items()}
    {'kernel': (12, 3), 'recurrent': (12, 4), 'bias': (12,)}
    """

    name: ClassVar[str] = "gru"
    example: ClassVar[dict[str, Any]] = {"hidden": 8}

    gate_activation: GateActivation = Field(default="sigmoid", description="of the gates")
    reset: Literal["after", "before"] = Field(
        default="after", description="whether the reset gate acts after the recurrent product or before it"
    )

    @property
    def gates(self) -> tuple[str, ...]:
        """Reset gate, update gate, candidate."""
        return ("reset", "update", "candidate")

    @property
    def fused_as(self) -> FusedKind | None:
        """The GRU of its convention with its curves, without layer norm."""
        return None if self.layer_norm else FusedKind(f"gru-{self.reset}", self.gate_activation, self.activation)

    @property
    def by_torch(self) -> "Callable[[Weights, torch.Tensor, State], Run] | None":
        """Torch's own GRU, which resets after the product and has the usual curves only."""
        usual = (self.reset, self.gate_activation, self.activation) == ("after", "sigmoid", "tanh")
        return _by_torch if usual else None

    def draw(self, inputs: int, generator: "torch.Generator") -> Weights:
        """Draw kernel, recurrent and biases of one layer."""
        drawn = self.draw_products(inputs, generator)
        if self.reset == "after":
            drawn["recurrent_bias"] = initial("zeros", (self.hidden,), generator)
        return drawn

    def start(self, batch: int, like: "torch.Tensor") -> State:
        """Return zeros for ``h``."""
        return (like.new_zeros(batch, self.hidden),)

    def step(
        self, weights: Weights, x: "torch.Tensor", state: State, noise: "torch.Tensor | None" = None
    ) -> "tuple[torch.Tensor, State]":
        """Do one step of the equations above."""
        (h,) = state
        gates, candidate = slice(0, 2 * self.hidden), slice(2 * self.hidden, None)
        bias = weights["bias"]
        both = self.seen(weights, x, gates) + self.recalled(weights, h, noise, gates) + bias[..., gates]
        r, z = activate(self.gate_activation, both).chunk(2, dim=1)
        if self.reset == "after":
            recalled = r * (self.recalled(weights, h, noise, candidate) + weights["recurrent_bias"])
        else:
            recalled = self.recalled(weights, r * h, noise, candidate)
        n = activate(self.activation, self.seen(weights, x, candidate) + bias[..., candidate] + recalled)
        h = (1.0 - z) * n + z * h
        return h, (h,)


def _by_torch(weights: Weights, x: "torch.Tensor", state: State) -> Run:
    import torch

    bias, inner = weights["bias"], weights["recurrent_bias"]
    inside = torch.cat((torch.zeros_like(bias[: 2 * inner.numel()], requires_grad=False), inner))
    params = [weights["kernel"], weights["recurrent"], bias, inside]
    start = state[0].unsqueeze(0)
    outputs, h = torch.gru(x, start, params, True, 1, 0.0, torch.is_grad_enabled(), False, True)
    return Run(outputs, (h.squeeze(0),))
