"""The ranges of a split to scale: train, purge, valid, embargo, test, one line for each fold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tidegate.report.figures.plain import sentences
from tidegate.types.report import Figure, Text

__all__ = ["Range", "split"]

Part = Literal["train", "purge", "valid", "embargo", "test"]


@dataclass(frozen=True)
class Range:
    """Sessions `first` to `last`, both included, with the number of anchors in it (None where it is not counted)."""

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
    tested = sum(r.anchors or 0 for r in ranges if r.part == "test")
    purged = any(r.part == "purge" for r in ranges)
    told = Text(
        en=(
            "To scale. Purged anchors are those whose label would be known only after the training range has "
            "ended; a purge too short to be seen is drawn two pixels wide. "
        )
        if purged
        else "To scale. ",
        zh="按比例绘制。被清除的样本，其标签在训练区间结束之后才可知；过短的清除段以两个像素绘出。"
        if purged
        else "按比例绘制。",
    )
    counted = Text(
        en=f"{tested:,} anchors are judged; overlapping labels make fewer independent ones.",
        zh=f"共评判 {tested:,} 个样本；标签相互重叠，独立样本更少。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(told, counted if tested else None, note),
        kind="split",
        graph={"ranges": drawn},
    )
