"""Cells that see their own former output through a recurrent matrix: one input product, one recurrent product a step.

What they share: ``a = W x + R (noise ∘ h) + b``. With `layer_norm` both products are normalised over all the units that
they hold, each with gains of its own (Ba, Kiros & Hinton 2016); their shifts could only act as their sum, which is the
bias that is there anyway.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from tidegate.models.activations import Activation
from tidegate.models.cells.base import Form, Run, State, Weights
from tidegate.models.cells.layered import Layered
from tidegate.models.initialisers import Initialiser, initial
from tidegate.models.unroll import unroll

if TYPE_CHECKING:
    import torch

__all__ = ["FusedKind", "Gated", "normalised"]

_EPSILON = 1e-5


class FusedKind(NamedTuple):
    """What the fused kernels call a cell: its equations, the curve of its gates and the curve of its state."""

    cell: str
    gate: str
    state: str


class Gated(Layered):
    """A cell with a kernel ``[gH, F]``, a recurrent matrix ``[gH, H]`` and a bias ``[gH]`` for its g blocks."""

    activation: Activation = Field(default="tanh", description="of the candidate and of what leaves the cell")
    layer_norm: bool = Field(default=False, description="normalise W x, R h and the state over the units of a layer")
    recurrent_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of the former output dropped, the same units at every step"
    )
    recurrent_initialiser: Initialiser = Field(default="orthogonal", description="law of the recurrent weights")

    @property
    @abstractmethod
    def blocks(self) -> int:
        """Number of gates and candidates that share the two products."""

    @property
    @abstractmethod
    def fused_as(self) -> FusedKind | None:
        """What the fused kernels call this cell; None where they do not know its settings."""

    @property
    @abstractmethod
    def torch_knows(self) -> bool:
        """Whether torch has these equations as one operation."""

    @abstractmethod
    def run_by_torch(self, weights: Weights, x: "torch.Tensor", state: State) -> Run:
        """Do all steps by torch's own operation."""

    def forms(self, *, device: str, masked: bool) -> tuple[Form, ...]:  # noqa: ARG002
        """Torch's own operation without masks and noise, and one step at a time."""
        found: list[Form] = []
        if self.torch_knows and not masked and not self.layer_norm and not self.recurrent_dropout:
            found.append("torch")
        return (*found, "plain")

    def run_as(
        self,
        form: Form,
        weights: Weights,
        x: "torch.Tensor",
        state: State,
        mask: "torch.Tensor | None",
        noise: "torch.Tensor | None",
    ) -> Run:
        """Do all steps by `form`."""
        if form == "torch":
            return self.run_by_torch(weights, x, state)
        return unroll(self, weights, x, state, mask, noise)

    def draw_products(self, inputs: int, generator: "torch.Generator") -> "dict[str, torch.Tensor]":
        """Draw what every such cell has: kernel, recurrent, a bias of zero, and gains of one."""
        wide = self.blocks * self.hidden
        drawn = {
            "kernel": initial(self.kernel_initialiser, (wide, inputs), generator),
            "recurrent": initial(self.recurrent_initialiser, (wide, self.hidden), generator),
            "bias": initial("zeros", (wide,), generator),
        }
        if self.layer_norm:
            drawn["kernel_gain"] = initial("ones", (wide,), generator)
            drawn["recurrent_gain"] = initial("ones", (wide,), generator)
        return drawn

    def products(
        self, weights: Weights, x: "torch.Tensor", h: "torch.Tensor", noise: "torch.Tensor | None"
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Compute ``W x`` and ``R (noise ∘ h)``, both ``[B, gH]``, normalised if the settings say so."""
        seen = x @ weights["kernel"].T
        recalled = (h if noise is None else h * noise) @ weights["recurrent"].T
        if self.layer_norm:
            seen = normalised(seen, weights["kernel_gain"])
            recalled = normalised(recalled, weights["recurrent_gain"])
        return seen, recalled

    def draw_state_norm(self, generator: "torch.Generator") -> "dict[str, torch.Tensor]":
        """Return gain and shift of a normalised state; nothing where it is not normalised."""
        if not self.layer_norm:
            return {}
        size = (self.hidden,)
        return {"state_gain": initial("ones", size, generator), "state_shift": initial("zeros", size, generator)}

    def leaving(self, weights: Weights, c: "torch.Tensor") -> "torch.Tensor":
        """``c`` as it goes to the output: normalised if the settings say so."""
        return normalised(c, weights["state_gain"], weights["state_shift"]) if self.layer_norm else c


def normalised(v: "torch.Tensor", gain: "torch.Tensor", shift: "torch.Tensor | None" = None) -> "torch.Tensor":
    """``gain (v - mean v) / √(var v + 1e-5) + shift`` over the last axis (Ba, Kiros & Hinton 2016).

    >>> import torch
    >>> normalised(torch.tensor([[1.0, 3.0]]), torch.tensor([1.0, 2.0])).round(decimals=3).tolist()
    [[-1.0, 2.0]]
    """
    import torch

    return torch.nn.functional.layer_norm(v, v.shape[-1:], gain, shift, _EPSILON)
