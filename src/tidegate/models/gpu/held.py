"""What a pass over a window holds on the device: sums and states of every step, time first: a step is one block.

Products are taken, and gates and outputs kept, in the type of ``x`` (float32, bfloat16, float16 or float64); the
arithmetic between them, the memory c and the GRU's own h are float32 at least.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import torch

from tidegate.models.gpu.curves import NUMBERS
from tidegate.models.gpu.language import tl

__all__ = ["SHAPES", "Held", "Shape"]


class Shape(NamedTuple):
    """Blocks of weights, whether there is a memory c, and the group of weights that only this cell has."""

    blocks: int
    memory: bool
    extra: str | None


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "lstm": Shape(4, memory=True, extra=None),
        "peephole-lstm": Shape(4, memory=True, extra="peephole"),
        "coupled-lstm": Shape(3, memory=True, extra=None),
        "gru-after": Shape(3, memory=False, extra="recurrent_bias"),
        "gru-before": Shape(3, memory=False, extra=None),
        "rnn": Shape(1, memory=False, extra=None),
    }
)


@dataclass
class Held:
    """Tensors of one pass; letters: L steps, B rows, F inputs, H units, g blocks.

    ``x [L·B, F]``, ``gates [L, B, gH]`` (first the sums of the input product, then the values of gates and candidate),
    ``hs [L + 1, B, H]`` with the start first, ``cs`` likewise, ``inner [L, B, H]`` what a GRU keeps of its candidate's
    product, ``taken [L, B]`` bytes. What a cell has not is a tensor that no kernel reads.
    """

    cell: str
    curves: tuple[int, int]
    x: torch.Tensor
    kernel: torch.Tensor
    recurrent: torch.Tensor
    extra: torch.Tensor
    gates: torch.Tensor
    hs: torch.Tensor
    cs: torch.Tensor
    inner: torch.Tensor
    running: torch.Tensor
    taken: torch.Tensor | None
    noise: torch.Tensor | None

    @classmethod
    def of(
        cls,
        kind: tuple[str, str, str],
        weights: tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None],
        x: torch.Tensor,
        state: tuple[torch.Tensor, torch.Tensor | None],
        mask: torch.Tensor | None,
        noise: torch.Tensor | None,
    ) -> "Held":
        """Take the input product of all steps at once, and room for the rest."""
        kernel, recurrent, bias = (part.to(x.dtype) for part in weights[:3] if part is not None)
        batch, steps, hidden = x.shape[0], x.shape[1], recurrent.shape[1]
        rows = x.transpose(0, 1).reshape(steps * batch, x.shape[2])
        gates = torch.addmm(bias, rows, kernel.T).view(steps, batch, -1)
        wide = torch.float64 if x.dtype == torch.float64 else torch.float32
        none = gates.new_zeros(1)
        h, c = state
        hs = x.new_empty(steps + 1, batch, hidden)
        hs[0] = h
        cs = none
        if c is not None:
            cs = x.new_empty(steps + 1, batch, hidden, dtype=wide)
            cs[0] = c
        gru = kind[0].startswith("gru")
        return cls(
            kind[0],
            (NUMBERS[kind[1]], NUMBERS[kind[2]]),
            rows,
            kernel,
            recurrent,
            none if weights[3] is None else weights[3].to(wide).contiguous(),
            gates,
            hs,
            cs,
            x.new_empty(steps, batch, hidden) if gru else none,
            h.to(wide, copy=True) if gru else none,
            None if mask is None else mask.T.contiguous().to(torch.uint8),
            None if noise is None else noise.to(x.dtype).contiguous(),
        )

    @property
    def steps(self) -> int:
        """L."""
        return self.gates.shape[0]

    @property
    def wide(self) -> torch.dtype:
        """The type of the arithmetic."""
        return torch.float64 if self.gates.dtype == torch.float64 else torch.float32

    @property
    def fixed(self) -> dict[str, Any]:
        """What every kernel is compiled for."""
        acc = tl.float64 if self.wide == torch.float64 else tl.float32
        return {"H": self.hs.shape[2], "ACC": acc}

    def mask(self, at: int) -> torch.Tensor:
        """Bytes of one step, or a tensor that no kernel reads."""
        return self.hs if self.taken is None else self.taken[at]

    def recalled(self, at: int) -> torch.Tensor:
        """``noise ∘ h`` before step `at` ``[B, H]``."""
        return self.hs[at] if self.noise is None else self.hs[at] * self.noise
