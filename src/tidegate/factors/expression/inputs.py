"""The fields of a bar as columns: prices adjusted, volumes comparable across splits, and as printed where asked."""

import numpy as np

from tidegate.errors import DataError
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars

__all__ = ["column_of"]

_PRICES = frozenset({"open", "high", "low", "close", "settle", "preclose"})


def column_of(bars: Bars, name: str, adjustment: FloatArray) -> FloatArray:
    """One field as float64 ``[R]``; what each means stands in `operators.FIELDS`.

    An adjustment whose base lies at the end of the data scales every price of an asset by one number that was not
    known then: a factor that is a ratio of prices does not feel it, one that is a price does. The running adjustment
    that bars make themselves has its base at their first bar.

    Missing values
        NaN where the bar has none.
    Errors
        `DataError` where the bars lack the column.

    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=30)
    >>> bool((column_of(bars, "raw_close", bars.adjustment) == bars.column("close")).all())
    True
    """
    if name == "average_price":
        amount, volume = _column(bars, "amount"), _column(bars, "volume")
        return _ratio(amount, volume) * adjustment
    if name == "turnover":
        return _ratio(_column(bars, "volume"), _column(bars, "float_shares"))
    if name == "volume":
        return _column(bars, name) / adjustment
    if name == "market_return":
        return _market_return(bars, adjustment)
    held = _column(bars, name.removeprefix("raw_"))
    return np.ascontiguousarray(held * adjustment if name in _PRICES else held)


def _market_return(bars: Bars, adjustment: FloatArray) -> FloatArray:
    """Each bar's ``Σ w r / Σ w`` over the assets that trade in it, `w` the value at an asset's own bar before.

    An asset enters from its second bar on, and not at a bar where its prices begin anew.
    """
    close, worth = _column(bars, "close") * adjustment, _column(bars, "close") * _column(bars, "total_shares")
    held = np.ones(close.size, dtype=bool)
    held[bars.segments[:-1]] = False
    rows = np.flatnonzero(held)
    rows = rows[np.isfinite(worth[rows - 1])]
    weight, move = worth[rows - 1], close[rows] / close[rows - 1] - 1.0
    place, size = bars.places, len(bars.times)
    with np.errstate(all="ignore"):
        told = np.bincount(place[rows], weight * move, size) / np.bincount(place[rows], weight, size)
    return np.asarray(told[place])


def _column(bars: Bars, name: str) -> FloatArray:
    if not bars.has(name):
        raise DataError(
            f"the bars have no {name}",
            where=bars.spec.title,
            found=bars.frame.columns,
            hint=f"leave out the factors that use {name}, or import data that has it",
        )
    return bars.column(name)


def _ratio(x: FloatArray, y: FloatArray) -> FloatArray:
    with np.errstate(all="ignore"):
        return np.where(y > 0, x / y, np.nan)
