"""The corridor: every study of a reproduction, through every room, in one direction.

    bars ─► panel ─► windows, folds ─► forecasts ─► books ─► measures ─► report

Each left-hand side is a record on disk, kept under the hash of everything it was made from (see `stages`). What is
there is not made again; what was being made when the process was killed goes on.
"""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from tidegate.component import document, fingerprint
from tidegate.errors import KeptError
from tidegate.files import held, read_json, sweep, write_text
from tidegate.learn.fit import load_fitted
from tidegate.models.base import Network
from tidegate.report.csvs import write_csvs
from tidegate.report.page import page
from tidegate.strategy.selection import Selection
from tidegate.study.audited import kept_audits, with_audit
from tidegate.study.bar_trading import trade_within_bars, trades_within_bars
from tidegate.study.beside import Beside, beside_of
from tidegate.study.books import load_books
from tidegate.study.findings import Finding, Findings
from tidegate.study.fitting import HELD, Ground, Job, begun, fit_stages, kept_forecast
from tidegate.study.folder import RunFolder, environment
from tidegate.study.ground import Standing, held_until, seen_bars, seen_reports, stamps_of, stand
from tidegate.study.insight import explained_of, ponder_of
from tidegate.study.judging import judge_study, load_measures
from tidegate.study.pool import perform_all
from tidegate.study.progress import Event, Tell
from tidegate.study.recalled import Recalled
from tidegate.study.records import load_folds, load_forecast, load_panel, load_windows
from tidegate.study.reproduction import Reproduction
from tidegate.study.selecting import trade_selection
from tidegate.study.spent import spent
from tidegate.study.stages import Kept, Stages
from tidegate.study.telling import tell_story
from tidegate.study.trading import trade_study
from tidegate.study.tried import enter_trials, with_trials
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast
from tidegate.types.history import Reported
from tidegate.types.report import Report, dump
from tidegate.types.windows import Windows

__all__ = ["Ran", "run_reproduction"]


@dataclass(frozen=True)
class Ran:
    """A finished run: where it lies, what it says, and what it took."""

    folder: Path
    page: Path
    report: Report
    findings: Findings
    computed: int
    reused: int
    seconds: float


def run_reproduction(reproduction: Reproduction, out: Path, *, jobs: int | None, tell: Tell) -> Ran:
    """Run every study of a reproduction and tell what was found; raises `BusyError` where the same run is going on."""
    began = time.monotonic()
    folder = RunFolder(out / reproduction.name / reproduction.fingerprint[:8])
    stages = Stages(out / "stages")
    with held(folder.path / "run.lock", f"the run {folder.path.name}"):
        sweep(folder.path)
        folder.note("started", fingerprint=reproduction.fingerprint)
        folder.write("study.json", _declaration(reproduction))
        folder.write("environment.json", environment())
        tried = enter_trials(reproduction, out)
        grounds = _stand(reproduction, stages, tell)
        folder.write("data.json", {name: _manifest(ground.bars) for name, ground in grounds.items()})
        forecasts = _forecast(reproduction, grounds, stages, jobs, tell)
        found: dict[str, Finding] = {}
        used: list[Kept] = []
        cut: dict[str, Windows] = {}
        for study in reproduction.studies:
            tell(Event("step", "trading and judging", len(found), len(reproduction.studies), study.name))
            beside = beside_of(
                study,
                {name: ground.bars for name, ground in grounds.items()},
                {one.name: one for one in reproduction.studies},
                {} if study.gate is None else {study.gate: _spoken(forecasts[study.gate])},
            )
            finding, kept = _conclude(grounds[study.name], forecasts[study.name], beside, stages, folder, tell, cut)
            found[study.name] = finding
            used.extend(kept)
        tell(Event("done", "trading and judging"))
        findings = Findings(reproduction.lead, found, {**_provenance(reproduction, grounds), "trials": tried})
        report = with_audit(with_trials(tell_story(reproduction, findings)), kept_audits(folder.path))
        write_text(folder.path / "report.json", dump(report))
        write_text(folder.path / "report.html", page(report))
        write_csvs(report, folder.path / "figures")
        seconds = time.monotonic() - began
        computed = sum(not kept.reused for kept in used)
        folder.write(
            "timings.json",
            {
                "seconds": seconds,
                "computed": computed,
                "reused": len(used) - computed,
                "fits": {name: spent(made, stages) for name, made in forecasts.items()},
            },
        )
        folder.note("finished", seconds=round(seconds, 1), computed=computed, reused=len(used) - computed)
    return Ran(folder.path, folder.path / "report.html", report, findings, computed, len(used) - computed, seconds)


