"""Operators that look at one bar alone: what is handed in is [n] each, and the last is written to."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from tidegate.factors.expression.kernels import compiled
from tidegate.types.axes import FloatArray

__all__ = ["ELEMENTS"]


@compiled
def _divide(x: FloatArray, y: FloatArray, made: FloatArray) -> None:
    for t in range(made.size):
        made[t] = x[t] / y[t] if y[t] != 0.0 else np.nan


@compiled
def _above(x: FloatArray, y: FloatArray, made: FloatArray) -> None:
    for t in range(made.size):
        there = x[t] > y[t] or x[t] <= y[t]
        made[t] = (1.0 if x[t] > y[t] else 0.0) if there else np.nan


@compiled
def _at_least(x: FloatArray, y: FloatArray, made: FloatArray) -> None:
    for t in range(made.size):
        there = x[t] >= y[t] or x[t] < y[t]
        made[t] = (1.0 if x[t] >= y[t] else 0.0) if there else np.nan


@compiled
def _equal(x: FloatArray, y: FloatArray, made: FloatArray) -> None:
    for t in range(made.size):
        there = x[t] >= y[t] or x[t] < y[t]
        made[t] = (1.0 if x[t] == y[t] else 0.0) if there else np.nan


@compiled
def _both(x: FloatArray, y: FloatArray, made: FloatArray) -> None:
    for t in range(made.size):
        there = x[t] == x[t] and y[t] == y[t]  # NaN is unequal to itself
        made[t] = (1.0 if x[t] != 0.0 and y[t] != 0.0 else 0.0) if there else np.nan


@compiled
def _either(x: FloatArray, y: FloatArray, made: FloatArray) -> None:
    for t in range(made.size):
        there = x[t] == x[t] and y[t] == y[t]
        made[t] = (1.0 if x[t] != 0.0 or y[t] != 0.0 else 0.0) if there else np.nan


@compiled
def _opposite(x: FloatArray, made: FloatArray) -> None:
    for t in range(made.size):
        made[t] = (1.0 if x[t] == 0.0 else 0.0) if x[t] == x[t] else np.nan


@compiled
def _if(condition: FloatArray, x: FloatArray, y: FloatArray, made: FloatArray) -> None:
    for t in range(made.size):
        chosen = x[t] if condition[t] != 0.0 else y[t]
        made[t] = chosen if condition[t] == condition[t] else np.nan


@compiled
def _filled(x: FloatArray, y: FloatArray, made: FloatArray) -> None:
    for t in range(made.size):
        made[t] = x[t] if np.isfinite(x[t]) else y[t]


@compiled
def _present(x: FloatArray, made: FloatArray) -> None:
    for t in range(made.size):
        made[t] = 1.0 if np.isfinite(x[t]) else 0.0


def _log(x: FloatArray, made: FloatArray) -> None:
    np.log(x, out=made)
    made[np.isneginf(made)] = np.nan


def _power(x: FloatArray, y: FloatArray, made: FloatArray) -> None:
    np.power(x, y, out=made)
    made[np.isinf(made) | np.isnan(x) | np.isnan(y)] = np.nan  # 0 to the -1, and 1 to the missing, are missing


ELEMENTS: Final[dict[str, Callable[..., Any]]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": _divide,
    "power": _power,
    "negative": np.negative,
    "absolute": np.absolute,
    "sign": np.sign,
    "log": _log,
    "root": np.sqrt,
    "greater": lambda x, y, made: np.maximum(x, y, out=made),
    "lesser": lambda x, y, made: np.minimum(x, y, out=made),
    "above": _above,
    "below": lambda x, y, made: _above(y, x, made),
    "at_least": _at_least,
    "at_most": lambda x, y, made: _at_least(y, x, made),
    "equal": _equal,
    "both": _both,
    "either": _either,
    "opposite": _opposite,
    "if": _if,
    "filled": _filled,
    "present": _present,
}
