"""Fold: which anchors a model learns from, is watched on, and is judged on.

Ranges are half-open positions on the time axis [T]. An anchor of the training range whose target becomes known only
after the range's end is purged: the rule is the horizon's, not a number that somebody typed.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tidegate.errors import ClockError
from tidegate.types.axes import BoolArray, require
from tidegate.types.windows import Windows

__all__ = ["Fold", "Span"]


class Span(NamedTuple):
    """Positions ``first ... end - 1`` on the time axis."""

    first: int
    end: int

    def holds(self, windows: Windows) -> BoolArray:
        """Which anchors lie in it [M]."""
        when = windows.anchor_time
        return np.asarray((when >= self.first) & (when < self.end))


@dataclass(frozen=True)
class Fold:
    """Disjoint, ordered ranges; made only through `Fold.of`.

    A published protocol may judge what it learned from: its fold says so in `overlap`, the number of bars that both
    ranges hold. Everybody else's is 0.

    Known at
        A model of this fold is fitted after the close of bar ``cut - 1`` and used from `test.first` on; ``cut`` is the
        end of the last range it may look at (valid, or train where there is none). With an overlap it is used before
        it could have been fitted.
    """

    index: int
    train: Span
    valid: Span | None
    test: Span
    embargo: int
    overlap: int = 0

    @classmethod
    def of(cls, index: int, train: Span, valid: Span | None, test: Span, embargo: int = 0, overlap: int = 0) -> "Fold":
        """Check the order of the ranges; raises `RecordError`, or `ClockError` where they overlap and don't say so."""
        spans = [train, *([] if valid is None else [valid]), test]
        require(holds=all(span.end > span.first for span in spans), what="a range of a fold is empty", found=spans)
        require(
            holds=embargo >= 0 and train.first >= 0,
            what="a range or an embargo is negative",
            found=(train.first, embargo),
        )
        declared = overlap > 0 and valid is None and embargo == 0 and train.end - test.first == overlap
        require(holds=declared or overlap == 0, what="an overlap is not that of its ranges", found=(spans, overlap))
        for before, after in pairwise(spans):
            if not declared and after.first < before.end + embargo:
                raise ClockError(
                    "ranges of a fold overlap or ignore the embargo",
                    expected=f"start ≥ {before.end + embargo}",
                    found=after.first,
                )
        return cls(index, train, valid, test, embargo, overlap)

    @property
    def cut(self) -> int:
        """End of what the model may look at."""
        return self.train.end if self.valid is None else self.valid.end

    def training(self, windows: Windows) -> BoolArray:
        """Anchors to learn from [M]: in the range, and known before its end."""
        return self.train.holds(windows) & (windows.known < self.train.end) & np.isfinite(windows.target)

    def validation(self, windows: Windows) -> BoolArray:
        """Anchors to watch [M]: none where the fold has no such range."""
        if self.valid is None:
            return np.zeros(len(windows), dtype=bool)
        return self.valid.holds(windows) & (windows.known < self.valid.end) & np.isfinite(windows.target)

    def testing(self, windows: Windows) -> BoolArray:
        """Anchors to forecast [M], known or not."""
        return self.test.holds(windows)

    def purged(self, windows: Windows) -> int:
        """How many anchors of the training range were dropped because they are known too late."""
        return int((self.train.holds(windows) & np.isfinite(windows.target)).sum() - self.training(windows).sum())
