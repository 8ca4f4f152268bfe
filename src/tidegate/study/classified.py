"""Measures of a study whose forecasts are classes: accuracy, calibration, groups, hits among the best, bullish shares.

A study is one of classes where its network speaks probabilities. What its rows returned is kept beside the measures, so
that figures draw what was judged; rivals that give one number stand in the same table, by the class nearest to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.data.months import by_month
from tidegate.evaluate.bullish import Bullish, bullish, judge_bullish
from tidegate.evaluate.calibration import judge_calibration
from tidegate.evaluate.classified import Classified, judge_accuracy
from tidegate.evaluate.forecasts import CROSS_SECTION
from tidegate.evaluate.groups import Grouped, by_likeliest, by_top_share, grouped, judge_groups
from tidegate.evaluate.tops import Tops, judge_tops, top_hits
from tidegate.factors.base import panel_of
from tidegate.prepare.label import forward_return
from tidegate.study.declare import Study
from tidegate.study.findings import Finding
from tidegate.study.records import write_frame
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast
from tidegate.types.report import Measure

__all__ = [
    "PICKS",
    "RISE",
    "TOP_SHARE",
    "Judged",
    "class_inputs",
    "class_measures",
    "class_values",
    "common_rows",
    "held_accuracy",
    "judged_classes",
]

LEVEL = 0.95
TOP_SHARE = 0.3
"""Share of a date's stocks that make a group by the probability of one class, as published."""
PICKS = 100
"""Most bullish stocks that are held against the true best, as published; a tenth of a date's where it has few."""
RISE = 0.03
"""Return above which a stock has risen, for the bullish share."""
_RESAMPLES, _FEW = 1000, 199
_RETURNS, _MARKET = "class_returns.parquet", "class_market.parquet"


@dataclass(frozen=True)
class Judged:
    """One member of a study of classes: its rows of every span-th date, their returns, and what was made of them.

    `market` ``[T]`` is the index's return at each date where the study names one; None where it is the rows' mean.
    """

    held: Classified
    returns: FloatArray
    market: FloatArray | None

    @property
    def many(self) -> bool:
        """Whether a date has enough stocks to be grouped."""
        size = np.bincount(self.held.date, minlength=1)
        return bool(np.median(size) >= CROSS_SECTION)

    @property
    def likeliest(self) -> Grouped:
        """Groups by the likeliest class."""
        return grouped(self.held, by_likeliest(self.held), self.returns)

    @property
    def top_share(self) -> Grouped:
        """Groups by the share with the highest probability of each class."""
        return grouped(self.held, by_top_share(self.held, TOP_SHARE), self.returns)

    @property
    def tops(self) -> Tops:
        """Hits of the most bullish among the true best."""
        usual = float(np.median(np.bincount(self.held.date)))
        picks = PICKS if usual > 2 * PICKS else max(int(usual / 10), 1)
        return top_hits(self.held, self.returns, k=picks, level=LEVEL)

    @property
    def bullish(self) -> Bullish:
        """The bullish share of each date."""
        return bullish(self.held, self.returns, self.market, above=RISE)


def class_values(study: Study, forecasts: Mapping[str, Forecast]) -> FloatArray | None:
    """The label's value of each class, lowest first; None where no forecast has probabilities, or no truth has come."""
    for forecast in forecasts.values():
        chances, truth = forecast.probabilities, forecast.truth
        known = truth[np.isfinite(truth)]
        if chances is not None and known.size:
            numbers = np.arange(chances.shape[1], dtype=np.float64)
            return study.target_scaling.fit(known).to_unit(numbers)
    return None


def class_inputs(study: Study) -> dict[str, object]:
    """What else the measures of classes are made from, for the hash of their stage."""
    return {"index": None if study.index is None else study.index.bars().digest}


