"""The factor report: what the factors of a study, or of a named set, said of the returns that could be had.

It judges, and chooses nothing: who picks factors by it has looked at every date that it judged. `--train-only` judges a
study's first training range alone, so that its test dates stay unseen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from tidegate.catalog import entries, studies
from tidegate.component import document, fingerprint
from tidegate.data.months import by_month
from tidegate.data.source import Source
from tidegate.errors import DataError, SettingError, UnknownNameError
from tidegate.evaluate.factor_returns import FillReturns
from tidegate.evaluate.factors import FactorScores, score_factors
from tidegate.factors.base import FactorSet
from tidegate.files import write_text
from tidegate.market.a_share import AShare
from tidegate.market.instruments import Instruments
from tidegate.prepare.date_step import DateStep, StepCount, prepare_dates
from tidegate.prepare.sections import CrossSections
from tidegate.prepare.split import Split
from tidegate.report.csvs import write_csvs
from tidegate.report.page import page
from tidegate.study.api import declare
from tidegate.study.declare import Study
from tidegate.study.given import source_from
from tidegate.study.ground import seen_bars, seen_reports
from tidegate.study.progress import Event, Tell, silent
from tidegate.types.axes import BoolArray
from tidegate.types.bars import Bars
from tidegate.types.history import History
from tidegate.types.report import Report, Text, dump

__all__ = ["FactorFindings", "FactorRequest", "Written", "factor_findings", "requested", "write_factor_report"]

Cadence = Literal["bars", "months"]
SPANS = tuple(range(1, 13))
_FEWEST = 20


@dataclass(frozen=True)
class FactorRequest:
    """Which factors are judged, on what, and how.

    `split` judges its first training range alone; `until` judges nothing that ends after that day. `spans` count rows:
    bars or months.
    """

    name: str
    title: Text
    source: Source
    factors: FactorSet
    cadence: Cadence
    steps: tuple[DateStep, ...] = ()
    split: Split | None = None
    until: date | None = None
    spans: tuple[int, ...] = SPANS
    groups: int = 5
    least: int = _FEWEST
    level: float = 0.95
    study: Study | None = None
    """Whose universe and span are judged; None for all that the source has."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that was asked."""
        parts = (self.source, self.factors, list(self.steps), self.split, self.study)
        return fingerprint(*(document(part) for part in parts), self.cadence, str(self.until), list(self.spans),
                           self.groups, self.least, self.level)  # fmt: skip


@dataclass(frozen=True)
class FactorFindings:
    """What was found; `before` are the scores without the steps over the first span, None where there are none."""

    request: FactorRequest
    bars: Bars
    scores: FactorScores
    before: FactorScores | None
    counts: tuple[StepCount, ...]
    judged: BoolArray
    styles: Mapping[str, str]
    stamps: tuple[str, ...]


def requested(
    named: str,
    *,
    data: str | Source | None = None,
    cadence: Cadence | None = None,
    train_only: bool = False,
    until: date | None = None,
    steps: Sequence[DateStep] | None = None,
    settings: Mapping[str, object] | None = None,
    spans: Sequence[int] | None = None,
    groups: int = 5,
) -> FactorRequest:
    """Read what a user asked for: a study (by name or file), or a factor set by name with its settings.

    Errors
        `UnknownNameError` where it names neither; `SettingError` for a set without data, or a training range of a set.
    """
    over = SPANS if spans is None else tuple(sorted(set(spans)))
    if named in studies() or Path(named).is_file():
        made = declare(named, data=data, settings=dict(settings or {}))
        study = made.study(made.lead)
        return FactorRequest(
            study.name, study.title, study.source, study.factors, cadence or study.cadence,
            study.steps if steps is None else tuple(steps), study.split if train_only else None, until,
            groups=groups, study=study, spans=over,
        )  # fmt: skip
    if named not in entries("factors"):
        raise UnknownNameError.among("study or factor set", named, [*studies(), *entries("factors")])
    if data is None:
        raise SettingError("a factor set has no data of its own", where=named, hint="say --data store:NAME")
    if train_only:
        raise SettingError("a factor set has no training range", where=named, hint="say --until DATE, or name a study")
    source = source_from(data) if isinstance(data, str) else data
    factors = FactorSet.of({"name": named, **(settings or {})})
    title = Text(en=f"Factors of {named}", zh=f"因子集 {named}")
    return FactorRequest(
        named, title, source, factors, cadence or "bars", tuple(steps or ()), None, until, groups=groups, spans=over
    )


