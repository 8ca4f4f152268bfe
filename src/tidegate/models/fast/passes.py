"""Forward and backward over all tiles of a batch: memory, threads and sums around the compiled kernels."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from tidegate.models.fast.backward import backward_tile
from tidegate.models.fast.buffers import pool
from tidegate.models.fast.forward import forward_tile
from tidegate.models.fast.product import DEEP, STRIP, pack, width_of
from tidegate.models.fast.task import CELLS, Given, Kind, array
from tidegate.models.fast.threads import spread
from tidegate.models.fast.tiles import Tiles, cut

__all__ = ["Done", "Wanted", "back", "laid", "run", "sweep"]

Array = NDArray[Any]
_ahead: Any = forward_tile
_back: Any = backward_tile


class Done(NamedTuple):
    """What a forward pass gives; `kept [tiles, …]` is what backward needs, if that was asked for."""

    outputs: torch.Tensor
    h: torch.Tensor
    c: torch.Tensor
    kept: torch.Tensor | None


class Wanted(NamedTuple):
    """Which gradients besides those of the weights are computed."""

    x: bool
    state: bool


class _Room(NamedTuple):
    """Sizes of the arrays of one tile with slots for `steps` steps: xh, z, hs, cs, one after the other."""

    xh: tuple[int, int, int]
    z: tuple[int, int, int]
    hs: tuple[int, int, int]
    cs: tuple[int, int, int]

    @classmethod
    def of(cls, kind: Kind, rows: int, hidden: int, deep: int, steps: int) -> "_Room":
        layout = CELLS[kind.cell]
        remembers = layout.columns > layout.blocks  # backward of a GRU sees h itself
        return cls(
            (steps, rows, deep),
            (steps, rows, layout.columns * hidden),
            (steps + 1 if remembers else 2, rows, hidden),
            (steps + 1, rows, hidden) if layout.memory else (1, 1, 1),
        )

    @property
    def size(self) -> int:
        return sum(a * b * c for a, b, c in self)

    def cut(self, block: Array) -> list[Array]:
        parts, at = [], 0
        for shape in self:
            size = shape[0] * shape[1] * shape[2]
            parts.append(block[at : at + size].reshape(shape))
            at += size
        return parts


def run(kind: Kind, given: Given, *, keep: bool) -> Done:
    """Do all steps; with `keep`, also keep what `back` needs."""
    x = array(given.x, 3, given.x)
    _, steps, inputs = x.shape
    hidden = given.recurrent.shape[1]
    deep = hidden + inputs + 1
    weights = np.empty((deep, given.kernel.shape[0]), x.dtype)
    weights[:hidden] = array(given.recurrent, 2, given.x).T
    weights[hidden:-1] = array(given.kernel, 2, given.x).T
    weights[-1] = array(given.bias, 1, given.x)
    return sweep(kind, given, x, np.empty(0, np.int64), steps, laid(kind, weights, hidden), keep=keep)


def sweep(kind: Kind, given: Given, x: Array, shared: Array, steps: int, panels: Array, *, keep: bool) -> Done:
    """Do all steps on windows, or on projected rows that windows share."""
    batch, hidden = given.h.shape
    tiles = cut(batch, hidden)
    room = _Room.of(kind, tiles.rows, hidden, panels.shape[1], steps if keep else 1)
    start = array(given.h, 2, given.h), array(given.c, 2, given.h)
    resting = not start[0].any()
    more = array(given.extra, 1, given.h), *start, _mask(given), array(given.noise, 2, given.h)
    outputs = pool().take((batch, steps, hidden), x.dtype)
    h, c = np.empty((batch, hidden), x.dtype), np.empty((len(start[1]), hidden), x.dtype)
    kept = pool().take((tiles.tiles, room.size), x.dtype) if keep else None

    def work(tile: int) -> None:
        first, count = tiles.place(tile)
        block = pool().take((room.size,), x.dtype) if kept is None else kept[tile]
        taken = np.empty(tiles.rows, np.bool_)
        arrays = room.cut(block)
        _ahead(*kind.numbers, first, count, resting, x, shared, panels, *more, *arrays, taken, outputs, h, c)

    spread(work, tiles.tiles, torch.get_num_threads())
    held = None if kept is None else torch.from_numpy(kept)
    return Done(torch.from_numpy(outputs), torch.from_numpy(h), torch.from_numpy(c), held)


def back(
    kind: Kind,
    given: Given,
    kept: torch.Tensor,
    ups: tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor | None],
    wanted: Wanted,
) -> tuple[torch.Tensor | None, ...]:
    """Compute the gradients of kernel, recurrent, bias, extra, x, h and c from those of outputs, h and c."""
    layout, x = CELLS[kind.cell], given.x
    batch, steps, inputs = x.shape
    hidden = given.recurrent.shape[1]
    deep, tiles = hidden + inputs + 1, cut(batch, hidden)
    room, blocks = _Room.of(kind, tiles.rows, hidden, deep, steps), kept.numpy()
    dtype = x.detach().numpy().dtype
    extra = array(given.extra, 1, x)
    kernel, recurrent = (pack(array(part, 2, x)) for part in (given.kernel, given.recurrent))
    fixed = kernel, recurrent, extra, _mask(given), array(given.noise, 2, x)
    upper = [array(up, rank, x) for up, rank in zip(ups, (3, 2, 2), strict=True)]
    width = width_of(dtype)
    groups = layout.groups(hidden)
    panels, rows = sum(-(-group // width) for group in groups), STRIP * (-(-deep // STRIP) + 1)
    lanes = pool().take((tiles.lanes, panels, rows, width), dtype)
    bent = np.zeros((tiles.lanes, max(extra.size, 1)), dtype)
    dx = pool().take((batch * steps if wanted.x else 0, inputs), dtype)
    dh, dc = (np.empty((batch if wanted.state and there else 0, hidden), dtype) for there in (True, layout.memory))

    def work(lane: int) -> None:
        lanes[lane] = 0
        scratch = _Scratch.of(tiles, layout.columns * hidden, hidden, rows, dtype)
        for tile in tiles.lane(lane):
            arrays = room.cut(blocks[tile])
            _back(
                *kind.numbers, *tiles.place(tile), *fixed, *arrays, *scratch[:3], *upper, *scratch[3:],
                lanes[lane], bent[lane], dx, dh, dc,
            )  # fmt: skip

    spread(work, tiles.lanes, torch.get_num_threads())
    for lane in range(1, tiles.lanes):
        lanes[0] += lanes[lane]
        bent[0] += bent[lane]
    total = _together(lanes[0], groups)
    return (
        torch.from_numpy(np.ascontiguousarray(total[hidden : deep - 1].T)),
        torch.from_numpy(np.ascontiguousarray(total[:hidden].T)),
        torch.from_numpy(total[deep - 1].copy()),
        torch.from_numpy(bent[0]) if extra.size else None,
        torch.from_numpy(dx).view(batch, steps, inputs) if wanted.x else None,
        torch.from_numpy(dh) if wanted.state else None,
        torch.from_numpy(dc) if wanted.state and layout.memory else None,
    )


class _Scratch(NamedTuple):
    taken: Array
    strips: Array
    panel: Array
    d: Array
    dh: Array
    dc: Array
    held: Array
    back: Array
    work: Array

    @classmethod
    def of(cls, tiles: Tiles, across: int, hidden: int, rows: int, dtype: Any) -> "_Scratch":
        m, width = tiles.rows, width_of(dtype)
        shapes = ((rows, DEEP), (DEEP, width), (m, across), *((m, hidden),) * 4, (2, hidden))
        block = pool().take((sum(a * b for a, b in shapes),), dtype)
        parts, at = [], 0
        for a, b in shapes:
            parts.append(block[at : at + a * b].reshape(a, b))
            at += a * b
        return cls(np.empty(m, np.bool_), *parts)


def _mask(given: Given) -> Array:
    return np.empty((0, 0), np.bool_) if given.mask is None else given.mask.contiguous().numpy()


def laid(kind: Kind, weights: Array, hidden: int) -> Array:
    """Lay out turned weights ``[deep, G]``, the columns that are used together in panels together."""
    groups = CELLS[kind.cell].groups(hidden)
    if len(groups) == 1:
        return pack(weights)
    return np.concatenate([pack(part) for part in np.split(weights, np.cumsum(groups)[:-1], axis=1)])


def _together(panels: Array, groups: tuple[int, ...]) -> Array:
    """Undo `laid`: panels ``[panels, rows, width]`` → ``[rows, G]``."""
    rows, width = panels.shape[1:]
    parts, at = [], 0
    for group in groups:
        count = -(-group // width)
        parts.append(panels[at : at + count].transpose(1, 0, 2).reshape(rows, count * width)[:, :group])
        at += count
    return np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
