"""Activations by name, written with tensor methods so that a declaration never loads torch.

There are two hard sigmoids, because Keras has changed its mind: ``relu6(x + 3) / 6`` since Keras 3, and
``clip(0.2 x + 0.5, 0, 1)`` up to Keras 2, which is what papers of those years were computed with.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

__all__ = ["Activation", "GateActivation", "activate"]

Activation = Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid", "hard_sigmoid_keras2"]
GateActivation = Literal["sigmoid", "hard_sigmoid", "hard_sigmoid_keras2"]

_CURVES: Mapping[str, Callable[["torch.Tensor"], "torch.Tensor"]] = MappingProxyType(
    {
        "linear": lambda x: x,
        "relu": lambda x: x.relu(),
        "tanh": lambda x: x.tanh(),
        "sigmoid": lambda x: x.sigmoid(),
        "hard_sigmoid": lambda x: (x / 6.0 + 0.5).clamp(0.0, 1.0),
        "hard_sigmoid_keras2": lambda x: (x * 0.2 + 0.5).clamp(0.0, 1.0),
    }
)


def activate(name: Activation, x: "torch.Tensor") -> "torch.Tensor":
    """Apply the activation `name` to every element.

    >>> import torch
    >>> activate("relu", torch.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    >>> activate("hard_sigmoid", torch.tensor([-3.0, 0.0, 1.5])).tolist()
    [0.0, 0.5, 0.75]
    """
    return _CURVES[name](x)
