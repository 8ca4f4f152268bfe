"""The fused form of the gated cells: one differentiable operation for all steps of a layer.

``outputs, state = fused(kind, weights, x, state, mask, noise)`` computes what `unroll` of the plain cell computes, to
rounding: forward and hand-written backward run in compiled kernels, tile by tile, on as many threads as torch may use.
Bits depend on the settings and the row alone, neither on the rows beside it nor on the number of threads.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from tidegate.errors import SettingError, UnknownNameError
from tidegate.models.fast.backward import backward_tile
from tidegate.models.fast.blas import gemm_address, quiet
from tidegate.models.fast.buffers import pool
from tidegate.models.fast.curves import CURVES
from tidegate.models.fast.forward import forward_tile
from tidegate.models.fast.threads import spread
from tidegate.models.fast.tiles import Tiles, cut

__all__ = ["CELLS", "Kind", "fused"]

Array = NDArray[Any]


class Shape(NamedTuple):
    """What a cell of the kernels holds: its number, blocks of weights, columns of z, whether it has a memory c."""

    number: int
    blocks: int
    columns: int
    memory: bool
    extra: str | None


CELLS: Mapping[str, Shape] = MappingProxyType(
    {
        "lstm": Shape(0, 4, 4, True, None),
        "peephole-lstm": Shape(1, 4, 4, True, "peephole"),
        "coupled-lstm": Shape(2, 3, 3, True, None),
        "rnn": Shape(3, 1, 1, False, None),
        "gru-after": Shape(4, 3, 4, False, "recurrent_bias"),
        "gru-before": Shape(5, 3, 4, False, None),
    }
)


class Kind(NamedTuple):
    """Which equations: a name in `CELLS`, the curve of the gates, the curve of candidate and state."""

    cell: str
    gate: str
    state: str


def fused(
    kind: tuple[str, str, str],
    weights: Mapping[str, torch.Tensor],
    x: torch.Tensor,
    state: tuple[torch.Tensor, ...],
    mask: torch.Tensor | None = None,
    noise: torch.Tensor | None = None,
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Do all steps of ``x [B, L, F]`` → outputs ``[B, L, H]`` and the last state.

    Shapes
        weights by group: kernel ``[G, F]``, recurrent ``[G, H]``, bias ``[G]``; peephole ``[3H]`` for the peephole
        LSTM, recurrent_bias ``[H]`` for the GRU that resets after the product. State: one or two ``[B, H]``. Mask
        ``[B, L]``: where it is False a step is not taken. Noise ``[B, H]`` multiplies h in the recurrent products.
    Missing values
        None are allowed: a NaN in a window makes its outputs NaN, and those of no other window.
    Errors
        `SettingError` where shapes, types or the device do not fit; `UnknownNameError` for a kind it does not know.

    >>> held = {"kernel": torch.ones(2, 3), "recurrent": torch.eye(2), "bias": torch.zeros(2)}
    >>> outputs, (h,) = fused(("rnn", "sigmoid", "relu"), held, torch.ones(1, 4, 3), (torch.zeros(1, 2),))
    >>> outputs[0, :, 0].tolist(), h.tolist()
    ([3.0, 6.0, 9.0, 12.0], [[12.0, 12.0]])
    """
    kind = Kind(*kind)
    shape = _known(kind)
    extra = None if shape.extra is None else weights[shape.extra]
    given = (weights["kernel"], weights["recurrent"], weights["bias"], extra, x, state[0], *state[1:])
    c = state[1] if shape.memory and len(state) > 1 else None
    _check(shape, kind.cell, weights, x, state, mask, noise)
    if torch.is_grad_enabled() and any(part is not None and part.requires_grad for part in given):
        outputs, h, memory = _Fused.apply(kind, *given[:6], c, mask, noise)  # type: ignore[no-untyped-call]
    else:
        done = _run(_Task.of(kind, *given[:6], c, mask, noise), keep=False)
        outputs, h, memory = done.outputs, done.h, done.c
    return outputs, ((h, memory) if shape.memory else (h,))


def _known(kind: Kind) -> Shape:
    if kind.cell not in CELLS:
        raise UnknownNameError.among("fused cell", kind.cell, CELLS)
    for curve in (kind.gate, kind.state):
        if curve not in CURVES:
            raise UnknownNameError.among("curve", curve, CURVES, where=kind.cell)
    return CELLS[kind.cell]


