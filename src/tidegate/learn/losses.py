"""Losses: how wrong a batch of scores is, as one weighted mean.

Written with tensor methods, so that a declaration never loads torch. Letters: B batch, O outputs.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from tidegate.component import Component

if TYPE_CHECKING:
    import torch

__all__ = ["MAE", "MSE", "Huber", "Loss"]


class Loss(Component):
    """Scores and targets in the network's unit → a scalar."""

    family: ClassVar[str] = "loss"

    @abstractmethod
    def value(self, score: "torch.Tensor", target: "torch.Tensor", weight: "torch.Tensor | None") -> "torch.Tensor":
        """Return the weighted mean over the batch: scores ``[B, O]``, targets and weights ``[B]``; None is all ones."""


class MSE(Loss):
    """``Σ w (s - y)² / Σ w``.

    >>> import torch
    >>> MSE().value(torch.tensor([[1.0], [3.0]]), torch.tensor([0.0, 0.0]), None).item()
    5.0
    """

    name: ClassVar[str] = "mse"

    def value(self, score: "torch.Tensor", target: "torch.Tensor", weight: "torch.Tensor | None") -> "torch.Tensor":
        """Weigh squared errors."""
        return _mean((score[:, 0] - target).square(), weight)


class MAE(Loss):
    """``Σ w |s - y| / Σ w``.

    >>> import torch
    >>> MAE().value(torch.tensor([[1.0], [3.0]]), torch.zeros(2), torch.tensor([3.0, 1.0])).item()
    1.5
    """

    name: ClassVar[str] = "mae"

    def value(self, score: "torch.Tensor", target: "torch.Tensor", weight: "torch.Tensor | None") -> "torch.Tensor":
        """Weigh absolute errors."""
        return _mean((score[:, 0] - target).abs(), weight)


class Huber(Loss):
    """Squared near zero, absolute beyond `delta`: ``½e²`` for ``|e| ≤ δ``, else ``δ(|e| - ½δ)`` (Huber 1964).

    >>> import torch
    >>> Huber(delta=1.0).value(torch.tensor([[0.5], [3.0]]), torch.zeros(2), None).item()
    1.3125
    """

    name: ClassVar[str] = "huber"

    delta: float = Field(default=1.0, gt=0, description="where it turns, in the unit that the network is trained on")

    def value(self, score: "torch.Tensor", target: "torch.Tensor", weight: "torch.Tensor | None") -> "torch.Tensor":
        """Weigh Huber's errors."""
        size = (score[:, 0] - target).abs()
        near = size.clamp(max=self.delta)
        return _mean(near * (size - 0.5 * near), weight)


def _mean(errors: "torch.Tensor", weight: "torch.Tensor | None") -> "torch.Tensor":
    return errors.mean() if weight is None else (errors * weight).sum() / weight.sum()
