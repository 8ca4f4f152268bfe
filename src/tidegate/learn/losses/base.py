"""The family of losses: a batch of scores and targets → one number to be made small.

A loss is also the one who knows how a network's outputs are read: as a score, or as classes. It is declared once; what
it must learn from the training targets (the balance of the classes) it learns in `fit`, which returns another loss, as
frozen as the first.

There are two kinds. The loss of a *window* doesn't depend on its neighbours: a batch's loss is the mean over its
windows, and batches may be cut into smaller ones that add up. The loss of a *date* compares the windows that share a
session: a batch's loss is the mean over its dates, so a date should lie in one batch.

Written with tensor methods, so that a declaration never loads torch. Letters: B batch, M windows, O outputs, K classes.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from tidegate.component import Component
from tidegate.types.axes import FloatArray

if TYPE_CHECKING:
    import torch

__all__ = ["Loss", "Said", "joined"]


class Said(NamedTuple):
    """What was said of windows: a score each ``[M]``, and of each class its probability ``[M, K]``, where there are.

    `spread` ``[M]`` is the standard deviation between the members of an ensemble; None where one model spoke.
    """

    score: FloatArray
    probabilities: FloatArray | None = None
    spread: FloatArray | None = None

    @property
    def more(self) -> dict[str, FloatArray]:
        """What there is beside the score, by the names of a forecast's columns: ``p_0`` … ``p_{K-1}``, ``spread``."""
        table = self.probabilities
        chances = {} if table is None else {f"p_{number}": table[:, number] for number in range(table.shape[1])}
        return chances if self.spread is None else {**chances, "spread": self.spread}

    def first(self, count: int) -> "Said":
        """What was said of the first `count` windows."""
        table, spread = self.probabilities, self.spread
        return Said(
            self.score[:count], None if table is None else table[:count], None if spread is None else spread[:count]
        )


def joined(parts: list[Said]) -> Said:
    """What was said of several parts of some windows, one after the other; all by one model.

    >>> joined([Said(np.zeros(2)), Said(np.ones(1))]).score.tolist()
    [0.0, 0.0, 1.0]
    """
    tables = [part.probabilities for part in parts if part.probabilities is not None]
    spreads = [part.spread for part in parts if part.spread is not None]
    return Said(
        np.concatenate([part.score for part in parts]),
        np.concatenate(tables) if tables else None,
        np.concatenate(spreads) if spreads else None,
    )


class Loss(Component):
    """Outputs and targets in the network's unit → a scalar."""

    family: ClassVar[str] = "loss"
    by_window: ClassVar[bool]
    """Whether the loss is a weighted mean over windows, each counted apart (otherwise it is a mean over dates)."""

    @abstractmethod
    def value(
        self,
        score: "torch.Tensor",
        target: "torch.Tensor",
        weight: "torch.Tensor | None",
        group: "torch.Tensor | None" = None,
    ) -> "torch.Tensor":
        """Compute the loss of a batch.

        Shapes
            outputs ``[B, O]``, targets and weights ``[B]`` (no weights: all one), `group` ``[B]`` the position of each
            window's session on the time axis; only a loss of dates looks at it.
        """

    @abstractmethod
    def mass(
        self, target: "torch.Tensor", weight: "torch.Tensor | None", group: "torch.Tensor | None" = None
    ) -> "torch.Tensor":
        """How much a batch counts in the mean over batches: the sum of its weights, or the number of its dates."""

    @abstractmethod
    def check(self, target: FloatArray, outputs: int) -> None:
        """Refuse targets ``[M]`` (in the network's unit) or a number of outputs that this loss can't be of.

        Raises `SettingError`.
        """

    @abstractmethod
    def fit(self, target: FloatArray, weight: FloatArray, outputs: int) -> "Loss":
        """Learn what there is to be learned from the training targets ``[M]``, in the network's unit.

        Raises `SettingError` as `check` does.
        """

    @abstractmethod
    def said(self, outputs: FloatArray) -> Said:
        """Read a network's outputs ``[M, O]``, float64, in the network's unit; row by row."""
