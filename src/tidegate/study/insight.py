"""What a fitted network does inside, kept as stages: how long it pondered over judged windows, what it leans on.

Looking inside costs predictions, so it is done on a bounded number of windows, on dates spread evenly over the judged
ones, and kept under the hash of the fit it looked into: a new figure does not ask the network again. Dates stay whole,
since what a date's assets lean on is asked by dealing values out among them; where a date holds so many assets that few
dates would be left, each is thinned instead. What a fit leans on is asked only where the study says so (`Explain`), and
of the first seed alone.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from tidegate.component import document
from tidegate.files import read_json, write_bytes, write_json
from tidegate.learn.attribution import integrated_gradients, permutation_importance
from tidegate.learn.fit import load_fitted
from tidegate.learn.pondered import pondered
from tidegate.learn.sampling import whole_dates
from tidegate.models.cells.act import ACT
from tidegate.models.ensemble import Ensemble
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.study.code import code_version, outside
from tidegate.study.declare import Study
from tidegate.study.fitting import Ground
from tidegate.study.records import load_folds, load_panel, load_windows
from tidegate.study.stages import Kept, Stages
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.fold import Fold
from tidegate.types.windows import Windows

__all__ = ["LOOKED_AT", "Explained", "explained_of", "judged", "ponder_of"]

_LEVEL = 0.95
_DATES = 40
LOOKED_AT = 512
"""Judged windows that a network is watched on."""


@dataclass(frozen=True)
class Explained:
    """What one network leans on, over `windows` judged windows.

    Permutation importance: `value`, `low`, `high` ``[F]`` (a 95 % interval over blocks of time) and `blocks`
    ``[F, K]``, in the loss's unit; `asked` forecasts were made for it. Integrated gradients: `by_lag` ``[L, F]``, the
    mean size of what each row and field added to a score, in the label's unit.
    """

    fields: tuple[str, ...]
    inputs: tuple[str, ...]
    value: FloatArray
    low: FloatArray
    high: FloatArray
    blocks: FloatArray
    by_lag: FloatArray
    windows: int
    asked: int


def judged(windows: Windows, fold: Fold, most: int) -> IntArray:
    """At most `most` windows of a fold's test range whose target is known, on whole dates spread evenly over it.

    Where fewer than `_DATES` whole dates would fit, so many are taken, and of each an even share of its windows.
    """
    which = np.flatnonzero(fold.testing(windows) & np.isfinite(windows.target))
    if which.size <= most:
        return which
    dates = whole_dates(which, windows.anchor_time, 1)
    least = min(_DATES, len(dates), most)
    count = max(least, min(len(dates), most * len(dates) // which.size))
    chosen = _evenly(dates, count)
    while count > least and sum(date.size for date in chosen) > most:
        count -= 1
        chosen = _evenly(dates, count)
    if sum(date.size for date in chosen) > most:
        chosen = [date[_places(date.size, min(date.size, most // count))] for date in chosen]
    return np.sort(np.concatenate(chosen))


def _evenly(dates: list[IntArray], count: int) -> list[IntArray]:
    return [dates[at] for at in _places(len(dates), count)]


def _places(size: int, count: int) -> IntArray:
    """``count`` of ``size`` places, both ends among them."""
    return np.linspace(0, size - 1, count).round().astype(np.int64)


def ponder_of(
    study: Study, ground: Ground, fits: dict[int, Kept], stages: Stages
) -> tuple[dict[int, dict[str, FloatArray]], list[Kept]]:
    """How long each seed's last network pondered, by seed, and the stages that hold it; nothing for other cells.

    An ensemble's members are told one after the other, each over the same windows.
    """
    model = study.model
    network = model.member if isinstance(model, Ensemble) else model
    if not (isinstance(network, RecurrentNetwork) and isinstance(network.cell, ACT)):
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


def explained_of(
    study: Study, ground: Ground, fits: dict[int, Kept], stages: Stages
) -> tuple[Explained | None, list[Kept]]:
    """What the first seed's last network leans on, and the stage that holds it; None where the study does not ask."""
    asked = study.explain
    if asked is None or not fits:
        return None, []
    fit = next(iter(fits.values()))
    panel = load_panel(ground.panel.folder)
    windows = load_windows(ground.windows.folder, panel)
    fold = load_folds(ground.folds.folder)[-1]
    affine = study.normaliser.fit(windows, fold.training(windows))
    inputs = {
        "fit": fit.key,
        "windows": ground.windows.key,
        "folds": ground.folds.key,
        "explain": document(asked),
        "code": code_version("models", "learn", "study/insight.py"),
        "outside": outside(study.normaliser, study.model),
    }

    def ask(work: Path) -> None:
        began = time.monotonic()
        which = judged(windows, fold, asked.windows)
        fitted = load_fitted(fit.folder)
        dealt = permutation_importance(
            fitted, windows, affine, which, seed=study.seeds[0], repeats=asked.repeats, level=_LEVEL
        )
        told = integrated_gradients(fitted, windows, affine, which, nodes=asked.nodes)
        arrays = {"value": dealt.value, "low": dealt.low, "high": dealt.high, "blocks": dealt.blocks}
        write_bytes(work / "explained.safetensors", save({**arrays, "by_lag": told.by_lag}))
        counted = int(which.size * (1 + len(dealt.fields) * asked.repeats))
        names = {"fields": dealt.fields, "inputs": told.fields, "windows": int(which.size), "asked": counted}
        write_json(work / "explained.json", names)
        write_json(work / "timings.json", {"seconds": time.monotonic() - began})

    kept = stages.make("explained", inputs, ask)
    card = read_json(kept.folder / "explained.json")
    arrays = load((kept.folder / "explained.safetensors").read_bytes())
    return Explained(
        tuple(card["fields"]), tuple(card["inputs"]), windows=card["windows"], asked=card["asked"], **arrays
    ), [kept]
