"""The whole real market of A shares, from raw yearly files to a finished book, step by step.

    python benchmarks/real_market.py FOLDER

`FOLDER` is a stock panel (yearly files, instruments, suspensions; see ``docs/data.md``). Steps: import it with every
check, keep it in a store, load it from there, make the exchange, rank by the reversal of five days, run rank-and-hold.
Each step is told with its seconds and the peak memory so far; what follows the store runs in a process of its own, so
that its peak is its own. Asked: loading in under 10 s and 3 GB, a book in under half a second.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from parts.record import keep, peak_now


def timed(rows, what, work):
    wall, processor = time.perf_counter(), time.process_time()
    made = work()
    row = {
        "what": what,
        "wall_seconds": round(time.perf_counter() - wall, 3),
        "processor_seconds": round(time.process_time() - processor, 3),
        "peak_mebibytes": round(peak_now()),
    }
    rows.append(row)
    told(row)
    return made


def told(row):
    wall, processor = row["wall_seconds"], row["processor_seconds"]
    print(
        f"{row['what']:<22}{wall:>9.3f} s by the clock{processor:>9.3f} s of the processor"
        f"   peak {row['peak_mebibytes']:>6} MiB",
        flush=True,
    )


def imported(folder, store):
    from tidegate.data.panel import import_panel
    from tidegate.data.store import Store

    rows = []
    panel = timed(rows, "import", lambda: import_panel(folder))
    timed(rows, "keep", lambda: Store(store).put("shares", panel.bars, instruments=panel.instruments))
    return rows


def traded(store):
    from tidegate.backtest.portfolio import Signals, run_portfolio
    from tidegate.data.store import Store
    from tidegate.market.a_share import AShare
    from tidegate.strategy.rank_and_hold import RankAndHold

    rows = []
    held = Store(store)
    bars, instruments = timed(rows, "load", lambda: (held.read("shares"), held.instruments("shares")))
    exchange = timed(rows, "exchange", lambda: AShare().exchange(bars, instruments=instruments))
    score = timed(rows, "score", lambda: reversal(exchange))
    names = len(bars.assets), len(bars.times), bars.frame.height

    def book():
        return run_portfolio(RankAndHold(), Signals(score), exchange, 1e8)

    timed(rows, "first book", book)
    runs = []
    for _ in range(7):
        processor, wall = time.process_time(), time.perf_counter()
        done = book()
        runs.append((time.perf_counter() - wall, time.process_time() - processor))
    wall, processor = (statistics.median(column) for column in zip(*runs, strict=True))
    rows.append(
        {
            "what": "book",
            "wall_seconds": round(wall, 4),
            "processor_seconds": round(processor, 4),
            "peak_mebibytes": round(peak_now()),
        }
    )
    told(rows[-1])
    print(f"{names[0]:,} shares, {names[1]:,} days, {names[2]:,} bars, {len(done.events):,} orders and actions")
    return [{**row, "shares": names[0], "days": names[1], "bars": names[2]} for row in rows]


def reversal(exchange):
    """Minus the return over five days by reference prices, which actions do not move; -inf where nothing is known."""
    close = exchange.close.astype(np.float64)
    growth = np.ones(len(exchange.assets))
    known, index = np.zeros_like(growth), np.full(close.shape, np.nan)
    above, below = np.ones(close.shape), np.ones(close.shape)
    acted = exchange.actions.kind == 0
    place = exchange.actions.bar[acted], exchange.actions.asset[acted]
    above[place], below[place] = exchange.actions.numerator[acted], exchange.actions.denominator[acted]
    for bar in range(len(close)):
        growth *= above[bar] / below[bar]
        trades = close[bar] > 0
        known[trades] = close[bar, trades] * growth[trades]
        index[bar] = np.where(trades, known, np.nan)
    score = np.full(close.shape, -np.inf)
    score[5:] = -(index[5:] / index[:-5] - 1.0)
    score[~np.isfinite(score)] = -np.inf
    return score


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--step", choices=("import", "trade"), help=argparse.SUPPRESS)
    asked.add_argument("--store", type=Path, help="keep (and find again) the imported panel here")
    given = asked.parse_args()
    if given.step:
        rows = imported(given.folder, given.store) if given.step == "import" else traded(given.store)
        keep("real_market", rows)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        store = given.store or Path(folder)
        for step in ("import", "trade"):
            if step == "trade" or not (given.store and any(given.store.glob("*"))):
                command = [sys.executable, __file__, str(given.folder), "--step", step, "--store", str(store)]
                subprocess.run(command, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
