"""Does the whole corridor call noise a skill, and find a skill that is there? Counted over worlds with known answers.

    python benchmarks/worlds.py [worlds]

Each world goes through the rooms that a study goes through: bars, raw fields, forward returns, windows, one split with
its purge, a fit on the first half, a forecast and a judgement on the second; with one asset also the timing rule, its
broker and its random gates. Nothing is read off the world but what a model may see. Then three questions:

flagged   noise whose two-sided p-value is below 5 %, in either direction: 2 to 8 % of worlds
found     a planted coefficient of 0.05 whose p-value is below 5 % and whose sign is right: at least 80 % of worlds
covered   the 95 % interval holds the coefficient that the *fitted* model has in the population: 90 to 97 % of worlds

A linear model counts over 200 worlds, a small LSTM confirms it on ten. Prints a table, appends the figures to
``history/worlds.jsonl`` and ends with status 1 where a rate lies outside its band. Seeded: two runs agree.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from tidegate.backtest.engine import trade
from tidegate.data.worlds import NoiseWorld, PlantedWorld
from tidegate.evaluate.forecasts import judge_forecast
from tidegate.evaluate.placebo import judge_placebos
from tidegate.factors.raw import RawFields
from tidegate.learn.fit import Fitted, fit_network, fit_rival
from tidegate.learn.speak import speak
from tidegate.learn.target import StandardTarget
from tidegate.learn.training import Training
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.measures.returns import total_return
from tidegate.measures.scores import ic as correlation
from tidegate.models.base import Model, Network
from tidegate.models.cells.lstm import LSTM
from tidegate.models.linear import Linear
from tidegate.models.persistence import Persistence
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.normaliser import Normaliser
from tidegate.prepare.scalers import Standard
from tidegate.prepare.split import ShareSplit
from tidegate.prepare.window_z_score import WindowZScore
from tidegate.prepare.windows import cut_windows
from tidegate.strategy.hold_after_signal import HoldAfterSignal
from tidegate.strategy.placebo import random_gates
from tidegate.types.bars import Bars
from tidegate.types.clock import Horizon
from tidegate.types.forecast import Forecast
from tidegate.types.windows import Affine, Windows

LEVEL, CHANCE, WORLDS, GATES = 0.95, 0.05, 200, 199
WEAK, STRONG = 0.02, 0.05
BANDS = {"flagged": (0.02, 0.08), "found": (0.80, 1.0), "covered": (0.90, 0.97)}
SIX = ("close", "open", "high", "low", "amount", "volume")
VOLUME_SEEN = 0.25 / np.sqrt(np.expm1(0.25**2))
"""Correlation of volume with its own logarithm, 0.984: what a linear model on raw volume can see of the signal."""


class Design(NamedTuple):
    """How a world is studied: what is seen, what is asked, how much there is of it."""

    name: str
    fields: tuple[str, ...] = ("volume",)
    lookback: int = 3
    span: int = 1
    sessions: int = 12_000
    assets: int = 1
    train: float = 0.5
    normaliser: Normaliser = Standard()
    model: Model = Linear()


class Walked(NamedTuple):
    """What came out of the rooms."""

    forecast: Forecast
    zero: np.ndarray
    persistence: np.ndarray | None
    fitted: Fitted
    affine: Affine


class Stage(NamedTuple):
    """A world up to the door of learning."""

    windows: Windows
    affine: Affine
    train: np.ndarray
    test: np.ndarray


DAILY = Design("volume, 3 bars, next-bar label")
OVERLAPPING = Design(
    "six fields, 6 bars, 5-bar label", fields=SIX, lookback=6, span=5, normaliser=WindowZScore(), sessions=6_000
)
AS_STUDIED = Design(
    "six fields, 30 bars, 5-bar label",
    fields=SIX,
    lookback=30,
    span=5,
    normaliser=WindowZScore(),
    sessions=3_000,
    train=0.8,
)
ACROSS = Design("volume, 25 assets, by date", assets=25, sessions=600)
NETWORK = DAILY._replace(
    name="LSTM of 8, volume, 3 bars", model=RecurrentNetwork(cell=LSTM(hidden=8), dense=()), sessions=12_000
)
TRAINING = Training(epochs=5, batch=128, optimiser={"name": "adam", "rate": 0.003})


def prepare(bars: Bars, design: Design) -> Stage:
    panel = RawFields(fields=design.fields).compute(bars)
    label = ForwardReturn(horizon=Horizon(lag=1, span=design.span))
    windows = cut_windows(bars, panel, label, design.lookback, "sessions", panel.fields).windows
    (fold,) = ShareSplit(train=design.train).folds(panel.times)
    train = fold.training(windows)
    affine = design.normaliser.fit(windows, train)
    return Stage(windows, affine, np.flatnonzero(train), np.flatnonzero(fold.testing(windows)))


def walk(bars: Bars, design: Design, seed: int) -> Walked:
    """Bars to a forecast of the judged part, and what the reference forecasts say of the same rows."""
    windows, affine, train, test = prepare(bars, design)
    with TemporaryDirectory() as folder:
        if isinstance(design.model, Network):
            scale, none = StandardTarget().fit(windows.target[train]), np.zeros(0, dtype=np.int64)
            fitted = fit_network(
                design.model, TRAINING, windows, affine, scale, train, none, {}, seed, Path(folder) / "model"
            )
        else:
            fitted = fit_rival(design.model, windows, affine, train, Path(folder) / "model")
        same = None
        if "close" in windows.inputs:
            rival = fit_rival(Persistence(speaks="return"), windows, affine, train, Path(folder) / "rival")
            same = speak(rival, windows, affine, test)
    rows = windows.anchors[test]
    frame = pl.DataFrame(
        {
            "time": windows.panel.times[windows.panel.row_time[rows]],
            "asset": np.array(windows.panel.assets)[windows.panel.row_asset[rows]],
            "fold": np.zeros(len(rows), dtype=np.int32),
            "score": speak(fitted, windows, affine, test),
            "truth": windows.target[test],
        }
    )
    forecast = Forecast.of(frame, windows.horizon, "return", {0: fitted.fingerprint})
    return Walked(forecast, np.zeros(len(rows)), same, fitted, affine)


def measured(walked: Walked, reference: np.ndarray | None, name: str) -> dict[str, Any]:
    judged = judge_forecast(walked.forecast, {}, reference=reference, reference_name=name, level=LEVEL)
    return {measure.name: measure for measure in judged}


def population_ic(walked: Walked, planted: float) -> float:
    """Correlation of a fitted linear score on volume with its label, over all time: closed form.

    Volumes of different bars are independent, and only the last one tells anything:
    ``ic · corr(volume, ln volume) · b_last / ‖b‖``.
    """
    slope = walked.fitted.arrays["slope"]
    return float(planted * VOLUME_SEEN * slope[-1] / np.linalg.norm(slope))


def long_run_ic(walked: Walked, planted: float, design: Design, seed: int) -> float:
    """The same for any model: what it says of 120,000 further bars of the same law."""
    bars = PlantedWorld(sessions=60_000, assets=2, ic=planted, seed=seed).bars()
    windows = prepare(bars, design).windows
    known = np.flatnonzero(np.isfinite(windows.target))
    return float(correlation(speak(walked.fitted, windows, walked.affine, known), windows.target[known]))


def placebo_p(walked: Walked, bars: Bars, seed: int) -> float:
    """Trade the forecast without friction, and random gates of the same spells beside it; one-sided."""
    frame, days = walked.forecast.frame, walked.forecast.horizon.span
    first = int(np.searchsorted(bars.times, frame["time"].to_numpy()[0].astype("datetime64[us]")))
    conditions = FrictionlessIndex().conditions(bars, bars.assets[0]).between(first, first + frame.height)
    gate = HoldAfterSignal(days=days).exposures(walked.forecast.score[None, :])
    books = trade(np.vstack([gate, random_gates(gate[0], GATES, seed)]), conditions, 1e6)
    gained = total_return(books.equity, 1e6)
    judged = judge_placebos("total_return", float(gained[0]), gained[1:], {}, level=LEVEL, kind="random gates")
    return float(next(m.value for m in judged if m.name.endswith("_placebo_p")))


def one_world(design: Design, planted: float | None, seed: int) -> dict[str, float]:
    """Every figure of one world; `planted` None is pure noise."""
    size = {"sessions": design.sessions, "assets": design.assets, "seed": seed}
    bars = NoiseWorld(**size).bars() if planted is None else PlantedWorld(ic=planted, **size).bars()
    walked = walk(bars, design, seed)
    said = measured(walked, walked.zero, "zero")
    if not planted:
        truth = 0.0
    elif isinstance(design.model, Network):
        truth = long_run_ic(walked, planted, design, 10_000 + seed)
    else:
        truth = population_ic(walked, planted)
    ic = said["ic"]
    row = {
        "truth": truth,
        "ic": ic.value,
        "p": said["ic_p"].value,
        "rank_p": said["rank_ic_p"].value,
        "apart_p": said["ic_apart_p"].value,
        "covered": float(ic.low <= truth <= ic.high),
        "apart_covered": float(said["ic_apart"].low <= truth <= said["ic_apart"].high),
        "found": float(ic.value > 0 and said["ic_p"].value < CHANCE),
        "skill": said["skill"].value,
        "skill_p": said["skill_p"].value,
    }
    if walked.persistence is not None:
        beside = measured(walked, walked.persistence, "persistence")
        row |= {"persistence_skill": beside["skill"].value, "persistence_p": beside["skill_p"].value}
    if design.assets == 1:
        row["placebo_p"] = placebo_p(walked, bars, seed)
    return row


def run(design: Design, planted: float | None, worlds: int, first: int = 0) -> dict[str, np.ndarray]:
    """All worlds of one design, seeds `first` on: figure → one value a world."""
    rows = [one_world(design, planted, first + number) for number in range(worlds)]
    return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in rows[0]}


def rates(held: dict[str, np.ndarray], planted: float | None) -> dict[str, float]:
    """Shares of worlds; those named in `BANDS` are promised, the others told."""
    found = {"mean true IC": held["truth"].mean(), "mean IC": held["ic"].mean()}
    if planted:
        found["found"] = held["found"].mean()
    else:
        found["flagged"] = np.mean(held["p"] < CHANCE)
        found["rank IC flagged"] = np.mean(held["rank_p"] < CHANCE)
        found["labels apart flagged"] = np.mean(held["apart_p"] < CHANCE)
        found["better than zero, p < 5 %"] = np.mean((held["skill_p"] < CHANCE) & (held["skill"] > 0))
        found["worse than zero, p < 5 %"] = np.mean((held["skill_p"] < CHANCE) & (held["skill"] < 0))
        if "persistence_p" in held:
            better = (held["persistence_p"] < CHANCE) & (held["persistence_skill"] > 0)
            found["better than persistence, p < 5 %"] = np.mean(better)
    found["covered"] = held["covered"].mean()
    found["covered, labels apart"] = held["apart_covered"].mean()
    if "placebo_p" in held:
        name = "beats random gates, p ≤ 5 %"
        found[name] = np.mean(held["placebo_p"] <= CHANCE)
    return {name: round(float(value), 4) for name, value in found.items()}


def promise(name: str, planted: float | None, worlds: int) -> tuple[float, float] | None:
    """The band that a rate is held to, if any; a few worlds can only show that a skill is found."""
    held = planted == STRONG if name == "found" else worlds >= WORLDS
    return BANDS.get(name) if held else None


def main() -> int:
    from parts.record import keep

    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else WORLDS
    plan = [
        *((design, None, worlds) for design in (DAILY, OVERLAPPING, AS_STUDIED, ACROSS)),
        *((DAILY, planted, worlds) for planted in (0.0, WEAK, STRONG)),
        *((ACROSS, planted, worlds) for planted in (WEAK, STRONG)),
        (NETWORK, None, 10),
        (NETWORK, STRONG, 10),
    ]
    rows, missed = [], 0
    for design, planted, count in plan:
        began = time.perf_counter()
        told = rates(run(design, planted, count), planted)
        world = "noise" if planted is None else f"planted IC {planted:g}"
        print(f"\n{world} · {design.name} · {count} worlds · {time.perf_counter() - began:.0f} s")
        for name, rate in told.items():
            band = promise(name, planted, count)
            wrong = band is not None and not band[0] <= rate <= band[1]
            missed += wrong
            told_band = f"   promised {band[0]:.2f} to {band[1]:.2f}" if band else ""
            print(f"    {name:<36}{rate:>8.4f}{told_band}{'   MISSED' if wrong else ''}", flush=True)
        rows.append({"world": world, "design": design.name, "worlds": count, "rates": told})
    keep("worlds", rows)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
