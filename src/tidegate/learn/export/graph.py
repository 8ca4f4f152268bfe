"""A graph while it is being written: nodes in order, constants at the root, names that never meet.

A loop's body is a graph of its own; it may use any name of the graphs around it, so that weights are written once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.learn.export.extra import required

__all__ = ["Graph", "Named"]

Named = tuple[str, Sequence[int | str | None]]
"""A value's name and shape; a word or None stands for a size that is known only when the graph runs."""


@dataclass
class _Shared:
    """What a graph and the bodies inside it have together."""

    constants: dict[str, NDArray[Any]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


class Graph:
    """Nodes and constants of one ONNX graph; `inside` opens the body of a loop in it."""

    def __init__(self, shared: _Shared | None = None) -> None:
        self._at_root = shared is None
        self._shared = _Shared() if shared is None else shared
        self._nodes: list[Any] = []

    def inside(self) -> "Graph":
        """Open a graph for a loop's body."""
        return Graph(self._shared)

    def fresh(self, hint: str) -> str:
        """Return a name that nothing else in the model has."""
        counts = self._shared.counts
        counts[hint] = counts.get(hint, 0) + 1
        return f"{hint}_{counts[hint]}"

    def constant(self, value: NDArray[Any] | float, hint: str = "constant") -> str:
        """Keep an array in the model (a number as float32) and return its name."""
        name = self.fresh(hint)
        array = value if isinstance(value, (np.ndarray, np.generic)) else np.float32(value)
        self._shared.constants[name] = np.ascontiguousarray(array).reshape(np.shape(array))
        return name

    def integers(self, *values: int) -> str:
        """Keep a list of 64-bit integers, as shapes and axes are given."""
        return self.constant(np.array(values, dtype=np.int64), "axes")

    def held(self, name: str) -> NDArray[Any] | None:
        """The constant of that name, if it is one."""
        return self._shared.constants.get(name)

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        return self.several(1, operator, *inputs, **attributes)[0]

    def several(self, count: int, operator: str, *inputs: str, **attributes: Any) -> tuple[str, ...]:
        """Add a node with `count` outputs and return their names."""
        names = tuple(self.fresh(operator.lower()) for _ in range(count))
        self.put(operator, inputs, names, **attributes)
        return names

    def put(self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> None:
        """Add a node whose outputs are named by the caller; an empty name leaves an optional one out."""
        self._shared.used.update(inputs)
        self._nodes.append(required("onnx.helper").make_node(operator, list(inputs), list(outputs), **attributes))

    def written(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """Return the graph as ONNX has it; constants belong to the root alone, and those that nobody uses to none."""
        tensor = required("onnx.numpy_helper").from_array
        held = self._shared.constants.items() if self._at_root else ()
        constants = [tensor(array, known) for known, array in held if known in self._shared.used]
        return required("onnx.helper").make_graph(self._nodes, name, list(inputs), list(outputs), constants)

    @staticmethod
    def value(named: Named, kind: str = "FLOAT") -> Any:
        """Describe an input or output of a graph."""
        name, shape = named
        onnx = required("onnx")
        return onnx.helper.make_tensor_value_info(name, getattr(onnx.TensorProto, kind), list(shape))
