"""Expressions → numbers over a whole ragged panel, piece by piece.

The graph is walked once: equal sub-expressions are one step, and its steps run over a piece of some thousand rows after
the other, each with as many earlier rows as its lookback needs, so that all columns of a piece lie in the processor's
cache and no intermediate column of the whole panel exists. An operator across assets needs its operand for all of them:
such operands are computed first, over all rows, and stand in the graph as fields do.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import SettingError
from tidegate.factors.expression import ordering
from tidegate.factors.expression.across import across
from tidegate.factors.expression.elements import ELEMENTS
from tidegate.factors.expression.inputs import column_of
from tidegate.factors.expression.operators import OPERATORS
from tidegate.factors.expression.tree import Expression
from tidegate.factors.expression.windows import Group, group_key
from tidegate.types.axes import FloatArray, IntArray, Single
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["evaluate", "panel_from"]

_PIECE: Final = 8192
_DEEPEST: Final = 5
_APART: Final = 16


def evaluate(
    expressions: Sequence[Expression], bars: Bars, *, rows: IntArray | None = None, piece: int = _PIECE
) -> FloatArray:
    """Values of each expression for every bar, float64 ``[R, F]``, in the order of ``bars.frame``.

    `rows` are positions among the bars, in order, where values are wanted; by default everywhere. No operator of time
    reaches across a bar where prices begin anew (`Bars.segments`).

    Known at
        CLOSE(t) for row *t*.
    Missing values
        By each operator's own rule (`operators`); what is not finite is NaN.
    Errors
        `DataError` where the bars lack a field.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> from tidegate.factors.expression.words import Close, Mean
    >>> evaluate([Close / Mean(Close, 5) - 1], NoiseWorld(sessions=40, seed=1).bars()).shape
    (40, 1)
    """
    made = np.empty((bars.frame.height if rows is None else len(rows), len(expressions)))
    _fill(expressions, bars, made, piece, rows)
    return made


def panel_from(expressions: dict[str, Expression], bars: Bars) -> Panel:
    """A panel of named expressions, one row per bar; computed in float64 and cast once."""
    values: Single = np.empty((bars.frame.height, len(expressions)), np.float32)
    _fill(list(expressions.values()), bars, values, _PIECE)
    return Panel.of(values, bars.times, bars.assets, tuple(expressions), bars.places, bars.offsets)


def _fill(
    roots: Sequence[Expression], bars: Bars, values: NDArray[Any], piece: int, rows: IntArray | None = None
) -> None:
    if not roots:
        raise SettingError("no expression is given", expected="at least one")
    if rows is not None and bool(np.any(np.diff(rows) < 0)):
        raise SettingError("wanted rows are positions in their order", found=rows[:5])
    age = np.arange(bars.frame.height) - np.repeat(bars.segments[:-1], np.diff(bars.segments))
    leaves: dict[str, FloatArray] = {}
    nodes = {node.digest: node for root in roots for node in root.walk()}
    adjustment = bars.adjustment
    for node in nodes.values():
        if node.operator == "field":
            leaves[node.digest] = column_of(bars, str(node.settings[0]), adjustment)
    waiting = [node for node in nodes.values() if OPERATORS.get(node.operator, _NONE).kind == "cross"]
    while waiting:  # those whose operand needs no other that is still waiting
        open_ = {node.digest for node in waiting}
        ready = [node for node in waiting if all(low.digest not in open_ for low in node.children[0].walk())]
        operands = list({node.children[0].digest: node.children[0] for node in ready}.values())
        held = np.empty((bars.frame.height, len(operands)))
        _Engine(operands, leaves, piece).fill(leaves, age, held)
        place = {operand.digest: held[:, number] for number, operand in enumerate(operands)}
        for node in ready:
            leaves[node.digest] = across(node.operator, place[node.children[0].digest], bars.places)
        waiting = [node for node in waiting if node.digest not in leaves]
    _Engine(roots, leaves, piece).fill(leaves, age, values, rows)


_NONE: Final = OPERATORS["add"]


class _Engine:
    """The steps of one graph, and the memory of a piece."""

    def __init__(self, roots: Sequence[Expression], leaves: dict[str, FloatArray], piece: int) -> None:
        self.roots, self.piece = roots, piece
        self.lookback = max(root.lookback for root in roots)
        self.cap = piece + self.lookback
        self.steps: list[Expression] = []
        self.constants: dict[str, FloatArray] = {}
        self.groups: dict[tuple[str, ...], Group] = {}
        seen: set[str] = set()
        for root in roots:
            for node in _reached(root, leaves):
                if node.digest not in seen:
                    seen.add(node.digest)
                    self._count_in(node)
        for group in self.groups.values():
            group.ready(self.cap)
        self.uses = {**dict.fromkeys(leaves, 0), **dict.fromkeys(seen, 0)}
        for node in self.steps:
            for child in node.children:
                self.uses[child.digest] = self.uses.get(child.digest, 0) + 1
        self.work = np.empty(3 * _DEEPEST * self.cap)
        self.spare = np.empty(self.cap)
        self.places: dict[str, list[int]] = {}
        for number, root in enumerate(roots):
            self.places.setdefault(root.digest, []).append(number)
        self.plain_roots = [digest for digest in self.places if digest in leaves or digest in self.constants]
        self.pool: list[FloatArray] = []

    def _count_in(self, node: Expression) -> None:
        if node.operator == "number":
            self.constants[node.digest] = np.full(self.cap, float(node.settings[0]))
            return
        self.steps.append(node)
        if OPERATORS[node.operator].kind in {"window", "pair"}:
            key = group_key(node)
            self.groups.setdefault(key, Group(key[0])).add(node)

    def fill(
        self, leaves: dict[str, FloatArray], age: IntArray, values: NDArray[Any], rows: IntArray | None = None
    ) -> None:
        """Run every step over piece after piece, and write the roots' values, at `rows` or everywhere."""
        block = np.empty((len(self.roots), self.piece + _APART), values.dtype)
        whole = None if rows is None else np.empty((self.piece, len(self.roots)), values.dtype)
        with np.errstate(all="ignore"):
            for first in range(0, age.size, self.piece):
                end = min(first + self.piece, age.size)
                start = first - min(int(age[first]), self.lookback)
                self._run(
                    {name: leaf[start:end] for name, leaf in leaves.items()}, age[start:end], first - start, block
                )
                if rows is None or whole is None:
                    ordering.turned(block, values[first:end])
                    continue
                low, high = np.searchsorted(rows, (first, end))
                ordering.turned(block, whole[: end - first])
                values[low:high] = whole[rows[low:high] - first]

    def _run(self, held: dict[str, FloatArray], age: IntArray, first: int, block: NDArray[Any]) -> None:
        n, most = age.size, float(np.finfo(block.dtype).max)
        held.update({name: constant[:n] for name, constant in self.constants.items()})
        left, own, done = dict(self.uses), {}, set[tuple[str, ...]]()
        for digest in self.plain_roots:
            self._write(digest, held[digest], first, most, block)
        for node in self.steps:
            buffer = self.pool.pop() if self.pool else np.empty(self.cap)
            own[node.digest] = buffer
            held[node.digest] = made = buffer[:n]
            self._step(node, [held[child.digest] for child in node.children], age, made, done)
            self._write(node.digest, made, first, most, block)
            for digest in (*(child.digest for child in node.children), node.digest):
                left[digest] -= digest != node.digest
                if not left[digest] and digest in own:
                    self.pool.append(own.pop(digest))

    def _write(self, digest: str, made: FloatArray, first: int, most: float, block: NDArray[Any]) -> None:
        for number in self.places.get(digest, ()):
            ordering.cast(made[first:], most, block[number, : made.size - first])

    def _step(
        self, node: Expression, parts: list[FloatArray], age: IntArray, made: FloatArray, done: set[tuple[str, ...]]
    ) -> None:
        kind = OPERATORS[node.operator].kind
        if kind == "element":
            ELEMENTS[node.operator](*parts, made)
        elif kind == "lag":
            ordering.lagged(parts[0], age, node.bars, made)
            if node.operator == "delta":
                np.subtract(parts[0], made, out=made)
        else:
            key = group_key(node)
            group = self.groups[key]
            if key not in done:
                done.add(key)
                group.compute(parts, age, self.work, self.spare[: age.size])
            group.finish(node, parts, made)


def _reached(root: Expression, leaves: dict[str, FloatArray]) -> list[Expression]:
    """Nodes below `root` and itself that have to be computed: nothing under what is already a column."""
    made: list[Expression] = []
    seen: set[str] = set()
    waiting: list[tuple[Expression, bool]] = [(root, False)]
    while waiting:
        node, ready = waiting.pop()
        if ready:
            made.append(node)
        elif node.digest not in seen and node.digest not in leaves:
            seen.add(node.digest)
            waiting.append((node, True))
            waiting.extend((child, False) for child in reversed(node.children))
    return made
