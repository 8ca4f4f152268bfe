"""How many of the most bullish stocks were among the month's true best, and what luck would hit.

K names drawn blindly from n hit a hypergeometric number of the true best K: K²/n on average. A ratio of 15 % says
nothing without it: with 3,000 stocks and K = 100 luck hits 3.3 %, with 600 it hits 16.7 %.

The hypergeometric band takes every set of K names as equally likely. Stocks that are picked for a common trait (small,
of one industry) hit together or miss together, so their hits scatter more: beside the exact p over all dates stands a
test of the mean over dates, which asks only that dates be independent.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import hypergeom

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.classified import Classified
from tidegate.evaluate.doubt.overlap import mean_hac
from tidegate.evaluate.stated import stated
from tidegate.types.axes import FloatArray, IntArray, TimeArray, frozen
from tidegate.types.report import Measure

__all__ = ["Tops", "hits_p", "judge_tops", "top_hits"]


@dataclass(frozen=True)
class Tops:
    """Hits of K picks among the true best K, by date ``[D]``.

    `sizes` are the rows n of each date, `low` and `high` the hypergeometric band of hits at the level asked for,
    `skipped` the dates that had no more than K rows.
    """

    times: TimeArray
    hits: IntArray
    sizes: IntArray
    low: IntArray
    high: IntArray
    k: int
    skipped: int

    @property
    def expected(self) -> FloatArray:
        """Hits of blind picks, ``K² / n`` ``[D]``."""
        return np.asarray(self.k**2 / self.sizes)

    @property
    def lift(self) -> FloatArray:
        """Hits over those of blind picks ``[D]``."""
        return np.asarray(self.hits / self.expected)


def top_hits(held: Classified, returns: FloatArray, *, k: int, level: float) -> Tops:
    """Count, date by date, how many of the `k` rows that lean most to the highest class are among the `k` best returns.

    Only rows whose return is known take part, on both sides. Equals stand in the order of the assets. The band holds
    hits between the quantiles ``(1 - level) / 2`` and ``(1 + level) / 2`` of the hypergeometric law.

    Known at
        When the returns of the date are.
    Missing values
        NaN returns are left out. Dates with `k` rows or fewer are skipped, and counted.
    Errors
        `SettingError` for k below 1; `DataError` where returns are not one a row.
    """
    if k < 1:
        raise SettingError("at least one name is picked", expected="1 or more", found=k)
    if returns.shape != held.said.shape:
        raise DataError("one return for each row", expected=held.said.shape, found=returns.shape)
    rows = np.flatnonzero(np.isfinite(returns))
    rows = rows[np.lexsort((held.assets[rows], held.date[rows]))]
    dates, first = np.unique(held.date[rows], return_index=True)
    times, hits, sizes = [], [], []
    for date, one in zip(dates, np.split(rows, first[1:]), strict=True):
        if one.size <= k:
            continue
        picked = one[np.argsort(-held.leaning[one, -1], kind="stable")[:k]]
        best = one[np.argsort(-returns[one], kind="stable")[:k]]
        times.append(held.times[date])
        hits.append(np.intersect1d(picked, best, assume_unique=True).size)
        sizes.append(one.size)
    counted = np.asarray(sizes, dtype=np.int64)
    tail = (1 - level) / 2
    low, high = (hypergeom.ppf(q, counted, k, k).astype(np.int64) for q in (tail, 1 - tail))
    return Tops(
        frozen(np.asarray(times, dtype="datetime64[us]")),
        frozen(np.asarray(hits, dtype=np.int64)),
        frozen(counted),
        frozen(low),
        frozen(high),
        k,
        len(dates) - len(times),
    )


def hits_p(hits: int, sizes: IntArray, k: int) -> float:
    """Exact chance that blind picks hit at least so often in all: the hypergeometric laws of all dates, convolved.

    Shapes: `sizes` ``[D]``. NaN without dates.

    >>> round(hits_p(1, np.array([10]), 1), 4), round(hits_p(0, np.array([10, 20]), 2), 4)
    (0.1, 1.0)
    """
    if not len(sizes):
        return float("nan")
    law = np.ones(1)
    for size in sizes:
        law = np.convolve(law, hypergeom.pmf(np.arange(k + 1), int(size), k, k))
    return float(min(law[hits:].sum(), 1.0))


def judge_tops(tops: Tops, subject: dict[str, str], *, span: int, level: float) -> tuple[Measure, ...]:
    """top_hits (mean share of K), top_base (that of blind picks), top_lift, top_p, top_mean_p and top_outside.

    `top_p` is exact over blind picks, one-sided; `top_mean_p` tests the mean excess over dates, two-sided and fixed-b;
    `top_outside` is the share of dates above the band.

    Known at
        When the last return is. Units: fractions of K.
    Missing values
        With no date left, or too few for an interval, values are None.
    """
    n, k = len(tops.hits), tops.k
    skipped = f"; {tops.skipped} dates with {k} rows or fewer left out" if tops.skipped else ""
    excess = (tops.hits - tops.expected) / k
    sure = mean_hac(excess, span=span, level=level) if n else None
    base = float(tops.expected.mean() / k) if n else np.nan
    ratio = float(tops.hits.mean() / k) if n else np.nan
    low, high = (np.nan, np.nan) if sure is None else (float(sure.low), float(sure.high))
    why = "no date has more rows than names are picked"

    def say(name: str, value: float, unit: str, note: str, ends: tuple[float, float] | None = None) -> Measure:
        lower, upper = ends or (None, None)
        at = None if ends is None else level
        return stated(name, subject, value, unit, low=lower, high=upper, level=at, n=n, note=note, otherwise=why)

    return (
        say(
            "top_hits",
            ratio,
            "fraction",
            f"of {k} picks a date{skipped}",
            (max(base + low, 0.0), min(base + high, 1.0)),
        ),
        say("top_base", base, "fraction", "blind picks: K / n, mean over dates"),
        say(
            "top_lift",
            ratio / base,
            "ratio",
            "hits over those of blind picks",
            (max(1 + low / base, 0.0), 1 + high / base),
        ),
        say(
            "top_p",
            hits_p(int(tops.hits.sum()), tops.sizes, k),
            "p-value",
            "one-sided, exact over blind picks; too sure where picks share a trait",
        ),
        say(
            "top_mean_p",
            np.nan if sure is None else float(sure.p_value),
            "p-value",
            "mean over dates, two-sided, fixed-b",
        ),
        say(
            "top_outside",
            float((tops.hits > tops.high).mean()) if n else np.nan,
            "fraction",
            f"dates above the {level:.0%} band",
        ),
    )
