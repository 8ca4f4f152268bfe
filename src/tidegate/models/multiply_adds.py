"""Multiply-adds of one forecast, counted from the shapes: what a network costs on any machine.

Seconds say what one machine took on one day; a count says what the equations ask for. Every weight that multiplies is
used once at each row of the window (a cell's) or once a window (a dense layer's); biases and shifts only add. A cell
that ponders does all of it again at every ponder step. Element-wise products of states and gates, of the order of H for
each row, are left out, as they are everywhere.
"""

from tidegate.errors import SettingError
from tidegate.models.base import Network

__all__ = ["multiply_adds"]

_ADDED = ("bias", "shift")


def multiply_adds(network: Network, lookback: int, features: int, context: int = 0, ponder: float = 1.0) -> float:
    """Count the multiply-adds of one forecast from a window ``[L, F]`` and a context ``[C]``.

    Formula
        ``L · ponder · (weights of the cells) + (weights of the dense layers and the head)``, biases and shifts left
        out. An LSTM layer has ``4H(F + H)`` of them, a GRU ``3H(F + H)``, a vanilla cell ``H(F + H)``.
        `ponder` is the mean number of ponder steps a row, 1 for cells that do not ponder.
    Units
        One multiplication with its addition. Training costs about three times as much: a forward pass, and a gradient
        for the inputs and for the weights of every product.
    Errors
        `SettingError` where `ponder` is below one.

    >>> from tidegate.models.cells.lstm import LSTM
    >>> from tidegate.models.recurrent import RecurrentNetwork
    >>> multiply_adds(RecurrentNetwork(cell=LSTM(hidden=8), dense=(4,)), lookback=10, features=2)
    3236.0
    """
    import torch

    if not ponder >= 1.0:
        raise SettingError("a cell takes at least one step at each row", expected="1 or more", found=ponder)
    module = network.build(features, context, torch.Generator().manual_seed(0))
    cells = heads = 0
    for name, weight in module.named_parameters():
        if any(word in name.rpartition(".")[2] for word in _ADDED):
            continue
        if "stack" in name.split("."):  # of the network itself, or of an ensemble's member
            cells += weight.numel()
        else:
            heads += weight.numel()
    return float(lookback * ponder * cells + heads)
