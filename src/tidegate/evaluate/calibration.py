"""Whether probabilities mean what they say: log loss, Brier score, and how often what was said with 40 % came.

A score alone hides its ground: a forecast that always gives the base rates has a log loss too. So both scores stand
beside that of the base rates of the judged rows themselves (known only afterwards, so a generous rival), as a skill:
zero is as good as the base rates, below zero is worse than knowing nothing of the stock.
"""

from dataclasses import dataclass

import numpy as np

from tidegate.evaluate.classified import Classified
from tidegate.evaluate.doubt.overlap import Tested, hac, independent
from tidegate.evaluate.stated import stated
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.report import Measure

__all__ = ["Calibration", "brier", "calibration", "judge_calibration", "log_loss"]

_LEAST_CHANCE = 1e-12


def log_loss(chances: FloatArray, truth: IntArray) -> FloatArray:
    """``-ln p_y`` of each row ``[R]``, in nats; a probability of zero counts as 1e-12.

    Shapes: ``[R, K]``, ``[R]``.

    >>> log_loss(np.array([[0.5, 0.5]]), np.array([1])).round(4).tolist()
    [0.6931]
    """
    said = np.take_along_axis(chances, truth[:, None], axis=1)[:, 0]
    return np.asarray(-np.log(np.maximum(said, _LEAST_CHANCE)))


def brier(chances: FloatArray, truth: IntArray) -> FloatArray:
    """``Σ_k (p_k - 1[y = k])²`` of each row ``[R]``: 0 is certain and right, 2 certain and wrong.

    Shapes: ``[R, K]``, ``[R]``. Source: Brier (1950).

    >>> brier(np.array([[1.0, 0.0]]), np.array([1])).tolist()
    [2.0]
    """
    wanted = np.zeros_like(chances)
    np.put_along_axis(wanted, truth[:, None], 1.0, axis=1)
    return np.asarray(((chances - wanted) ** 2).sum(axis=1))


@dataclass(frozen=True)
class Calibration:
    """By bin of the probability said ``[bins]``: its mean, how often it came, with an interval, and the rows."""

    said: FloatArray
    came: FloatArray
    low: FloatArray
    high: FloatArray
    rows: IntArray

    @property
    def error(self) -> float:
        """Mean distance of said and came, bins weighing by their rows: the expected calibration error."""
        there = self.rows > 0
        total = self.rows.sum()
        return float(np.abs(self.said - self.came)[there] @ self.rows[there] / total) if total else float("nan")


def calibration(
    chance: FloatArray, came: BoolArray, date: IntArray, *, bins: int, span: int, level: float
) -> Calibration:
    """Sort rows into `bins` of equal count by the probability said, and count how often the class came.

    The interval of a bin is that of a ratio over dates, ``Σ y_t / Σ n_t``, by its influence values and `doubt.overlap`:
    rows of one month rise and fall together, and a binomial interval would be far too short.

    Shapes: ``[R]`` each, without missing values. Bins that equal probabilities leave empty have NaN, and so has the
    interval of a bin that fewer than four dates fill.

    >>> sure = calibration(np.ones(4), np.ones(4, dtype=bool), np.arange(4), bins=2, span=1, level=0.95)
    >>> sure.said.tolist(), sure.came.tolist(), sure.error
    ([1.0, nan], [1.0, nan], 0.0)
    """
    cuts = np.quantile(chance, np.linspace(0, 1, bins + 1)[1:-1]) if chance.size else np.empty(0)
    place = np.searchsorted(cuts, chance, side="left")
    rows = np.bincount(place, minlength=bins)
    said, hit, low, high = (np.full(bins, np.nan) for _ in range(4))
    for one in np.flatnonzero(rows):
        inside = place == one
        said[one], hit[one] = chance[inside].mean(), came[inside].mean()
        found = _ratio_over_dates(came[inside].astype(np.float64), date[inside], span=span, level=level)
        low[one], high[one] = max(float(found.low), 0.0), min(float(found.high), 1.0)
    return Calibration(said, hit, low, high, rows.astype(np.int64))


def _ratio_over_dates(values: FloatArray, date: IntArray, *, span: int, level: float) -> Tested:
    """The mean of rows as a ratio of sums over dates, with its interval over dates."""
    _, at = np.unique(date, return_inverse=True)
    count = np.bincount(at).astype(np.float64)
    mean = values.mean()
    influence = (np.bincount(at, weights=values) - mean * count) / count.mean()
    return hac(mean, influence, span=span, level=level)


def judge_calibration(
    held: Classified, subject: dict[str, str], *, level: float, bins: int = 10
) -> tuple[Measure, ...]:
    """log_loss, log_loss_skill, brier, brier_skill and calibration_error of a classifier; nothing for other models.

    Skills are ``1 - loss / loss of the base rates`` with intervals over dates; the error is the mean over classes.

    Known at
        When the last label is.
    Missing values
        Rows without a truth are left out.
    """
    rows = held.known
    if not held.told or not rows.size:
        return ()
    chances, truth, date = held.leaning[rows], held.truth[rows], held.date[rows]
    count = len(held.values)
    base = np.bincount(truth, minlength=count) / truth.size
    dates = len(np.unique(date))
    n = independent(dates, held.span)
    made: list[Measure] = []
    for name, loss, unit in (("log_loss", log_loss, "nats"), ("brier", brier, "squared probability")):
        ours, theirs = loss(chances, truth), loss(np.broadcast_to(base, chances.shape), truth)
        whole = _ratio_over_dates(ours, date, span=held.span, level=level)
        least = float(theirs.mean())
        made.append(_over(name, whole, unit, subject, level, n, f"base rates alone {least:.4f}"))
        if least:
            gained = 1.0 - float(ours.mean()) / least
            parts = _ratio_over_dates(theirs * (1.0 - gained) - ours, date, span=held.span, level=level)
            low, high = gained + float(parts.low) / least, min(gained + float(parts.high) / least, 1.0)
            note = "over the base rates of the judged rows; below zero is worse than naming those"
            made.append(
                stated(f"{name}_skill", subject, gained, "fraction", low=low, high=high, level=level, n=n, note=note)
            )
    error = np.mean(
        [
            calibration(chances[:, k], truth == k, date, bins=bins, span=held.span, level=level).error
            for k in range(count)
        ]
    )
    note = f"{bins} bins of equal count, mean over {count} classes; above zero by luck too"
    made.append(stated("calibration_error", subject, float(error), "fraction", n=n, note=note))
    return tuple(made)


def _over(name: str, found: Tested, unit: str, subject: dict[str, str], level: float, n: int, note: str) -> Measure:
    low, high = max(float(found.low), 0.0), float(found.high)
    return stated(name, subject, float(found.estimate), unit, low=low, high=high, level=level, n=n, note=note)
