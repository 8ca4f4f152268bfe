"""The family of normalisers: Windows → the affine map that makes their inputs comparable."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from tidegate.component import Component
from tidegate.errors import SettingError
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.windows import Affine, Windows

__all__ = ["Normaliser", "training_rows"]


class Normaliser(Component):
    """Fitted on the training windows alone, applied to all.

    Known at
        `Affine.fitted_upto` says up to which bar it has seen data; None where each window uses only itself.
    """

    family: ClassVar[str] = "normaliser"

    @abstractmethod
    def fit(self, windows: Windows, training: BoolArray) -> Affine:
        """Learn centre and scale from the inputs of the windows that `training` ``[M]`` marks."""


def training_rows(windows: Windows, training: BoolArray) -> tuple[FloatArray, int]:
    """Every panel row that some training window sees, as float64 ``[rows, F]``, and the last position among them."""
    anchors: IntArray = windows.anchors[training]
    if anchors.size == 0:
        raise SettingError(
            "no training window is left to fit a normaliser", hint="move the split, shorten the lookback or the horizon"
        )
    edges = np.zeros(windows.panel.values.shape[0] + 1, dtype=np.int64)
    np.add.at(edges, anchors - windows.lookback + 1, 1)
    np.add.at(edges, anchors + 1, -1)
    seen = np.cumsum(edges[:-1]) > 0
    columns = [windows.panel.field(field) for field in windows.inputs]
    return windows.panel.values[seen][:, columns].astype(np.float64), int(windows.panel.row_time[seen].max())
