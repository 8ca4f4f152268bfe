"""Made-up market history that has every column and every nuisance: splits, suspensions, late listings, limit days.

The kits run on it, so that they need no file and no other room. It is not a market: nothing about it is realistic but
its shape.
"""

from typing import Any

import numpy as np
import polars as pl

from tidegate.types.bars import Bars, BarSpec

__all__ = ["example_bars"]

_LIMIT = 0.1
_LOCKED_SHARE = 0.06
_WILD_SHARE = 0.1


def example_bars(
    sessions: int = 160,
    assets: int = 3,
    seed: int = 0,
    start: str = "2014-01-06",
    price: float = 3000.0,
    gaps: bool = True,
) -> Bars:
    """Daily bars of `assets` names, every optional column filled, prices in hundredths.

    The first asset has every session. With `gaps`, each later one misses some (a suspension has no rows); the last is
    listed late. Every asset has one split, where `factor` jumps; some bars open or close at their
    limit, and some never leave it.

    Known at
        As `Bars`: the open, the previous close and the limits at OPEN(t), the rest at CLOSE(t).

    >>> bars = example_bars(sessions=30, assets=2, seed=1)
    >>> bars.assets, len(bars.times), bars.has("limit_up")
    (('000001.SZ', '000002.SZ'), 30, True)
    """
    generator = np.random.default_rng(seed)
    days = np.busday_offset(np.datetime64(start, "D"), np.arange(sessions), roll="forward")
    frames = []
    for number in range(assets):
        made = _one(generator, sessions, price * (1.0 + 0.5 * number))
        kept = np.ones(sessions, dtype=bool)
        if gaps and number > 0:
            hole = int(generator.integers(sessions // 4, sessions // 2))
            kept[hole : hole + 2 + number] = False
            kept[: sessions // 6 if number == assets - 1 else 0] = False
        columns: dict[str, Any] = {name: values[kept] for name, values in made.items()}
        frames.append(
            pl.DataFrame(
                {
                    "time": days[kept].astype("datetime64[us]"),
                    "session": days[kept],
                    "asset": [f"{number + 1:06d}.SZ"] * int(kept.sum()),
                    **columns,
                }
            )
        )
    spec = BarSpec(frequency="1d", currency="CNY", title="made-up bars", source="a generator of the contract kits")
    return Bars.of(pl.concat(frames), spec)


def _one(generator: np.random.Generator, sessions: int, price: float) -> dict[str, Any]:
    """One asset's columns over every session."""
    split = int(generator.integers(sessions // 2, sessions - sessions // 4))
    moves = generator.normal(0.0003, 0.02, sessions) * np.where(generator.random(sessions) < _WILD_SHARE, 6.0, 1.0)
    locked = generator.random(sessions) < _LOCKED_SHARE
    nudges = generator.normal(0.0, 0.012, (sessions, 3))
    open_, high, low, close = (np.empty(sessions) for _ in range(4))
    preclose = np.empty(sessions)
    last = round(price, 2)
    for t in range(sessions):
        last = round(last / 2, 2) if t == split else last
        top, bottom = round(last * (1 + _LIMIT), 2), round(last * (1 - _LIMIT), 2)
        preclose[t] = last
        open_[t] = np.clip(round(last * np.exp(nudges[t, 0] + 0.7 * moves[t]), 2), bottom, top)
        close[t] = np.clip(round(last * np.exp(moves[t]), 2), bottom, top)
        high[t] = np.clip(round(max(open_[t], close[t]) * np.exp(abs(nudges[t, 1])), 2), max(open_[t], close[t]), top)
        low[t] = np.clip(
            round(min(open_[t], close[t]) * np.exp(-abs(nudges[t, 2])), 2), bottom, min(open_[t], close[t])
        )
        if locked[t]:
            open_[t] = high[t] = low[t] = close[t] = top if moves[t] > 0 else bottom
        last = close[t]
    volume = np.round(1e6 * np.exp(generator.normal(0, 0.4, sessions)))
    return {
        "open": open_,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
        "amount": np.round(volume * (high + low) / 2, 2),
        "settle": np.round((high + low + close) / 3, 2),
        "open_interest": np.round(1e5 * np.exp(generator.normal(0, 0.1, sessions))),
        "preclose": preclose,
        "factor": np.where(np.arange(sessions) < split, 1.0, 2.0),
        "limit_up": np.round(preclose * (1 + _LIMIT), 2),
        "limit_down": np.round(preclose * (1 - _LIMIT), 2),
        "suspended": np.zeros(sessions, dtype=bool),
    }
