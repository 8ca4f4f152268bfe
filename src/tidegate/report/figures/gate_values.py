"""How open the gates of a cell are: histograms of their values over windows, rows and units (A2)."""

from collections.abc import Mapping

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, numbers, sentences
from tidegate.types.report import Figure, Series, Text

__all__ = ["gate_values"]

_BINS, _SHUT = 40, 0.05


def gate_values(
    key: str,
    title: Text,
    values: Mapping[str, tuple[Text, Floats]],
    *,
    candidate: str = "candidate",
    note: Text | None = None,
) -> Figure:
    """Draw each gate's share of values by bin of 0 … 1, and the candidate's of -1 … 1 in a panel of its own.

    Parameters
    ----------
    values
        Gate → its words and its values, of any shape.
    candidate
        The one that is no gate, if it is there.

    >>> figure = gate_values("a2", Text.same("Gates"), {"input": (Text.same("input gate"), np.array([0.0, 0.5, 1.0]))})
    >>> figure.series[0].kind, "67 %" in figure.caption.en
    ('step', True)
    """
    if not values or any(held.size == 0 for _, held in values.values()):
        raise SettingError("a gate has no values", where=f"figure {key}", expected="one or more", found=0)
    series, told_en, told_zh = [], [], []
    panels = 1 + (candidate in values)
    for name, (words, held) in values.items():
        own = name == candidate
        edges = np.linspace(-1.0 if own else 0.0, 1.0, _BINS + 1)
        counts, _ = np.histogram(np.clip(held, edges[0], 1.0), bins=edges)
        share = counts / held.size
        series.append(
            Series(
                key=name,
                title=words,
                kind="step",
                role="plain",
                panel=panels - 1 if own else 0,
                data={"x": numbers(edges[:-1]), "y": numbers(share)},
            )
        )
        if not own:
            ends = float(((held < _SHUT) | (held > 1 - _SHUT)).mean())
            told_en.append(f"{words.en} {100 * ends:.0f} %")
            told_zh.append(f"{words.zh} {100 * ends:.0f}%")
    about = Text(
        en=f"Within 0.05 of shut or open: {', '.join(told_en)}. There a gate passes no gradient on to what moved it.",
        zh=f"距全闭或全开 0.05 以内的比例：{'、'.join(told_zh)}。在该处门几乎不向后传递梯度。",
    )
    share_words = Text(en="Share of values", zh="取值占比")
    return Figure(
        key=key,
        title=title,
        caption=sentences(about if told_en else None, note),
        x="number",
        x_title=Text(en="Value of the gate, or of the candidate", zh="门（或候选状态）的取值"),
        x_style="number",
        series=tuple(series),
        y_titles=(share_words,) * panels,
        y_styles=("percent",) * panels,
    )
