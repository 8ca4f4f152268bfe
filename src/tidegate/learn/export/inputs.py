"""The normaliser as ONNX nodes: the map fitted on train, or each window's own moments, as `prepare` computes them."""

import numpy as np

from tidegate.learn.export.graph import Graph
from tidegate.prepare.window_z_score import WindowZScore
from tidegate.types.windows import Affine

__all__ = ["write_normalised"]

_DOUBLE, _SINGLE = 11, 1


def write_normalised(graph: Graph, window: str, normaliser: Affine | WindowZScore | None) -> str:
    """``(x - centre) / scale`` in float32, centre and scale cast once, as batches are made; nothing for None."""
    if normaliser is None:
        return window
    if isinstance(normaliser, Affine):
        centre, scale = (
            graph.constant(part.astype(np.float32), what)
            for part, what in ((normaliser.centre, "centre"), (normaliser.scale, "scale"))
        )
    else:
        centre, scale = _moments(graph, window, normaliser)
    return graph.add("Div", graph.add("Sub", window, centre), scale)


def _moments(graph: Graph, window: str, normaliser: WindowZScore) -> tuple[str, str]:
    """Mean and deviation ``[B, 1, F]`` over the rows, in float64; their value and one where they are all equal."""
    x = graph.add("Cast", window, to=_DOUBLE)
    mean = graph.add("ReduceMean", x, axes=[1])
    off = graph.add("Sub", x, mean)
    squares = graph.add("ReduceSum", graph.add("Mul", off, off), graph.integers(1))
    rows = graph.add("Gather", graph.add("Shape", window), graph.constant(np.array(1, dtype=np.int64)))
    least = graph.constant(np.array(1, dtype=np.int64))
    less = graph.constant(np.array(normaliser.ddof, dtype=np.int64))
    count = graph.add("Cast", graph.add("Max", graph.add("Sub", rows, less), least), to=_DOUBLE)
    deviation = graph.add("Sqrt", graph.add("Div", squares, count))
    highest, lowest = (graph.add(kind, window, axes=[1]) for kind in ("ReduceMax", "ReduceMin"))
    flat = graph.add("Equal", highest, lowest)
    single = [graph.add("Cast", part, to=_SINGLE) for part in (mean, deviation)]
    centre = graph.add("Where", flat, highest, single[0])
    return centre, graph.add("Where", flat, graph.constant(1.0), single[1])
