"""One hash over arrays and settings: by name, type, shape and bytes, never by how a file happens to lay them out."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.component import fingerprint
from tidegate.types.windows import Affine, Windows

__all__ = ["digest_arrays", "digest_scaler", "digest_windows"]


def digest_arrays(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over named arrays, in the order of their names.

    >>> digest_arrays({"a": np.zeros(2)}) == digest_arrays({"a": np.zeros((2, 1))})
    False
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{name}\0{little.dtype.str}\0{array.shape}\0".encode())
        digest.update(little.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def digest_scaler(affine: Affine) -> str:
    """SHA-256 of a normaliser that was fitted once for all windows; "per window" where each window has its own."""
    if affine.centre.shape[0] != 1:
        return "per window"
    return digest_arrays({"centre": affine.centre, "scale": affine.scale, **_clip(affine)})


def digest_windows(windows: Windows, affine: Affine) -> str:
    """SHA-256 over all numbers that a fit can see: panel, anchors, targets, weights, normaliser."""
    panel = windows.panel
    numbers = digest_arrays(
        {
            "panel": panel.values,
            "anchors": windows.anchors,
            "target": windows.target,
            "weight": windows.weight,
            "centre": affine.centre,
            "scale": affine.scale,
            **_clip(affine),
        }
    )
    return fingerprint(numbers, panel.fields, windows.inputs, windows.context, windows.lookback, windows.horizon)


def _clip(affine: Affine) -> dict[str, NDArray[Any]]:
    return {} if affine.clip is None else {"clip": np.array([affine.clip])}