def _declaration(reproduction: Reproduction) -> dict[str, Any]:
    return {
        "name": reproduction.name,
        "lead": reproduction.lead,
        "stamps": [document(stamp) for stamp in reproduction.stamps],
        "fingerprint": reproduction.fingerprint,
        "studies": [document(study) for study in reproduction.studies],
        **({"outside": reproduction.outside} if reproduction.outside else {}),
    }


def _stand(reproduction: Reproduction, stages: Stages, tell: Tell) -> dict[str, Standing]:
    """Bars, panel, windows and folds of every study; what several studies share is read once and held once."""
    read: dict[str, tuple[Bars, Reported]] = {}
    seen: dict[str, tuple[Bars, Reported]] = {}
    grounds = {}
    for place, study in enumerate(reproduction.studies):
        tell(Event("step", "data and windows", place, len(reproduction.studies), study.name))
        source = fingerprint(study.source)
        if source not in read:
            read[source] = (study.source.bars(), study.source.reported())
        part = fingerprint([source, study.universe, study.span])
        if part not in seen:
            bars, reported = read[source]
            seen[part] = (seen_bars(study, bars), seen_reports(study, reported))
        bars, reported = seen[part]
        grounds[study.name] = stand(study, bars, stages, reported)
    tell(Event("done", "data and windows"))
    return grounds


def _forecast(
    reproduction: Reproduction, grounds: dict[str, Standing], stages: Stages, jobs: int | None, tell: Tell
) -> dict[str, list[tuple[Job, Kept]]]:
    """Every model of every study over all its folds: fits in processes of their own, then the kept forecasts."""
    planned: list[Job] = []
    for study in reproduction.studies:
        ground = grounds[study.name].ground
        seeds = study.seeds if isinstance(study.model, Network) else study.seeds[:1]
        planned.extend(Job(study, "model", seed, ground) for seed in seeds)
        planned.extend(Job(study, rival.name, 0, ground) for rival in study.rivals)
    there = {place: kept_forecast(job, stages) for place, job in enumerate(planned)}
    missing = [job for place, job in enumerate(planned) if there[place] is None]
    if missing:
        tell(Event("note", "", note=_plan(missing, len(planned), stages)))
        perform_all(missing, stages.root, jobs or 1, tell)
    made: dict[str, list[tuple[Job, Kept]]] = {study.name: [] for study in reproduction.studies}
    for place, job in enumerate(planned):
        kept = there[place]
        if kept is None:
            fresh = kept_forecast(job, stages)
            if fresh is None:
                raise KeptError(
                    "a forecast was kept under another key than was asked for",
                    where=job.title,
                    hint="the code was changed while the run went on: run the same command again",
                )
            kept = Kept(fresh.stage, fresh.key, fresh.folder, fresh.files, reused=False)
        made[job.study.name].append((job, kept))
    return made


def _plan(missing: list[Job], planned: int, stages: Stages) -> str:
    """What is to be fitted, and what of it need not be done again."""
    kept, goes_on = planned - len(missing), sum(begun(job, stages) for job in missing)
    words = [f"{len(missing)} {'model' if len(missing) == 1 else 'models'} to fit"]
    words += [f"{goes_on} of them begun before and going on from there"] if goes_on else []
    words += [f"{kept} kept from before"] if kept else []
    return ", ".join(words)


