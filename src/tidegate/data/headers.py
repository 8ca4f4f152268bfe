"""Vendor headers, English and Chinese, by name; and the units that some headers state.

A header is compared after taking off quotes, blanks, angle brackets and case. A unit in brackets (成交量(手)),
or the ending ``_cents``, ``_lots``, ``_shares``, is read as a statement about units. What is not known by name is
ignored and reported as such; a user's own mapping stands over everything.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tidegate.errors import FileRefusedError, UnknownNameError
from tidegate.types.bars import OPTIONAL, REQUIRED

__all__ = ["CANONICAL", "Header", "Matched", "match_headers", "names_of_column", "normal"]

# Where two headers of one file mean the same, the earlier one here wins for `asset` and `amount`; others are refused.
_NAMES: dict[str, tuple[str, ...]] = {
    "datetime": ("datetime", "date_time", "timestamp", "trade_time", "bar_end", "bar_start", "日期时间",
                 "交易日期时间"),
    "date": ("date", "trade_date", "tradedate", "trading_date", "trading_day", "tradingday", "day", "日期", "交易日期",
             "交易日", "成交日期"),
    "clock": ("time", "bar_time", "时间", "交易时间", "成交时间"),
    "asset": ("ts_code", "symbol", "ticker", "code", "stock_code", "security", "secucode", "sec_code", "instrument",
              "contract", "asset", "order_book_id", "股票代码", "证券代码", "指数代码", "基金代码",
              "合约代码", "合约", "代码", "品种代码"),
    "open": ("open", "open_price", "openprice", "o", "开盘价", "开盘", "今开", "今开盘"),
    "high": ("high", "high_price", "highprice", "highest", "h", "最高价", "最高"),
    "low": ("low", "low_price", "lowprice", "lowest", "l", "最低价", "最低"),
    "close": ("close", "close_price", "closeprice", "c", "收盘价", "收盘", "今收", "今收盘"),
    "preclose": ("preclose", "pre_close", "prev_close", "previous_close", "prevclose", "前收盘",
                 "前收盘价", "昨收", "昨收盘", "昨收价"),
    "volume": ("volume", "vol", "v", "trade_volume", "turnover_vol", "成交量", "总成交量", "成交股数", "成交手数"),
    "amount": ("amount", "amt", "money", "turnover", "turnover_value", "total_turnover", "trade_amount", "value",
               "成交额", "成交金额", "总成交额", "成交总额"),
    "settle": ("settle", "settlement", "settle_price", "settlement_price", "结算价", "今结算", "结算"),
    "open_interest": ("open_interest", "openinterest", "oi", "hold", "position", "持仓量", "持仓", "空盘量"),
    "factor": ("factor", "adj_factor", "adjfactor", "adjust_factor", "price_adjust_factor", "复权因子", "后复权因子"),
    "limit_up": ("limit_up", "up_limit", "high_limit", "upper_limit", "涨停价", "涨停"),
    "limit_down": ("limit_down", "down_limit", "low_limit", "lower_limit", "跌停价", "跌停"),
    "suspended": ("suspended", "is_suspended", "paused", "停牌", "是否停牌"),
    "at_risk": ("at_risk", "is_st", "isst", "st", "是否st"),
    "total_shares": ("total_shares", "total_share", "total_capital", "总股本", "总股数"),
    "float_shares": ("float_shares", "float_share", "free_shares", "circulating_shares", "流通股本", "流通股数"),
    "reset": ("reset",),
    "cash_dividend": ("cash_dividend",),
    "bonus_shares": ("bonus_shares",),
    "rights_shares": ("rights_shares",),
    "rights_price": ("rights_price",),
}  # fmt: skip
_RANKED = ("asset", "amount")
_KNOWN = {name: column for column, names in _NAMES.items() for name in names}
CANONICAL = tuple(_NAMES)
_ROOMS = {**{name: name for name in CANONICAL}, "time": "datetime"}
_UNITS = {"手": "lots", "lot": "lots", "lots": "lots", "百股": "lots", "张": "lots", "股": "shares", "份": "shares",
          "share": "shares", "shares": "shares", "元": "yuan", "yuan": "yuan", "cny": "yuan", "rmb": "yuan",
          "万元": "10k", "万": "10k", "10k": "10k", "10k yuan": "10k", "分": "cents", "cents": "cents", "千元": "1k",
          "亿元": "100m", "万手": "10k lots",
          "万股": "10k shares"}  # fmt: skip
_ENDINGS = {"cents": "cents", "lots": "lots", "shares": "shares", "yuan": "yuan"}
_BRACKETS = re.compile(r"^(.*?)\s*[(（\[【]([^()（）\[\]【】]*)[)）\]】]$")
_STATES = {"bar_end": "end", "bar_start": "start"}


class Header(NamedTuple):
    """One header of a file: what it is called there, which column it is, and the unit it states (or an empty text)."""

    text: str
    column: str
    unit: str


class Matched(NamedTuple):
    """What the headers of a file mean; `label` is "end" or "start" where a header says which."""

    headers: tuple[Header, ...]
    ignored: tuple[str, ...]
    label: str
    notes: tuple[str, ...]

    def text(self, column: str) -> str | None:
        """Find the file's own header of a column, or None."""
        return next((header.text for header in self.headers if header.column == column), None)

    def unit(self, *columns: str) -> str:
        """Find the unit that any of these columns' headers state."""
        return next((header.unit for header in self.headers if header.column in columns and header.unit), "")


