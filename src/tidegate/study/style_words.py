"""The styles of factors in both languages, and which style a field of a panel is of."""

from tidegate.factors.styles.cards import CARDS
from tidegate.types.report import Text

__all__ = ["STYLE_WORDS", "style_of"]

_CHINESE = {
    "value": "价值", "growth": "成长", "profitability": "盈利", "leverage": "杠杆", "momentum": "动量",
    "volatility": "波动", "liquidity": "流动性", "size": "规模", "beta": "贝塔", "technical": "技术",
}  # fmt: skip
STYLE_WORDS: dict[str, Text] = {style: Text(en=style, zh=chinese) for style, chinese in _CHINESE.items()}
"""Names of the styles."""


def style_of(field: str) -> Text | None:
    """The style of a factor that has a card; None for any other field.

    >>> style_of("book_to_price").zh, style_of("close")
    ('价值', None)
    """
    return STYLE_WORDS[CARDS[field].style] if field in CARDS else None
