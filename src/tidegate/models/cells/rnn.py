"""The plain recurrent network (Elman 1990): no gate, one curve.

With ReLU it is the network of Le, Jaitly & Hinton (2015); they start its recurrent matrix at the identity, for which an
orthogonal one is the nearest law here.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from tidegate.models.activations import activate
from tidegate.models.cells.base import Run, State, Weights
from tidegate.models.cells.gated import FusedKind, Gated

if TYPE_CHECKING:
    import torch

__all__ = ["RNN"]


class RNN(Gated):
    """The vanilla recurrent cell, with state ``(h,)`` and output ``h``.

    ``h' = φ(W x + R h + b)``.

    Shapes
        kernel ``[H, F]``, recurrent ``[H, H]``, bias ``[H]``. With `layer_norm` also gains ``[H]`` of both products.
    Missing values
        None are allowed: a NaN in a window makes its output NaN.
    Source
        Elman (1990), as Keras's SimpleRNN and torch's RNN have it.

    >>> RNN(hidden=4, activation="relu").computed_by != "plain"
    True
    """

    name: ClassVar[str] = "rnn"
    example: ClassVar[dict[str, Any]] = {"hidden": 8}

    @property
    def gates(self) -> tuple[str, ...]:
        """The candidate alone."""
        return ("candidate",)

    @property
    def fused_as(self) -> FusedKind | None:
        """The cell with its curve, without layer norm; it has no gate, so that the gates' curve is the usual one."""
        return None if self.layer_norm else FusedKind("rnn", "sigmoid", self.activation)

    @property
    def by_torch(self) -> "Callable[[Weights, torch.Tensor, State], Run] | None":
        """Torch's own operation, for tanh and ReLU."""
        return {"tanh": _by_torch_tanh, "relu": _by_torch_relu}.get(self.activation)

    def draw(self, inputs: int, generator: "torch.Generator") -> Weights:
        """Draw kernel, recurrent and bias of one layer."""
        return self.draw_products(inputs, generator)

    def start(self, batch: int, like: "torch.Tensor") -> State:
        """Return zeros for ``h``."""
        return (like.new_zeros(batch, self.hidden),)

    def step(
        self, weights: Weights, x: "torch.Tensor", state: State, noise: "torch.Tensor | None" = None
    ) -> "tuple[torch.Tensor, State]":
        """Do one step of the equation above."""
        a = self.seen(weights, x) + self.recalled(weights, state[0], noise) + weights["bias"]
        h = activate(self.activation, a)
        return h, (h,)


def _by_torch_tanh(weights: Weights, x: "torch.Tensor", state: State) -> Run:
    import torch

    start, training = state[0].unsqueeze(0), torch.is_grad_enabled()
    outputs, h = torch.rnn_tanh(x, start, _params(weights), True, 1, 0.0, training, False, True)
    return Run(outputs, (h.squeeze(0),))


def _by_torch_relu(weights: Weights, x: "torch.Tensor", state: State) -> Run:
    import torch

    start, training = state[0].unsqueeze(0), torch.is_grad_enabled()
    outputs, h = torch.rnn_relu(x, start, _params(weights), True, 1, 0.0, training, False, True)
    return Run(outputs, (h.squeeze(0),))


def _params(weights: Weights) -> "list[torch.Tensor]":
    import torch

    bias = weights["bias"]
    return [weights["kernel"], weights["recurrent"], bias, torch.zeros_like(bias, requires_grad=False)]
