"""One door to the compiler for the kernels of this room.

Kernels are compiled at their first call and kept on disk: beside the package, in the user's cache folder where that
can't be written, and nowhere (compiled anew in every process) where neither can. What is kept is thrown away when any
file of this room changes, since kernels are built into each other. Products and sums may be fused into one rounding;
nothing may assume that there are no NaN or reorder a sum, so a missing number stays missing and bits do not depend on
how wide the vectors of the machine are.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

__all__ = ["NO", "YES", "ZERO", "compiled", "inner"]

F = TypeVar("F", bound=Callable[..., object])

# Constants whose values the compiler does not bake into the functions that they are handed to: a plain 0 would have
# every one of those compiled anew.
ZERO: Any = np.int64(0)
NO: Any = np.bool_(False)
YES: Any = np.bool_(True)


def compiled(function: F) -> F:
    """Compile `function` when it is first called, with the interpreter's lock released while it runs."""
    return _kept(function, nogil=True)


def inner(function: F) -> F:
    """Compile a function that only compiled ones call, which spares the time for a door to Python."""
    return _kept(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _kept(function: F, **more: bool) -> F:
    options: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract", "nsz"}, **more}
    try:
        door: Any = njit(cache=True, **options)(function)
    except RuntimeError:  # numba found no folder that it may write to
        return cast("F", njit(**options)(function))
    door._cache._cache_file._source_stamp = _stamp()  # noqa: SLF001 - by itself it looks at the function's own file only
    return cast("F", door)


@cache
def _stamp() -> tuple[tuple[str, int, int], ...]:
    """Names, times and sizes of this room's files."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return tuple((file.name, (held := file.stat()).st_mtime_ns, held.st_size) for file in files)
