"""Rank IC of every date: its running sum, whose slope is the signal, and its mean over a year of dates."""

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, Times, numbers, sentences, texts, thinning
from tidegate.types.report import Figure, Role, Series, Text

__all__ = ["rank_ic"]

_SMOOTH = 60


def rank_ic(
    key: str,
    title: Text,
    members: list[tuple[str, Text, Role, Times, Floats]],
    *,
    span: int,
    note: Text | None = None,
) -> Figure:
    """Draw the running sum of daily rank ICs of each member, and below the first one's mean over the last 60 dates.

    Parameters
    ----------
    members
        Key, label, role, dates ``[n]`` and rank IC of each date ``[n]``.
    span
        Bars that a label spans: neighbouring dates share most of their future.

    >>> time = np.array(["2015-01-05", "2015-01-06"], dtype="datetime64[D]")
    >>> figure = rank_ic("r", Text.same("R"), [("a", Text.same("A"), "main", time, np.array([0.5, -0.25]))], span=5)
    >>> figure.series[0].data["y"]
    (0.5, 0.25)
    """
    if not members:
        raise SettingError("nobody to draw", where=f"figure {key}")
    series = []
    thin = Text.same("")
    for name, label, role, time, values in members:
        running = np.cumsum(np.nan_to_num(values))
        places, thin = thinning(running)
        x = tuple(np.array(texts(time))[places].tolist())
        series.append(
            Series(key=name, title=label, kind="line", role=role, data={"x": x, "y": numbers(running[places])})
        )
    name, label, role, time, values = members[0]
    known = np.nan_to_num(values)
    window = min(_SMOOTH, len(known))
    total = np.concatenate([[0.0], np.cumsum(known)])
    mean = np.concatenate([np.full(window - 1, np.nan), (total[window:] - total[:-window]) / window])
    places, _ = thinning(mean)
    x = tuple(np.array(texts(time))[places].tolist())
    series.append(
        Series(
            key=f"{name} mean",
            title=label,
            kind="area",
            role=role,
            panel=1,
            follows=name,
            data={"x": x, "y": numbers(mean[places])},
        )
    )
    told = Text(
        en=(
            f"Rank correlation of scores and the labels that came, date by date. Labels span {span} bars, "
            "so neighbouring dates share most of their future: a run of good dates is fewer observations "
            "than it looks."
        ),
        zh=(
            f"逐日得分与实际标签的秩相关。标签跨 {span} 根K线，相邻日期的未来大多重叠：连续的好日子并不等"
            "于同样多的独立观测。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(told, thin, note),
        x="time",
        series=tuple(series),
        y_titles=(
            Text(en="Running sum of rank IC", zh="秩 IC 累计"),
            Text(en=f"Mean over {window} dates", zh=f"{window} 日均值"),
        ),
        y_styles=("number", "number"),
    )
