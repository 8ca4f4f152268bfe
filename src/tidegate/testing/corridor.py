"""The whole corridor owes what each room owes: weights, forecasts, decisions and fills know nothing later (L3, L4).

A study is run on its own bars and again on bars whose future is another one, through the very functions that a run
uses.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.errors import ClockError
from tidegate.learn.fit import load_fitted
from tidegate.strategy.selection import Selection
from tidegate.study.beside import Beside
from tidegate.study.books import load_books
from tidegate.study.declare import Study
from tidegate.study.fitting import Job, fit_stages, perform
from tidegate.study.ground import seen_bars, stand
from tidegate.study.progress import silent
from tidegate.study.records import load_folds, load_forecast
from tidegate.study.selecting import trade_selection
from tidegate.study.stages import Stages
from tidegate.study.trading import trade_study
from tidegate.testing.scramble import scramble_future
from tidegate.types.bars import Bars
from tidegate.types.fold import Fold

__all__ = ["Passed", "check_corridor", "pass_through"]


_DECIDED = ("asset", "side", "quantity", "at", "reason", "score", "rank")
"""What a selection's order holds when it is given, before anything becomes of it."""


@dataclass(frozen=True)
class Passed:
    """What came out of the corridor: hashes by (member, fold), and frames by name, each with a column `time`."""

    folds: tuple[Fold, ...]
    prints: dict[tuple[str, int], str]
    frames: dict[str, pl.DataFrame]


def pass_through(study: Study, bars: Bars) -> Passed:
    """Send a study through every room on `bars`: the model with its first seed, and every rival."""
    prints: dict[tuple[str, int], str] = {}
    frames: dict[str, pl.DataFrame] = {}
    with tempfile.TemporaryDirectory() as folder:
        stages = Stages(Path(folder))
        standing = stand(study, bars, stages)
        jobs = [
            Job(study, name, study.seeds[0], standing.ground) for name in ("model", *(r.name for r in study.rivals))
        ]
        forecasts, keys = {}, {}
        for job in jobs:
            keys[job.label] = perform(job, stages.root, lambda _: None)
            forecasts[job.label] = load_forecast(stages.root / "forecast" / keys[job.label])
            for fold, fit in fit_stages(job, stages):
                prints[job.label, fold] = load_fitted(fit.folder).fingerprint
            frames[f"forecast {job.label}"] = forecasts[job.label].frame.drop("truth")
        for market in study.markets if study.strategy is not None else ():
            traded = (
                trade_selection(study, standing.bars, forecasts, keys, market, stages, Beside(), silent)
                if isinstance(study.strategy, Selection)
                else trade_study(study, standing.bars, forecasts, keys, market, stages)
            )
            books = load_books(traded.folder)
            for member in books.members:
                title = f"{market.name} {member}"
                if books.selects:
                    decided = books.table(member, "orders").select(pl.col("decided").alias("time"), *_DECIDED)
                else:
                    decided = pl.DataFrame({"time": books.times, "exposure": books.wanted[member]})
                frames[f"decisions {title}"] = decided
                frames[f"book {title}"] = books.ledgers[member].book
                frames[f"fills {title}"] = books.ledgers[member].fills
        return Passed(tuple(load_folds(standing.ground.folds.folder)), prints, frames)


def check_corridor(study: Study, bars: Bars | None = None, seed: int = 0) -> int:
    """Scramble the future of each fold's cut, and of the middle of each test range; returns how many cuts were tried.

    * After a cut: the hash of what every member learned in that fold is the same.
    * After *t*: forecasts, decisions, fills and books up to *t* are the same, and so are the fills at OPEN(t+1) when
      only that open stays.

    No row vanishes, so that the time axis (and a split by shares of it) stays as it is.

    Errors
        `ClockError` with the member and the first line that changed.
    """
    held = seen_bars(study, study.source.bars() if bars is None else bars)
    full = pass_through(study, held)
    for fold in full.folds:
        cut = held.times[fold.cut - 1]
        other = pass_through(study, scramble_future(held, cut, seed + fold.index, vanish=0, listings=False))
        for key in [key for key in full.prints if key[1] <= fold.index]:
            if full.prints[key] != other.prints[key]:
                raise ClockError(
                    f"study {study.name!r}: what {key[0]} learned in fold {key[1]} changes with what came later",
                    expected=full.prints[key][:16],
                    found=other.prints[key][:16],
                    where=str(cut)[:16],
                )
        middle = (fold.test.first + fold.test.end) // 2
        later = scramble_future(held, held.times[middle], seed, keep_open_of_next=True, vanish=0, listings=False)
        again = pass_through(study, later)
        following = held.times[min(middle + 1, len(held.times) - 1)]
        for name, frame in full.frames.items():
            last = following if name.startswith("fills") else held.times[middle]
            _same(f"study {study.name!r}: {name}", frame, again.frames[name], last)
    return 2 * len(full.folds)


def _same(title: str, before: pl.DataFrame, after: pl.DataFrame, last: np.datetime64) -> None:
    label = pl.lit(last).cast(pl.Datetime("us"))
    held, other = before.filter(pl.col("time") <= label), after.filter(pl.col("time") <= label)
    if held.equals(other):
        return
    first = next((i for i, (a, b) in enumerate(zip(held.rows(), other.rows(), strict=False)) if a != b), -1)
    raise ClockError(
        f"{title} changes with what came after {str(last)[:16]}",
        expected=held.row(first, named=True) if held.height else "no line",
        found=other.row(first, named=True) if other.height else "no line",
        where=f"line {first}" if first >= 0 else f"{held.height} lines before, {other.height} after",
    )
