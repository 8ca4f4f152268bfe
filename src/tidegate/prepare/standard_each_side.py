"""A scaler that treats what is judged as if it could be standardised by itself: a published mistake, for comparison."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.prepare.normaliser import Normaliser, training_rows
from tidegate.types.axes import BoolArray
from tidegate.types.windows import Affine, Windows

__all__ = ["StandardEachSide"]


class StandardEachSide(Normaliser):
    """``(x - mean) / deviation``: learned windows by the moments of their own range, all others by those of theirs.

    The moments of the judged range are of the whole of it, to its last day: the first forecast already rests on them.

    Known at
        Never lawful: the last row that any window sees.
    Shapes
        One pair a window ``[M, F]``, of which two differ.
    Source
        The public template of the stock-selection study, which standardises the table it learns from and the table it
        judges each over all of itself.
    """

    name: ClassVar[str] = "standard-each-side"
    mistake: ClassVar[str] = (
        "LEAKS: judged windows are standardised by the moments of the whole judged range, most of which lies ahead."
    )
    example: ClassVar[dict[str, Any]] = {"clip": 5.0}

    clip: float | None = Field(default=None, gt=0, description="largest absolute value that is given on; null: all")

    def fit(self, windows: Windows, training: BoolArray) -> Affine:
        """Moments of the training rows, and of the rows that the other windows see."""
        made = np.zeros((2, len(windows), len(windows.inputs)))
        upto = 0
        for side in (training, ~training):
            if not side.any():
                continue
            rows, last = training_rows(windows, side)
            upto = max(upto, last)
            deviation = rows.std(axis=0)
            flat = rows.max(axis=0) == rows.min(axis=0)
            made[0, side], made[1, side] = rows.mean(axis=0), np.where(flat, 1.0, deviation)
        return Affine.of(made[0], made[1], upto, self.clip)