def _conclude(
    standing: Standing,
    made: list[tuple[Job, Kept]],
    beside: Beside,
    stages: Stages,
    folder: RunFolder,
    tell: Tell,
    cut: dict[str, Windows],
) -> tuple[Finding, list[Kept]]:
    """Trade and judge one study, and keep its records in the run folder; `cut` are the windows already read, by key."""
    study, ground = standing.study, standing.ground
    name = study.name
    windows = _windows_of(ground, cut)
    forecasts: dict[str, Forecast] = {}
    keys: dict[str, str] = {}
    histories, learned, paths, held_out = {}, {}, {}, {}
    last: dict[int, Kept] = {}
    used = [standing.bars_kept, ground.panel, ground.windows, ground.folds]
    for label, kept in zip(("bars", "panel", "windows", "folds"), used, strict=True):
        folder.keep(f"{name}/{label}", kept)
    for job, kept in made:
        member = job.label
        forecasts[member], keys[member] = load_forecast(kept.folder), kept.key
        if (kept.folder / HELD).is_dir():
            held_out[member] = load_forecast(kept.folder / HELD)
        folder.keep(f"{name}/forecast/{member}", kept)
        used.append(kept)
        if job.member == "model":
            for fold, fit in fit_stages(job, stages):
                folder.keep(f"{name}/fit/{member}/fold-{fold}", fit)
                last[job.seed], learned[job.seed] = fit, load_fitted(fit.folder)
                histories[job.seed] = learned[job.seed].history
            if (kept.folder / "paths.parquet").is_file():
                paths[job.seed] = pl.read_parquet(kept.folder / "paths.parquet")
    seeds = [member for member in forecasts if member.startswith("seed-")]
    if len(seeds) > 1:
        forecasts = {**{seed: forecasts[seed] for seed in seeds}, "ensemble": _ensemble(forecasts, seeds), **forecasts}
    recalled = _recalled(list(forecasts), seeds, {job.label: kept.folder for job, kept in made})
    books = {}
    for market, kept in _traded(standing, forecasts, keys, beside, stages, tell).items():
        books[market] = load_books(kept.folder)
        folder.keep_below(f"{name}/decisions/{market}", kept, "decisions")
        for member in books[market].members:
            folder.keep_below(f"{name}/ledger/{market}/{member}", kept, f"ledger/{member}")
        used.append(kept)
    keys |= {f"books {held.market.name}": held.folder.name for held in books.values()}
    judged = judge_study(study, standing.rows, forecasts, books, keys, stages)
    folder.keep(f"{name}/measures", judged)
    used.append(judged)
    ponder, looks = ponder_of(study, ground, last, stages)
    explained, asked = explained_of(study, ground, last, stages)
    used.extend([*looks, *asked])
    dropped = read_json(ground.windows.folder / "windows.json")["dropped"]
    finding = Finding(
        study,
        standing.bars,
        windows,
        load_folds(ground.folds.folder),
        dropped,
        recalled,
        histories,
        learned,
        ponder,
        explained,
        paths,
        books,
        load_measures(judged),
        folder.path / "records" / name,
        held_out,
        stamps_of(study, standing.bars, ground, windows, load_folds(ground.folds.folder)),
    )
    return finding, used


def _traded(
    standing: Standing, forecasts: dict[str, Forecast], keys: dict[str, str], beside: Beside, stages: Stages, tell: Tell
) -> dict[str, Kept]:
    """Every market's books, by market."""
    study, made = standing.study, {}
    for market in study.markets if study.strategy is not None else ():
        if trades_within_bars(study, market):
            made[market.name] = trade_within_bars(study, standing.bars, forecasts, keys, market, stages)
        elif isinstance(study.strategy, Selection):
            until = held_until(standing, forecasts)
            made[market.name] = trade_selection(
                study, standing.bars, forecasts, keys, market, stages, beside, tell, until
            )
        else:
            made[market.name] = trade_study(study, standing.bars, forecasts, keys, market, stages)
    return made


def _spoken(made: list[tuple[Job, Kept]]) -> list[Forecast]:
    """The forecasts of a study's own seeds."""
    return [load_forecast(kept.folder) for job, kept in made if job.member == "model"]


def _windows_of(ground: Ground, cut: dict[str, Windows]) -> Windows:
    """The windows of a ground; what several studies share is read once and held once, and so is its panel."""
    if ground.windows.key not in cut:
        like = cut.get(f"panel {ground.panel.key}")
        panel = load_panel(ground.panel.folder) if like is None else like.panel
        windows = load_windows(ground.windows.folder, panel)
        cut[ground.windows.key] = cut[f"panel {ground.panel.key}"] = windows
    return cut[ground.windows.key]


def _recalled(members: list[str], seeds: list[str], folders: dict[str, Path]) -> Recalled:
    """The same forecasts, read again when a report asks for them."""

    def together() -> Forecast:
        return _ensemble({seed: load_forecast(folders[seed]) for seed in seeds}, seeds)

    return Recalled(
        {member: partial(load_forecast, folders[member]) if member in folders else together for member in members}
    )


def _ensemble(forecasts: dict[str, Forecast], seeds: list[str]) -> Forecast:
    """The mean of the seeds' scores: a model of its own, with a fingerprint made of theirs."""
    members = [forecasts[seed] for seed in seeds]
    folds = members[0].fingerprints
    return Forecast.mean(members, {fold: fingerprint([one.fingerprints[fold] for one in members]) for fold in folds})


def _manifest(bars: Bars) -> dict[str, Any]:
    return {
        "title": bars.spec.title,
        "source": bars.spec.source,
        "frequency": bars.spec.frequency,
        "bars": bars.frame.height,
        "assets": len(bars.assets),
        "first": str(bars.times[0]),
        "last": str(bars.times[-1]),
        "sha256": bars.digest,
    }


def _provenance(reproduction: Reproduction, grounds: dict[str, Standing]) -> dict[str, Any]:
    return {
        "study": {
            "name": reproduction.name,
            "fingerprint": reproduction.fingerprint,
            "studies": [study.name for study in reproduction.studies],
            **({"outside": reproduction.outside} if reproduction.outside else {}),
        },
        "data": {name: _manifest(standing.bars) for name, standing in grounds.items()},
        "environment": environment(),
    }
