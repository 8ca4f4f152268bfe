"""The product of a few rows with weights that are used again and again: a kernel of its own.

A BLAS copies both factors into a layout of its own at every call, which for a tile of some dozen rows costs half as
much as the product. Here the weights are laid out once per pass (`pack`), in panels of two vectors' width; six rows of
the other factor are multiplied with a panel at a time, in registers. Each number is one sum in one order: the bits of a
row do not depend on the tile, its size or its other rows.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from tidegate.models.fast.compiled import YES, ZERO, inner

__all__ = ["DEEP", "STRIP", "gather", "multiply", "pack", "width_of"]

STRIP = 6  # rows at a time
_BYTES = 32  # of a vector; machines with narrower ones use two
DEEP = 256  # steps of a sum whose weights stay in the nearest cache
_UNROLL = 4
_NEAR = 1 << 14  # numbers that stay near enough to be read across


def _block(rows: int, turned: bool) -> Any:
    """Make a kernel: ``C [rows, 2 vectors] (+)= A · B [deep, 2 vectors]``, A being ``[rows, deep]`` or its turn."""

    def kernel(  # type: ignore[no-untyped-def]  # noqa: ANN202 - numba's own protocol
        typing, a, from_a, wide_a, b, from_b, wide_b, deep, add, c, from_c, wide_c  # noqa: ANN001, ARG001
    ):  # fmt: skip
        whole = types.intp
        signature = types.void(a, whole, whole, b, whole, whole, whole, types.boolean, c, whole, whole)
        return signature, lambda *given: _built(rows, turned, a.dtype.bitwidth // 8, *given)

    return intrinsic(kernel)


def _built(rows: int, turned: bool, size: int, context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Call the kernel's instructions, which stand once in a module as a function of plain pointers."""
    a, from_a, wide_a, b, from_b, wide_b, deep, add, c, from_c, wide_c = arguments

    def start(at: int, held: Any, offset: Any) -> Any:
        return builder.gep(context.make_array(signature.args[at])(context, builder, held).data, [offset])

    pointers = start(0, a, from_a), start(3, b, from_b), start(8, c, from_c)
    given = (pointers[0], wide_a, pointers[1], wide_b, deep, add, pointers[2], wide_c)
    name = f"tidegate.block.{rows}.{'turned' if turned else 'straight'}.{size}"
    function = builder.module.globals.get(name)
    if function is None:
        kind = ir.FunctionType(ir.VoidType(), [part.type for part in given])
        function = ir.Function(builder.module, kind, name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        _write(function, rows, turned, size)
    builder.call(function, given)
    return context.get_dummy_value()


def _write(function: Any, rows: int, turned: bool, size: int) -> None:
    """Write the kernel's instructions: sums in registers, one row's number spread over a vector at a time."""
    a, wide_a, b, wide_b, deep, add, c, wide_c = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    lanes = _BYTES // size
    vector = ir.VectorType(a.type.pointee, lanes)

    def number(value: int) -> Any:
        return ir.Constant(deep.type, value)

    def load(pointer: Any) -> Any:
        return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=size)

    apart = number(1) if turned else wide_a
    row_a = [builder.gep(a, [builder.mul(apart, number(r))]) for r in range(rows)]
    row_c = [builder.gep(c, [builder.mul(wide_c, number(r))]) for r in range(rows)]
    spots = [(r, half, builder.gep(row_c[r], [number(half * lanes)])) for r in range(rows) for half in range(2)]
    with builder.if_else(add) as (then, other):
        with then:
            old = [load(spot) for _, _, spot in spots]
            kept = builder.block
        with other:
            fresh = builder.block
    begin = []
    for value in old:
        phi = builder.phi(vector)
        phi.add_incoming(value, kept)
        phi.add_incoming(ir.Constant(vector, None), fresh)
        begin.append(phi)

    def loop(sums: list[Any], first: Any, stop: Any, unroll: int) -> list[Any]:
        entry = builder.block
        head, body, leave = (builder.append_basic_block(name) for name in ("head", "body", "leave"))
        builder.branch(head)
        builder.position_at_end(head)
        k = builder.phi(deep.type)
        k.add_incoming(first, entry)
        phis = [builder.phi(vector) for _ in sums]
        for phi, value in zip(phis, sums, strict=True):
            phi.add_incoming(value, entry)
        ahead = builder.add(k, number(unroll))
        builder.cbranch(builder.icmp_signed("<=", ahead, stop), body, leave)
        builder.position_at_end(body)
        now = list(phis)
        for more in range(unroll):
            at = builder.add(k, number(more))
            panel = builder.mul(at, wide_b)
            along = builder.mul(at, wide_a) if turned else at
            halves = [load(builder.gep(b, [builder.add(panel, number(half * lanes))])) for half in range(2)]
            for r in range(rows):
                single = builder.load(builder.gep(row_a[r], [along]))
                spread = builder.insert_element(
                    ir.Constant(vector, ir.Undefined), single, ir.Constant(ir.IntType(32), 0)
                )
                spread = builder.shuffle_vector(
                    spread, ir.Constant(vector, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), lanes), None)
                )
                for half in range(2):
                    product = builder.fmul(spread, halves[half], flags=("contract",))
                    now[2 * r + half] = builder.fadd(now[2 * r + half], product, flags=("contract",))
        k.add_incoming(ahead, builder.block)
        for phi, value in zip(phis, now, strict=True):
            phi.add_incoming(value, builder.block)
        builder.branch(head)
        builder.position_at_end(leave)
        loop.at = k  # type: ignore[attr-defined]
        return phis

    sums = loop(begin, number(0), deep, _UNROLL)
    sums = loop(sums, loop.at, deep, 1)  # type: ignore[attr-defined]
    for value, (_, _, spot) in zip(sums, spots, strict=True):
        builder.store(value, builder.bitcast(spot, vector.as_pointer()), align=size)
    builder.ret_void()


