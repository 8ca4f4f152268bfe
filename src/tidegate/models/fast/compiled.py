"""One door to the compiler for the kernels of this room.

Kernels are compiled at their first call and kept on disk beside the package, or in the user's cache folder where that
can't be written. Products and sums may be fused into one rounding; nothing may assume that there are no NaN or reorder
a sum, so a missing number stays missing and bits do not depend on how wide the vectors of the machine are.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

__all__ = ["compiled", "inner"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile `function` when it is first called, with the interpreter's lock released while it runs."""
    return cast("F", njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz"})(function))


def inner(function: F) -> F:
    """Compile a function that only compiled ones call, which spares the time for a door to Python."""
    door = njit(
        cache=True, error_model="numpy", fastmath={"contract", "nsz"}, no_cpython_wrapper=True, no_cfunc_wrapper=True
    )
    return cast("F", door(function))
