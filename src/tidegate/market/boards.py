"""Which board a code belongs to, and what an order there must look like.

The code decides: 60xxxx Shanghai main, 688/689xxx STAR, 00xxxx Shenzhen main, 30xxxx ChiNext, 43/8x/92xxxx Beijing.
Lots: RQAlpha's instrument table, which its oracle runs confirm; the exchanges' own text was not read.
"""

import re
from typing import Literal, NamedTuple

from tidegate.errors import DataError

__all__ = ["FEN_PER_YUAN", "SHARE_TICK", "BoardRules", "board_of", "share_code"]

SHARE_TICK = 0.01
"""Smallest step of a price of any A share, in yuan."""
FEN_PER_YUAN = 100
"""Money of A shares is counted in fen."""

Board = Literal["main", "chinext", "star", "beijing"]


class BoardRules(NamedTuple):
    """A board: its exchange, the step of a purchase and the smallest one, in shares."""

    board: Board
    exchange: Literal["SH", "SZ", "BJ"]
    lot: int
    minimum: int


_CODE = re.compile(r"(?i)(?:(sh|sz|bj)\.?)?(\d{6})(?:\.(sh|sz|bj|ss|xshg|xshe))?")
_EXCHANGES = {"SS": "SH", "XSHG": "SH", "XSHE": "SZ"}
"""Other names of an exchange → ours."""
_BY_CODE: tuple[tuple[str, BoardRules], ...] = (
    (r"60[0135]\d{3}", BoardRules("main", "SH", 100, 100)),
    (r"68[89]\d{3}", BoardRules("star", "SH", 1, 200)),
    (r"00[0-4]\d{3}", BoardRules("main", "SZ", 100, 100)),
    (r"30[0-2]\d{3}", BoardRules("chinext", "SZ", 100, 100)),
    (r"(43|8\d|92)\d{4}", BoardRules("beijing", "BJ", 1, 100)),
)


def board_of(asset: str) -> BoardRules:
    """Tell the board of an A share by its six digits; raises `DataError` for any other code.

    >>> board_of("688001.SH").minimum, board_of("sz.300750").board
    (200, 'chinext')
    """
    digits = re.findall(r"(?<!\d)\d{6}(?!\d)", asset)
    for pattern, rules in _BY_CODE if len(digits) == 1 else ():
        if re.fullmatch(pattern, digits[0]):
            return rules
    raise DataError(
        "unknown: the board of an asset", found=asset, expected="the six digits of an A share, for example 600000.SH"
    )


def share_code(code: str) -> str:
    """Write a Chinese code as its digits and its exchange, however a file does; leave any other text as it is.

    >>> [share_code(code) for code in ("SH600000", "600000.XSHG", "sz.000001", "RB", "600000")]
    ['600000.SH', '600000.SH', '000001.SZ', 'RB', '600000']
    """
    found = _CODE.fullmatch(code)
    if found is None or bool(found[1]) == bool(found[3]):
        return code
    exchange = (found[1] or found[3]).upper()
    return f"{found[2]}.{_EXCHANGES.get(exchange, exchange)}"
