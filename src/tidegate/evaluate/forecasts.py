"""Judge a forecast: what it knows, and how sure that is.

A forecast over a cross-section of many assets is judged date by date: one IC a date, then their mean. A forecast of
one instrument (or a few) is judged over time: one correlation of all its rows. Either way rows of one date are one
look at the future, and dates nearer than the label's span overlap: intervals come from `doubt.overlap`, and every
figure carries the number of **independent** periods, ``dates // span``, not the number of rows.
"""

from dataclasses import dataclass
from itertools import starmap

import numpy as np
from scipy.stats import rankdata

from tidegate.errors import DataError
from tidegate.evaluate.doubt.direction import agreement_terms
from tidegate.evaluate.doubt.duel import diebold_mariano
from tidegate.evaluate.doubt.overlap import (
    Tested,
    hac,
    hac_correlation,
    ic_plain,
    independent,
    mean_apart,
    mean_hac,
    standardised,
)
from tidegate.evaluate.doubt.skill import skill_hac
from tidegate.evaluate.stated import stated
from tidegate.measures import scores
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.forecast import Forecast
from tidegate.types.report import Measure

__all__ = ["CROSS_SECTION", "judge_forecast"]

CROSS_SECTION = 20
"""Assets a date (median) from which on a forecast is judged as a cross-section."""


def judge_forecast(
    forecast: Forecast,
    subject: dict[str, str],
    *,
    reference: FloatArray | None,
    reference_name: str,
    level: float,
    cross_section: int = CROSS_SECTION,
) -> tuple[Measure, ...]:
    """Measure a forecast against what came, and against a reference forecast of the same rows.

    Measures, in order: pairs, independent_periods, ic, ic_p, ic_apart, ic_apart_p, rank_ic, rank_ic_p, icir
    (cross-sections only), direction_accuracy, majority_rate, direction_p, rmse, mae, skill, skill_p (with a reference
    only), share_above_zero. Intervals and p-values are of `doubt.overlap` (fixed-b) unless the name says *apart*;
    skill_p is Diebold and Mariano's.

    Shapes: `reference` ``[rows]``, in the rows' order of ``forecast.frame``, NaN where it says nothing. Units: errors
    in the label's unit. Known at: ``horizon.exit_at`` of the last row. Missing values: rows whose truth has not come
    are left out and counted in the note of *pairs*. Raises `DataError` where `reference` has another length.
    """
    rows = _Rows.of(forecast)
    span, n = forecast.horizon.span, independent(rows.dates, forecast.horizon.span)
    many = rows.dates > 0 and float(np.median(np.bincount(rows.date, minlength=rows.dates))) >= cross_section
    found: list[Measure] = [
        stated(
            "pairs",
            subject,
            rows.score.size,
            "rows",
            n=rows.score.size,
            note=f"{rows.without} rows without a truth left out",
        ),
        stated("independent_periods", subject, n, "periods", n=n, note=f"{rows.dates} dates, labels over {span} bars"),
    ]

    def say(name: str, tested: Tested, unit: str, note: str = "") -> None:
        low, high = max(float(tested.low), -1.0), min(float(tested.high), 1.0)
        found.append(
            stated(
                name,
                subject,
                float(tested.estimate),
                unit,
                low=low,
                high=high,
                level=level,
                n=tested.independent,
                note=note,
            )
        )

    def say_p(name: str, tested: Tested, note: str) -> None:
        found.append(stated(name, subject, float(tested.p_value), "p-value", n=tested.independent, note=note))

    for name, ranked in (("ic", False), ("rank_ic", True)):
        whole, apart, series = (
            _across(rows, span, level, ranked=ranked) if many else _over_time(rows, span, level, ranked=ranked)
        )
        way = "mean over dates" if many else "over time"
        say(name, whole, "correlation", f"{way}; fixed-b interval")
        say_p(f"{name}_p", whole, "two-sided, fixed-b")
        if not ranked:
            say("ic_apart", apart, "correlation", f"every {span} dates: labels do not overlap")
            say_p("ic_apart_p", apart, "two-sided, labels do not overlap")
            if many:
                ratio = float(scores.icir(series, periods_per_year=None))
                found.append(stated("icir", subject, ratio, "ratio", n=n, note="not annualised: labels may overlap"))
    found.extend(_errors(rows, forecast, subject, level))
    if reference is not None:
        found.extend(_against(rows, np.asarray(reference, dtype=np.float64), reference_name, subject, span, level))
    above = float(scores.share_above_zero(rows.score))
    found.append(stated("share_above_zero", subject, above, "fraction", n=n))
    return tuple(found)


