"""Windows that share their rows: every row of a panel is projected once, not once in every window that holds it.

With a lookback of L a row stands in up to L windows. ``W x + b`` does not depend on the window, so it is computed for
every row (`project`) and read by all windows (`fused_shared`); what is left of a step is the recurrent product. For
speaking only: nothing here has a gradient.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from tidegate.errors import SettingError
from tidegate.models.fast.buffers import pool
from tidegate.models.fast.compiled import YES, ZERO, compiled
from tidegate.models.fast.kinds import CELLS, known
from tidegate.models.fast.passes import laid, sweep
from tidegate.models.fast.product import multiply, pack
from tidegate.models.fast.task import array, check
from tidegate.models.fast.threads import spread

__all__ = ["fused_shared", "project"]

_ROWS = 1020


def project(kind: tuple[str, str, str], weights: Mapping[str, torch.Tensor], rows: torch.Tensor) -> torch.Tensor:
    """Compute ``W x + b`` for ``rows [R, F]`` → ``[R, G]``; the bits of a row depend on that row alone.

    >>> held = {"kernel": torch.ones(2, 3), "recurrent": torch.eye(2), "bias": torch.zeros(2)}
    >>> project(("rnn", "sigmoid", "relu"), held, torch.ones(4, 3)).shape
    torch.Size([4, 2])
    """
    called = known(kind)
    layout, hidden = CELLS[called.cell], weights["recurrent"].shape[-1]
    nothing = (rows.new_zeros(0, hidden),) * (1 + layout.memory)
    check(called, weights, rows[:0].unsqueeze(1), nothing, None, None)
    x = rows.detach().contiguous().numpy()
    panels = pack(weights["kernel"].detach().numpy().T)
    out = pool().take((x.shape[0], weights["bias"].shape[0]), x.dtype)
    out[:] = weights["bias"].detach().numpy()

    def work(begin: int, end: int) -> None:
        first = begin * _ROWS
        _project(x, panels, out, first, min(end * _ROWS, x.shape[0]) - first)

    spread(work, -(-x.shape[0] // _ROWS), _ROWS * x.shape[1] * out.shape[1], torch.get_num_threads())
    return torch.from_numpy(out)


@compiled
def _project(x: Any, panels: Any, out: Any, first: int, count: int) -> None:
    inputs, wide = x.shape[1], out.shape[1]
    multiply(
        x, first * inputs, inputs, count, panels, ZERO, ZERO, inputs, wide, YES, out, first * wide, wide
    )  # fmt: skip


def fused_shared(
    kind: tuple[str, str, str],
    weights: Mapping[str, torch.Tensor],
    projected: torch.Tensor,
    first: torch.Tensor,
    steps: int,
    mask: torch.Tensor | None = None,
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Do `steps` steps from zero for windows that begin at rows ``first [B]`` of ``projected [R, G]``.

    Equal to `fused` on the gathered windows, to rounding. Raises `SettingError` where a window ends outside the rows.

    >>> held = {"kernel": torch.ones(2, 3), "recurrent": torch.eye(2), "bias": torch.zeros(2)}
    >>> kind = ("rnn", "sigmoid", "relu")
    >>> rows = project(kind, held, torch.ones(4, 3))
    >>> fused_shared(kind, held, rows, torch.tensor([0, 1]), 3)[0][:, -1, 0].tolist()
    [9.0, 9.0]
    """
    called = known(kind)
    layout, hidden = CELLS[called.cell], weights["recurrent"].shape[-1]
    windows = first.numel()
    state = tuple(projected.new_zeros(windows, hidden) for _ in range(1 + layout.memory))
    seen = projected.new_zeros(1, 1, 1).expand(windows, steps, weights["kernel"].shape[-1])
    given = check(called, weights, seen, state, mask, None)
    if projected.dim() != 2 or projected.shape[1] != layout.blocks * hidden:  # noqa: PLR2004 - rows and gates
        raise SettingError(
            "projected rows have the wrong shape",
            expected=f"[R, {layout.blocks * hidden}]",
            found=list(projected.shape),
            where=called.cell,
        )
    begin = first.detach().to(torch.int64).contiguous().numpy()
    last = projected.shape[0] - steps
    if windows and not (int(begin.min()) >= 0 and int(begin.max()) <= last):
        raise SettingError(
            "a window ends outside the projected rows",
            expected=f"first rows from 0 to {last}",
            found=f"{begin.min()} to {begin.max()}",
            where=called.cell,
        )
    rows = projected.detach().contiguous().numpy()[np.newaxis]
    parts = array(given.recurrent, 2, seen), array(given.kernel, 2, seen), array(given.bias, 1, seen)
    panels = laid(called, *parts, hidden)
    outputs, h, c, *_ = sweep(called, given, rows, begin, steps, panels, keep=False)
    return outputs, ((h, c) if layout.memory else (h,))
