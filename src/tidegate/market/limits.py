"""Price limits, in whole ticks and integer arithmetic alone.

A limit is the reference price times (1 ± rate), rounded half-up to the tick; where that is less than one tick away, it
is one tick away. Floats get this wrong: `round()` misses 2.6 % of the upper and 4.2 % of the lower 10 % limits between
1 and 300 yuan. Tables: marina-rules 2026.10.26.5, which quotes the exchanges' notices.
"""

from datetime import date

import numpy as np

from tidegate.market.dated import DatedTable, Row
from tidegate.types.axes import IntArray

__all__ = ["LIMITS", "LIMITS_AT_RISK", "limit_ticks"]

_PERCENT = "percent"
_SZSE = "szse.cn P020180328485825173419"
_CHINEXT = "szse.cn t20200821_580925"
_STAR = "sse.com.cn c_20190301_10785118"

LIMITS: dict[str, DatedTable] = {
    "main": DatedTable("price limit, main board", _PERCENT, (Row(date(1996, 12, 16), 10, _SZSE),)),
    "chinext": DatedTable(
        "price limit, ChiNext", _PERCENT, (Row(date(2009, 10, 30), 10, _CHINEXT), Row(date(2020, 8, 24), 20, _CHINEXT))
    ),
    "star": DatedTable("price limit, STAR", _PERCENT, (Row(date(2019, 7, 22), 20, _STAR),)),
    "beijing": DatedTable("price limit, Beijing", _PERCENT, (Row(date(2021, 11, 15), 30, "bse.cn qt/200025234"),)),
}
"""Board → percent."""
LIMITS_AT_RISK: dict[str, DatedTable] = {
    **LIMITS,
    "main": DatedTable(
        "price limit, main board under risk warning",
        _PERCENT,
        (Row(date(1998, 4, 22), 5, "marina-rules"), Row(date(2026, 7, 6), 10, "sse.com.cn c_20260424_10816474")),
    ),
    "chinext": DatedTable(
        "price limit, ChiNext under risk warning",
        _PERCENT,
        (Row(date(2009, 10, 30), 5, _CHINEXT), Row(date(2020, 8, 24), 20, _CHINEXT)),
    ),
}
"""The same for stocks under risk warning (ST)."""


def limit_ticks(reference: IntArray, percent: IntArray | int) -> tuple[IntArray, IntArray]:
    """Upper and lower limit around a reference price, all in whole ticks.

    Formula
        ``max(⌊reference·(100 + percent)/100 + 1/2⌋, reference + 1)``, and downwards alike.

    >>> up, down = limit_ticks(np.array([1005, 4]), 10)
    >>> up.tolist(), down.tolist()
    ([1106, 5], [905, 3])
    """
    up = (2 * reference * (100 + percent) + 100) // 200
    down = (2 * reference * (100 - percent) + 100) // 200
    return np.maximum(up, reference + 1), np.minimum(down, reference - 1)
