"""Price limits, in whole ticks and integer arithmetic alone.

A limit is the reference price times (1 ± rate), rounded half-up to the tick; where that is less than one tick away, it
is one tick away, since the exchange says so. Floats get this wrong: `round()` misses 2.6 % of the upper and 4.2 % of
the lower 10 % limits between 1 and 300 yuan. Which rate holds depends on board, risk warning, delisting period, days
since listing, and the day. Tables: marina-rules 2026.10.26.5, which quotes the exchanges' notices; a test compares.
"""

from datetime import date

import numpy as np

from tidegate.market.boards import BoardRules
from tidegate.market.dated import DatedTable, Row
from tidegate.types.axes import IntArray

__all__ = [
    "FIRST_DAY_BAND",
    "FREE_AFTER_LISTING",
    "FREE_INTO_DELISTING",
    "INDEX_FUTURE_LIMIT",
    "LIMITS",
    "LIMITS_AT_RISK",
    "LIMITS_DELISTING",
    "ONE_TICK",
    "REBAR_LIMIT",
    "first_day_ticks",
    "limit_ticks",
    "market_of",
]

_PERCENT = "percent"
_SESSIONS = "sessions"
_FLAG = "1 holds, 0 not"
_SZSE = "szse.cn P020180328485825173419"
_CHINEXT = "szse.cn t20200821_580925"
_STAR = "sse.com.cn c_20190301_10785118"
_BSE = "bse.cn qt/200025234"
_REFORM = "marina-rules: the exchanges' delisting reform of December 2020"
_RULES_2023 = "sse.com.cn c_20250612_10824490: trading rules of 2023"
_BAND_SSE = "marina-rules: SSE notice 2013/47"
_BAND_SZSE = "szse.cn t20140613_508770"

