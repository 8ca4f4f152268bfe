"""What a setting does: a measure over seeds for each of its values, and below it the work it asks for (E14)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.report.figures.plain import Floats, numbers, sentences
from tidegate.types.report import Figure, Series, Style, Text

__all__ = ["Valued", "setting_effect"]


@dataclass(frozen=True)
class Valued:
    """One value of a setting: a measure by seed ``[S]``, and what it costs ``[S]`` (None where nothing is asked)."""

    key: str
    label: Text
    measure: Floats
    cost: Floats | None = None


def setting_effect(
    key: str,
    title: Text,
    values: Sequence[Valued],
    *,
    measure: Text,
    style: Style = "number",
    cost: Text | None = None,
    base: tuple[Text, float] | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw quartiles and seeds of a measure for each value, a rival's level across, and the cost in a second pane.

    >>> held = [Valued("0.1", Text.same("0.1"), np.array([0.4, 0.5]), np.array([2.0, 3.0]))]
    >>> figure = setting_effect("e14", Text.same("S"), held, measure=Text.same("acc"), cost=Text.same("steps"))
    >>> [(one.key, one.kind, one.panel) for one in figure.series]
    [('measure', 'box', 0), ('seeds', 'scatter', 0), ('cost', 'box', 1)]
    """
    names = [one.label.model_dump() for one in values]
    series: list[Series] = []
    panes: list[tuple[str, Text, list[Floats], int]] = [("measure", measure, [one.measure for one in values], 0)]
    if cost is not None:
        panes.append(("cost", cost, [np.empty(0) if one.cost is None else one.cost for one in values], 1))
    for name, label, held, panel in panes:
        there = [at for at, own in enumerate(held) if bool(np.isfinite(own).any())]
        if not there:
            continue
        cuts = np.array([np.nanquantile(held[at], [0.0, 0.25, 0.5, 0.75, 1.0]) for at in there])
        columns = dict(zip(("low", "q1", "median", "q3", "high"), (numbers(c) for c in cuts.T), strict=True))
        data = {"x": tuple(names[at] for at in there), **columns}
        series.append(
            Series(key=name, title=label, kind="box", role="main" if panel == 0 else "rival", panel=panel, data=data)
        )
        if panel == 0:
            dots = [(names[at], float(v)) for at in there for v in held[at] if np.isfinite(v)]
            series.append(
                Series(
                    key="seeds",
                    title=Text(en="One seed", zh="单个种子"),
                    kind="scatter",
                    role="main",
                    follows="measure",
                    data={"x": tuple(n for n, _ in dots), "y": tuple(v for _, v in dots)},
                )
            )
    if base is not None and np.isfinite(base[1]):
        series.append(Series(key="base", title=base[0], kind="rule", role="benchmark", data={"y": (float(base[1]),)}))
    caption = Text(
        en=(
            "Quartiles, range and every seed. Clouds that overlap do not show that a setting is without effect, only "
            "that these seeds do not tell; the table says which differences are excluded."
        ),
        zh="四分位、范围与各个种子。相互重叠并不证明设置无影响，只说明这些种子分辨不出；表中列出可以排除的差异。",
    )
    titles = (measure,) if cost is None else (measure, cost)
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="category",
        series=tuple(series),
        y_titles=titles,
        y_styles=(style, "number")[: len(titles)],
    )
