"""Looking ahead on purpose: the one place where a later row is brought to an earlier one.

Labels are made from the future; that is what they are for. Everything that does so comes through here, together with
the position on the time axis at which it becomes known.
"""

from typing import Literal

import numpy as np

from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.panel import Panel

__all__ = ["Count", "known_position", "row_ahead", "taken"]

Count = Literal["rows", "sessions"]
"""What a distance in time counts: bars that the asset traded, or positions on the common time axis."""


def row_ahead(panel: Panel, distance: int, count: Count) -> IntArray:
    """Find the row of the same asset `distance` later, ``[R]``; −1 where there is none.

    With ``count="rows"`` the asset's next traded bars are counted; with ``"sessions"`` positions on the time axis, and
    an asset that does not trade at that position has no row there.
    """
    rows = np.arange(panel.values.shape[0], dtype=np.int64)
    last = np.repeat(panel.offsets[1:], np.diff(panel.offsets)) - 1
    if count == "rows":
        ahead = rows + distance
        return np.where(ahead <= last, ahead, -1)
    width = len(panel.times) + 1
    keys = panel.row_asset * width + panel.row_time
    wanted = keys + distance
    place = np.searchsorted(keys, wanted)
    place = np.minimum(place, len(keys) - 1)
    hit = (keys[place] == wanted) & (panel.row_time + distance < len(panel.times))
    return np.where(hit, place, -1)


def known_position(panel: Panel, ahead: IntArray) -> IntArray:
    """Position on the time axis of the rows `ahead` ``[R]``; T where there is none: not known yet."""
    return np.where(ahead >= 0, panel.row_time[np.maximum(ahead, 0)], len(panel.times))


def taken(values: FloatArray, ahead: IntArray) -> FloatArray:
    """Take the values of the rows `ahead`, NaN where there is none."""
    return np.where(ahead >= 0, values[np.maximum(ahead, 0)], np.nan)
