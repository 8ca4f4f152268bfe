"""A vendor's daily A-share panel as it lies on disk, and the price limits that follow from it: arithmetic of its own.

Nothing of Tidegate is imported. Prices are whole cents. Limits are the reference price times (100 ± width) / 100,
rounded half up, in whole numbers; the width goes by board, risk warning and day. Where a session opens beyond them,
none held: a share reform or a resumption, which no table lists.
"""

from pathlib import Path
from typing import NamedTuple

import polars as pl

__all__ = ["COLUMNS", "Raw", "raw_of", "read_raw"]

CHINEXT_WIDER = pl.date(2020, 8, 24)
BAND_SHANGHAI, BAND_SHENZHEN = pl.date(2013, 12, 13), pl.date(2014, 6, 13)
FREE_ON_STAR = 5
NONE = 10**9
COLUMNS = {
    "symbol": pl.String,
    "date": pl.Date,
    "open_cents": pl.Int64,
    "high_cents": pl.Int64,
    "low_cents": pl.Int64,
    "close_cents": pl.Int64,
    "preclose_cents": pl.Int64,
    "volume": pl.Int64,
    "is_st": pl.Boolean,
}


class Raw(NamedTuple):
    """Rows of the panel (asset, date, open … volume, up, down, before, last_volume, age) and each share's ends.

    `halted` (asset, date) is a second vendor's list of suspensions, empty where there is none.
    """

    rows: pl.DataFrame
    listed: pl.DataFrame
    halted: pl.DataFrame


def read_raw(folder: Path) -> Raw:
    """Read ``daily/*.parquet``, ``instruments.parquet`` and, where it is there, ``suspended.parquet`` of a folder."""
    daily = pl.concat(
        pl.scan_parquet(path).select(pl.col(name).cast(kind) for name, kind in COLUMNS.items())
        for path in sorted((folder / "daily").glob("*.parquet"))
    )
    other = folder / "suspended.parquet"
    return raw_of(
        daily.collect(),
        pl.read_parquet(folder / "instruments.parquet"),
        pl.read_parquet(other) if other.is_file() else None,
    )


def raw_of(daily: pl.DataFrame, listed: pl.DataFrame, halted: pl.DataFrame | None = None) -> Raw:
    """Put limits, the bar before and the age beside every row."""
    names = {"first_trade": "listed", "last_trade_if_gone_by_2019": "ends", "asset": "symbol", "delisted": "ends"}
    ends = listed.rename({old: new for old, new in names.items() if old in listed.columns})
    ends = ends.select("symbol", "listed", "ends").rename({"symbol": "asset"})
    days = daily.select("date").unique().sort("date").with_row_index("session")
    rows = (
        daily.rename({name: name.removesuffix("_cents") for name in daily.columns} | {"symbol": "asset"})
        .sort("asset", "date")
        .with_columns(
            before=pl.col("close").shift(1).over("asset"),
            last_volume=pl.col("volume").shift(1).over("asset"),
        )
        .join(days, on="date", how="left")
        .join(ends, on="asset", how="left")
        .join(days.rename({"date": "listed", "session": "listed_session"}), on="listed", how="left")
        .with_columns(age=pl.col("session").cast(pl.Int64) - pl.col("listed_session").cast(pl.Int64) + 1)
    )
    empty = ends.clear().select("asset", date="listed")
    return Raw(_limited(rows), ends, empty if halted is None else halted.select(asset="symbol", date="date"))


def _limited(rows: pl.DataFrame) -> pl.DataFrame:
    """Upper and lower limit of every row, far away where none holds."""
    code, date, reference = pl.col("asset"), pl.col("date"), pl.col("preclose")
    star, growth = code.str.starts_with("688"), code.str.starts_with("30")
    width = (
        pl.when(star | (growth & (date >= CHINEXT_WIDER)))
        .then(20)
        .when(pl.col("is_st") & ~growth)
        .then(5)
        .otherwise(10)
    )
    first = pl.col("age") == 1
    banded = first & (date >= pl.when(code.str.ends_with("SH")).then(BAND_SHANGHAI).otherwise(BAND_SHENZHEN))
    free = (first & ~banded) | (star & (pl.col("age") <= FREE_ON_STAR)) | (reference <= 0) | reference.is_null()
    above = pl.when(banded).then(44).otherwise(width)
    below = pl.when(banded).then(36).otherwise(width)
    return (
        rows.with_columns(
            up=(reference * (100 + above) * 2 + 100) // 200, down=(reference * (100 - below) * 2 + 100) // 200
        )
        .with_columns(lifted=(pl.col("open") > pl.col("up")) | (pl.col("open") < pl.col("down")))
        .with_columns(
            up=pl.when(free | pl.col("lifted")).then(NONE).otherwise(pl.col("up")),
            down=pl.when(free | pl.col("lifted")).then(-NONE).otherwise(pl.col("down")),
        )
    )
