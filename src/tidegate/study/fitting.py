"""One fit after another: windows → fitted models → forecast, for one model and one seed over all folds.

A job names its inputs by folder and document, so that it can run in a process of its own. Each fold's fit is a stage of
its own and goes on from its last checkpoint when it was killed; the forecast over all folds is the next stage.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidegate.component import document
from tidegate.files import write_json
from tidegate.learn.fitted import Fitted, load_fitted
from tidegate.learn.speak import say
from tidegate.learn.training import Progress
from tidegate.models.base import Network, Rival
from tidegate.models.needs import versions_of
from tidegate.prepare.hold_out import part_within
from tidegate.study.code import code_version, outside
from tidegate.study.declare import Study
from tidegate.study.progress import Event, Tell
from tidegate.study.records import load_folds, load_panel, load_windows, save_forecast, write_frame
from tidegate.study.rollout import paths
from tidegate.study.stages import Kept, Stages
from tidegate.types.axes import IntArray
from tidegate.types.fold import Fold
from tidegate.types.forecast import Forecast
from tidegate.types.windows import Affine, Windows

__all__ = [
    "FROZEN",
    "HELD",
    "Ground",
    "Job",
    "begun",
    "fit_stages",
    "forecast_code",
    "forecast_inputs",
    "kept_forecast",
    "learned_from",
    "perform",
    "said_of",
]

_TELL_SECONDS = 0.25
HELD = "held"
"""Below a forecast's folder: what the last fold's model said of the windows that were held out of its training."""
FROZEN = "frozen.json"
"""Beside a fit: what it takes, besides the weights, to say the same of another day (see `predicting`)."""


@dataclass(frozen=True)
class Ground:
    """What all fits of a study stand on: its kept panel, windows and folds."""

    panel: Kept
    windows: Kept
    folds: Kept


@dataclass(frozen=True)
class Job:
    """One model and one seed of one study, over all its folds."""

    study: Study
    member: str
    seed: int
    ground: Ground

    @property
    def label(self) -> str:
        """How records name the member: ``seed-3``, or the rival's name."""
        return f"seed-{self.seed}" if self.member == "model" else self.member

    @property
    def title(self) -> str:
        """How progress names it."""
        return f"{self.study.name} · {self.member}" + (f" · seed {self.seed}" if self.member == "model" else "")


def perform(job: Job, root: Path, tell: Tell) -> str:
    """Do the job below the stages' `root`; returns the key of the forecast stage."""
    stages = Stages(root)
    study, model = job.study, _model(job)
    panel = load_panel(job.ground.panel.folder)
    windows = load_windows(job.ground.windows.folder, panel)
    folds = load_folds(job.ground.folds.folder)
    fitted: list[tuple[Fold, Affine, Fitted, Kept]] = []
    for fold in folds:
        among = np.zeros(len(windows), dtype=bool)
        among[learned_from(study, fold, windows)[0]] = True
        affine = study.normaliser.fit(windows, among)
        build = partial(_fit, job, fold, affine, windows, tell)
        kept = stages.make("fit", _fit_inputs(job, fold.index), build, resumes=True)
        fitted.append((fold, affine, load_fitted(kept.folder), kept))
    kept = stages.make("forecast", forecast_inputs(job), lambda work: _speak(fitted, windows, model, study, work))
    tell(Event("done", job.title))
    return kept.key


def fit_stages(job: Job, stages: Stages) -> list[tuple[int, Kept]]:
    """The kept fits of a finished job, by fold."""
    found = []
    for fold in load_folds(job.ground.folds.folder):
        kept = stages.find("fit", _fit_inputs(job, fold.index))
        assert kept is not None
        found.append((fold.index, kept))
    return found


def kept_forecast(job: Job, stages: Stages) -> Kept | None:
    """The forecast of a job, if it and the fits that spoke it are there."""
    kept = stages.find("forecast", forecast_inputs(job))
    folds = load_folds(job.ground.folds.folder)
    if kept is None or any(stages.find("fit", _fit_inputs(job, fold.index)) is None for fold in folds):
        return None
    return kept


def begun(job: Job, stages: Stages) -> bool:
    """Whether something of an unfinished job is there to go on from: a finished fold, or a fit's checkpoint."""
    for fold in load_folds(job.ground.folds.folder):
        inputs = _fit_inputs(job, fold.index)
        if stages.find("fit", inputs) is not None or stages.begun("fit", inputs):
            return True
    return False


def forecast_inputs(job: Job) -> dict[str, Any]:
    """Everything a forecast is computed from; its fingerprint is the key of the stage."""
    return {
        "windows": job.ground.windows.key,
        "folds": job.ground.folds.key,
        "fits": [_fit_inputs(job, fold.index) for fold in load_folds(job.ground.folds.folder)],
        "rollout": document(job.study.rollout) if job.member == "model" else None,
        "code": code_version("models", "learn", "study/rollout.py", "study/fitting.py"),
    }


def forecast_code() -> str:
    """SHA-256 over all code that a forecast goes through, from bars to scores."""
    return code_version(
        "factors", "prepare", "data/months.py", "market/months.py", "market/calendar.py", "models", "learn",
        "study/ground.py", "study/fitting.py",
    )  # fmt: skip


def learned_from(study: Study, fold: Fold, windows: Windows) -> tuple[IntArray, IntArray]:
    """Positions of the windows that a fold learns from, and of those that are watched meanwhile."""
    if study.hold_out is None:
        return np.flatnonzero(fold.training(windows)), np.flatnonzero(fold.validation(windows))
    part = part_within(study.hold_out, windows, fold.training(windows) | fold.validation(windows))
    return np.flatnonzero(part.training), np.flatnonzero(part.held)


