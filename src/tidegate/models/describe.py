"""A network as a graph of nodes and links, for the figure that draws it."""

from typing import Any

from tidegate.models.base import Network

__all__ = ["describe"]


def describe(network: Network, lookback: int, features: int, context: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Describe the built network: ``nodes`` (id, label, shape per window, parameters) and ``links`` (source, target).

    >>> from tidegate.models.cells.lstm import LSTM
    >>> from tidegate.models.recurrent import RecurrentNetwork
    >>> graph = describe(RecurrentNetwork(cell=LSTM(hidden=8), dense=(4,)), lookback=30, features=6)
    >>> [(node["id"], node["shape"], node["parameters"]) for node in graph["nodes"]]
    [('window', [30, 6], 0), ('cell-1', [8], 480), ('dense-1', [4], 36), ('head', [1], 5)]
    >>> graph["links"][0]
    {'source': 'window', 'target': 'cell-1'}
    """
    parts = network.parts(lookback, features, context)
    return {
        "nodes": [
            {"id": part.key, "label": part.label, "shape": list(part.shape), "parameters": part.parameters}
            for part in parts
        ],
        "links": [{"source": source, "target": part.key} for part in parts for source in part.sees],
    }
