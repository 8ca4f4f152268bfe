"""What the fused kernels are given: a cell of theirs, checked tensors, and arrays that they may read without looking.

A compiled loop reads past the end of an array that is too short, so everything is looked at here, before one runs.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from tidegate.errors import SettingError
from tidegate.models.fast.kinds import CELLS, Kind

__all__ = ["Given", "array", "check"]

Array = NDArray[Any]
_WINDOWS = 3


class Given(NamedTuple):
    """The tensors of one call, in the order in which autograd sees them."""

    kernel: torch.Tensor
    recurrent: torch.Tensor
    bias: torch.Tensor
    extra: torch.Tensor | None
    x: torch.Tensor
    h: torch.Tensor
    c: torch.Tensor | None
    mask: torch.Tensor | None
    noise: torch.Tensor | None


def check(
    kind: Kind,
    weights: Mapping[str, torch.Tensor],
    x: torch.Tensor,
    state: tuple[torch.Tensor, ...],
    mask: torch.Tensor | None,
    noise: torch.Tensor | None,
) -> Given:
    """Return the tensors by name; raises `SettingError` where a shape, type or device does not fit."""
    layout = CELLS[kind.cell]
    if x.dim() != _WINDOWS or x.shape[1] < 1:
        raise SettingError(
            "a fused cell needs windows", expected="x [B, L, F] with L ≥ 1", found=list(x.shape), where=kind.cell
        )
    if len(state) != 1 + layout.memory:
        raise SettingError("the state has parts", expected=1 + layout.memory, found=len(state), where=kind.cell)
    extra = None if layout.extra is None else weights.get(layout.extra)
    kernel, recurrent, bias = (weights[name] for name in ("kernel", "recurrent", "bias"))
    given = Given(kernel, recurrent, bias, extra, x, state[0], state[1] if layout.memory else None, mask, noise)
    hidden = recurrent.shape[-1]
    wide, rows = layout.blocks * hidden, (x.shape[0], hidden)
    fits = {"kernel": (wide, x.shape[2]), "recurrent": (wide, hidden), "bias": (wide,), "h": rows}
    fits |= {"c": rows} if layout.memory else {}
    fits |= {"extra": (3 * hidden,) if layout.memory else (hidden,)} if layout.extra is not None else {}
    fits |= {"noise": rows} if noise is not None else {}
    for name, size in fits.items():
        _fit(kind.cell, layout.extra or name if name == "extra" else name, getattr(given, name), size, x)
    if mask is not None and (tuple(mask.shape) != tuple(x.shape[:2]) or mask.dtype != torch.bool):
        raise SettingError(
            "the mask is not one truth for every step",
            expected=f"bool {list(x.shape[:2])}",
            found=f"{mask.dtype} {list(mask.shape)}",
            where=kind.cell,
        )
    return given


def _fit(cell: str, name: str, part: torch.Tensor | None, size: tuple[int, ...], x: torch.Tensor) -> None:
    if part is None:
        raise SettingError(f"{name} is missing", expected=list(size), where=cell)
    if part.shape != size:
        raise SettingError(f"{name} has the wrong shape", expected=list(size), found=list(part.shape), where=cell)
    alike = part.dtype == x.dtype and part.is_cpu and x.is_cpu
    if not alike or x.dtype not in (torch.float32, torch.float64):
        raise SettingError(
            f"{name} and x must be alike, and on the processor",
            expected="float32 or float64, on cpu",
            found=f"{part.dtype} on {part.device} beside {x.dtype} on {x.device}",
            where=cell,
            hint="set form='plain' or form='torch' for other types and devices",
        )


def array(tensor: torch.Tensor | None, rank: int, like: torch.Tensor) -> Array:
    """Return a tensor as an array whose numbers lie in order, or an empty one where there is none."""
    if tensor is None:
        return np.empty((0,) * rank, like.detach().numpy().dtype)
    return tensor.detach().contiguous().numpy()
