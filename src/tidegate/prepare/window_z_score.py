"""Each window by its own mean and deviation: no fitting, so nothing can leak, but the level is lost."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from tidegate.prepare.normaliser import Normaliser
from tidegate.types.axes import BoolArray
from tidegate.types.windows import Affine, Windows

__all__ = ["WindowZScore"]

_BLOCK = 1 << 15


class WindowZScore(Normaliser):
    """``z[l, f] = (x[l, f] - mean_f) / deviation_f`` over the L rows of one window.

    A field that is constant over a window becomes zero. Moments are computed in float64.

    Known at
        CLOSE(anchor): a window uses itself.
    Source
        The index-timing document: each feature is standardised once within each sample.
    """

    name: ClassVar[str] = "window-z-score"

    ddof: int = Field(default=0, ge=0, le=1, description="0 divides by L, 1 by L − 1")

    def fit(self, windows: Windows, training: BoolArray) -> Affine:  # noqa: ARG002
        """Moments of every window; `training` does not matter."""
        columns = [windows.panel.field(field) for field in windows.inputs]
        values = np.ascontiguousarray(windows.panel.values[:, columns])
        centre = np.empty((len(windows), len(columns)))
        scale = np.empty_like(centre)
        if len(windows) == 0:  # the panel may be shorter than a window
            return Affine.of(centre, scale)
        views = np.lib.stride_tricks.sliding_window_view(values, windows.lookback, axis=0)
        for start in range(0, len(windows), _BLOCK):
            block = slice(start, start + _BLOCK)
            seen = views[windows.anchors[block] - windows.lookback + 1].astype(np.float64)
            centre[block] = seen.mean(axis=-1)
            deviation = seen.std(axis=-1, ddof=min(self.ddof, windows.lookback - 1))
            flat = seen.max(axis=-1) == seen.min(axis=-1)
            centre[block][flat] = seen[..., 0][flat]
            scale[block] = np.where(flat, 1.0, deviation)
        return Affine.of(centre, scale)
