"""Loss by epoch for several variants: training dashed, validation dotted, test solid (B11).

A training loss that falls while the test loss does not is the whole story of fitting noise; both must stand in one pane
and in one unit, without the weight penalty, or variants with and without it cannot be compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.report.figures.plain import BAND_SEEDS, Floats, joined, numbers, quartiles, sentences
from tidegate.types.report import Figure, Series, Text

__all__ = ["LossCurve", "losses"]


@dataclass(frozen=True)
class LossCurve:
    """A variant's losses ``[S, E]`` (seeds, epochs), NaN after a seed has stopped; `valid` and `test` may be None."""

    key: str
    label: Text
    train: Floats
    valid: Floats | None = None
    test: Floats | None = None


def losses(
    key: str,
    title: Text,
    variants: Sequence[LossCurve],
    *,
    loss: Text | None = None,
    baseline: float | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw the median loss over seeds by epoch; the quartile band belongs to the last range (test, or train alone).

    Parameters
    ----------
    loss
        Name and unit of the loss, the title of the axis.
    baseline
        Test loss of a forecast without any skill (the training mean), drawn across, or None.

    >>> figure = losses(
    ...     "b11", Text.same("Loss"), [LossCurve("plain", Text.same("plain"), np.ones((1, 3)), test=np.ones((1, 3)))]
    ... )
    >>> [(series.key, series.stroke) for series in figure.series]
    [('plain test', 'solid'), ('plain train', 'dashed')]
    """
    series: list[Series] = []
    for variant in variants:
        parts = [
            ("test", variant.test, "solid"),
            ("valid", variant.valid, "dotted"),
            ("train", variant.train, "dashed"),
        ]
        given = [
            (part, np.atleast_2d(np.asarray(values, dtype=np.float64)), stroke)
            for part, values, stroke in parts
            if values is not None
        ]
        lead = f"{variant.key} {given[0][0]}"
        for part, values, stroke in given:
            low, middle, high = quartiles(values)
            x = tuple(range(1, values.shape[1] + 1))
            name = joined(variant.label, _PARTS[part])
            own = f"{variant.key} {part}"
            if own == lead and len(values) >= BAND_SEEDS:
                series.append(
                    Series(
                        key=f"{own} quartiles",
                        title=joined(name, Text(en=", quartiles over seeds", zh="，种子四分位区间")),
                        kind="band",
                        role="main",
                        follows=lead,
                        data={"x": x, "y": numbers(low), "y2": numbers(high)},
                    )
                )
            series.append(
                Series.of(
                    {
                        "key": own,
                        "title": name,
                        "kind": "line",
                        "role": "main",
                        "stroke": "solid" if own == lead else stroke,
                        "follows": None if own == lead else lead,
                        "data": {"x": x, "y": numbers(middle)},
                    }
                )
            )
    if baseline is not None:
        series.append(
            Series(
                key="baseline",
                title=Text(en="No skill, on the test range", zh="无技巧基准（测试区间）"),
                kind="rule",
                role="benchmark",
                data={"y": (float(baseline),)},
            )
        )
    caption = Text(
        en=(
            "Test solid, training dashed, validation dotted; medians over the seeds still running at that epoch. "
            "The test loss is shown, never used: choosing an epoch by it would be looking ahead."
        ),
        zh=(
            "实线为测试，虚线为训练，点线为验证；取该轮仍在训练的种子的中位数。测试损失只供展示，从不使用："
            "按它挑选轮数就是偷看未来。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="number",
        x_title=Text(en="Epoch", zh="训练轮数"),
        x_style="integer",
        series=tuple(series),
        y_titles=(loss or Text(en="Loss, without penalty", zh="损失（不含惩罚项）"),),
        y_styles=("number",),
    )


_PARTS = {
    "train": Text(en=", train", zh="，训练"),
    "valid": Text(en=", validation", zh="，验证"),
    "test": Text(en=", test", zh="，测试"),
}
