"""Cells that see their own former output through a recurrent matrix: one input product, one recurrent product a step.

What they share: ``a = W x + R (noise ∘ h) + b``. With `layer_norm` both products are normalised over all the units that
they hold, each with gains of its own (Ba, Kiros & Hinton 2016); their shifts could only act as their sum, which is the
bias that is there anyway.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Self

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
_ALL = slice(None)


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
    def blocks(self) -> int:
        """Number of gates and candidates that share the two products."""
        return len(self.gates)

    @property
    @abstractmethod
    def fused_as(self) -> FusedKind | None:
        """What the fused kernels call this cell; None where they do not know its settings."""

    @property
    @abstractmethod
    def by_torch(self) -> "Callable[[Weights, torch.Tensor, State], Run] | None":
        """Torch's own operation for all steps; None where it has none for these curves."""

    def forms(self, *, device: str, masked: bool) -> tuple[Form, ...]:
        """Fused kernels on the processor, torch's own without masks and noise, Triton's on a GPU, and step by step."""
        found: list[Form] = []
        if device == "cpu" and self.fused_as is not None:
            found.append("fast")
        if self.by_torch is not None and not (masked or self.layer_norm or self.recurrent_dropout):
            found.append("torch")
        if device == "cuda" and self.fused_as is not None and _triton_is_there():
            found.append("fast")
        return (*found, "plain", "apart")

    @property
    def apart(self) -> Self:
        """Fused kernels, whose products keep rows apart, or one step at a time."""
        return self.but(form="apart" if self.fused_as is None else "fast")

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
        if form == "torch" and self.by_torch is not None:
            return self.by_torch(weights, x, state)
        if form == "fast" and self.fused_as is not None:
            if x.device.type == "cuda":
                from tidegate.models.gpu.fused import fused
            else:
                from tidegate.models.fast.fused import fused
            return Run(*fused(self.fused_as, weights, x, state, mask, noise))
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

    def seen(self, weights: Weights, x: "torch.Tensor", rows: slice = _ALL) -> "torch.Tensor":
        """Compute ``W x`` for some rows of the blocks ``[B, rows]``, normalised if the settings say so."""
        found = self.product(x, weights["kernel"][rows])
        return normalised(found, weights["kernel_gain"][rows]) if self.layer_norm else found

    def recalled(
        self, weights: Weights, h: "torch.Tensor", noise: "torch.Tensor | None", rows: slice = _ALL
    ) -> "torch.Tensor":
        """Compute ``R (noise ∘ h)`` for some rows of the blocks ``[B, rows]``, normalised if the settings say so."""
        found = self.product(h if noise is None else h * noise, weights["recurrent"][rows])
        return normalised(found, weights["recurrent_gain"][rows]) if self.layer_norm else found


def _triton_is_there() -> bool:
    from tidegate.models.gpu.language import triton_is_there

    return triton_is_there()


def normalised(v: "torch.Tensor", gain: "torch.Tensor", shift: "torch.Tensor | None" = None) -> "torch.Tensor":
    """``gain (v - mean v) / √(var v + 1e-5) + shift`` over the last axis (Ba, Kiros & Hinton 2016).

    >>> import torch
    >>> normalised(torch.tensor([[1.0, 3.0]]), torch.tensor([1.0, 2.0])).round(decimals=3).tolist()
    [[-1.0, 2.0]]
    """
    import torch

    return torch.nn.functional.layer_norm(v, v.shape[-1:], gain, shift, _EPSILON)
