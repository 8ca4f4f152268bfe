"""Labels, normalisers and splits that know more than they say, and honest ones that look like them."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
import pytest

from tidegate.errors import ClockError
from tidegate.prepare.ahead import row_ahead, taken
from tidegate.prepare.label import Label, forward_return
from tidegate.prepare.normaliser import Normaliser, training_rows
from tidegate.prepare.split import SingleSplit, Split
from tidegate.testing.blind_labels import check_label
from tidegate.testing.blind_windows import check_fold, check_normaliser, check_split, example_windows
from tidegate.testing.history import example_bars
from tidegate.types import Affine, Fold, Span

BARS = example_bars(sessions=90)
HORIZON = {"lag": 1, "span": 3}


class KnownTooEarly(Label):
    """Says it is known a bar before it is."""

    name: ClassVar[str] = "leak-known-too-early"

    def exit_row(self, panel, count):
        return row_ahead(panel, self.horizon.purge - 1, count)

    def target(self, bars, panel, count):
        return forward_return(bars, panel, self.horizon, count)


class LooksOneFurther(Label):
    name: ClassVar[str] = "leak-looks-one-further"

    def target(self, bars, panel, count):
        return forward_return(bars, panel, self.horizon.but(span=self.horizon.span + 1), count)


class ClosesInstead(Label):
    """Uses the close of its exit bar, though it says the open."""

    name: ClassVar[str] = "leak-closes-instead"

    def target(self, bars, panel, count):
        return forward_return(bars, panel, self.horizon.but(exit="close"), count)


class MinusTheMean(Label):
    """Demeaned by the mean of all labels, the future ones too."""

    name: ClassVar[str] = "leak-minus-the-mean"

    def target(self, bars, panel, count):
        made = forward_return(bars, panel, self.horizon, count)
        return made - np.nanmean(made)


class ClippedByAllLabels(Label):
    name: ClassVar[str] = "leak-clipped-by-all-labels"

    def target(self, bars, panel, count):
        made = forward_return(bars, panel, self.horizon, count)
        return np.clip(made, *np.nanquantile(made, [0.2, 0.8]))


class OfThePresent(Label):
    """Not a label: it is known at its anchor already."""

    name: ClassVar[str] = "broken-of-the-present"

    def target(self, bars, panel, count):
        return np.where(self.exit_row(panel, count) >= 0, bars.adjusted("close"), np.nan)


class KnownTooLate(Label):
    name: ClassVar[str] = "broken-known-too-late"

    def exit_row(self, panel, count):
        return row_ahead(panel, self.horizon.purge + 2, count)

    def target(self, bars, panel, count):
        made = forward_return(bars, panel, self.horizon, count)
        return np.where(self.exit_row(panel, count) >= 0, made, np.nan)


class KnownNow(Label):
    name: ClassVar[str] = "leak-known-now"

    def exit_row(self, panel, count):
        return np.arange(panel.values.shape[0])

    def target(self, bars, panel, count):
        return forward_return(bars, panel, self.horizon, count)


class LogReturn(Label):
    name: ClassVar[str] = "fair-log-return"

    def target(self, bars, panel, count):
        return np.log1p(forward_return(bars, panel, self.horizon, count))


class PerTrailingDeviation(Label):
    """Scaled by what had been seen at the anchor."""

    name: ClassVar[str] = "fair-per-trailing-deviation"

    def target(self, bars, panel, count):
        past = np.abs(taken(bars.adjusted("close"), row_ahead(panel, 0, count)) - bars.adjusted("open")) + 1.0
        return forward_return(bars, panel, self.horizon, count) / past


class Triangle(Label):
    """Three classes with fixed edges."""

    name: ClassVar[str] = "fair-three-classes"

    def target(self, bars, panel, count):
        made = forward_return(bars, panel, self.horizon, count)
        return np.where(np.isnan(made), np.nan, np.digitize(np.nan_to_num(made), [-0.02, 0.02]).astype(float))


@pytest.mark.parametrize(
    "kind",
    [
        KnownTooEarly,
        LooksOneFurther,
        ClosesInstead,
        MinusTheMean,
        ClippedByAllLabels,
        OfThePresent,
        KnownTooLate,
        KnownNow,
    ],
    ids=lambda kind: kind.name,
)
def test_a_label_that_misstates_its_clock_is_caught(kind):
    with pytest.raises(ClockError, match=kind.name):
        check_label(kind(horizon=HORIZON), BARS, cuts=3)


@pytest.mark.parametrize("kind", [LogReturn, PerTrailingDeviation, Triangle], ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    "horizon", [HORIZON, {"lag": 0, "span": 2, "entry": "close", "exit": "close"}], ids=["open", "close"]
)
def test_an_honest_label_is_not_flagged(kind, horizon):
    assert check_label(kind(horizon=horizon), BARS, cuts=2) >= 4


class FittedOnAll(Normaliser):
    name: ClassVar[str] = "leak-fitted-on-all"

    def fit(self, windows, training):
        rows, _ = training_rows(windows, np.ones_like(training))
        _, upto = training_rows(windows, training)
        return Affine.of(rows.mean(axis=0)[None, :], rows.std(axis=0)[None, :], upto)


class FittedOnAllAndSaysSo(Normaliser):
    name: ClassVar[str] = "leak-fitted-on-all-and-says-so"

    def fit(self, windows, training):
        rows, upto = training_rows(windows, np.ones_like(training))
        return Affine.of(rows.mean(axis=0)[None, :], rows.std(axis=0)[None, :], upto)


class FittedAndSilent(Normaliser):
    """Fitted on the training windows, but says that it looked at nothing."""

    name: ClassVar[str] = "leak-fitted-and-silent"

    def fit(self, windows, training):
        rows, _ = training_rows(windows, training)
        return Affine.of(rows.mean(axis=0)[None, :], rows.std(axis=0)[None, :])


class WindowAndNext(Normaliser):
    """Each window by its own rows and one more."""

    name: ClassVar[str] = "leak-window-and-next"

    def fit(self, windows, training):
        columns = [windows.panel.field(field) for field in windows.inputs]
        values = windows.panel.values[:, columns].astype(np.float64)
        following = values[np.minimum(windows.anchors + 1, len(values) - 1)]
        return Affine.of(following, np.ones_like(following))


class LevelOfAll(Normaliser):
    """Each window by its own rows, scaled by the spread over all windows."""

    name: ClassVar[str] = "leak-level-of-all"

    def fit(self, windows, training):
        columns = [windows.panel.field(field) for field in windows.inputs]
        last = windows.panel.values[windows.anchors][:, columns].astype(np.float64)
        return Affine.of(last, np.broadcast_to(last.std(axis=0), last.shape).copy())


class TrainingMedian(Normaliser):
    name: ClassVar[str] = "fair-training-median"

    def fit(self, windows, training):
        rows, upto = training_rows(windows, training)
        return Affine.of(np.median(rows, axis=0)[None, :], np.ones((1, rows.shape[1])), upto)


class LastOfWindow(Normaliser):
    name: ClassVar[str] = "fair-last-of-window"

    def fit(self, windows, training):
        columns = [windows.panel.field(field) for field in windows.inputs]
        last = windows.panel.values[windows.anchors][:, columns].astype(np.float64)
        return Affine.of(last, np.maximum(np.abs(last), 1.0))


@pytest.mark.parametrize(
    "kind", [FittedOnAll, FittedOnAllAndSaysSo, FittedAndSilent, WindowAndNext, LevelOfAll], ids=lambda kind: kind.name
)
def test_a_normaliser_that_saw_later_rows_is_caught(kind):
    with pytest.raises(ClockError, match=kind.name):
        check_normaliser(kind(), BARS)


@pytest.mark.parametrize("kind", [TrainingMedian, LastOfWindow], ids=lambda kind: kind.name)
def test_an_honest_normaliser_is_not_flagged(kind):
    assert check_normaliser(kind(), BARS) >= 8


@dataclass(frozen=True)
class Unpurged(Fold):
    """Learns from every anchor in the range, known or not."""

    def training(self, windows):
        return self.train.holds(windows) & np.isfinite(windows.target)


class Made(Split):
    """Whatever folds a test gives it."""

    name: ClassVar[str] = "made-of-folds"
    embargo: int = 0
    given: ClassVar[tuple[Fold, ...]] = ()

    def folds(self, times):
        return self.given


def fold(kind=Fold, index=0, train=(0, 40), valid=None, test=(40, 80), embargo=0):
    return kind(index, Span(*train), None if valid is None else Span(*valid), Span(*test), embargo)


@pytest.mark.parametrize(
    "folds, embargo, match",
    [
        ((fold(Unpurged),), 0, "training targets are known only inside the next range"),
        ((fold(train=(0, 41)),), 0, "overlap or ignore the embargo"),
        ((fold(train=(50, 80), test=(0, 50)),), 0, "overlap"),
        ((fold(valid=(40, 50), test=(45, 80)),), 0, "overlap"),
        ((fold(),), 3, "ignore the embargo"),
        ((fold(test=(40, 200)),), 0, "leaves the time axis"),
        ((fold(test=(40, 70)), fold(index=1, train=(0, 60), test=(60, 80))), 0, "judged twice"),
        ((fold(index=3),), 0, "numbered from 0"),
        ((), 0, "numbered from 0"),
    ],
    ids=["no purge", "overlap", "backwards", "valid in test", "no embargo", "too long", "twice", "numbers", "none"],
)
def test_a_split_that_shares_time_is_caught(monkeypatch, folds, embargo, match):
    monkeypatch.setattr(Made, "given", folds)
    with pytest.raises(ClockError, match=match):
        check_split(Made(embargo=embargo), BARS)


def test_one_unpurged_row_is_enough():
    windows = example_windows(BARS)
    check_fold(fold(), windows)
    with pytest.raises(ClockError, match=r"expected known before bar 40, found 4[0-3]"):
        check_fold(fold(Unpurged), windows)


def test_an_embargo_that_is_kept_is_not_flagged():
    split = SingleSplit(train_end=date(2014, 3, 31), test_start=date(2014, 4, 1), embargo=5, valid_share=0.2)
    assert check_split(split, BARS) == 1