def normal(header: str) -> str:
    """Bring a header to the form in which it is compared.

    >>> normal(" <Open> "), normal("'Trade Date'")
    ('open', 'trade_date')
    """
    return re.sub(r"[\s]+", "_", header.strip("\ufeff \t\u3000\u00a0<>\"'").lower())


def names_of_column(column: str) -> tuple[str, ...]:
    """Headers that are known as a column, in the form of `normal`.

    >>> "ts_code" in names_of_column("asset")
    True
    """
    return _NAMES[column]


def match_headers(headers: Sequence[str], columns: Mapping[str, str], where: str) -> Matched:
    """Find out which header is which column.

    `columns` is the user's own mapping, header → column of bars. Raises `UnknownNameError` for a mapped header or
    column that does not exist, `FileRefusedError` where two headers mean the same price.

    >>> match_headers(["日期", "收盘价", "成交量(手)", "名称"], {}, "a.csv").headers
    (Header(text='日期', column='date', unit=''), ..., Header(text='成交量(手)', column='volume', unit='lots'))
    """
    own = _own(headers, columns)
    found = [_one(header, own) for header in headers]
    notes: list[str] = []
    kept: list[Header] = []
    ignored = [header for header, match in zip(headers, found, strict=True) if match is None]
    for column in CANONICAL:
        same = [match for match in found if match is not None and match.column == column]
        chosen = [match for match in same if match.text in own] or same
        if len(chosen) > 1 and column not in _RANKED:
            raise FileRefusedError(
                f"{len(chosen)} columns could be {column!r}", where=f"{where}, row 1",
                found=[match.text for match in chosen],
                hint=f'say which: columns={{"{chosen[0].text}": "{column}"}}',
            )  # fmt: skip
        chosen = sorted(chosen, key=lambda match: _rank(match, column))[:1]
        kept += chosen
        for other in same:
            if other not in chosen:
                ignored.append(other.text)
                notes.append(f"column {other.text!r} left aside: {chosen[0].text!r} is used for {column}")
    label = next((_STATES[normal(header.text)] for header in kept if normal(header.text) in _STATES), "")
    order = {header: position for position, header in enumerate(headers)}
    kept.sort(key=lambda header: order[header.text])
    return Matched(tuple(kept), tuple(ignored), label, tuple(notes))


def _rank(match: Header, column: str) -> int:
    names = _NAMES[column]
    name = normal(match.text)
    return names.index(name) if name in names else -1


def _own(headers: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    rooms = {**_ROOMS, **{name: name for name in (*REQUIRED, *OPTIONAL) if name not in {"time", "session"}}}
    for header, column in columns.items():
        if header not in headers:
            raise UnknownNameError.among("header of the file", header, headers, where="columns")
        if column != "ignore" and column not in rooms:
            raise UnknownNameError.among("column of bars", column, [*rooms, "ignore"], where="columns")
    return {header: "" if column == "ignore" else rooms[column] for header, column in columns.items()}


def _one(header: str, own: Mapping[str, str]) -> Header | None:
    bare, unit = _unit(normal(header))
    if header in own:
        return Header(header, own[header], unit) if own[header] else None
    column = _KNOWN.get(normal(header)) or _KNOWN.get(bare)
    return None if column is None else Header(header, column, unit)


def _unit(name: str) -> tuple[str, str]:
    """Split a header into its name and the unit it states."""
    bracketed = _BRACKETS.match(name)
    if bracketed and bracketed[2] in _UNITS:
        return bracketed[1].rstrip("_"), _UNITS[bracketed[2]]
    stem, _, ending = name.rpartition("_")
    if stem and ending in _ENDINGS:
        return stem, _ENDINGS[ending]
    return name, ""
