"""Instruments: what is known of an asset beside its bars: when it was listed, when it ended, what it is called.

Bars begin where somebody's file begins; that a share is in its first days can be told only from its listing. An asset
whose bars end may be suspended; that it is gone can be told only from its end.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import UnknownNameError
from tidegate.types.axes import FloatArray, IntArray, require

__all__ = ["Instrument", "Instruments"]

_SCHEMA: dict[str, pl.DataType] = {
    "asset": pl.String(),
    "name": pl.String(),
    "board": pl.String(),
    "tick": pl.Float64(),
    "lot": pl.Int64(),
    "multiplier": pl.Int64(),
    "listed": pl.Date(),
    "delisted": pl.Date(),
    "delisting": pl.Date(),
    "issue_price": pl.Float64(),
}


class Instrument(NamedTuple):
    """One asset; None where a fact is not known."""

    asset: str
    name: str | None
    board: str | None
    tick: float | None
    lot: int | None
    multiplier: int | None
    listed: date | None
    """First session that it traded in."""
    delisted: date | None
    """Last session that it traded in, for what is gone."""
    delisting: date | None
    """First session of its delisting period."""
    issue_price: float | None


@dataclass(frozen=True)
class Instruments:
    """A table of instruments, one row an asset, sorted by asset; made through `Instruments.of`.

    Known at
        `listed`, `tick`, `lot` and `multiplier` before the asset's first open; `delisting` before its open; `delisted`
        after its last close: nothing but the end itself may be read from it.
    Missing values
        A column or a cell that is not there is not known.

    >>> table = Instruments.of(pl.DataFrame({"asset": ["000001.SZ"], "listed": [date(1991, 4, 3)]}))
    >>> table["000001.SZ"].listed
    datetime.date(1991, 4, 3)
    """

    frame: pl.DataFrame

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Instruments":
        """Check and sort; raises `RecordError` for an asset twice or an end before its beginning."""
        unknown = [column for column in frame.columns if column not in _SCHEMA]
        if unknown:
            raise UnknownNameError.among("instrument column", unknown[0], _SCHEMA)
        require(holds="asset" in frame.columns, what="instruments lack their assets", found=frame.columns)
        whole = frame.select(
            (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
            for name, kind in _SCHEMA.items()
        ).sort("asset")
        require(holds=whole["asset"].null_count() == 0, what="an instrument has no asset")
        twice = whole.filter(pl.col("asset").is_duplicated())
        require(holds=twice.is_empty(), what="two instruments have one name", found=twice["asset"].to_list()[:2])
        backwards = whole.filter(pl.col("delisted") < pl.col("listed"))
        require(holds=backwards.is_empty(), what="an instrument ends before it begins", found=backwards.rows()[:1])
        return cls(whole)

    def __len__(self) -> int:
        return self.frame.height

    def __getitem__(self, asset: str) -> Instrument:
        """One asset; raises `UnknownNameError`."""
        rows = self.frame.filter(pl.col("asset") == asset)
        if rows.is_empty():
            raise UnknownNameError.among("instrument", asset, self.frame["asset"].head(20).to_list())
        return Instrument(*rows.row(0))

    def numbers(self, column: str, assets: tuple[str, ...]) -> FloatArray:
        """Give a column of numbers ``[N]`` for some assets, NaN where not known."""
        return self._aligned(column, assets).cast(pl.Float64).fill_null(np.nan).to_numpy()

    def days(self, column: str, assets: tuple[str, ...]) -> NDArray[np.datetime64]:
        """Dates of a column ``[N]`` for some assets, NaT where not known."""
        return self._aligned(column, assets).to_numpy().astype("datetime64[D]")

    def _aligned(self, column: str, assets: tuple[str, ...]) -> pl.Series:
        wanted = pl.DataFrame({"asset": assets}, schema={"asset": pl.String()})
        return wanted.join(self.frame.select("asset", column), on="asset", how="left", maintain_order="left")[column]

    def ends(self, assets: tuple[str, ...], sessions: NDArray[np.datetime64]) -> IntArray:
        """Bar ``[N]`` at whose open an asset is gone: the first after its last session; T where it stays."""
        last = self.days("delisted", assets)
        bars = np.searchsorted(sessions.astype("datetime64[D]"), last, side="right").astype(np.int64)
        bars[np.isnat(last)] = len(sessions)
        return bars
