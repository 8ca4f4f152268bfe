"""Placebos as a histogram with the real result marked: random gates of a timing, others' scores of a selection."""

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import SettingError
from tidegate.report.figures.plain import BAND_SEEDS, Floats, joined, numbers, sentences
from tidegate.types.report import Figure, Series, Style, Text

__all__ = ["PLACEBOS", "placebo"]


def placebo(
    key: str,
    title: Text,
    measure: Text,
    gates: Floats,
    real: ArrayLike,
    *,
    style: Style = "percent",
    bins: int = 40,
    label: Text | None = None,
    others: dict[str, tuple[Text, float]] | None = None,
    kind: str = "random gates",
    percentile: float | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw the histogram of placebos' results and where the real one stands.

    Parameters
    ----------
    gates
        ``[G]`` the measure of each placebo: of what `kind` among `PLACEBOS`.
    real
        The real result, one or one for each seed ``[S]``; their median is marked, with the quartiles as a band.
    others
        Further marks (buy and hold): key → (label, value).
    percentile
        What the caption says of several results: the median over seeds of each seed's percentile among its own
        placebos, a fraction, as tables and headline have it. That of the median result, which may differ, is not said.

    The percentile of one result is ``(gates below + half of those equal) / G``.

    Raises
    ------
    SettingError
        Where there is no placebo, or several results come without their percentile.

    >>> figure = placebo("gates", Text.same("Gates"), Text.same("Return"), np.arange(100.0), 89.5, bins=10)
    >>> sum(figure.series[0].data["y"]), "earned less: 90.0%" in figure.caption.en
    (100.0, True)
    """
    held = np.asarray(gates, dtype=np.float64)
    held = held[np.isfinite(held)]
    if held.size == 0:
        raise SettingError(
            "there are no random gates to draw", where=f"figure {key}", expected="at least one finite value", found=0
        )
    values = np.atleast_1d(np.asarray(real, dtype=np.float64))
    middle = float(np.nanmedian(values))
    counts, edges = np.histogram(held, bins=bins)
    share = percentile
    if share is None:
        if values.size > 1:
            raise SettingError(
                "several results have no one percentile",
                where=f"figure {key}",
                expected="percentile, the median over seeds of each one's own",
                found=f"{values.size} results",
            )
        share = (float((held < middle).sum()) + 0.5 * float((held == middle).sum())) / held.size
    words = PLACEBOS[kind][0]
    name = label or Text(en="The real one", zh="实际结果")
    series = [
        Series(
            key="gates",
            title=Text(en=f"{held.size:,} {words.en}", zh=f"{held.size:,} 次{words.zh}"),
            kind="bar",
            role="doubt",
            data={"x": numbers(edges[:-1]), "x2": numbers(edges[1:]), "y": numbers(counts)},
        )
    ]
    if values.size >= BAND_SEEDS:
        low, high = np.nanquantile(values, [0.25, 0.75])
        series.append(
            Series(
                key="quartiles",
                title=joined(name, Text(en=", quartiles over seeds", zh="，种子四分位区间")),
                kind="shade",
                role="main",
                follows="real",
                data={"x": (float(low),), "x2": (float(high),)},
            )
        )
    series.append(
        Series(
            key="real",
            title=joined(name, Text(en=", median over seeds", zh="，种子中位数") if values.size > 1 else None),
            kind="rule",
            role="main",
            data={"x": (middle,)},
        )
    )
    series += [
        Series(key=other, title=named, kind="rule", role="benchmark", data={"x": (float(value),)})
        for other, (named, value) in (others or {}).items()
    ]
    place = Text(
        en=f"The percentile is the share of {words.en} that earned less: {share:.1%}",
        zh=f"分位为{words.zh}中收益更低者的比例：{share:.1%}",
    )
    if values.size > 1:
        place = joined(place, Text(en=", the median over seeds of each one's own", zh="，为各种子自身分位的中位数"))
    caption = Text(
        en=(
            f"Placebos: {PLACEBOS[kind][1].en}. {place.en}. Below 95 %, chance is explanation enough; of several "
            "variants tried, the best stands high by selection alone."
        ),
        zh=(
            f"对照为{PLACEBOS[kind][1].zh}。{place.zh}。低于 95% 时，偶然足以解释；"
            "试过多个变体时，最好的一个仅因挑选就会排得很高。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="number",
        x_title=measure,
        x_style=style,
        series=tuple(series),
        y_titles=(Text(en=words.en.capitalize(), zh=f"{words.zh}个数"),),
        y_styles=("integer",),
    )


PLACEBOS: dict[str, tuple[Text, Text]] = {
    "random gates": (
        Text(en="random gates", zh="随机择时"),
        Text(en="random gates with the same exposure and spell lengths", zh="同等持仓比例与持续长度的随机择时"),
    ),
    "random sides": (
        Text(en="random sides", zh="随机方向"),
        Text(en="as many bars long, short and out, in another order", zh="做多、做空与空仓的K线数不变，次序打乱"),
    ),
    "permuted assets": (
        Text(en="permuted assets", zh="标的互换得分"),
        Text(
            en="the same strategy on scores whose assets changed places once, for the whole book",
            zh="标的一次性互换得分后的同一策略",
        ),
    ),
    "shuffled scores": (
        Text(en="shuffled scores", zh="打乱得分"),
        Text(en="the same strategy on scores dealt out anew within each date", zh="每日得分随机重新分配后的同一策略"),
    ),
}
"""Kinds of placebos: in a few words, and in full."""
