"""Bars → panel → windows and folds: what all fits of a study stand on, each kept as a stage."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.component import document
from tidegate.errors import DataError, SettingError, UnknownNameError
from tidegate.learn.losses.fitting import fitted_loss
from tidegate.models.base import Network
from tidegate.prepare.windows import cut_windows
from tidegate.strategy.base import Timing
from tidegate.study.code import code_version, outside
from tidegate.study.declare import Study
from tidegate.study.fitting import Ground
from tidegate.study.records import load_folds, load_panel, load_windows, save_bars, save_folds, save_panel, save_windows
from tidegate.study.stages import Kept, Stages
from tidegate.types.bars import Bars
from tidegate.types.fold import Fold
from tidegate.types.windows import Windows

__all__ = ["Standing", "seen_bars", "stand"]


@dataclass(frozen=True)
class Standing:
    """A study's bars, and the kept stages made of them."""

    study: Study
    bars: Bars
    bars_kept: Kept
    ground: Ground


def seen_bars(study: Study, bars: Bars) -> Bars:
    """The bars that the study may see: its universe, within its span; raises where nothing is left."""
    frame = bars.frame
    unknown = [asset for asset in study.universe if asset not in bars.assets]
    if unknown:
        raise UnknownNameError.among("asset", unknown[0], bars.assets, where=f"universe of {study.name}")
    if study.universe:
        frame = frame.filter(pl.col("asset").is_in(list(study.universe)))
    if study.span.first is not None:
        frame = frame.filter(pl.col("session") >= study.span.first)
    if study.span.last is not None:
        frame = frame.filter(pl.col("session") <= study.span.last)
    if frame.height == 0:
        raise DataError(
            "no bar lies in the span",
            where=study.name,
            expected=f"{study.span.first} … {study.span.last}",
            found=f"{bars.times[0]} … {bars.times[-1]}",
            hint="change `span`",
        )
    return Bars.of(frame, bars.spec)


def stand(study: Study, bars: Bars, stages: Stages) -> Standing:
    """Make (or find) panel, windows and folds of a study on `bars`, which are what it may see."""
    if isinstance(study.strategy, Timing) and len(bars.assets) != 1:
        raise SettingError(
            "a timing strategy trades one asset",
            found=f"{len(bars.assets)} assets",
            where=study.name,
            hint=f"name one in `universe`, for example {bars.assets[0]}",
        )
    told = {"bars": bars.digest}
    bars_kept = stages.make("bars", told, lambda work: save_bars(work, bars))
    made = {
        **told,
        "factors": document(study.factors),
        "code": code_version("factors"),
        "outside": outside(study.factors),
    }
    panel_kept = stages.make("panel", made, lambda work: save_panel(work, study.factors.compute(bars)))
    panel = load_panel(panel_kept.folder)
    for field in study.context:
        panel.field(field)
    inputs = tuple(field for field in panel.fields if field not in study.context)
    if not inputs:
        raise SettingError(
            "no field is left for the windows", where=study.name, found=study.context, hint="shorten `context`"
        )
    cutting = {
        "panel": panel_kept.key,
        "bars": bars.digest,
        "label": document(study.label),
        "lookback": study.lookback,
        "count": study.count,
        "inputs": inputs,
        "context": study.context,
        "code": code_version("prepare"),
        "outside": outside(study.label),
    }

    def cut(work: object) -> None:
        made = cut_windows(bars, panel, study.label, study.lookback, study.count, inputs, study.context)
        if len(made.windows) == 0:
            raise DataError(
                "no window is left",
                where=study.name,
                found=made.dropped,
                hint="shorten `lookback`, or give more history",
            )
        save_windows(work, made.windows, made.dropped)  # type: ignore[arg-type]

    windows_kept = stages.make("windows", cutting, cut)
    splitting = {
        "times": [str(panel.times[0]), str(panel.times[-1]), len(panel.times)],
        "bars": bars.digest,
        "split": document(study.split),
        "code": code_version("prepare"),
        "outside": outside(study.split),
    }
    folds_kept = stages.make(
        "folds", splitting, lambda work: save_folds(work, study.split.folds(np.asarray(panel.times)))
    )
    windows, folds = load_windows(windows_kept.folder, panel), load_folds(folds_kept.folder)
    _refuse_empty(study, windows, folds)
    _refuse_unlearnable(study, windows, folds)
    return Standing(study, bars, bars_kept, Ground(panel_kept, windows_kept, folds_kept))


def _refuse_unlearnable(study: Study, windows: Windows, folds: tuple[Fold, ...]) -> None:
    """Say before anything is fitted that a loss, its targets, the networks and the sampling don't go together."""
    if study.training is None:
        return
    for fold in folds:
        sets = {"train": np.flatnonzero(fold.training(windows)), "valid": np.flatnonzero(fold.validation(windows))}
        scale = study.target_scaling.fit(windows.target[sets["train"]])
        for model in (study.model, *study.rivals):
            if isinstance(model, Network):
                fitted_loss(model, study.training, windows, scale, sets)


def _refuse_empty(study: Study, windows: Windows, folds: tuple[Fold, ...]) -> None:
    """Say before anything is fitted that a fold has nothing to learn from, or that nothing can be judged."""
    idle = [fold.index for fold in folds if not fold.training(windows).any()]
    for what, empty in (
        (f"learn from in fold {idle[0] if idle else 0}", bool(idle)),
        ("judge", not any(fold.testing(windows).any() for fold in folds)),
    ):
        if empty:
            raise DataError(
                f"there is no window to {what}",
                where=study.name,
                found=f"{len(windows)} windows in all",
                hint="shorten `lookback`, move the split, or give more history",
            )
