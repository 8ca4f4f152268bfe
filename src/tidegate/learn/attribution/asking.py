"""Asking a fitted network about windows whose inputs were changed; what its outputs mean, as a function of them."""

from collections.abc import Callable

import numpy as np
import torch

from tidegate.errors import SettingError
from tidegate.learn.batches import Batch, Gather
from tidegate.learn.fitted import Fitted
from tidegate.learn.losses.classes import BinaryCrossEntropy, SoftmaxLoss
from tidegate.learn.speak import TILE
from tidegate.models.base import Network
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["answers", "network_of", "read_score"]

Change = Callable[[Batch, IntArray], Batch]


def network_of(fitted: Fitted) -> torch.nn.Module:
    """The network's module; raises `SettingError` for a model that is no network.

    An ensemble answers with the mean of its members' outputs, however it combines scores.
    """
    if not isinstance(fitted.model, Network):
        raise SettingError("only a network can be asked in this way", found=fitted.model.name)
    return fitted.module(apart=False)


def answers(module: torch.nn.Module, gather: Gather, which: IntArray, change: Change | None = None) -> FloatArray:
    """Outputs ``[M, O]`` for windows at positions `which`, tile by tile.

    `change` is handed each batch with its places in `which`, and returns what is asked instead.
    Raises `RecordError` where a window has a missing value.
    """
    said = []
    with torch.no_grad():
        for at in range(0, which.size, TILE):
            places = np.arange(at, min(at + TILE, which.size))
            batch = gather.batch(gather.admit(which[places]))
            said.append(module(*(batch if change is None else change(batch, places))).double().numpy())
    return np.concatenate(said)


def read_score(fitted: Fitted, outputs: torch.Tensor) -> torch.Tensor:
    """The score ``[B]`` in the label's unit as a function of outputs ``[B, O]`` that can be differentiated."""
    if isinstance(fitted.loss, SoftmaxLoss):
        numbers = torch.arange(outputs.shape[1], dtype=outputs.dtype)
        score = (outputs.softmax(dim=1) * numbers).sum(dim=1)
    else:
        score = outputs[:, 0].sigmoid() if isinstance(fitted.loss, BinaryCrossEntropy) else outputs[:, 0]
    return score * fitted.target_scale.scale + fitted.target_scale.centre
