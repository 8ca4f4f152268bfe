"""One layer of a fused cell, forward and backward, on arrays that stay where they are: what `direct` is made of.

It calls the same compiled kernels as `fast.fused` with the same numbers, and so gives the same bits. What it leaves out
is what stands around them there: autograd's bookkeeping, checks of every tensor, and memory asked for anew at every
call. On a batch of a few hundred windows that costs as much as the kernels.
"""

from collections.abc import Mapping
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
from tidegate.models.fast.threads import spread
from tidegate.models.fast.tiles import Tiles, cut

__all__ = ["DirectLayer"]

Array = NDArray[Any]
_ahead: Any = forward_tiles
_back: Any = backward_lanes
_lay_turned: Any = lay_turned
_lay_across: Any = lay_across
_collect: Any = collect
_KEPT = 1 << 25  # bytes: a batch that needs more gives its memory back to the pool between two steps


class _Room(NamedTuple):
    """Arrays for batches of one size; `blocks` is what forward leaves for backward."""

    size: tuple[int, int, bool, bool]
    tiles: Tiles
    outputs: Array
    h: Array
    c: Array
    blocks: Array
    sums: Array
    bent: Array
    scratch: Array
    dx: Array


class DirectLayer:
    """A layer of `kind` from a state of zero; gradients of its weights are written over those in ``weight.grad``.

    Shapes
        ``x [B, L, F]`` → outputs ``[B, L, H]`` and the last output ``[B, H]``; noise ``[B, H]`` multiplies h in the
        recurrent products, empty where there is none. What is returned is overwritten by the next call.

    >>> held = {"kernel": torch.ones(2, 3), "recurrent": torch.eye(2), "bias": torch.zeros(2)}
    >>> for weight in held.values():
    ...     weight.grad = torch.zeros_like(weight)
    >>> layer = DirectLayer(Kind("rnn", "sigmoid", "relu"), held)
    >>> outputs, h = layer.forward(np.ones((1, 4, 3), np.float32))
    >>> outputs[0, :, 0].tolist(), h.tolist()
    ([3.0, 6.0, 9.0, 12.0], [[12.0, 12.0]])
    >>> layer.backward(None, np.ones((1, 2), np.float32), inputs=False)
    >>> held["kernel"].grad[0].tolist()
    [4.0, 4.0, 4.0]
    """

    def __init__(self, kind: Kind, weights: Mapping[str, torch.Tensor]) -> None:
        self.kind, self.layout = kind, CELLS[kind.cell]
        named = ["recurrent", "kernel", "bias"]
        self._weights = [weights[name].detach().numpy() for name in named]
        self._slopes = [_grad(weights[name]).numpy() for name in named]
        self.dtype, self.hidden = self._weights[0].dtype, self._weights[0].shape[1]
        extra = None if self.layout.extra is None else weights[self.layout.extra]
        self._extra = np.empty(0, self.dtype) if extra is None else extra.detach().numpy()
        self._extra_slope = None if extra is None else _grad(extra).numpy()
        recurrent, kernel, _ = self._weights
        self._width, self._groups = width_of(self.dtype), self.layout.groups(self.hidden)
        self._count = sum(-(-group // self._width) for group in self._groups)
        self._deep, self._across = self.hidden + kernel.shape[1] + 1, self.layout.columns * self.hidden
        self._panels = pool().take((self._count, self._deep, self._width), self.dtype)
        self._turned = [self._room_across(recurrent), self._room_across(kernel)]
        nothing = np.empty((0, 0), self.dtype)
        self._no_rows, self._no_numbers, self._no_mask = nothing, nothing.reshape(0, 0, 0), np.empty((0, 0), np.bool_)
        self._unshared = np.empty(0, np.int64)
        self._room: _Room | None = None
        self._noise = nothing

    def forward(self, x: Array, noise: Array | None = None) -> tuple[Array, Array]:
        """Do all steps, and keep what `backward` needs."""
        batch, steps, _ = x.shape
        self._noise = self._no_rows if noise is None else noise
        room = self._room = self._made((batch, steps, noise is not None, False))
        recurrent, kernel, bias = self._weights
        _lay_turned(recurrent, kernel, bias, self._groups[0], self._panels)
        fixed = x, self._unshared, self._panels, self._extra, self._no_rows, self._no_rows, self._no_mask, self._noise

        def work(first: int, last: int) -> None:
            _ahead(
                *self.kind.numbers, (first, last), room.tiles.rows, steps, True, *fixed, room.blocks, steps,
                self._across, room.outputs, room.h, room.c,
            )  # fmt: skip

        cost = room.tiles.rows * steps * self._deep * self._across
        spread(work, room.tiles.tiles, cost, torch.get_num_threads())
        return room.outputs, room.h

    def backward(self, up: Array | None, up_h: Array | None, *, inputs: bool) -> Array | None:
        """From the gradients of outputs and last output, those of the weights and, if asked for, of ``x [B, L, F]``."""
        assert self._room is not None
        room = self._room = self._made((*self._room.size[:3], inputs or self._room.size[3]))
        tiles, (batch, steps, _, _) = room.tiles, room.size
        recurrent, kernel, _ = self._weights
        _lay_across(recurrent, self._turned[0])
        if inputs:
            _lay_across(kernel, self._turned[1])
        fixed = self._turned[1], self._turned[0], self._extra, self._no_mask, self._noise
        upper = self._no_numbers if up is None else up, self._no_rows if up_h is None else up_h, self._no_rows
        dx = room.dx if inputs else room.dx[:0]

        def work(first: int, last: int) -> None:
            alone = last - first == tiles.lanes
            scratch = room.scratch if alone else pool().take(room.scratch.shape, self.dtype)
            _back(
                *self.kind.numbers, (first, last), tiles.tiles, tiles.rows, True, *fixed, room.blocks, steps,
                self._across, scratch, *upper, batch, self._deep, self.hidden, room.sums, room.bent, dx,
                self._no_rows, self._no_rows,
            )  # fmt: skip

        cost = 2 * batch * steps * self._deep * self._across // tiles.lanes
        spread(work, tiles.lanes, cost, torch.get_num_threads())
        _collect(room.sums, room.bent, self._groups[0], *self._slopes)
        if self._extra_slope is not None:
            self._extra_slope[:] = room.bent[0]
        if room.blocks.nbytes > _KEPT:
            self._room = None
        return dx.reshape(batch, steps, -1) if inputs else None

    def _made(self, size: tuple[int, int, bool, bool]) -> _Room:
        """Room for batches of this size: that of the last one where it fits."""
        held = self._room
        if held is not None and held.size[:3] == size[:3] and held.size[3] >= size[3]:
            return held
        batch, steps, noisy, inputs = size
        hidden, deep, across, width, take = self.hidden, self._deep, self._across, self._width, pool().take
        wide = take((batch * steps if inputs else 0, self._weights[1].shape[1]), self.dtype)
        if held is not None and held.size[:3] == size[:3]:
            return held._replace(size=size, dx=wide)
        self._room = None
        tiles, memory = cut(batch, hidden), self.layout.memory
        block = tiles.rows * ((steps + 1) * (deep + hidden * (memory + noisy)) + steps * across)
        rows = STRIP * (-(-deep // STRIP) + 1)
        return _Room(
            size,
            tiles,
            take((batch, steps, hidden), self.dtype),
            np.empty((batch, hidden), self.dtype),
            np.empty((batch if memory else 0, hidden), self.dtype),
            take((tiles.tiles, block), self.dtype),
            take((tiles.lanes, self._count, rows, width), self.dtype),
            np.empty((tiles.lanes, max(self._extra.size, 1)), self.dtype),
            take(((rows + width) * DEEP + tiles.rows * (across + 4 * hidden),), self.dtype),
            wide,
        )

    def _room_across(self, weights: Array) -> Array:
        return pool().take((-(-weights.shape[1] // self._width), weights.shape[0], self._width), self.dtype)


def _grad(weight: torch.Tensor) -> torch.Tensor:
    assert weight.grad is not None
    return weight.grad
