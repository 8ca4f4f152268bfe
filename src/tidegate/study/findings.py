"""Findings: everything a run found out, in memory, for tables, figures and claims."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidegate.errors import UnknownNameError
from tidegate.learn.fitted import Fitted
from tidegate.study.books import BookSet
from tidegate.study.declare import Study
from tidegate.study.insight import Explained
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.fold import Fold
from tidegate.types.forecast import Forecast
from tidegate.types.report import Measure
from tidegate.types.windows import Windows

__all__ = ["Finding", "Findings"]


@dataclass(frozen=True)
class Finding:
    """What one study found.

    `forecasts` by member: ``seed-0`` …, ``ensemble``, rivals by name. `histories`: learning curves by seed.
    `learned`: the network of the last fold by seed, with what was watched while it learned. `pondered`: ponder steps
    and remainders by seed and layer, for cells that ponder. `explained`: what the first seed leans on, where it was
    asked. `paths`: recursive level paths by seed. `measures` carry their subject: study, member, market. `held`: what
    members say of windows that a hold-out kept from their training, which may know what no forecast could.
    `stamps`: what must be said of its factors and of its protocol.
    """

    study: Study
    bars: Bars
    windows: Windows
    folds: tuple[Fold, ...]
    dropped: dict[str, int]
    forecasts: Mapping[str, Forecast]
    histories: dict[int, tuple[dict[str, Any], ...]]
    learned: dict[int, Fitted]
    pondered: dict[int, dict[str, FloatArray]]
    explained: Explained | None
    paths: dict[int, pl.DataFrame]
    books: dict[str, BookSet]
    measures: tuple[Measure, ...]
    folder: Path
    held: dict[str, Forecast] = field(default_factory=dict)
    stamps: tuple[str, ...] = ()

    @property
    def seeds(self) -> tuple[str, ...]:
        """The members that are single seeds."""
        return tuple(member for member in self.forecasts if member.startswith("seed-"))

    def traders(self, market: str) -> tuple[str, ...]:
        """The seeds that have a book: those of the fits, or of the gate where one fit stands behind several gates."""
        return tuple(member for member in self.books[market].members if member.startswith("seed-"))

    @property
    def speaker(self) -> str:
        """The member whose forecasts are told first: the ensemble, or the only fit."""
        return "ensemble" if "ensemble" in self.forecasts else self.seeds[0]

    @property
    def leader(self) -> str:
        """The member whose books are told first: the ensemble (of fits, or of gates), or the only fit."""
        together = any("ensemble" in held.members for held in self.books.values())
        return "ensemble" if together else self.speaker

    def measure(self, name: str, member: str, market: str | None = None) -> Measure:
        """One measure; raises `UnknownNameError` where it was not taken."""
        for held in self.measures:
            if held.name == name and held.subject["member"] == member and held.subject.get("market") == market:
                return held
        known = {
            held.name
            for held in self.measures
            if held.subject["member"] == member and held.subject.get("market") == market
        }
        raise UnknownNameError.among("measure", name, known, where=f"{self.study.name}, {member}, {market}")

    def value(self, name: str, member: str, market: str | None = None) -> float:
        """The value of one measure, NaN where it could not be computed."""
        found = self.measure(name, member, market).value
        return float("nan") if found is None else float(found)

    def over_seeds(self, name: str, market: str | None = None) -> FloatArray:
        """One measure of every seed ``[seeds]``."""
        members = self.seeds if market is None else self.traders(market)
        return np.array([self.value(name, member, market) for member in members])

    def median(self, name: str, market: str | None = None) -> float:
        """The median of one measure over the seeds that have it, NaN where none has."""
        values = self.over_seeds(name, market)
        values = values[np.isfinite(values)]
        return float(np.median(values)) if values.size else float("nan")


@dataclass(frozen=True)
class Findings:
    """All studies of a reproduction."""

    lead: str
    found: dict[str, Finding]
    provenance: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, study: str) -> Finding:
        if study not in self.found:
            raise UnknownNameError.among("study", study, self.found)
        return self.found[study]

    def __contains__(self, study: str) -> bool:
        return study in self.found