@dataclass(frozen=True)
class _Rows:
    """Rows with a truth: score and truth ``[rows]``, date of each as a counter, and how many dates there are."""

    score: FloatArray
    truth: FloatArray
    date: IntArray
    dates: int
    kept: IntArray
    total: int

    @classmethod
    def of(cls, forecast: Forecast) -> "_Rows":
        kept = np.flatnonzero(np.isfinite(forecast.truth))
        times, date = np.unique(forecast.frame["time"].to_numpy()[kept], return_inverse=True)
        whole = forecast.truth.size
        return cls(forecast.score[kept], forecast.truth[kept], date.astype(np.int64), times.size, kept, whole)

    @property
    def without(self) -> int:
        return self.total - self.kept.size

    def by_date(self, values: FloatArray) -> FloatArray:
        """Sum by date, scaled so that the mean over dates is the mean over rows."""
        sums = np.bincount(self.date, weights=values, minlength=self.dates).astype(np.float64)
        return sums * (self.dates / max(values.size, 1))

    def only(self, which: IntArray) -> "_Rows":
        """Keep some of the rows; dates that are left without rows are gone."""
        dates, date = np.unique(self.date[which], return_inverse=True)
        return _Rows(
            self.score[which], self.truth[which], date.astype(np.int64), dates.size, self.kept[which], self.total
        )


def _across(rows: _Rows, span: int, level: float, *, ranked: bool) -> tuple[Tested, Tested, FloatArray]:
    order = np.argsort(rows.date, kind="stable")
    ends = np.searchsorted(rows.date[order], np.arange(1, rows.dates))
    parts = zip(np.split(rows.score[order], ends), np.split(rows.truth[order], ends), strict=True)
    series = np.asarray(list(starmap(scores.rank_ic if ranked else scores.ic, parts)), dtype=np.float64)
    series = series[np.isfinite(series)]
    if not series.size:  # one score for all assets of every date: it ranks nothing, whatever it does over time
        nothing = hac_correlation(np.nan, np.empty(0), np.empty(0), span=span, level=level)
        return nothing, nothing, series
    return mean_hac(series, span=span, level=level), mean_apart(series, span=span, level=level), series


def _over_time(rows: _Rows, span: int, level: float, *, ranked: bool) -> tuple[Tested, Tested, FloatArray]:
    apart = rows.only(np.flatnonzero(rows.date % span == 0))
    one_a_date = apart.dates == apart.score.size
    few = (
        ic_plain(*_sides(apart, ranked=ranked), span=1, level=level)
        if one_a_date
        else _pooled(apart, 1, level, ranked=ranked)
    )
    return _pooled(rows, span, level, ranked=ranked), few, np.empty(0)


def _pooled(rows: _Rows, span: int, level: float, *, ranked: bool) -> Tested:
    s, y = _sides(rows, ranked=ranked)
    if not s.size:
        return hac_correlation(np.nan, np.empty(0), np.empty(0), span=span, level=level)
    z, w = standardised(s), standardised(y)
    product, square = (rows.by_date(x) for x in (z * w, 0.5 * (z**2 + w**2)))
    return hac_correlation(scores.ic(s, y), product, square, span=span, level=level)


def _sides(rows: _Rows, *, ranked: bool) -> tuple[FloatArray, FloatArray]:
    if not ranked:
        return rows.score, rows.truth
    return np.asarray(rankdata(rows.score), dtype=np.float64), np.asarray(rankdata(rows.truth), dtype=np.float64)