def _check(
    shape: Shape,
    cell: str,
    weights: Mapping[str, torch.Tensor],
    x: torch.Tensor,
    state: tuple[torch.Tensor, ...],
    mask: torch.Tensor | None,
    noise: torch.Tensor | None,
) -> None:
    """Refuse what a compiled kernel would read past its end."""
    if x.dim() != 3 or x.shape[1] < 1:  # noqa: PLR2004 - batch, time, feature
        raise SettingError("a fused cell needs windows", expected="x [B, L, F], L ≥ 1", found=list(x.shape), where=cell)
    hidden = weights["recurrent"].shape[-1]
    wide, rows = shape.blocks * hidden, (x.shape[0], hidden)
    expected: dict[str, tuple[torch.Tensor | None, tuple[int, ...]]] = {
        "kernel": (weights["kernel"], (wide, x.shape[2])),
        "recurrent": (weights["recurrent"], (wide, hidden)),
        "bias": (weights["bias"], (wide,)),
        "h": (state[0], rows),
        "noise": (noise, rows),
    }
    if shape.memory:
        expected["c"] = (state[1] if len(state) > 1 else None, rows)
    if shape.extra is not None:
        expected[shape.extra] = (weights[shape.extra], ((3 * hidden if shape.memory else hidden),))
    for name, (part, size) in expected.items():
        if part is None:
            if name in ("noise",):
                continue
            raise SettingError(f"a fused cell needs {name}", expected=list(size), where=cell)
        if tuple(part.shape) != size:
            raise SettingError(f"{name} has the wrong shape", expected=list(size), found=list(part.shape), where=cell)
        if part.dtype != x.dtype or part.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
            raise SettingError(
                f"{name} and x must be alike, on the processor",
                expected="float32 or float64, on cpu",
                found=f"{part.dtype} on {part.device} beside {x.dtype} on {x.device}",
                where=cell,
                hint="set form='plain' or form='torch' for other types and devices",
            )
    if mask is not None and (tuple(mask.shape) != tuple(x.shape[:2]) or mask.dtype != torch.bool):
        raise SettingError("mask must be true or false for every step", expected=f"bool {list(x.shape[:2])}",
                           found=f"{mask.dtype} {list(mask.shape)}", where=cell)  # fmt: skip


class _Task(NamedTuple):
    """Everything that kernels read, as contiguous arrays; empty ones stand for what is not given."""

    kind: tuple[int, int, int]
    shape: Shape
    tiles: Tiles
    sizes: tuple[int, int, int, int]
    address: int
    resting: bool
    kernel: Array
    recurrent: Array
    turned: Array
    extra: Array
    x: Array
    shared: Array
    h: Array
    c: Array
    mask: Array
    noise: Array

    @classmethod
    def of(
        cls,
        kind: Kind,
        kernel: torch.Tensor,
        recurrent: torch.Tensor,
        bias: torch.Tensor,
        extra: torch.Tensor | None,
        x: torch.Tensor,
        h: torch.Tensor,
        c: torch.Tensor | None,
        mask: torch.Tensor | None,
        noise: torch.Tensor | None,
    ) -> "_Task":
        shape = CELLS[kind.cell]
        read = x.detach().contiguous().numpy()
        none = np.empty((0, 0), read.dtype)
        k, r, start = _array(kernel), _array(recurrent), _array(h)
        batch, steps, inputs = read.shape
        hidden = r.shape[1]
        turned = np.empty((hidden + inputs + 1, k.shape[0]), read.dtype)
        turned[:hidden] = r.T
        turned[hidden:-1] = k.T
        turned[-1] = _array(bias)
        return cls(
            (shape.number, CURVES[kind.gate], CURVES[kind.state]),
            shape,
            cut(batch, hidden),
            (batch, steps, inputs, hidden),
            gemm_address(read.dtype == np.float64),
            not start.any(),
            k,
            r,
            turned,
            np.empty(0, read.dtype) if extra is None else _array(extra),
            read,
            np.empty(0, np.int64),
            start,
            none if c is None else _array(c),
            np.empty((0, 0), np.bool_) if mask is None else _array(mask),
            none if noise is None else _array(noise),
        )

    def kept(self, steps: int, block: Array | None) -> tuple[Array, tuple[Array, ...]]:
        """Cut a tile's block into xh, z, hs and cs with slots for `steps`; takes a block where there is none."""
        hidden, m = self.sizes[3], self.tiles.rows
        deep = self.turned.shape[0] if self.shared.size == 0 else hidden
        more = min(steps + 1, 2) if self.shape.memory or self.shape.number == CELLS["rnn"].number else steps + 1
        shapes = (
            (steps, m, deep),
            (steps, m, self.shape.columns * hidden),
            (more, m, hidden),
            (steps + 1, m, hidden) if self.shape.memory else (1, 1, 1),
        )
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
        if block is None:
            block = pool().take((int(ends[-1]),), self.x.dtype)
        views = tuple(
            block[start:end].reshape(shape) for start, end, shape in zip(ends[:-1], ends[1:], shapes, strict=True)
        )
        return block, views


class _Done(NamedTuple):
    outputs: torch.Tensor
    h: torch.Tensor
    c: torch.Tensor
    blocks: list[Array]


