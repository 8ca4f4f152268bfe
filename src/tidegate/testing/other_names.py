"""Another future of other names: a listing, an end, a suspension and a new kind after a moment.

Other values of the same names hide who looks at *which* names there will be: `nunique` of all time, a vocabulary of all
industries, survivors. Here one asset is listed after the moment, another ends at it, a third is suspended for a while,
and columns of words get a word that was never there.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.testing.other_future import other_future
from tidegate.testing.tables import Table
from tidegate.types.axes import BoolArray, IntArray

__all__ = ["new_name", "other_names"]

_SUSPENDED = _HALF = 0.5
_KIND_SHARE = 0.3
_MOST_KINDS = 200
_TOO_MANY = 0.5


def other_names(table: Table, later: BoolArray, seed: int, held: BoolArray | None = None) -> tuple[Any, Table]:
    """The table with another valid history of other names in the rows marked `later`; earlier rows are as they were.

    Rows marked `held` stay where they are, with what their open shows. A table without assets gets new words alone.
    """
    generator = np.random.default_rng((seed, 7))
    first = bool(generator.random() < _HALF)
    held = np.zeros(table.rows, dtype=bool) if held is None else held
    free = later & ~held
    kept, copied, name = np.ones(table.rows, dtype=bool), np.zeros(0, dtype=np.int64), None
    if table.has_assets and free.any():
        known = np.unique(table.asset)
        name = new_name(known.tolist(), first=first)
        order = generator.permutation(np.unique(table.asset[free]))
        copied = np.flatnonzero(free & (table.asset == order[0]))
        if order.size > 1:
            kept &= ~(free & (table.asset == order[1]))
        if order.size > 2:  # noqa: PLR2004 - a third that stops for a while
            kept &= ~_stretch(generator, table, free & (table.asset == order[2]))
    positions, new = _inserted(table, kept, copied, first=first)
    made = table.at(positions, new, name)[1] if copied.size else table.at(positions)[1]
    changed = other_future(made, later[positions], seed, held[positions])
    words = {key: _other_words(generator, column, free[positions]) for key, column in changed.items()}
    return made.replaced(words)


def new_name(known: list[Any], *, first: bool = False) -> Any:
    """A name like those that are known and none of them, in front of them or behind them.

    >>> new_name(["000001.SZ", "600000.SH"]), new_name(["a", "b"]), new_name(["a", "b"], first=True), new_name([3, 7])
    ('999999.SH', 'bN', '0a', 8)
    """
    end = min(known) if first else max(known)
    if not isinstance(end, str):
        return end - 1 if first else end + 1
    digits = re.search(r"\d+", end)
    if digits:
        size = len(digits[0])
        numbers = range(10**size) if first else range(10**size - 1, -1, -1)
        for number in numbers:
            made = f"{end[: digits.start()]}{number:0{size}d}{end[digits.end() :]}"
            if made not in known:
                return made
    return f"0{end}" if first else f"{end}N"


def _stretch(generator: np.random.Generator, table: Table, own: BoolArray) -> BoolArray:
    """Half of an asset's later moments in one stretch, from a moment thrown."""
    moments = np.unique(table.time[own])
    size = max(1, int(_SUSPENDED * moments.size))
    begin = int(generator.integers(0, moments.size - size + 1))
    away = moments[begin : begin + size]
    return np.asarray(own & (table.time >= away[0]) & (table.time <= away[-1]))


def _inserted(table: Table, kept: BoolArray, copied: IntArray, *, first: bool) -> tuple[IntArray, BoolArray]:
    """Positions with the copies among them, and which are copies: by time where rows are, else before or after all."""
    rows = np.flatnonzero(kept)
    if bool((table.time[1:] >= table.time[:-1]).all()):
        both = np.concatenate([rows, copied])
        new = np.arange(both.size) >= rows.size
        order = np.argsort(table.time[both], kind="stable")
        return both[order], new[order]
    parts = (copied, rows) if first else (rows, copied)
    new = np.concatenate([np.full(part.size, part is copied) for part in parts])
    return np.concatenate(parts), new


def _other_words(generator: np.random.Generator, column: NDArray[Any], free: BoolArray) -> NDArray[Any]:
    """A word that was never there, in some of the rows that may change; columns that hold no kinds stay."""
    if column.dtype != object and column.dtype.kind not in "US":
        return column
    known = {value for value in column.tolist() if value is not None and value == value}  # noqa: PLR0124
    words = [value for value in known if isinstance(value, str) and re.search(r"[^\W\d_]", value)]
    if not words or len(words) != len(known) or len(words) > min(_MOST_KINDS, max(_TOO_MANY * column.size, 1)):
        return column
    turned = free & (generator.random(column.size) < _KIND_SHARE)
    made: NDArray[Any] = column.astype(object)
    made[turned] = new_name(words)
    return made if column.dtype == object else made.astype(str)
