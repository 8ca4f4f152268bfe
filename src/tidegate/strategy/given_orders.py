"""Orders that were made elsewhere, replayed: for those who bring their own, and for checks against another engine."""

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field

from tidegate.component import Settings
from tidegate.errors import DataError, SettingError
from tidegate.strategy.orders import FillAt, Order, View
from tidegate.strategy.selection import Selection

__all__ = ["GivenOrder", "GivenOrders"]

_COLUMNS: dict[str, Any] = {
    "time": pl.Datetime("us"),
    "asset": pl.String,
    "quantity": pl.Int64,
    "at": pl.String,
    "price": pl.Float64,
}


_TOLD = ("decided", "asset", "side", "quantity")


def _given(frame: pl.DataFrame) -> pl.DataFrame:
    """A book's table of orders as this one's; a sale is below 0, and one number says what is asked of the price."""
    missing = [name for name in _TOLD if name not in frame.columns]
    if missing:
        raise DataError("a table of decided orders lacks columns", expected=_TOLD, found=frame.columns)
    sides = frame["side"].unique().to_list()
    if not set(sides) <= {"buy", "sell"}:
        raise DataError("a side is to buy or to sell", expected=["buy", "sell"], found=sides)
    signed = pl.when(pl.col("side") == "sell").then(-pl.col("quantity")).otherwise(pl.col("quantity"))
    terms = {"limit": 1, "above": 1, "below": -1}
    asked = [sign * pl.col(name).cast(pl.Float64) for name, sign in terms.items() if name in frame.columns]
    ends = pl.when(pl.col("only_ends")).then(1.0) if "only_ends" in frame.columns else pl.lit(None)
    at = [pl.col("at")] if "at" in frame.columns else []
    return frame.select(pl.col("decided").alias("time"), "asset", signed.alias("quantity"), *at,
                        price=pl.coalesce(*asked, ends, 0.0))  # fmt: skip


class GivenOrder(Settings):
    """One order, given after the close of the bar labelled `time` and filled or refused in the next."""

    time: datetime = Field(description="label of the bar after whose close the order is given")
    asset: str = Field(description="what is traded")
    quantity: int = Field(description="units; below 0 to sell")
    at: Literal["open", "limit", "vwap", "close"] = Field(default="open", description="where it is filled")
    price: float = Field(
        default=0.0,
        description="limit: its limit; open: +p only above it, -p only below; close: 1 only ends what is held",
    )


class GivenOrders(Selection):
    """Give a table's orders, each after the close of its own bar, in the order in which they stand.

    Nothing is checked but that they can be given: what the market does not allow is refused by the engine, and the book
    says why. Orders for bars before the book's first are passed over.

    Known at
        The table is believed: that a row was known at CLOSE(time) is the word of whoever made it.
    Missing values
        A bar without rows gives no orders.
    Errors
        `SettingError` for an asset that the exchange doesn't have, a time that is no bar's label, a price off the tick.

    >>> table = GivenOrders(orders=({"time": "2020-01-02", "asset": "600000", "quantity": 100},))
    >>> table.orders[0].at
    'open'
    """

    name: ClassVar[str] = "given-orders"
    example: ClassVar[dict[str, Any]] = {
        "orders": [
            {"time": "2020-01-02", "asset": "000001", "quantity": 100},
            {"time": "2020-01-06", "asset": "000001", "quantity": -100, "at": "close"},
        ]
    }
    reasons: ClassVar[tuple[str, ...]] = ("given",)
    reasons_in_chinese: ClassVar[tuple[str, ...]] = ("外部给定",)
    signals: ClassVar[tuple[str, ...]] = ()

    orders: tuple[GivenOrder, ...] = Field(description="rows of time, asset, quantity, at, price")

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a CSV file, such as `tidegate orders` writes: columns as of `of_frame`; raises `DataError`."""
        try:
            frame = pl.read_csv(path, schema_overrides={"asset": pl.String}, try_parse_dates=True)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataError("the orders cannot be read", where=path, found=str(error)[:120]) from error
        return cls.of_frame(frame)

    @classmethod
    def of_frame(cls, frame: pl.DataFrame) -> Self:
        """Take the rows of a frame with columns time, asset, quantity and, where wanted, at and price.

        A table of orders that a book left is one too: `decided` for time, a `side` beside the quantity, `limit`,
        `above`, `below`, `only_ends` for the price; what else such a table tells is passed over.
        """
        frame = _given(frame) if "decided" in frame.columns else frame
        missing = [name for name in ("time", "asset", "quantity") if name not in frame.columns]
        unknown = [name for name in frame.columns if name not in _COLUMNS]
        if missing or unknown:
            raise DataError("these are no orders", expected=list(_COLUMNS), found=frame.columns)
        try:
            cast = frame.cast({name: _COLUMNS[name] for name in frame.columns})
        except pl.exceptions.PolarsError as error:
            raise DataError("these are no orders", expected=_COLUMNS, found=str(error)[:120]) from error
        rows = ({name: held for name, held in row.items() if held is not None} for row in cast.to_dicts())
        return cls(orders=tuple(GivenOrder(**row) for row in rows))

    def decide(self, view: View) -> list[Order]:
        """Give the rows of this bar."""
        rows, times, places = *self._table, view.seen.memory
        book = len(view.shares)
        at = int(np.searchsorted(times, view.time)) if view.bar == 0 else int(places[book])
        if at < len(times) and times[at] < view.time:
            raise SettingError("the time of an order is no bar's label", found=rows[at].time, where=rows[at].asset)
        end = int(np.searchsorted(times, view.time, side="right"))
        places[book] = end
        return [self._order(row, view) for row in rows[at:end]]

    @cached_property
    def _table(self) -> tuple[list[GivenOrder], Any]:
        """The rows by time, as they stood within it, and their times."""
        rows = sorted(self.orders, key=lambda row: row.time)
        return rows, np.array([row.time for row in rows], dtype="datetime64[us]")

    def _order(self, row: GivenOrder, view: View) -> Order:
        if row.asset not in view.assets:
            raise SettingError("an order for an asset that is not there", found=row.asset, where=row.time)
        asset = view.assets.index(row.asset)
        if row.at == "close":
            return Order(asset, row.quantity, FillAt.CLOSE, int(row.price != 0))
        level = row.price / float(view.seen.tick[asset])
        if abs(level - round(level)) > 1e-6:  # noqa: PLR2004
            raise SettingError("a price off the tick", expected=float(view.seen.tick[asset]), found=row.price)
        return Order(asset, row.quantity, FillAt[row.at.upper()], round(level))
