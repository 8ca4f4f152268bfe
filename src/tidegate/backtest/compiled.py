"""One door to the compiler: functions of plain numbers and arrays, compiled at their first call and kept on disk."""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile `function` when it is first called; strict floats, no parallel sums, the lock released while it runs."""
    return cast("F", njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function))
