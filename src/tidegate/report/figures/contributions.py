"""What each factor contributes: absolute input weights, in all and by gate, beside what its loss would cost (D13, D16).

The sum of absolute weights is the published measure. It is no importance: a factor that the network ignores keeps the
weights it was drawn with. So two things deflate it: a factor of pure noise, planted as a yardstick, and permutation
importance, the loss that comes when a factor's values are shuffled among windows out of sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.report.figures.plain import Floats, joined, numbers, sentences
from tidegate.types.report import Figure, Series, Text

__all__ = ["Contribution", "by_gate", "by_lag", "contributions"]


@dataclass(frozen=True)
class Contribution:
    """One factor: `weights` ``[S]``, its share of absolute input weights by seed; `permuted`, the loss gained.

    `permuted` is (low, value, high) or None; `style` is the factor's style group (its colour), `noise` whether it is
    the planted yardstick.
    """

    key: str
    label: Text
    weights: Floats
    permuted: tuple[float, float, float] | None = None
    style: Text | None = None
    noise: bool = False


def contributions(
    key: str, title: Text, factors: Sequence[Contribution], *, loss: Text | None = None, note: Text | None = None
) -> Figure:
    """Draw each factor's share of absolute weights (median over seeds), and below it the loss gained by permuting it.

    Factors stand in falling order of weight. Bars have the colour of their style; the planted noise factor has a colour
    of its own and a line across at its height.

    Parameters
    ----------
    loss
        Name and unit of the loss that permutation raises.

    >>> ones = [
    ...     Contribution("pe", Text.same("PE"), np.array([0.7])),
    ...     Contribution("noise", Text.same("noise"), np.array([0.3]), noise=True),
    ... ]
    >>> [(series.key, series.kind) for series in contributions("d13", Text.same("Factors"), ones).series]
    [('factors', 'bar'), ('noise', 'bar'), ('yardstick', 'rule')]
    """
    ordered = sorted(factors, key=lambda factor: -float(np.nanmedian(factor.weights)))
    groups: dict[str, tuple[Text, list[Contribution]]] = {}
    for factor in ordered:
        name = "noise" if factor.noise else "factors" if factor.style is None else factor.style.en
        words = _NOISE if factor.noise else factor.style or Text(en="Factors", zh="因子")
        groups.setdefault(name, (words, []))[1].append(factor)
    places = tuple(factor.label.model_dump() for factor in ordered)
    series: list[Series] = []
    measured = any(factor.permuted is not None for factor in factors)
    for name, (words, members) in groups.items():
        at = {factor.label.en: float(np.nanmedian(factor.weights)) for factor in members}
        heights = [at.get(factor.label.en) for factor in ordered]
        kept = [i for i, height in enumerate(heights) if height is not None]
        series.append(
            Series(
                key=name,
                title=words,
                kind="bar",
                role="doubt" if name == "noise" else "plain",
                data={"x": tuple(places[i] for i in kept), "y": tuple(heights[i] for i in kept)},
            )
        )
    noise = [factor for factor in factors if factor.noise]
    if noise:
        series.append(_line("yardstick", float(np.nanmedian(noise[0].weights)), 0))
    if measured:
        low, middle, high = np.array([f.permuted or (np.nan,) * 3 for f in ordered], dtype=np.float64).T
        series.append(
            Series(
                key="permuted",
                title=Text(en="Loss gained when permuted, 95 % interval", zh="置换后的损失增量，95% 区间"),
                kind="box",
                role="main",
                panel=1,
                data={
                    "x": places,
                    "low": numbers(low),
                    "q1": numbers(middle),
                    "median": numbers(middle),
                    "q3": numbers(middle),
                    "high": numbers(high),
                },
            )
        )
        if noise and noise[0].permuted is not None:
            series.append(_line("yardstick permuted", noise[0].permuted[1], 1, follows="yardstick"))
    titles = [Text(en="Share of absolute input weights", zh="输入权重绝对值占比")]
    if measured:
        lost = loss or Text(en="loss", zh="损失")
        titles.append(Text(en=f"Gain in {lost.en} when permuted", zh=f"置换后{lost.zh}的增加"))
    return Figure(
        key=key,
        title=title,
        caption=sentences(_caption(bool(noise), measured), note),
        x="category",
        series=tuple(series),
        y_titles=tuple(titles),
        y_styles=("percent", "number")[: len(titles)],
    )


def by_gate(
    key: str, title: Text, factors: Sequence[Text], gates: Sequence[Text], weights: Floats, *, note: Text | None = None
) -> Figure:
    """Draw a cell for each factor and gate: the mean absolute input weight, as a share of its gate ``[F, G]``.

    >>> figure = by_gate("d16", Text.same("Gates"), [Text.same("pe")], [Text.same("input")], np.ones((1, 1)))
    >>> figure.series[0].data["value"]
    (1.0,)
    """
    held = np.asarray(weights, dtype=np.float64)
    totals = held.sum(axis=0, keepdims=True)
    shares = held / np.where(totals > 0, totals, 1.0)
    rows = [factor.model_dump() for factor in factors]
    columns = [gate.model_dump() for gate in gates]
    data = {
        "x": tuple(column for _ in rows for column in columns),
        "y": tuple(row for row in rows for _ in columns),
        "value": numbers(shares),
    }
    even = 1.0 / max(len(rows), 1)
    caption = Text(
        en=(
            f"Each column adds up to one: what a gate listens to. Even shares would be {even:.1%}; a factor that "
            "no gate prefers was not learned from. Weights are absolute: they say how loud, not in which "
            "direction."
        ),
        zh=(
            f"每列之和为一：各门在听什么。平均份额为 {even:.1%}；没有任何门偏好的因子就没有被学到。取绝对值："
            "只说明强弱，不说明方向。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="category",
        series=(
            Series(
                key="weights",
                title=Text(en="Share of the gate's weights", zh="占该门权重的比例"),
                kind="heat",
                data=data,
            ),
        ),
        y_titles=(Text(en="Factor", zh="因子"),),
        y_styles=("percent",),
    )


def by_lag(
    key: str, title: Text, factors: Sequence[Text], sizes: Floats, *, unit: Text, note: Text | None = None
) -> Figure:
    """Draw what each factor added to a score at each row of the window, by integrated gradients ``[L, F]``.

    >>> figure = by_lag("d13l", Text.same("Lags"), [Text.same("pe")], np.ones((2, 1)), unit=Text.same("return"))
    >>> figure.series[0].data["x"], figure.series[0].data["y"]
    ((0, 1), (1.0, 1.0))
    """
    held = np.asarray(sizes, dtype=np.float64)
    lags = tuple(range(held.shape[0]))
    series = tuple(
        Series(
            key=factor.en,
            title=factor,
            kind="line",
            role="plain",
            data={"x": lags, "y": numbers(held[::-1, place])},
        )
        for place, factor in enumerate(factors)
    )
    caption = Text(
        en=(
            "Integrated gradients: the mean size of what a factor's value at that row added to a score, against a "
            "window at the normaliser's centre. It says what moved this network, not what moves the market."
        ),
        zh=(
            "积分梯度：该行的因子值使得分改变的平均幅度（以标准化中心的窗口为基准）。"
            "它说明什么推动了这个网络，而不是什么推动了市场。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="number",
        x_title=Text(en="Lag: rows before the anchor", zh="滞后：锚点之前的行数"),
        x_style="integer",
        series=series,
        y_titles=(joined(Text(en="Mean size of the part, ", zh="平均贡献幅度，"), unit),),
        y_styles=("number",),
    )


_NOISE = Text(en="Planted noise", zh="埋入的噪声因子")


def _line(key: str, value: float, panel: int, follows: str | None = None) -> Series:
    return Series(
        key=key,
        title=Text(en="Height of the planted noise", zh="噪声因子的高度"),
        kind="rule",
        role="doubt",
        panel=panel,
        follows=follows,
        data={"y": (value,)},
    )


def _caption(noise: bool, measured: bool) -> Text:
    words = [
        Text(
            en=(
                "The sum of a factor's absolute input weights, as a share of all. An ignored factor keeps the "
                "weights it was drawn with, so a tall bar is not yet a use."
            ),
            zh="因子输入权重绝对值之和占全部的比例。被忽略的因子仍保有初始权重，因此柱高并不等于有用。",
        )
    ]
    if noise:
        words.append(
            Text(
                en="The planted factor is pure noise: what does not clear its line has not been shown to matter.",
                zh="埋入的因子是纯噪声：未超过其高度的因子，没有证据表明有用。",
            )
        )
    if measured:
        words.append(
            Text(
                en=(
                    "Below, the loss gained out of sample when the factor is shuffled among windows: about zero "
                    "means that nothing would be missed, below zero that it did harm."
                ),
                zh="下方为样本外将该因子在样本间打乱后损失的增加：接近零表示缺了也无妨，小于零表示它有害。",
            )
        )
    return sentences(*words)
