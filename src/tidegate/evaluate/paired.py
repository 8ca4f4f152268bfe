"""Two trials on the same rows: the difference date by date, since what moved both alike is no difference.

A trial with shorter windows, other factors or another label judges other stocks than its reference, and a difference
of their results is partly one of the stocks. So both are judged on the rows that both have, and subtracted date by
date: a month in which everything rose lifts both, and leaves the difference alone. What is left is tested over dates.

Seeds are averaged before the test, so that the doubt is that of the history; how much seeds differ stands in the
tables over seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.errors import DataError
from tidegate.evaluate.classified import Classified
from tidegate.evaluate.doubt.overlap import Tested, mean_hac
from tidegate.evaluate.groups import by_top_share, grouped
from tidegate.types.axes import BoolArray, FloatArray

__all__ = ["Paired", "Spoken", "paired"]

Spoken = tuple[Classified, FloatArray]
"""What one seed said of some rows, and their returns ``[R]``."""


@dataclass(frozen=True)
class Paired:
    """A trial less its reference on their common rows; `first` and `second` are the reference's and the trial's own.

    `accuracy` is a difference of shares of rows, None where the two name other classes; `spread` one of the mean
    long-short a date. `rows` and `dates` count what both have.
    """

    rows: int
    dates: int
    accuracy: Tested | None
    accuracies: tuple[float, float]
    spread: Tested
    spreads: tuple[float, float]


def paired(first: Sequence[Spoken], second: Sequence[Spoken], *, share: float, level: float) -> Paired:
    """Compare two trials, each given by its seeds on the same rows in the same order.

    Formula
        accuracy: the ratio of sums over dates of right rows and rows, its error that of the residuals (see
        `judge_accuracy`); long-short: at each date the mean return of the `share` of rows that lean most to the highest
        class, less that of those that lean most to the lowest. Both are means over seeds, subtracted date by date, with
        a long-run variance and fixed-b critical values.
    Units
        Fractions; the long-short a date, frictionless.
    Known at
        When the last return is.
    Missing values
        Rows without a truth count for no accuracy, those without a return for no long-short, of either trial.
    Errors
        `DataError` where the rows are not the same, or a trial has no seed.

    >>> from tidegate.evaluate.classified import Classified
    >>> lean = np.array([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2], [0.2, 0.8]])
    >>> at = np.array([0, 0, 1, 1])
    >>> times = np.array(["2020-01-31", "2020-02-28"], dtype="datetime64[us]")
    >>> up = Classified(
    ...     lean,
    ...     lean.argmax(1),
    ...     np.array([0, 1, 0, 1]),
    ...     at,
    ...     times,
    ...     np.array([0, 1, 0, 1]),
    ...     np.array([-1.0, 1.0]),
    ...     True,
    ...     1,
    ... )
    >>> made = np.array([-0.1, 0.1, -0.2, 0.2])
    >>> told = paired([(up, made)], [(up, made)], share=0.5, level=0.95)
    >>> told.rows, told.dates, float(told.spread.estimate), round(told.spreads[0], 3)
    (4, 2, 0.0, 0.3)
    """
    for what, side in (("reference", first), ("trial", second)):
        if not side:
            raise DataError(f"the {what} has no seed", expected="at least one")
    lead = first[0][0]
    for held, _ in (*first, *second):
        if not (np.array_equal(held.date, lead.date) and np.array_equal(held.assets, lead.assets)):
            raise DataError("trials are compared on the same rows", expected=lead.said.size, found=held.said.size)
        if not np.array_equal(held.times, lead.times):
            raise DataError("trials are compared on the same dates", expected=lead.times[0], found=held.times[0])
    alike = np.array_equal(lead.values, second[0][0].values)
    ours, theirs = (np.mean([_spread(*one, share) for one in side], axis=0) for side in (first, second))
    both = np.isfinite(ours) & np.isfinite(theirs)
    gap = mean_hac((theirs - ours)[both], span=lead.span, level=level)
    told, accuracies = None, (float("nan"), float("nan"))
    known = (lead.truth >= 0) & (second[0][0].truth >= 0)
    if alike and known.any():
        size = np.bincount(lead.date[known], minlength=len(lead.times)).astype(np.float64)
        right = [np.mean([_right(held, known) for held, _ in side], axis=0) for side in (first, second)]
        accuracies = (float(right[0].sum() / size.sum()), float(right[1].sum() / size.sum()))
        dates = size > 0
        weight = size[dates] / size[dates].mean()
        apart, mean = ((right[1] - right[0])[dates] / size[dates]), accuracies[1] - accuracies[0]
        told = mean_hac(mean + weight * (apart - mean), span=lead.span, level=level)
    means = (float(ours[both].mean()), float(theirs[both].mean())) if both.any() else (float("nan"), float("nan"))
    return Paired(lead.said.size, int(both.sum()), told, accuracies, gap, means)


def _right(held: Classified, known: BoolArray) -> FloatArray:
    """How many of the known rows of each date were right ``[T]``."""
    hits = (held.said == held.truth)[known].astype(np.float64)
    return np.asarray(np.bincount(held.date[known], weights=hits, minlength=len(held.times)), dtype=np.float64)


def _spread(held: Classified, returns: FloatArray, share: float) -> FloatArray:
    """The long-short of each date ``[T]``, NaN where an end is empty or nothing has come."""
    made = grouped(held, by_top_share(held, share), returns)
    full = np.full(len(held.times), np.nan)
    full[np.searchsorted(held.times, made.times)] = made.long_short
    return full
