"""The family of recurrent cells: one step of equations, ``x, state → output, state``.

A cell is settings and equations; its weights are handed to it, as tensors by group name (``kernel`` sees the input,
``recurrent`` the former output, ``bias``; a cell may have more). So one stack, one unroll and one weight penalty serve
every cell, and a faster form of the same equations is a second way to do `run`, never a second cell.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from pydantic import Field

from tidegate.component import Component
from tidegate.models.initialisers import Initialiser

if TYPE_CHECKING:
    import torch

__all__ = ["Cell", "State", "Weights"]

Weights: TypeAlias = "Mapping[str, torch.Tensor]"
State: TypeAlias = "tuple[torch.Tensor, ...]"


class Cell(Component):
    """A recurrent cell; letters: B batch, L lookback, F inputs, H hidden."""

    family: ClassVar[str] = "cell"

    hidden: int = Field(ge=1, description="units H of every layer")
    layers: int = Field(default=1, ge=1, description="layers on top of each other; each sees the one below")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="share of the outputs dropped between layers")
    kernel_initialiser: Initialiser = Field(default="glorot_uniform", description="law of the input weights")
    recurrent_initialiser: Initialiser = Field(default="orthogonal", description="law of the recurrent weights")

    @abstractmethod
    def draw(self, inputs: int, generator: "torch.Generator") -> Weights:
        """Draw the initial weights of one layer with `inputs` features, by group name, float32."""

    @abstractmethod
    def start(self, batch: int, like: "torch.Tensor") -> State:
        """Return the state before the first step: tensors ``[B, H]`` with the type and device of `like`."""

    @abstractmethod
    def step(self, weights: Weights, x: "torch.Tensor", state: State) -> "tuple[torch.Tensor, State]":
        """Do one step: input ``[B, F]`` → output ``[B, H]`` and the next state; the plainest form."""

    @abstractmethod
    def run(self, weights: Weights, x: "torch.Tensor", state: State) -> "tuple[torch.Tensor, State]":
        """Do all steps of ``x [B, L, F]`` → outputs ``[B, L, H]`` and the last state; equal to `unroll` to rounding."""
