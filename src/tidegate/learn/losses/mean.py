"""The weighted mean over a batch, and what it is divided by."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["weighted_mean", "weights_sum"]


def weighted_mean(errors: "torch.Tensor", weight: "torch.Tensor | None") -> "torch.Tensor":
    """``Σ w e / Σ w`` over ``[B]``; no weights are all one."""
    return errors.mean() if weight is None else (errors * weight).sum() / weight.sum()


def weights_sum(target: "torch.Tensor", weight: "torch.Tensor | None") -> "torch.Tensor":
    """``Σ w`` over ``[B]``, in double precision."""
    return target.new_ones((), dtype=target.double().dtype) * len(target) if weight is None else weight.double().sum()
