"""The door to the compiler for the shared pieces of this room: built into what calls them, without allocation."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tidegate.compiling import keep

__all__ = ["inner"]

F = TypeVar("F", bound=Callable[..., object])


def inner(function: F) -> F:
    """Compile a small function into the decisions that call it: none of its arguments is handed over."""
    room = Path(__file__).parent
    return keep(function, room, nogil=True, fastmath=False, error_model="numpy", _nrt=False, forceinline=True)
