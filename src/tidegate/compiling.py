"""One door to the compiler: functions of plain numbers and arrays, compiled at their first call and kept on disk.

What is kept lies beside the package, in the user's cache folder where that can't be written, and nowhere (compiled anew
in every process) where neither can. Compiled functions are built into each other, so what is kept is thrown away when
any file of its room changes, not only the function's own.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core import sigutils
from numba.core.ccallback import CFunc

__all__ = ["callback", "keep"]

F = TypeVar("F", bound=Callable[..., object])


def keep(function: F, room: Path, **options: Any) -> F:
    """Compile `function` when it is first called; `room` is the folder whose files it may be built from."""
    try:
        door: Any = njit(cache=True, **options)(function)
    except RuntimeError:  # numba found no folder that it may write to
        return cast("F", njit(**options)(function))
    door._cache._cache_file._source_stamp = _stamp(room)  # noqa: SLF001 - it looks at the function's own file only
    return cast("F", door)


def callback(signature: Any, function: Callable[..., object], room: Path) -> Any:
    """Compile a function of one fixed signature now, to be handed to compiled loops as a value."""
    plain: Any = sigutils.normalize_signature
    made: Any = CFunc(function, plain(signature), locals={}, options={"error_model": "numpy"})
    with suppress(RuntimeError):  # numba found no folder that it may write to
        made.enable_caching()
        made._cache._cache_file._source_stamp = _stamp(room)  # noqa: SLF001
    made.compile()
    return made


@cache
def _stamp(room: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, times and sizes of a room's files."""
    files = sorted(room.glob("*.py"))
    return tuple((file.name, (held := file.stat()).st_mtime_ns, held.st_size) for file in files)
