"""The tables of a vendor as a folder of the form that `tidegate.data.panel` and `tidegate.data.fundamentals` read.

So a pulled market goes through the same import, with the same checks, as files that somebody brings.
"""

from pathlib import Path

import polars as pl

from tidegate.data.parquet import parquet_bytes
from tidegate.data.vendors.asking import Tables
from tidegate.files import write_bytes

__all__ = ["write_panel"]

_FILES = {"suspended": "suspended", "quoted": "fundamentals", "published": "reports_published"}


def write_panel(tables: Tables, folder: Path) -> Path:
    """Write the tables into a folder, in place of those that were there; returns the folder.

    A vendor tells the day on which a share was taken off; a panel wants its last session, so the last bar up to that
    day stands for it where there is one.
    """
    last = (
        tables.bars.select("symbol", day=pl.nth(tables.bars.columns.index(_day(tables.bars)))).group_by("symbol").max()
    )
    ended = tables.instruments.join(last, on="symbol", how="left").with_columns(
        delisted=pl.when(pl.col("day") <= pl.col("delisted")).then("day").otherwise("delisted")
    )
    written = {"daily/bars": tables.bars, "instruments": ended.drop("day")}
    written |= {
        file: frame for name, file in _FILES.items() if (frame := getattr(tables, name)) is not None and frame.height
    }
    for file in _FILES.values():
        if file not in written:
            (folder / f"{file}.parquet").unlink(missing_ok=True)
    for file, frame in written.items():
        write_bytes(folder / f"{file}.parquet", parquet_bytes(frame))
    return folder


def _day(bars: pl.DataFrame) -> str:
    return next(name for name, kind in bars.schema.items() if kind == pl.Date)
