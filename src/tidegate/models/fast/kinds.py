"""Which cells the fused kernels know, and what each of them holds; nothing here loads torch."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from tidegate.errors import UnknownNameError
from tidegate.models.fast.curves import CURVES

__all__ = ["CELLS", "Kind", "Layout", "known"]


class Kind(NamedTuple):
    """Which equations: a name in `CELLS`, the curve of the gates, the curve of candidate and state."""

    cell: str
    gate: str
    state: str

    @property
    def numbers(self) -> tuple[int, int, int]:
        """How kernels call it."""
        return CELLS[self.cell].number, CURVES[self.gate], CURVES[self.state]


class Layout(NamedTuple):
    """What a cell of the kernels holds: its number, blocks of weights and of z, a memory c or none, more weights."""

    number: int
    blocks: int
    columns: int
    memory: bool
    extra: str | None

    def groups(self, hidden: int) -> tuple[int, ...]:
        """Columns of the weights that are laid out together: a GRU's candidate has panels of its own."""
        return (2 * hidden, hidden) if self.columns > self.blocks else (self.blocks * hidden,)


CELLS: Mapping[str, Layout] = MappingProxyType(
    {
        "lstm": Layout(0, 4, 4, True, None),
        "peephole-lstm": Layout(1, 4, 4, True, "peephole"),
        "coupled-lstm": Layout(2, 3, 3, True, None),
        "rnn": Layout(3, 1, 1, False, None),
        "gru-after": Layout(4, 3, 4, False, "recurrent_bias"),
        "gru-before": Layout(5, 3, 4, False, None),
    }
)


def known(kind: tuple[str, str, str]) -> Kind:
    """Return `kind` by its parts; raises `UnknownNameError` where there is no such cell or curve."""
    found = Kind(*kind)
    if found.cell not in CELLS:
        raise UnknownNameError.among("fused cell", found.cell, CELLS)
    for curve in (found.gate, found.state):
        if curve not in CURVES:
            raise UnknownNameError.among("curve", curve, CURVES, where=found.cell)
    return found