LIMITS: dict[str, DatedTable] = {
    "main": DatedTable("price limit, main board", _PERCENT, (Row(date(1996, 12, 16), 10, _SZSE),)),
    "chinext": DatedTable(
        "price limit, ChiNext", _PERCENT, (Row(date(2009, 10, 30), 10, _CHINEXT), Row(date(2020, 8, 24), 20, _CHINEXT))
    ),
    "star": DatedTable("price limit, STAR", _PERCENT, (Row(date(2019, 7, 22), 20, _STAR),)),
    "beijing": DatedTable("price limit, Beijing", _PERCENT, (Row(date(2021, 11, 15), 30, _BSE),)),
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
LIMITS_DELISTING: dict[str, DatedTable] = {
    "main": DatedTable(
        "price limit, main board, delisting period",
        _PERCENT,
        (Row(date(2012, 12, 17), 10, "SZSE rules of 2012, 4.5.2"),),
    ),
    "chinext": DatedTable(
        "price limit, ChiNext, delisting period",
        _PERCENT,
        (
            Row(date(2012, 12, 17), 10, "SZSE rules of 2012, 4.5.2"),
            # Until the reform it depended on the day a stock entered the period: 10 before 2020-08-24, 20 after.
            Row(date(2020, 8, 24), 20, "SZSE notice 2020/620", confirmed=False),
            Row(date(2020, 12, 31), 20, _REFORM),
        ),
    ),
    "star": DatedTable("price limit, STAR, delisting period", _PERCENT, (Row(date(2019, 7, 22), 20, _STAR),)),
    "beijing": DatedTable("price limit, Beijing, delisting period", _PERCENT, (Row(date(2021, 11, 15), 30, _BSE),)),
}
"""The same for stocks in their delisting period, under risk warning or not."""
_FREE_SZSE = (Row(date(1996, 12, 16), 1, _SZSE), Row(date(2014, 6, 13), 0, _BAND_SZSE))
FREE_AFTER_LISTING: dict[str, DatedTable] = {
    "main SH": DatedTable(
        "sessions without a limit after listing, Shanghai main board, by listing date",
        _SESSIONS,
        (
            Row(date(1996, 12, 16), 1, _SZSE),
            Row(date(2013, 12, 13), 0, _BAND_SSE),
            Row(date(2023, 4, 10), 5, _RULES_2023),
        ),
    ),
    "main SZ": DatedTable(
        "sessions without a limit after listing, Shenzhen main board, by listing date",
        _SESSIONS,
        (*_FREE_SZSE, Row(date(2023, 4, 10), 5, _RULES_2023)),
    ),
    "chinext SZ": DatedTable(
        "sessions without a limit after listing, ChiNext, by listing date",
        _SESSIONS,
        (*_FREE_SZSE, Row(date(2020, 8, 24), 5, _CHINEXT)),
    ),
    "star SH": DatedTable(
        "sessions without a limit after listing, STAR, by listing date", _SESSIONS, (Row(date(2019, 7, 22), 5, _STAR),)
    ),
    "beijing BJ": DatedTable(
        "sessions without a limit after listing, Beijing, by listing date",
        _SESSIONS,
        (Row(date(2021, 11, 15), 1, _BSE),),
    ),
}
"""Board and exchange → sessions, looked up on the day of listing: a share keeps the rules that it was issued under."""
FIRST_DAY_BAND: dict[str, DatedTable] = {
    "main SH": DatedTable(
        "first day between 64 % and 144 % of the issue price, Shanghai",
        _FLAG,
        (
            Row(date(1996, 12, 16), 0, _SZSE),
            Row(date(2013, 12, 13), 1, _BAND_SSE),
            Row(date(2023, 4, 10), 0, _RULES_2023),
        ),
    ),
    "main SZ": DatedTable(
        "first day between 64 % and 144 % of the issue price, Shenzhen",
        _FLAG,
        (
            Row(date(1996, 12, 16), 0, _SZSE),
            Row(date(2014, 6, 13), 1, _BAND_SZSE),
            Row(date(2023, 4, 10), 0, _RULES_2023),
        ),
    ),
    "chinext SZ": DatedTable(
        "first day between 64 % and 144 % of the issue price, ChiNext",
        _FLAG,
        (Row(date(1996, 12, 16), 0, _SZSE), Row(date(2014, 6, 13), 1, _BAND_SZSE), Row(date(2020, 8, 24), 0, _CHINEXT)),
    ),
    "star SH": DatedTable(
        "first day between 64 % and 144 % of the issue price, STAR", _FLAG, (Row(date(2019, 7, 22), 0, _STAR),)
    ),
    "beijing BJ": DatedTable(
        "first day between 64 % and 144 % of the issue price, Beijing", _FLAG, (Row(date(2021, 11, 15), 0, _BSE),)
    ),
}
_NO_EXCEPTION = Row(date(2012, 12, 17), 0, "SZSE rules of 2012, 4.5.2")
_FREE_2020 = Row(date(2020, 12, 31), 1, _REFORM)
FREE_INTO_DELISTING: dict[str, DatedTable] = {
    "main": DatedTable(
        "first day of the delisting period without a limit, main board", _FLAG, (_NO_EXCEPTION, _FREE_2020)
    ),
    "chinext": DatedTable(
        "first day of the delisting period without a limit, ChiNext", _FLAG, (_NO_EXCEPTION, _FREE_2020)
    ),
    "star": DatedTable(
        "first day of the delisting period without a limit, STAR", _FLAG, (Row(date(2019, 7, 22), 0, _STAR), _FREE_2020)
    ),
    "beijing": DatedTable(
        "first day of the delisting period without a limit, Beijing", _FLAG, (Row(date(2021, 11, 15), 1, _BSE),)
    ),
}
ONE_TICK: dict[str, DatedTable] = {
    "SH": DatedTable(
        "limits at least one tick away, Shanghai",
        _FLAG,
        (Row(date(1996, 12, 16), 0, "SSE rules up to 2012: rounding alone"), Row(date(2023, 4, 10), 1, _RULES_2023)),
    ),
    "SZ": DatedTable(
        "limits at least one tick away, Shenzhen",
        _FLAG,
        (Row(date(1996, 12, 16), 0, "marina-rules"), Row(date(2011, 2, 28), 1, "SZSE rules of 2011, 3.3.16")),
    ),
    "BJ": DatedTable(
        "limits at least one tick away, Beijing",
        _FLAG,
        (Row(date(2021, 11, 15), 1, "general knowledge", confirmed=False),),
    ),
}
INDEX_FUTURE_LIMIT = DatedTable(
    "price limit, CSI 300 future",
    _PERCENT,
    (Row(date(2010, 4, 16), 10, "general knowledge: 10 around the last settlement", confirmed=False),),
)
REBAR_LIMIT = DatedTable(
    "price limit, rebar",
    _PERCENT,
    (
        # The contract says less; what holds is set by notice, and wider near holidays and after a day at the limit.
        Row(date(2009, 3, 27), 5, "daily bars: no more than 5 but on four days", confirmed=False),
        Row(date(2016, 1, 1), 7, "general knowledge: 6 to 8 by notice", confirmed=False),
    ),
)
_UP, _DOWN = 144, 64
"""Percent of the issue price."""


def market_of(board: BoardRules) -> str:
    """Name a board with its exchange, as the tables by listing date do.

    >>> from tidegate.market.boards import board_of
    >>> market_of(board_of("600000.SH"))
    'main SH'
    """
    return f"{board.board} {board.exchange}"


def limit_ticks(
    reference: IntArray, percent: IntArray | int, one_tick: IntArray | int = 1
) -> tuple[IntArray, IntArray]:
    """Upper and lower limit around a reference price, all in whole ticks.

    Formula
        ``⌊reference·(100 ± percent)/100 + 1/2⌋``, at least `one_tick` away (1, or 0 where rounding alone holds).

    >>> up, down = limit_ticks(np.array([1005, 4]), 10)
    >>> up.tolist(), down.tolist()
    ([1106, 5], [905, 3])
    """
    up = (2 * reference * (100 + percent) + 100) // 200
    down = (2 * reference * (100 - percent) + 100) // 200
    return np.maximum(up, reference + one_tick), np.minimum(down, reference - one_tick)


def first_day_ticks(issue: IntArray) -> tuple[IntArray, IntArray]:
    """Upper and lower limit of a first day around an issue price, half-up, in whole ticks.

    >>> [limit.tolist() for limit in first_day_ticks(np.array([1001]))]
    [[1441], [641]]
    """
    return (2 * issue * _UP + 100) // 200, (2 * issue * _DOWN + 100) // 200
