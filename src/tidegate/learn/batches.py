"""Batches: the panel lies on the device once; a batch is a list of windows, gathered there.

A window of L rows of one asset is one contiguous block of the panel, so all windows together are one strided view
``[R - L + 1, L·F]`` of it, and a batch is a selection of that view's rows: no window is ever copied before it is used.
"""

import warnings
from typing import NamedTuple

import numpy as np
import torch

from tidegate.learn.gathered import fits, refuse_missing, whole
from tidegate.types.axes import IntArray, Single
from tidegate.types.panel import Panel
from tidegate.types.windows import Affine, Windows

__all__ = ["Batch", "Gather"]


class Batch(NamedTuple):
    """Normalised windows ``x [B, L, F]`` and raw context ``c [B, C]``, float32."""

    x: torch.Tensor
    c: torch.Tensor


class Gather:
    """Windows on the device, ready to be gathered by position.

    ``x = (panel - centre) / scale`` in float32, centre and scale cast once, then clipped; the context as it is.

    >>> from tidegate.types import Horizon
    >>> values = np.arange(12, dtype=np.float32).reshape(6, 2)
    >>> days = np.arange("2020-01-01", "2020-01-07", dtype="datetime64[D]").astype("datetime64[us]")
    >>> panel = Panel.of(values, days, ("a",), ("f", "g"), np.arange(6), np.array([0, 6]))
    >>> anchors, target = np.array([2, 3]), np.array([0.1, 0.2])
    >>> windows = Windows.of(panel, 3, ("f",), ("g",), Horizon(lag=1, span=1), anchors, target, anchors + 2)
    >>> gather = Gather(windows, Affine.of(np.zeros((1, 1)), np.ones((1, 1))))
    >>> batch = gather.batch(gather.admit(np.array([1])))
    >>> batch.x[0, :, 0].tolist(), batch.c.tolist()
    ([2.0, 4.0, 6.0], [[7.0]])
    """

    def __init__(self, windows: Windows, affine: Affine, device: torch.device | str = "cpu") -> None:
        fits(windows, affine)
        features = len(windows.inputs)
        self._whole = whole(windows)
        self._lookback, self._features = windows.lookback, features
        rows = _columns(windows.panel, windows.inputs).to(device)
        spans = max(rows.shape[0] - windows.lookback + 1, 0)
        self._view = rows.as_strided((spans, windows.lookback * features), (features, 1))
        self._first = torch.from_numpy(windows.anchors - windows.lookback + 1).to(device)
        self._context = _columns(windows.panel, windows.context).to(device)
        self._centre = torch.from_numpy(affine.centre.astype(np.float32)).to(device)
        self._scale = torch.from_numpy(affine.scale.astype(np.float32)).to(device)
        self._clip = affine.clip
        self._shared = affine.centre.shape[0] == 1
        self._as_given = self._shared and not affine.centre.any() and bool(np.all(affine.scale == 1.0))
        self._device = device

    @property
    def lookback(self) -> int:
        """Rows L of a window."""
        return self._lookback

    def admit(self, which: IntArray) -> torch.Tensor:
        """Bring positions ``[B]`` to the device; raises `RecordError` where a window has a missing value."""
        refuse_missing(self._whole, which)
        return torch.from_numpy(np.ascontiguousarray(which, dtype=np.int64)).to(self._device)

    def batch(self, which: torch.Tensor) -> Batch:
        """Gather the windows at positions that `admit` returned."""
        first = self._first.index_select(0, which)
        x = self._view.index_select(0, first).view(-1, self._lookback, self._features)
        if self._as_given:
            pass  # (x - 0) / 1: two passes over every batch that change no bit
        elif self._shared:
            x = x.sub_(self._centre).div_(self._scale)
        else:
            x = x.sub_(self._centre.index_select(0, which).unsqueeze(1)).div_(
                self._scale.index_select(0, which).unsqueeze(1)
            )
        if self._clip is not None:
            x = x.clamp_(-self._clip, self._clip)
        return Batch(x, self._context.index_select(0, first + (self._lookback - 1)))


def _columns(panel: Panel, fields: tuple[str, ...]) -> torch.Tensor:
    """Columns of the panel ``[R, F]``: the panel's own memory where all are asked for in order, else a copy of them."""
    values: Single = panel.values
    if fields != panel.fields:
        return torch.from_numpy(np.ascontiguousarray(values[:, [panel.field(field) for field in fields]]))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not writable.*", category=UserWarning)
        return torch.from_numpy(values)
