"""Small nasty panels: gaps to the limits, several bars a session, ex-days, suspensions, wishes that change often."""

from datetime import date

import numpy as np
import polars as pl

from tidegate.types.bars import Bars, BarSpec


def bars_of(asset, times, sessions, opens, closes, currency="CNY", **columns):
    frame = pl.DataFrame(
        {
            "time": times,
            "session": sessions,
            "asset": [asset] * len(opens),
            "open": opens,
            "close": closes,
            "high": np.maximum(opens, closes),
            "low": np.minimum(opens, closes),
            **columns,
        }
    )
    frequency = "1d" if len(set(sessions.tolist())) == len(opens) else "60min"
    return Bars.of(frame, BarSpec(frequency=frequency, currency=currency, title="panel", source="made by a test"))


def calendar(count, per_session=1, start="2015-06-01"):
    """Times and sessions of `count` bars."""
    days = np.busday_offset(np.datetime64(start), np.arange(count) // per_session, roll="forward")
    times = days.astype("datetime64[us]") + (np.arange(count) % per_session + (per_session > 1)) * np.timedelta64(
        1, "h"
    )
    return times, days


def index_panel(seed, count=40, per_session=1, level=3000.0, wild=0.03, decimals=3):
    """An index whose open sometimes gaps to its limit, or beyond it."""
    rng = np.random.default_rng(seed)
    opens, closes = np.empty(count), np.empty(count)
    last = level
    for t in range(count):
        gap = rng.choice([rng.normal(0, wild), 0.1, -0.1, 0.11, -0.11], p=[0.8, 0.05, 0.05, 0.05, 0.05])
        opens[t] = round(max(last * (1 + gap), 5.0), decimals)
        closes[t] = round(max(opens[t] * (1 + rng.normal(0, wild)), 5.0), decimals)
        last = closes[t]
    times, days = calendar(count, per_session)
    return bars_of("index", times, days, opens, closes), opens, closes, np.arange(count) // per_session


def share_panel(seed, count=40, asset="600000.SH", start="2015-07-20", price=12.0):
    """A share in cents with limit opens, ex-days and days without a limit."""
    rng = np.random.default_rng(seed)
    opens, closes, precloses = [], [], []
    last = round(price * float(rng.uniform(0.3, 3)), 2)
    for t in range(count):
        ex = t > 0 and rng.random() < 0.1
        reference = max(round(last * float(rng.uniform(0.4, 0.95)), 2), 0.1) if ex else last
        up, down = ceil_cent(reference * 1.1), ceil_cent(reference * 0.9)
        kind = rng.random()
        o = up if kind < 0.1 else down if kind < 0.2 else round(reference * float(rng.uniform(0.93, 1.07)), 2)
        o = round(reference * 0.6, 2) if kind > 0.97 else o
        o = max(o, 0.05)
        c = max(round(o * float(rng.uniform(0.95, 1.05)), 2), 0.05)
        opens.append(o), closes.append(c), precloses.append(reference)
        last = c
    times, days = calendar(count, 1, start)
    made = bars_of(asset, times, days, np.array(opens), np.array(closes), preclose=np.array(precloses))
    dates = [date.fromisoformat(str(day)) for day in days]
    return made, opens, closes, precloses, dates


def ceil_cent(value):
    """Half-up to a cent, through integers."""
    return int(round(value * 1e6) + 5000) // 10000 / 100


def wishes_of(seed, count, levels=(0.0, 1.0, 0.5, 0.25, 0.999)):
    """Exposures that change about every third bar."""
    rng = np.random.default_rng(seed + 10_000)
    picks = rng.choice(levels, count)
    return np.where(rng.random(count) < 0.4, picks, np.nan), picks


def persistent(seed, count, levels=(0.0, 1.0, 0.5, 0.25, 0.999)):
    moves, _ = wishes_of(seed, count, levels)
    made, last = np.empty(count), 0.0
    for t in range(count):
        last = last if np.isnan(moves[t]) else moves[t]
        made[t] = last
    return made
