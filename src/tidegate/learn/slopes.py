"""The gradient of a batch's loss with respect to its scores: what a network computed directly goes back from."""

import numpy as np
import torch

from tidegate.learn.ground import Part
from tidegate.learn.losses import MSE, Loss

__all__ = ["sloped"]


def sloped(loss: Loss, score: torch.Tensor, part: Part, share: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the loss of ``score [B, O]`` and ``share ∂loss/∂score`` ``[B, O]``.

    Any loss is differentiated by autograd; that of MSE without weights, ``2 (s - y) share / B``, is written down, with
    the operations of autograd in their order, and so with its bits.

    >>> part = Part(torch.tensor([1.0, 2.0]), None, None)
    >>> loss, slope = sloped(MSE(), torch.tensor([[2.0], [0.0]]), part)
    >>> loss.item(), slope.tolist()
    (2.5, [[1.0], [-2.0]])
    """
    if isinstance(loss, MSE) and part.weight is None:
        missed = score[:, 0] - part.target
        value = missed.square().mean()
        even = float(np.float32(share) / np.float32(len(missed)))
        return value, missed.mul_(2.0).mul_(even).unsqueeze(1)
    with torch.enable_grad():
        leaf = score.detach().requires_grad_()
        value = loss.value(leaf, *part)
        (slope,) = torch.autograd.grad(value * share if share != 1.0 else value, leaf)
    return value.detach(), slope
