"""Where the largest moves are: who looks ahead only when something happens is found around them alone."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.testing.other_future import role_of
from tidegate.testing.tables import Table
from tidegate.types.axes import FloatArray

__all__ = ["around_moves", "largest_moves"]


def largest_moves(
    values: FloatArray, asset: NDArray[Any], position: NDArray[np.int64], count: int, last: int
) -> list[int]:
    """Positions to cut at: of the `count` largest moves, by turns at the move itself and right before it.

    Parameters
    ----------
    values, asset, position
        ``[R]``: a price (moves are of its logarithm; of the value itself where it is not always positive), whose it
        is, and which moment of the axis.
    count, last
        How many, and the last position that something follows.

    Missing values
        A move to or from NaN is none.

    >>> largest_moves(np.array([1.0, 1.0, 2.0, 2.0, 1.8]), np.zeros(5), np.arange(5), 2, 4)
    [2, 3]
    """
    finite = values[np.isfinite(values)]
    with np.errstate(divide="ignore", invalid="ignore"):
        held = np.log(values) if finite.size and bool((finite > 0).all()) else values
    _, code = np.unique(asset, return_inverse=True)
    order = np.lexsort((position, code))
    moved = np.abs(np.diff(held[order]))
    moved[(np.diff(code[order]) != 0) | ~np.isfinite(moved)] = 0.0
    at = position[order][1:]
    moved[at > last] = 0.0
    found: list[int] = []
    seen: set[int] = set()
    for row in np.argsort(-moved, kind="stable"):
        moment = int(at[row])
        if len(found) == count or moved[row] == 0:
            break
        if moment not in seen:
            seen.add(moment)
            found.append(moment if len(found) % 2 == 0 else moment - 1)
    return sorted({moment for moment in found if moment >= 0})


def around_moves(table: Table, moments: NDArray[Any], count: int) -> list[int]:
    """The same of a user's table, by its close where it has one, else by its first column of numbers."""
    numbers = {key: held for key, held in table.columns.items() if held.dtype.kind == "f" and key not in table.keys}
    if not numbers:
        return []
    close = [key for key in numbers if role_of(key)[0] == "close"]
    values = numbers[close[0] if close else next(iter(numbers))].astype(np.float64)
    return largest_moves(values, table.asset.astype(str), np.searchsorted(moments, table.time), count, len(moments) - 2)
