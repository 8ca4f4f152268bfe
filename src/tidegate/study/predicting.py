"""One day's forecast by a frozen run: the corridor's own steps, on the end of the data, with fits that are only read.

    bars up to the day ─► factors ─► windows that end on it ─► kept normaliser ─► kept fits ─► scores, ranks

Nothing is fitted, and nothing after the day's close is looked at: bars after it are cut off before anything is
computed. What comes out has the same bits as the run's own forecast of that day, had its data reached so far.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.data.recent import Recent
from tidegate.data.source import Source
from tidegate.errors import UnknownNameError
from tidegate.market.instruments import Instruments
from tidegate.study.day_windows import look_at
from tidegate.study.fitting import said_of
from tidegate.study.frozen import ALLOWED, Frozen, Voice, frozen_run
from tidegate.study.gaps import refuse_gaps, refuse_other_kind, refuse_revised, refuse_unfinished
from tidegate.study.ordering import NextOrders
from tidegate.study.stations import moment, shown
from tidegate.types.forecast import Forecast
from tidegate.types.windows import Windows

__all__ = ["ENSEMBLE", "Predicted", "predict_day"]

ENSEMBLE = "ensemble"
"""The mean of all seeds, as a member."""


@dataclass(frozen=True)
class Predicted:
    """The ranking of one day, and whose it is.

    `ranking` has one row an asset, the best first: date, asset, name (null where nobody tells), forecast (in the
    label's unit), rank, and what else the model says (spread, probabilities).

    Known at
        CLOSE of `day`.
    """

    frozen: Frozen
    member: str
    day: str
    fold: int
    learned_upto: str
    unit: str
    stamps: tuple[str, ...]
    ranking: pl.DataFrame
    forecast: Forecast
    recent: Recent
    instruments: Instruments | None
    orders: NextOrders | None = None

    @property
    def run(self) -> str:
        """The run: study and digits."""
        return self.frozen.label

    @property
    def study(self) -> str:
        """The study's name."""
        return self.frozen.study.name


def predict_day(
    run: Path,
    day: str,
    *,
    source: Source | None = None,
    study: str | None = None,
    member: str | None = None,
    allow: Collection[str] = (),
    now: datetime | None = None,
) -> Predicted:
    """Rank every asset that has a window ending on `day`, as the frozen run's newest lawful fit sees it.

    Parameters
    ----------
    run
        The run folder.
    day
        A bar's label: ``2019-06-12``, or with a time for shorter bars; a month's last session where a row is a month.
    source
        Data to look at instead of the study's own source: the same market, newer.
    member
        ``seed-3``, ``ensemble`` (the mean of all seeds), or None for the ensemble, or the only fit.
    allow
        What may pass that is refused otherwise: ``"stale"``, ``"gaps"``, ``"data"``, ``"code"``.
    now
        The present moment, with a time zone; None is the clock's.

    Errors
        `ClockError`, `KeptError`, `IntegrityError` as `frozen` says; `DataError` where data are missing, unfinished or
        of another kind; `UnknownNameError` for a study or member that the run does not have.
    """
    for one in allow:
        if one not in ALLOWED:
            raise UnknownNameError.among("allowance", one, ALLOWED, where="allow")
    frozen, when = frozen_run(run, study), moment(day)
    seeds = _seeds_of(frozen, member)
    held = frozen.study.source if source is None else source
    looked = look_at(frozen, held, when)
    spec = looked.recent.bars.spec
    refuse_other_kind(spec, frozen)
    refuse_unfinished(when, spec, datetime.now(UTC) if now is None else now)
    refuse_gaps(looked.recent, frozen, spec, allow)
    refuse_revised(looked.recent, frozen, allow)
    axis = np.union1d(frozen.rows, looked.rows)
    fold = frozen.fold_at(axis, when, allow)
    forecast = _forecast(frozen, looked.windows, [frozen.voice(seed, fold.index, allow) for seed in seeds])
    instruments = held.instruments()
    return Predicted(
        frozen=frozen,
        member=ENSEMBLE if len(seeds) > 1 else f"seed-{seeds[0]}",
        day=shown(when),
        fold=fold.index,
        learned_upto=shown(axis[fold.cut - 1]),
        unit=frozen.study.label.unit,
        stamps=tuple(f"Allowed: {what}." for what in allow),
        ranking=_ranked(forecast, frozen, instruments),
        forecast=forecast,
        recent=looked.recent,
        instruments=instruments,
    )


def _seeds_of(frozen: Frozen, member: str | None) -> tuple[int, ...]:
    """The seeds that speak for a member; raises `UnknownNameError`."""
    if member in {None, ENSEMBLE} and (member is None or len(frozen.seeds) > 1):
        return frozen.seeds
    known = {f"seed-{seed}": (seed,) for seed in frozen.seeds}
    if member not in known:
        names = [*known, *([ENSEMBLE] if len(known) > 1 else [])]
        raise UnknownNameError.among("member", str(member), names, where=f"study {frozen.study.name}")
    return known[member]


def _forecast(frozen: Frozen, windows: Windows, voices: list[Voice]) -> Forecast:
    """What each fit says, and the mean where there are several."""
    every, told = np.arange(len(windows)), []
    if len(windows) == 1:  # one pair of moments stands for all windows elsewhere: a window's own needs a second window
        windows = windows.take(np.zeros(2, dtype=np.int64))
    for voice in voices:
        frame = said_of(windows, voice.fold, voice.affine(frozen.study, windows), voice.fitted, every)
        prints = {voice.fold: voice.fitted.fingerprint}
        told.append(Forecast.of(frame, windows.horizon, frozen.study.label.unit, prints))
    return told[0] if len(told) == 1 else Forecast.mean(told, told[0].fingerprints)


def _ranked(forecast: Forecast, frozen: Frozen, instruments: Instruments | None) -> pl.DataFrame:
    """The table: the best first, of equal ones the surest of the highest class, then the lower code."""
    read = forecast.read(frozen.study.reads)
    more = [name for name in forecast.frame.columns if name not in {"time", "asset", "fold", "score", "truth"}]
    daily = frozen.spec.frequency in {"1d", "1mo"}
    made = forecast.frame.select(
        pl.col("time").dt.date().alias("date") if daily else pl.col("time").alias("date"),
        "asset",
        pl.Series("forecast", read),
        *more,
    )
    surest = [name for name in more if name.startswith("p_")][-1:]
    made = made.sort(["forecast", *surest, "asset"], descending=[True, *(True for _ in surest), False])
    ranked = made.with_columns(rank=pl.col("forecast").rank("min", descending=True).cast(pl.Int64))
    blank = pl.DataFrame(schema={"asset": pl.String, "name": pl.String})
    names = blank if instruments is None else instruments.frame.select("asset", "name")
    return ranked.join(names, on="asset", how="left", maintain_order="left").select(
        "date", "asset", "name", "forecast", "rank", *more
    )
