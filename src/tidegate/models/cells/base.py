"""The family of recurrent cells: one step of equations, ``x, state → output, state``.

A cell is settings and equations; its weights are handed to it, as tensors by group name (``kernel`` sees the input,
``recurrent`` the former output, ``bias``; a cell may have more). So one stack, one unroll and one weight penalty serve
every cell, and a faster form of the same equations is a second way to do `run`, never a second cell.

What every cell *offers* is named here; where it comes from is the cell's own matter: most declare it (see `layered`),
one that wraps another passes on what the inner one says.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Self, TypeAlias

from tidegate.component import Component

if TYPE_CHECKING:
    import torch

__all__ = ["Cell", "Form", "Ponder", "Run", "State", "Weights"]

Form = Literal["auto", "fast", "torch", "plain", "apart"]
Weights: TypeAlias = "Mapping[str, torch.Tensor]"
State: TypeAlias = "tuple[torch.Tensor, ...]"


class Ponder(NamedTuple):
    """How long a cell thought about each step of each window: ``steps [B, L]`` and ``remainder [B, L]``.

    The remainder can be differentiated, the number of steps cannot; both are zero where a step was not taken.
    """

    steps: "torch.Tensor"
    remainder: "torch.Tensor"


class Run(NamedTuple):
    """All steps of a window: outputs ``[B, L, H]``, the last state, and what was pondered, if the cell ponders."""

    outputs: "torch.Tensor"
    state: State
    ponder: Ponder | None = None


class Cell(Component):
    """A recurrent cell; letters: B batch, L lookback, F inputs, H hidden."""

    family: ClassVar[str] = "cell"

    if TYPE_CHECKING:  # told to the type checker alone: at run time a field must not hide an attribute of its family

        @property
        def hidden(self) -> int:
            """Units H of every layer."""

        @property
        def layers(self) -> int:
            """Layers on top of each other."""

        @property
        def dropout(self) -> float:
            """Share of the outputs dropped between layers."""

        @property
        def input_dropout(self) -> float:
            """Share of each layer's inputs dropped, the same ones at every step of a window."""

        @property
        def recurrent_dropout(self) -> float:
            """Share of the former output dropped in the recurrent product, the same units at every step."""

        @property
        def bidirectional(self) -> bool:
            """Whether every layer also reads the window backwards, with weights of its own."""

    @property
    @abstractmethod
    def computed_by(self) -> str:
        """The form that computes `run` on the processor where no step is masked."""

    @property
    @abstractmethod
    def gates(self) -> tuple[str, ...]:
        """Names of the gates and candidates, in the order of their blocks along the first axis of kernel and bias."""

    @property
    @abstractmethod
    def apart(self) -> Self:
        """The same cell in the fastest form in which a row's bits do not depend on its neighbours' or on its place."""

    @abstractmethod
    def draw(self, inputs: int, generator: "torch.Generator") -> Weights:
        """Draw the initial weights of one layer with `inputs` features, by group name, float32."""

    @abstractmethod
    def start(self, batch: int, like: "torch.Tensor") -> State:
        """Return the state before the first step: tensors ``[B, H]`` with the type and device of `like`; h is first."""

    @abstractmethod
    def step(
        self, weights: Weights, x: "torch.Tensor", state: State, noise: "torch.Tensor | None" = None
    ) -> "tuple[torch.Tensor, State]":
        """Do one step: input ``[B, F]`` → output ``[B, H]`` and the next state; the plainest form.

        `noise` ``[B, H]`` multiplies h in the recurrent product, and nowhere else.
        """

    @abstractmethod
    def run(
        self,
        weights: Weights,
        x: "torch.Tensor",
        state: State,
        mask: "torch.Tensor | None" = None,
        noise: "torch.Tensor | None" = None,
    ) -> Run:
        """Do all steps of ``x [B, L, F]``; equal to `unroll` to rounding.

        Where `mask` ``[B, L]`` is False the step is not taken: the state stays and the output is repeated, zero before
        the first step taken; `x` must be finite there too.
        """

    @abstractmethod
    def price(self, ponder: Ponder) -> "torch.Tensor | None":
        """What `ponder` costs each window ``[B]``, to be added to the loss; None for a cell that does not ponder."""
