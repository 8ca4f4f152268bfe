"""A thousand random gates on one index: how long until every placebo has been drawn and traded, to the cent.

    python benchmarks/gates.py

The promise is under one second by the clock with a warm cache, for 570 sessions and for 3,500: median of five rounds,
all markets in turns.
"""

import sys

import numpy as np

from parts.record import in_turns, keep
from tidegate.backtest.engine import trade
from tidegate.data.worlds import NoiseWorld
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.index_future import IndexFuture
from tidegate.strategy.hold_after_signal import HoldAfterSignal
from tidegate.strategy.placebo import random_gates
from tidegate.types.bars import Bars

GATES, PROMISE_SECONDS, CAPITAL = 1000, 1.0, 10_000_000.0


def contestant(sessions, market):
    source = NoiseWorld(sessions=sessions, seed=1).bars()
    later = source.frame.with_columns(source.frame[name].dt.offset_by("574w") for name in ("time", "session"))
    conditions = market.conditions(Bars.of(later, source.spec), source.assets[0])
    gate = HoldAfterSignal(days=5).exposures(np.random.default_rng(0).standard_normal((1, sessions)) - 1.0)[0]
    return lambda: trade(random_gates(gate, GATES, seed=0), conditions, CAPITAL)


def main():
    work = {
        (sessions, market.name): contestant(sessions, market)
        for sessions in (570, 3500)
        for market in (FrictionlessIndex(), EtfProxy(), IndexFuture())
    }
    taken = in_turns(work, rounds=5)
    rows = []
    for (sessions, market), seconds in taken.items():
        fills = float(work[sessions, market]().trades.mean())
        rows.append(
            {
                "sessions": sessions,
                "market": market,
                "gates": GATES,
                "fills_per_gate": round(fills, 1),
                "wall_seconds": round(seconds.wall, 4),
                "processor_seconds": round(seconds.processor, 4),
            }
        )
        print(
            f"{sessions:>5} sessions  {market:<13} {GATES} gates  {fills:6.1f} fills each"
            f"   {seconds.wall:7.4f} s by the clock  {seconds.processor:7.4f} s of the processor"
        )
    keep("gates", rows)
    return 0 if all(row["wall_seconds"] < PROMISE_SECONDS for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
