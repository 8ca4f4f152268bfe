"""Orders that the market did not fill, by reason and side: what a backtest that fills everything gets for free."""

from collections.abc import Sequence

from tidegate.report.figures.plain import numbers, sentences
from tidegate.types.report import Figure, Role, Series, Text

__all__ = ["OUTCOMES", "unfilled"]

OUTCOMES: dict[str, Text] = {
    "limit up": Text(en="at the upper limit", zh="涨停"),
    "limit down": Text(en="at the lower limit", zh="跌停"),
    "T+1": Text(en="bought today (T+1)", zh="当日买入（T+1）"),
    "below one lot": Text(en="below one lot", zh="不足一手"),
    "suspended": Text(en="suspended", zh="停牌"),
    "out of cash": Text(en="out of cash", zh="现金不足"),
    "share of volume": Text(en="share of volume", zh="成交量占比上限"),
    "condition not met": Text(en="condition not met", zh="条件未满足"),
    "nothing to sell": Text(en="nothing to sell", zh="无可卖持仓"),
    "more than is held": Text(en="more than is held", zh="超出持仓"),
    "not a legal quantity": Text(en="not a legal quantity", zh="数量不合规"),
    "contract change": Text(en="contract change", zh="换月"),
    "short of margin": Text(en="short of margin", zh="保证金不足"),
    "forced by margin": Text(en="forced by margin", zh="保证金强平"),
    "stopped out": Text(en="stopped out", zh="止损平仓"),
}
"""Outcomes of orders as people read them."""


def unfilled(
    key: str,
    title: Text,
    counts: Sequence[tuple[str, str, int]],
    orders: int,
    *,
    note: Text | None = None,
) -> Figure:
    """Draw how many orders were not filled, or not wholly, by reason: one bar a side.

    Parameters
    ----------
    counts
        Rows of (outcome, side, orders); sides are *buy* and *sell*.
    orders
        All orders given, filled or not.

    >>> figure = unfilled("u", Text.same("U"), [("limit up", "buy", 3), ("suspended", "sell", 1)], orders=40)
    >>> [series.data["y"] for series in figure.series], "4 of 40" in figure.caption.en
    ([(3.0, None), (None, 1.0)], True)
    """
    total: dict[str, int] = {}
    for outcome, _, number in counts:
        total[outcome] = total.get(outcome, 0) + number
    reasons = sorted(total, key=lambda outcome: (-total[outcome], outcome))
    held = {(outcome, side): number for outcome, side, number in counts}
    labels = tuple(OUTCOMES.get(outcome, Text.same(outcome)).model_dump() for outcome in reasons)
    sides: tuple[tuple[str, Text, Role], ...] = (
        ("buy", Text(en="Purchases", zh="买单"), "main"),
        ("sell", Text(en="Sales", zh="卖单"), "rival"),
    )
    gone = sum(total.values())
    share = gone / orders if orders else 0.0
    return Figure(
        key=key,
        title=title,
        caption=sentences(
            Text(
                en=(
                    f"{gone:,} of {orders:,} orders ({share:.1%}) were not filled, or only in part; what "
                    "is left of an order dies at its bar's close."
                ),
                zh=f"{orders:,} 笔委托中有 {gone:,} 笔（{share:.1%}）未成交或仅部分成交；未成交部分当日收盘作废。",
            ),
            note,
        ),
        x="category",
        series=tuple(
            Series(
                key=side,
                title=label,
                kind="bar",
                role=role,
                data={
                    "x": labels,
                    "y": numbers([held.get((outcome, side), float("nan")) for outcome in reasons]),
                },
            )
            for side, label, role in sides
        ),
        y_titles=(Text(en="Orders", zh="委托笔数"),),
        y_styles=("integer",),
    )
