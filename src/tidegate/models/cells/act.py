"""Adaptive computation time: a cell that decides, sample by sample, how many steps to think about one input.

It wraps any cell. At every time step the cell is run again and again on the same input; after each run a halting unit
looks at the output, and once its weights add up to nearly one, output and state become the means of what was thought,
weighted by them. What was spent (steps and remainder) is reported apart, by time step and sample, so that a loss may
charge for it and a figure may show it.

The settings of a layer (units, layers, dropout, initialisers, activations) are the inner cell's. Two forms: plain,
which runs any cell, and fast, a fused kernel for the gated ones.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tidegate.errors import SettingError
from tidegate.models.cells.base import Cell, Ponder, Run, State, Weights
from tidegate.models.cells.gated import FusedKind, Gated
from tidegate.models.initialisers import initial
from tidegate.models.ponder import Rule, ponder_over, think

if TYPE_CHECKING:
    import torch

__all__ = ["ACT"]


class ACT(Cell):
    """Adaptive computation time over `cell`; state and output are the halting-weighted means of its own.

    ``s_n = cell(x ⊕ [n = 1], s_{n-1})``, ``h_n = σ(w y_n + b)``, ``N = min{n: Σ_{k≤n} h_k ≥ 1 - ε}`` or the limit,
    ``R = 1 - Σ_{k<N} h_k``, ``y = Σ_{n<N} h_n y_n + R y_N``, ``s = Σ_{n<N} h_n s_n + R s_N``; ponder ``N + R``.

    Shapes
        the inner cell's weights for F inputs (F + 1 with the flag, the last), halting ``[H]``, its bias ``[1]``;
        steps and remainder ``[B, L]``, zero where a mask forbids the step.
    Settings refused
        with a `SettingError`: an inner cell that is an ACT, or names a form; a form that does not know the inner cell.
    Gradients
        flow through every weight ``h_n`` and through R; N is piecewise constant.
    Missing values
        None are allowed: a NaN in a window never reaches the threshold, and thinks to the limit.
    Source
        Graves (2016), *Adaptive Computation Time for Recurrent Neural Networks*.

    >>> from tidegate.models.cells.lstm import LSTM
    >>> act = ACT(cell=LSTM(hidden=32), epsilon=0.1)
    >>> act.hidden, act.layers, act.limit
    (32, 1, 30)
    """

    name: ClassVar[str] = "act"
    example: ClassVar[dict[str, Any]] = {"cell": {"name": "lstm", "hidden": 8}}

    cell: Cell = Field(description="the cell that ponders; its settings are the layer's")
    epsilon: float = Field(default=0.01, gt=0, lt=1, description="halt when the halting weights sum to 1 - epsilon")
    limit: int = Field(default=30, ge=1, description="most ponder steps per time step")
    ponder_cost: float = Field(default=0.001, ge=0, description="price τ of the ponder, added to the loss")
    first_step_flag: bool = Field(default=True, description="one more input: 1 at a time step's first ponder step")
    halting_bias: float = Field(default=1.0, description="the halting unit's bias at the start; lower thinks longer")
    form: Literal["auto", "fast", "plain"] = Field(default="auto", description="how it is computed")

    @model_validator(mode="after")
    def _refuse(self) -> Self:
        if isinstance(self.cell, ACT):
            raise SettingError("an ACT can't wrap an ACT", expected="any other cell", where="act.cell")
        inner = getattr(self.cell, "form", "auto")
        if inner != "auto":
            raise SettingError(
                "the inner cell of an ACT is not run by itself",
                expected="auto",
                found=inner,
                where="act.cell.form",
                hint="the form is the ACT's own setting",
            )
        if self.form == "fast" and self.fused_as is None:
            raise SettingError(
                "no fused kernel ponders with this inner cell's settings",
                expected="auto or plain",
                found="fast",
                where="act.form",
            )
        return self

    @property
    def fused_as(self) -> FusedKind | None:
        """What the fused kernel calls the inner cell; None where it does not know the cell or its settings."""
        return self.cell.fused_as if isinstance(self.cell, Gated) else None

    @property
    def rule(self) -> Rule:
        """When a sample stops to ponder."""
        return Rule(self.epsilon, self.limit, self.first_step_flag)

    @property
    def hidden(self) -> int:
        """Units H of every layer: the inner cell's."""
        return self.cell.hidden

    @property
    def layers(self) -> int:
        """Layers on top of each other: the inner cell's; every layer ponders for itself."""
        return self.cell.layers

    @property
    def dropout(self) -> float:
        """Share of the outputs dropped between layers: the inner cell's."""
        return self.cell.dropout

    @property
    def input_dropout(self) -> float:
        """Share of each layer's inputs dropped: the inner cell's; the flag is never dropped."""
        return self.cell.input_dropout

    @property
    def recurrent_dropout(self) -> float:
        """Share of the former output dropped: the inner cell's, the same units at every ponder step."""
        return self.cell.recurrent_dropout

    @property
    def bidirectional(self) -> bool:
        """Whether every layer also reads the window backwards: the inner cell's."""
        return self.cell.bidirectional

    @property
    def gates(self) -> tuple[str, ...]:
        """Gates of the inner cell; the halting unit has weights of its own."""
        return self.cell.gates

    @property
    def computed_by(self) -> str:
        """The form that computes `run` on the processor."""
        return "plain" if self.form == "plain" or self.fused_as is None else "fast"

    @property
    def apart(self) -> Self:
        """The plain form over the inner cell's steps with rows apart."""
        return self.model_copy(update={"form": "plain", "cell": self.cell.but(form="apart")})

    def draw(self, inputs: int, generator: "torch.Generator") -> Weights:
        """Draw the inner cell's weights, with one input more for the flag, and the halting unit's."""
        import torch

        weights = dict(self.cell.draw(inputs + int(self.first_step_flag), generator))
        weights["halting"] = initial("glorot_uniform", (1, self.hidden), generator)[0]
        weights["halting_bias"] = torch.full((1,), self.halting_bias)
        return weights

    def start(self, batch: int, like: "torch.Tensor") -> State:
        """Return the inner cell's start."""
        return self.cell.start(batch, like)

    def step(
        self, weights: Weights, x: "torch.Tensor", state: State, noise: "torch.Tensor | None" = None
    ) -> "tuple[torch.Tensor, State]":
        """Ponder over one time step, and return the means."""
        thought = think(self.cell, self.rule, weights, x, state, noise)
        return thought.output, thought.state

    def run(
        self,
        weights: Weights,
        x: "torch.Tensor",
        state: State,
        mask: "torch.Tensor | None" = None,
        noise: "torch.Tensor | None" = None,
    ) -> Run:
        """Ponder over every time step of ``x [B, L, F]``; masks and noise as any cell has them."""
        kind = self.fused_as if x.device.type == "cpu" else None
        if self.form == "fast" and kind is None:
            raise SettingError(
                "the fused kernel ponders on the processor alone",
                expected="cpu",
                found=x.device.type,
                where="act.form",
                hint="auto takes the plain form on other devices",
            )
        if self.form != "plain" and kind is not None:
            from tidegate.models.fast.ponder import ponder_fused

            return ponder_fused(kind, self.rule, weights, x, state, mask, noise)
        return ponder_over(self.cell, self.rule, weights, x, state, mask, noise)

    def price(self, ponder: Ponder) -> "torch.Tensor":
        """``τ Σ_t (N_t + R_t)`` of each window ``[B]``."""
        return self.ponder_cost * (ponder.steps + ponder.remainder).sum(dim=1)
