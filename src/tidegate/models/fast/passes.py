"""Forward and backward over all tiles of a batch: memory, threads and sums around the compiled kernels."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from tidegate.models.fast.backward import backward_lanes
from tidegate.models.fast.buffers import pool
from tidegate.models.fast.forward import forward_tiles
from tidegate.models.fast.kinds import CELLS, Kind
from tidegate.models.fast.layout import collect, lay_across, lay_turned
from tidegate.models.fast.product import DEEP, STRIP, width_of
from tidegate.models.fast.task import Given, array
from tidegate.models.fast.threads import spread
from tidegate.models.fast.tiles import cut

__all__ = ["Done", "Wanted", "back", "laid", "run", "sweep"]

Array = NDArray[Any]
_ahead: Any = forward_tiles
_back: Any = backward_lanes
_lay_turned: Any = lay_turned
_lay_across: Any = lay_across
_collect: Any = collect


class Done(NamedTuple):
    """What a forward pass gives; `kept [tiles, …]` is what backward needs, if that was asked for.

    `resting` says that all windows started from an output of zero.
    """

    outputs: torch.Tensor
    h: torch.Tensor
    c: torch.Tensor
    kept: torch.Tensor | None
    resting: bool


class Wanted(NamedTuple):
    """Which gradients besides those of the weights are computed."""

    x: bool
    state: bool


def run(kind: Kind, given: Given, *, keep: bool) -> Done:
    """Do all steps; with `keep`, also keep what `back` needs."""
    x = array(given.x, 3, given.x)
    weights = array(given.recurrent, 2, given.x), array(given.kernel, 2, given.x), array(given.bias, 1, given.x)
    deep = weights[0].shape[1] + x.shape[2] + 1
    return sweep(kind, given, x, np.empty(0, np.int64), x.shape[1], laid(kind, *weights, deep), keep=keep)


def sweep(kind: Kind, given: Given, x: Array, shared: Array, steps: int, panels: Array, *, keep: bool) -> Done:
    """Do all steps on windows, or on projected rows that windows share."""
    batch, hidden = given.h.shape
    layout, tiles, deep = CELLS[kind.cell], cut(batch, hidden), panels.shape[1]
    across, slots = layout.columns * hidden, steps if keep else 1
    noise = array(given.noise, 2, given.h)
    size = tiles.rows * ((slots + 1) * (deep + hidden * (layout.memory + (noise.size > 0))) + slots * across)
    start = array(given.h, 2, given.h), array(given.c, 2, given.h)
    resting = not start[0].any()
    outputs = pool().take((batch, steps, hidden), x.dtype)
    h, c = np.empty((batch, hidden), x.dtype), np.empty((len(start[1]), hidden), x.dtype)
    kept = pool().take((tiles.tiles, size), x.dtype) if keep else None
    fixed = x, shared, panels, array(given.extra, 1, given.h), *start, _mask(given), noise

    def work(first: int, last: int) -> None:
        blocks = pool().take((1, size), x.dtype) if kept is None else kept
        _ahead(
            *kind.numbers, (first, last), tiles.rows, steps, resting, *fixed, blocks, slots, across, outputs, h, c
        )  # fmt: skip

    spread(work, tiles.tiles, tiles.rows * steps * deep * across, torch.get_num_threads())
    held = None if kept is None else torch.from_numpy(kept)
    return Done(torch.from_numpy(outputs), torch.from_numpy(h), torch.from_numpy(c), held, resting)


def back(
    kind: Kind,
    given: Given,
    kept: torch.Tensor,
    resting: bool,
    ups: tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor | None],
    wanted: Wanted,
) -> tuple[torch.Tensor | None, ...]:
    """Compute the gradients of kernel, recurrent, bias, extra, x, h and c from those of outputs, h and c."""
    layout, x = CELLS[kind.cell], given.x
    batch, steps, inputs = x.shape
    hidden = given.recurrent.shape[1]
    deep, across, tiles, blocks = hidden + inputs + 1, layout.columns * hidden, cut(batch, hidden), kept.numpy()
    dtype = blocks.dtype
    width, group = width_of(dtype), layout.groups(hidden)[0]
    extra = array(given.extra, 1, x)
    kernel = _across(array(given.kernel, 2, x) if wanted.x else np.empty((0, 0), dtype))
    fixed = kernel, _across(array(given.recurrent, 2, x)), extra, _mask(given), array(given.noise, 2, x)
    upper = [array(up, rank, x) for up, rank in zip(ups, (3, 2, 2), strict=True)]
    rows = STRIP * (-(-deep // STRIP) + 1)
    sums = pool().take((tiles.lanes, _panels(kind, hidden, width), rows, width), dtype)
    bent = np.empty((tiles.lanes, max(extra.size, 1)), dtype)
    dx = pool().take((batch * steps if wanted.x else 0, inputs), dtype)
    dh, dc = (np.empty((batch if wanted.state and there else 0, hidden), dtype) for there in (True, layout.memory))
    scratch = (rows + width) * DEEP + tiles.rows * (across + 4 * hidden)

    def work(first: int, last: int) -> None:
        _back(
            *kind.numbers, (first, last), tiles.tiles, tiles.rows, resting, *fixed, blocks, steps, across,
            pool().take((scratch,), dtype), *upper, batch, deep, hidden, sums, bent, dx, dh, dc,
        )  # fmt: skip

    spread(work, tiles.lanes, 2 * batch * steps * deep * across // tiles.lanes, torch.get_num_threads())
    weights = [np.empty(tuple(part.shape), dtype) for part in (given.recurrent, given.kernel, given.bias)]
    _collect(sums, bent, group, *weights)
    d_recurrent, d_kernel, d_bias = map(torch.from_numpy, weights)
    return (
        d_kernel,
        d_recurrent,
        d_bias,
        torch.from_numpy(bent[0]) if extra.size else None,
        torch.from_numpy(dx).view(batch, steps, inputs) if wanted.x else None,
        torch.from_numpy(dh) if wanted.state else None,
        torch.from_numpy(dc) if wanted.state and layout.memory else None,
    )


def _mask(given: Given) -> Array:
    return np.empty((0, 0), np.bool_) if given.mask is None else given.mask.contiguous().numpy()


def laid(kind: Kind, recurrent: Array, kernel: Array, bias: Array, deep: int) -> Array:
    """Lay out ``[recurrent | kernel | bias]``, turned, or its first `deep` rows; see `layout`."""
    hidden, width = recurrent.shape[1], width_of(recurrent.dtype)
    panels = pool().take((_panels(kind, hidden, width), deep, width), recurrent.dtype)
    _lay_turned(recurrent, kernel, bias, CELLS[kind.cell].groups(hidden)[0], panels)
    return panels


def _panels(kind: Kind, hidden: int, width: int) -> int:
    return sum(-(-group // width) for group in CELLS[kind.cell].groups(hidden))


def _across(weights: Array) -> Array:
    width = width_of(weights.dtype)
    panels = pool().take((-(-weights.shape[1] // width), weights.shape[0], width), weights.dtype)
    _lay_across(weights, panels)
    return panels
