"""Who stands behind whose gate, and what random gates of the same exposure and spells would have made of it.

A gate is a study of its own with seeds of its own. Where the selection is one fit (a ranker of trees has no seeds) and
its gate has several seeds, each seed's book is that one fit behind that seed's gate, and the ensemble's is behind the
gate of their mean score: so that a report tells how far results go with the initial weights of the timing. Otherwise
every member stands behind the gate of the mean.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from tidegate.strategy.placebo import random_gates, random_spells
from tidegate.study.beside import Beside
from tidegate.types.axes import FloatArray, TimeArray
from tidegate.types.forecast import Forecast

__all__ = ["FEW", "Behind", "Judged", "band_of", "behind", "drawn_gates", "placebos_of"]

FEW = 200
"""Placebos of a single seed's gate: its percentile is one of many, and the leading one has them all."""
_BAND = (0.05, 0.5, 0.95)
_VALUES = 3
"""A gate of more values than (-1, 0, 1) tells how far it is open, and its spells keep what they say."""


class Behind(NamedTuple):
    """One book: its member, whose forecast it trades, and the gate that it stands behind ``[T]``, None without one."""

    member: str
    spoken: str
    gate: FloatArray | None


class Judged(NamedTuple):
    """Members that share one set of placebos, the gate that these draw anew, and how many there are."""

    members: tuple[str, ...]
    gate: FloatArray | None
    draws: int


def behind(forecasts: Mapping[str, Forecast], beside: Beside, times: TimeArray) -> tuple[Behind, ...]:
    """List every book of a study in one market, in the order of its members; one forecast's books stand together."""
    gate = beside.gate_on(times)
    by_seed = beside.gates_on(times)
    if not by_seed:
        return tuple(Behind(member, member, gate) for member in forecasts)
    lead, *rivals = forecasts
    return (
        *(Behind(seed, lead, own) for seed, own in by_seed.items()),
        Behind("ensemble", lead, gate),
        *(Behind(member, member, gate) for member in rivals),
    )


def placebos_of(plan: tuple[Behind, ...], count: int) -> tuple[Judged, ...]:
    """Which members are judged among which placebos, the leading one first; none where `count` is 0.

    Members behind one gate share its placebos, which trade the leading member's scores.
    """
    own = [one for one in plan if one.member == "ensemble" or one.member.startswith("seed-")]
    if count == 0 or not own:
        return ()
    if all(one.gate is own[0].gate for one in own):
        return (Judged(tuple(one.member for one in own), own[0].gate, count),)
    lead = own[-1]
    few = min(count, FEW)
    return (Judged((lead.member,), lead.gate, count), *(Judged((one.member,), one.gate, few) for one in own[:-1]))


def drawn_gates(gate: FloatArray, count: int) -> Iterator[FloatArray]:
    """`count` random gates like one ``[T]``: as long open and shut, in as many spells; NaN is shut."""
    known = np.nan_to_num(gate)
    deal = random_gates if len(np.unique(known)) <= _VALUES else random_spells
    yield from deal(known, count, seed=0)


def band_of(times: TimeArray, equity: FloatArray) -> pl.DataFrame:
    """The middle 90 % and the median of placebos' equity ``[K, T]`` at each close: columns time, low, middle, high."""
    low, middle, high = np.quantile(equity, _BAND, axis=0)
    return pl.DataFrame({"time": times, "low": low, "middle": middle, "high": high})
