"""How every synthetic world of random walks becomes bars: two steps a bar, by day and overnight.

A bar *t* opens at O(t) and closes at ``C(t) = O(t) · (1 + A(t))``; the next opens at ``O(t+1) = C(t) + O(t) · B(t)``,
so that the simple open-to-open return is the plain sum ``A(t) + B(t)``: a linear formula, without the curvature that
would make a planted correlation only nearly right. High and low reach beyond open and close by half-normal amounts that
depend on nothing else.
"""

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars, BarSpec, Frequency

__all__ = ["OVERNIGHT", "bars_of_walks", "business_days", "names_of"]

OVERNIGHT = 0.2  # share of a session's variance that falls between close and open


def business_days(start: date, count: int) -> NDArray[np.datetime64]:
    """Give the first `count` weekdays on or after `start`, as ``datetime64[D]``; no holidays.

    >>> business_days(date(2000, 1, 1), 2).tolist()
    [datetime.date(2000, 1, 3), datetime.date(2000, 1, 4)]
    """
    return np.busday_offset(np.datetime64(start, "D"), np.arange(count), roll="forward")


def names_of(world: str, assets: int) -> list[str]:
    """Name a world's assets: the world's own where it has one, numbered where it has several.

    >>> names_of("noise", 2)
    ['noise-0001', 'noise-0002']
    """
    return [world] if assets == 1 else [f"{world}-{number:04d}" for number in range(1, assets + 1)]


def bars_of_walks(
    names: list[str],
    *,
    labels: NDArray[np.datetime64],
    sessions: NDArray[np.datetime64],
    inside: FloatArray,
    overnight: FloatArray,
    volume: FloatArray,
    reach: FloatArray,
    frequency: Frequency,
    title: str,
    stamps: tuple[str, ...],
    first_open: float = 1000.0,
) -> Bars:
    """Make bars of simple returns while open ``[N, T]`` and overnight ``[N, T]`` (both relative to the bar's open).

    `volume` ``[N, T]`` is in shares; `reach` ``[N, T, 2]`` is how far, as a log distance, high and low go beyond.
    """
    count = labels.size
    growth = 1.0 + inside + overnight
    opens = first_open * np.cumprod(np.concatenate([np.ones((len(names), 1)), growth[:, :-1]], axis=1), axis=1)
    closes = opens * (1.0 + inside)
    highs = np.maximum(opens, closes) * np.exp(reach[..., 0])
    lows = np.minimum(opens, closes) * np.exp(-reach[..., 1])
    columns = {"open": opens, "high": highs, "low": lows, "close": closes, "volume": volume}
    columns["amount"] = volume * (opens + highs + lows + closes) / 4.0
    tiled = pl.DataFrame({"time": np.tile(labels.astype("datetime64[us]"), len(names)),
                          "session": np.tile(sessions.astype("datetime64[D]"), len(names))})  # fmt: skip
    asset = pl.Series("asset", names).gather(np.repeat(np.arange(len(names)), count))
    frame = tiled.with_columns(asset, *(pl.Series(name, values.ravel()) for name, values in columns.items()))
    spec = BarSpec(
        frequency=frequency,
        kind="synthetic",
        currency="points",
        title=title,
        source="Tidegate, synthetic and seeded",
        stamps=stamps,
    )
    return Bars.of(frame, spec)
