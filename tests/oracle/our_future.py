"""The made future through our engine: bars, market and book, for the test and for the benchmark."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
from made_future import BARS, CAPITAL, EXPOSURE, FEES, SESSION, levels, made_bars

from tidegate import __version__
from tidegate.backtest.bar_trades import BarTable, Size, trade_bars
from tidegate.market.rebar_future import RebarFuture
from tidegate.types.bars import Bars, BarSpec


def laid_out(bars=BARS):
    """What trades the book once, and what is told about it."""
    opens, closes, forecast = made_bars(bars)
    start = datetime(2024, 1, 2, 9)
    times = [start + timedelta(days=bar // SESSION, minutes=5 * (bar % SESSION)) for bar in range(bars)]
    frame = pl.DataFrame({
        "time": times, "session": [moment.date() for moment in times], "asset": ["rb"] * bars, "open": opens,
        "high": np.maximum(opens, closes), "low": np.minimum(opens, closes), "close": closes,
        "limit_up": np.full(bars, 99_999.0), "limit_down": np.full(bars, 1.0),
    })  # fmt: skip
    spec = BarSpec(frequency="5min", kind="future", currency="CNY", title="made rebar", source="made_future.py")
    market = RebarFuture(slippage_ticks=1).conditions(Bars.of(frame, spec), "rb")
    charged = [set(market.rates[name].tolist()) for name in ("commission_buy", "commission_sell", "close_today")]
    assert charged == [{FEES[0]}, {FEES[0]}, {FEES[1]}], charged
    below, above = levels(forecast)
    table, size = BarTable.of(market), Size(exposure=EXPOSURE / 1_000_000)
    return lambda: trade_bars(below[None], above[None], table, CAPITAL, size), {"version": __version__}


def equity_of(books):
    """Equity after every bar."""
    return books.equity[0]
