"""Tomorrow's orders: what a selection decided after the last close of its data, read from a run's records.

They are what the backtest would do next, with the reference prices it knew; nobody has filled them, and the price that
will be there is not known. An order is for the next bar alone: what it leaves unfilled there is dead.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tidegate.errors import SettingError, UnknownNameError
from tidegate.strategy.selection import Selection
from tidegate.study.bar_trading import trades_within_bars
from tidegate.study.declare import Study
from tidegate.study.folder import RunFolder
from tidegate.study.stations import shown

__all__ = ["NextOrders", "laid_out", "next_orders"]


@dataclass(frozen=True)
class NextOrders:
    """Orders for the next bar, one row each, with whose they are and after which close they were decided.

    Columns of `frame`: decided, side, asset, quantity, at, limit, above, below, only_ends, reference_price, value,
    held, rank, scored, score, reason, study, market, member, run. `GivenOrders.read` takes them back from the CSV.
    """

    study: str
    market: str
    member: str
    decided: str
    run: str
    cash: float
    stamps: tuple[str, ...]
    frame: pl.DataFrame


def next_orders(run: Path, study: str | None, market: str | None, member: str | None) -> NextOrders:
    """Read the orders of one member: the leading study's, its last market's, the ensemble's, if none is named.

    Errors
        `UnknownNameError` for a study, market or member that the run does not have; `SettingError` where the study
        trades no selection.
    """
    folder = RunFolder(run)
    held = folder.read("study.json")
    declared = {entry["name"]: Study.of(entry) for entry in held["studies"]}
    name = study or held["lead"]
    if name not in declared:
        raise UnknownNameError.among("study", name, declared, where=run)
    strategy = declared[name].strategy
    if not isinstance(strategy, Selection) or any(
        trades_within_bars(declared[name], m) for m in declared[name].markets
    ):
        raise SettingError(
            "only a selection over many assets gives orders for the next bar",
            where=f"study {name}",
            found=None if strategy is None else strategy.name,
            hint="`tidegate explain` shows what a timing, or a trade within a bar, wants after each close",
        )
    markets = [one.name for one in declared[name].markets]
    where = market or markets[-1]
    if where not in markets:
        raise UnknownNameError.among("market", where, markets, where=f"study {name}")
    root = run / "records" / name / "ledger" / where
    members = [path.name for path in sorted(root.iterdir())] if root.is_dir() else []
    own = [each for each in members if each == "ensemble" or each.startswith("seed-")]
    who = member or next(iter(own), "")
    if who not in members:
        raise UnknownNameError.among("member", who, members, where=f"study {name}, {where}")
    orders = pl.read_parquet(root / who / "next.parquet")
    book = pl.read_parquet(root / who / "book.parquet")
    label = f"{run.parent.name}/{run.name}"
    return NextOrders(
        study=name,
        market=where,
        member=who,
        decided=shown(book["time"].to_numpy()[-1]),
        run=label,
        cash=float(book["cash"][-1]),
        stamps=(
            "Decided by a backtest on the data of this run: no advice to buy or sell anything.",
            "Reference prices are the last closes; whether and at what price an order would be filled is not known.",
        ),
        frame=laid_out(orders, name, where, who, label),
    )


def laid_out(orders: pl.DataFrame, study: str, market: str, member: str, run: str) -> pl.DataFrame:
    """A book's orders for the next bar (see `book_frames`) with the columns that are written for people."""
    whole = [pl.col(name).cast(pl.Int64) for name in ("quantity", "held")]
    return orders.with_columns(*whole, pl.col("score").fill_nan(None), pl.col("value").round(2)).select(
        "decided", "side", "asset", "quantity", "at", "limit", "above", "below", "only_ends", "reference_price",
        "value", "held", "rank", "scored", "score", "reason",
    ).with_columns(study=pl.lit(study), market=pl.lit(market), member=pl.lit(member), run=pl.lit(run))  # fmt: skip
