"""The engine: many books through one market in one call.

Exposures are what a strategy wanted after each close; the bars' conditions decide what came of it, in the compiled loop
(`loop`, `free_loop`). `ledgers.ledger` follows a single book cent by cent through the same loop.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.backtest import loop
from tidegate.backtest.books import Books
from tidegate.backtest.free_loop import walk_free
from tidegate.backtest.terms import check_capital, prices_of, scales, table_of, whole_money
from tidegate.errors import SettingError
from tidegate.market.base import Conditions
from tidegate.types.axes import FloatArray, frozen
from tidegate.types.ledger import FEES

__all__ = ["Raw", "check", "run", "trade"]


class Raw(NamedTuple):
    """What a run of the loop left, in its own units, and how many of those make one of the currency."""

    equity: FloatArray
    held: FloatArray
    totals: NDArray[Any]
    lines: NDArray[Any]
    events: NDArray[Any]
    scale: float
    ticks: float


def trade(exposures: FloatArray, conditions: Conditions, capital: float) -> Books:
    """Run K books through one market.

    Formula
        The exposure of column *t* is wanted from OPEN(t+1) on and sized on equity at that open: quantity =
        ⌊exposure · equity / price⌋ in lots, and no more than cash pays for, fees included. It is traded only when it
        changes; the last column is never filled. Exposures are taken to the nearest millionth (exact markets).
    Shapes, units
        `exposures` ``[K, T]`` as fractions of equity, T the bars of `conditions`; `capital` in the market's currency.
    Known at
        As `Books`.
    Errors
        `SettingError` for a wrong shape, an exposure that is not finite or outside the market's range, or capital that
        is not a whole number of cents.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> from tidegate.market.frictionless_index import FrictionlessIndex
    >>> bars = NoiseWorld(sessions=10, seed=1).bars()
    >>> books = trade(np.ones((2, 10)), FrictionlessIndex().conditions(bars, "noise"), 1e6)
    >>> books.equity.shape, books.trades.tolist()
    ((2, 10), [1, 1])
    """
    check(exposures, conditions, capital)
    raw = run(exposures, conditions, capital, keep=False)
    totals = raw.totals
    return Books(
        times=conditions.times,
        capital=float(capital),
        equity=frozen(raw.equity),
        exposure=frozen(raw.held),
        trades=frozen(totals[:, loop.FILLS].astype(np.int64)),
        unfilled=frozen(totals[:, loop.UNFILLED].astype(np.int64)),
        round_trips=frozen(totals[:, loop.TRIPS].astype(np.int64)),
        winning_trips=frozen(totals[:, loop.WINS].astype(np.int64)),
        fees={name: frozen(totals[:, loop.SUM_COMMISSION + kind] / raw.scale) for kind, name in enumerate(FEES)},
        slippage=frozen(totals[:, loop.SUM_SLIPPAGE] / raw.scale),
        bought=frozen(totals[:, loop.BOUGHT] / raw.scale),
        sold=frozen(totals[:, loop.SOLD] / raw.scale),
    )


def check(exposures: FloatArray, conditions: Conditions, capital: float) -> None:
    """Refuse exposures and capital that the market cannot take; raises `SettingError`."""
    bars = len(conditions.times)
    if exposures.ndim != 2 or exposures.shape[1] != bars:  # noqa: PLR2004
        raise SettingError("exposures do not fit the bars", expected=f"[K, {bars}]", found=exposures.shape)
    inside = (exposures >= conditions.shortest) & (exposures <= conditions.longest)
    if not bool(inside.all()):
        raise SettingError(
            "an exposure is outside what the market allows",
            found=float(exposures[~inside][0]),
            expected=f"{conditions.shortest:g} … {conditions.longest:g}",
            hint="a market paid in full has no short side and no credit",
        )
    check_capital(capital, conditions)


def run(exposures: FloatArray, conditions: Conditions, capital: float, *, keep: bool) -> Raw:
    """Send checked exposures ``[K, T]`` through the loop; with `keep`, lines and events of the last book."""
    books, bars = exposures.shape
    equity, held = np.empty((books, bars)), np.empty((books, bars))
    kind: type[Any] = np.int64 if conditions.exact else np.float64
    totals: NDArray[Any] = np.zeros((books, loop.TOTALS), dtype=kind)
    lines: NDArray[Any] = np.zeros((bars if keep else 0, 3), dtype=kind)
    if not conditions.exact:
        events: NDArray[Any] = np.zeros((bars if keep else 0, loop.COLUMNS))
        rows = walk_free(
            np.array(exposures, dtype=np.float64),
            prices_of(conditions),
            float(capital),
            (equity, held, totals, lines, events),
            np.zeros((books, 6)),
        )
        return Raw(equity, held, totals, lines, events[:rows], 1.0, 1.0)
    events = np.zeros((2 * bars if keep else 1, loop.COLUMNS), dtype=kind)
    wishes = np.rint(exposures * loop.MILLION).astype(np.int64)
    table, rules = table_of(conditions)
    states = np.zeros((books, loop.STATE), dtype=np.int64)
    outcome = (equity, held, totals, lines, events)
    rows = loop.walk(wishes, table, rules, whole_money(capital, conditions), outcome, states)
    money, ticks = scales(conditions)
    return Raw(equity, held, totals, lines, events[:rows], money, ticks)
