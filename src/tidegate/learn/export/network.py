"""One recurrent network as ONNX nodes: layers, the context, dense layers and the head."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from tidegate.learn.export.graph import Graph
from tidegate.learn.export.layers import Pass, write_stack
from tidegate.models.recurrent import RecurrentNetwork

__all__ = ["write_network"]

Arrays = Mapping[str, NDArray[Any]]


def write_network(
    graph: Graph, network: RecurrentNetwork, arrays: Arrays, x: str, context: str | None
) -> tuple[str, list[Pass]]:
    """Write a network with its learned `arrays` over ``x [B, L, F]`` → name of its outputs ``[B, O]``, every pass."""
    seen, passes = write_stack(graph, network.cell, arrays, x)
    if context is not None:
        seen = graph.add("Concat", seen, context, axis=1)
    for at in range(len(network.dense)):
        seen = _dense(graph, arrays, f"dense.{at}", network.activation, seen)
    return _dense(graph, arrays, "head", network.output_activation, seen), passes


def _dense(graph: Graph, arrays: Arrays, layer: str, activation: str, x: str) -> str:
    kernel, bias = (graph.constant(arrays[f"{layer}.{part}"], f"{layer}.{part}") for part in ("kernel", "bias"))
    said = graph.add("Gemm", x, kernel, bias, transB=1)
    if activation.startswith("hard_sigmoid"):
        return graph.add("HardSigmoid", said, alpha=0.2 if activation.endswith("2") else 1.0 / 6.0, beta=0.5)
    return said if activation == "linear" else graph.add(activation.title(), said)
