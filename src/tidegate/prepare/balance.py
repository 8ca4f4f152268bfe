"""How many windows of each class there are, month by month: the base rates that every accuracy stands against."""

from dataclasses import dataclass

import numpy as np

from tidegate.types.axes import FloatArray, IntArray, TimeArray, frozen, require
from tidegate.types.windows import Windows

__all__ = ["ClassBalance", "class_balance"]


@dataclass(frozen=True)
class ClassBalance:
    """Counts ``[months, classes]`` of the targets, by the month of their anchors.

    Known at
        When the last target of a month is.
    """

    months: TimeArray
    classes: FloatArray
    counts: IntArray

    @property
    def shares(self) -> FloatArray:
        """Each class's share of its month ``[months, classes]``; no month is empty."""
        return np.asarray(self.counts / self.counts.sum(axis=1, keepdims=True))

    @property
    def majority(self) -> FloatArray:
        """Accuracy, month by month, of always naming the class that is the most common over all months."""
        return np.asarray(self.shares[:, int(self.counts.sum(axis=0).argmax())])


def class_balance(windows: Windows, most: int = 25) -> ClassBalance:
    """Count the classes of each month's anchors.

    Missing values
        A missing target is in no class; a month without targets has no row.
    Errors
        `RecordError` where the targets take more than `most` values: then they are no classes.
    """
    told = ~np.isnan(windows.target)
    classes, which = np.unique(windows.target[told], return_inverse=True)
    require(
        holds=len(classes) <= most,
        what="targets are no classes",
        expected=f"at most {most} values",
        found=len(classes),
        hint="label with classes first",
    )
    when = windows.panel.times[windows.anchor_time[told]].astype("datetime64[M]")
    months, row = np.unique(when, return_inverse=True)
    counts = np.zeros((len(months), len(classes)), dtype=np.int64)
    np.add.at(counts, (row, which), 1)
    return ClassBalance(frozen(months.astype("datetime64[us]")), frozen(classes), frozen(counts))
