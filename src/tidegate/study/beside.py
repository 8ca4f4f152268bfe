"""What a selection is traded with beside its own forecasts: instruments, an index to be held against, a gate.

A gate is another study of the same run: its timing, on the mean of its seeds' scores, says after each close whether
this selection may buy. It is what that study's strategy would hold, the sign of its forecast, or the forecast itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

from tidegate.component import fingerprint
from tidegate.errors import DataError, SettingError
from tidegate.market.instruments import Instruments
from tidegate.models.base import Network
from tidegate.strategy.base import Timing
from tidegate.strategy.selection import Selection
from tidegate.study.declare import Study
from tidegate.types.axes import FloatArray, TimeArray
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast

__all__ = ["Beside", "beside_of", "gate_of"]


@dataclass(frozen=True)
class Beside:
    """Instruments, an index, and a gate (columns time, open), each None where there is none.

    `gates` are those of the gate's single seeds (``seed-0`` …), where this selection is one fit behind each of them.
    """

    instruments: Instruments | None = None
    index: Bars | None = None
    gate: pl.DataFrame | None = None
    gates: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    @property
    def digest(self) -> dict[str, str | None]:
        """What of it enters the books, as hashes."""
        tables = {"instruments": None if self.instruments is None else self.instruments.frame, "gate": self.gate}
        tables |= {f"gate {seed}": gate for seed, gate in self.gates.items()}
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
        return None if self.gate is None else _on(self.gate, times)

    def gates_on(self, times: TimeArray) -> dict[str, FloatArray]:
        """The gate of each single seed, as `gate_on`."""
        return {seed: _on(gate, times) for seed, gate in self.gates.items()}


def _on(gate: pl.DataFrame, times: TimeArray) -> FloatArray:
    """What a gate says after each close; it is kept where it lacks a bar."""
    known = gate["time"].to_numpy().astype("datetime64[us]")
    place = np.searchsorted(known, times, side="right") - 1
    speaks = (place >= 0) & (times <= known[-1])
    if not bool(speaks.any()):
        raise DataError(
            "the gate says nothing about the judged bars",
            expected=f"{times[0]} … {times[-1]}",
            found=f"{known[0]} … {known[-1]}",
            hint="let both studies judge the same dates",
        )
    return np.where(speaks, gate["open"].to_numpy()[np.maximum(place, 0)], np.nan)


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
    gate, gates = None, {}
    if study.gate is not None:
        mine, theirs = bars[study.name].spec.frequency, bars[study.gate].spec.frequency
        if mine != theirs:
            raise SettingError(
                "a gate speaks at the closes of the selection that it gates",
                where=f"{study.name}, gated by {study.gate}",
                expected=mine,
                found=theirs,
            )
        timing, own, said = studies[study.gate], bars[study.gate], spoken[study.gate]
        gate = gate_of(timing, own, said, study.gate_reads)
        if len(said) > 1 and not (isinstance(study.model, Network) and len(study.seeds) > 1):
            each = zip(timing.seeds, said, strict=True)
            gates = {f"seed-{seed}": gate_of(timing, own, [one], study.gate_reads) for seed, one in each}
    return Beside(study.source.instruments(), None if study.index is None else study.index.bars(), gate, gates)


def gate_of(
    study: Study, bars: Bars, forecasts: list[Forecast], reads: Literal["exposure", "sign", "score"] = "exposure"
) -> pl.DataFrame:
    """What a timing says after each close, from its first score to its last: columns time, open.

    Formula
        Of the mean score *s* of its seeds: the exposure that its strategy wants, or sign(s), or *s* itself, in the
        label's own unit. Where it forecasts nothing, sign and score are NaN: shut.
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
    said = {"sign": np.sign(score[0]), "score": score[0]}
    return pl.DataFrame({"time": times, "open": said.get(reads, study.strategy.exposures(score)[0])})
