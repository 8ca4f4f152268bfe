"""A split that judges what it learned from: a published mistake, for comparison."""

from datetime import date
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.errors import SettingError
from tidegate.prepare.split import Split
from tidegate.types.axes import TimeArray
from tidegate.types.fold import Fold, Span

__all__ = ["OverlappingSplit"]


class OverlappingSplit(Split):
    """Learn up to one day, judge from an earlier one on: the days between are learned from and judged.

    Known at
        Never lawful: labels of judged days are among those learned.
    Source
        The stock-selection document trains on 2010–2016 and predicts 2016–2019: 2016 is in both.

    >>> times = np.arange("2015-01-01", "2015-03-02", dtype="datetime64[D]").astype("datetime64[us]")
    >>> (fold,) = OverlappingSplit(train_end=date(2015, 1, 31), test_start=date(2015, 1, 16)).folds(times)
    >>> fold.train, fold.test, fold.overlap
    (Span(first=0, end=31), Span(first=15, end=60), 16)
    """

    name: ClassVar[str] = "overlapping-split"
    mistake: ClassVar[str] = "LEAKS: days are both learned from and judged."
    example: ClassVar[dict[str, Any]] = {"train_end": "2014-05-30", "test_start": "2014-04-01"}

    train_end: date = Field(description="last day to learn from")
    test_start: date = Field(description="first day to judge, not after it")
    test_end: date | None = Field(default=None, description="last day to judge; None is the end of the data")

    def folds(self, times: TimeArray) -> tuple[Fold, ...]:
        """One fold; raises `SettingError` where nothing overlaps, which `single-split` does better."""
        days = times.astype("datetime64[D]")
        cut = int(np.searchsorted(days, np.datetime64(self.train_end), side="right"))
        first = int(np.searchsorted(days, np.datetime64(self.test_start)))
        last = None if self.test_end is None else np.datetime64(self.test_end)
        end = len(times) if last is None else int(np.searchsorted(days, last, side="right"))
        if first >= cut:
            raise SettingError(
                "no day is both learned from and judged",
                where=self.name,
                expected=f"test_start up to {self.train_end}",
                found=self.test_start,
                hint="take the split 'single-split'",
            )
        return (Fold.of(0, Span(0, cut), None, Span(first, end), overlap=cut - first),)
