"""Fewer points of a long curve, always the same ones, with its peaks and troughs kept.

The curve is cut into equal runs of neighbours; of each run the lowest and the highest point stay, and the first and
last point of all. What parallel lists hold at those places stays with them. No randomness, no smoothing.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.types.report import Figure, Series

__all__ = ["MOST_POINTS", "kept", "thinned"]

MOST_POINTS = 4000
_LONG = ("line", "area", "step", "band", "scatter", "candle")


def kept(values: NDArray[np.float64], most: int = MOST_POINTS) -> NDArray[np.int64]:
    """Positions of at most `most` points of `values` [n] that stay, rising; all of them where n ≤ most.

    Missing values (NaN) stay only at the ends and where a whole run is missing.

    >>> kept(np.array([0.0, 5.0, 1.0, 1.0, -3.0, 1.0, 1.0, 2.0]), most=6).tolist()
    [0, 1, 4, 7]
    """
    n = len(values)
    if n <= most:
        return np.arange(n)
    cuts = np.linspace(0, n, max(1, (most - 2) // 2) + 1).astype(np.int64)
    chosen = [0, n - 1]
    for first, end in pairwise(cuts):
        run = values[first:end]
        if np.isnan(run).all():
            chosen.append(int(first))
        else:
            chosen += [int(first + np.nanargmin(run)), int(first + np.nanargmax(run))]
    return np.unique(chosen)


def thinned(figure: Figure, most: int = MOST_POINTS) -> tuple[Figure, bool]:
    """Thin every long series of `figure`; says whether any was."""
    series = tuple(_thin(one, most) for one in figure.series)
    changed = any(a is not b for a, b in zip(series, figure.series, strict=True))
    return (figure.model_copy(update={"series": series}), True) if changed else (figure, False)


def _thin(series: Series, most: int) -> Series:
    lead = series.data.get("y", series.data.get("close", ()))
    if series.kind not in _LONG or len(lead) <= most:
        return series
    places = kept(np.array([_number(value) for value in lead], dtype=np.float64), most).tolist()
    data = {name: tuple(values[i] for i in places) for name, values in series.data.items()}
    return series.model_copy(update={"data": data})  # cells of a checked record need no second check


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")
