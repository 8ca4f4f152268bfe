"""Equations on rows of numbers, written once in Python and turned into vector instructions.

A compiler's own vectoriser gives up on loops over a dozen arrays that might overlap, and tries them again wherever they
are inlined. So a row's equations are handed `Numbers`, a vector each, and every operation on them writes an instruction
into a function that stands once in a module. What is left of a row beyond whole vectors is done number by number, in
the same operations; so is everything in float64.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tidegate.models.fast.curves import CURVES, EDGE, P, Q

_library: Any = cgutils.get_or_insert_function
_unpacked: Any = cgutils.unpack_tuple
_moved: Any = cgutils.pointer_add

__all__ = ["Curve", "Equations", "Numbers", "Part", "rows"]

_LANES = 8
_ARRAYS = 8
_SINGLE = 4


class Numbers:
    """A vector (or a single number) in a function that is being written."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def constant(self, other: "Numbers | float") -> Any:
        """Return the value of other numbers, or a number as a vector of this kind."""
        if isinstance(other, Numbers):
            return other.value
        kind = self.value.type
        return ir.Constant(kind, [other] * kind.count if isinstance(kind, ir.VectorType) else other)

    def _do(self, name: str, other: "Numbers | float") -> "Numbers":
        return Numbers(
            self.builder, getattr(self.builder, name)(self.value, self.constant(other), flags=("contract", "nsz"))
        )

    def __add__(self, other: "Numbers | float") -> "Numbers":
        return self._do("fadd", other)

    def __sub__(self, other: "Numbers | float") -> "Numbers":
        return self._do("fsub", other)

    def __mul__(self, other: "Numbers | float") -> "Numbers":
        return self._do("fmul", other)

    def __truediv__(self, other: "Numbers | float") -> "Numbers":
        return self._do("fdiv", other)

    def where(self, relation: str, other: float, yes: "Numbers | float", no: "Numbers | float") -> "Numbers":
        """Take `yes` where ``self relation other``, else `no`; a missing number is in no relation."""
        truth = self.builder.fcmp_ordered(relation, self.value, self.constant(other))
        return Numbers(self.builder, self.builder.select(truth, self.constant(yes), self.constant(no)))

    def within(self, low: float, high: float) -> "Numbers":
        """Hold the numbers between two limits; a missing one stays missing."""
        risen = self.where("<", low, low, self)
        return risen.where(">", high, high, risen)

    def tanh(self) -> "Numbers":
        """Compute the hyperbolic tangent: see `curves`."""
        if self.value.type == ir.DoubleType():
            kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType()])
            library = _library(self.builder.module, kind, "tanh")
            return Numbers(self.builder, self.builder.call(library, [self.value]))
        x = self.within(-float(EDGE), float(EDGE))
        u = x * x
        above, below = u * float(P[-1]) + float(P[-2]), u * float(Q[-1]) + float(Q[-2])
        for p, q in zip(P[-3::-1], Q[-3::-1], strict=True):
            above, below = above * u + float(p), below * u + float(q)
        return x * above / below


class Curve(NamedTuple):
    """A curve's value at x, and its slope where its value is y."""

    at: Callable[[Numbers], Numbers]
    slope: Callable[[Numbers], Numbers]


class Part(NamedTuple):
    """Which array of a call a part of the equations lies in, as which block of a row's length."""

    array: int
    block: int = 0


class Equations(NamedTuple):
    """Equations of a row: the parts they read, those they write, and ``(gate, state, *read) → written``."""

    name: str
    read: tuple[Part, ...]
    write: tuple[Part, ...]
    solve: Callable[..., tuple[Numbers, ...]]


