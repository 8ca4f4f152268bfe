"""Alarms of markets in Chinese: what data and rules do not agree on, as a page tells it.

Markets tell alarms in English, where they are raised; a phrase without a translation stays English.
"""

import re

from tidegate.types.report import Text

__all__ = ["alarm_text"]

_TOLD = re.compile(r"(.+): (once|([\d,]+) times), first (.+)\.", re.DOTALL)
_PHRASES: tuple[tuple[str, str], ...] = (
    (r"No reference price; the factor's, or the last close, takes its place", "缺少参考价：以复权因子或上一收盘价代替"),
    (r"Opens beyond the limits on the first bar known", "首根K线的开盘价即超出涨跌停"),
    (
        (
            r"Opens beyond the limits though the reference price is the last close \(share reform, resumption\); no "
            r"limit holds, and shares that holders were given are not known"
        ),
        "参考价等于前收盘而开盘价超出涨跌停（股改、复牌）：不设涨跌停，所获对价股份不详",
    ),
    (r"Opens beyond the limits on an ex-day; no limit holds", "除权除息日开盘价超出涨跌停：不设涨跌停"),
    (r"A given upper limit differs from the rule's, and goes first", "所给涨停价与规则不同，以所给为准"),
    (r"A given lower limit differs from the rule's, and goes first", "所给跌停价与规则不同，以所给为准"),
    (r"Trades beyond limits that its open keeps", "开盘价在涨跌停之内，而盘中成交价超出"),
    (r"A reference price is not that of its dividend and shares", "参考价与其分红送股不符"),
    (
        r"Two events between two traded bars; the reference price is read instead",
        "两个交易日之间有两次权益事件：改按参考价推算",
    ),
    (
        r"Amount over volume lies outside low to high \(units, or a wrong number\); no average price is known there",
        "成交额除以成交量不在最低价与最高价之间（单位或数据有误）：该处均价视为未知",
    ),
)


def alarm_text(told: str) -> Text | None:
    """An alarm in both languages; None where it is none, or has no translation.

    >>> alarm_text("Opens beyond the limits on the first bar known: 89 times, first 000018.SZ 2006-06-16.").zh
    '首根K线的开盘价即超出涨跌停：89 次，首例 000018.SZ 2006-06-16。'
    """
    found = _TOLD.fullmatch(told)
    if found is None:
        return None
    for pattern, chinese in _PHRASES:
        if re.fullmatch(pattern, found[1]):
            return Text(en=told, zh=f"{chinese}：{found[3] or 1} 次，首例 {found[4]}。")
    return None
