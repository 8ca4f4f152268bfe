"""A finished book over many assets as a ledger: the loop's whole numbers get their names, units and assets.

Nothing is computed but the positions, which are replayed from fills and actions and must come to the holdings that the
loop valued; a difference is a mistake in one of them and is refused.
"""

import numpy as np
import polars as pl

from tidegate.backtest import tape as t_
from tidegate.backtest.filling import OUTCOMES
from tidegate.errors import RecordError
from tidegate.market.exchange import DIVIDEND, REFERENCE, SPLIT, Exchange
from tidegate.strategy.orders import FillAt
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.ledger import Ledger

__all__ = ["is_action", "ledger_of", "order_rows", "prices", "terms"]

_ACTED, _ENDED = OUTCOMES.index("reference price"), OUTCOMES.index("end of listing")
_BORROWED = OUTCOMES.index("borrow fee")


def ledger_of(
    exchange: Exchange, events: IntArray, lines: IntArray, capital: float, reasons: tuple[str, ...]
) -> Ledger:
    """Give a book's events and lines their names and units.

    Shapes: `events` ``[E, COLUMNS]``, `lines` ``[T, LINES]`` as the loop wrote them. Known at: as `Ledger`. Errors:
    `RecordError` where the replayed positions are not worth what the book says.
    """
    acted = is_action(events)
    orders = order_rows(exchange, events[~acted], reasons)
    filled = pl.col("filled")
    fills = orders.filter(filled > 0).with_columns(quantity=filled)
    return Ledger.of(
        orders,
        fills,
        _book(exchange, lines),
        capital,
        actions=_actions(exchange, events[acted]),
        positions=_positions(exchange, events, acted, lines),
    )


def is_action(events: IntArray) -> BoolArray:
    """Whether an event is no order but an action, or a fee for what is borrowed ``[E]``. Known at: as the event."""
    outcome = events[:, t_.OUTCOME]
    return np.asarray(((outcome >= _ACTED) & (outcome <= _ENDED)) | (outcome == _BORROWED))


def prices(exchange: Exchange, ticks: IntArray, asset: IntArray) -> FloatArray:
    """Ticks as the nearest floats: divided by ticks per unit, never multiplied by a tick that is no float.

    Shapes: `ticks`, `asset` ``[M]`` → ``[M]``. Known at: as the ticks.
    """
    return np.asarray(ticks / np.rint(1.0 / exchange.tick[asset]))


def _names(exchange: Exchange, asset: IntArray) -> pl.Series:
    return pl.Series("asset", exchange.assets, dtype=pl.String()).gather(asset)


def _words(words: tuple[str, ...], codes: IntArray) -> pl.Series:
    return pl.Series(words, dtype=pl.String()).gather(codes)


def terms(exchange: Exchange, at: IntArray, price: IntArray, asset: IntArray) -> dict[str, pl.Series]:
    """What orders ask of their price, one number each, by its meaning: limit, above, below, only_ends.

    Shapes: `at`, `price` (as `Order` has it), `asset` ``[M]``. Units: prices in the currency, null where nothing is
    asked. Known at: with the order.
    """
    level = prices(exchange, np.abs(price), asset)
    opens = at == FillAt.OPEN

    def where(holds: BoolArray) -> pl.Series:
        return pl.Series(np.where(holds, level, np.nan)).fill_nan(None)

    return {
        "limit": where(at == FillAt.LIMIT),
        "above": where(opens & (price > 0)),
        "below": where(opens & (price < 0)),
        "only_ends": pl.Series((at == FillAt.CLOSE) & (price != 0)),
    }


def order_rows(exchange: Exchange, events: IntArray, reasons: tuple[str, ...]) -> pl.DataFrame:
    """Orders and what became of them, a row each, with everything that the loop noted of them.

    Shapes: `events` ``[M, COLUMNS]``, orders alone. Units: money and prices in the currency; `value` is of what was
    filled, whatever one tick of the asset is worth. Known at: a row at its own time.
    """
    bar, asset, scale = events[:, t_.BAR], events[:, t_.ASSET], exchange.money_scale
    value = events[:, t_.DONE] * events[:, t_.PRICE] * exchange.tick_value[asset]
    return pl.DataFrame(
        {
            "decided": exchange.times[np.maximum(bar - 1, 0)],
            "time": exchange.times[bar],
            "asset": _names(exchange, asset),
            "side": _words(("sell", "buy"), (events[:, t_.SIDE] > 0).astype(np.int64)),
            "quantity": events[:, t_.WANTED],
            "filled": events[:, t_.DONE],
            "outcome": _words(OUTCOMES, events[:, t_.OUTCOME]),
            "at": _words(tuple(at.name.lower() for at in FillAt), events[:, t_.AT]),
            **terms(exchange, events[:, t_.AT], events[:, t_.LIMIT], asset),
            "reason": _words(reasons, events[:, t_.REASON]),
            "price": prices(exchange, events[:, t_.PRICE], asset),
            "value": value / scale,
            "commission": events[:, t_.COMMISSION] / scale,
            "stamp_duty": events[:, t_.STAMP] / scale,
            "transfer_fee": events[:, t_.TRANSFER] / scale,
            "slippage": events[:, t_.SLIPPAGE] / scale,
            "realised": events[:, t_.REALISED] / scale,
            "cash_after": events[:, t_.AFTER] / scale,
            "trip": events[:, t_.TRIP],
        }
    )


