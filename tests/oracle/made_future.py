"""A made future of fifty thousand five-minute bars, and the one rule that three engines trade in it.

Nothing of Tidegate is needed here, so that a rival's environment can read it. Half of equity is in the market from a
bar's open to its close, on the side that a noisy forecast names, unless it lies too near to the open; a tick of slippage
on each way, a fee to open and one to close today, both rounded to the cent.
"""

import numpy as np

__all__ = ["BARS", "CAPITAL", "EXPOSURE", "FEES", "SESSION", "TONS", "levels", "made_bars", "sides"]

BARS, SESSION, CAPITAL, TONS = 50_000, 69, 100_000_000.0, 10
EXPOSURE = 500_000
"""Millionths of equity."""
FEES = (10_000, 10_000)
"""To open, and to close today, in 1e-8 of value."""
_THRESHOLD = 0.0012


def made_bars(bars=BARS, seed=3):
    """Opens and closes in whole yuan, and the forecast of each close, which knows a quarter of its move."""
    rng = np.random.default_rng(seed)
    moves, gaps = rng.normal(0, 0.0012, bars), rng.normal(0, 0.0002, bars)
    opens, closes, price = np.empty(bars), np.empty(bars), 3600.0
    for bar in range(bars):
        opens[bar] = np.rint(price * (1 + gaps[bar]))
        closes[bar] = price = min(max(np.rint(opens[bar] * (1 + moves[bar])), 1000.0), 20_000.0)
    forecast = opens * (1 + 0.25 * (closes / opens - 1) + rng.normal(0, 0.0009, bars))
    return opens, closes, forecast


def levels(forecast):
    """Two prices for the next open, decided a bar before: long below the first, short above the second."""
    return (np.append(forecast[1:], np.nan) / (1 + side * _THRESHOLD) for side in (1, -1))


def sides(opens, forecast):
    """The side that each bar is taken on: what `levels` come to at its open; none in the first bar."""
    below, above = levels(forecast)
    taken = np.zeros(len(opens), dtype=np.int64)
    taken[1:] = np.where(opens[1:] < below[:-1], 1, np.where(opens[1:] > above[:-1], -1, 0))
    return taken
