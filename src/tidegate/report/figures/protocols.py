"""Split protocols side by side: the accuracy that each shows, and how much its two sides share (D14).

A random split of a panel of overlapping windows lets a network meet a held-out window's months, and nearly all its
rows, in training. What such a protocol shows above the honest one is not skill; here it stands beside the counts of
what was shared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.report.figures.plain import Floats, numbers, sentences
from tidegate.types.report import Figure, Series, Text

__all__ = ["Protocol", "protocols"]


@dataclass(frozen=True)
class Protocol:
    """One way to hold out: `accuracy` ``[S]`` on what it holds out and `outside` ``[S]`` out of sample, by seed.

    `majority` is the share of the commonest class among the windows held out; `rows` and `dates` are the shares of
    those that see a row of some training window of their stock, and whose date is trained on. `leaks` is its stamp.
    """

    key: str
    label: Text
    accuracy: Floats
    outside: Floats
    majority: float
    rows: float
    dates: float
    leaks: bool


def protocols(key: str, title: Text, ways: Sequence[Protocol], *, note: Text | None = None) -> Figure:
    """Draw held-out and out-of-sample accuracy of every protocol, and below it what its sides share.

    >>> way = Protocol("random", Text.same("random"), np.array([0.8]), np.array([0.4]), 0.4, 1.0, 1.0, True)
    >>> figure = protocols("d14", Text.same("P"), [way])
    >>> [(one.key, one.panel) for one in figure.series]
    [('held', 0), ('outside', 0), ('majority', 0), ('rows', 1), ('dates', 1)]
    """
    names = tuple(
        Text(en=f"{way.label.en} (leaks)", zh=f"{way.label.zh}（泄漏）").model_dump()
        if way.leaks
        else way.label.model_dump()
        for way in ways
    )
    series: list[Series] = []
    for name, label, role, each in (
        ("held", Text(en="Accuracy on what was held out", zh="留出样本准确率"), "rival", [w.accuracy for w in ways]),
        ("outside", Text(en="Accuracy out of sample", zh="样本外准确率"), "main", [w.outside for w in ways]),
    ):
        there = [at for at, values in enumerate(each) if bool(np.isfinite(values).any())]
        if not there:
            continue
        cuts = np.array([np.nanquantile(each[at], [0.0, 0.25, 0.5, 0.75, 1.0]) for at in there])
        columns = dict(zip(("low", "q1", "median", "q3", "high"), (numbers(c) for c in cuts.T), strict=True))
        series.append(
            Series.of(
                {
                    "key": name,
                    "title": label,
                    "kind": "box",
                    "role": role,
                    "data": {"x": tuple(names[at] for at in there), **columns},
                }
            )
        )
    series += [
        Series(
            key="majority",
            title=Text(en="Commonest class of what was held out", zh="留出样本的最多类别"),
            kind="scatter",
            role="benchmark",
            mark="cross",
            data={"x": names, "y": numbers([way.majority for way in ways])},
        ),
        Series(
            key="rows",
            title=Text(en="held-out windows that share rows with training", zh="与训练样本共用行的留出样本"),
            kind="bar",
            role="doubt",
            panel=1,
            data={"x": names, "y": numbers([way.rows for way in ways])},
        ),
        Series(
            key="dates",
            title=Text(en="held-out windows whose date is trained on", zh="所在日期被训练的留出样本"),
            kind="bar",
            role="truth",
            panel=1,
            data={"x": names, "y": numbers([way.dates for way in ways])},
        ),
    ]
    seeds = sorted({int(np.isfinite(way.accuracy).sum()) for way in ways})
    caption = Text(
        en=(
            f"Boxes are quartiles and range over {'/'.join(map(str, seeds))} seeds; one network, only what is held "
            "out differs. Where a protocol leaks, what it shows above the others is what it leaked. Shared rows are no "
            "leak where training ends before what is judged: then they are the past of both."
        ),
        zh=(
            f"箱体为 {'/'.join(map(str, seeds))} 个种子的四分位与范围；网络相同，只有留出方式不同。"
            "泄漏的方式高出其他方式的部分，就是泄漏。若训练止于评判之前，共用的行是双方的过去，不算泄漏。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="category",
        series=tuple(series),
        y_titles=(Text(en="Accuracy", zh="准确率"), Text(en="Share of held-out windows", zh="占留出样本的比例")),
        y_styles=("percent", "percent"),
    )