def _array(tensor: torch.Tensor) -> Array:
    return tensor.detach().contiguous().numpy()


def _run(task: _Task, *, keep: bool) -> _Done:
    """Do the forward pass, and keep every tile's block if asked to."""
    batch, steps, _, hidden = task.sizes
    dtype = task.x.dtype
    outputs = pool().take((batch, steps, hidden), dtype)
    h, c = np.empty((batch, hidden), dtype), np.empty((batch if task.shape.memory else 0, hidden), dtype)
    blocks: list[Array] = [np.empty(0)] * task.tiles.count

    def work(tile: int) -> None:
        first, count = task.tiles.place(tile)
        block, views = task.kept(steps if keep else 1, None)
        forward_tile(
            task.address, *task.kind, first, count, task.resting, task.x, task.shared, task.turned, task.extra,
            task.h, task.c, task.mask, task.noise, *views, np.empty(task.tiles.rows, np.bool_), outputs, h, c,
        )  # fmt: skip
        if keep:
            blocks[tile] = block

    with quiet():
        spread(work, task.tiles.count, torch.get_num_threads())
    return _Done(torch.from_numpy(outputs), torch.from_numpy(h), torch.from_numpy(c), blocks)


class _Fused(torch.autograd.Function):
    """Forward and backward over all tiles."""

    @staticmethod
    def forward(  # type: ignore[override]  # noqa: D102
        ctx: Any, kind: Kind, *given: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        task = _Task.of(kind, *given)  # type: ignore[arg-type]
        done = _run(task, keep=True)
        ctx.set_materialize_grads(False)
        ctx.kind, ctx.count = kind, len(given)
        ctx.save_for_backward(*given, *(torch.from_numpy(block) for block in done.blocks))
        return done.outputs, done.h, done.c

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(  # type: ignore[override]  # noqa: D102
        ctx: Any, up: torch.Tensor | None, up_h: torch.Tensor | None, up_c: torch.Tensor | None
    ) -> tuple[torch.Tensor | None, ...]:
        saved = ctx.saved_tensors
        task = _Task.of(ctx.kind, *saved[: ctx.count])
        blocks = [block.numpy() for block in saved[ctx.count :]]
        needs = ctx.needs_input_grad
        return (None, *_backward(task, blocks, (up, up_h, up_c), needs[5], needs[6] or needs[7]), None, None)


def _backward(
    task: _Task, blocks: list[Array], ups: tuple[torch.Tensor | None, ...], want_x: bool, want_start: bool
) -> tuple[torch.Tensor | None, ...]:
    """Compute the gradients of kernel, recurrent, bias, extra, x, h and c."""
    (batch, steps, inputs, hidden), dtype, tiles = task.sizes, task.x.dtype, task.tiles
    across, m, (wide, _) = task.shape.columns * hidden, tiles.rows, task.recurrent.shape
    deep = hidden + inputs + 1
    arrays = [np.empty((0,) * rank, dtype) if u is None else _array(u) for u, rank in zip(ups, (3, 2, 2), strict=True)]
    weights = pool().take((tiles.lanes, wide, deep), dtype)
    extra = np.zeros((tiles.lanes, max(task.extra.size, 1)), dtype)
    dx = pool().take((batch if want_x else 0, steps, inputs), dtype)
    starts = [np.empty((batch if want_start else 0, hidden), dtype) for _ in range(2)]
    memory = starts[1] if task.shape.memory else starts[1][:0]

    def work(lane: int) -> None:
        weights[lane] = 0
        dz = pool().take((steps, m, across), dtype)
        scratch = pool().take((4, m, hidden), dtype)
        small = np.empty((2, hidden), dtype)
        taken = np.empty(m, np.bool_)
        for tile in tiles.lane(lane):
            first, count = tiles.place(tile)
            backward_tile(
                task.address, *task.kind, first, count, task.kernel, task.recurrent, task.extra, task.mask, task.noise,
                *task.kept(steps, blocks[tile])[1], taken, *arrays, dz, *scratch, small, weights[lane], extra[lane],
                dx, starts[0], memory,
            )  # fmt: skip

    with quiet():
        spread(work, tiles.lanes, torch.get_num_threads())
    total, bent = weights[0], extra[0]
    for lane in range(1, tiles.lanes):
        total += weights[lane]
        bent += extra[lane]
    held = torch.from_numpy(total)
    return (
        held[:, hidden:-1].contiguous(),
        held[:, :hidden].contiguous(),
        held[:, -1].contiguous(),
        None if task.extra.size == 0 else torch.from_numpy(bent),
        torch.from_numpy(dx) if want_x else None,
        torch.from_numpy(starts[0]) if want_start else None,
        torch.from_numpy(starts[1]) if want_start and task.shape.memory else None,
    )