def factor_findings(request: FactorRequest, tell: Tell = silent) -> FactorFindings:
    """Compute the factors, do the steps, and score them by date.

    Known at
        When the last judged return is.
    Errors
        `DataError` where the source is no cross-section, or no date can be judged.
    """
    tell(Event("step", "data", 0, 4, "bars and reports"))
    bars, reported = request.source.bars(), request.source.reported()
    if request.study is not None:
        bars, reported = seen_bars(request.study, bars), seen_reports(request.study, reported)
    if len(bars.assets) < request.least:
        raise DataError(
            "factors are judged across the assets of a date", where=request.name,
            expected=f"{request.least} assets or more", found=len(bars.assets),
            hint="one instrument's factors are judged by a run of a study",
        )  # fmt: skip
    rows = by_month(bars) if request.cadence == "months" else bars
    tell(Event("step", "data", 1, 4, "factors"))
    history = History.of(bars, rows, reported)
    made = request.factors.at(history)
    like = made.panel(rows)
    classes = reported.classes
    groups = {} if classes is None else {n: classes.codes(n, like.assets)[like.row_asset] for n in classes.names}
    raw = CrossSections.of_values(made.values, like, groups)
    tell(Event("step", "data", 2, 4, "steps by date"))
    done = prepare_dates(raw, request.steps)
    tell(Event("step", "data", 3, 4, "fills"))
    returns = FillReturns.of(bars, rows.times, rows.assets, _buyable(bars, request.source.instruments()))
    tell(Event("done", "data"))
    judged = _judged(request, rows)

    def step(task: str, done: int, total: int) -> None:
        tell(Event("done" if done == total else "step", task, done, total))

    kept = _own(done.sections, raw.fields)
    scores = score_factors(kept, returns, spans=request.spans, groups=request.groups, least=request.least,
                           dates=judged, step=lambda at, of: step("dates", at, of))  # fmt: skip
    before = None
    if request.steps:
        before = score_factors(raw, returns, spans=request.spans[:1], groups=request.groups, least=request.least,
                               dates=judged, step=lambda at, of: step("dates before the steps", at, of))  # fmt: skip
    if not np.isfinite(scores.rank_ic).any():
        raise DataError("no date has enough assets with a factor and a return", where=request.name,
                        expected=f"{request.least} on a date", found=int(scores.pairs.max(initial=0)))  # fmt: skip
    styles = {name: style for name, style in request.factors.styles.items() if name in raw.fields}
    stamps = tuple(
        dict.fromkeys(
            (*bars.spec.stamps, *made.stamps, *(classes.stamps if classes is not None and request.steps else ()))
        )
    )
    return FactorFindings(request, bars, scores, before, done.counts, judged, styles, stamps)


class Written(NamedTuple):
    """What was written, and what it says."""

    folder: Path
    page: Path
    report: Report
    findings: FactorFindings


def write_factor_report(request: FactorRequest, out: Path, tell: Tell = silent) -> Written:
    """Judge, and write ``report.html``, ``report.json`` and the figures' data below a folder named by the request."""
    from tidegate.study.factor_telling import tell_factors

    found = factor_findings(request, tell)
    report = tell_factors(found)
    folder = out / f"{request.name}-{request.fingerprint[:8]}"
    write_text(folder / "report.json", dump(report))
    write_text(folder / "report.html", page(report))
    write_csvs(report, folder / "figures")
    return Written(folder, folder / "report.html", report, found)


def _own(sections: CrossSections, fields: tuple[str, ...]) -> CrossSections:
    """The factors themselves, without the channels that steps added."""
    return CrossSections.of(
        np.ascontiguousarray(sections.values[:, : len(fields)]), fields, sections.times, sections.assets,
        sections.offsets, sections.asset, sections.groups, sections.exposures,
    )  # fmt: skip


def _judged(request: FactorRequest, rows: Bars) -> BoolArray:
    """Dates that are judged ``[D]``: all, those of the first training range, those up to a day.

    A return ends at the open after a date, so that the last date of a training range is not judged.
    """
    place = np.arange(len(rows.times))
    judged = np.ones(len(place), dtype=bool)
    if request.split is not None:
        train = request.split.folds(rows.times)[0].train
        judged &= (place >= train.first) & (place < train.end - 1)
    if request.until is not None:
        judged &= rows.times.astype("datetime64[D]") < np.datetime64(request.until)
    if not judged.any():
        raise DataError("no date is left to judge", where=request.name, found=f"{rows.times[0]} … {rows.times[-1]}")
    return judged


def _buyable(bars: Bars, instruments: Instruments | None) -> BoolArray | None:
    """Where an order at the open could be filled ``[T, N]``: for A shares by the rules of limits, else as told."""
    if bars.has("limit_up") or (bars.spec.kind, bars.spec.currency, bars.spec.frequency) != ("stock", "CNY", "1d"):
        return None
    exchange = AShare().exchange(bars, instruments=instruments)
    if tuple(exchange.assets) != bars.assets or len(exchange) != len(bars.times):
        raise DataError("the market has other axes than the bars", expected=(len(bars.times), len(bars.assets)),
                        found=(len(exchange), len(exchange.assets)))  # fmt: skip
    free = (exchange.limit_up == 0) | (exchange.open < exchange.limit_up)
    return np.asarray((exchange.open > 0) & free)
