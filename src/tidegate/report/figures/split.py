"""The ranges of a split to scale: train, purge, valid, embargo, test, one line for each fold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tidegate.report.figures.plain import sentences
from tidegate.types.report import Figure, Text

__all__ = ["Part", "Range", "split"]

Part = Literal["train", "purge", "valid", "embargo", "test"]


@dataclass(frozen=True)
class Range:
    """Sessions `first` to `last`, both included, with the number of anchors in it (None where it is not counted).

    Of a purge the anchors that were dropped, of an embargo those that nobody uses.
    """

    fold: int
    part: Part
    first: np.datetime64
    last: np.datetime64
    anchors: int | None = None


def split(key: str, title: Text, ranges: Sequence[Range], *, note: Text | None = None) -> Figure:
    """Draw ranges along one scale of time.

    >>> one = Range(1, "train", np.datetime64("2005-01-04"), np.datetime64("2014-12-31"), 2400)
    >>> split("split", Text.same("Split"), [one]).graph["ranges"][0]["from"]
    '2005-01-04'
    """
    drawn = [
        {
            "fold": r.fold,
            "part": r.part,
            "from": str(r.first.astype("datetime64[D]")),
            "to": str(r.last.astype("datetime64[D]")),
            "count": r.anchors,
        }
        for r in sorted(ranges, key=lambda r: (r.fold, r.first))
    ]
    counted = {part: sum(r.anchors or 0 for r in ranges if r.part == part) for part in ("purge", "embargo", "test")}
    told = Text(en="To scale.", zh="按比例绘制。")
    purge = Text(
        en=(
            f"{counted['purge']:,} anchors are purged: their labels would be known only after the range that they lie "
            "in has ended. A purge too short to be seen is drawn two pixels wide."
        ),
        zh=f"清除 {counted['purge']:,} 个样本：其标签在所处区间结束之后才可知；过短的清除段以两个像素绘出。",
    )
    embargo = Text(
        en=f"{counted['embargo']:,} anchors lie in an embargo and are not used.",
        zh=f"{counted['embargo']:,} 个样本位于禁用间隔，不予使用。",
    )
    judged = Text(
        en=f"{counted['test']:,} anchors are judged; overlapping labels make fewer independent ones.",
        zh=f"共评判 {counted['test']:,} 个样本；标签相互重叠，独立样本更少。",
    )
    parts = {r.part for r in ranges}
    return Figure(
        key=key,
        title=title,
        caption=sentences(
            told,
            purge if "purge" in parts else _NO_PURGE,
            embargo if "embargo" in parts else None,
            judged if counted["test"] else None,
            note,
        ),
        kind="split",
        graph={"ranges": drawn},
    )


_NO_PURGE = Text(
    en="Nothing had to be purged: no label crosses the end of its range.", zh="无需清除：没有标签跨越所处区间的终点。"
)
