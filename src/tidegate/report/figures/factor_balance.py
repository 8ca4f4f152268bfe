"""How the classes of a label are shared out month by month: the base rates that every accuracy stands against."""

from collections.abc import Sequence

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, Times, numbers, sentences, texts
from tidegate.types.report import Figure, Series, Text

__all__ = ["class_balance"]


def class_balance(
    key: str, title: Text, months: Times, classes: Sequence[Text], shares: Floats, *, note: Text | None = None
) -> Figure:
    """Draw the share of each class in each month ``[months, classes]``, and below what naming the commonest would get.

    The commonest class is that over all months, each month weighing alike: a reader of the whole range alone knows it.

    >>> month = np.array(["2014-01", "2014-02"], dtype="datetime64[M]")
    >>> words = [Text.same("down"), Text.same("up")]
    >>> made = class_balance("b", Text.same("B"), month, words, np.array([[0.5, 0.5], [0.2, 0.8]]))
    >>> made.series[-1].data["y"]
    (0.5, 0.8)
    """
    held = np.asarray(shares, dtype=np.float64)
    if held.shape != (len(months), len(classes)) or not held.size:
        raise SettingError(
            "one share for each month and class",
            where=f"figure {key}",
            expected=(len(months), len(classes)),
            found=held.shape,
        )
    x = texts(months.astype("datetime64[us]"))
    most = int(held.mean(axis=0).argmax())
    series = [
        Series(key=f"class {place}", title=label, kind="line", role="plain", data={"x": x, "y": numbers(column)})
        for place, (label, column) in enumerate(zip(classes, held.T, strict=True))
    ]
    series.append(
        Series(
            key="majority",
            title=Text(en=f"Always saying {classes[most].en}", zh=f"总是预测{classes[most].zh}"),
            kind="area",
            role="benchmark",
            panel=1,
            data={"x": x, "y": numbers(held[:, most])},
        )
    )
    low, high = float(held[:, most].min()), float(held[:, most].max())
    caption = Text(
        en=(
            f"Share of each class among the month's labels. Naming the commonest class every time is right in {low:.0%}"
            f" to {high:.0%} of a month's labels: an accuracy is told beside the months that it was measured on."
        ),
        zh=(
            f"当月标签中各类的比例。每次都报最常见的一类，逐月准确率为 {low:.0%} 至 {high:.0%}："
            "准确率须与其所处的月份一并来看。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="time",
        series=tuple(series),
        y_titles=(Text(en="Share of labels", zh="标签占比"), Text(en="Accuracy", zh="准确率")),
        y_styles=("percent", "percent"),
    )
