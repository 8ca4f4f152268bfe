"""How many iterations an accuracy needs: curves of several networks with the iteration at which each has settled (E5).

Settled means that from there on the median curve stays within a tolerance of where it ends. That is a statement about
fitting the training windows, not about being right later; and a curve that was stopped while rising has settled nowhere
that counts, so what a curve ends at stands beside it.
"""

from collections.abc import Sequence

import numpy as np

from tidegate.report.figures.learning import LearningCurve, learning
from tidegate.report.figures.plain import Floats, quartiles
from tidegate.types.report import Figure, Role, Series, Text

__all__ = ["settled_at", "settling"]

_LATE = 0.8
"""Share of the iterations after which a curve that comes near its end has not settled: it was stopped."""


def settled_at(x: Floats, values: Floats, tolerance: float) -> float:
    """The first of `x` ``[K]`` from which on `values` ``[K]`` stay within `tolerance` of the last; NaN without values.

    >>> settled_at(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.3, 0.78, 0.81, 0.8]), 0.03)
    1.0
    """
    known = np.isfinite(values)
    if not known.any():
        return float("nan")
    held, at = values[known], x[known]
    far = np.flatnonzero(np.abs(held - held[-1]) > tolerance)
    return float(at[0] if not far.size else at[far[-1] + 1])


def settling(
    key: str,
    title: Text,
    variants: Sequence[LearningCurve],
    *,
    part: str = "train",
    tolerance: float = 0.01,
    levels: Sequence[tuple[str, Text, float, Role]] = (),
    note: Text | None = None,
) -> Figure:
    """Draw one part's accuracy of every network, and a line down where its median has settled.

    >>> curve = LearningCurve("a", Text.same("A"), np.array([0.0, 9.0]), {"train": np.array([[0.3, 0.8]])})
    >>> figure = settling("e5", Text.same("E"), [curve])
    >>> figure.series[-1].data, "A: 9" in figure.caption.en
    ({'x': (9.0,)}, True)
    """
    kept = [
        LearningCurve(one.key, one.label, one.x, {part: one.parts[part]}, one.role)
        for one in variants
        if part in one.parts
    ]
    drawn = learning(key, title, kept, measure=Text(en="Accuracy", zh="准确率"), style="percent", levels=levels)
    marks, told = [], []
    for one in kept:
        middle = quartiles(np.atleast_2d(one.parts[part]))[1]
        at = settled_at(np.asarray(one.x, dtype=np.float64), middle, tolerance)
        if not np.isfinite(at):
            continue
        last = float(middle[np.isfinite(middle)][-1])
        moving = at > _LATE * float(np.asarray(one.x)[-1])
        words = Text(
            en=f"{one.label.en}: {at:,.0f} iterations, {last:.1%} at the end{', still moving there' if moving else ''}",
            zh=f"{one.label.zh}：{at:,.0f} 次迭代，终值 {last:.1%}{'（停止时仍在变化）' if moving else ''}",
        )
        told.append(words)
        marks.append(
            Series(
                key=f"{one.key} settled",
                title=words,
                kind="rule",
                role=one.role,
                follows=f"{one.key} {part}",
                stroke="dotted",
                data={"x": (at,)},
            )
        )
    caption = Text(
        en=(
            f"{drawn.caption.en} Dotted down: from there on within {tolerance:.0%} of where the curve ends. "
            f"{'; '.join(one.en for one in told)}. {'' if note is None else note.en}"
        ).strip(),
        zh=(
            f"{drawn.caption.zh}竖直点线：自此与终值相差不超过 {tolerance:.0%}。"
            f"{'；'.join(one.zh for one in told)}。{'' if note is None else note.zh}"
        ),
    )
    return drawn.but(series=(*drawn.series, *marks), caption=caption)
