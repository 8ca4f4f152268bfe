"""The sum of absolute input weights by factor, in all and by gate: the multi-factor documents' own measure.

It says how strongly the first layer is wired to a factor, not what the network does with it: a factor that is ignored
keeps the weights that it was drawn with. Hence the yardstick, and the two other measures of this folder.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import SettingError
from tidegate.learn.fitted import Fitted
from tidegate.models.ensemble import Ensemble
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types.axes import FloatArray

__all__ = ["InputWeights", "input_weights"]


class InputWeights(NamedTuple):
    """Sums of absolute weights: ``total [F]``, ``by_gate [F, G]`` of the window inputs, ``context [C]``.

    `context` is of the first dense layer, into which context fields go; it can't be compared with `total`.
    """

    fields: tuple[str, ...]
    gates: tuple[str, ...]
    total: FloatArray
    by_gate: FloatArray
    context: FloatArray


def input_weights(fitted: Fitted) -> InputWeights:
    """``Σ_h |W[g, h, f]|`` over the first layer's kernel; both directions added, an ensemble's members averaged.

    Errors
        `SettingError` for models other than a recurrent network or an ensemble of such.
    """
    model = fitted.model
    if isinstance(model, Ensemble) and isinstance(model.member, RecurrentNetwork):
        each = [_of(fitted, model.member, f"members.{at}.") for at in range(model.count)]
        by_gate, context = (np.mean(np.stack(held), axis=0) for held in zip(*each, strict=True))
        gates = model.member.cell.gates
    elif isinstance(model, RecurrentNetwork):
        by_gate, context = _of(fitted, model, "")
        gates = model.cell.gates
    else:
        raise SettingError(
            "only a recurrent network has input weights by gate",
            found=model.name,
            hint="ask for permutation importance",
        )
    return InputWeights(fitted.inputs, gates, by_gate.sum(axis=1), by_gate, context)


def _of(fitted: Fitted, model: RecurrentNetwork, prefix: str) -> tuple[FloatArray, FloatArray]:
    features, gates = len(fitted.inputs), len(model.cell.gates)
    by_gate = np.zeros((features, gates))
    for side in ("layers", "backwards"):
        kernel: NDArray[Any] | None = fitted.arrays.get(f"{prefix}stack.{side}.0.kernel")
        if kernel is not None:
            sizes = np.abs(kernel[:, :features].astype(np.float64))  # ACT's flag, if there is one, is the last column
            by_gate += sizes.reshape(gates, -1, features).sum(axis=1).T
    first = fitted.arrays[f"{prefix}dense.0.kernel" if model.dense else f"{prefix}head.kernel"]
    read = first.shape[1] - len(fitted.context)
    return by_gate, np.abs(first[:, read:].astype(np.float64)).sum(axis=0)
