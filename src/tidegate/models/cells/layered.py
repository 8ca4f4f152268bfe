"""Cells with settings of their own: what they share, and how the form that computes them is chosen.

A form is one way to compute the same equations: *fast* (fused kernels on the processor), *torch* (operations that torch
has for whole windows, cuDNN on a GPU), *plain* (one step after the other) or *apart* (the same, with products in which
a row's bits do not depend on the rows around it: for speaking). A form that is named is used or refused; *auto* takes
the fastest that knows the settings, the device and the masks at hand, and `computed_by` says which.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from tidegate.errors import SettingError
from tidegate.models.cells.base import Cell, Form, Ponder, Run, State, Weights
from tidegate.models.cells.product import product_apart
from tidegate.models.initialisers import Initialiser

if TYPE_CHECKING:
    import torch

__all__ = ["Layered"]


class Layered(Cell):
    """A cell that declares its own size, layers, dropouts and form."""

    hidden: int = Field(ge=1, description="units H of every layer")
    layers: int = Field(default=1, ge=1, description="layers on top of each other; each sees the one below")
    bidirectional: bool = Field(
        default=False, description="read the window backwards too, with weights of its own; outputs side by side"
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="share of the outputs dropped between layers")
    input_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of each layer's inputs dropped, the same ones at every step"
    )
    kernel_initialiser: Initialiser = Field(default="glorot_uniform", description="law of the input weights")
    form: Form = Field(default="auto", description="how it is computed; auto takes the fastest that knows the settings")

    @model_validator(mode="after")
    def _refuse_form(self) -> Self:
        self.form_for(device="cpu", masked=False)
        return self

    @abstractmethod
    def forms(self, *, device: str, masked: bool) -> tuple[Form, ...]:
        """Forms that know these settings on `device` ("cpu", "cuda"), with masks or without, fastest first."""

    @abstractmethod
    def run_as(
        self,
        form: Form,
        weights: Weights,
        x: "torch.Tensor",
        state: State,
        mask: "torch.Tensor | None",
        noise: "torch.Tensor | None",
    ) -> Run:
        """Do all steps by one of `forms`."""

    def product(self, x: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
        """``x W.T``, by the product that the form asks for."""
        return product_apart(x, weights) if self.form == "apart" else x @ weights.T

    def form_for(self, *, device: str, masked: bool) -> Form:
        """Choose the form; raises `SettingError` where the one that is named does not know what is asked."""
        known = self.forms(device=device, masked=masked)
        if self.form == "auto":
            return known[0]
        if self.form not in known:
            raise SettingError(
                "this form does not know these settings",
                where=f"{self.name}.form",
                expected=" or ".join(("auto", *known)),
                found=f"{self.form} ({device}{', masked' if masked else ''})",
                hint="auto takes the fastest form that does",
            )
        return self.form

    @property
    def computed_by(self) -> str:
        """The form that computes `run` on the processor where no step is masked."""
        return self.form_for(device="cpu", masked=False)

    def run(
        self,
        weights: Weights,
        x: "torch.Tensor",
        state: State,
        mask: "torch.Tensor | None" = None,
        noise: "torch.Tensor | None" = None,
    ) -> Run:
        """Do all steps, by the form that the settings, the device and the mask call for."""
        form = self.form_for(device=x.device.type, masked=mask is not None)
        return self.run_as(form, weights, x, state, mask, noise)

    def price(self, ponder: Ponder) -> "torch.Tensor | None":  # noqa: ARG002
        """Nothing: one step is one step."""
        return None
