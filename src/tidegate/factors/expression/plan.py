"""One graph of expressions as a list of calls, bound once to the memory of a piece and made for piece after piece.

A piece is some thousand rows with as many earlier ones as the deepest lookback needs, so that its columns stay in the
processor's cache. Equal sub-expressions are one step; a buffer is handed on as soon as nobody reads it any more. What
would be decided anew for every piece (which kernel, which buffer, which window) is decided when the calls are bound,
and that is done once for each length that a piece can have: the first, those between, the last.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidegate.factors.expression import ordering
from tidegate.factors.expression.elements import ELEMENTS
from tidegate.factors.expression.operators import OPERATORS
from tidegate.factors.expression.tree import Expression
from tidegate.factors.expression.windows import Call, Group, group_key
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Plan"]

_DEEPEST: Final = 5
_APART: Final = 16
_ENDLESS: Final = int(np.iinfo(np.int64).max)


class Plan:
    """The steps of one graph, and the memory of a piece.

    `leaves` are columns ``[R]`` by digest: fields, and what was computed across assets. Results are written as `kind`.
    """

    def __init__(
        self, roots: Sequence[Expression], leaves: Mapping[str, FloatArray], piece: int, kind: NDArray[Any]
    ) -> None:
        self.roots, self.piece = roots, piece
        self.lookback = max(root.lookback for root in roots)
        self._cap = cap = piece + self.lookback
        self._most = float(np.finfo(kind.dtype).max)
        nodes = {node.digest: node for root in roots for node in _reached(root, leaves)}
        steps = [node for node in nodes.values() if node.operator != "number"]
        self.steps = [node for node in steps if node.digest not in leaves]
        self._leaves = {name: leaf for name, leaf in leaves.items() if name in nodes or _among(name, roots, steps)}
        self._memory = {name: np.empty(cap) for name in self._leaves}
        for digest, node in nodes.items():
            if node.operator == "number":
                self._memory[digest] = np.full(cap, float(node.settings[0]))
        self._ready = tuple(self._memory)
        self._allot()
        self._groups: dict[tuple[str, ...], Group] = {}
        self._runs: dict[tuple[str, ...], IntArray] = {}
        for node in self.steps:
            if OPERATORS[node.operator].kind in {"window", "pair"}:
                key = group_key(node)
                self._groups.setdefault(key, Group(key[0])).add(node)
                self._runs.setdefault(_columns(node), np.empty(cap, np.int64))
        for group in self._groups.values():
            group.ready(cap)
        self._age = np.empty(cap, np.int64)
        self._work, self._spare = np.empty(3 * _DEEPEST * cap), np.empty(cap)
        self._block = np.empty((len(roots), piece + _APART), kind.dtype)
        self._bound: tuple[int, int, list[Call]] = (0, 0, [])

    def _allot(self) -> None:
        """Give every step a buffer that nobody reads while it is written."""
        uses: dict[str, int] = {}
        for node in self.steps:
            for child in node.children:
                uses[child.digest] = uses.get(child.digest, 0) + 1
        self._read = frozenset(uses)
        pool: list[FloatArray] = []
        for node in self.steps:
            self._memory[node.digest] = own = pool.pop() if pool else np.empty(self._cap)
            for child in node.children:
                uses[child.digest] -= 1
                if not uses[child.digest] and child.digest not in self._ready:
                    pool.append(self._memory[child.digest])
            if node.digest not in uses:
                pool.append(own)

    def fill(self, age: IntArray, values: NDArray[Any], rows: IntArray | None = None) -> None:
        """Make every call for piece after piece, and write the roots' values, at `rows` or everywhere."""
        whole = None if rows is None else np.empty((self.piece, len(self.roots)), values.dtype)
        with np.errstate(all="ignore"):
            for first in range(0, age.size, self.piece):
                end = min(first + self.piece, age.size)
                start = max(first - self.lookback, 0)
                for name, leaf in self._leaves.items():
                    self._memory[name][: end - start] = leaf[start:end]
                self._age[: end - start] = age[start:end]
                for function, given in self._calls(end - start, first - start):
                    function(*given)
                if rows is None or whole is None:
                    ordering.turned(self._block, values[first:end])
                    continue
                low, high = np.searchsorted(rows, (first, end))
                ordering.turned(self._block, whole[: end - first])
                values[low:high] = whole[rows[low:high] - first]

    def _calls(self, n: int, first: int) -> list[Call]:
        """The calls for a piece of `n` rows, of which the first `first` are for looking back."""
        if self._bound[:2] != (n, first):
            self._bound = (n, first, list(self._bind(n, first)))
        return self._bound[2]

    def _bind(self, n: int, first: int) -> Iterator[Call]:
        places: dict[str, list[int]] = {}
        for number, root in enumerate(self.roots):
            places.setdefault(root.digest, []).append(number)
        for digest in self._ready:
            yield from self._written(digest, places, n, first)
        done: set[tuple[str, ...]] = set()
        for node in self.steps:
            if node.operator == "divide" and node.digest not in self._read:
                yield from self._ratio(node, places, n, first)
                continue
            yield from self._step(node, n, done)
            yield from self._written(node.digest, places, n, first)

    def _written(self, digest: str, places: Mapping[str, list[int]], n: int, first: int) -> Iterator[Call]:
        for number in places.get(digest, ()):
            yield ordering.cast, (self._memory[digest][first:n], self._most, self._block[number, : n - first])

    def _ratio(self, node: Expression, places: Mapping[str, list[int]], n: int, first: int) -> Iterator[Call]:
        """A quotient that is a root and nothing else, divided and written in one pass."""
        over, under = (self._memory[child.digest][first:n] for child in node.children)
        for number in places[node.digest]:
            yield ordering.ratio, (over, under, self._most, self._block[number, : n - first])

    def _step(self, node: Expression, n: int, done: set[tuple[str, ...]]) -> Iterator[Call]:
        made, parts = self._memory[node.digest][:n], [self._memory[child.digest][:n] for child in node.children]
        kind, age = OPERATORS[node.operator].kind, self._age[:n]
        if kind == "element":
            yield ELEMENTS[node.operator], (*parts, made)
        elif kind == "lag":
            yield ordering.lagged, (parts[0], age, node.bars, made)
            if node.operator == "delta":
                yield np.subtract, (parts[0], made, made)
        else:
            run = self._runs[_columns(node)][:n]
            if _columns(node) not in done:
                done.add(_columns(node))
                yield run.fill, (_ENDLESS,)
                for column in parts:
                    yield ordering.runs, (column, age, run)
            group = self._groups[group_key(node)]
            if group_key(node) not in done:
                done.add(group_key(node))
                yield from group.computing(parts, run, self._work, self._spare[:n])
            yield from group.finishing(node, parts, run, made)


def _columns(node: Expression) -> tuple[str, ...]:
    """What a window operator looks at; operators of the same columns share how many values stand in a row."""
    return tuple(child.digest for child in node.children)


def _among(name: str, roots: Sequence[Expression], steps: Sequence[Expression]) -> bool:
    """Whether a column is read by a step or is a root itself."""
    read = any(child.digest == name for node in steps for child in node.children)
    return read or any(root.digest == name for root in roots)


def _reached(root: Expression, leaves: Mapping[str, FloatArray]) -> list[Expression]:
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