def _errors(rows: _Rows, forecast: Forecast, subject: dict[str, str], level: float) -> list[Measure]:
    span, n, unit = forecast.horizon.span, independent(rows.dates, forecast.horizon.span), forecast.unit
    if not rows.score.size:
        units = ("fraction", "fraction", "p-value", unit, unit)
        named = zip(("direction_accuracy", "majority_rate", "direction_p", "rmse", "mae"), units, strict=True)
        return [stated(name, subject, np.nan, one, n=0, otherwise="no truth has come yet") for name, one in named]
    hit = ((rows.score > 0) == (rows.truth > 0)).astype(np.float64)
    right, gap = mean_hac(rows.by_date(hit), span=span, level=level), np.abs(rows.score - rows.truth)
    base, root = float(scores.majority_rate(rows.score, rows.truth)), float(scores.rmse(rows.score, rows.truth))
    slope = rows.by_date((gap**2 - root**2) / (2 * root)) if root else rows.by_date(gap)
    size, away = hac(root, slope, span=span, level=level), mean_hac(rows.by_date(gap), span=span, level=level)
    terms = agreement_terms(rows.score, rows.truth)
    beyond = hac(terms.mean(), rows.by_date(terms), span=span, level=level)
    apart = float(np.exp((size.high - root) / root)) if root else np.nan
    low, high = max(float(right.low), 0.0), min(float(right.high), 1.0)
    silent = not rows.score.any()  # no change throughout: it says no direction, and cannot be right about one
    accuracy = np.nan if silent else float(scores.direction_accuracy(rows.score, rows.truth))
    return [
        stated(
            "direction_accuracy",
            subject,
            accuracy,
            "fraction",
            low=low,
            high=high,
            level=level,
            n=n,
            note=f"base rate {base:.4f}",
            otherwise="the forecast says no direction",
        ),
        stated(
            "majority_rate",
            subject,
            base,
            "fraction",
            n=n,
            note="always saying the commoner direction of the judged rows",
        ),
        stated(
            "direction_p",
            subject,
            float(beyond.p_value),
            "p-value",
            n=n,
            note="two-sided, fixed-b; against independent ups and downs of the same shares",
            otherwise="the forecast or the truth never changes its direction, or too few dates",
        ),
        stated("rmse", subject, root, unit, low=root / apart, high=root * apart, level=level, n=n),
        stated(
            "mae",
            subject,
            float(away.estimate),
            unit,
            low=max(float(away.low), 0.0),
            high=float(away.high),
            level=level,
            n=n,
        ),
    ]


def _against(
    rows: _Rows, reference: FloatArray, name: str, subject: dict[str, str], span: int, level: float
) -> list[Measure]:
    if reference.shape != (rows.total,):
        raise DataError(
            "the reference has another length than the forecast", expected=(rows.total,), found=reference.shape
        )
    common = rows.only(np.flatnonzero(np.isfinite(reference[rows.kept])))
    theirs = reference[common.kept]
    note, n = f"against {name}", independent(common.dates, span)
    ours_lost, theirs_lost = (common.by_date((side - common.truth) ** 2) for side in (common.score, theirs))
    gained = float(scores.skill(common.score, common.truth, theirs)) if theirs.size else np.nan
    if not np.isfinite(gained):
        why = "nothing to compare with, or the reference is never wrong"
        return [
            stated(what, subject, np.nan, one, n=n, note=note, otherwise=why)
            for what, one in (("skill", "fraction"), ("skill_p", "p-value"))
        ]
    sure = skill_hac(ours_lost, theirs_lost, span=span, level=level)
    note = f"{note}, whose RMSE is {float(np.sqrt(theirs_lost.mean())):.6g}"
    found = [
        stated(
            "skill",
            subject,
            gained,
            "fraction",
            low=float(sure.low),
            high=float(sure.high),
            level=level,
            n=n,
            note=note,
        )
    ]
    p_value = (
        float(diebold_mariano(ours_lost, theirs_lost, span=span, level=level).p_value)
        if common.dates > max(span, 2)
        else np.nan
    )
    why = "too few dates, or equal errors throughout"
    found.append(
        stated(
            "skill_p",
            subject,
            p_value,
            "p-value",
            n=n,
            note="Diebold and Mariano, small-sample form, two-sided",
            otherwise=why,
        )
    )
    return found
