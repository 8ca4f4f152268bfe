"""The door to the compiler for this room: strict floats, no parallel sums, the interpreter's lock released."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from tidegate.compiling import keep

__all__ = ["compiled", "inner", "unbaked"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile `function` when it is first called; what is kept of it goes when any file of this room changes."""
    return keep(function, Path(__file__).parent, nogil=True, fastmath=False, error_model="numpy", _nrt=False)


def inner(function: F) -> F:
    """Compile a small function into whatever compiled function calls it; it has no door of its own from Python."""
    door: Any = njit  # what it takes beyond its declared options has no types
    made = door(
        nogil=True,
        fastmath=False,
        error_model="numpy",
        _nrt=False,
        forceinline=True,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
    )
    return cast("F", made(function))


def unbaked(number: int) -> int:
    """Give a constant whose value the compiler does not bake into the functions it is handed to.

    Without it, a helper is compiled anew for every literal it is called with.
    """
    return cast("int", np.int64(number))
