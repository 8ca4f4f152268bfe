"""The whole corridor owes what each room owes: weights, forecasts, decisions and fills know nothing later (L3, L4).

A study is run on its own bars and again on bars whose future is another one, through the very functions that a run
uses.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.errors import ClockError
from tidegate.learn.fit import load_fitted
from tidegate.market.instruments import Instruments
from tidegate.strategy.selection import Selection
from tidegate.study.bar_trading import trade_within_bars, trades_within_bars
from tidegate.study.beside import Beside
from tidegate.study.books import load_books
from tidegate.study.declare import Study
from tidegate.study.fitting import Job, fit_stages, perform
from tidegate.study.ground import seen_bars, seen_reports, stand
from tidegate.study.progress import silent
from tidegate.study.records import load_folds, load_forecast
from tidegate.study.selecting import trade_selection
from tidegate.study.stages import Stages
from tidegate.study.trading import trade_study
from tidegate.testing.reports import scramble_reports
from tidegate.testing.scramble import scramble_future
from tidegate.types.axes import TimeArray
from tidegate.types.bars import Bars
from tidegate.types.fold import Fold
from tidegate.types.history import History, Reported

__all__ = ["Passed", "check_corridor", "knows_contract", "other_beside", "pass_through"]


_DECIDED = ("asset", "side", "quantity", "at", "reason", "score", "rank")
"""What a selection's order holds when it is given, before anything becomes of it."""


@dataclass(frozen=True)
class Passed:
    """What came out of the corridor: hashes by (member, fold), and frames by name, each with a column `time`.

    `times` are those of the panel that the folds count: bars, or months.
    """

    times: TimeArray
    folds: tuple[Fold, ...]
    prints: dict[tuple[str, int], str]
    frames: dict[str, pl.DataFrame]


def pass_through(study: Study, bars: Bars, beside: Beside | None = None, reported: Reported | None = None) -> Passed:
    """Send a study through every room on `bars` and reports: the model with its first seed, and every rival.

    A selection is traded with what is `beside` it: instruments, an index, a gate.
    """
    prints: dict[tuple[str, int], str] = {}
    frames: dict[str, pl.DataFrame] = {}
    with tempfile.TemporaryDirectory() as folder:
        stages = Stages(Path(folder))
        standing = stand(study, bars, stages, reported)
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
                trade_within_bars(study, standing.bars, forecasts, keys, market, stages)
                if trades_within_bars(study, market)
                else trade_selection(study, standing.bars, forecasts, keys, market, stages, beside or Beside(), silent)
                if isinstance(study.strategy, Selection)
                else trade_study(study, standing.bars, forecasts, keys, market, stages)
            )
            books = load_books(traded.folder)
            for member in books.members:
                title = f"{market.name} {member}"
                wishes = books.decided("wishes")
                if books.selects:
                    decided = books.table(member, "orders").select(pl.col("decided").alias("time"), *_DECIDED)
                elif wishes is not None and member in wishes["member"]:
                    decided = wishes.filter(pl.col("member") == member).drop("member")
                else:
                    decided = pl.DataFrame({"time": books.times, "exposure": books.wanted[member]})
                frames[f"decisions {title}"] = decided
                frames[f"book {title}"] = books.ledgers[member].book
                fills = books.ledgers[member].fills
                if trades_within_bars(study, market):  # what leaves at a bar's close is not known at its open
                    fills = fills.unique("trip", keep="first", maintain_order=True)
                frames[f"fills {title}"] = fills
        return Passed(standing.rows.times, tuple(load_folds(standing.ground.folds.folder)), prints, frames)


