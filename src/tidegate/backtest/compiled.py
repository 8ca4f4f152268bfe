"""One door to the compiler: functions of plain numbers and arrays, compiled at their first call and kept on disk."""

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit

__all__ = ["compiled", "unbaked"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile `function` when it is first called; strict floats, no parallel sums, the lock released while it runs."""
    return cast("F", njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function))


def unbaked(number: int) -> int:
    """Give a constant whose value the compiler does not bake into the functions it is handed to.

    Without it, a helper is compiled anew for every literal it is called with.
    """
    return cast("int", np.int64(number))
