"""Losses of a score against a number: squared, absolute, Huber's, and the quantile loss."""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from tidegate.errors import SettingError
from tidegate.learn.losses.base import Loss, Said
from tidegate.learn.losses.mean import weighted_mean, weights_sum
from tidegate.types.axes import FloatArray

if TYPE_CHECKING:
    import torch

__all__ = ["MAE", "MSE", "Huber", "Quantile", "RegressionLoss"]


class RegressionLoss(Loss):
    """A loss of one score against one number, window by window: ``Σ w e(s, y) / Σ w``."""

    by_window: ClassVar[bool] = True

    @abstractmethod
    def errors(self, score: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
        """How wrong each score ``[B]`` is about its target ``[B]``."""

    def value(
        self,
        score: "torch.Tensor",
        target: "torch.Tensor",
        weight: "torch.Tensor | None",
        group: "torch.Tensor | None" = None,  # noqa: ARG002
    ) -> "torch.Tensor":
        """Weigh the errors of the first output; the sessions don't matter."""
        return weighted_mean(self.errors(score[:, 0], target), weight)

    def mass(
        self,
        target: "torch.Tensor",
        weight: "torch.Tensor | None",
        group: "torch.Tensor | None" = None,  # noqa: ARG002
    ) -> "torch.Tensor":
        """Sum the weights."""
        return weights_sum(target, weight)

    def check(self, target: FloatArray, outputs: int) -> None:  # noqa: ARG002
        """Refuse a network of several outputs: all but one would never be learned."""
        if outputs != 1:
            raise SettingError(
                f"the loss {self.name!r} compares one score with one number",
                expected="1 output",
                found=f"{outputs} outputs",
                hint="set the network's outputs to 1, or take a loss of classes",
            )

    def fit(self, target: FloatArray, weight: FloatArray, outputs: int) -> Loss:  # noqa: ARG002
        """Learn nothing."""
        self.check(target, outputs)
        return self

    def said(self, outputs: FloatArray) -> Said:
        """The output is the score."""
        return Said(outputs[:, 0])


class MSE(RegressionLoss):
    """``Σ w (s - y)² / Σ w``.

    >>> import torch
    >>> MSE().value(torch.tensor([[1.0], [3.0]]), torch.tensor([0.0, 0.0]), None).item()
    5.0
    """

    name: ClassVar[str] = "mse"

    def errors(self, score: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
        """Square."""
        return (score - target).square()


class MAE(RegressionLoss):
    """``Σ w |s - y| / Σ w``.

    >>> import torch
    >>> MAE().value(torch.tensor([[1.0], [3.0]]), torch.zeros(2), torch.tensor([3.0, 1.0])).item()
    1.5
    """

    name: ClassVar[str] = "mae"

    def errors(self, score: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
        """Take sizes."""
        return (score - target).abs()


class Huber(RegressionLoss):
    """Squared near zero, absolute beyond `delta`: ``½e²`` for ``|e| ≤ δ``, else ``δ(|e| - ½δ)`` (Huber 1964).

    >>> import torch
    >>> Huber(delta=1.0).value(torch.tensor([[0.5], [3.0]]), torch.zeros(2), None).item()
    1.3125
    """

    name: ClassVar[str] = "huber"

    delta: float = Field(default=1.0, gt=0, description="where it turns, in the unit that the network is trained on")

    def errors(self, score: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
        """Square what is near, take the size of what is far."""
        size = (score - target).abs()
        near = size.clamp(max=self.delta)
        return near * (size - 0.5 * near)


class Quantile(RegressionLoss):
    """The pinball loss, smallest where the score is the quantile `level` of what comes (Koenker & Bassett 1978).

    ``e = max(τ (y - s), (τ - 1) (y - s))``; with ``τ = ½`` it is half the absolute error.

    >>> import torch
    >>> Quantile(level=0.75).value(torch.zeros(2, 1), torch.tensor([1.0, -1.0]), None).item()
    0.5
    """

    name: ClassVar[str] = "quantile"

    level: float = Field(default=0.5, gt=0, lt=1, description="which quantile τ the score should be")

    def errors(self, score: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
        """Weigh misses above and below unequally."""
        missed = target - score
        return missed.clamp(min=0.0) * self.level + missed.clamp(max=0.0) * (self.level - 1.0)