_six: Any = _block(STRIP, turned=False)
_one: Any = _block(1, turned=False)
_six_turned: Any = _block(STRIP, turned=True)


def _laid_beside(typing, b, from_b, wide_b, panel, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
    """Lay `count` rows of a panel's width, `wide_b` apart, one after the other."""
    whole = types.intp

    def built(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, start, apart, _, rows = arguments
        source, into = (context.make_array(signature.args[at])(context, builder, arguments[at]).data for at in (0, 3))
        size = b.dtype.bitwidth // 8
        lanes = _BYTES // size
        vector = ir.VectorType(source.type.pointee, lanes).as_pointer()

        def half(pointer: Any, which: int) -> Any:
            return builder.bitcast(builder.gep(pointer, [ir.Constant(start.type, which * lanes)]), vector)

        with cgutils.for_range(builder, rows) as loop:
            old = builder.gep(source, [builder.add(start, builder.mul(loop.index, apart))])
            new = builder.gep(into, [builder.mul(loop.index, ir.Constant(start.type, 2 * lanes))])
            for which in range(2):
                builder.store(builder.load(half(old, which), align=size), half(new, which), align=size)
        return context.get_dummy_value()

    return types.void(b, whole, whole, panel, whole), built


_beside: Any = intrinsic(_laid_beside)


def width_of(dtype: Any) -> int:
    """Numbers of a panel's width: two vectors."""
    return 2 * _BYTES // int(np.dtype(dtype).itemsize)


def pack(weights: NDArray[Any]) -> NDArray[Any]:
    """Lay out ``[deep, columns]`` in panels of two vectors' width, filled up with zeros: ``[panels, deep, width]``.

    >>> pack(np.ones((3, 20), np.float32)).shape
    (2, 3, 16)
    """
    width = width_of(weights.dtype)
    deep, columns = weights.shape
    panels = -(-columns // width)
    filled = np.zeros((deep, panels * width), weights.dtype)
    filled[:, :columns] = weights
    return np.ascontiguousarray(filled.reshape(deep, panels, width).transpose(1, 0, 2))


@inner
def multiply(
    a: Any,
    from_a: int,
    wide_a: int,
    m: int,
    panels: Any,
    from_panel: int,
    from_k: int,
    to_k: int,
    columns: int,
    add: bool,
    c: Any,
    from_c: int,
    wide_c: int,
) -> None:
    """``C [m, columns] (+)= A [m, to_k - from_k] · W[from_k:to_k]``, where W was laid out by `pack`.

    A block is an array, the place of its first number in the flat array, and the distance between its rows.
    """
    deep, width = panels.shape[1], panels.shape[2]
    edge = np.empty((STRIP, width), panels.dtype)
    for panel in range((columns + width - 1) // width):
        at_c = from_c + panel * width
        left = columns - panel * width
        for k in range(from_k, to_k, DEEP):
            count = min(DEEP, to_k - k)
            more = add or k > from_k
            at_a = from_a + k - from_k
            weights = ((from_panel + panel) * deep + k) * width
            if left >= width:
                r = 0
                while r + STRIP <= m:
                    _six(
                        a, at_a + r * wide_a, wide_a, panels, weights, width, count, more, c, at_c + r * wide_c, wide_c
                    )
                    r += STRIP
                while r < m:
                    _one(
                        a, at_a + r * wide_a, wide_a, panels, weights, width, count, more, c, at_c + r * wide_c, wide_c
                    )
                    r += 1
            else:
                _edge(a, at_a, wide_a, m, panels, weights, count, more, c, at_c, wide_c, left, edge)


@inner
def _edge(
    a: Any,
    at_a: int,
    wide_a: int,
    m: int,
    panels: Any,
    weights: int,
    count: int,
    more: bool,
    c: Any,
    at_c: int,
    wide_c: int,
    left: int,
    edge: Any,
) -> None:
    """Do a panel that is wider than what is left of C."""
    flat, width = c.reshape(c.size), edge.shape[1]
    r = 0
    while r < m:
        rows = STRIP if r + STRIP <= m else 1
        for i in range(rows if more else 0):
            for j in range(left):
                edge[i, j] = flat[at_c + (r + i) * wide_c + j]
        if rows == STRIP:
            _six(a, at_a + r * wide_a, wide_a, panels, weights, width, count, more, edge, ZERO, width)
        else:
            _one(a, at_a + r * wide_a, wide_a, panels, weights, width, count, more, edge, ZERO, width)
        for i in range(rows):
            for j in range(left):
                flat[at_c + (r + i) * wide_c + j] = edge[i, j]
        r += rows


@inner
def gather(
    a: Any,
    from_a: int,
    wide_a: int,
    m: int,
    b: Any,
    from_b: int,
    wide_b: int,
    columns: int,
    deep: int,
    c: Any,
    from_panel: int,
    from_row: int,
    strips: Any,
    panel: Any,
) -> None:
    """``C [m, columns] += Aᵀ B`` for ``A [deep, m]`` and ``B [deep, columns]``; C in panels ``[panels, rows, width]``.

    Factors are laid out anew, some steps of the sum at a time, in the scratch `strips` ``[room for m, 256]`` (A, where
    it is too large to be read across) and `panel` ``[256, width]`` (B). C has room for m rounded up to six rows.
    """
    width = panel.shape[1]
    groups = (m + STRIP - 1) // STRIP
    flat_a, flat_b, flat = a.reshape(a.size), b.reshape(b.size), strips.reshape(strips.size)
    for k in range(0, deep, DEEP):
        count = min(DEEP, deep - k)
        laid = 0 if count * wide_a > _NEAR else m // STRIP  # groups before this one are read where they lie
        for g in range(laid, groups):
            _strip(
                flat_a[from_a + k * wide_a + g * STRIP :],
                wide_a,
                min(STRIP, m - g * STRIP),
                count,
                flat[g * STRIP * DEEP :],
            )
        for at in range(0, columns, width):
            left = min(width, columns - at)
            if left == width:
                _beside(b, from_b + k * wide_b + at, wide_b, panel, count)
            else:
                for i in range(count):
                    source, into = flat_b[from_b + (k + i) * wide_b + at :], panel[i]
                    for j in range(left):
                        into[j] = source[j]
                    for j in range(left, width):
                        into[j] = 0
            for g in range(groups):
                where = ((from_panel + at // width) * c.shape[1] + from_row + g * STRIP) * width
                if g < laid:
                    _six_turned(
                        a, from_a + k * wide_a + g * STRIP, wide_a, panel, ZERO, width, count, YES, c, where, width
                    )
                else:
                    _six_turned(strips, g * STRIP * DEEP, STRIP, panel, ZERO, width, count, YES, c, where, width)


@inner
def _strip(source: Any, wide: int, rows: int, count: int, into: Any) -> None:
    """Lay out up to six columns of A one step after the other."""
    if rows == STRIP:
        for i in range(count):
            for j in range(STRIP):
                into[i * STRIP + j] = source[i * wide + j]
    else:
        for i in range(count):
            for j in range(STRIP):
                into[i * STRIP + j] = source[i * wide + j] if j < rows else 0
