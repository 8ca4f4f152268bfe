"""The health report of an import: what was read, how it was understood, what was left out and why."""

from typing import NamedTuple

import polars as pl
from pydantic import Field

from tidegate.component import Settings
from tidegate.data.sieve import DEFECTS, Action, Sieve
from tidegate.types.bars import Bars

__all__ = ["Defect", "Example", "HealthReport", "Imported", "defects_of"]

_EXAMPLES = 5


class Example(Settings):
    """One defective row: its number in the file, the column and what stood there."""

    row: int
    column: str
    found: str


class Defect(Settings):
    """One class of defects: what was done, how many rows, and the first of them."""

    name: str
    action: Action
    meaning: str
    meaning_zh: str
    count: int
    examples: tuple[Example, ...]


class HealthReport(Settings):
    """What an import found; `quarantined` rows are not in the bars, `flagged` ones are.

    Rows are numbered as a reader counts them: lines of a text file from 1, the header included; rows of a Parquet
    file or a frame from 1.
    """

    file: str
    sha256: str = Field(description="of the file's bytes, or of a frame's values; of a folder, over those of its files")
    encoding: str = Field(description="how the text was decoded; for a Parquet file, whether its checksum was verified")
    delimiter: str
    columns: dict[str, str] = Field(description="header → column of bars")
    ignored: tuple[str, ...] = Field(description="headers that were not used")
    units: dict[str, str] = Field(description="column → unit it was read in")
    frequency: str
    label: str = Field(description="what an intraday label was taken for")
    rows: int = Field(description="rows in the file")
    kept: int
    quarantined: int
    assets: int
    first: str
    last: str
    notes: tuple[str, ...] = Field(description="what had to be assumed, and what was done on request")
    defects: tuple[Defect, ...]

    def count(self, defect: str) -> int:
        """How many rows of one class of defects; 0 where there are none."""
        return next((held.count for held in self.defects if held.name == defect), 0)

    @property
    def clean(self) -> bool:
        """Whether nothing was quarantined or flagged."""
        return all(held.action == "counted" for held in self.defects)


class Imported(NamedTuple):
    """Bars, their health, and every listed row: columns defect, row, column, found."""

    bars: Bars
    health: HealthReport
    listed: pl.DataFrame


def defects_of(sieve: Sieve) -> tuple[Defect, ...]:
    """Sum up what a sieve holds, in the order of `DEFECTS`."""
    listed = sieve.listed()
    found = []
    for name, kind in DEFECTS.items():
        if not sieve.counts.get(name):
            continue
        rows = listed.filter(pl.col("defect") == name).head(_EXAMPLES)
        examples = tuple(Example(row=row, column=column, found=text) for _, row, column, text in rows.iter_rows())
        found.append(
            Defect(
                name=name,
                action=kind.action,
                meaning=kind.en,
                meaning_zh=kind.zh,
                count=sieve.counts[name],
                examples=examples,
            )
        )
    return tuple(found)
