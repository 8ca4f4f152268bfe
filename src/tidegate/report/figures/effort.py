"""What is found against what it costs: a measure of each variant over its multiply-adds (E13).

A cell that does better with ten times the work has not shown that it is the better cell. Multiply-adds are counted from
the shapes, so that they are the same on any machine; seconds are not, and are kept elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.report.figures.plain import Floats, numbers, sentences
from tidegate.types.report import Figure, Role, Series, Style, Text

__all__ = ["Effort", "effort"]


@dataclass(frozen=True)
class Effort:
    """One variant: its multiply-adds (one number), and a measure by seed ``[S]``."""

    key: str
    label: Text
    work: float
    values: Floats


def effort(
    key: str,
    title: Text,
    variants: Sequence[Effort],
    *,
    measure: Text,
    work: Text | None = None,
    style: Style = "number",
    levels: Sequence[tuple[str, Text, float, Role]] = (),
    note: Text | None = None,
) -> Figure:
    """Draw every seed of every variant over the work of one forecast; lines across are rivals, or what is reachable.

    >>> figure = effort(
    ...     "e13",
    ...     Text.same("E"),
    ...     [Effort("rnn", Text.same("RNN"), 10.0, np.array([0.1, 0.3]))],
    ...     measure=Text.same("IC"),
    ... )
    >>> figure.series[0].data
    {'x': (10.0, 10.0), 'y': (0.1, 0.3)}
    """
    series: list[Series] = []
    for one in variants:
        values = np.asarray(one.values, dtype=np.float64)
        kept = values[np.isfinite(values)]
        series.append(
            Series(
                key=one.key,
                title=one.label,
                kind="scatter",
                role="plain",
                data={"x": (float(one.work),) * kept.size, "y": numbers(kept)},
            )
        )
    series += [
        Series(key=name, title=label, kind="rule", role=role, data={"y": (float(value),)})
        for name, label, value, role in levels
        if np.isfinite(value)
    ]
    caption = Text(
        en=(
            "Each dot is a seed. Left is cheaper, up is better: a variant has earned its price only if it stands "
            "above all cheaper ones by more than the seeds scatter. Multiply-adds are counted from the shapes "
            "(each weight that multiplies, once a step); element-wise work and memory are not in them."
        ),
        zh=(
            "每个点为一个种子。越左越省，越上越好：只有高出所有更省者且差距超过种子离散，才算物有所值。"
            "乘加次数由形状数出（每个参与相乘的权重每步一次），不含逐元素运算与访存。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="number",
        x_title=work or Text(en="Multiply-adds of one forecast", zh="每个预测的乘加次数"),
        series=tuple(series),
        y_titles=(measure,),
        y_styles=(style,),
    )
