"""What forecasts of prices are worth, drawn: lag, regimes, and the work of learning them (C12, C15, C16)."""

from collections.abc import Mapping, Sequence

import numpy as np

from tidegate.report.figures.plain import Floats, numbers, sentences
from tidegate.types.report import Figure, Role, Series, Text

__all__ = ["lag_correlation", "price_regimes", "training_work"]

Named = tuple[str, Text, Role]


def lag_correlation(
    key: str, title: Text, lags: Sequence[int], members: Sequence[tuple[Named, Floats]], *, note: Text | None = None
) -> Figure:
    """Draw the correlation of a forecast's changes with the price's own, by how many bars before.

    Parameters
    ----------
    members
        Key, label and role of each, with its correlations ``[lags]``; NaN is a gap.

    >>> one = (("lstm", Text.same("LSTM"), "main"), np.array([0.1, 0.9]))
    >>> lag_correlation("c12", Text.same("Lag"), [0, 1], [one]).series[0].data
    {'x': (0, 1), 'y': (0.1, 0.9)}
    """
    caption = Text(
        en="A forecast that knew the next change would peak at 0; one that follows what has been peaks at 1, "
        "one bar late. "
        "Persistence is 1 there by construction.",
        zh="若预测真的知道下一变动，峰值应在 0；若只是跟随已发生的变动，峰值在 1，即晚一根K线。“持续性”在 1 处必为 1。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="number",
        x_title=Text(en="Bars that the forecast runs behind", zh="预测落后的K线数"),
        x_style="integer",
        series=tuple(
            Series(key=name, title=label, kind="line", role=role, data={"x": tuple(lags), "y": numbers(values)})
            for (name, label, role), values in members
        ),
        y_titles=(Text(en="Correlation of changes", zh="变动的相关系数"),),
        y_styles=("number",),
    )


def price_regimes(
    key: str,
    title: Text,
    members: Sequence[Named],
    ratios: Mapping[str, Floats],
    counts: Sequence[int],
    *,
    note: Text | None = None,
) -> Figure:
    """Draw error ratios to the last price in thirds of volatility and of trend, each third known when it was forecast.

    Parameters
    ----------
    ratios
        By member ``[6]``: low, middle, high volatility, then weak, middle, strong trend; NaN where too few bars lie.
    counts
        ``[6]``: judged bars of the first member in each.

    >>> made = price_regimes("c16", Text.same("R"), [("a", Text.same("A"), "main")], {"a": np.ones(6)}, [10] * 6)
    >>> made.series[0].data["y"]
    (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    """
    told = ", ".join(map(str, counts))
    caption = Text(
        en="Root mean squared error over that of the last close: above 1 the last close was better. Thirds of "
        "the last 20 "
        f"bars' volatility, and of their trend; cuts are of the learning range. Judged bars in each: {told}.",
        zh="均方根误差与前收盘之比：大于 1 说明前收盘更准。按最近 20 根K线的波动率与趋势分三档，"
        f"分界取自训练区间。各档评判K线数：{told}。",
    )
    series = [
        Series(
            key=name,
            title=label,
            kind="bar",
            role=role,
            data={"x": tuple(one.model_dump() for one in _THIRDS), "y": numbers(ratios[name])},
        )
        for name, label, role in members
    ]
    one = Text(en="The last close", zh="前收盘")
    series.append(Series(key="still", title=one, kind="rule", role="benchmark", data={"y": (1.0,)}))
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="category",
        series=tuple(series),
        y_titles=(Text(en="Error ratio", zh="误差比"),),
        y_styles=("number",),
    )


def training_work(key: str, title: Text, studies: Sequence[tuple[Text, float]], *, note: Text | None = None) -> Figure:
    """Draw the multiply-adds of one seed's training, in billions, for each study.

    >>> training_work("c15", Text.same("W"), [(Text.same("LSTM"), 2.0)]).series[0].data["y"]
    (2.0,)
    """
    caption = Text(
        en="Counted from shapes, windows and epochs, so that it is the same on any machine. Measured seconds "
        "of every fit "
        "stand in timings.json of the run folder.",
        zh="由形状、样本数与轮数数出，与机器无关。各次拟合的实测秒数见运行目录中的 timings.json。",
    )
    names, values = [label.model_dump() for label, _ in studies], np.array([value for _, value in studies])
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="category",
        series=(
            Series(
                key="work",
                title=Text(en="One seed's training", zh="单个种子的训练"),
                kind="bar",
                role="main",
                data={"x": tuple(names), "y": numbers(values)},
            ),
        ),
        y_titles=(Text(en="Multiply-adds, billions", zh="乘加次数（十亿）"),),
        y_styles=("number",),
    )


_THIRDS = (
    Text(en="calm", zh="低波动"),
    Text(en="middling", zh="中波动"),
    Text(en="volatile", zh="高波动"),
    Text(en="no trend", zh="弱趋势"),
    Text(en="some trend", zh="中趋势"),
    Text(en="strong trend", zh="强趋势"),
)
