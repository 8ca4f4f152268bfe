"""Cells that ONNX knows by name: our weights in the order of its RNN, LSTM and GRU operators.

    ours                 theirs
    LSTM    i f g o      i o f c, two biases (the second stays zero), peepholes i o f
    coupled f g o        its input_forget means f = 1 - i with a gate i of its own; ours has f and i = 1 - f. Both
                         sigmoids are symmetric, 1 - σ(a) = σ(-a), so their i is our f with every sign turned
    GRU     r z n        z r h; h' = (1 - z) n + z h as ours; linear_before_reset for reset "after"

Everything else (layer norm, other gates, cells to come) is written step by step, see `layers`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.models.cells.base import Cell

__all__ = ["Operator", "operator_for"]

Arrays = Mapping[str, NDArray[Any]]

_CURVES: Mapping[str, tuple[str, tuple[float, float] | None]] = MappingProxyType(
    {
        "linear": ("Affine", (1.0, 0.0)),
        "relu": ("Relu", None),
        "tanh": ("Tanh", None),
        "sigmoid": ("Sigmoid", None),
        "hard_sigmoid": ("HardSigmoid", (1.0 / 6.0, 0.5)),
        "hard_sigmoid_keras2": ("HardSigmoid", (0.2, 0.5)),
    }
)


class Operator(NamedTuple):
    """A recurrent operator: its name, its inputs W, R, B (and P) for one direction, its states and its attributes."""

    name: str
    weights: tuple[NDArray[Any], ...]
    peepholes: NDArray[Any] | None
    states: int
    attributes: dict[str, Any]


Places = tuple[tuple[int | None, int], ...]
"""For each gate of the operator: which of our blocks it is and its sign; None where it is not used."""


class _Known(NamedTuple):
    """How one of our cells stands in an operator."""

    operator: str
    places: Places
    curves: tuple[str, ...]
    states: int
    peepholes: Places = ()
    attributes: Mapping[str, int] = MappingProxyType({})


_THREE = ("gate_activation", "activation", "activation")
_CELLS: Mapping[str, _Known] = MappingProxyType(
    {
        "rnn": _Known("RNN", ((0, 1),), ("activation",), 1),
        "lstm": _Known("LSTM", ((0, 1), (3, 1), (1, 1), (2, 1)), _THREE, 2),
        "peephole-lstm": _Known("LSTM", ((0, 1), (3, 1), (1, 1), (2, 1)), _THREE, 2, ((0, 1), (2, 1), (1, 1))),
        "coupled-lstm": _Known(
            "LSTM", ((0, -1), (2, 1), (None, 1), (1, 1)), _THREE, 2, (), MappingProxyType({"input_forget": 1})
        ),
        "gru": _Known("GRU", ((1, 1), (0, 1), (2, 1)), ("gate_activation", "activation"), 1),
    }
)
_SETTINGS = frozenset(
    {"hidden", "layers", "bidirectional", "dropout", "input_dropout", "recurrent_dropout", "kernel_initialiser"}
    | {"recurrent_initialiser", "form", "activation", "gate_activation", "layer_norm", "unit_forget_bias", "reset"}
)
"""Settings that are honoured here or change nothing once a network has learned; any other calls for a scan."""


def operator_for(cell: Cell, weights: Arrays) -> Operator | None:
    """The standard operator that computes `cell` with these weights; None where ONNX has none.

    Shapes
        W ``[1, gH, F]``, R ``[1, gH, H]``, B ``[1, 2gH]``, P ``[1, 3H]``, gates in the operator's order.
    """
    known = _CELLS.get(cell.name)
    if known is None or getattr(cell, "layer_norm", False) or not _SETTINGS.issuperset(type(cell).model_fields):
        return None
    attributes: dict[str, Any] = {"hidden_size": cell.hidden, **_activations(cell, known.curves), **known.attributes}
    recurrent_bias = np.zeros(len(known.places) * cell.hidden, dtype=np.float32)
    if cell.name == "gru":
        after = getattr(cell, "reset", "after") == "after"
        attributes["linear_before_reset"] = int(after)
        if after:
            recurrent_bias[-cell.hidden :] = weights["recurrent_bias"]
    groups = ("kernel", "recurrent", "bias")
    kernel, recurrent, bias = (_ordered(weights[group], known.places, cell.hidden) for group in groups)
    peepholes = _ordered(weights["peephole"], known.peepholes, cell.hidden)[None] if known.peepholes else None
    given = (kernel[None], recurrent[None], np.concatenate([bias, recurrent_bias])[None])
    return Operator(known.operator, given, peepholes, known.states, attributes)


def _ordered(array: NDArray[Any], places: Places, hidden: int) -> NDArray[Any]:
    blocks = array.reshape(-1, hidden, *array.shape[1:])
    parts = [np.zeros_like(blocks[0]) if at is None else sign * blocks[at] for at, sign in places]
    return np.ascontiguousarray(np.concatenate(parts))


def _activations(cell: Cell, settings: tuple[str, ...]) -> dict[str, Any]:
    found = [_CURVES[getattr(cell, setting)] for setting in settings]
    numbers = [pair for _, pair in found if pair is not None]
    names: dict[str, Any] = {"activations": [name for name, _ in found]}
    if numbers:
        names["activation_alpha"] = [alpha for alpha, _ in numbers]
        names["activation_beta"] = [beta for _, beta in numbers]
    return names
