"""Facts that carry their day of use already: what an export of the store wrote, read back as it was.

facts.parquet    field, asset, period, usable, value, by; in the units of the house
"""

from pathlib import Path
from typing import NamedTuple

import polars as pl

from tidegate.data.fact_health import FactFile
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import read_raw
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError, RecordError
from tidegate.types.facts import Facts

__all__ = ["DatedFacts", "read_dated"]

_COLUMNS: dict[str, pl.DataType] = {
    "field": pl.String(),
    "asset": pl.String(),
    "period": pl.Date(),
    "usable": pl.Date(),
    "value": pl.Float64(),
    "by": pl.String(),
}


class DatedFacts(NamedTuple):
    """Rows (row, field, asset, period, usable, value, by), and what the file was."""

    frame: pl.DataFrame
    file: FactFile


def read_dated(path: Path, sieve: Sieve) -> DatedFacts:
    """Read a Parquet file or a CSV of dated facts; raises `FileRefusedError` where it is none."""
    raw = read_raw(path, ImportSettings(), sieve)
    missing = [name for name in _COLUMNS if name not in raw.headers]
    if missing:
        raise FileRefusedError(
            "dated facts lack columns", where=f"{path.name}, row 1", expected=list(_COLUMNS), found=list(raw.headers),
            hint="`tidegate data export` writes them; reports as vendors give them have other names of files",
        )  # fmt: skip
    cells = {name: raw.frame[f"cell {raw.headers.index(name)}"] for name in _COLUMNS}
    read = {name: _read(cells[name], kind, path, name) for name, kind in _COLUMNS.items()}
    try:
        Facts.of(pl.DataFrame(read))
    except RecordError as error:
        raise FileRefusedError(
            error.what, where=path.name, expected=error.expected, found=error.found, hint="export it again"
        ) from None
    file = FactFile(file=path.name, sha256=raw.sha256, rows=raw.frame.height)
    return DatedFacts(pl.DataFrame([raw.frame["row"], *(read[name].alias(name) for name in _COLUMNS)]), file)


def _read(cells: pl.Series, kind: pl.DataType, path: Path, name: str) -> pl.Series:
    """Read one column strictly; blank cells are missing."""
    if cells.dtype == kind:
        return cells
    texts = cells.cast(pl.String).str.strip_chars().replace("", None)
    read = texts.cast(kind, strict=False) if kind != pl.Date() else texts.str.to_date("%Y-%m-%d", strict=False)
    lost = read.is_null() & texts.is_not_null()
    if bool(lost.any()):
        raise FileRefusedError(
            f"a cell is no {name}", where=f"{path.name}, column {name}", found=texts.filter(lost)[0],
            hint="export it again",
        )  # fmt: skip
    return read
