"""From gross to net: the same trades with every cost added back, then taken away one kind after the other (C14).

Nothing is traded again: holdings are those of the real book, so that the steps add up to the cent. A book that really
paid nothing would have had more money to trade with; that is another book.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tidegate.report.figures.plain import Floats, Times, numbers, sentences, texts, thinning
from tidegate.types.report import Figure, Role, Series, Text

__all__ = ["COSTS", "cost_ladder", "costs"]

COSTS: dict[str, Text] = {
    "slippage": Text(en="slippage", zh="滑点"),
    "commission": Text(en="commission", zh="佣金"),
    "stamp_duty": Text(en="stamp duty", zh="印花税"),
    "transfer_fee": Text(en="transfer fee", zh="过户费"),
}
"""Kinds of costs, in the order in which they are taken away."""


def costs(
    key: str,
    title: Text,
    time: Times,
    equity: Floats,
    paid: Mapping[str, Floats],
    capital: float,
    *,
    note: Text | None = None,
) -> Figure:
    """Draw growth before costs, after slippage and after fees, with the costs paid until then below.

    Parameters
    ----------
    time, equity
        ``[T]``; the net equity at each close, in money.
    paid
        What each bar paid by kind (`COSTS`), ``[T]`` each, in money.

    >>> time = np.array(["2015-01-05", "2015-01-06"], dtype="datetime64[D]")
    >>> paid = {"slippage": np.array([1.0, 0.0]), "commission": np.array([2.0, 0.0])}
    >>> figure = costs("c", Text.same("Costs"), time, np.array([97.0, 98.0]), paid, 100.0)
    >>> [series.data["y"][-1] for series in figure.series if series.panel == 0]
    [1.01, 1.0, 0.98]
    """
    total = {kind: np.cumsum(np.asarray(paid[kind], dtype=np.float64)) for kind in COSTS if kind in paid}
    net = np.asarray(equity, dtype=np.float64)
    fees = np.sum([values for kind, values in total.items() if kind != "slippage"], axis=0) + np.zeros(len(net))
    slipped = total.get("slippage", np.zeros(len(net)))
    places, thin = thinning(net)
    x = tuple(np.array(texts(time))[places].tolist())
    lines: list[tuple[str, Text, Floats, Role]] = [
        (
            "gross",
            Text(en="Gross: before slippage and fees", zh="毛：未计滑点与费用"),
            net + fees + slipped,
            "benchmark",
        ),
        ("slipped", Text(en="After slippage", zh="计滑点后"), net + fees, "rival"),
        ("net", Text(en="Net: after slippage and fees", zh="净：计滑点与费用后"), net, "main"),
    ]
    series = [
        Series(key=name, title=label, kind="line", role=role, data={"x": x, "y": numbers(values[places] / capital)})
        for name, label, values, role in lines
    ]
    series += [
        Series(
            key=kind,
            title=_titled(COSTS[kind]),
            kind="line",
            panel=1,
            role="main",
            data={"x": x, "y": numbers(values[places] / capital)},
        )
        for kind, values in total.items()
        if values[-1] > 0
    ]
    return Figure(
        key=key,
        title=title,
        caption=sentences(_SAME_TRADES, thin, note),
        x="time",
        series=tuple(series),
        y_titles=(
            Text(en="Growth of 1", zh="净值（起点为 1）"),
            Text(en="Paid until then, share of capital", zh="累计支出占本金比例"),
        ),
        y_styles=("number", "percent"),
    )


def cost_ladder(
    key: str,
    title: Text,
    members: Sequence[tuple[str, Text, Role]],
    gross: Mapping[str, float],
    paid: Mapping[str, Mapping[str, float]],
    *,
    note: Text | None = None,
) -> Figure:
    """Draw the total return before costs and after each kind of cost, step by step, for each member.

    Parameters
    ----------
    members
        Key, label and role of each.
    gross, paid
        Total return before all costs, and what each kind took from it, as fractions of capital.

    >>> told = cost_ladder("l", Text.same("L"), [("a", Text.same("A"), "main")], {"a": 0.5}, {"a": {"slippage": 0.25}})
    >>> told.series[0].data["y"]
    (0.5, 0.25)
    """
    kinds = [kind for kind in COSTS if any(kind in held for held in paid.values())]
    steps = [_GROSS, *(_after(kind, last=kind == kinds[-1]) for kind in kinds)]
    series = []
    for name, label, role in members:
        levels = gross[name] - np.cumsum([0.0, *(paid[name].get(kind, 0.0) for kind in kinds)])
        data = {"x": tuple(step.model_dump() for step in steps), "y": numbers(levels)}
        series.append(Series(key=name, title=label, kind="bar", role=role, data=data))
    return Figure(
        key=key,
        title=title,
        caption=sentences(_SAME_TRADES, note),
        x="category",
        series=tuple(series),
        y_titles=(Text(en="Total return", zh="总收益"),),
        y_styles=("percent",),
    )


_GROSS = Text(en="gross", zh="毛收益")
_SAME_TRADES = Text(
    en="The same trades throughout: costs are added back, not saved and invested, so that the steps add up.",
    zh="各步为同一批交易：费用只是加回，并未再投资，因此各步可以相加。",
)


def _after(kind: str, *, last: bool) -> Text:
    words = COSTS[kind]
    return Text(en=f"after {words.en}{' (net)' if last else ''}", zh=f"计{words.zh}后{'（净）' if last else ''}")


def _titled(words: Text) -> Text:
    return Text(en=words.en.capitalize(), zh=words.zh)
