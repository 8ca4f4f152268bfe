"""Where a rare fill would show: beside missing and zero cells of the data, and beside cells that a function replaced.

A backward fill of what is missing once a year is found at that row alone: cuts spread over time walk past it. What a
function says of the rows tells where it did something: a cell that is the next row's number, or one of few that are not
their own row's.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.testing.tables import Laid, Table
from tidegate.types.axes import BoolArray

__all__ = ["beside_gaps"]

_EACH = 2
"""Cuts of each of the three kinds."""


def beside_gaps(table: Table, moments: NDArray[Any], full: Laid) -> list[int]:
    """Positions of moments to cut at: up to two of each kind, spread over time.

    * Rows whose result is a number of the next row of the asset, and not their own.
    * Rows whose result is not their own row's number, where that of most rows is.
    * Rows where a number of the data is missing or zero, and rarely so.

    Parameters
    ----------
    table, moments
        The data, and the moments to cut at; the last one has nothing after it.
    full
        What the function says of the data; rows with times of their own are not looked at.

    >>> from tidegate.testing.tables import laid_out, table_of
    >>> data = {"x": np.where(np.arange(30) == 7, 0.0, np.arange(30) + 1.0)}
    >>> told = laid_out(np.where(data["x"] > 0, data["x"], 9.0), table_of(data))
    >>> beside_gaps(table_of(data), np.arange(30), told)
    [7]
    """
    inputs = {key: held for key, held in table.columns.items() if key not in table.keys and held.dtype.kind in "fiu"}
    place = np.searchsorted(moments, table.time)
    _, code = np.unique(table.asset.astype(str), return_inverse=True)
    order = np.lexsort((place, code))
    follows = np.append(np.diff(code[order]) == 0, False)
    whole = len(full.keys) == table.rows and full.keys == table.origin.tolist()
    kinds: tuple[list[BoolArray], ...] = ([], [], [])
    for held in inputs.values():
        own = held[order].astype(np.float64)
        following = np.append(own[1:], np.nan)
        following[~follows] = np.nan
        for values in full.columns.values() if whole else ():
            if values.dtype.kind not in "fiu":
                continue
            said = values[order].astype(np.float64)
            other = np.isfinite(said) & (said != own)
            kinds[0].append(other & (said == following))
            same = int((said == own).sum())
            if same > other.sum():
                kinds[1].append(other)
        gap = ~np.isfinite(own) | (own == 0)
        if gap.sum() < _RARE * gap.size:
            kinds[2].append(gap)
    found: set[int] = set()
    for kind in kinds:
        if kind:
            at = np.unique(place[order][np.logical_or.reduce(kind)])
            at = at[(at > 0) & (at < len(moments) - 1) & ~np.isin(at, list(found))]
            found |= set(at[np.linspace(0, at.size - 1, min(_EACH, at.size)).astype(int)].tolist())
    return sorted(found)


_RARE = 0.2
"""The share of gaps from which on cuts that are spread meet them anyway."""
