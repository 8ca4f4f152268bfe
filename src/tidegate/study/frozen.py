"""A frozen run: what was declared, fitted and kept, read back and held against the code and the declaration of today.

Which fit may speak of a day is decided here. It is the one whose test range holds the day, where the split says so;
otherwise the newest one that learned from nothing at or after that day, and then somebody has to say that an old model
will do.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidegate.errors import ClockError, IntegrityError, KeptError, SettingError, UnknownNameError
from tidegate.files import read_json
from tidegate.learn.digests import digest_scaler
from tidegate.learn.fitted import Fitted, load_fitted
from tidegate.models.base import Network
from tidegate.study.carry import load_carry
from tidegate.study.declare import Study
from tidegate.study.fitting import FROZEN, forecast_code
from tidegate.study.folder import RunFolder
from tidegate.study.ground import AXIS
from tidegate.study.records import load_folds
from tidegate.study.reproduction import declared_fingerprint
from tidegate.study.stations import shown
from tidegate.types.axes import BoolArray, TimeArray
from tidegate.types.bars import BarSpec
from tidegate.types.fold import Fold
from tidegate.types.windows import Affine, Windows

__all__ = ["ALLOWED", "Frozen", "Voice", "frozen_run"]

ALLOWED = ("stale", "gaps", "data", "code")
"""What a caller may let pass: a model past its time, gaps in the data, revised data, changed code."""


@dataclass(frozen=True)
class Voice:
    """One fit, ready to be asked: the model, the seed, the fold, and the normaliser that was fitted with it."""

    fitted: Fitted
    seed: int
    fold: int
    normaliser: Affine | None

    def affine(self, study: Study, windows: Windows) -> Affine:
        """The normaliser for some windows: as it was fitted, or each window's own; raises `IntegrityError`."""
        if self.normaliser is None:
            nobody: BoolArray = np.zeros(len(windows), dtype=bool)
            return study.normaliser.fit(windows, nobody)
        if digest_scaler(self.normaliser) != self.fitted.scaler:
            raise IntegrityError(
                "the kept normaliser is not the one that the model was fitted with",
                expected=self.fitted.scaler[:12],
                found=digest_scaler(self.normaliser)[:12],
                hint="run the study again",
            )
        return self.normaliser


