"""Rules of a universe in both languages, as tables name them."""

from tidegate.types.report import Text

__all__ = ["UNIVERSE_WORDS", "rule_title"]

UNIVERSE_WORDS: dict[str, Text] = {
    "liquid": Text(en="trades enough", zh="成交活跃"),
    "listing-age": Text(en="listed long enough", zh="上市时间足够"),
    "member-of": Text(en="member of the index", zh="指数成分"),
    "membership": Text(en="member of the index", zh="指数成分"),
    "minimum-price": Text(en="price at or above the floor", zh="股价不低于下限"),
    "no-risk-warning": Text(en="no risk warning (ST)", zh="非风险警示（ST）"),
    "todays-members": Text(en="large on the last day (a mistake)", zh="期末的大市值股票（错误示范）"),
    "trading": Text(en="traded that session", zh="当日有交易"),
}
"""What each rule of the house keeps, by its name in the catalogue."""


def rule_title(name: str) -> Text:
    """What a rule keeps, with its name in the catalogue; a rule of another package by its name alone.

    >>> rule_title("trading").zh, rule_title("mine").zh
    ('当日有交易（trading）', 'mine')
    """
    told = UNIVERSE_WORDS.get(name)
    return Text.same(name) if told is None else Text(en=f"{told.en} ({name})", zh=f"{told.zh}（{name}）")
