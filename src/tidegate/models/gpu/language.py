"""Triton where it is installed: torch brings it along on a GPU, and a processor has no need of it.

Kernels are declared with `jit`. Without Triton their declarations stay harmless, so that any module can be imported and
walked over; what calls a kernel asks `triton_is_there` first.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias

__all__ = ["constexpr", "jit", "launch", "tl", "triton_is_there"]

_there = find_spec("triton") is not None
_jit: Callable[[Any], Any] | None = import_module("triton").jit if _there else None
tl: Any = import_module("triton.language") if _there else None

if TYPE_CHECKING:
    constexpr: TypeAlias = Any  # noqa: PYI042 - the name that Triton's users know
else:
    constexpr = Any if tl is None else tl.constexpr
"""How a kernel's argument says that it is known when the kernel is compiled."""

_BLOCK = 512


def triton_is_there() -> bool:
    """Whether kernels can be compiled here.

    >>> triton_is_there() in (True, False)
    True
    """
    return _jit is not None


def jit(kernel: Callable[..., Any]) -> Any:
    """Declare a Triton kernel, or a function that kernels call."""
    return kernel if _jit is None else _jit(kernel)


def launch(kernel: Any, count: int, *tensors: Any, **fixed: Any) -> None:
    """Run an elementwise kernel over `count` elements; `fixed` are its compile-time settings."""
    kernel[(-(-count // _BLOCK),)](*tensors, count, BLOCK=_BLOCK, **fixed)
