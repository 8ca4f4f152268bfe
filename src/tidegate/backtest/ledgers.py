"""One book followed cent by cent: orders, fills and lines, from the same loop that runs thousands."""

import numpy as np
import polars as pl

from tidegate.backtest import loop
from tidegate.backtest.engine import Raw, check, run
from tidegate.market.base import Conditions
from tidegate.types.axes import FloatArray
from tidegate.types.ledger import FEES, Ledger

__all__ = ["OUTCOMES", "ledger", "ledger_of_raw"]

OUTCOMES = (
    "filled",
    "limit up",
    "limit down",
    "T+1",
    "below one lot",
    "suspended",
    "forced by margin",
    "contract change",
    "stopped out",
)
"""Why an order ended as it did, by the loop's code."""


def ledger(exposure: FloatArray, conditions: Conditions, capital: float, asset: str) -> Ledger:
    """Run one book and keep every order, fill and line of it; its equity equals `trade`'s, bit for bit.

    Shapes, units
        `exposure` ``[T]``. A fill's `price` has the slippage in it, which `slippage` tells in money; `realised` is the
        profit of what a fill closed, after its own and the opening fees; `trip` numbers round trips from 0. The book's
        `fees` are those paid in each bar.
    Known at
        As `Ledger`.
    Errors
        As `trade`.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> from tidegate.market.etf_proxy import EtfProxy
    >>> bars = NoiseWorld(sessions=10, seed=1).bars()
    >>> kept = ledger(np.ones(10), EtfProxy().conditions(bars, "noise"), 1e6, "noise")
    >>> kept.orders["outcome"].to_list()
    ['filled']
    """
    check(exposure[None, :], conditions, capital)
    return ledger_of_raw(run(exposure[None, :], conditions, capital, keep=True), conditions, capital, asset)


def ledger_of_raw(raw: Raw, conditions: Conditions, capital: float, asset: str) -> Ledger:
    """Give what a loop over one asset left of one book its names and units; an order is decided a bar before."""
    events, times = raw.events, conditions.times
    bar = events[:, loop.BAR].astype(np.int64)
    money = {
        name: events[:, column] / raw.scale
        for name, column in (
            ("commission", loop.COMMISSION),
            ("stamp_duty", loop.STAMP),
            ("transfer_fee", loop.TRANSFER),
            ("slippage", loop.SLIPPAGE),
            ("realised", loop.REALISED),
        )
    }
    every = pl.DataFrame(
        {
            "decided": times[bar - 1],
            "time": times[bar],
            "asset": [asset] * len(bar),
            "side": np.where(events[:, loop.SIDE] > 0, "buy", "sell").tolist(),
            "quantity": events[:, loop.WANTED].astype(np.float64),
            "filled": events[:, loop.DONE].astype(np.float64),
            "outcome": [OUTCOMES[int(code)] for code in events[:, loop.OUTCOME]],
            "price": events[:, loop.PRICE] / raw.ticks,
            "trip": events[:, loop.TRIP].astype(np.int64),
            **money,
        },
        schema_overrides={"asset": pl.String(), "side": pl.String(), "outcome": pl.String()},
    )
    filled = pl.col("filled")
    fills = every.filter(filled > 0).with_columns(
        quantity=filled, value=filled * pl.col("price") * conditions.multiplier
    )
    paid = np.zeros(len(times))
    np.add.at(paid, bar, sum(money[name] for name in FEES))
    cash, holdings = raw.lines[:, 0] / raw.scale, raw.lines[:, 1] / raw.scale
    book = pl.DataFrame(
        {
            "time": times,
            "cash": cash,
            "holdings": holdings,
            "equity": raw.equity[0],
            "exposure": raw.held[0],
            "fees": paid,
            "quantity": raw.lines[:, 2].astype(np.float64),
        }
    )
    return Ledger.of(every, fills, book, capital)
