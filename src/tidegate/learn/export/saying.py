"""How outputs are read, as ONNX nodes: by the loss that they were learned with, and by an ensemble over its members."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tidegate.errors import SettingError
from tidegate.learn.export.graph import Graph
from tidegate.learn.losses.base import Loss
from tidegate.learn.losses.classes import BinaryCrossEntropy, SoftmaxLoss
from tidegate.learn.losses.dates import DateLoss
from tidegate.learn.losses.regression import RegressionLoss
from tidegate.types.axes import FloatArray

__all__ = ["Told", "write_combined", "write_read"]


class Told(NamedTuple):
    """Names of a score ``[B]``, of the classes' probabilities ``[B, K]`` and of the members' spread ``[B]``."""

    score: str
    probabilities: str | None = None
    spread: str | None = None


def write_read(graph: Graph, loss: Loss | None, outputs: str, count: int) -> Told:
    """Write how `loss` reads outputs ``[B, O]``, `count` of them; the first is the score where there is no loss.

    Errors
        `SettingError` for a loss of a kind that is not known here.
    """
    first = graph.add("Gather", outputs, graph.constant(np.array(0, dtype=np.int64)), axis=1)
    if loss is None or isinstance(loss, (RegressionLoss, DateLoss)):
        return Told(first)
    if isinstance(loss, SoftmaxLoss):
        table = graph.add("Softmax", outputs, axis=1)
        numbers = graph.constant(np.arange(count, dtype=np.float32), "classes")
        return Told(graph.add("MatMul", table, numbers), table)
    if isinstance(loss, BinaryCrossEntropy):
        score = graph.add("Sigmoid", first)
        columns = [graph.add("Sigmoid", graph.add("Neg", first)), score]
        table = graph.add("Concat", *(graph.add("Unsqueeze", each, graph.integers(1)) for each in columns), axis=1)
        return Told(score, table)
    raise SettingError(
        "how this loss reads a network's outputs has no translation into ONNX",
        found=loss.name,
        expected="a loss of regression, of dates or of classes",
    )


def write_combined(graph: Graph, told: Sequence[Told], how: str, grades: tuple[FloatArray, FloatArray] | None) -> Told:
    """Write how members' scores become one by "mean", "median" or "rank-mean"; see `learn.combine`."""
    scores = graph.add(
        "Concat", *(graph.add("Unsqueeze", one.score, graph.integers(1)) for one in told), axis=1
    )  # [B, members]
    mean = graph.add("ReduceMean", scores, axes=[1], keepdims=1)
    off = graph.add("Sub", scores, mean)
    spread = graph.add("Sqrt", graph.add("ReduceMean", graph.add("Mul", off, off), axes=[1], keepdims=0))
    if how == "rank-mean":
        assert grades is not None
        score = _mean_rank(graph, [one.score for one in told], grades)
    elif how == "median":
        score = _median(graph, scores, len(told))
    else:
        score = graph.add("Squeeze", mean, graph.integers(1))
    tables = [one.probabilities for one in told if one.probabilities is not None]
    return Told(score, graph.add("Mean", *tables) if tables else None, spread)


def _median(graph: Graph, scores: str, count: int) -> str:
    ordered, _ = graph.several(2, "TopK", scores, graph.integers(count), axis=1)
    middle = np.array(sorted({(count - 1) // 2, count // 2}), dtype=np.int64)
    return graph.add("ReduceMean", graph.add("Gather", ordered, graph.constant(middle), axis=1), axes=[1], keepdims=0)


def _mean_rank(graph: Graph, scores: Sequence[str], grades: tuple[FloatArray, FloatArray]) -> str:
    """Each score's place among its member's training scores, and the score at the mean place among all of them."""
    own, together = grades
    places = [_place(graph, score, held.astype(np.float32)) for score, held in zip(scores, own, strict=True)]
    place = graph.add("Mean", *places)
    low = graph.add("Clip", graph.add("Floor", place), graph.constant(0.0), graph.constant(together.size - 2.0))
    return _between(graph, together.astype(np.float32), low, graph.add("Sub", place, low))


def _place(graph: Graph, score: str, held: np.ndarray) -> str:
    """Position of a score on a grid that does not fall, with its fraction; at the ends outside of it."""
    column = graph.add("Unsqueeze", score, graph.integers(1))
    reached = graph.add("Cast", graph.add("GreaterOrEqual", column, graph.constant(held[None])), to=1)
    count = graph.add("Sub", graph.add("ReduceSum", reached, graph.integers(1), keepdims=0), graph.constant(1.0))
    low = graph.add("Clip", count, graph.constant(0.0), graph.constant(held.size - 2.0))
    at, after = _ends(graph, held, low)
    wide = graph.add("Sub", after, at)
    share = graph.add("Div", graph.add("Sub", score, at), graph.add("Max", wide, graph.constant(1e-38)))
    return graph.add("Add", low, graph.add("Clip", share, graph.constant(0.0), graph.constant(1.0)))


def _between(graph: Graph, held: np.ndarray, low: str, share: str) -> str:
    at, after = _ends(graph, held, low)
    return graph.add("Add", at, graph.add("Mul", share, graph.add("Sub", after, at)))


def _ends(graph: Graph, held: np.ndarray, low: str) -> tuple[str, str]:
    index = graph.add("Cast", low, to=7)
    grid = graph.constant(held, "grid")
    later = graph.add("Add", index, graph.constant(np.array(1, dtype=np.int64)))
    return graph.add("Gather", grid, index), graph.add("Gather", grid, later)
