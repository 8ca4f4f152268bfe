"""How right a classifier was: by date beside what needs no forecast, where it errs, and what its probabilities mean."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.report.figures.plain import Floats, Times, numbers, sentences, spread, texts
from tidegate.types.axes import IntArray
from tidegate.types.report import Figure, Series, Text

__all__ = ["DatedAccuracy", "Reliability", "accuracy_by_date", "confusion_table", "reliability"]


@dataclass(frozen=True)
class DatedAccuracy:
    """By date ``[D]``: the majority class's accuracy, the date's own majority's, and the band of answers dealt out."""

    majority: Floats
    oracle: Floats
    low: Floats
    high: Floats


def accuracy_by_date(
    key: str, title: Text, time: Times, accuracy: Floats, beside: DatedAccuracy, *, note: Text | None = None
) -> Figure:
    """Draw the accuracy of each date (``[S, D]``, median and quartiles over seeds) with its three bars.

    >>> time = np.array(["2016-05-31", "2016-06-30"], dtype="datetime64[D]")
    >>> flat = np.full(2, 0.4)
    >>> held = DatedAccuracy(flat, flat, flat - 0.1, flat + 0.1)
    >>> [one.key for one in accuracy_by_date("a", Text.same("A"), time, np.full((1, 2), 0.5), held).series]
    ['dealt', 'oracle', 'majority', 'accuracy']
    """
    x = texts(time)
    series = [
        Series(
            key="dealt",
            title=Text(en="The same answers dealt out within the date", zh="同一批答案在当期内随机分派"),
            kind="band",
            role="doubt",
            data={"x": x, "y": numbers(beside.low), "y2": numbers(beside.high)},
        ),
        Series(
            key="oracle",
            title=Text(en="The date's commonest class (nobody knows it in time)", zh="当期最多的类别（事先无人知晓）"),
            kind="step",
            role="truth",
            stroke="dotted",
            data={"x": x, "y": numbers(beside.oracle)},
        ),
        Series(
            key="majority",
            title=Text(en="The commonest class of all", zh="全期最多的类别"),
            kind="step",
            role="benchmark",
            data={"x": x, "y": numbers(beside.majority)},
        ),
        *spread("accuracy", Text(en="Accuracy", zh="准确率"), x, accuracy, role="main"),
    ]
    caption = Text(
        en=(
            "Within the band a forecast has not told the stocks of that date apart: its answers, dealt out blindly, "
            "score as much in 95 % of cases. The band takes stocks as exchangeable; they move together, so it is "
            "rather too narrow."
        ),
        zh=(
            "落在色带内，说明当期并未区分个股：同一批答案随机分派，95% 的情形得分相当。"
            "色带假定个股可以互换；个股同涨同跌，因此色带偏窄。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="time",
        series=tuple(series),
        y_titles=(Text(en="Accuracy", zh="准确率"),),
        y_styles=("percent",),
    )


def confusion_table(
    key: str, title: Text, classes: Sequence[Text], counts: IntArray, *, note: Text | None = None
) -> Figure:
    """Draw what was said (across) of what came (down), as shares of each class that came ``[K, K]``.

    >>> figure = confusion_table("c", Text.same("C"), [Text.same("down"), Text.same("up")], np.array([[3, 1], [0, 0]]))
    >>> figure.series[0].data["value"]
    (0.75, 0.25, None, None)
    """
    held = np.asarray(counts, dtype=np.float64)
    came = held.sum(axis=1, keepdims=True)
    shares = np.where(came > 0, held / np.where(came > 0, came, 1.0), np.nan)
    names = [label.model_dump() for label in classes]
    said = held.sum(axis=0)
    right = np.diagonal(held)
    told = [
        (label, right[at] / came[at, 0] if came[at, 0] else np.nan, right[at] / said[at] if said[at] else np.nan)
        for at, label in enumerate(classes)
    ]
    caption = Text(
        en="Each row adds up to one. "
        + "; ".join(
            f"{label.en}: {_share(found)} found, {_share(true)} of its calls true" for label, found, true in told
        )
        + ".",
        zh="每行之和为一。"
        + "；".join(f"{label.zh}：找回 {_share(found)}，命中 {_share(true)}" for label, found, true in told)
        + "。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="category",
        x_title=Text(en="Said", zh="预测"),
        series=(
            Series(
                key="shares",
                title=Text(en="Share of what came", zh="占实际类别的比例"),
                kind="heat",
                data={
                    "x": tuple(name for _ in names for name in names),
                    "y": tuple(name for name in names for _ in names),
                    "value": numbers(shares),
                },
            ),
        ),
        y_titles=(Text(en="Came", zh="实际"),),
        y_styles=("percent",),
    )


def _share(value: float) -> str:
    return f"{value:.0%}" if np.isfinite(value) else "—"


@dataclass(frozen=True)
class Reliability:
    """One class's bins: what was said on average, how often it came, with its interval ``[bins]``."""

    key: str
    label: Text
    said: Floats
    came: Floats
    low: Floats
    high: Floats


def reliability(key: str, title: Text, classes: Sequence[Reliability], *, note: Text | None = None) -> Figure:
    """Draw how often each class came over the probability said of it; on the diagonal, words mean what they say.

    >>> one = np.array([0.2, 0.4])
    >>> figure = reliability("c", Text.same("C"), [Reliability("up", Text.same("up"), one, one, one, one)])
    >>> [(series.key, series.kind) for series in figure.series]
    [('diagonal', 'line'), ('up interval', 'band'), ('up', 'line')]
    """
    every = np.concatenate([one.said for one in classes])
    every = every[np.isfinite(every)]
    ends = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
    series = [
        Series(
            key="diagonal",
            title=Text(en="As said", zh="与所说一致"),
            kind="line",
            role="benchmark",
            stroke="dashed",
            data={"x": ends, "y": ends},
        )
    ]
    for one in classes:
        x = numbers(one.said)
        series += [
            Series(
                key=f"{one.key} interval",
                title=one.label,
                kind="band",
                role="plain",
                follows=one.key,
                data={"x": x, "y": numbers(one.low), "y2": numbers(one.high)},
            ),
            Series(key=one.key, title=one.label, kind="line", role="plain", data={"x": x, "y": numbers(one.came)}),
        ]
    caption = Text(
        en=(
            "Rows in bins of equal count by the probability said. Bands are 95 % intervals over dates, not rows: "
            "stocks of one date rise and fall together. A flat line says that the probability knows nothing."
        ),
        zh="按所说概率等分样本。色带为按期（而非按样本）计算的 95% 区间：同期个股同涨同跌。水平线说明概率毫无信息。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="number",
        x_title=Text(en="Probability said", zh="预测概率"),
        x_style="percent",
        series=tuple(series),
        y_titles=(Text(en="How often it came", zh="实际频率"),),
        y_styles=("percent",),
    )
