"""A run's fitted network as an ONNX file, compared with the network itself before it is written.

Everything is read from the run folder's records. The file is asked about windows of the fold's test range as the panel
has them, and the scores are held against those that the library speaks; where they differ, nothing is written.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tidegate.errors import IntegrityError, SettingError, UnknownNameError
from tidegate.files import write_bytes
from tidegate.learn.export.model import onnx_bytes, run_onnx
from tidegate.learn.fitted import Fitted, load_fitted
from tidegate.learn.speak import speak
from tidegate.models.base import Network
from tidegate.prepare.window_z_score import WindowZScore
from tidegate.study.declare import Study
from tidegate.study.folder import RunFolder
from tidegate.study.records import load_folds, load_panel, load_windows
from tidegate.types.axes import IntArray, Single
from tidegate.types.fold import Fold
from tidegate.types.windows import Affine, Windows

__all__ = ["Written", "export_run"]

_COMPARED = 256
_AGREES = 1e-4
"""Largest difference allowed, as a share of the largest score; rounding is a hundredth of it."""


@dataclass(frozen=True)
class Written:
    """What was written, and how it was compared: windows asked, and the largest difference over the largest score."""

    path: Path
    sha256: str
    study: str
    seed: int
    fold: int
    fingerprint: str
    compared: int
    difference: float


def export_run(
    run: Path, path: Path, *, study: str | None = None, seed: int | None = None, fold: int | None = None
) -> Written:
    """Write one fitted network of a run: the leading study's, its first seed's and its last fold's if none is named.

    Errors
        `UnknownNameError` for a study, seed or fold that the run does not have; `SettingError` for a model that cannot
        be exported; `MissingExtraError` without the extra "export"; `IntegrityError` where file and network differ.
    """
    held = RunFolder(run).read("study.json")
    declared = {entry["name"]: Study.of(entry) for entry in held["studies"]}
    name = study or held["lead"]
    if name not in declared:
        raise UnknownNameError.among("study", name, declared, where=run)
    if not isinstance(declared[name].model, Network):
        raise SettingError(
            "only recurrent networks can be exported", where=name, found=declared[name].model.name,
            hint="name a study whose model is a network with --study",
        )  # fmt: skip
    place = run / "records" / name
    who = declared[name].seeds[0] if seed is None else seed
    folds = {each.index: each for each in load_folds(place / "folds")}
    which = max(folds) if fold is None else fold
    for what, asked, known in (("seed", who, declared[name].seeds), ("fold", which, folds)):
        if asked not in known:
            raise UnknownNameError.among(what, str(asked), (str(each) for each in known), where=name)
    fitted = load_fitted(place / "fit" / f"seed-{who}" / f"fold-{which}")
    windows = load_windows(place / "windows", load_panel(place / "panel"))
    normaliser = declared[name].normaliser
    affine = normaliser.fit(windows, folds[which].training(windows))
    content = onnx_bytes(
        fitted,
        normaliser=normaliser if isinstance(normaliser, WindowZScore) else affine,
        horizon=windows.horizon,
        facts={"study": name, "fold": str(which), "unit": declared[name].label.unit},
    )
    compared, difference = _compared(content, fitted, windows, affine, folds[which])
    digest = write_bytes(path, content)
    return Written(path, digest, name, who, which, fitted.fingerprint, compared, difference)


def _compared(content: bytes, fitted: Fitted, windows: Windows, affine: Affine, fold: Fold) -> tuple[int, float]:
    """Ask file and library about the same windows; raises `IntegrityError` where they differ by more than rounding."""
    which = np.flatnonzero(fold.testing(windows))[-_COMPARED:]
    ours = speak(fitted, windows, affine, which)
    theirs = run_onnx(content, *_as_they_are(windows, which))["score"]
    difference = float(np.max(np.abs(ours - theirs)) / max(np.max(np.abs(ours)), np.finfo(np.float32).tiny))
    if not difference <= _AGREES:
        raise IntegrityError(
            "the exported graph does not say what the network says",
            expected=f"a difference of at most {_AGREES:g} of the largest score",
            found=f"{difference:.3g}",
            where=fitted.model.name,
            hint="nothing was written; please report it, with the study's document",
        )
    return which.size, difference


def _as_they_are(windows: Windows, which: IntArray) -> tuple[Single, Single]:
    """Windows ``[M, L, F]`` and context ``[M, C]`` as the panel has them."""
    panel, anchors = windows.panel, windows.anchors[which]
    rows = anchors[:, None] + np.arange(1 - windows.lookback, 1)
    inputs = panel.values[:, [panel.field(field) for field in windows.inputs]]
    context = panel.values[:, [panel.field(field) for field in windows.context]]
    return inputs[rows], context[anchors]
