"""Learning curves by iteration: on the training, validation and judged windows as the steps go by (D2–D4, D15, E5).

An epoch of one data set is not an epoch of another, and cells need different work for a step; so curves are drawn by
iteration (one step of the optimiser), or by the multiply-adds spent until then, where a vertical line is equal compute.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tidegate.report.figures.plain import BAND_SEEDS, Floats, joined, numbers, quartiles, sentences
from tidegate.types.report import Figure, Role, Series, Style, Text

__all__ = ["PARTS", "LearningCurve", "learning"]

PARTS = {
    "test": Text(en=", out of sample", zh="，样本外"),
    "valid": Text(en=", validation", zh="，验证"),
    "train": Text(en=", training", zh="，训练"),
}
"""The ranges that a curve may have, in the order of their weight: the first one there is is drawn solid."""
_STROKES = {"test": "solid", "valid": "dotted", "train": "dashed"}
_PART_WORDS = {
    "test": Text(en="out of sample", zh="样本外"),
    "valid": Text(en="validation", zh="验证"),
    "train": Text(en="training", zh="训练"),
}
_STROKE_WORDS: dict[str, Callable[[Text], Text]] = {
    "solid": lambda part: Text(en=f"{part.en} solid", zh=f"实线为{part.zh}"),
    "dotted": lambda part: Text(en=f"{part.en} dotted", zh=f"点线为{part.zh}"),
    "dashed": lambda part: Text(en=f"{part.en} dashed", zh=f"虚线为{part.zh}"),
}


@dataclass(frozen=True)
class LearningCurve:
    """One variant's curves: `x` ``[K]`` is where it was measured, ``parts["train"]`` and so on ``[S, K]`` by seed.

    A part that was not measured is left out; NaN where a seed had stopped already.
    """

    key: str
    label: Text
    x: Floats
    parts: dict[str, Floats] = field(default_factory=dict)
    role: Role = "plain"


def learning(
    key: str,
    title: Text,
    variants: Sequence[LearningCurve],
    *,
    measure: Text | None = None,
    style: Style = "number",
    x_title: Text | None = None,
    levels: Sequence[tuple[str, Text, float, Role]] = (),
    bands: bool = True,
    note: Text | None = None,
) -> Figure:
    """Draw the median over seeds of every part of every variant; the quartile band belongs to the heaviest part.

    Parameters
    ----------
    measure
        Name and unit of what is drawn, the title of the axis.
    x_title
        What the steps are counted in; iterations where None.
    levels
        Lines across: (key, label, value, role), for example what is reachable, or what a rival reaches.
    bands
        Whether the quartiles over seeds are drawn; with many variants they hide each other.

    >>> curve = LearningCurve("lstm", Text.same("LSTM"), np.array([0.0, 10.0]), {"train": np.ones((3, 2))})
    >>> [(series.key, series.kind, series.stroke) for series in learning("d2", Text.same("Loss"), [curve]).series]
    [('lstm train quartiles', 'band', 'solid'), ('lstm train', 'line', 'solid')]
    """
    seen = [part for part in PARTS if any(part in variant.parts for variant in variants)]
    only = PARTS[seen[0]] if len(seen) == 1 else None
    series = [one for variant in variants for one in _drawn(variant, bands=bands, only=only)]
    series += [
        Series(key=name, title=label, kind="rule", role=role, data={"y": (float(value),)})
        for name, label, value, role in levels
        if np.isfinite(value)
    ]
    return Figure(
        key=key,
        title=title,
        caption=sentences(_caption(seen, bands=bands), note),
        x="number",
        x_title=x_title or Text(en="Iteration (steps of the optimiser)", zh="迭代次数（优化器步数）"),
        x_style="integer" if x_title is None else "number",
        series=tuple(series),
        y_titles=(joined(measure or Text(en="Loss, without penalty", zh="损失（不含惩罚项）"), only),),
        y_styles=(style,),
    )


def _drawn(variant: LearningCurve, *, bands: bool, only: Text | None) -> list[Series]:
    x = numbers(variant.x)
    given = [part for part in PARTS if part in variant.parts]
    made: list[Series] = []
    for part in given:
        values = np.atleast_2d(np.asarray(variant.parts[part], dtype=np.float64))
        low, middle, high = quartiles(values)
        own, lead = f"{variant.key} {part}", f"{variant.key} {given[0]}"
        name = variant.label if only is not None else joined(variant.label, PARTS[part])
        if bands and own == lead and len(values) >= BAND_SEEDS:
            made.append(
                Series(
                    key=f"{own} quartiles",
                    title=joined(name, Text(en=", quartiles over seeds", zh="，种子四分位区间")),
                    kind="band",
                    role=variant.role,
                    follows=lead,
                    data={"x": x, "y": numbers(low), "y2": numbers(high)},
                )
            )
        made.append(
            Series.of(
                {
                    "key": own,
                    "title": name,
                    "kind": "line",
                    "role": variant.role,
                    "stroke": "solid" if own == lead else _STROKES[part],
                    "follows": None if own == lead else lead,
                    "data": {"x": x, "y": numbers(middle)},
                }
            )
        )
    return made


def _caption(seen: list[str], *, bands: bool) -> Text:
    told = [_STROKE_WORDS["solid" if part == seen[0] else _STROKES[part]](_PART_WORDS[part]) for part in seen]
    kinds = Text(en=", ".join(one.en for one in told), zh="，".join(one.zh for one in told))
    if len(seen) == 1:
        kinds = PARTS[seen[0]].but(en=f"{PARTS[seen[0]].en[2:]} alone", zh=f"仅{PARTS[seen[0]].zh[1:]}")
    band = Text(en=" with the quartiles of the first as a band", zh="，色带为首项的种子四分位区间")
    band = band if bands else Text.same("")
    words = Text(
        en=f"{kinds.en[0].upper()}{kinds.en[1:]}; medians over seeds{band.en}.",
        zh=f"{kinds.zh}；均为种子中位数{band.zh}。",
    )
    if "test" not in seen:
        return words
    return sentences(
        words,
        Text(
            en="The curve out of sample is shown, never used: to stop where it is best would be looking ahead.",
            zh="样本外曲线只供展示，从不使用：在其最好处停止就是偷看未来。",
        ),
    )
