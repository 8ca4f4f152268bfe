"""A finished portfolio as tables: orders, fills, actions, positions, the book, and the orders for the bar to come.

The ledger gives the loop's whole numbers their names, units and assets; here every order gets the score and the rank
that it was decided by, too.
"""

import numpy as np
import polars as pl

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Portfolio
from tidegate.backtest.portfolio_ledger import is_action, order_rows, prices, terms
from tidegate.strategy.orders import FillAt
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["book_frames", "next_frame"]


def book_frames(portfolio: Portfolio, score: FloatArray) -> dict[str, pl.DataFrame]:
    """Tables of one book by name: orders, fills, actions, positions, book, next.

    `orders` has every order with its decision, score and rank among that close's scores, moment, price and what became
    of it; `positions` the score and rank of its own close, among as many (`scored`: the universe of that close); `book`
    counts the names that are held but `outside` the universe; `next` holds the orders decided after the last close,
    with the last price as a reference.

    Shapes: `score` ``[T, N]`` as the strategy saw it. Units: money and prices in the currency; quantities in units.
    Known at: a row at its own time; `next` after the last close.
    """
    events, lines = np.asarray(portfolio.events), portfolio.account.lines
    acted = is_action(events)
    orders = _orders(portfolio, events[~acted], score)
    filled = pl.col("filled")
    fills = orders.filter(filled > 0).with_columns(quantity=filled)
    held, scale = portfolio.ledger(), portfolio.exchange.money_scale
    assert held.actions is not None
    assert held.positions is not None
    return {
        "orders": orders,
        "fills": fills,
        "actions": held.actions.with_columns(
            realised=pl.Series(events[acted][:, t_.REALISED] / scale), trip=pl.Series(events[acted][:, t_.TRIP])
        ),
        "positions": _positions(portfolio, held.positions, score),
        "book": held.book.with_columns(
            slippage=lines[:, t_.L_SLIPPAGE] / scale,
            bought=lines[:, t_.L_BOUGHT] / scale,
            sold=lines[:, t_.L_SOLD] / scale,
            outside=_outside(portfolio, held.positions, score),
        ),
        "next": next_frame(portfolio, score),
    }


def _outside(portfolio: Portfolio, positions: pl.DataFrame, score: FloatArray) -> IntArray:
    """How many of the names held at each close are out of the universe, a score of -inf ``[T]``."""
    exchange = portfolio.exchange
    places = {asset: place for place, asset in enumerate(exchange.assets)}
    asset = positions["asset"].replace_strict(places, return_dtype=pl.Int64).to_numpy()
    bar = np.searchsorted(exchange.times, positions["time"].to_numpy().astype("datetime64[us]"))
    return np.bincount(bar[score[bar, asset] == -np.inf], minlength=len(exchange)).astype(np.int64)


def _ranks(score: FloatArray, bar: IntArray, asset: IntArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Score, rank from the highest (1), and how many were scored, for places ``(bar, asset)``; rank 0 without one."""
    own = score[bar, asset]
    rank, count = np.zeros(len(bar), dtype=np.int64), np.zeros(len(bar), dtype=np.int64)
    for one in np.unique(bar).tolist():
        here = np.flatnonzero(bar == one)
        known = np.sort(score[one][np.isfinite(score[one])])
        count[here] = known.size
        above = known.size - np.searchsorted(known, own[here], side="right")
        rank[here] = np.where(np.isfinite(own[here]), above + 1, 0)
    return own, rank, count


def _orders(portfolio: Portfolio, events: IntArray, score: FloatArray) -> pl.DataFrame:
    """The ledger's orders, with the score and the rank of each at its decision."""
    own, rank, count = _ranks(score, np.maximum(events[:, t_.BAR] - 1, 0), events[:, t_.ASSET])
    whole = [pl.col(name).cast(pl.Float64) for name in ("quantity", "filled")]
    rows = order_rows(portfolio.exchange, events, portfolio.reasons).with_columns(*whole)
    return rows.with_columns(score=pl.Series(own), rank=pl.Series(rank), scored=pl.Series(count))


def _positions(portfolio: Portfolio, positions: pl.DataFrame, score: FloatArray) -> pl.DataFrame:
    """Positions at each close, with the score and the rank of that close; rank 0 for what is out of the universe."""
    exchange = portfolio.exchange
    places = {asset: place for place, asset in enumerate(exchange.assets)}
    asset = positions["asset"].replace_strict(places, return_dtype=pl.Int64).to_numpy()
    bar = np.searchsorted(exchange.times, positions["time"].to_numpy().astype("datetime64[us]"))
    own, rank, count = _ranks(score, bar, asset)
    return positions.with_columns(score=pl.Series(own), rank=pl.Series(rank), scored=pl.Series(count))


def next_frame(portfolio: Portfolio, score: FloatArray) -> pl.DataFrame:
    """Orders decided after the last close, for a bar that has not come; see `book_frames`."""
    exchange, account = portfolio.exchange, portfolio.account
    queue = account.queue[: int(account.purse[t_.QUEUED])]
    asset = queue[:, t_.O_ASSET]
    last = np.full(len(asset), len(exchange) - 1, dtype=np.int64)
    own, rank, count = _ranks(score, last, asset)
    names = np.array(exchange.assets, dtype=object)
    close = exchange.close[-1][asset].astype(np.int64)
    reference = np.where(close > 0, close, account.mark[asset])
    quantity = np.abs(queue[:, t_.O_QUANTITY])
    return pl.DataFrame(
        {
            "decided": np.full(len(asset), exchange.times[-1]),
            "asset": names[asset].tolist(),
            "side": np.where(queue[:, t_.O_QUANTITY] > 0, "buy", "sell").tolist(),
            "quantity": quantity.astype(np.float64),
            "at": [FillAt(code).name.lower() for code in queue[:, t_.O_AT].tolist()],
            **terms(exchange, queue[:, t_.O_AT], queue[:, t_.O_PRICE], asset),
            "reference_price": prices(exchange, reference, asset),
            "value": quantity * reference * exchange.tick_value[asset] / exchange.money_scale,
            "held": account.shares[asset].astype(np.float64),
            "score": own,
            "rank": rank,
            "scored": count,
            "reason": [portfolio.reasons[code] for code in queue[:, t_.O_REASON].tolist()],
        },
        schema_overrides=dict.fromkeys(("asset", "side", "at", "reason"), pl.String()),
    )