@dataclass(frozen=True)
class Frozen:
    """A study of a finished run: its declaration, its time axis, its folds and where its fits lie."""

    run: Path
    study: Study
    rows: TimeArray
    """Labels of the panel's rows ``[T]``: bars, or months."""
    times: TimeArray
    """Labels of the bars."""
    columns: tuple[str, ...]
    marks: Any
    """One number for the bars of each label (see `marks`)."""
    folds: tuple[Fold, ...]
    spec: BarSpec
    carry: pl.DataFrame
    """What each year's end says of each asset (see `carry`)."""

    @property
    def label(self) -> str:
        """How the run is named: study and digits."""
        return f"{self.run.parent.name}/{self.run.name}"

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds with fits of their own."""
        return self.study.seeds if isinstance(self.study.model, Network) else self.study.seeds[:1]

    def fold_at(self, axis: TimeArray, when: np.datetime64, allow: Collection[str]) -> Fold:
        """The fold whose fit speaks of `when`, a label of `axis`, which holds the run's own labels and newer ones.

        Errors
            `ClockError` where every fit learned from that day or from later ones; `KeptError` where the split would
            have fitted anew by then, or does not judge that day, unless ``"stale"`` is allowed.
        """
        place = int(np.searchsorted(axis, when))
        judged = next((fold for fold in self._due(axis) if fold.test.first <= place < fold.test.end), None)
        if judged is not None:
            kept = [fold for fold in self.folds if (fold.train, fold.valid) == (judged.train, judged.valid)]
            if kept and kept[0].cut <= place:
                return kept[0]
        blind = [fold for fold in self.folds if fold.cut <= place]
        if not blind:
            first = min(fold.cut for fold in self.folds)
            raise ClockError(
                "no fit of this run knew nothing of that day",
                where=self.label,
                expected=f"a day from {shown(axis[first])} on" if first < len(axis) else "a later day",
                found=shown(when),
                hint="ask for a later day, or run a study whose split learns from less",
            )
        newest = max(blind, key=lambda fold: fold.cut)
        if "stale" not in allow:
            learned = shown(axis[newest.cut - 1])
            due = None if judged is None else shown(axis[judged.cut - 1])
            raise KeptError(
                "the model is stale: its split does not let it speak of that day",
                where=f"{self.label}, {shown(when)}",
                expected="a day that some fold judges" if due is None else f"a model that learned up to {due}",
                found=f"one that learned up to {learned}, {place - newest.cut} rows before",
                hint="run the study again on data that reach that day, or allow a stale model (--allow stale)",
            )
        return newest

    def _due(self, axis: TimeArray) -> tuple[Fold, ...]:
        """The folds that the split makes of an axis: the kept ones as long as nothing was added."""
        if len(axis) == len(self.rows):
            return self.folds
        try:
            return self.study.split.folds(axis)
        except SettingError:
            return ()

    def voice(self, seed: int, fold: int, allow: Collection[str]) -> Voice:
        """Read one fit, held against its forecast and the code of today.

        Errors
            `KeptError` where it is not there, or where other code made it, unless ``"code"`` is allowed;
            `IntegrityError` where it is not the fit that made the run's forecasts.
        """
        place = self.run / "records" / self.study.name
        folder = place / "fit" / f"seed-{seed}" / f"fold-{fold}"
        if not (folder / FROZEN).is_file():
            raise KeptError(
                "the run keeps nothing to ask about another day",
                where=folder,
                expected=FROZEN,
                hint="it was made by an older version, or was not finished: run the study again",
            )
        card, fitted = read_json(folder / FROZEN), load_fitted(folder)
        if card["code"] != forecast_code() and "code" not in allow:
            raise KeptError(
                "the code between bars and scores has changed since this model was fitted",
                where=self.label,
                expected=card["code"][:12],
                found=forecast_code()[:12],
                hint="run the study again (what has not changed is not computed), or allow it (--allow code)",
            )
        told = read_json(place / "forecast" / f"seed-{seed}" / "forecast.json")["fingerprints"][str(fold)]
        if told != fitted.fingerprint:
            raise IntegrityError(
                "this fit did not make the run's forecasts", where=folder, expected=told[:12],
                found=fitted.fingerprint[:12], hint="remove the run folder and run the study again",
            )  # fmt: skip
        moments = card["normaliser"]
        if moments is None:
            return Voice(fitted, seed, fold, None)
        arrays: dict[str, Any] = {n: np.array(held) if isinstance(held, list) else held for n, held in moments.items()}
        return Voice(fitted, seed, fold, Affine.of(**arrays))


def frozen_run(run: Path, study: str | None = None) -> Frozen:
    """Read a study of a run back: the leading one, if none is named.

    Errors
        `UnknownNameError` for a study that the run does not have; `KeptError` where it has no fits to ask;
        `IntegrityError` where the declaration was changed since it was run.
    """
    held = RunFolder(run).read("study.json")
    found = declared_fingerprint(held["name"], held["studies"], held.get("outside", {}))
    if found != held["fingerprint"]:
        raise IntegrityError(
            "the declaration is not the one that was run", where=run / "study.json", expected=held["fingerprint"][:12],
            found=found[:12], hint="run the changed declaration as a study of its own",
        )  # fmt: skip
    documents = {entry["name"]: entry for entry in held["studies"]}
    name = study or held["lead"]
    if name not in documents:
        raise UnknownNameError.among("study", name, documents, where=run)
    declared = Study.of(documents[name])
    place = run / "records" / name
    if not (place / "panel" / AXIS).is_file():
        raise KeptError(
            "the run keeps nothing to ask about another day", where=place / "panel", expected=AXIS,
            hint="it was made by an older version, or was not finished: run the study again",
        )  # fmt: skip
    axis = read_json(place / "panel" / AXIS)
    rows, times = (np.array(axis[what], dtype=np.int64).view("datetime64[us]") for what in ("rows", "times"))
    spec = BarSpec.of(read_json(place / "bars" / "bars.json"))
    carry = load_carry(place / "panel")
    marks = np.array(axis["marks"], dtype=np.int64).view(np.uint64)
    return Frozen(run, declared, rows, times, tuple(axis["columns"]), marks, load_folds(place / "folds"), spec, carry)
