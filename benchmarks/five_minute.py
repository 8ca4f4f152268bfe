"""Fifty thousand five-minute bars of a future, in at the open and out at the close: how long a book takes.

    python benchmarks/five_minute.py

A made rebar market with sessions of 69 bars; five lots where the forecast leaves the open by more than its cost, about
ten thousand round trips with the fee to close today on the way out, every fee rounded to the cent. Asked: under a
millisecond of the processor. Beside ours, in turns, a bare compiled loop of floats for this one rule, whose equity must
be the same to the cent.
"""

import sys
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numba import njit

from parts.record import in_turns, keep
from tidegate.backtest.bar_trades import BarTable, Size, trade_bars
from tidegate.market.rebar_future import RebarFuture
from tidegate.types.bars import Bars, BarSpec

BARS, SESSION, CAPITAL, LOTS, GOAL = 50_000, 69, 1e6, 5, 1e-3


def made_bars():
    """Opens and closes in whole yuan; the forecast of each close knows a quarter of its move."""
    rng = np.random.default_rng(3)
    moves, gaps = rng.normal(0, 0.0012, BARS), rng.normal(0, 0.0002, BARS)
    opens, closes, price = np.empty(BARS), np.empty(BARS), 3600.0
    for bar in range(BARS):
        opens[bar] = np.rint(price * (1 + gaps[bar]))
        closes[bar] = price = max(np.rint(opens[bar] * (1 + moves[bar])), 1000.0)
    forecast = opens * (1 + 0.25 * (closes / opens - 1) + rng.normal(0, 0.0009, BARS))
    return opens, closes, forecast


def conditions(opens, closes):
    start = datetime(2024, 1, 2, 9)  # noqa: DTZ001 - labels of bars have no zone
    times = [start + timedelta(days=bar // SESSION, minutes=5 * (bar % SESSION)) for bar in range(BARS)]
    frame = pl.DataFrame({
        "time": times, "session": [moment.date() for moment in times], "asset": ["rb"] * BARS, "open": opens,
        "high": np.maximum(opens, closes), "low": np.minimum(opens, closes), "close": closes,
        "limit_up": np.full(BARS, 99_999.0), "limit_down": np.full(BARS, 1.0),
    })  # fmt: skip
    spec = BarSpec(frequency="5min", kind="future", currency="CNY", title="made rebar", source="five_minute.py")
    return RebarFuture(slippage_ticks=0).conditions(Bars.of(frame, spec), "rb")


@njit(cache=True, nogil=True)
def bare(opens, closes, below, above, capital, margin, fee_open, fee_close):
    """The least that can be done: equity after each bar, and the round trips."""
    equity, cash, trips = np.empty(len(opens)), capital, 0
    equity[0] = cash
    for bar in range(1, len(opens)):
        side = 1 if opens[bar] < below[bar - 1] else -1 if opens[bar] > above[bar - 1] else 0
        if side != 0 and LOTS * opens[bar] * 10 * margin <= cash:
            into = np.floor(LOTS * opens[bar] * 10 * fee_open[bar] * 100 + 0.5 + 1e-7) / 100
            out = np.floor(LOTS * closes[bar] * 10 * fee_close[bar] * 100 + 0.5 + 1e-7) / 100
            cash += side * (closes[bar] - opens[bar]) * 10 * LOTS - into - out
            trips += 1
        equity[bar] = cash
    return equity, trips


def main():
    opens, closes, forecast = made_bars()
    market = conditions(opens, closes)
    threshold = 0.0012
    below, above = (np.append(forecast[1:], np.nan) / (1 + side * threshold) for side in (1, -1))
    table, size = BarTable.of(market), Size(lots=LOTS)
    rates = [market.rates[name] / 1e8 for name in ("commission_buy", "close_today")]

    def ours():
        return trade_bars(below[None], above[None], table, CAPITAL, size)

    def floor():
        return bare(opens, closes, below, above, CAPITAL, market.margin_rate, *rates)

    taken = in_turns({"ours": ours, "bare": floor}, 25)
    books, (equity, trips) = ours(), floor()
    apart = float(np.abs(books.equity[0] - equity).max())
    assert apart < 0.005, f"the books differ by {apart} yuan"
    assert books.round_trips[0] == trips
    rows = []
    for who, (wall, processor) in taken.items():
        milliseconds = f"{1e3 * wall:>9.3f} ms by the clock{1e3 * processor:>9.3f} ms of the processor"
        print(f"{who:<6}{milliseconds}   {trips:,} round trips")
        figures = {"wall_milliseconds": round(1e3 * wall, 4), "processor_milliseconds": round(1e3 * processor, 4)}
        rows.append({"who": who, "bars": BARS, "round_trips": int(trips), **figures})
    keep("five_minute", rows)
    return 0 if taken["ours"].processor < GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
