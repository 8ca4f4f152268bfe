"""Activations inside Triton kernels, and their slopes from their own values, by number.

Written with exponentials alone: hyperbolic tangents come from vendor libraries, which not every target of Triton has.
NaN goes through every curve.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tidegate.models.gpu.language import constexpr, jit, tl

__all__ = ["NUMBERS", "curve", "slope"]

NUMBERS: Mapping[str, int] = MappingProxyType(
    {"linear": 0, "relu": 1, "tanh": 2, "sigmoid": 3, "hard_sigmoid": 4, "hard_sigmoid_keras2": 5}
)


@jit
def _tanh(x: "Any") -> Any:
    small = tl.exp(-2.0 * tl.abs(x))
    y = (1.0 - small) / (1.0 + small)
    y = tl.where(x < 0, -y, y)
    if x.dtype != tl.float64:  # near zero the difference above has no digits left: the series does
        s = x * x
        series = x * (1.0 + s * (-1.0 / 3.0 + s * (2.0 / 15.0 + s * (-17.0 / 315.0 + s * (62.0 / 2835.0)))))
        y = tl.where(s < 0.09, series, y)
    return y


@jit
def _sigmoid(x: "Any") -> Any:
    small = tl.exp(-tl.abs(x))
    y = 1.0 / (1.0 + small)
    return tl.where(x < 0, small * y, y)


@jit
def _within(y: "Any") -> Any:
    y = tl.where(y < 0.0, 0.0, y)
    return tl.where(y > 1.0, 1.0, y)


@jit
def curve(x: "Any", CURVE: constexpr) -> Any:
    """Apply the activation of that number."""
    y = x
    if CURVE == 1:
        y = tl.where(x < 0.0, 0.0, x)
    elif CURVE == 2:
        y = _tanh(x)
    elif CURVE == 3:
        y = _sigmoid(x)
    elif CURVE == 4:
        y = _within(x / 6.0 + 0.5)
    elif CURVE == 5:
        y = _within(x / 5.0 + 0.5)
    return y


@jit
def slope(y: "Any", CURVE: constexpr) -> Any:
    """Return the derivative of the activation of that number where its value is `y`."""
    s = y * 0.0 + 1.0
    if CURVE == 1:
        s = tl.where(y > 0.0, 1.0, 0.0).to(y.dtype)
    elif CURVE == 2:
        s = 1.0 - y * y
    elif CURVE == 3:
        s = y * (1.0 - y)
    elif CURVE == 4:
        s = tl.where((y > 0.0) & (y < 1.0), 1.0, 0.0).to(y.dtype) / 6.0
    elif CURVE == 5:
        s = tl.where((y > 0.0) & (y < 1.0), 1.0, 0.0).to(y.dtype) / 5.0
    return s
