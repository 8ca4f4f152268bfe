"""A measure of several variants as a distribution over seeds, beside rivals and the band of random gates (B9, B10).

A published result is one draw of initial weights. Here each variant shows every seed, so that "variant A is better" can
be seen for what it is: two clouds that overlap or do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.report.figures.placebo import PLACEBOS
from tidegate.report.figures.plain import Floats, numbers, sentences
from tidegate.types.report import Figure, Series, Style, Text

__all__ = ["Level", "Sample", "seeds"]


@dataclass(frozen=True)
class Sample:
    """One variant's values, one for each seed [S]."""

    key: str
    label: Text
    values: Floats


@dataclass(frozen=True)
class Level:
    """A rival's single value."""

    key: str
    label: Text
    value: float
    benchmark: bool = False


def seeds(
    key: str,
    title: Text,
    measure: Text,
    variants: Sequence[Sample],
    *,
    style: Style = "number",
    rivals: Sequence[Level] = (),
    gates: Floats | None = None,
    kind: str = "random gates",
    note: Text | None = None,
) -> Figure:
    """Draw seeds as dots over their quartile box, a line across for each rival, a band for random gates.

    Parameters
    ----------
    measure
        What is measured, the title of the axis.
    gates
        ``[G]`` the measure of random gates of the same exposure, or None; their middle 90 % is shaded.
    kind
        What those are, one of `PLACEBOS`.

    >>> figure = seeds(
    ...     "b9", Text.same("Seeds"), Text.same("Sharpe"), [Sample("lstm", Text.same("LSTM"), np.array([0.1, 0.3]))]
    ... )
    >>> [series.kind for series in figure.series]
    ['box', 'scatter']
    """
    series: list[Series] = []
    if gates is not None:
        low, high = np.nanquantile(gates, [0.05, 0.95])
        series.append(
            Series(
                key="gates",
                title=Text(
                    en=f"{len(gates):,} {PLACEBOS[kind][0].en}, middle 90 %",
                    zh=f"{len(gates):,} 次{PLACEBOS[kind][0].zh}的中间 90%",
                ),
                kind="shade",
                role="doubt",
                data={"y": (float(low),), "y2": (float(high),)},
            )
        )
    names = [sample.label.model_dump() for sample in variants]
    cuts = np.array([np.nanquantile(s.values, [0.0, 0.25, 0.5, 0.75, 1.0]) for s in variants]).reshape(-1, 5)
    columns = dict(zip(("low", "q1", "median", "q3", "high"), (numbers(c) for c in cuts.T), strict=True))
    series.append(
        Series(
            key="spread",
            title=Text(en="Quartiles and range over seeds", zh="种子的四分位与范围"),
            kind="box",
            role="main",
            data={"x": tuple(names), **columns},
        )
    )
    dots = [(name, float(v)) for name, s in zip(names, variants, strict=True) for v in s.values if np.isfinite(v)]
    series.append(
        Series(
            key="seeds",
            title=Text(en="One seed", zh="单个种子"),
            kind="scatter",
            role="main",
            follows="spread",
            data={"x": tuple(n for n, _ in dots), "y": tuple(v for _, v in dots)},
        )
    )
    series += [
        Series(
            key=level.key,
            title=level.label,
            kind="rule",
            role="benchmark" if level.benchmark else "rival",
            data={"y": (float(level.value),)},
        )
        for level in rivals
    ]
    counts = sorted({int(np.isfinite(s.values).sum()) for s in variants})
    told = "/".join(map(str, counts))
    caption = Text(
        en=(
            f"Each dot is one of {told} seeds; all share one stretch of history, so their spread says nothing about "
            "other years. "
        ),
        zh=f"每个点是 {told} 个种子之一；它们共用同一段历史，其离散程度并不说明其他年份的情况。",
    )
    chance = PLACEBOS[kind][1]
    band = Text(
        en=(f"The pale band is where {chance.en} would lie by chance: inside it, chance is explanation enough."),
        zh=f"浅色带为{chance.zh}所能达到的范围：落在带内，偶然足以解释。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, band if gates is not None else None, note),
        x="category",
        series=tuple(series),
        y_titles=(measure,),
        y_styles=(style,),
    )
