"""Marks: a number for every bar label of a table of bars, which tells later whether those bars are still the same.

A frozen model may be asked about newer data; where those reach back they must hold the bars that it has learned from.
A mark is made of all rows of one label, in any order, so that a few labels can be compared without reading the rest.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.types.bars import Bars

__all__ = ["MARKED", "marks_of"]

MARKED = ("open", "high", "low", "close", "volume", "preclose", "factor")
"""Columns that enter a mark, of those that the bars have."""
_NOTHING = np.uint64(0x7FF8_0000_0000_0000)
_LOW = np.uint64(0xFFFF_FFFF)
_HALF = np.uint64(32)


def marks_of(bars: Bars, columns: Sequence[str]) -> NDArray[np.uint64]:
    """One number for the rows of each label ``[T]``: assets, and the values of `columns`, by their bits.

    Formula
        The sum, modulo 2^64, of each row's scrambled bits; rows may come in any order.
    Known at
        CLOSE of each label, which no other label's rows touch.
    Missing values
        A null and a NaN are alike.
    Errors
        `UnknownNameError` for a column that the bars do not have.

    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=30)
    >>> whole, early = marks_of(bars, ("close",)), marks_of(bars.upto(bars.times[9]), ("close",))
    >>> len(whole), bool((whole[:10] == early).all()), len(set(whole.tolist()))
    (30, True, 30)
    """
    names = [int.from_bytes(hashlib.blake2b(asset.encode(), digest_size=8).digest(), "little") for asset in bars.assets]
    made = np.repeat(np.array(names, dtype=np.uint64), np.diff(bars.offsets))
    for column in columns:
        values = bars.column(column) + 0.0  # minus zero is zero
        bits = np.where(np.isnan(values), _NOTHING, values.view(np.uint64))
        made = _scrambled(made ^ bits)
    count = len(bars.times)
    low = np.bincount(bars.places, (made & _LOW).astype(np.float64), count)  # exact: 2^53 holds two million halves
    high = np.bincount(bars.places, (made >> _HALF).astype(np.float64), count)
    return low.astype(np.uint64) + (high.astype(np.uint64) << _HALF)


def _scrambled(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit over all others (the finishing steps of SplitMix64: Steele, Lea & Flood 2014)."""
    bits = bits + np.uint64(0x9E37_79B9_7F4A_7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return bits ^ (bits >> np.uint64(31))