def check_corridor(
    study: Study,
    bars: Bars | None = None,
    seed: int = 0,
    beside: Beside | None = None,
    reported: Reported | None = None,
) -> int:
    """Scramble the future of each fold's cut, and of the middle of each test range; returns how many cuts were tried.

    * After a cut: the hash of what every member learned in that fold is the same.
    * After CLOSE(t): forecasts, decisions, fills and books up to *t* are the same, whatever the next open and its
      limits. Of bar t + 1 its factor alone stays, and that only where futures are traded within bars: its contract is
      decided at the close before.
    * After OPEN(t+1), what it shows being as it was: the fills at that open, and their sides, are the same.

    What is `beside` a selection gets another future too: ends of listing and the gate. So do reports: later
    announcements, restatements and memberships are others.

    No row vanishes, so that the time axis (and a split by shares of it) stays as it is.

    Errors
        `ClockError` with the member and the first line that changed.
    """
    held = seen_bars(study, study.source.bars() if bars is None else bars)
    told = Reported() if reported is None else seen_reports(study, reported)
    full = pass_through(study, held, beside, told)
    for fold in full.folds:
        cut = full.times[fold.cut - 1]
        scrambled = scramble_future(held, cut, seed + fold.index, vanish=0, listings=False)
        other = pass_through(study, scrambled, other_beside(beside, held, cut, seed), _other(held, told, cut, seed))
        for key in [key for key in full.prints if key[1] <= fold.index]:
            if full.prints[key] != other.prints[key]:
                raise ClockError(
                    f"study {study.name!r}: what {key[0]} learned in fold {key[1]} changes with what came later",
                    expected=full.prints[key][:16],
                    found=other.prints[key][:16],
                    where=str(cut)[:16],
                )
        middle = full.times[(fold.test.first + fold.test.end) // 2]
        following = held.times[min(int(np.searchsorted(held.times, middle)) + 1, len(held.times) - 1)]
        for kept, last in (({"keep_factor_of_next": knows_contract(study)}, middle),
                           ({"keep_open_of_next": True}, following)):  # fmt: skip
            later = scramble_future(held, middle, seed, **kept, vanish=0, listings=False)
            around = other_beside(beside, held, middle, seed), _other(held, told, middle, seed)
            again = pass_through(study, later, *around)
            for name, frame in full.frames.items():
                if name.startswith("fills") or last == middle:
                    _same(f"study {study.name!r}: {name}", frame, again.frames[name], last)
    return 2 * len(full.folds)


def knows_contract(study: Study) -> bool:
    """Whether a study may read the next bar's factor at a close: where it trades futures within their bars."""
    return any(trades_within_bars(study, market) for market in study.markets)


def _other(bars: Bars, reported: Reported, after: np.datetime64, seed: int) -> Reported:
    """Keep what was reported by the close of a bar, and give it another future."""
    day = after.astype("datetime64[D]").item()
    return scramble_reports(History.of(bars, reported=reported), day, seed)


def other_beside(beside: Beside | None, bars: Bars, after: np.datetime64, seed: int) -> Beside | None:
    """Keep what was known beside a selection at the close of bar `after`, and give it another future.

    Of listings that had not ended by then, each third ends on a day to come and no other ever does; the gate is turned
    round after it. An index decides nothing, and stays.
    """
    if beside is None:
        return None
    generator, instruments, gate = np.random.default_rng((seed, 11)), beside.instruments, beside.gate
    days = np.unique(bars.frame["session"].to_numpy().astype("datetime64[D]"))
    to_come = days[days > after.astype("datetime64[D]")]
    if instruments is not None and to_come.size:
        last = instruments.frame["delisted"].to_numpy().astype("datetime64[D]")
        open_ = np.isnat(last) | (last >= to_come[0])
        listed = instruments.frame["listed"].to_numpy().astype("datetime64[D]")
        drawn = np.fmax(generator.choice(to_come, last.size), listed)  # nothing ends before it is listed
        ends = np.where(open_, np.where(np.arange(last.size) % 3 == 0, drawn, np.datetime64("NaT")), last)
        instruments = Instruments.of(instruments.frame.with_columns(delisted=pl.Series(ends)))
    later = pl.col("time") > pl.lit(after).cast(pl.Datetime("us"))
    turned = pl.when(later).then(1.0 - pl.col("open")).otherwise(pl.col("open")).alias("open")
    gates = {seed: one.with_columns(turned) for seed, one in beside.gates.items()}
    gate = None if gate is None else gate.with_columns(turned)
    return replace(beside, instruments=instruments, gate=gate, gates=gates)


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
