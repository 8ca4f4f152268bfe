"""All A shares of some bars as one exchange, in a few passes over long columns and none over assets.

The numbers are those of `AShare.conditions`, stacked; a test holds the two against each other.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.market.costs import (
    STAMP_DUTY_BUY,
    STAMP_DUTY_SELL,
    TRANSFER_SHANGHAI,
    TRANSFER_SHANGHAI_FACE,
    TRANSFER_SHENZHEN,
)
from tidegate.market.exchange import FEE_COLUMNS, NO_LIMIT, REFERENCE, Actions, Exchange
from tidegate.market.instruments import Instruments
from tidegate.market.share_rows import ShareRows
from tidegate.market.stacking import ends, limits_with_bans, session_axis, whole_average
from tidegate.types.axes import IntArray, frozen
from tidegate.types.bars import Bars

__all__ = ["ShareTerms", "share_exchange"]

_TICK = 0.01
_PER_YUAN = 100


class ShareTerms(NamedTuple):
    """What a market of A shares leaves to its reader."""

    commission: int
    """1e-8 of value."""
    minimum_commission: int
    """Fen an order."""
    slippage_ticks: int
    at_risk: bool
    recovery: float
    stamps: tuple[str, ...]


def share_exchange(bars: Bars, terms: ShareTerms, instruments: Instruments | None = None) -> Exchange:
    """Lay every share's rows on one axis of time; raises `DataError` as `AShare.conditions` does."""
    days, session = session_axis(bars)
    rows = ShareRows.of(bars.frame, bars.assets, bars.times, days, at_risk=terms.at_risk)
    shape = (len(bars.times), len(bars.assets))
    trades = rows.trades
    cell = rows.bar * shape[1] + rows.asset
    if not bool(trades.all()):
        cell = cell[trades]

    def laid(values: NDArray[Any], empty: int = 0, kind: type = np.int32) -> NDArray[Any]:
        made: NDArray[Any] = np.full(shape, empty, dtype=kind)
        made.reshape(-1)[cell] = values if len(values) == len(cell) else values[trades]
        return frozen(made)

    up, down = _limits(rows)
    high, low = rows.ticks("high"), rows.ticks("low")
    volume = np.rint(np.nan_to_num(rows.column("volume"))).astype(np.int64)
    average = None
    if bars.has("volume") and bars.has("amount"):
        given = whole_average(rows.column("amount"), rows.column("volume"), _TICK, low, high)
        average = laid(np.where(given > 0, given, rows.close))
    fees, group, notes = _fees(rows, terms.commission)
    after, last = rows.moved
    moved = zip(
        rows.bar[after].tolist(),
        rows.asset[after].tolist(),
        rows.close[last].tolist(),
        rows.reference[rows.start[after]].tolist(),
        strict=True,
    )
    actions = [(bar, asset, REFERENCE, above, below, bar) for bar, asset, above, below in moved]
    return Exchange(
        times=frozen(bars.times),
        session=frozen(session),
        assets=bars.assets,
        open=laid(rows.open),
        high=laid(high),
        low=laid(low),
        close=laid(rows.close),
        limit_up=laid(up, NO_LIMIT),
        limit_down=laid(down),
        volume=laid(volume, kind=np.int64),
        vwap=average,
        actions=Actions.of(actions + ends(instruments, bars.assets, days, terms.recovery)),
        tick=frozen(np.full(shape[1], _TICK)),
        tick_value=frozen(np.ones(shape[1], dtype=np.int64)),
        lot=frozen(np.array([board.lot for board in rows.boards], dtype=np.int64)),
        minimum=frozen(np.array([board.minimum for board in rows.boards], dtype=np.int64)),
        waits=frozen(np.ones(shape[1], dtype=np.int64)),
        fees=frozen(fees),
        group=frozen(group),
        minimum_commission=terms.minimum_commission,
        slippage_ticks=terms.slippage_ticks,
        money_scale=_PER_YUAN,
        shorts=False,
        currency="CNY",
        stamps=(*terms.stamps, *notes),
    )


def _limits(rows: ShareRows) -> tuple[IntArray, IntArray]:
    """Limits that hold, and at the open what they forbid."""
    up, down, holds = rows.limits
    can_buy, can_sell = ~holds | (rows.open < up), ~holds | (rows.open > down)
    return limits_with_bans((np.where(holds, up, NO_LIMIT), np.where(holds, down, 0)), rows.open, can_buy, can_sell)


def _fees(rows: ShareRows, commission: int) -> tuple[IntArray, IntArray, tuple[str, ...]]:
    """Rates by day for Shanghai and for the others, group of each asset, and what must be said of unconfirmed rows."""
    shanghai = np.array([board.exchange == "SH" for board in rows.boards])
    kinds = [kind for kind in (True, False) if bool((shanghai == kind).any())]
    made = np.zeros((len(rows.days), len(kinds), FEE_COLUMNS), dtype=np.int64)
    tables = [STAMP_DUTY_BUY, STAMP_DUTY_SELL]
    made[:, :, [0, 3]] = commission
    made[:, :, 1] = STAMP_DUTY_BUY.at(rows.days)[:, None]
    made[:, :, 4] = STAMP_DUTY_SELL.at(rows.days)[:, None]
    for place, kind in enumerate(kinds):
        by_value = TRANSFER_SHANGHAI if kind else TRANSFER_SHENZHEN
        made[:, place, [2, 5]] = by_value.at(rows.days)[:, None]
        tables.append(by_value)
        if kind:
            made[:, place, [8, 11]] = _PER_YUAN * TRANSFER_SHANGHAI_FACE.at(rows.days)[:, None]
            tables.append(TRANSFER_SHANGHAI_FACE)
    notes = tuple(note for table in tables for note in table.unconfirmed(rows.days))
    group = np.array([kinds.index(bool(kind)) for kind in shanghai], dtype=np.int64)
    return made, group, notes
