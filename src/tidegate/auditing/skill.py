"""How much an audit's forecast knows, and how sure that is: rank ICs with the long-run standard error.

A label that is a price is judged as its change. Two series that both wander with the price correlate whatever was
learned: anything a net says of today's close is a function of today's close. So the last known level is taken off both
sides, ``said / close - 1`` against ``came / close - 1``.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import norm, rankdata

from tidegate.auditing.ground import Ground
from tidegate.evaluate.doubt.overlap import Tested, hac_correlation, mean_hac, standardised
from tidegate.measures.scores import ic
from tidegate.types.axes import FloatArray
from tidegate.types.windows import Windows

__all__ = ["CROSS", "Skill", "as_changes", "levels_before", "skill_of", "skill_of_dealt"]

_LEAST_DATES, CROSS = 20, 20
"""Dates that can be judged at least; assets a date (mean) from which on a forecast is judged as a cross-section."""
_LEVEL = 0.95


@dataclass(frozen=True)
class Skill:
    """The rank IC of a forecast, its long-run standard error, and how far from zero that is.

    `far` is in standard errors of a normal: the deviate with the same p-value, which knows how unsure the error is.
    """

    ic: float
    error: float
    far: float

    def __str__(self) -> str:
        return f"{self.ic:+.3f} ± {self.error:.3f}"


def skill_of(frame: pl.DataFrame, span: int) -> Skill | None:
    """The rank IC by date of a cross-section, or over time of few assets; None where too little can be judged.

    Intervals are of `evaluate.doubt.overlap`: labels over `span` bars overlap, and so do slow forecasts. Shapes: rows of
    ``time``, ``score``, ``truth``. Missing values: rows without either are left out.

    >>> times = np.arange(200).astype("datetime64[D]")
    >>> truth = np.random.default_rng(0).normal(size=200)
    >>> found = skill_of(pl.DataFrame({"time": times, "score": truth, "truth": truth}), 1)
    >>> found.ic, found.far > 4
    (1.0, True)
    """
    held = frame.filter(pl.col("truth").is_finite() & pl.col("score").is_finite()).sort("time")
    dates = held["time"].n_unique()
    if dates < _LEAST_DATES:
        return None
    if held.height / dates >= CROSS:
        by = held.group_by("time").agg(pl.corr("score", "truth", method="spearman").alias("ic")).sort("time")
        ics = by.drop_nans("ic")["ic"].drop_nulls().to_numpy()
        return None if ics.size < _LEAST_DATES else _told(mean_hac(ics, span=span, level=_LEVEL))
    score, truth = (np.asarray(rankdata(held[side].to_numpy()), dtype=np.float64) for side in ("score", "truth"))
    if np.ptp(score) == 0 or np.ptp(truth) == 0:
        return Skill(0.0, 1.0, 0.0)
    z, w = standardised(score), standardised(truth)
    _, date = np.unique(held["time"].to_numpy(), return_inverse=True)
    each = dates / held.height
    product, square = (np.bincount(date, weights=x) * each for x in (z * w, 0.5 * (z**2 + w**2)))
    return _told(hac_correlation(ic(score, truth), product, square, span=span, level=_LEVEL))


def skill_of_dealt(frame: pl.DataFrame, *, by_date: bool) -> Skill | None:
    """The rank IC on labels that were dealt out one by one, whose error needs no estimate; None as `skill_of`.

    Formula
        What was dealt is exchangeable, however much labels overlap: of n windows (of a date, where they were dealt
        within dates) the variance of a rank IC is 1 / (n - 1), and dates are independent. Labels that were dealt within
        dates keep what a date has in common, so that they are judged `by_date`, however few a date has.

    >>> times = np.arange(101).astype("datetime64[D]")
    >>> truth = np.random.default_rng(0).normal(size=101)
    >>> skill_of_dealt(pl.DataFrame({"time": times, "score": truth, "truth": truth}), by_date=False).error
    0.1
    """
    held = frame.filter(pl.col("truth").is_finite() & pl.col("score").is_finite())
    dates = held["time"].n_unique()
    if dates < _LEAST_DATES:
        return None
    if by_date:
        by = held.group_by("time").agg(pl.corr("score", "truth", method="spearman").alias("ic"), pl.len().alias("n"))
        told = by.filter(pl.col("ic").is_finite() & (pl.col("n") > 1))
        if told.height < _LEAST_DATES:
            return None
        found = float(told["ic"].to_numpy().mean())
        error = float(np.sqrt(np.sum(1 / (told["n"].to_numpy() - 1)))) / told.height
        return Skill(found, error, found / error)
    score, truth = (np.asarray(rankdata(held[side].to_numpy()), dtype=np.float64) for side in ("score", "truth"))
    if np.ptp(score) == 0 or np.ptp(truth) == 0:
        return Skill(0.0, 1.0, 0.0)
    found, error = float(ic(score, truth)), float(1 / np.sqrt(held.height - 1))
    return Skill(found, error, found / error)


def _told(tested: Tested) -> Skill:
    found, statistic = float(tested.estimate), float(tested.statistic)
    if not np.isfinite(statistic):  # terms that do not vary: the same on every date
        return Skill(found, 0.0, float(np.copysign(np.inf, found)) if found else 0.0)
    error = found / statistic if statistic else 1.0
    return Skill(found, error, float(np.copysign(norm.isf(float(tested.p_value) / 2), found)))


def levels_before(ground: Ground, windows: Windows) -> FloatArray | None:
    """The last known level at each window's anchor ``[windows]``, in the label's unit; None where no level is forecast.

    Known at: CLOSE(t). Missing values: NaN where there is no close above zero.
    """
    if ground.study.label.unit != "level":
        return None
    close = np.asarray(ground.history.rows.adjusted("close")[windows.anchors], dtype=np.float64)
    return np.where(close > 0, close, np.nan)


def as_changes(frame: pl.DataFrame, windows: Windows, before: FloatArray | None) -> pl.DataFrame:
    """Score and truth as fractions of the level `before`; the frame as it is where that is None.

    Shapes: `before` ``[windows]``. Rows without a level before are NaN.
    """
    if before is None:
        return frame
    panel, rows = windows.panel, windows.anchors
    known = pl.DataFrame(
        {
            "time": panel.times[panel.row_time[rows]],
            "asset": np.array(panel.assets, dtype=object)[panel.row_asset[rows]].astype(str),
            "before": before,
        }
    ).with_columns(pl.col(name).cast(frame.schema[name]) for name in ("time", "asset"))
    joined = frame.join(known, on=["time", "asset"], how="left", maintain_order="left")
    return joined.with_columns(pl.col(side) / pl.col("before") - 1 for side in ("score", "truth")).with_columns(
        pl.col("score", "truth").fill_null(np.nan)
    )
