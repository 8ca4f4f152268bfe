"""Scalers fitted on the training range alone: min–max, standard, and none."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from tidegate.prepare.normaliser import Normaliser, training_rows
from tidegate.types.axes import BoolArray
from tidegate.types.windows import Affine, Windows

__all__ = ["AsGiven", "MinMax", "Standard"]


class MinMax(Normaliser):
    """``(x - min) / (max - min)`` with the extremes of the training range; later values may leave [0, 1].

    Known at
        The close of the last row that a training window sees.
    Missing values
        A field constant over training is only centred.
    """

    name: ClassVar[str] = "min-max"

    def fit(self, windows: Windows, training: BoolArray) -> Affine:
        """Extremes of the training rows."""
        rows, upto = training_rows(windows, training)
        low, high = rows.min(axis=0), rows.max(axis=0)
        return Affine.of(low[None, :], np.where(high > low, high - low, 1.0)[None, :], upto)


class Standard(Normaliser):
    """``(x - mean) / deviation`` with the moments of the training range (ddof 0), pulled in to ``± clip`` on request.

    Known at
        The close of the last row that a training window sees.
    """

    name: ClassVar[str] = "standard"

    clip: float | None = Field(default=None, gt=0, description="largest absolute value that is given on; null: all")

    def fit(self, windows: Windows, training: BoolArray) -> Affine:
        """Moments of the training rows."""
        rows, upto = training_rows(windows, training)
        deviation = rows.std(axis=0)
        flat = rows.max(axis=0) == rows.min(axis=0)
        return Affine.of(rows.mean(axis=0)[None, :], np.where(flat, 1.0, deviation)[None, :], upto, self.clip)


class AsGiven(Normaliser):
    """Inputs as they are: for factors that are normalised already.

    Known at
        Always: it looks at no number.
    """

    name: ClassVar[str] = "as-given"

    def fit(self, windows: Windows, training: BoolArray) -> Affine:  # noqa: ARG002
        """Centre 0, scale 1."""
        width = len(windows.inputs)
        return Affine.of(np.zeros((1, width)), np.ones((1, width)))
