"""What a rival sees of some windows, in float64."""

import numpy as np

from tidegate.errors import RecordError
from tidegate.models.base import Seen
from tidegate.types.axes import IntArray
from tidegate.types.windows import Affine, Windows

__all__ = ["seen_by"]


def seen_by(windows: Windows, affine: Affine, which: IntArray) -> Seen:
    """Gather windows at positions `which`: raw, normalised, and their context; raises `RecordError` for missing values.

    These are copies, L times as large as the panel's rows: a rival is asked in tiles.
    """
    anchors = windows.anchors[which]
    rows = anchors[:, None] + np.arange(-windows.lookback + 1, 1)
    columns = [windows.panel.field(field) for field in windows.inputs]
    x = windows.panel.values[rows[:, :, None], columns].astype(np.float64)
    shared = affine.centre.shape[0] == 1
    centre = affine.centre if shared else affine.centre[which]
    scale = affine.scale if shared else affine.scale[which]
    around = [windows.panel.field(field) for field in windows.context]
    context = windows.panel.values[anchors[:, None], around].astype(np.float64)
    if not bool(np.isfinite(x).all() and np.isfinite(context).all()):
        raise RecordError(
            "a window has a missing value",
            expected="finite inputs and context",
            hint="drop such windows before a model is asked about them",
        )
    z = (x - centre[:, None]) / scale[:, None]
    if affine.clip is not None:
        z = np.clip(z, -affine.clip, affine.clip)
    return Seen(x, z, context, windows.inputs, windows.horizon, windows.anchor_time[which])
