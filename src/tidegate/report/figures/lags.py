"""How far back a gradient reaches: its norm by lag, for each gate or each cell (A1).

The loss is felt at the last row of the window; a cell learns from a row only as far as the gradient reaches it. Norms
fall by powers, so their logarithm is drawn: a straight line down is a gradient that vanishes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.report.figures.plain import Floats, joined, numbers, sentences
from tidegate.types.report import Figure, Series, Text

__all__ = ["Reach", "reach"]


@dataclass(frozen=True)
class Reach:
    """Gradient norms of one gate (or cell) by lag ``[lags]``, lag 0 the anchor's row; `first` where training began."""

    key: str
    label: Text
    norms: Floats
    first: Floats | None = None


def reach(key: str, title: Text, drawn: Sequence[Reach], *, note: Text | None = None) -> Figure:
    """Draw ``log10`` of the gradient norms by lag: at the end solid, at the start dashed; a norm of zero is a gap.

    >>> one = Reach("forget", Text.same("forget gate"), np.array([1.0, 0.1, 0.0]))
    >>> reach("a1", Text.same("Gradients"), [one]).series[0].data["y"]
    (0.0, -1.0, None)
    """
    series: list[Series] = []
    for one in drawn:
        x = tuple(range(len(one.norms)))
        series.append(
            Series(key=one.key, title=one.label, kind="line", role="plain", data={"x": x, "y": _logs(one.norms)})
        )
        if one.first is not None:
            series.append(
                Series(
                    key=f"{one.key} first",
                    title=joined(one.label, Text(en=", at the start", zh="，训练开始时")),
                    kind="line",
                    role="plain",
                    stroke="dashed",
                    follows=one.key,
                    data={"x": x, "y": _logs(one.first)},
                )
            )
    caption = Text(
        en=(
            "One unit down is a tenth. A line that falls straight vanishes by powers: rows that far back teach "
            "nothing. A gradient that reaches far shows what could be learned there, not that something was."
        ),
        zh=(
            "下降一个单位即缩小为十分之一。直线下降表示梯度按幂次消失：更早的行不再教给网络任何东西。"
            "梯度传得远只说明那里可以学，并不说明学到了。"
        ),
    )
    strokes = Text(en="Solid at the end of training, dashed at its start.", zh="实线为训练结束时，虚线为训练开始时。")
    end = Text(en="At the end of training.", zh="训练结束时测得。")
    return Figure(
        key=key,
        title=title,
        caption=sentences(strokes if any(one.first is not None for one in drawn) else end, caption, note),
        x="number",
        x_title=Text(en="Lag: rows before the anchor", zh="滞后：锚点之前的行数"),
        x_style="integer",
        series=tuple(series),
        y_titles=(Text(en="Gradient norm, log₁₀", zh="梯度范数（以 10 为底的对数）"),),
        y_styles=("number",),
    )


def _logs(norms: Floats) -> tuple[float | None, ...]:
    held = np.asarray(norms, dtype=np.float64)
    return numbers(np.log10(np.where(held > 0, held, np.nan)))
