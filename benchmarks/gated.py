"""A thousand random gates over a selection: the same ranks behind as many gates, on a market of 2,900 shares.

    python benchmarks/gated.py                 588 sessions, 1,000 gates: a minute
    python benchmarks/gated.py --gates 200

What `gate(timing, ranker)` is judged by: every placebo is a whole book by all rules, lots, limits, T+1 and fees.
"""

import argparse
import sys

import numpy as np

from parts.record import in_turns, keep
from tidegate.backtest.portfolio import Signals
from tidegate.backtest.portfolios import Run, run_portfolios
from tidegate.data.stock_world import StockWorld
from tidegate.market.a_share import AShare
from tidegate.strategy.gated import Gated
from tidegate.strategy.placebo import random_gates
from tidegate.strategy.rank_and_hold import RankAndHold

CAPITAL, SPELL = 1_000_000.0, 21


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("--gates", type=int, default=1000)
    asked.add_argument("--assets", type=int, default=2900)
    asked.add_argument("--sessions", type=int, default=588)
    given = asked.parse_args()
    world = StockWorld(assets=given.assets, sessions=given.sessions, seed=1, ic=0.05)
    exchange = AShare().exchange(world.bars(), instruments=world.instruments())
    rng = np.random.default_rng(0)
    score = rng.standard_normal((len(exchange), len(exchange.assets)))
    walk = np.convolve(rng.standard_normal(len(exchange) + SPELL - 1), np.ones(SPELL), "valid")
    gates = random_gates((walk > 0).astype(np.float64), given.gates, seed=0)
    strategy = Gated(inner=RankAndHold(names=30, days=5), days=5)
    made = {}

    def books():
        made["books"] = run_portfolios(
            (Run(strategy, Signals(score=score, gate=gate), exchange, CAPITAL) for gate in gates), threads=2
        )

    taken = in_turns({"gated": books}, rounds=1)["gated"]
    fills = float(made["books"].trades.mean())
    print(
        f"{given.gates} books, {len(exchange)} sessions x {len(exchange.assets)} shares, {fills:.0f} fills each: "
        f"{taken.processor:.1f} s of the processor, {taken.wall:.1f} s by the clock"
    )
    keep(
        "gated",
        [
            {
                "gates": given.gates, "sessions": len(exchange), "shares": len(exchange.assets),
                "fills_each": round(fills, 1), "processor_seconds": round(taken.processor, 2),
                "wall_seconds": round(taken.wall, 2),
            }
        ],
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
