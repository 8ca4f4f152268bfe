"""Sigmoid, tanh and ReLU beside each other (C1): what a gate, a state and a hidden layer make of a number."""

import numpy as np

from tidegate.report.figures.plain import numbers, sentences
from tidegate.types.report import Figure, Series, Text

__all__ = ["activations"]

_REACH, _POINTS = 5.0, 201


def activations(key: str, title: Text, *, note: Text | None = None) -> Figure:
    """Draw the three activations from -5 to 5.

    >>> [round(series.data["y"][100], 6) for series in activations("c1", Text.same("Activations")).series]
    [0.5, 0.0, 0.0]
    """
    x = np.linspace(-_REACH, _REACH, _POINTS)
    curves = (
        ("sigmoid", Text.same("sigmoid"), 1.0 / (1.0 + np.exp(-x))),
        ("tanh", Text.same("tanh"), np.tanh(x)),
        ("relu", Text.same("ReLU"), np.maximum(x, 0.0)),
    )
    caption = Text(
        en="A gate is a sigmoid: how much passes, between nothing and all. What is remembered goes through "
        "tanh. Both are "
        "flat at their ends, where no gradient passes; ReLU is not, and has no upper end.",
        zh="门为 sigmoid：放行的比例介于零与全部之间；记忆经过 tanh。两者在两端趋平，梯度无法通过；ReLU 不会，"
        "且没有上界。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="number",
        x_title=Text(en="What goes in", zh="输入"),
        x_style="number",
        series=tuple(
            Series(key=name, title=label, kind="line", role="plain", data={"x": numbers(x), "y": numbers(y)})
            for name, label, y in curves
        ),
        y_titles=(Text(en="What comes out", zh="输出"),),
        y_styles=("number",),
    )
