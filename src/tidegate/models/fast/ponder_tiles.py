"""The tiles of one window's pondering: who owns which memory, and who adds up the gradients.

What the backward pass needs is pushed on stacks, one after the other and each twice as large as the last, since nobody
knows beforehand how long the rows will ponder; nothing is ever copied from a small stack to a large one.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from tidegate.models.cells.gated import FusedKind
from tidegate.models.fast.buffers import pool
from tidegate.models.fast.curves import CURVES
from tidegate.models.fast.ponder_backward import think_back
from tidegate.models.fast.ponder_cells import COUPLED, GRU_AFTER, GRU_BEFORE, LSTM, PEEPHOLE, RNN
from tidegate.models.fast.ponder_forward import think_ahead
from tidegate.models.fast.product import STRIP, pack, width_of
from tidegate.models.fast.threads import spread
from tidegate.models.ponder import Rule

__all__ = ["TILE", "Given", "Job"]

Array = NDArray[Any]

_CELLS: Mapping[str, int] = MappingProxyType(
    {
        "lstm": LSTM,
        "peephole-lstm": PEEPHOLE,
        "coupled-lstm": COUPLED,
        "gru-after": GRU_AFTER,
        "gru-before": GRU_BEFORE,
        "rnn": RNN,
    }
)
TILE = 256
_DEEP = 256  # as `gather` wants its rooms


class Given(NamedTuple):
    """Everything that a gradient may be asked for; c and extra (peepholes or inner bias) where the cell has them."""

    x: torch.Tensor
    kernel: torch.Tensor
    recurrent: torch.Tensor
    bias: torch.Tensor
    halting: torch.Tensor
    halting_bias: torch.Tensor
    h: torch.Tensor
    c: torch.Tensor | None
    extra: torch.Tensor | None


class _Stack(NamedTuple):
    """Entries of the time steps from `begin` to `end`: arrays as the kernels name them."""

    begin: int
    end: int
    arrays: tuple[Array, ...]


class Job:
    """One call: inputs as arrays, tiles, and what the backward pass needs; `learns` says what wants a gradient."""

    def __init__(
        self,
        kind: FusedKind,
        rule: Rule,
        given: Given,
        mask: torch.Tensor | None,
        noise: torch.Tensor | None,
        *,
        kept: bool,
        learns: Sequence[bool],
    ) -> None:
        self.kind = (_CELLS[kind.cell], CURVES[kind.gate], CURVES[kind.state])
        self.rule, self.kept, self.learns = rule, kept, tuple(learns)
        self.x, kernel, self.bias = _array(given.x), _array(given.kernel), _array(given.bias)
        self.recurrent, self.halting, self.halting_bias = map(_array, (given.recurrent, *given[4:6]))
        self.state = [_array(part) for part in (given.h, given.c) if part is not None]
        self.extra = np.zeros(1, self.x.dtype) if given.extra is None else _array(given.extra)
        self.kernel = kernel[:, : self.x.shape[2]]
        self.begun = self.bias + kernel[:, -1] if rule.flag else self.bias
        self.masked, self.mask = mask is not None, np.zeros((1, 1), np.bool_) if mask is None else _array(mask)
        self.noisy, self.noise = noise is not None, np.zeros((1, 1), self.x.dtype) if noise is None else _array(noise)
        self.wide, self.hidden = self.recurrent.shape
        self.fresh = not any(self.learns[6:8]) and not any(part.any() for part in self.state)
        self.gates = 2 * self.hidden if self.kind[0] == GRU_BEFORE else self.wide
        batch = self.x.shape[0]
        self.tiles = [slice(first, min(first + TILE, batch)) for first in range(0, batch, TILE)]
        self.stacks: list[list[_Stack]] = [[] for _ in self.tiles]

    def take(self, *shape: int) -> Array:
        """Borrow an array of the job's precision."""
        return pool().take(shape, self.x.dtype)

    def ahead(self) -> tuple[Array, ...]:
        """Do the forward pass: outputs, steps, remainder and the last states."""
        batch, length = self.x.shape[:2]
        results = self.take(batch, length, self.hidden), *(np.zeros((batch, length), self.x.dtype) for _ in range(2))
        last = [self.take(batch, self.hidden) for _ in self.state]
        first, second = pack(self.recurrent[: self.gates].T), pack(self.recurrent[-self.hidden :].T)
        inner = first, second if self.kind[0] == GRU_BEFORE else first, self.extra
        weights = pack(self.kernel.T), self.bias, self.begun, inner, self.halting, self.halting_bias
        spread(lambda at, _: self._ahead(at, weights, results, last), len(self.tiles), None, torch.get_num_threads())
        return (*results, *last)

    def _ahead(self, at: int, weights: tuple[Any, ...], results: tuple[Array, ...], last: list[Array]) -> None:
        rows, length = self.tiles[at], self.x.shape[1]
        m = rows.stop - rows.start
        for part, start in zip(last, self.state, strict=True):
            part[rows] = start[rows]
        h, c = last[0][rows], last[-1][rows]
        h_sum, said, carried = (self.take(m, self.hidden) for _ in range(3))
        c_sum = h_sum if len(last) == 1 else self.take(m, self.hidden)
        tile = h, c, h_sum, c_sum, self.take(m, self.wide), said, carried, self.take(m)
        rule = self.rule.epsilon, self.rule.limit, self.masked, self.noisy, self.kept, self.fresh
        begin, room = 0, 2 * m * (min(length, self.rule.limit) if self.kept else 1)
        while begin < length:
            stack, tensors = self._stack(room), (self.x, self.mask, self.noise)
            end = think_ahead(rule, self.kind, rows.start, begin, tensors, weights, tile, stack, results)
            if self.kept and end > begin:
                self.stacks[at].append(_Stack(begin, end, stack))
            begin, room = end, 2 * room

    def _stack(self, room: int) -> tuple[Array, ...]:
        entries = self.take(room, self.wide), *(self.take(room, self.hidden) for _ in range(3))
        whole = (pool().take((room,), np.int32) for _ in range(2))
        return (*entries, *whole, self.take(room), np.zeros((self.x.shape[1], 2), np.int64))

    def back(
        self, outputs: torch.Tensor | None, remainder: torch.Tensor | None, last: Sequence[torch.Tensor | None]
    ) -> Sequence[Array | None]:
        """Do the backward pass: gradients of everything given, None where none is asked for. Only once."""
        x = self.x
        d_x = self.take(*x.shape) if self.learns[0] else np.zeros((1, 1, 1), x.dtype)
        d_state = [self.take(x.shape[0], self.hidden) for _ in self.state]
        for part, pull in zip(d_state, last, strict=True):
            part[:] = 0 if pull is None else pull.numpy()
        pulls = (
            np.zeros((1, 1, 1), x.dtype) if outputs is None else _array(outputs),
            np.zeros((1, 1), x.dtype) if remainder is None else _array(remainder),
        )
        rule = self.masked, self.noisy, self.rule.flag, self.fresh, outputs is not None, remainder is not None
        weights = pack(self.kernel), (pack(self.recurrent), self.extra), self.halting
        parts: list[tuple[Array, ...]] = [()] * len(self.tiles)

        def work(at: int, _: int) -> None:
            parts[at] = self._back(at, (*rule, self.learns[0]), weights, pulls, d_x, d_state)

        spread(work, len(self.tiles), None, torch.get_num_threads())
        for more in parts[1:]:
            for total, part in zip(parts[0], more, strict=True):
                np.add(total, part, out=total)
        *laid, flags, bias, extra, halting, halting_bias = parts[0]
        kernel = _flat(laid[0], self.x.shape[2], self.wide)
        recurrent = _flat(laid[1], self.hidden, self.gates)
        if self.kind[0] == GRU_BEFORE:
            recurrent = np.concatenate((recurrent, _flat(laid[2], self.hidden, self.hidden)))
        if self.rule.flag:
            kernel = np.concatenate((kernel, flags[:, None]), axis=1)
        c = d_state[-1] if len(d_state) > 1 else None
        found = d_x, kernel, recurrent, bias, halting, halting_bias, d_state[0], c, extra
        return [part if learns else None for part, learns in zip(found, self.learns, strict=True)]

    def _back(
        self,
        at: int,
        rule: tuple[bool, ...],
        weights: tuple[Any, ...],
        pulls: tuple[Array, Array],
        d_x: Array,
        d_state: list[Array],
    ) -> tuple[Array, ...]:
        rows, h, inputs, kind = self.tiles[at], self.hidden, self.x.shape[2], self.x.dtype
        m, width = rows.stop - rows.start, width_of(kind)
        sizes = ((inputs, self.wide), (h, self.gates), (h, h if self.kind[0] == GRU_BEFORE else 1))
        laid = (np.zeros((-(-columns // width), _whole(deep), width), kind) for deep, columns in sizes)
        found = *laid, *(np.zeros(size, kind) for size in (self.wide, self.wide, self.extra.size, h, 1))
        waiting = np.zeros((m, h) if self.masked else (1, 1), kind)
        rooms = *(self.take(_whole(m), h) for _ in range(4)), self.take(m), self.take(6 * h)
        strips, panel = self.take(_whole(max(h, inputs)), _DEEP), self.take(_DEEP, width)
        tile = d_state[0][rows], d_state[-1][rows], waiting, self.take(m, self.wide), *rooms, strips, panel
        tensors = self.x, self.mask, self.noise
        while self.stacks[at]:
            begin, end, stack = self.stacks[at].pop()
            reach = begin, end
            think_back(rule, self.kind, rows.start, reach, tensors, weights, tile, stack, pulls, (d_x, *found))
        return found


def _array(tensor: torch.Tensor) -> Array:
    return tensor.detach().contiguous().numpy()


def _whole(rows: int) -> int:
    """Round up to whole strips."""
    return -(-rows // STRIP) * STRIP


def _flat(panels: Array, rows: int, columns: int) -> Array:
    """Turn panels ``[panels, rows, width]`` of a turned matrix into the matrix ``[columns, rows]``."""
    turned = panels.transpose(1, 0, 2).reshape(panels.shape[1], -1)[:rows, :columns]
    return np.ascontiguousarray(turned.T)
