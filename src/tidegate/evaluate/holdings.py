"""Judge what a book over many assets held: how many names, how much of it in one, how much idle, and for how long.

A round trip is told by its number in the ledger, not by its quantities: a split changes those between the purchase and
the sale, and the trip is still one.
"""

import numpy as np
import polars as pl

from tidegate.errors import DataError
from tidegate.evaluate.stated import stated
from tidegate.measures.trading import Trips
from tidegate.types.axes import FloatArray, IntArray, frozen
from tidegate.types.ledger import FEES, Ledger
from tidegate.types.report import Measure

__all__ = ["costs_of", "judge_holdings", "trips_of_ledger", "unfilled_by_reason"]


def costs_of(ledger: Ledger) -> dict[str, FloatArray]:
    """What each bar paid, by kind: commission, stamp_duty, transfer_fee and slippage ``[T]``, in money.

    Known at: CLOSE(t). Slippage lies inside fill prices and is no part of the fees.

    Errors
        `DataError` where a fill lies outside the book.
    """
    times = ledger.book["time"].to_numpy()
    bar = np.searchsorted(times, ledger.fills["time"].to_numpy())
    if bar.size and int(bar.max()) >= times.size:
        raise DataError("a fill lies after the last line of the book", expected=times[-1])
    return {
        kind: np.bincount(bar, weights=ledger.fills[kind].fill_null(0.0).to_numpy(), minlength=times.size).astype(
            np.float64
        )
        for kind in (*FEES, "slippage")
    }


def trips_of_ledger(ledger: Ledger, held_last: frozenset[str], actions: pl.DataFrame | None = None) -> Trips:
    """Round trips by their numbers: entry and exit bars, realised profit after fees, and what was put in.

    `held_last` names the assets that are held at the last close: their last trip is still open. `actions`
    (time, asset, kind, cash, realised, trip) end a trip where its listing ended, and add dividends to its profit.

    Known at: the last fill. Units: money; bars of the book.
    """
    times = ledger.book["time"].to_numpy()
    columns = ["time", "asset", "side", "realised", "value", "trip"]
    every = ledger.fills.select(columns)
    if actions is not None:
        happened = actions.filter(pl.col("kind").is_in(["dividend", "end of listing"])).select(
            "time",
            "asset",
            side=pl.lit("action"),
            realised=pl.when(pl.col("kind") == "dividend").then("cash").otherwise("realised"),
            value=pl.lit(0.0),
            trip="trip",
        )
        every = pl.concat([every, happened]).sort("time", maintain_order=True)
    fills = every.with_columns(bar=pl.Series(np.searchsorted(times, every["time"].to_numpy())))
    trips = (
        fills.group_by("trip", maintain_order=True)
        .agg(
            pl.col("asset").first(),
            entry=pl.col("bar").min(),
            exit=pl.col("bar").max(),
            side=pl.when(pl.col("side").first().str.contains("^(sell|short)")).then(-1).otherwise(1),
            profit=pl.col("realised").sum(),
            outlay=pl.col("value").filter(pl.col("side") == pl.col("side").first()).abs().sum(),
        )
        .with_columns(last=pl.col("trip") == pl.col("trip").max().over("asset"))
        .with_columns(closed=~(pl.col("last") & pl.col("asset").is_in(list(held_last))))
        .with_columns(exit=pl.when("closed").then("exit").otherwise(len(times) - 1))
        .sort("exit", "entry", "trip")
    )

    def whole(name: str) -> IntArray:
        return frozen(trips[name].cast(pl.Int64).to_numpy())

    return Trips(
        whole("entry"),
        whole("exit"),
        whole("side"),
        frozen(trips["profit"].cast(pl.Float64).to_numpy()),
        frozen(trips["outlay"].cast(pl.Float64).to_numpy()),
        frozen(trips["closed"].to_numpy().astype(np.bool_)),
    )


def unfilled_by_reason(ledger: Ledger) -> pl.DataFrame:
    """Orders that were not filled, or not wholly: one row a side and reason, with their number and the part filled.

    Columns: outcome, side, orders, part (mean share of the quantity asked for that was filled all the same).
    """
    return (
        ledger.orders.filter(pl.col("outcome") != "filled")
        .with_columns(part=pl.col("filled") / pl.col("quantity"))
        .group_by("outcome", "side")
        .agg(orders=pl.len(), part=pl.col("part").mean())
        .sort("orders", "outcome", "side", descending=[True, False, False])
    )


def judge_holdings(
    ledger: Ledger, positions: pl.DataFrame, trips: Trips, subject: dict[str, str]
) -> tuple[Measure, ...]:
    """Measure what a book held.

    Measures, in order: total_return_before_costs (fees and slippage added back, the same trades), slippage, names_held,
    largest_weight, cash_share, holding_bars. `positions` has one row a close and asset held: time, asset, weight.

    Known at: the last close. Units: fractions of capital or of equity; names; bars.
    """
    book, capital = ledger.book, ledger.capital
    bars = book.height
    costs = costs_of(ledger)
    paid = float(sum(float(values.sum()) for values in costs.values()))
    net = float(book["equity"][-1])
    counts = positions.group_by("time").len()["len"]
    weights = positions["weight"]
    closed = trips.closed
    lasted = (trips.exit - trips.entry)[closed]
    spread = "" if lasted.size == 0 else "quartiles {:.0f} to {:.0f}".format(*np.quantile(lasted, [0.25, 0.75]))
    return (
        stated(
            "total_return_before_costs",
            subject,
            (net + paid) / capital - 1.0,
            "fraction",
            n=bars,
            note="fees and slippage added back, the same trades",
        ),
        stated("slippage", subject, float(costs["slippage"].sum()) / capital, "fraction of capital", n=bars),
        stated(
            "names_held",
            subject,
            float(counts.mean()) if len(counts) else float("nan"),  # type: ignore[arg-type]
            "names",
            n=len(counts),
            note="mean over closes at which anything was held",
            otherwise="nothing was ever held",
        ),
        stated(
            "largest_weight",
            subject,
            float(weights.max()) if len(weights) else float("nan"),  # type: ignore[arg-type]
            "fraction",
            n=bars,
            note="of equity in one name at any close; a cap binds when bought, not after",
            otherwise="nothing was ever held",
        ),
        stated("cash_share", subject, float((book["cash"] / book["equity"]).mean()), "fraction", n=bars),  # type: ignore[arg-type]
        stated(
            "holding_bars",
            subject,
            float(np.median(lasted)) if lasted.size else float("nan"),
            "bars",
            n=int(closed.sum()),
            note=f"median of closed round trips, {spread}",
            otherwise="no closed round trip",
        ),
    )
