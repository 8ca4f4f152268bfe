"""What a penalty does to forecasts: their distribution, and the share above zero, against its coefficient (B7).

A coefficient that is too large biases every forecast to one sign, and a timing rule on the sign is then always in or
always out. Both figures stand against the same truth: the labels' own distribution and the share of them above zero.
"""

from collections.abc import Sequence

import numpy as np

from tidegate.report.figures.plain import Floats, numbers, quartiles, sentences
from tidegate.types.report import Figure, Series, Style, Text

__all__ = ["distribution", "share_above_zero"]

_COEFFICIENT = Text(en="L2 coefficient", zh="L2 系数")


def distribution(
    key: str,
    title: Text,
    coefficients: Sequence[float],
    forecasts: Sequence[Floats],
    *,
    labels: Floats | None = None,
    x_title: Text = _COEFFICIENT,
    style: Style = "number",
    note: Text | None = None,
) -> Figure:
    """Draw one box of forecasts for each coefficient: 5 %, 25 %, 50 %, 75 % and 95 % of all seeds' forecasts.

    Parameters
    ----------
    coefficients
        K settings, in order.
    forecasts
        K arrays ``[S, M]`` (seeds, anchors) in the label's unit.
    labels
        ``[M]`` what came, drawn as the last box, or None.

    >>> figure = distribution("b7", Text.same("Forecasts"), [0.0, 0.1], [np.zeros((2, 3)), np.ones((2, 3))])
    >>> figure.series[0].data["x"], figure.series[0].data["median"]
    (('0', '0.1'), (0.0, 1.0))
    """
    names = tuple(f"{c:g}" for c in coefficients)
    series = [_box("forecasts", Text(en="Forecasts", zh="预测"), "main", names, forecasts)]
    if labels is not None:
        series.append(_box("labels", Text(en="What came", zh="实际标签"), "truth", (_LABELS.model_dump(),), [labels]))
    series.append(Series(key="zero", title=Text(en="Zero", zh="零"), kind="rule", role="benchmark", data={"y": (0.0,)}))
    caption = Text(
        en=(
            "Boxes hold the middle half of all seeds' forecasts, whiskers 5 % to 95 %. Forecasts are far narrower "
            "than what came, as they must be where little can be foretold; a box off zero trades one way."
        ),
        zh=(
            "箱体为所有种子预测的中间一半，须线为 5% 至 95%。可预测性很低时，预测必然远窄于实际；"
            "箱体偏离零意味着只朝一个方向交易。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="category",
        x_title=x_title,
        series=tuple(series),
        y_titles=(Text(en="Forecast", zh="预测值"),),
        y_styles=(style,),
    )


def share_above_zero(
    key: str,
    title: Text,
    coefficients: Sequence[float],
    forecasts: Sequence[Floats],
    *,
    base_rate: float | None = None,
    x_title: Text = _COEFFICIENT,
    note: Text | None = None,
) -> Figure:
    """Draw the share of forecasts above zero: each seed, the median and the quartile band, against the coefficient.

    Parameters
    ----------
    coefficients, forecasts
        As for `distribution`.
    base_rate
        Share of labels above zero, drawn across, or None.

    >>> figure = share_above_zero("b7s", Text.same("Share"), [0.0, 0.1], [np.array([[1.0, -1.0]]), np.ones((1, 2))])
    >>> figure.series[-1].data["y"]
    (0.5, 1.0)
    """
    names = tuple(f"{c:g}" for c in coefficients)
    shares = [
        np.nanmean(np.where(np.isnan(f), np.nan, np.atleast_2d(f) > 0), axis=1) for f in map(np.atleast_2d, forecasts)
    ]
    spread = np.array([[float(q[()]) for q in quartiles(one)] for one in shares])
    series = []
    if max(len(one) for one in shares) > 1:
        every = [(name, float(v)) for name, one in zip(names, shares, strict=True) for v in one]
        series = [
            Series(
                key="quartiles",
                title=Text(en="Quartiles over seeds", zh="种子四分位区间"),
                kind="band",
                role="main",
                follows="median",
                data={"x": names, "y": numbers(spread[:, 0]), "y2": numbers(spread[:, 2])},
            ),
            Series(
                key="seeds",
                title=Text(en="One seed", zh="单个种子"),
                kind="scatter",
                role="main",
                data={"x": tuple(n for n, _ in every), "y": tuple(v for _, v in every)},
                follows="median",
            ),
        ]
    if base_rate is not None:
        series.append(
            Series(
                key="base",
                title=Text(en="Labels above zero", zh="标签为正的比例"),
                kind="rule",
                role="truth",
                stroke="dashed",
                data={"y": (float(base_rate),)},
            )
        )
    series.append(
        Series(
            key="median",
            title=Text(en="Median over seeds", zh="种子中位数"),
            kind="line",
            role="main",
            data={"x": names, "y": numbers(spread[:, 1])},
        )
    )
    caption = Text(
        en=(
            "At 100 % the rule is buy and hold, at 0 % it never trades: a return at either end says nothing about "
            "timing. Dots are seeds; where they scatter widely, the sign is decided by the initial weights."
        ),
        zh=(
            "比例为 100% 时规则等同买入持有，为 0% 时从不交易：两端的收益都与择时能力无关。每个点是一个种子；"
            "散布很大处，符号由初始权重决定。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="category",
        x_title=x_title,
        series=tuple(series),
        y_titles=(Text(en="Forecasts above zero", zh="预测为正的比例"),),
        y_styles=("percent",),
    )


_LABELS = Text(en="labels", zh="标签")


def _box(key: str, title: Text, role: "str", names: tuple[object, ...], groups: Sequence[Floats]) -> Series:
    cuts = np.array([np.nanquantile(group, [0.05, 0.25, 0.5, 0.75, 0.95]) for group in groups])
    columns = dict(zip(("low", "q1", "median", "q3", "high"), (numbers(c) for c in cuts.T), strict=True))
    return Series.of({"key": key, "title": title, "kind": "box", "role": role, "data": {"x": names, **columns}})
