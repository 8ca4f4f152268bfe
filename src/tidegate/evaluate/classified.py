"""Judge a forecast of classes: how often it was right, beside what needs no forecast at all.

Three bars stand beside every accuracy. The **majority** always names the class that was the commonest of all judged
rows. The **month oracle** names the commonest class of each date, which nobody can know in time: what a forecast gains
below it may come from guessing the month, not the stock. And by date, what a forecast's own answers score when they are
**dealt out** among that date's stocks: outside that band it told stocks apart.

Rows of one date are one look at the future, so intervals are over dates (`doubt.overlap`), never over rows.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from tidegate.errors import DataError
from tidegate.evaluate.doubt.overlap import Tested, independent, mean_hac
from tidegate.evaluate.stated import stated
from tidegate.types.axes import FloatArray, IntArray, TimeArray, frozen
from tidegate.types.forecast import Forecast
from tidegate.types.report import Measure

__all__ = ["Classified", "Dated", "accuracy_by_date", "confusion", "judge_accuracy"]

_NEAR = 1e-6


@dataclass(frozen=True)
class Classified:
    """A forecast as classes: what each row said, how it leaned to each class, and what came.

    Fields
    ------
    leaning
        ``[R, K]``: probabilities where a classifier spoke (then `told` is True). A model that gives one number leans
        by it: to the highest class with its score, to the lowest against it, to one between by its nearness.
    said, truth
        ``[R]`` class numbers 0 … K - 1; the likeliest (the lower of equals), and what came, -1 where it has not.
    date, times
        ``[R]`` position of each row's time on `times` ``[T]``.
    assets
        ``[R]`` a number for each row's asset.
    values
        ``[K]`` the classes in the label's unit, rising.
    span
        Bars that the label spans.

    Known at
        `leaning` and `said` at CLOSE of the row's time, `truth` when the label is.
    """

    leaning: FloatArray
    said: IntArray
    truth: IntArray
    date: IntArray
    times: TimeArray
    assets: IntArray
    values: FloatArray
    told: bool
    span: int

    @classmethod
    def of(cls, forecast: Forecast, values: FloatArray) -> "Classified":
        """Read a forecast whose label has the classes `values` ``[K]``.

        A model without probabilities says the class nearest to its score. Raises `DataError` where a truth is no
        class, or the probabilities are of another number of classes.
        """
        classes = np.asarray(values, dtype=np.float64)
        middle = (classes[1:] + classes[:-1]) / 2
        truth = forecast.truth
        came = np.isfinite(truth)
        number = np.searchsorted(middle, np.where(came, truth, classes[0]), side="left")
        if bool((np.abs(classes[number] - truth)[came] > _NEAR).any()):
            raise DataError("a truth is no class", expected=classes.tolist(), found=np.unique(truth[came])[:6].tolist())
        chances = forecast.probabilities
        if chances is not None and chances.shape[1] != len(classes):
            raise DataError("probabilities of another number of classes", expected=len(classes), found=chances.shape[1])
        score = forecast.score
        leaning = chances if chances is not None else _towards(score, classes)
        said = leaning.argmax(axis=1) if chances is not None else np.searchsorted(middle, score, side="left")
        times, date = np.unique(forecast.frame["time"].to_numpy(), return_inverse=True)
        _, assets = np.unique(forecast.frame["asset"].to_numpy(), return_inverse=True)
        return cls(
            frozen(np.asarray(leaning, dtype=np.float64)),
            frozen(said.astype(np.int64)),
            frozen(np.where(came, number, -1).astype(np.int64)),
            frozen(date.astype(np.int64)),
            frozen(times.astype("datetime64[us]")),
            frozen(assets.astype(np.int64)),
            frozen(classes),
            chances is not None,
            forecast.horizon.span,
        )

    @property
    def known(self) -> IntArray:
        """Rows whose truth has come."""
        return np.flatnonzero(self.truth >= 0)

    @property
    def apart(self) -> IntArray:
        """Rows of every span-th date: their labels share no bar, so that what they made can be compounded."""
        return np.flatnonzero(self.date % self.span == 0)

    def only(self, rows: IntArray) -> "Classified":
        """Keep some rows; dates that are left without rows are gone."""
        dates, date = np.unique(self.date[rows], return_inverse=True)
        return Classified(
            frozen(self.leaning[rows]),
            frozen(self.said[rows]),
            frozen(self.truth[rows]),
            frozen(date.astype(np.int64)),
            frozen(self.times[dates]),
            frozen(self.assets[rows]),
            self.values,
            self.told,
            self.span,
        )


def _towards(score: FloatArray, classes: FloatArray) -> FloatArray:
    near = -np.abs(score[:, None] - classes[None, :])
    near[:, 0], near[:, -1] = -score, score
    return np.asarray(near)


def confusion(held: Classified) -> IntArray:
    """How many rows of each true class (rows) were said to be of each class (columns), ``[K, K]``.

    Missing values: rows whose truth has not come are not counted.
    """
    count = len(held.values)
    rows = held.known
    flat = np.bincount(held.truth[rows] * count + held.said[rows], minlength=count * count)
    return np.asarray(flat.reshape(count, count), dtype=np.int64)


@dataclass(frozen=True)
class Dated:
    """Accuracies date by date ``[D]``, of the dates with a truth.

    `dealt` is what the same answers score on average when they are dealt out among the rows of the date, `low` and
    `high` the band in which that lies at the level asked for; `rows` counts.
    """

    times: TimeArray
    accuracy: FloatArray
    majority: FloatArray
    oracle: FloatArray
    dealt: FloatArray
    low: FloatArray
    high: FloatArray
    rows: IntArray


def accuracy_by_date(held: Classified, *, level: float) -> Dated:
    """Accuracy of each date, beside the majority class of all dates, the date's own, and answers dealt out anew.

    With shares s_k of the answers and t_k of the truths, dealing them out scores ``m = Σ s_k t_k`` on average, with
    variance ``Σ_kl s_k t_l (1[k=l] - t_k - s_l + m)² / (n - 1)``, exact over all orders; the band takes it as normal.

    Known at
        When the date's labels are.
    Missing values
        Dates without a truth are left out. A date of one row has no band: NaN.
    """
    rows, count = held.known, len(held.values)
    dates, at = np.unique(held.date[rows], return_inverse=True)
    said, truth = held.said[rows], held.truth[rows]
    size = np.bincount(at, minlength=len(dates)).astype(np.float64)
    hits = np.bincount(at, weights=(said == truth).astype(np.float64), minlength=len(dates))
    ours, came = (_counts(at, side, len(dates), count) / size[:, None] for side in (said, truth))
    dealt = (ours * came).sum(axis=1)
    same = np.eye(count)[None]
    apart = same - came[:, :, None] - ours[:, None, :] + dealt[:, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (ours[:, :, None] * came[:, None, :] * apart**2).sum(axis=(1, 2)) / (size - 1)
    reach = norm.ppf(0.5 + level / 2) * np.sqrt(np.where(size > 1, variance, np.nan))
    common = int(np.bincount(truth, minlength=count).argmax()) if rows.size else 0
    return Dated(
        held.times[dates],
        hits / size,
        came[:, common],
        came.max(axis=1) if len(dates) else np.empty(0),
        dealt,
        np.maximum(dealt - reach, 0.0),
        np.minimum(dealt + reach, 1.0),
        size.astype(np.int64),
    )


def _counts(at: IntArray, side: IntArray, dates: int, count: int) -> FloatArray:
    flat = np.bincount(at * count + side, minlength=dates * count)
    return np.asarray(flat.reshape(dates, count), dtype=np.float64)


def judge_accuracy(held: Classified, subject: dict[str, str], *, level: float) -> tuple[Measure, ...]:
    """Measure accuracy, with what it must beat.

    Measures: class_accuracy, class_majority, class_oracle, class_gain, class_gain_p, class_dealt.

    `class_gain` is accuracy less majority; `class_dealt` accuracy less what the same answers score when dealt out
    within each date, which is what a forecast knows of stocks and not of months. Rows weigh alike and dates are
    clusters: each is a ratio of sums over dates, whose error is that of its residuals ``n_d (a_d - a) / mean(n)``, with
    fixed-b critical values. How many rows a date has is no part of the doubt.

    Known at
        When the last label is.
    Missing values
        Rows without a truth are left out. With none left every value is None.
    """
    rows = held.known
    if not rows.size:
        why = "no truth has come yet"
        return tuple(stated(name, subject, np.nan, _FRACTION, n=0, otherwise=why) for name in _NAMES)
    dated = accuracy_by_date(held, level=level)
    weight = dated.rows / dated.rows.mean()
    n = independent(len(dated.rows), held.span)
    accuracy, majority, oracle = ((side * weight).mean() for side in (dated.accuracy, dated.majority, dated.oracle))

    def over(series: FloatArray) -> Tested:
        mean = float((series * weight).mean())  # rows over rows: a ratio, whose error is that of its residuals
        return mean_hac(mean + weight * (series - mean), span=held.span, level=level)

    right, gain = over(dated.accuracy), over(dated.accuracy - dated.majority)
    dealt = over(dated.accuracy - dated.dealt)
    common = int(np.bincount(held.truth[rows], minlength=len(held.values)).argmax())

    def bounded(name: str, found: Tested, note: str, ends: tuple[float, float]) -> Measure:
        low, high = max(float(found.low), ends[0]), min(float(found.high), ends[1])
        value = float(found.estimate)
        return stated(name, subject, value, _FRACTION, low=low, high=high, level=level, n=n, note=note)

    return (
        bounded("class_accuracy", right, f"over {len(dated.rows)} dates, {rows.size} rows", (0.0, 1.0)),
        stated(
            "class_majority",
            subject,
            float(majority),
            _FRACTION,
            n=n,
            note=f"always naming class {held.values[common]:g}, the commonest of the judged rows",
        ),
        stated(
            "class_oracle",
            subject,
            float(oracle),
            _FRACTION,
            n=n,
            note="naming each date's commonest class, which nobody knows in time",
        ),
        bounded("class_gain", gain, f"accuracy {float(accuracy):.4f} less majority", (-1.0, 1.0)),
        stated("class_gain_p", subject, float(gain.p_value), "p-value", n=n, note="two-sided, over dates, fixed-b"),
        bounded("class_dealt", dealt, "less the same answers dealt out within each date", (-1.0, 1.0)),
    )


_FRACTION = "fraction"
_NAMES = ("class_accuracy", "class_majority", "class_oracle", "class_gain", "class_gain_p", "class_dealt")
