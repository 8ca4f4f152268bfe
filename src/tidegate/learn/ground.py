"""Ground: what a network learns from, on the device, and how much each window counts there."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch

from tidegate.learn.batches import Gather
from tidegate.learn.losses.base import Loss
from tidegate.learn.sampling import whole_dates
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Facts", "Ground", "Part"]


class Ground(NamedTuple):
    """What a network learns from: windows, targets in the network's unit ``[M]``, weights ``[M]``, positions.

    `session` and `asset` ``[M]`` say when each window ends and whose it is.
    """

    gather: Gather
    target: torch.Tensor
    weight: FloatArray
    session: IntArray
    asset: IntArray
    train: IntArray
    valid: IntArray
    watched: Mapping[str, IntArray]


class Part(NamedTuple):
    """Some windows as a loss takes them: targets, weights (None: all one) and sessions (None: it does not ask)."""

    target: torch.Tensor
    weight: torch.Tensor | None
    group: torch.Tensor | None


class Facts:
    """Targets, weights and sessions of all windows on one device, and the loss that reads them."""

    def __init__(self, loss: Loss, ground: Ground, device: torch.device) -> None:
        self.loss, self.ground, self.device = loss, ground, device
        alike = bool(np.all(ground.weight == 1.0))
        self._target = ground.target.to(device)
        self._weight = None if alike else torch.from_numpy(ground.weight.astype(np.float32)).to(device)
        self._group = None if loss.by_window else torch.from_numpy(ground.session.copy()).to(device)

    def of(self, which: torch.Tensor) -> Part:
        """What the loss is told of the windows at positions `which`."""
        return Part(
            self._target.index_select(0, which),
            None if self._weight is None else self._weight.index_select(0, which),
            None if self._group is None else self._group.index_select(0, which),
        )

    def mass(self, which: IntArray) -> float:
        """How much a batch counts in a mean over batches."""
        return float(self.loss.mass(*self.of(torch.from_numpy(which).to(self.device))))

    def cut(self, which: IntArray, rows: int) -> list[IntArray]:
        """Cut a batch into parts of at most `rows` windows whose losses add up to the batch's own.

        Where a loss compares the windows of a date, dates stay whole, and a part may be as large as one date.
        """
        if which.size <= rows:
            return [which]
        if self.loss.by_window:
            return [which[at : at + rows] for at in range(0, which.size, rows)]
        return whole_dates(which, self.ground.session, rows)
