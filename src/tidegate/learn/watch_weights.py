"""Distributions of weights and biases: by layer, group and gate, as histograms of fixed bins and quantiles.

The bins are fixed when training begins, symmetric about zero and wide enough for weights to grow; what grows beyond is
counted in the outer bins, and the quantiles (the least and the greatest among them) stay exact.
"""

from collections.abc import Iterator

import numpy as np
import torch

from tidegate.models.stack import Stack
from tidegate.types.axes import FloatArray, Single

__all__ = ["SHARES", "Groups"]

SHARES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
_GROWTH, _LEAST = 4.0, 1.0


class Groups:
    """The groups of weights of one module, and what they look like now.

    Groups are named as the module names its weights, with the gate behind: ``stack.layers.0.kernel.forget``.

    >>> groups = Groups(torch.nn.Linear(3, 2), bins=4)
    >>> groups.names, groups.edges.shape
    (('weight', 'bias'), (2, 5))
    >>> counts, quantiles = groups.look()
    >>> counts.sum(axis=1).tolist(), quantiles.shape
    ([6, 2], (2, 9))
    """

    def __init__(self, module: torch.nn.Module, bins: int) -> None:
        self._views = dict(_groups(module))
        self.names = tuple(self._views)
        self._bins = bins
        widest = [max(_LEAST, _GROWTH * float(held.abs().max())) for held in self._views.values()]
        self.edges: FloatArray = np.stack([np.linspace(-limit, limit, bins + 1) for limit in widest])

    def look(self) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], FloatArray]:
        """Count ``[groups, bins]`` and cut ``[groups, shares]``."""
        counts = np.zeros((len(self.names), self._bins), dtype=np.int64)
        cuts = np.zeros((len(self.names), len(SHARES)))
        for at, (held, edges) in enumerate(zip(self._views.values(), self.edges, strict=True)):
            values: Single = np.sort(held.detach().cpu().numpy().reshape(-1))
            below = np.searchsorted(values, edges[1:-1].astype(np.float32), side="left")
            counts[at] = np.diff(np.concatenate([[0], below, [values.size]]))
            place = np.asarray(SHARES) * (values.size - 1)
            low = np.floor(place).astype(np.int64)
            high = np.ceil(place).astype(np.int64)
            lower = values[low].astype(np.float64)
            cuts[at] = lower + (place - low) * (values[high] - lower)
        return counts, cuts


def _groups(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    stack = getattr(module, "stack", None)
    for name, weight in module.named_parameters():
        gates = stack.cell.gates if isinstance(stack, Stack) and name.startswith("stack.") else ()
        kind = name.rpartition(".")[2]
        whole = isinstance(stack, Stack) and weight.shape[0] == len(gates) * stack.cell.hidden
        if len(gates) > 1 and whole and kind in {"kernel", "recurrent", "bias"}:
            for gate, part in zip(gates, weight.detach().chunk(len(gates)), strict=True):
                yield f"{name}.{gate}", part
        else:
            yield name, weight.detach()
