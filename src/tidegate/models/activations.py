"""Activations by name, written with tensor methods so that a declaration never loads torch."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

__all__ = ["Activation", "activate"]

Activation = Literal["linear", "relu", "tanh", "sigmoid"]

_CURVES: Mapping[str, Callable[["torch.Tensor"], "torch.Tensor"]] = MappingProxyType(
    {
        "linear": lambda x: x,
        "relu": lambda x: x.relu(),
        "tanh": lambda x: x.tanh(),
        "sigmoid": lambda x: x.sigmoid(),
    }
)


def activate(name: Activation, x: "torch.Tensor") -> "torch.Tensor":
    """Apply the activation `name` to every element.

    >>> import torch
    >>> activate("relu", torch.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return _CURVES[name](x)
