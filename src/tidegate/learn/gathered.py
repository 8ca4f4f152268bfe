"""Windows as arrays, gathered by position without torch: what a network that speaks without it is told."""

import numpy as np

from tidegate.errors import RecordError
from tidegate.types.axes import BoolArray, IntArray, Single, require
from tidegate.types.panel import Panel
from tidegate.types.windows import Affine, Windows

__all__ = ["Gathered", "fits", "refuse_missing", "whole"]


def whole(windows: Windows) -> BoolArray:
    """Which windows have no missing value in their inputs, nor in their context [M]."""
    panel = windows.panel
    broken = np.zeros(len(panel.values), dtype=bool)
    for field in windows.inputs:
        broken |= ~np.isfinite(panel.column(field))
    count = np.concatenate([[0], np.cumsum(broken)])
    good = count[windows.anchors + 1] == count[windows.anchors + 1 - windows.lookback]
    for field in windows.context:
        good &= np.isfinite(panel.column(field)[windows.anchors])
    return np.asarray(good)


def fits(windows: Windows, affine: Affine) -> None:
    """Refuse a normaliser of other windows: one row for all, or one a window; raises `RecordError`."""
    count, features = len(windows), len(windows.inputs)
    allowed = ((1, features), (count, features))
    require(
        holds=affine.centre.shape in allowed,
        what="the normaliser is not made for these windows",
        expected=allowed,
        found=affine.centre.shape,
    )


def refuse_missing(good: BoolArray, which: IntArray) -> None:
    """Refuse windows at positions ``which [B]`` that are not `good` ``[M]``; raises `RecordError`."""
    bad = which[~good[which]]
    if bad.size:
        raise RecordError(
            "a window has a missing value",
            expected="finite inputs and context",
            found=f"{bad.size} of {which.size} windows",
            where=f"position {int(bad[0])}",
            hint="drop such windows before they are learned from or asked about",
        )


class Gathered:
    """Windows and context as `Gather` has them, bit for bit, in NumPy.

    ``x = (panel - centre) / scale`` in float32, centre and scale cast once, then clipped; the context as it is.

    >>> from tidegate.types import Horizon
    >>> values = np.arange(12, dtype=np.float32).reshape(6, 2)
    >>> days = np.arange("2020-01-01", "2020-01-07", dtype="datetime64[D]").astype("datetime64[us]")
    >>> panel = Panel.of(values, days, ("a",), ("f", "g"), np.arange(6), np.array([0, 6]))
    >>> anchors, target = np.array([2, 3]), np.array([0.1, 0.2])
    >>> windows = Windows.of(panel, 3, ("f",), ("g",), Horizon(lag=1, span=1), anchors, target, anchors + 2)
    >>> x, c = Gathered(windows, Affine.of(np.zeros((1, 1)), np.ones((1, 1)))).batch(np.array([1]))
    >>> x[0, :, 0].tolist(), c.tolist()
    ([2.0, 4.0, 6.0], [[7.0]])
    """

    def __init__(self, windows: Windows, affine: Affine) -> None:
        fits(windows, affine)
        self._whole, self._anchors = whole(windows), windows.anchors
        self._back = np.arange(-windows.lookback + 1, 1)
        self._rows, self._context = (_columns(windows.panel, names) for names in (windows.inputs, windows.context))
        self._centre, self._scale = affine.centre.astype(np.float32), affine.scale.astype(np.float32)
        self._clip, self._shared = affine.clip, affine.centre.shape[0] == 1

    def batch(self, which: IntArray) -> tuple[Single, Single]:
        """Windows ``[B, L, F]`` and context ``[B, C]`` at positions `which`; `RecordError` for missing values."""
        refuse_missing(self._whole, which)
        anchors = self._anchors[which]
        x = self._rows[anchors[:, np.newaxis] + self._back]
        centre = self._centre if self._shared else self._centre[which][:, np.newaxis]
        scale = self._scale if self._shared else self._scale[which][:, np.newaxis]
        np.subtract(x, centre, out=x)
        np.divide(x, scale, out=x)
        if self._clip is not None:
            np.clip(x, -np.float32(self._clip), np.float32(self._clip), out=x)
        return x, self._context[anchors]


def _columns(panel: Panel, fields: tuple[str, ...]) -> Single:
    """Columns of the panel ``[R, F]``: the panel's own memory where all are asked for in order, else a copy of them."""
    values: Single = panel.values
    return values if fields == panel.fields else values[:, [panel.field(field) for field in fields]]
