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

from tidegate.component import Component
from tidegate.types.axes import FloatArray

if TYPE_CHECKING:
    import torch

__all__ = ["Loss", "Said"]


class Said(NamedTuple):
    """What was said of windows: a score each ``[M]``, and of each class its probability ``[M, K]``, where there are.

    `spread` ``[M]`` is the standard deviation between the members of an ensemble; None where one model spoke.
    """

    score: FloatArray
    probabilities: FloatArray | None = None
    spread: FloatArray | None = None


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
