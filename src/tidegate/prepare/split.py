"""The family of splits: the time axis → folds. The purge is not a setting: it follows from the horizon (see `Fold`)."""

from abc import abstractmethod
from datetime import date
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.component import Component
from tidegate.errors import SettingError
from tidegate.types.axes import TimeArray
from tidegate.types.fold import Fold, Span

__all__ = ["ShareSplit", "SingleSplit", "Split", "WalkForward"]


class Split(Component):
    """Which time is learned from, which is watched, which is judged."""

    family: ClassVar[str] = "split"

    @abstractmethod
    def folds(self, times: TimeArray) -> tuple[Fold, ...]:
        """Ranges on the time axis ``[T]``, in order; raises `SettingError` where a range would be empty."""


class SingleSplit(Split):
    """Learn up to one day, judge from another on.

    >>> times = np.arange("2015-01-01", "2015-03-02", dtype="datetime64[D]").astype("datetime64[us]")
    >>> (fold,) = SingleSplit(train_end=date(2015, 1, 31), test_start=date(2015, 2, 1), valid_share=0.2).folds(times)
    >>> fold.train, fold.valid, fold.test
    (Span(first=0, end=25), Span(first=25, end=31), Span(first=31, end=60))
    """

    name: ClassVar[str] = "single-split"
    example: ClassVar[dict[str, Any]] = {"train_end": "2014-05-30", "test_start": "2014-06-01", "valid_share": 0.2}

    train_end: date = Field(description="last day to learn from")
    test_start: date = Field(description="first day to judge")
    test_end: date | None = Field(default=None, description="last day to judge; None is the end of the data")
    valid_share: float = Field(
        default=0.0, ge=0, lt=1, description="share of the learning range, its end, kept for watching"
    )
    embargo: int = Field(default=0, ge=0, description="bars left out between ranges, beyond the purge")

    def folds(self, times: TimeArray) -> tuple[Fold, ...]:
        """One fold; raises `SettingError` where the day to judge from is a day that was learned from."""
        if self.test_start <= self.train_end:
            raise SettingError(
                "days are both learned from and judged",
                where=self.name,
                expected=f"test_start after {self.train_end}",
                found=self.test_start,
            )
        cut = _after(times, self.train_end)
        first = max(_at(times, self.test_start), cut + self.embargo)
        end = len(times) if self.test_end is None else _after(times, self.test_end)
        return (_fold(0, Span(0, cut), self.valid_share, Span(first, end), self.embargo, times),)


class ShareSplit(Split):
    """Shares of the time axis in order: train, valid, test (the rest)."""

    name: ClassVar[str] = "share-split"
    example: ClassVar[dict[str, Any]] = {"train": 0.6, "valid": 0.2}

    train: float = Field(gt=0, lt=1, description="share of the time axis to learn from")
    valid: float = Field(default=0.0, ge=0, lt=1, description="share to watch, after the training share")
    embargo: int = Field(default=0, ge=0, description="bars left out between ranges, beyond the purge")

    def folds(self, times: TimeArray) -> tuple[Fold, ...]:
        """One fold."""
        if self.train + self.valid >= 1:
            raise SettingError("nothing is left to judge", expected="train + valid < 1", found=self.train + self.valid)
        total = len(times)
        cut = round(total * (self.train + self.valid))
        return (
            _fold(
                0,
                Span(0, cut),
                self.valid / (self.train + self.valid),
                Span(cut + self.embargo, total),
                self.embargo,
                times,
            ),
        )


class WalkForward(Split):
    """Judge one calendar period after another, each with a model that learned from what came before it.

    ``window="expanding"`` learns from everything before; ``"rolling"`` from the last `train_periods` periods.
    """

    name: ClassVar[str] = "walk-forward"
    example: ClassVar[dict[str, Any]] = {"first_test": "2014-05-01", "every": "month", "valid_share": 0.2}

    first_test: date = Field(
        description="first day to judge; the first period begins with the calendar period it lies in"
    )
    every: Literal["month", "quarter", "year"] = Field(default="year", description="calendar period of one fold")
    window: Literal["expanding", "rolling"] = Field(default="expanding", description="what a fold learns from")
    train_periods: int | None = Field(default=None, ge=1, description="periods that a rolling window learns from")
    valid_share: float = Field(
        default=0.0, ge=0, lt=1, description="share of the learning range, its end, kept for watching"
    )
    embargo: int = Field(default=0, ge=0, description="bars left out between ranges, beyond the purge")

    def folds(self, times: TimeArray) -> tuple[Fold, ...]:
        """Make a fold for every period from `first_test` to the end of the data."""
        if (self.window == "rolling") != (self.train_periods is not None):
            raise SettingError("a rolling window, and only that, needs train_periods", where=self.name)
        months = {"month": 1, "quarter": 3, "year": 12}[self.every]
        period = times.astype("datetime64[M]").astype(np.int64) // months
        first = np.datetime64(self.first_test, "M").astype(np.int64) // months
        made: list[Fold] = []
        for number in np.unique(period[period >= first]):
            test = Span(int(np.searchsorted(period, number)), int(np.searchsorted(period, number, side="right")))
            if self.train_periods is not None and number - self.train_periods < period[0]:
                raise SettingError(
                    "the history is shorter than the rolling window",
                    found=f"data from {times[0]}",
                    expected=f"{self.train_periods} {self.every}s before {times[test.first]}",
                    hint="move first_test, or learn from fewer periods",
                )
            start = 0 if self.train_periods is None else int(np.searchsorted(period, number - self.train_periods))
            train = Span(start, test.first - self.embargo)
            made.append(_fold(len(made), train, self.valid_share, test, self.embargo, times))
        if not made:
            raise SettingError(
                "no bar lies on or after first_test", found=self.first_test, expected=f"before {times[-1]}"
            )
        return tuple(made)


def _fold(index: int, train: Span, valid_share: float, test: Span, embargo: int, times: TimeArray) -> Fold:
    valid = None
    if valid_share > 0:
        watch = max(1, round((train.end - train.first) * valid_share))
        valid = Span(train.end - watch, train.end)
        train = Span(train.first, valid.first - embargo)
    for what, span in (("train", train), ("test", test)):
        if span.end <= span.first:
            raise SettingError(
                f"the {what} range of fold {index} is empty",
                found=f"data from {times[0]} to {times[-1]}",
                hint="move the split's dates",
            )
    return Fold.of(index, train, valid, test, embargo)


def _at(times: TimeArray, day: date) -> int:
    return int(np.searchsorted(times, np.datetime64(day, "us")))


def _after(times: TimeArray, day: date) -> int:
    return int(np.searchsorted(times, np.datetime64(day, "us") + np.timedelta64(1, "D")))
