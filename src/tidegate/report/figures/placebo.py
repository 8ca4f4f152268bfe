"""Random gates of the same exposure and spell lengths as a histogram, with the real result marked (HONESTY, timing)."""

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import SettingError
from tidegate.report.figures.plain import BAND_SEEDS, Floats, joined, numbers, sentences
from tidegate.types.report import Figure, Series, Style, Text

__all__ = ["placebo"]


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
    note: Text | None = None,
) -> Figure:
    """Draw the histogram of random gates' results and where the real one stands.

    Parameters
    ----------
    gates
        ``[G]`` the measure of each random gate.
    real
        The real result, one or one for each seed ``[S]``; their median is marked, with the quartiles as a band.
    others
        Further marks (buy and hold): key → (label, value).

    The caption gives the percentile ``(gates below + half of those equal) / G`` of the median.

    >>> figure = placebo("gates", Text.same("Gates"), Text.same("Return"), np.arange(100.0), 89.5, bins=10)
    >>> sum(figure.series[0].data["y"]), "percentile 90" in figure.caption.en
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
    share = (float((held < middle).sum()) + 0.5 * float((held == middle).sum())) / held.size
    name = label or Text(en="The real gate", zh="实际择时")
    series = [
        Series(
            key="gates",
            title=Text(en=f"{held.size:,} random gates", zh=f"{held.size:,} 个随机择时"),
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
        Series(key=other, title=words, kind="rule", role="benchmark", data={"x": (float(value),)})
        for other, (words, value) in (others or {}).items()
    ]
    caption = Text(
        en=(
            f"The real result stands at percentile {100 * share:.0f} of random gates with the same exposure and "
            "spell lengths. Below 95, chance is explanation enough; of several variants tried, the best stands high "
            "by selection alone."
        ),
        zh=(
            f"实际结果位于同等持仓比例与持续长度的随机择时的第 {100 * share:.0f} 百分位。低于 95 时，偶然足以解释；"
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
        y_titles=(Text(en="Random gates", zh="随机择时个数"),),
        y_styles=("integer",),
    )