def _actions(exchange: Exchange, events: IntArray) -> pl.DataFrame:
    bar, pay = events[:, t_.BAR], events[:, t_.LIMIT]
    late = (events[:, t_.OUTCOME] == _ACTED + DIVIDEND) & (pay > bar)
    at = np.where(late, pay, bar)
    credited = pl.Series(exchange.times[np.minimum(at, len(exchange) - 1)])
    return pl.DataFrame(
        {
            "time": exchange.times[bar],
            "asset": _names(exchange, events[:, t_.ASSET]),
            "kind": _words(OUTCOMES, events[:, t_.OUTCOME]),
            "before": events[:, t_.SIDE] * events[:, t_.WANTED],
            "after": events[:, t_.SIDE] * events[:, t_.DONE],
            "cash": events[:, t_.SLIPPAGE] / exchange.money_scale,
            "credited": pl.select(pl.when(pl.Series(at < len(exchange))).then(credited)).to_series(),
        }
    )


def _book(exchange: Exchange, lines: IntArray) -> pl.DataFrame:
    scale = exchange.money_scale
    equity, holdings = lines[:, t_.L_EQUITY] / scale, lines[:, t_.L_HOLDINGS] / scale
    over = np.where(equity > 0, equity, np.inf)
    return pl.DataFrame(
        {
            "time": exchange.times,
            "cash": lines[:, t_.L_CASH] / scale,
            "due": lines[:, t_.L_DUE] / scale,
            "holdings": holdings,
            "equity": equity,
            "exposure": holdings / over,
            "fees": lines[:, t_.L_FEES] / scale,
            "quantity": lines[:, t_.L_COUNT],
            "count": lines[:, t_.L_COUNT],
            "largest_weight": lines[:, t_.L_LARGEST] / scale / over,
            "cash_use": holdings / over,
        }
    )


def _positions(exchange: Exchange, events: IntArray, acted: BoolArray, lines: IntArray) -> pl.DataFrame:
    """One row a close and asset held: quantity, price known, value and weight; replayed asset by asset."""
    bars, per_asset = len(exchange), np.argsort(events[:, t_.ASSET], kind="stable")
    change = events[:, t_.SIDE] * (events[:, t_.DONE] - np.where(acted, events[:, t_.WANTED], 0))
    rows: list[tuple[IntArray, IntArray, IntArray, IntArray]] = []
    owners, first = np.unique(events[per_asset, t_.ASSET], return_index=True)
    shares = np.split(per_asset, first[1:]) if len(owners) else []
    for asset, mine in zip(owners.tolist(), shares, strict=True):
        held = np.cumsum(np.bincount(events[mine, t_.BAR], weights=change[mine], minlength=bars)).astype(np.int64)
        at = np.flatnonzero(held)
        price = _marks(exchange, asset, events[mine[acted[mine]]])
        rows.append((at, np.full(len(at), asset), held[at], price[at]))
    parts = [np.concatenate(column) if rows else np.zeros(0, dtype=np.int64) for column in zip(*rows, strict=True)]
    bar, asset, quantity, price = parts or [np.zeros(0, dtype=np.int64)] * 4
    order = np.argsort(bar, kind="stable")
    bar, asset, quantity, price = bar[order], asset[order], quantity[order], price[order]
    value = quantity * price * exchange.tick_value[asset]
    worth = np.zeros(bars, dtype=np.int64)
    np.add.at(worth, bar, value)
    if bool((worth != lines[:, t_.L_HOLDINGS]).any()):
        wrong = int(np.flatnonzero(worth != lines[:, t_.L_HOLDINGS])[0])
        raise RecordError(
            "replayed positions are not worth what the book holds",
            expected=int(lines[wrong, t_.L_HOLDINGS]),
            found=int(worth[wrong]),
            where=exchange.times[wrong],
        )
    equity = lines[bar, t_.L_EQUITY]
    return pl.DataFrame(
        {
            "time": exchange.times[bar],
            "asset": _names(exchange, asset),
            "quantity": quantity,
            "price": prices(exchange, price, asset),
            "value": value / exchange.money_scale,
            "weight": value / np.where(equity > 0, equity, np.inf),
        }
    )


def _marks(exchange: Exchange, asset: int, acted: IntArray) -> IntArray:
    """Give the last known price of an asset at each close, through its suspensions and what happened in them."""
    price = exchange.close[:, asset].astype(np.int64)
    last = np.maximum.accumulate(np.where(price > 0, np.arange(len(price)), 0))
    known = price[last]
    actions, worth = exchange.actions, int(exchange.tick_value[asset])
    for bar in np.unique(acted[:, t_.BAR]).tolist():
        if price[bar] > 0:
            continue
        mark = int(acted[acted[:, t_.BAR] == bar][0, t_.PRICE])
        for row in np.flatnonzero((actions.bar == bar) & (actions.asset == asset)).tolist():
            above, below = int(actions.numerator[row]), int(actions.denominator[row])
            if actions.kind[row] == REFERENCE:
                mark = below
            elif actions.kind[row] == SPLIT:
                mark = max((2 * mark * below + above) // (2 * above), 1)
            elif actions.kind[row] == DIVIDEND:
                mark = max(mark - (2 * above + below * worth) // (2 * below * worth), 1)
        until = np.flatnonzero(price[bar:] > 0)
        known[bar : bar + int(until[0]) if len(until) else len(price)] = mark
    return known
