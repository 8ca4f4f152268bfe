"""A stack of layers as ONNX nodes: an operator that ONNX knows by name where there is one, else a scan over the steps.

Time goes first here, ``[L, B, F]``: that is how the recurrent operators and `Scan` have it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from tidegate.learn.export.graph import Graph
from tidegate.learn.export.operators import Operator, operator_for
from tidegate.learn.export.pondering import write_thought
from tidegate.learn.export.tracing import write_step
from tidegate.models.cells.act import ACT
from tidegate.models.cells.base import Cell

__all__ = ["Pass", "write_stack"]

Arrays = Mapping[str, NDArray[Any]]


class Pass(NamedTuple):
    """Names of what one layer in one direction says: outputs ``[L, B, H]``, last h ``[B, H]``, ponder ``[L, B]``."""

    outputs: str
    last: str
    ponder: tuple[str, ...] = ()


def write_stack(graph: Graph, cell: Cell, arrays: Arrays, x: str) -> tuple[str, list[Pass]]:
    """Write all layers over ``x [B, L, F]`` → name of the last h ``[B, H]`` (or ``[B, 2H]``), and every pass."""
    seen, passes = graph.add("Transpose", x, perm=[1, 0, 2]), []
    last = ""
    for at in range(cell.layers):
        here = [_write_pass(graph, cell, _group(arrays, f"stack.layers.{at}."), seen, backward=False)]
        if cell.bidirectional:
            here.append(_write_pass(graph, cell, _group(arrays, f"stack.backwards.{at}."), seen, backward=True))
        passes.extend(here)
        seen = _side_by_side(graph, [each.outputs for each in here], axis=2)
        last = _side_by_side(graph, [each.last for each in here], axis=1)
    return last, passes


def _group(arrays: Arrays, prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _side_by_side(graph: Graph, parts: Sequence[str], axis: int) -> str:
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=axis)


def _write_pass(graph: Graph, cell: Cell, weights: Arrays, x: str, *, backward: bool) -> Pass:
    operator = operator_for(cell, weights)
    if operator is None:
        return _scanned(graph, cell, weights, x, backward=backward)
    return _operated(graph, operator, x, backward=backward)


def _operated(graph: Graph, operator: Operator, x: str, *, backward: bool) -> Pass:
    given = [x, *(graph.constant(part, group) for part, group in zip(operator.weights, ("W", "R", "B"), strict=True))]
    if operator.peepholes is not None:
        given += ["", "", "", graph.constant(operator.peepholes, "P")]
    direction = "reverse" if backward else "forward"
    outputs, last, *_ = graph.several(
        1 + operator.states, operator.name, *given, direction=direction, **operator.attributes
    )
    return Pass(graph.add("Squeeze", outputs, graph.integers(1)), graph.add("Squeeze", last, graph.integers(0)))


def _scanned(graph: Graph, cell: Cell, weights: Arrays, x: str, *, backward: bool) -> Pass:
    """One step after the other; a cell that ponders loops inside each step."""
    names = {group: graph.constant(array, group) for group, array in weights.items()}
    start = [_rows(graph, part, x) for part in cell.start(1, torch.zeros(1))]
    body = graph.inside()
    before = [body.fresh("state") for _ in start]
    now = body.fresh("x")
    ponder: tuple[str, ...] = ()
    if isinstance(cell, ACT):
        output, after, ponder = write_thought(body, cell, names, now, before)
    else:
        output, after = write_step(body, cell, names, now, before)
    leaving = [body.add("Identity", name) for name in (*after, output, *ponder)]
    wide = (None, cell.hidden)
    shapes: list[Sequence[int | None]] = [wide] * (len(start) + 1) + [(None,)] * len(ponder)
    written = body.written(
        "step",
        [body.value((name, wide)) for name in before] + [body.value((now, (None, None)))],
        [body.value(named) for named in zip(leaving, shapes, strict=True)],
    )
    way = [int(backward)]
    found = graph.several(
        len(leaving), "Scan", *start, x, body=written, num_scan_inputs=1,
        scan_input_directions=way, scan_output_directions=way * (1 + len(ponder)),
    )  # fmt: skip
    said = found[len(start) :]
    return Pass(said[0], found[0], tuple(said[1:]))


def _rows(graph: Graph, part: torch.Tensor, x: str) -> str:
    """The start ``[1, H]`` for as many rows as ``x [L, B, F]`` has."""
    batch = graph.add("Slice", graph.add("Shape", x), *(graph.integers(n) for n in (1, 2, 0)))
    shape = graph.add("Concat", batch, graph.integers(part.shape[1]), axis=0)
    return graph.add("Expand", graph.constant(part.numpy().astype(np.float32), "start"), shape)
