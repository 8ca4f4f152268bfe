"""Multiply-adds of one forecast, counted from the shapes: what a network costs on any machine.

Seconds say what one machine took on one day; a count says what the equations ask for. Every weight that multiplies is
used once at each row of the window (a cell's) or once a window (a dense layer's); biases and shifts only add. A cell
that ponders does all of it again at every ponder step. Element-wise products of states and gates, of the order of H for
each row, are left out, as they are everywhere.
"""

from collections.abc import Sequence

from tidegate.errors import SettingError
from tidegate.models.base import Network
from tidegate.models.pooled import Pooled

__all__ = ["multiply_adds"]

_ADDED = ("bias", "shift")


def multiply_adds(
    network: Network, lookback: int, features: int, context: int = 0, ponder: float | Sequence[float] = 1.0
) -> float:
    """Count the multiply-adds of one forecast from a window ``[L, F]`` and a context ``[C]``.

    Formula
        ``L · Σ_layers ponder · (weights of its cell) + (weights of the dense layers and the head)``, biases and shifts
        left out. An LSTM layer has ``4H(F + H)`` of them, a GRU ``3H(F + H)``, a vanilla cell ``H(F + H)``.
        `ponder` is the mean number of ponder steps a row, 1 for cells that do not ponder: one number for all layers,
        or one for each in the order of a stack's runs (layer 1, layer 1 backward, layer 2, …), the same for every
        member of an ensemble. Of a pool each window asks one member.
    Units
        One multiplication with its addition. Training costs about three times as much: a forward pass, and a gradient
        for the inputs and for the weights of every product.
    Errors
        `SettingError` where `ponder` is below one, or names another number of layers than there are.

    >>> from tidegate.models.cells.lstm import LSTM
    >>> from tidegate.models.recurrent import RecurrentNetwork
    >>> multiply_adds(RecurrentNetwork(cell=LSTM(hidden=8), dense=(4,)), lookback=10, features=2)
    3236.0
    """
    import torch

    if isinstance(network, Pooled):
        return multiply_adds(network.member, lookback, features, context - network.reads_context, ponder)
    for steps in (ponder,) if isinstance(ponder, float | int) else ponder:
        if not steps >= 1.0:
            raise SettingError("a cell takes at least one step at each row", expected="1 or more", found=steps)
    module = network.build(features, context, torch.Generator().manual_seed(0))
    cells: dict[tuple[int, int], int] = {}
    heads = 0
    for name, weight in module.named_parameters():
        if any(word in name.rpartition(".")[2] for word in _ADDED):
            continue
        within = name.split(".")
        if "stack" in within:  # of the network itself, or of an ensemble's member
            way, layer = within[within.index("stack") + 1 :][:2]
            run = int(layer), int(way == "backwards")
            cells[run] = cells.get(run, 0) + weight.numel()
        else:
            heads += weight.numel()
    each = [float(ponder)] * len(cells) if isinstance(ponder, float | int) else list(ponder)
    if len(each) != len(cells):
        raise SettingError("ponder steps are told for every layer", expected=len(cells), found=len(each))
    return lookback * sum(steps * cells[run] for run, steps in zip(sorted(cells), each, strict=True)) + float(heads)
