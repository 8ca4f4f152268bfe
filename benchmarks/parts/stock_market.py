"""A made stock market in whole ticks, of any size: boards, limits, suspensions, late listings, scores with an edge.

Kept as one file of arrays that every contestant reads in a process of its own.
"""

from pathlib import Path

import numpy as np

__all__ = ["BOOK", "make_market", "market_file"]

BOOK = {"capital": 1e7, "names": 30, "days": 5, "cap": 0.2, "spend": 1.5}
"""The book that every contestant runs: rank-and-hold as in the public stock-selection study."""
COMMISSION, MINIMUM, STAMP, TRANSFER = 2.5e-4, 5.0, 5e-4, 1e-5


def make_market(days: int, stocks: int, seed: int) -> dict[str, np.ndarray]:
    """Day-major arrays: prices and limits in ticks of 0.01 (0 where nothing trades), volume, scores, lots."""
    rng = np.random.default_rng(seed)
    board = rng.choice(3, stocks, p=[0.62, 0.27, 0.11])
    percent = np.where(board > 0, 20, np.where(rng.random(stocks) < 0.03, 5, 10))
    listed = np.where(rng.random(stocks) < 0.12, rng.integers(1, max(days - 60, 2), stocks), 0)
    resting = rng.random((days, stocks)) < 0.002
    for day in range(1, days):
        resting[day] |= resting[day - 1] & (rng.random(stocks) < 0.8)
    held = {name: np.zeros((days, stocks), np.int32) for name in ("open", "high", "low", "close", "up", "down")}
    volume = np.zeros((days, stocks), np.int64)
    reference = np.rint(np.exp(rng.normal(2.5, 0.8, stocks)) * 100).clip(200, 30000).astype(np.int64)
    drift, spread = rng.normal(0, 6e-4, (days, stocks)), rng.uniform(0.015, 0.032, stocks)
    for day in range(days):
        up = (2 * reference * (100 + percent) + 100) // 200
        down = (2 * reference * (100 - percent) + 100) // 200
        nights, days_move = (rng.standard_t(4, stocks) * spread * width for width in (0.45, 0.9))
        opening = np.clip(np.rint(reference * np.exp(nights)), down, up)
        close = np.clip(np.rint(opening * np.exp(days_move + drift[day])), down, up)
        high = np.clip(np.rint(np.maximum(opening, close) * 1.004), down, up)
        low = np.clip(np.rint(np.minimum(opening, close) * 0.996), down, up)
        trades = (day >= listed) & ~resting[day]
        row = {"open": opening, "high": high, "low": low, "close": close, "up": up, "down": down}
        for name, prices in row.items():
            held[name][day] = np.where(trades, prices, 0)
        volume[day] = np.where(trades, np.rint(np.exp(rng.normal(14.5, 0.8, stocks)) / 100) * 100, 0)
        reference = np.where(trades, close, reference).astype(np.int64).clip(100)
    score = rng.normal(size=(days, stocks)) + 200 * np.vstack([drift[1:], drift[:1]])
    score[held["open"] == 0] = -np.inf
    star = board == 2
    lots = {"lot": np.where(star, 1, 100), "minimum": np.where(star, 200, 100)}
    return {**held, "volume": volume, "score": score, **lots}


def market_file(folder: Path, days: int, stocks: int, seed: int = 7) -> Path:
    """Write the market beside others of the run."""
    path = folder / f"market-{days}-{stocks}-{seed}.npz"
    np.savez(path, **make_market(days, stocks, seed))
    return path
