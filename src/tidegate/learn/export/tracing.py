"""One step of any cell as ONNX nodes: the cell's own equations are traced, and each operation found is translated.

So a new cell can be exported the day it is written, as long as its step uses the operations listed here. No operation
that would write the traced batch's size into the graph is among them; one that is not listed is refused by its name.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from tidegate.errors import SettingError
from tidegate.learn.export.graph import Graph
from tidegate.models.cells.base import Cell

__all__ = ["write_step"]

_TRACED_ROWS = 3


def write_step(
    graph: Graph, cell: Cell, weights: Mapping[str, str], x: str, state: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """Write one step: names of the input ``[B, F]`` and the state → names of the output and the next state.

    Errors
        `SettingError` where the cell's step uses an operation that has no translation.
    """
    from torch.fx.experimental.proxy_tensor import make_fx

    arrays = {group: graph.held(name) for group, name in weights.items()}
    given = {group: torch.from_numpy(array.copy()) for group, array in arrays.items() if array is not None}
    features = given["kernel"].shape[1]
    seen = torch.zeros(_TRACED_ROWS, features)
    start = cell.start(_TRACED_ROWS, seen)

    def step(x: torch.Tensor, *rest: torch.Tensor) -> list[torch.Tensor]:
        held = dict(zip(given, rest[len(start) :], strict=True))
        output, after = cell.step(held, x, rest[: len(start)])
        return [output, *after]

    with torch.no_grad():
        traced = make_fx(step)(seen, *start, *given.values())
    names: dict[Any, Any] = {}
    handed = iter((x, *state, *(weights[group] for group in given)))
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            names[node] = next(handed)
        elif node.op == "output":
            said = [names[each] for each in node.args[0]]
            return said[0], tuple(said[1:])
        elif node.op == "call_function" and node.users:
            names[node] = _translated(graph, cell, node, names)
        elif node.op == "get_attr":
            held = getattr(traced, node.target)
            names[node] = graph.constant(held.detach().numpy(), "constant")
    raise AssertionError("a traced graph ends with its output")


def _translated(graph: Graph, cell: Cell, node: Any, names: Mapping[Any, Any]) -> Any:
    def given(value: Any) -> Any:
        if isinstance(value, torch.fx.Node):
            return names[value]
        return [given(each) for each in value] if isinstance(value, (list, tuple)) else value

    arguments = [given(value) for value in node.args]
    if node.target is operator.getitem:
        return arguments[0][arguments[1]]
    packet = str(getattr(node.target, "overloadpacket", node.target)).removeprefix("aten.")
    write = _TABLE.get(packet)
    if write is None or any(value is not None for value in _unread(packet, node.kwargs)):
        raise SettingError(
            "a cell's step has no translation into ONNX",
            where=f"cell {cell.name}",
            found=f"operation {node.target}",
            expected=f"operations among {', '.join(sorted(_TABLE))}",
            hint="write the step with these operations, or add the translation to tidegate.learn.export.tracing",
        )
    return write(graph, *arguments)


def _unread(packet: str, keywords: Mapping[str, Any]) -> list[Any]:
    """Keyword arguments that a translation would not honour; where a like tensor is made they only say its type."""
    return [] if packet in {"zeros_like", "ones_like"} else list(keywords.values())


def _name(graph: Graph, value: Any) -> str:
    return value if isinstance(value, str) else graph.constant(float(value))


def _two(kind: str) -> Callable[..., str]:
    return lambda graph, a, b: graph.add(kind, _name(graph, a), _name(graph, b))


def _one(kind: str) -> Callable[..., str]:
    return lambda graph, a: graph.add(kind, a)


def _same(graph: Graph, a: str) -> str:  # noqa: ARG001 - every translation is handed the graph
    return a


def _product(graph: Graph, a: str, b: str) -> str:
    return graph.add("MatMul", a, b)


def _with_sum(graph: Graph, added: str, a: str, b: str) -> str:
    return graph.add("Add", graph.add("MatMul", a, b), added)


def _turned(graph: Graph, a: str, order: Sequence[int] = (1, 0)) -> str:
    held = graph.held(a)
    if held is not None:
        return graph.constant(np.transpose(held, list(order)), f"{a}_turned")
    return graph.add("Transpose", a, perm=list(order))


def _parts(graph: Graph, a: str, sizes: int | Sequence[int], axis: int = 0) -> "_Slices":
    return _Slices(graph, a, sizes, axis)


class _Slices:
    """Parts of a split; each is cut out where it is first asked for."""

    def __init__(self, graph: Graph, whole: str, sizes: int | Sequence[int], axis: int) -> None:
        self._graph, self._whole, self._sizes, self._axis = graph, whole, sizes, axis

    def __getitem__(self, at: int) -> str:
        sizes = [self._sizes] * (at + 1) if isinstance(self._sizes, int) else self._sizes
        begin, end = sum(sizes[:at]), sum(sizes[: at + 1])
        return _slice(self._graph, self._whole, self._axis, begin, end)


def _slice(graph: Graph, a: str, axis: int = 0, begin: int | None = None, end: int | None = None, by: int = 1) -> str:
    start, stop = begin or 0, 2**62 if end is None else end
    return graph.add("Slice", a, *(graph.integers(n) for n in (start, stop, axis, by)))


def _clamp(graph: Graph, a: str, low: float | None = None, high: float | None = None) -> str:
    return graph.add("Clip", a, *("" if edge is None else graph.constant(float(edge)) for edge in (low, high)))


def _layer_norm(
    graph: Graph, a: str, shape: Sequence[int], gain: str | None, shift: str | None, epsilon: float
) -> tuple[str]:
    scale = gain or graph.constant(np.ones(tuple(shape), dtype=np.float32))
    rest = () if shift is None else (shift,)
    return (graph.add("LayerNormalization", a, scale, *rest, axis=-len(shape), epsilon=epsilon),)


def _filled(value: float) -> Callable[..., str]:
    tensor = np.array([value], dtype=np.float32)

    def write(graph: Graph, a: str) -> str:
        return graph.add("Expand", graph.constant(tensor), graph.add("Shape", a))

    return write


def _softplus(graph: Graph, a: str, beta: float = 1.0, threshold: float = 20.0) -> str:
    """``log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)``: exact to rounding for every x, so no threshold is needed."""
    assert beta == 1.0
    assert threshold > 0
    small = graph.add("Exp", graph.add("Neg", graph.add("Abs", a)))
    return graph.add("Add", graph.add("Relu", a), graph.add("Log", graph.add("Add", small, graph.constant(1.0))))


_TABLE: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "add": _two("Add"),
        "sub": _two("Sub"),
        "mul": _two("Mul"),
        "div": _two("Div"),
        "rsub": lambda graph, a, b: graph.add("Sub", _name(graph, b), a),
        "maximum": _two("Max"),
        "minimum": _two("Min"),
        "gt": _two("Greater"),
        "ge": _two("GreaterOrEqual"),
        "lt": _two("Less"),
        "le": _two("LessOrEqual"),
        "logaddexp": lambda graph, a, b: graph.add(
            "Add", graph.add("Max", a, b), _softplus(graph, graph.add("Neg", graph.add("Abs", graph.add("Sub", a, b))))
        ),
        "where": lambda graph, test, a, b: graph.add("Where", test, _name(graph, a), _name(graph, b)),
        "neg": _one("Neg"),
        "abs": _one("Abs"),
        "exp": _one("Exp"),
        "log": _one("Log"),
        "sqrt": _one("Sqrt"),
        "reciprocal": _one("Reciprocal"),
        "sigmoid": _one("Sigmoid"),
        "tanh": _one("Tanh"),
        "relu": _one("Relu"),
        "softplus": _softplus,
        "log_sigmoid_forward": lambda graph, a: (graph.add("Neg", _softplus(graph, graph.add("Neg", a))),),
        "clamp": _clamp,
        "mm": _product,
        "mv": _product,
        "addmm": _with_sum,
        "t": _turned,
        "permute": _turned,
        "transpose": lambda graph, a, first, second: _turned(graph, a, (1, 0)) if first != second else a,
        "split": _parts,
        "split_with_sizes": _parts,
        "slice": _slice,
        "cat": lambda graph, parts, axis=0: graph.add("Concat", *parts, axis=axis),
        "unsqueeze": lambda graph, a, axis: graph.add("Unsqueeze", a, graph.integers(axis)),
        "squeeze": lambda graph, a, axis: graph.add("Squeeze", a, graph.integers(axis)),
        "native_layer_norm": _layer_norm,
        "zeros_like": _filled(0.0),
        "ones_like": _filled(1.0),
        "alias": _same,
        "detach": _same,
    }
)
