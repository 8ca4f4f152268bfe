"""Which part of a market a yardstick holds, and with how much money it can be held at all."""

import numpy as np

from tidegate.market.exchange import Exchange
from tidegate.types.axes import BoolArray, FloatArray
from tidegate.types.bars import Bars

__all__ = ["ENOUGH", "TOO_LITTLE", "of_part", "small_caps", "too_little"]

ENOUGH, _LOTS, _SMALLEST = 1e9, 10, 0.1
"""Money for a yardstick of a whole market, lots that a part of one must buy, and the part of assets that is small."""
TOO_LITTLE = (
    "This money cannot hold the universe in equal parts: the yardstick without costs is held with {most:,.0f} and"
    " scaled down, and none with costs stands beside it."
)


def too_little(capital: float, score: FloatArray, exchange: Exchange) -> bool:
    """Whether an equal part of the universe would not buy ten lots of its typical share at most closes."""
    there = (score > -np.inf) & (exchange.close > 0)
    count = there.sum(axis=1)
    if not count.any():
        return False
    lots = exchange.close * (exchange.tick_value * exchange.lot)
    typical = np.median(lots[there]) / exchange.money_scale
    return bool(capital / np.median(count[count > 0]) < _LOTS * typical)


def small_caps(bars: Bars, exchange: Exchange) -> BoolArray | None:
    """Which assets are the smallest tenth by market value after each close ``[T, N]``; None where values are unknown.

    Known at
        Row *t* at CLOSE(t): raw close times all shares. An asset without a bar, or without a number of shares, is none.
    """
    if not bars.has("total_shares"):
        return None
    places = {asset: place for place, asset in enumerate(bars.assets)}
    rows, columns = np.searchsorted(bars.times, exchange.times), [places[asset] for asset in exchange.assets]
    value = (bars.grid("close") * bars.grid("total_shares"))[rows][:, columns]
    made = np.zeros(value.shape, dtype=bool)
    for row, held in zip(made, value, strict=True):
        known = held[np.isfinite(held)]
        if known.size:
            row[:] = held <= np.quantile(known, _SMALLEST)
    return made


def of_part(score: FloatArray, part: BoolArray) -> FloatArray:
    """Scores ``[T, N]`` of a part of the universe: what was said of an asset outside of it is -inf, outside at once.

    Where nothing was said, at closes between two decisions, nothing is said here either: what is held stays held.

    >>> of_part(np.array([[0.1, 0.2], [np.nan, np.nan]]), np.array([[True, False], [False, False]])).tolist()
    [[0.1, -inf], [nan, nan]]
    """
    return np.where(part | np.isnan(score), score, -np.inf)
