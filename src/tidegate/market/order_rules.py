"""What an order may be: how many units at most, and when what it bought may be sold.

Whoever wants more than the exchange takes in one order sends several: the pieces go out one after the other and meet
the same price in a call auction, so that the engine fills the whole; `pieces` tells how many there were. What a fund of
some kind may do on the day it was bought depends on what it holds, its exchange and the day.
Sources: marina-rules 2026.10.26.5 for the waiting of funds, which quotes both exchanges' notices; sizes are general
knowledge, not confirmed.
"""

from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import SettingError
from tidegate.market.boards import board_of
from tidegate.market.dated import DatedTable, Row
from tidegate.types.axes import IntArray

__all__ = ["LARGEST_LIMIT_ORDER", "LARGEST_MARKET_ORDER", "WAITS", "FundKind", "largest_order", "pieces", "waits"]

FundKind = Literal["stock", "cross-border", "bond", "money", "gold", "commodity"]
"""What a listed fund holds. A cross-border fund is one whose holdings may themselves be sold on the day they were
bought; any other counts as a "stock" one."""

_SHARES = "shares an order"
_KNOWN = "general knowledge"
_MAIN = Row(date(1990, 12, 19), 1_000_000, _KNOWN, confirmed=False)
LARGEST_LIMIT_ORDER: dict[str, DatedTable] = {
    "main": DatedTable("largest limit order, main board", _SHARES, (_MAIN,)),
    "chinext": DatedTable(
        "largest limit order, ChiNext",
        _SHARES,
        (
            Row(date(2009, 10, 30), 1_000_000, _KNOWN, confirmed=False),
            Row(date(2020, 8, 24), 300_000, _KNOWN, confirmed=False),
        ),
    ),
    "star": DatedTable(
        "largest limit order, STAR", _SHARES, (Row(date(2019, 7, 22), 100_000, _KNOWN, confirmed=False),)
    ),
    "beijing": DatedTable(
        "largest limit order, Beijing", _SHARES, (Row(date(2021, 11, 15), 1_000_000, _KNOWN, confirmed=False),)
    ),
}
"""Board → shares."""
LARGEST_MARKET_ORDER: dict[str, DatedTable] = {
    "main": DatedTable("largest market order, main board", _SHARES, (_MAIN,)),
    "chinext": DatedTable(
        "largest market order, ChiNext",
        _SHARES,
        (
            Row(date(2009, 10, 30), 1_000_000, _KNOWN, confirmed=False),
            Row(date(2020, 8, 24), 150_000, _KNOWN, confirmed=False),
        ),
    ),
    "star": DatedTable(
        "largest market order, STAR", _SHARES, (Row(date(2019, 7, 22), 50_000, _KNOWN, confirmed=False),)
    ),
    "beijing": DatedTable(
        "largest market order, Beijing", _SHARES, (Row(date(2021, 11, 15), 1_000_000, _KNOWN, confirmed=False),)
    ),
}
"""The same for orders at the market's price."""

_SESSIONS = "sessions before it may be sold"
_OLD = Row(date(2006, 7, 1), 1, "SSE and SZSE rules of 2006, 3.1.4")
_NOTICE_2015 = "SSE 2015/6 and szse.cn t20150109_501348, both from 2015-01-19"
_FROM_2015 = Row(date(2015, 1, 19), 0, _NOTICE_2015)
# Same-day sales of these three kinds began earlier (2013, money funds before), with dates that no text was found for.
_STATED_2015 = (_FROM_2015,)
WAITS: dict[str, DatedTable] = {
    "stock": DatedTable(
        "waiting of stock funds",
        _SESSIONS,
        (Row(date(1995, 1, 1), 1, "SZSE chronicle t20070328_497829: A shares and funds"), _OLD),
    ),
    "cross-border": DatedTable("waiting of cross-border funds", _SESSIONS, (_OLD, _FROM_2015)),
    "bond": DatedTable("waiting of bond funds", _SESSIONS, _STATED_2015),
    "money": DatedTable("waiting of money funds", _SESSIONS, _STATED_2015),
    "gold": DatedTable("waiting of gold funds", _SESSIONS, _STATED_2015),
    "commodity SH": DatedTable(
        "waiting of commodity funds, Shanghai", _SESSIONS, (_OLD, Row(date(2020, 1, 20), 0, "SSE 2020/1"))
    ),
    "commodity SZ": DatedTable(
        "waiting of commodity funds, Shenzhen",
        _SESSIONS,
        (_OLD, Row(date(2019, 1, 11), 0, "SZSE 2019/23, read in a reprint")),
    ),
}
"""Kind (of commodity funds, with the exchange) → sessions: 1 for T+1, 0 for T+0."""


def waits(kind: FundKind, exchange: Literal["SH", "SZ"], days: NDArray[np.datetime64]) -> IntArray:
    """Sessions before what was bought on each day may be sold ``[T]``: 1 for T+1, 0 for T+0.

    Known at
        Before the session.
    Errors
        `DataError` for a day before a table's first row: unknown, never guessed.

    >>> days = np.array(["2019-01-10", "2019-01-11", "2020-01-20"], dtype="datetime64[D]")
    >>> waits("commodity", "SZ", days).tolist(), waits("commodity", "SH", days).tolist()
    ([1, 0, 0], [1, 1, 0])
    """
    return WAITS[f"{kind} {exchange}" if kind == "commodity" else kind].at(days)


def largest_order(
    asset: str, days: NDArray[np.datetime64], at: Literal["limit", "market"] = "limit"
) -> tuple[DatedTable, IntArray]:
    """Give the table of an A share's largest order, and the shares it allows on each day ``[T]``.

    >>> days = np.array(["2020-08-21", "2020-08-24"], dtype="datetime64[D]")
    >>> largest_order("300750.SZ", days)[1].tolist()
    [1000000, 300000]
    """
    table = (LARGEST_LIMIT_ORDER if at == "limit" else LARGEST_MARKET_ORDER)[board_of(asset).board]
    return table, table.at(days)


def pieces(quantity: IntArray, largest: IntArray) -> IntArray:
    """Count the orders that a quantity must be sent in, 0 for none.

    Formula
        ``⌈quantity / largest⌉``.

    >>> pieces(np.array([0, 300_000, 300_001]), np.array([300_000] * 3)).tolist()
    [0, 1, 2]
    """
    if bool((largest <= 0).any()):
        raise SettingError("a largest order is none", expected="above 0", found=int(largest.min()))
    return -(-quantity // largest)