def class_measures(study: Study, rows: Bars, forecasts: dict[str, Forecast], work: Path) -> list[Measure]:
    """Judge every member by classes, and keep the returns of the judged rows in `work`; nothing for other studies.

    `rows` are the study's bars, or months. Labels over several bars are judged on every span-th date where returns are
    compounded.
    """
    values = class_values(study, forecasts)
    if values is None:
        return []
    when = pl.concat([forecast.frame.select("time") for forecast in forecasts.values()])["time"].unique()
    every = _returns(study, rows).filter(pl.col("time").is_in(when.implode()))
    write_frame(work / _RETURNS, every)
    market = None
    if study.index is not None:
        index = study.index.bars()
        market = _returns(study, by_month(index) if study.cadence == "months" else index)
        write_frame(work / _MARKET, market)
    found: list[Measure] = []
    for place, (member, forecast) in enumerate(forecasts.items()):
        subject = {"study": study.name, "member": member}
        whole = Classified.of(forecast, values)
        found += [*judge_accuracy(whole, subject, level=LEVEL), *judge_calibration(whole, subject, level=LEVEL)]
        judged = _judged(forecast, values, every, market)
        if judged.many:
            found += _of_stocks(judged, subject, study.seeds[0], place)
    return found


def _of_stocks(judged: Judged, subject: dict[str, str], seed: int, place: int) -> list[Measure]:
    resamples = _FEW if subject["member"].startswith("seed-") else _RESAMPLES
    found: list[Measure] = []
    for number, (prefix, made) in enumerate((("groups", judged.likeliest), ("top_groups", judged.top_share))):
        generator = np.random.default_rng([seed, place, number])
        found += judge_groups(made, subject, prefix, level=LEVEL, resamples=resamples, generator=generator)
    found += judge_tops(judged.tops, subject, span=1, level=LEVEL)
    found += judge_bullish(judged.bullish, subject, above=RISE, level=LEVEL)
    return found


def held_accuracy(found: Finding) -> tuple[FloatArray, float]:
    """Accuracy of each seed on the windows held out of its training, and that of always naming their commonest class.

    Of seeds without such windows, and of models that speak no classes, there is none.
    """
    made, common = [], float("nan")
    values = class_values(found.study, found.forecasts)
    for seed in found.seeds:
        if values is not None and seed in found.held:
            rows = Classified.of(found.held[seed], values)
            made.append(float((rows.said == rows.truth)[rows.known].mean()))
            common = float(np.bincount(rows.truth[rows.known]).max() / rows.known.size)
    return np.array(made), common


def common_rows(found: Sequence[Finding]) -> pl.DataFrame:
    """The rows (time, asset) that every study forecast: what trials of other stocks or months may be compared on."""
    keys = ["time", "asset"]
    made = found[0].forecasts[found[0].seeds[0]].frame.select(keys)
    for other in found[1:]:
        made = made.join(other.forecasts[other.seeds[0]].frame.select(keys), on=keys, how="semi", maintain_order="left")
    return made


def judged_classes(found: Finding, member: str, among: pl.DataFrame | None = None) -> Judged | None:
    """One member of a finding as it was judged, or as it would be `among` some rows (time, asset) alone.

    None where the study is not one of classes.
    """
    kept = found.folder / "measures"
    values = class_values(found.study, found.forecasts)
    if values is None or not (kept / _RETURNS).is_file():
        return None
    market = pl.read_parquet(kept / _MARKET) if (kept / _MARKET).is_file() else None
    forecast = found.forecasts[member]
    if among is not None:
        shared = forecast.frame.join(among, on=["time", "asset"], how="semi", maintain_order="left")
        forecast = Forecast.of(shared, forecast.horizon, forecast.unit, forecast.fingerprints)
    return _judged(forecast, values, pl.read_parquet(kept / _RETURNS), market)


def _judged(forecast: Forecast, values: FloatArray, every: pl.DataFrame, market: pl.DataFrame | None) -> Judged:
    whole = Classified.of(forecast, values)
    joined = forecast.frame.select("time", "asset").join(every, on=["time", "asset"], how="left", maintain_order="left")
    kept = whole.apart
    held = whole.only(kept)
    index = None
    if market is not None:
        dates = pl.DataFrame({"time": held.times}).join(market, on="time", how="left", maintain_order="left")
        index = dates["return"].fill_null(np.nan).to_numpy()
    return Judged(held, joined["return"].fill_null(np.nan).to_numpy()[kept], index)


def _returns(study: Study, rows: Bars) -> pl.DataFrame:
    """The return over the study's horizon from every row (time, asset, return), NaN where it has not come."""
    panel = panel_of(rows, {"close": rows.adjusted("close")})
    made = forward_return(rows, panel, study.label.horizon, study.count)
    return rows.frame.select("time", "asset").with_columns(pl.Series("return", made))
