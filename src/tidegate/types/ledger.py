"""Ledger: what was ordered, filled, paid and owned, so that every cent can be followed."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.types.axes import require

__all__ = ["BOOK", "FILLS", "ORDERS", "Ledger"]

ORDERS: dict[str, pl.DataType] = {
    "decided": pl.Datetime("us"),
    "time": pl.Datetime("us"),
    "asset": pl.String(),
    "side": pl.String(),
    "quantity": pl.Float64(),
    "filled": pl.Float64(),
    "outcome": pl.String(),
}
FILLS: dict[str, pl.DataType] = {
    "time": pl.Datetime("us"),
    "asset": pl.String(),
    "side": pl.String(),
    "quantity": pl.Float64(),
    "price": pl.Float64(),
    "value": pl.Float64(),
    "commission": pl.Float64(),
    "stamp_duty": pl.Float64(),
    "transfer_fee": pl.Float64(),
    "slippage": pl.Float64(),
    "realised": pl.Float64(),
    "trip": pl.Int64(),
}
BOOK: dict[str, pl.DataType] = {
    "time": pl.Datetime("us"),
    "cash": pl.Float64(),
    "holdings": pl.Float64(),
    "equity": pl.Float64(),
    "exposure": pl.Float64(),
    "fees": pl.Float64(),
    "quantity": pl.Float64(),
}


@dataclass(frozen=True)
class Ledger:
    """Orders, fills and the book at each close; made only through `Ledger.of`.

    Known at
        A fill at its own moment; a line of the book at CLOSE(time).
    Units
        Money in the market's currency; `quantity` in shares, units or lots as the market says. A fill's `price` has the
        slippage in it; `realised` is what it closed earned, after fees; `trip` numbers round trips (flat to flat).
    Invariants
        cash + holdings = equity at every close, to the cent (futures: holdings is the open profit since settlement).
    """

    orders: pl.DataFrame
    fills: pl.DataFrame
    book: pl.DataFrame
    capital: float

    @classmethod
    def of(cls, orders: pl.DataFrame, fills: pl.DataFrame, book: pl.DataFrame, capital: float) -> "Ledger":
        """Check columns and that cash and holdings add up."""
        tidy = []
        for what, frame, columns in (("orders", orders, ORDERS), ("fills", fills, FILLS), ("book", book, BOOK)):
            require(
                holds=set(columns) <= set(frame.columns),
                what=f"the {what} lack columns",
                expected=list(columns),
                found=frame.columns,
            )
            tidy.append(frame.select(pl.col(c).cast(t) for c, t in columns.items()).rechunk())
        lines = tidy[2]
        sums = lines.select("cash", "holdings", "equity")
        whole = sums.select(pl.all_horizontal(pl.all().is_finite().fill_null(value=False)).all()).item()
        require(
            holds=whole,
            what="a sum of the book is missing or not finite",
            found=sums.filter(~pl.all_horizontal(pl.all().is_finite().fill_null(value=False))).head(1).rows(),
        )
        gap = float(np.abs((lines["cash"] + lines["holdings"] - lines["equity"]).to_numpy()).max(initial=0.0))
        scale = max(1.0, float(np.abs(lines["equity"].to_numpy()).max())) if lines.height else 1.0
        require(holds=lines.height > 0, what="the book is empty")
        require(holds=gap <= max(0.005, 1e-12 * scale), what="cash and holdings do not add up to equity", found=gap)
        return cls(tidy[0], tidy[1], tidy[2], float(capital))