def rows(equations: Equations) -> Any:
    """Make ``kernel(gate, state, count, taken, array × 8)`` for compiled code: the equations on `count` numbers a row.

    All arrays are of one precision. Of those with two axes each row is done for which `taken` ``[m]`` is True, and the
    first `count` numbers of a block; those with one axis are shared by all rows, one after the other. Arrays that the
    equations don't name are not looked at.
    """

    def kernel(typing, gate, state, count, taken, a, b, c, d, e, f, g, h):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
        given = (taken, a, b, c, d, e, f, g, h)
        signature = types.void(types.intp, types.intp, types.intp, *given)
        return signature, lambda *parts: _call(equations, a.dtype.bitwidth // 8, *parts)

    return intrinsic(kernel)


def _call(equations: Equations, size: int, context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    held = [
        context.make_array(kind)(context, builder, value)
        for kind, value in zip(signature.args[3:], arguments[3:], strict=True)
    ]
    kinds = signature.args[4:]
    apart = [
        _unpacked(builder, array.strides)[0] if kind.ndim > 1 else ir.Constant(arguments[0].type, 0)
        for kind, array in zip(kinds, held[1:], strict=True)
    ]
    (many,) = _unpacked(builder, held[0].shape)
    given = [*arguments[:3], many, *(array.data for array in held), *apart]
    name = f"tidegate.rows.{equations.name}.{size}"
    function = builder.module.globals.get(name)
    if function is None:
        kind = ir.FunctionType(ir.VoidType(), [part.type for part in given])
        function = ir.Function(builder.module, kind, name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        _write(function, equations, _LANES if size == _SINGLE else 1)
    builder.call(function, given)
    return context.get_dummy_value()


def _write(function: Any, equations: Equations, lanes: int) -> None:
    """Write one loop for each pair of a gate's and a state's curve that is worth its own."""
    gate, state, count, many, taken, *rest = function.args
    bases, apart = rest[:_ARRAYS], rest[_ARRAYS:]
    builder = ir.IRBuilder(function.append_basic_block("entry"))

    def number(curve: str) -> Any:
        return ir.Constant(gate.type, CURVES[curve])

    usual = builder.icmp_signed("==", state, number("tanh"))
    smooth = builder.icmp_signed("==", gate, number("sigmoid"))
    scale = builder.select(
        builder.icmp_signed("==", gate, number("hard_sigmoid")),
        *(ir.Constant(bases[0].type.pointee, value) for value in (1.0 / 6.0, 0.2)),
    )
    for often in (True, False):
        for soft in (True, False):
            chosen = builder.and_(usual if often else builder.not_(usual), smooth if soft else builder.not_(smooth))
            with builder.if_then(chosen), cgutils.for_range(builder, many) as row:
                told = builder.load(builder.gep(taken, [row.index]))
                with builder.if_then(builder.icmp_unsigned("!=", told, ir.Constant(told.type, 0))):
                    arrays = [
                        _moved(builder, base, builder.mul(row.index, stride), base.type)
                        for base, stride in zip(bases, apart, strict=True)
                    ]
                    make = (
                        lambda b, wide, soft=soft: _SIGMOID if soft else _hard(_spread(b, scale, wide)),
                        lambda b, _, often=often: _TANH if often else _any(b, state, number),
                    )
                    _loops(builder, equations, count, arrays, lanes, make)
    builder.ret_void()


def _loops(builder: Any, equations: Equations, count: Any, arrays: list[Any], lanes: int, make: Any) -> None:
    whole = count.type
    done = ir.Constant(whole, 0)
    for wide in (lanes, 1) if lanes > 1 else (1,):
        step = ir.Constant(whole, wide)
        stop = builder.sub(count, builder.srem(builder.sub(count, done), step))
        curves = [maker(builder, wide) for maker in make]
        entry = builder.block
        head, body, leave = (builder.append_basic_block(name) for name in ("head", "body", "leave"))
        builder.branch(head)
        builder.position_at_end(head)
        j = builder.phi(whole)
        j.add_incoming(done, entry)
        builder.cbranch(builder.icmp_signed("<", j, stop), body, leave)
        builder.position_at_end(body)

        def place(part: Part, j: Any = j, wide: int = wide) -> Any:
            at = builder.add(builder.mul(count, ir.Constant(whole, part.block)), j)
            pointer = builder.gep(arrays[part.array], [at])
            return builder.bitcast(pointer, _kind(pointer.type.pointee, wide).as_pointer())

        align = 4 if lanes > 1 else 8
        seen = [Numbers(builder, builder.load(place(part), align=align)) for part in equations.read]
        for part, found in zip(equations.write, equations.solve(*curves, *seen), strict=True):
            builder.store(found.value, place(part), align=align)
        j.add_incoming(builder.add(j, step), builder.block)
        builder.branch(head)
        builder.position_at_end(leave)
        done = j


def _kind(real: Any, wide: int) -> Any:
    return real if wide == 1 else ir.VectorType(real, wide)


def _spread(builder: Any, value: Any, wide: int) -> Numbers:
    if wide == 1:
        return Numbers(builder, value)
    kind = ir.VectorType(value.type, wide)
    single = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), wide), None)
    return Numbers(builder, builder.shuffle_vector(single, ir.Constant(kind, ir.Undefined), mask))


_TANH = Curve(lambda x: x.tanh(), lambda y: y * y * -1.0 + 1.0)
_SIGMOID = Curve(lambda x: (x * 0.5).tanh() * 0.5 + 0.5, lambda y: y - y * y)


def _hard(scale: Numbers) -> Curve:
    return Curve(
        lambda x: (x * scale + 0.5).within(0.0, 1.0),
        lambda y: y.where(">", 0.0, y.where("<", 1.0, scale, 0.0), 0.0),
    )


def _any(builder: Any, curve: Any, number: Any) -> Curve:
    """Make a curve that is chosen when it runs: all of them are computed and one is taken, none being usual."""

    def choose(*branches: tuple[str, Numbers]) -> Numbers:
        found = branches[-1][1]
        for name, value in branches[:-1]:
            is_it = builder.icmp_signed("==", curve, number(name))
            found = Numbers(builder, builder.select(is_it, value.value, found.value))
        return found

    def at(x: Numbers) -> Numbers:
        third, fifth = (_hard(Numbers(builder, x.constant(scale))) for scale in (1.0 / 6.0, 0.2))
        return choose(
            ("relu", x.where("<", 0.0, 0.0, x)), ("linear", x), ("sigmoid", _SIGMOID.at(x)),
            ("hard_sigmoid", third.at(x)), ("hard_sigmoid_keras2", fifth.at(x)),
        )  # fmt: skip

    def slope(y: Numbers) -> Numbers:
        third, fifth = (_hard(Numbers(builder, y.constant(scale))) for scale in (1.0 / 6.0, 0.2))
        return choose(
            ("relu", y.where(">", 0.0, 1.0, 0.0)), ("linear", Numbers(builder, y.constant(1.0))),
            ("sigmoid", _SIGMOID.slope(y)), ("hard_sigmoid", third.slope(y)), ("hard_sigmoid_keras2", fifth.slope(y)),
        )  # fmt: skip

    return Curve(at, slope)
