"""Ledger: what was ordered, filled, paid and owned, so that every cent can be followed."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from tidegate.types.axes import require

__all__ = ["ACTIONS", "BOOK", "FEES", "FILLS", "MORE_BOOK", "MORE_ORDERS", "ORDERS", "POSITIONS", "Ledger"]

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


MORE_ORDERS: dict[str, pl.DataType] = {
    "at": pl.String(),
    "limit": pl.Float64(),
    "above": pl.Float64(),
    "below": pl.Float64(),
    "only_ends": pl.Boolean(),
    "reason": pl.String(),
}
"""What orders may tell besides: the moment they were meant for; the limit of a limit order; the price that the open had
to lie above or below; whether they could only end what was held; why they were given."""
MORE_BOOK: dict[str, pl.DataType] = {
    "due": pl.Float64(),
    "count": pl.Int64(),
    "largest_weight": pl.Float64(),
    "cash_use": pl.Float64(),
}
"""What the book may tell besides: cash on its way, how many assets are held, the largest part of equity in one of them,
value held over equity."""
ACTIONS: dict[str, pl.DataType] = {
    "time": pl.Datetime("us"),
    "asset": pl.String(),
    "kind": pl.String(),
    "before": pl.Float64(),
    "after": pl.Float64(),
    "cash": pl.Float64(),
    "credited": pl.Datetime("us"),
}
POSITIONS: dict[str, pl.DataType] = {
    "time": pl.Datetime("us"),
    "asset": pl.String(),
    "quantity": pl.Float64(),
    "price": pl.Float64(),
    "value": pl.Float64(),
    "weight": pl.Float64(),
}
FEES = ("commission", "stamp_duty", "transfer_fee")
"""Kinds of fees, by the names of their columns."""
_HALF_A_CENT = 0.005


@dataclass(frozen=True)
class Ledger:
    """Orders, fills and the book at each close; made only through `Ledger.of`.

    A book over many assets has `actions` (corporate actions and ends of listing: quantity before and after, cash, and
    the time it was credited, null where that is yet to come) and `positions` (a row a close and asset held).

    Known at
        A fill at its own moment; an action at the open of its time; a line of the book at CLOSE(time).
    Units
        Money in the market's currency; `quantity` in shares, units or lots as the market says (in a book over many
        assets that of the book is how many are held). A fill's `price` has the slippage in it; `realised` is what it
        closed earned, after fees; `trip` numbers round trips (flat to flat).
    Missing values
        Of the columns that may be left out, all of orders, `count`, `largest_weight` and `cash_use` are
        then null, and `due` is 0.
    Invariants
        cash + due + holdings = equity at every close, to the cent (futures: holdings is the open profit since
        settlement). Where `actions` are given: the fees of the fills are those of the book, and its cash is the capital
        and what fills and actions brought, line by line, to the cent.
    """

    orders: pl.DataFrame
    fills: pl.DataFrame
    book: pl.DataFrame
    capital: float
    actions: pl.DataFrame | None = None
    positions: pl.DataFrame | None = None

    @classmethod
    def of(
        cls,
        orders: pl.DataFrame,
        fills: pl.DataFrame,
        book: pl.DataFrame,
        capital: float,
        *,
        actions: pl.DataFrame | None = None,
        positions: pl.DataFrame | None = None,
    ) -> "Ledger":
        """Check columns, that cash and holdings add up, and that fills and actions explain the cash."""
        held = cls(
            _tidy("orders", orders, ORDERS, MORE_ORDERS),
            _tidy("fills", fills, FILLS),
            _tidy("book", book, BOOK, MORE_BOOK).with_columns(pl.col("due").fill_null(0.0)),
            float(capital),
        )
        lines = held.book
        sums = lines.select("cash", "holdings", "equity", "due")
        whole = sums.select(pl.all_horizontal(pl.all().is_finite().fill_null(value=False)).all()).item()
        require(
            holds=whole,
            what="a sum of the book is missing or not finite",
            found=sums.filter(~pl.all_horizontal(pl.all().is_finite().fill_null(value=False))).head(1).rows(),
        )
        require(holds=lines.height > 0, what="the book is empty")
        gap = (lines["cash"] + lines["due"] + lines["holdings"] - lines["equity"]).to_numpy()
        _close(gap, lines, "cash and holdings do not add up to equity")
        if actions is None:
            return held
        held = replace(
            held,
            actions=_tidy("actions", actions, ACTIONS),
            positions=None if positions is None else _tidy("positions", positions, POSITIONS),
        )
        _explained(held)
        return held


def _tidy(
    what: str, frame: pl.DataFrame, columns: dict[str, pl.DataType], more: dict[str, pl.DataType] | None = None
) -> pl.DataFrame:
    """The named columns of a frame in their types; those of `more` are null where they are missing."""
    require(
        holds=set(columns) <= set(frame.columns),
        what=f"the {what} lack columns",
        expected=list(columns),
        found=frame.columns,
    )
    own = [pl.col(c).cast(t) for c, t in columns.items()]
    told = (more or {}).items()
    own += [pl.col(c).cast(t) if c in frame.columns else pl.lit(None, dtype=t).alias(c) for c, t in told]
    return frame.select(own).rechunk()


def _close(gap: "np.ndarray[tuple[int], np.dtype[np.float64]]", lines: pl.DataFrame, what: str) -> None:
    scale = max(1.0, float(np.abs(lines["equity"].to_numpy()).max()))
    worst = float(np.abs(gap).max(initial=0.0))
    require(holds=worst <= max(_HALF_A_CENT, 1e-12 * scale), what=what, found=worst)


def _explained(held: Ledger) -> None:
    """Refuse a book whose fees or cash the fills and actions do not explain."""
    times, actions = held.book["time"], held.actions
    assert actions is not None
    paid = pl.sum_horizontal(pl.col(kind).fill_null(0.0) for kind in FEES)
    value = pl.when(pl.col("side") == "buy").then(-pl.col("value")).otherwise(pl.col("value"))
    flows = held.fills.select("time", fees=paid, flow=value - paid)
    came = actions.filter(pl.col("credited").is_not_null()).select(pl.col("credited").alias("time"), "cash")

    def by_bar(frame: pl.DataFrame, column: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        at = np.searchsorted(times.to_numpy(), frame["time"].to_numpy())
        require(holds=bool((at < times.len()).all()), what="a fill or an action lies after the last line of the book")
        return np.bincount(at, weights=frame[column].to_numpy(), minlength=times.len()).astype(np.float64)

    fees = np.cumsum(by_bar(flows, "fees"))
    _close(fees - np.cumsum(held.book["fees"].to_numpy()), held.book, "the fees of the fills are not those of the book")
    cash = held.capital + np.cumsum(by_bar(flows, "flow") + by_bar(came, "cash"))
    _close(cash - held.book["cash"].to_numpy(), held.book, "fills and actions do not explain the cash")