def _model(job: Job) -> Network | Rival:
    if job.member == "model":
        held = job.study.model
    else:
        held = next(rival for rival in job.study.rivals if rival.name == job.member)
    assert isinstance(held, (Network, Rival))
    return held


def _fit_inputs(job: Job, fold: int) -> dict[str, Any]:
    study, model = job.study, _model(job)
    network = isinstance(model, Network)
    return {
        "panel": job.ground.panel.key,
        "windows": job.ground.windows.key,
        "folds": job.ground.folds.key,
        "fold": fold,
        "hold_out": None if study.hold_out is None else document(study.hold_out),
        "normaliser": document(study.normaliser),
        "model": document(model),
        "target_scaling": document(study.target_scaling) if network else None,
        "training": _trained(study) if network else None,
        "watch_test": study.watch_test if network else False,
        "seed": job.seed if network else None,
        "code": code_version("models", "learn", "prepare", "study/fitting.py"),
        "outside": outside(study.normaliser, study.hold_out, model, study.target_scaling, study.training),
        "libraries": {**{name: version(name) for name in ("torch", "numpy", "numba")}, **versions_of(model)},
    }


def _trained(study: Study) -> Any:
    """The training's settings without how often it saves, which changes no bit."""
    return None if study.training is None else document(study.training.but(checkpoint_seconds=0.0))


def _fit(job: Job, fold: Fold, affine: Affine, windows: Windows, tell: Tell, work: Path) -> None:
    from tidegate.learn.fit import fit_network, fit_rival

    study, model = job.study, _model(job)
    train, valid = learned_from(study, fold, windows)
    shared = affine.centre.shape[0] == 1
    held = {one.name: getattr(affine, one.name) for one in fields(affine)}
    plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in held.items()}
    write_json(work / FROZEN, {"code": forecast_code(), "normaliser": plain if shared else None})
    if isinstance(model, Rival):
        fit_rival(model, windows, affine, train, work)
        return
    assert study.training is not None
    judged = fold.testing(windows) & np.isfinite(windows.target)
    watched = {"test": np.flatnonzero(judged)} if study.watch_test else {}
    scale = study.target_scaling.fit(windows.target[train])
    fit_network(
        model,
        study.training,
        windows,
        affine,
        scale,
        train,
        valid,
        watched,
        job.seed,
        work,
        _seldom(job.title, tell),
    )


def _seldom(title: str, tell: Tell) -> Callable[[Progress], None]:
    """Pass on a step's progress a few times a second and at the end of each epoch; more would only cost time."""
    last = [0.0]

    def hear(progress: Progress) -> None:
        now = time.monotonic()
        if progress.step < progress.steps and now - last[0] < _TELL_SECONDS:
            return
        last[0] = now
        steps = progress.epochs * progress.steps
        done = (progress.epoch - 1) * progress.steps + progress.step
        watched = "" if progress.valid is None else f", valid {progress.valid:.4g}"
        tell(Event("step", title, done, steps, f"epoch {progress.epoch}, loss {progress.loss:.4g}{watched}"))

    return hear


def _speak(
    fitted: list[tuple[Fold, Affine, Fitted, Kept]], windows: Windows, model: Network | Rival, study: Study, work: Path
) -> None:
    prints = {fold.index: learned.fingerprint for fold, _, learned, _ in fitted}
    said = [_said(windows, one, np.flatnonzero(one[0].testing(windows))) for one in fitted]
    save_forecast(work, _forecast_of(said, study, windows, prints))
    if _asks_held(study):
        held = _said(windows, fitted[-1], learned_from(study, fitted[-1][0], windows)[1])
        if held is not None:
            save_forecast(work / HELD, _forecast_of([held], study, windows, prints))
    if study.rollout is not None and model is study.model:
        fold, affine, learned, _ = fitted[-1]
        write_frame(work / "paths.parquet", paths(learned, windows, affine, fold, study.rollout))


def _asks_held(study: Study) -> bool:
    """Whether anybody looks at what is said of windows that were watched: protocols and classes are compared there."""
    return study.hold_out is not None or study.label.unit == "class"


def _said(windows: Windows, one: tuple[Fold, Affine, Fitted, Kept], which: IntArray) -> pl.DataFrame | None:
    """What one fold's model says of some windows; None of none."""
    fold, affine, learned, _ = one
    return said_of(windows, fold.index, affine, learned, which) if which.size else None


def said_of(windows: Windows, fold: int, affine: Affine, learned: Fitted, which: IntArray) -> pl.DataFrame:
    """What a fit of a fold says of the windows at positions `which`, as rows of a forecast."""
    said, rows = say(learned, windows, affine, which), windows.anchors[which]
    assets = np.array(windows.panel.assets)
    return pl.DataFrame(
        {
            "time": windows.panel.times[windows.panel.row_time[rows]],
            "asset": assets[windows.panel.row_asset[rows]],
            "fold": np.full(len(rows), fold, dtype=np.int32),
            "score": said.score,
            "truth": windows.target[which],
            **said.more,
        }
    )


def _forecast_of(frames: list[pl.DataFrame | None], study: Study, windows: Windows, prints: dict[int, str]) -> Forecast:
    there = [frame for frame in frames if frame is not None]
    return Forecast.of(pl.concat(there), windows.horizon, study.label.unit, prints)
