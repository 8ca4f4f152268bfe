"""What a selection is traded with beside its own forecasts: instruments, an index to be held against, a gate.

A gate is another study of the same run: its timing, on the mean of its seeds' scores, says after each close whether
this selection may buy.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.component import fingerprint
from tidegate.errors import DataError, SettingError
from tidegate.market.instruments import Instruments
from tidegate.strategy.base import Timing
from tidegate.strategy.selection import Selection
from tidegate.study.declare import Study
from tidegate.types.axes import FloatArray, TimeArray
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast

__all__ = ["Beside", "beside_of", "gate_of"]


@dataclass(frozen=True)
class Beside:
    """Instruments, an index, and a gate (columns time, open), each None where there is none."""

    instruments: Instruments | None = None
    index: Bars | None = None
    gate: pl.DataFrame | None = None

    @property
    def digest(self) -> dict[str, str | None]:
        """What of it enters the books, as hashes."""
        tables = {"instruments": None if self.instruments is None else self.instruments.frame, "gate": self.gate}
        told = {
            name: None if table is None else fingerprint(table.with_columns(pl.all().cast(pl.String)).rows())
            for name, table in tables.items()
        }
        return {**told, "index": None if self.index is None else self.index.digest}

    def gate_on(self, times: TimeArray) -> FloatArray | None:
        """The gate after each close ``[T]``: kept where it lacks a bar; NaN (closed) before and after its own.

        Errors
            `DataError` where it says nothing about any of `times`.
        """
        if self.gate is None:
            return None
        known = self.gate["time"].to_numpy().astype("datetime64[us]")
        place = np.searchsorted(known, times, side="right") - 1
        speaks = (place >= 0) & (times <= known[-1])
        if not bool(speaks.any()):
            raise DataError(
                "the gate says nothing about the judged bars",
                expected=f"{times[0]} … {times[-1]}",
                found=f"{known[0]} … {known[-1]}",
                hint="let both studies judge the same dates",
            )
        return np.where(speaks, self.gate["open"].to_numpy()[np.maximum(place, 0)], np.nan)


def beside_of(
    study: Study, bars: Mapping[str, Bars], studies: Mapping[str, Study], spoken: Mapping[str, list[Forecast]]
) -> Beside:
    """Gather what a selection needs; nothing for any other study.

    `bars`, `studies` and `spoken` are, by study, what it saw, its declaration, and its own seeds' forecasts.

    Errors
        `SettingError` where the gate is no timing, or its bars are of another frequency than the selection's.
    """
    if not isinstance(study.strategy, Selection):
        return Beside()
    gate = None
    if study.gate is not None:
        own, theirs = bars[study.name].spec.frequency, bars[study.gate].spec.frequency
        if own != theirs:
            raise SettingError(
                "a gate speaks at the closes of the selection that it gates",
                where=f"{study.name}, gated by {study.gate}",
                expected=own,
                found=theirs,
            )
        gate = gate_of(studies[study.gate], bars[study.gate], spoken[study.gate])
    return Beside(study.source.instruments(), None if study.index is None else study.index.bars(), gate)


def gate_of(study: Study, bars: Bars, forecasts: list[Forecast]) -> pl.DataFrame:
    """What a timing wants after each close, from its first score to its last: columns time, open.

    Known at
        Row *t* after CLOSE(t).
    """
    if not isinstance(study.strategy, Timing):
        raise SettingError(
            "a gate is a study with a timing strategy",
            where=study.name,
            found=None if study.strategy is None else study.strategy.name,
        )
    one = Forecast.mean(forecasts, forecasts[0].fingerprints)
    when = one.frame["time"].to_numpy().astype("datetime64[us]")
    times = bars.times[(bars.times >= when[0]) & (bars.times <= when[-1])]
    score = np.full((1, len(times)), np.nan)
    score[0, np.searchsorted(times, when)] = one.score
    return pl.DataFrame({"time": times, "open": study.strategy.exposures(score)[0]})
