"""Grades of relevance: how a date's targets become what a learning-to-rank model is taught, and in which order.

A date is one query, its assets are the documents, and what came of each is its relevance. Rows are first brought into
an order of their own (by date, target and inputs), then dealt within each date: a boosted ranker breaks ties by the
order of rows, and before its first tree all rows tie. Sorted by asset it would favour the first names; sorted by target
it would know the answer; in the order in which they came it would depend on it.
"""

from typing import NamedTuple

import numpy as np

from tidegate.errors import SettingError
from tidegate.types.axes import FloatArray, IntArray, Single

__all__ = ["Dealt", "dealt", "grades_by_date"]

_MOST_ROWS = 10_000
"""LightGBM refuses a larger query."""


class Dealt(NamedTuple):
    """Rows in their order ``[M]``, how many of them each date has, and their grades (both in that order)."""

    order: IntArray
    sizes: IntArray
    grades: IntArray


def grades_by_date(time: IntArray, target: FloatArray, grades: int) -> IntArray:
    """Standing of each target among those of its date, in `grades` equal parts: 0 is worst ``[M]``.

    Formula
        ``⌊grades · (below + (equal − 1) / 2 + 1 / 2) / n⌋`` of the n targets of its date; equal targets share a grade.
    Known at
        As late as the latest target of its date.

    >>> when = np.array([7, 7, 7, 7, 8])
    >>> grades_by_date(when, np.array([0.3, -0.1, 0.2, 0.2, 5.0]), 4).tolist()
    [3, 0, 2, 2, 2]
    """
    order = np.lexsort((target, time))
    return _graded(time[order], target[order], grades)[np.argsort(order)]


def dealt(time: IntArray, target: FloatArray, table: Single, grades: int, generator: np.random.Generator) -> Dealt:
    """Bring rows into an order that depends on what they say alone, dealt within each date by `generator`.

    Errors
        `SettingError` where every date has one row, so that there is nothing to rank, or one has more than 10,000.
    """
    order = _by_date(np.argsort(target), time)
    order = _settled(order, time, target, table)
    when = time[order]
    grade = _graded(when, target[order], grades)
    mixed = _by_date(generator.permutation(len(order)), when)
    sizes = np.diff(np.append(_starts(when), len(when)))
    if sizes.max() == 1:
        raise SettingError(
            "there is nothing to rank",
            expected="dates with several assets",
            found="one asset on every date",
            hint="a ranker is for many assets; of one, forecast the return",
        )
    if sizes.max() > _MOST_ROWS:
        raise SettingError(
            "a date has too many assets for the ranker",
            expected=f"at most {_MOST_ROWS}",
            found=int(sizes.max()),
            hint="narrow the universe",
        )
    return Dealt(order[mixed], sizes, grade[mixed])


def _by_date(order: IntArray, time: IntArray) -> IntArray:
    """The same order within each date, dates in theirs; of few dates in linear time, by their low digits."""
    when = time[order] - time.min()
    few = when.max() <= np.iinfo(np.int16).max
    return np.asarray(order[np.argsort(when.astype(np.int16) if few else when, kind="stable")])


def _graded(time: IntArray, target: FloatArray, grades: int) -> IntArray:
    """The same for rows sorted by date and target."""
    starts = _starts(time)
    sizes = np.diff(np.append(starts, len(time)))
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    fresh = np.ones(len(time), dtype=bool)
    fresh[1:] = (time[1:] != time[:-1]) | (target[1:] != target[:-1])
    runs = np.flatnonzero(fresh)
    lengths = np.diff(np.append(runs, len(time)))
    doubled = np.repeat(2 * runs + lengths, lengths) - 2 * first  # twice the middle of the run among its date
    return np.asarray(grades * doubled // (2 * size))


def _starts(time: IntArray) -> IntArray:
    return np.flatnonzero(np.append(True, time[1:] != time[:-1]))


def _settled(order: IntArray, time: IntArray, target: FloatArray, table: Single) -> IntArray:
    """Rows of one date with one target, sorted by their inputs: those that are still equal are the same row."""
    when, what = time[order], target[order]
    again = (when[1:] == when[:-1]) & (what[1:] == what[:-1])
    tied = np.flatnonzero(np.append(again, False) | np.append(False, again))
    if not tied.size:
        return order
    rows = order[tied]
    columns = [table[rows, column] for column in range(table.shape[1] - 1, -1, -1)]
    settled = order.copy()
    settled[tied] = rows[np.lexsort((*columns, target[rows], time[rows]))]
    return settled
