"""One matrix product for compiled loops: the BLAS that SciPy brings, called through its C pointers.

A compiled loop can't wait for Python to multiply matrices, and its own products would reach half of what a BLAS does.
SciPy publishes the addresses of its BLAS for exactly this; they are handed to the kernels as numbers, so that kernels
can be cached on disk (an address is another one in every process). The BLAS must not start threads of its own, since
the tiles are spread over threads already: `quiet` holds it to one thread for as long as somebody computes.
"""

import contextlib
import ctypes
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic

from tidegate.errors import MissingExtraError

__all__ = ["gemm", "gemm_address", "quiet"]


@cache
def gemm_address(double: bool) -> int:
    """Address of ``dgemm`` (or ``sgemm``) as a whole number; raises `MissingExtraError` for a BLAS of 64-bit sizes."""
    import scipy.linalg.cython_blas as blas

    name = "dgemm" if double else "sgemm"
    signature = str(blas.__pyx_capi__[name])
    if "(char *, char *, int *, int *, int *," not in signature:
        raise MissingExtraError(
            "the BLAS of this SciPy can't be called by compiled kernels",
            expected="sizes as C int",
            found=signature,
            hint="install SciPy from its usual wheels, or set form='torch' or form='plain'",
        )
    return int(get_cython_function_address("scipy.linalg.cython_blas", name))


def _gemm(  # type: ignore[no-untyped-def]  # noqa: ANN202 - numba's own protocol
    typing, address, turn_a, turn_b, m, n, k, a, from_a, wide_a, b, from_b, wide_b, keep, c, from_c, wide_c  # noqa: ANN001, ARG001
):  # fmt: skip
    """``C = A B + keep · C`` for row-major blocks: C is ``[m, n]``, A ``[m, k]`` (or its turn), B ``[k, n]`` (or its turn).

    A block is an array, the place of its first number in the flat array, and the distance between its rows. A BLAS
    counts by columns, so it is asked for the turned product ``Cᵀ = Bᵀ Aᵀ``, which needs no copy.
    """
    real = a.dtype
    signature = types.void(
        types.intp, types.boolean, types.boolean, types.intp, types.intp, types.intp,
        a, types.intp, types.intp, b, types.intp, types.intp, types.float64, c, types.intp, types.intp,
    )  # fmt: skip

    def build(context, builder, signature, arguments):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        values = list(arguments)
        kinds = signature.args
        floating = context.get_value_type(real)
        whole, letter = ir.IntType(32), ir.IntType(8)

        def held(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return cgutils.alloca_once_value(builder, value)

        def flag(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return held(builder.select(value, letter(ord("T")), letter(ord("N"))))

        def size(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return held(builder.trunc(value, whole))

        def block(array, at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            start = context.make_array(kinds[array])(context, builder, values[array]).data
            return builder.gep(start, [values[at]])

        one = held(ir.Constant(floating, 1.0))
        beta = held(context.cast(builder, values[12], types.float64, real))
        pointers = [
            flag(values[2]), flag(values[1]), size(values[4]), size(values[3]), size(values[5]), one,
            block(9, 10), size(values[11]), block(6, 7), size(values[8]), beta, block(13, 14), size(values[15]),
        ]  # fmt: skip
        kind = ir.FunctionType(ir.VoidType(), [pointer.type for pointer in pointers])
        builder.call(builder.inttoptr(values[0], kind.as_pointer()), pointers)
        return context.get_dummy_value()

    return signature, build


gemm: Any = intrinsic(_gemm)


class _Quiet:
    """How many are computing now; the first of them sets the BLAS to one thread, the last sets it back."""

    def __init__(self, read: Callable[[], int], write: Callable[[int], Any]) -> None:
        self.read, self.write, self.lock = read, write, threading.Lock()
        self.inside = self.before = 0

    def enter(self) -> None:
        with self.lock:
            if self.inside == 0:
                self.before = self.read()
                if self.before != 1:
                    self.write(1)
            self.inside += 1

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0 and self.before != 1:
                self.write(self.before)


@cache
def _threads_of_blas() -> _Quiet | None:
    """Find the switch for the number of threads in the OpenBLAS that SciPy's wheels carry, if it is that one."""
    import scipy

    home = Path(scipy.__file__).parent
    for library in [*home.parent.glob("scipy.libs/*openblas*"), *home.glob(".dylibs/*openblas*")]:
        loaded = ctypes.CDLL(str(library))
        read = getattr(loaded, "scipy_openblas_get_num_threads", None)
        write = getattr(loaded, "scipy_openblas_set_num_threads", None)
        if read is not None and write is not None:
            return _Quiet(read, write)
    return None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold SciPy's BLAS to one thread while inside; puts back what was set before. Other BLAS are left alone."""
    switch = _threads_of_blas()
    if switch is None:
        yield
        return
    switch.enter()
    try:
        yield
    finally:
        switch.leave()
