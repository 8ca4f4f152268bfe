"""A fitted recurrent network that speaks without torch: the fused kernels, on the arrays that were kept.

Torch takes longer to load than a whole market's day takes to be forecast. Where every layer is one that the fused
kernels know, nothing of torch is needed to speak: a dense layer is one step of a recurrent cell from a state of zero.
These are the kernels that the network's module calls when it speaks, on the same numbers, so the bits are the same.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.models.base import Model
from tidegate.models.cells.gated import Gated
from tidegate.models.fast.buffers import pool
from tidegate.models.fast.forward import forward_tiles
from tidegate.models.fast.kinds import CELLS, Kind, known
from tidegate.models.fast.layout import lay_turned
from tidegate.models.fast.product import width_of
from tidegate.models.fast.tiles import cut
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types.axes import require

__all__ = ["Spoken", "spoken_of"]

Array = NDArray[Any]
_ahead: Any = forward_tiles
_lay_turned: Any = lay_turned


class Spoken:
    """The scores of a network with weights `arrays`, by the names of its module's ``state_dict``.

    Errors
        `RecordError` for weights that are missing or do not fit together, and for windows of another width.

    >>> import torch
    >>> from tidegate.models.cells.lstm import LSTM
    >>> from tidegate.models.dense import by_row
    >>> network = RecurrentNetwork(cell=LSTM(hidden=4), dense=(3,), activation="tanh")
    >>> module = network.build(2, 1, torch.Generator().manual_seed(1)).eval()
    >>> spoken = spoken_of(network, {name: held.numpy() for name, held in module.state_dict().items()})
    >>> x, c = np.ones((5, 6, 2), np.float32), np.ones((5, 1), np.float32)
    >>> said = by_row(module)(torch.from_numpy(x), torch.from_numpy(c)).detach().numpy()
    >>> bool(np.array_equal(spoken.say(x, c), said))
    True
    """

    def __init__(self, network: RecurrentNetwork, cell: Gated, arrays: Mapping[str, Array]) -> None:
        assert cell.fused_as is not None
        names = [f"stack.layers.{at}" for at in range(cell.layers)]
        self._cells = [_Layer(known(cell.fused_as), _within(arrays, name)) for name in names]
        dense = [*((f"dense.{at}", network.activation) for at in range(len(network.dense)))]
        self._dense = [
            _Layer(Kind("rnn", "sigmoid", activation), _dense(_within(arrays, name)))
            for name, activation in (*dense, ("head", network.output_activation))
        ]

    def say(self, x: Array, context: Array) -> Array:
        """Windows ``[B, L, F]`` and context ``[B, C]`` → scores ``[B, outputs]``; one thread, row by row."""
        for cell in self._cells:
            x, last = cell.steps(x)
        seen = np.concatenate((last, context), axis=1) if context.shape[1] else last
        for dense in self._dense:
            _, seen = dense.steps(seen[:, np.newaxis])
        return seen


def spoken_of(model: Model, arrays: Mapping[str, Array]) -> Spoken | None:
    """How `model` speaks without torch; None where only torch knows it."""
    if not isinstance(model, RecurrentNetwork):
        return None
    cell = model.cell
    if not isinstance(cell, Gated) or cell.bidirectional or cell.fused_as is None:
        return None
    return Spoken(model, cell, arrays)


class _Layer:
    """A layer of a fused cell, from a state of zero. Shapes are checked: a compiled loop reads past what is short."""

    def __init__(self, kind: Kind, weights: Mapping[str, Array]) -> None:
        self.kind, self.layout = kind, CELLS[kind.cell]
        _check(kind, weights)
        recurrent, kernel, bias = (np.ascontiguousarray(weights[name]) for name in ("recurrent", "kernel", "bias"))
        self.dtype, self.hidden, width = kernel.dtype, recurrent.shape[1], width_of(kernel.dtype)
        groups = self.layout.groups(self.hidden)
        shape = sum(-(-group // width) for group in groups), self.hidden + kernel.shape[1] + 1, width
        self.panels = np.empty(shape, self.dtype)
        _lay_turned(recurrent, kernel, bias, groups[0], self.panels)
        extra = self.layout.extra
        self.extra = np.empty(0, self.dtype) if extra is None else np.ascontiguousarray(weights[extra])

    def steps(self, x: Array) -> tuple[Array, Array]:
        """All steps of ``x [B, L, F]`` → outputs ``[B, L, H]`` and the last one ``[B, H]``."""
        batch, steps, seen = x.shape
        wide = self.panels.shape[1] - self.hidden - 1
        require(holds=seen == wide, what=f"a layer of {self.kind.cell} sees other inputs", expected=wide, found=seen)
        tiles, memory, across = cut(batch, self.hidden), self.layout.memory, self.layout.columns * self.hidden
        room = tiles.rows * (2 * (self.panels.shape[1] + self.hidden * memory) + across)
        outputs = np.empty((batch, steps, self.hidden), self.dtype)
        h, c = np.empty((batch, self.hidden), self.dtype), np.empty((batch if memory else 0, self.hidden), self.dtype)
        none, nobody = np.empty((0, 0), self.dtype), np.empty((0, 0), np.bool_)
        _ahead(
            *self.kind.numbers, (0, tiles.tiles), tiles.rows, steps, True, np.ascontiguousarray(x),
            np.empty(0, np.int64), self.panels, self.extra, none, none, nobody, none,
            pool().take((1, room), self.dtype), 1, across, outputs, h, c,
        )  # fmt: skip
        return outputs, h


def _within(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(f"{prefix}."): held for name, held in arrays.items() if name.startswith(f"{prefix}.")}


def _dense(weights: Mapping[str, Array]) -> dict[str, Array]:
    if "bias" not in weights:
        return dict(weights)
    units = weights["bias"].shape[0]
    return {**weights, "recurrent": np.zeros((units, units), weights["bias"].dtype)}


def _check(kind: Kind, weights: Mapping[str, Array]) -> None:
    """Refuse a layer whose weights are not all there, or do not fit together."""
    layout = CELLS[kind.cell]
    names = ["kernel", "recurrent", "bias", *([] if layout.extra is None else [layout.extra])]
    there = [name for name in names if name in weights]
    require(holds=there == names, what=f"weights of {kind.cell} are missing", expected=names, found=there)
    hidden, inputs = weights["recurrent"].shape[-1], weights["kernel"].shape[-1]
    wide = layout.blocks * hidden
    extra = {} if layout.extra is None else {layout.extra: ((3 if layout.memory else 1) * hidden,)}
    fits = {"kernel": (wide, inputs), "recurrent": (wide, hidden), "bias": (wide,), **extra}
    found = {name: weights[name].shape for name in names}
    require(holds=found == fits, what=f"weights of {kind.cell} do not fit together", expected=fits, found=found)
