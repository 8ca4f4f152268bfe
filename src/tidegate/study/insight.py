"""What a fitted network does inside, kept as stages: how long it pondered over judged windows.

Looking inside costs predictions, so it is done on a bounded number of windows, spread evenly over the judged ones, and
kept under the hash of the fit it looked into: a new figure does not ask the network again.
"""

import numpy as np
from safetensors.numpy import load, save

from tidegate.files import write_bytes
from tidegate.learn.fit import load_fitted
from tidegate.learn.pondered import pondered
from tidegate.models.cells.act import ACT
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.study.code import code_version, outside
from tidegate.study.declare import Study
from tidegate.study.fitting import Ground
from tidegate.study.records import load_folds, load_panel, load_windows
from tidegate.study.stages import Kept, Stages
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.fold import Fold
from tidegate.types.windows import Windows

__all__ = ["LOOKED_AT", "judged", "ponder_of"]

LOOKED_AT = 512
"""Judged windows that a network is watched on."""


def judged(windows: Windows, fold: Fold, most: int) -> IntArray:
    """At most `most` windows of a fold's test range, spread evenly over it."""
    which = np.flatnonzero(fold.testing(windows))
    if which.size <= most:
        return which
    return np.asarray(which[np.linspace(0, which.size - 1, most).round().astype(np.int64)])


def ponder_of(
    study: Study, ground: Ground, fits: dict[int, Kept], stages: Stages
) -> tuple[dict[int, dict[str, FloatArray]], list[Kept]]:
    """How long each seed's last network pondered, by seed, and the stages that hold it; nothing for other cells."""
    model = study.model
    if not (isinstance(model, RecurrentNetwork) and isinstance(model.cell, ACT)):
        return {}, []
    panel = load_panel(ground.panel.folder)
    windows = load_windows(ground.windows.folder, panel)
    fold = load_folds(ground.folds.folder)[-1]
    affine = study.normaliser.fit(windows, fold.training(windows))
    held: dict[int, dict[str, FloatArray]] = {}
    used = []
    for seed, fit in fits.items():
        inputs = {
            "fit": fit.key,
            "windows": ground.windows.key,
            "folds": ground.folds.key,
            "looked_at": LOOKED_AT,
            "code": code_version("models", "learn", "study/insight.py"),
            "outside": outside(study.normaliser, model),
        }

        def look(work: object, fit: Kept = fit) -> None:
            told = pondered(load_fitted(fit.folder), windows, affine, judged(windows, fold, LOOKED_AT))
            write_bytes(work / "pondered.safetensors", save(told))  # type: ignore[operator]

        kept = stages.make("pondered", inputs, look)
        held[seed] = load((kept.folder / "pondered.safetensors").read_bytes())
        used.append(kept)
    return held, used
