"""Curves of gates and states over runs of numbers, and their slopes, each written as a function of the curve's value.

In float32 the hyperbolic tangent is a rational function ``x P(x²) / Q(x²)`` of degrees four and four, fitted to the
least largest relative error on [-7.9, 7.9] and held flat outside, where it is within 3e-7 of one: no table, no branch,
so a compiler turns it into vectors; at most five units in the last place off. In float64 it is the library's own.
The sigmoid is ``(1 + tanh(x/2)) / 2`` in both.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from tidegate.models.fast.compiled import inner

__all__ = ["CURVES", "EDGE", "P", "Q", "copy", "lower", "squash", "wipe"]

_LINEAR, _RELU, _TANH, _SIGMOID, _HARD_SIGMOID, _HARD_SIGMOID_KERAS2 = range(6)
CURVES: Mapping[str, int] = MappingProxyType(
    {
        "linear": _LINEAR,
        "relu": _RELU,
        "tanh": _TANH,
        "sigmoid": _SIGMOID,
        "hard_sigmoid": _HARD_SIGMOID,
        "hard_sigmoid_keras2": _HARD_SIGMOID_KERAS2,
    }
)
EDGE = np.float32(7.9)
P = tuple(
    np.float32(p)
    for p in (1.0, 0.13450627028942108, 0.0035789995454251766, 2.202336872869637e-05, 1.542815120103569e-08)
)
Q = tuple(
    np.float32(q) for q in (1.0, 0.4678395390510559, 0.02619226649403572, 0.0003423662856221199, 8.598851763963467e-07)
)
_HALF = np.float32(0.5)


def _tanh(x: Any) -> Any:
    """Stand for the tangent of the right precision; the compiler puts it in."""
    raise NotImplementedError


def _single(x: Any) -> Any:
    x = -EDGE if x < -EDGE else x
    x = EDGE if x > EDGE else x
    u = x * x
    p = (((P[4] * u + P[3]) * u + P[2]) * u + P[1]) * u + P[0]
    q = (((Q[4] * u + Q[3]) * u + Q[2]) * u + Q[1]) * u + Q[0]
    return x * p / q


def _double(x: Any) -> Any:
    return math.tanh(x)


@overload(_tanh)
def _tanh_by_precision(x: Any) -> Callable[[Any], Any]:
    return _single if x == types.float32 else _double


@inner
def squash(v: Any, start: int, stop: int, curve: int) -> None:
    """Put ``curve(v)`` in the place of ``v[start:stop]``."""
    w = v[start:stop]
    half, one, zero = w.dtype.type(0.5), w.dtype.type(1.0), w.dtype.type(0.0)
    if curve == _SIGMOID:
        for j in range(w.size):
            w[j] = half * _tanh(half * w[j]) + half
    elif curve == _TANH:
        for j in range(w.size):
            w[j] = _tanh(w[j])
    elif curve == _RELU:
        for j in range(w.size):
            w[j] = zero if w[j] < zero else w[j]
    elif curve != _LINEAR:
        scale = w.dtype.type(1.0 / 6.0) if curve == _HARD_SIGMOID else w.dtype.type(0.2)
        for j in range(w.size):
            y = w[j] * scale + half
            y = zero if y < zero else y
            w[j] = one if y > one else y


@inner
def lower(d: Any, start_d: int, v: Any, start_v: int, count: int, curve: int) -> None:
    """Multiply `count` gradients ``d`` by the slope of `curve` where its value is ``v``."""
    g, w = d[start_d : start_d + count], v[start_v : start_v + count]
    one, zero = w.dtype.type(1.0), w.dtype.type(0.0)
    if curve == _SIGMOID:
        for j in range(count):
            g[j] *= w[j] * (one - w[j])
    elif curve == _TANH:
        for j in range(count):
            g[j] *= one - w[j] * w[j]
    elif curve == _RELU:
        for j in range(count):
            g[j] = g[j] if w[j] > zero else zero
    elif curve != _LINEAR:
        scale = w.dtype.type(1.0 / 6.0) if curve == _HARD_SIGMOID else w.dtype.type(0.2)
        for j in range(count):
            g[j] = scale * g[j] if zero < w[j] < one else zero


@inner
def copy(source: Any, into: Any) -> None:
    """Copy a run of numbers; a loop compiles fifty times faster than an assignment of slices."""
    for j in range(into.size):
        into[j] = source[j]


@inner
def wipe(into: Any) -> None:
    """Set a run of numbers to zero."""
    for j in range(into.size):
        into[j] = 0
