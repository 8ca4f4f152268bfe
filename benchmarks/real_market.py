"""The whole real market of A shares, from raw yearly files to a finished book, step by step.

    python benchmarks/real_market.py FOLDER
    python benchmarks/real_market.py --store STORE --dataset NAME

`FOLDER` is a stock panel (yearly files, instruments, suspensions; see ``docs/a-share-panel.md``). Steps: import it with
every check, keep it in a store, load it from there, make the exchange, rank by the reversal of five days, run
rank-and-hold. With a store's dataset nothing is imported and the store is only read. Each step is told with its seconds
and the peak memory so far; what follows the store runs in a process of its own, so that its peak is its own. Asked:
loading in under 10 s and 3 GB, a book in under half a second.

The last step times nothing. It holds the book, and that of a cap of 2.5 % on volume, against its own ledger recounted
in whole cents and against books that must be the same: with the columns of assets in another order, with later bars
cut off, and with score and exchange made of earlier bars alone. Every line must say 0, or the script ends with 1.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from parts.book_checks import differing_closes, recounted, standing
from parts.record import keep, peak_now

NAME = "shares"
CAPITAL = 1e8
CAPS = (0.0, 0.025)
CUTS = (0.15, 0.3, 0.5, 0.75, 0.95)
"""Parts of all days after which what follows is cut off; from the middle one on, the exchange is built anew."""


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
    timed(rows, "keep", lambda: Store(store).put(NAME, panel.bars, instruments=panel.instruments))
    return rows


def traded(store, dataset):
    from tidegate.backtest.portfolio import Signals, run_portfolio
    from tidegate.data.store import Store
    from tidegate.market.a_share import AShare
    from tidegate.strategy.rank_and_hold import RankAndHold

    rows = []
    held = Store(store)
    bars, instruments = timed(rows, "load", lambda: (held.read(dataset), held.instruments(dataset)))
    exchange = timed(rows, "exchange", lambda: AShare().exchange(bars, instruments=instruments))
    score = timed(rows, "score", lambda: reversal(exchange))
    names = len(bars.assets), len(bars.times), bars.frame.height

    def book():
        return run_portfolio(RankAndHold(), Signals(score), exchange, CAPITAL)

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


def checked(store, dataset):
    from tidegate.backtest.portfolio import Execution, Signals, run_portfolio
    from tidegate.data.store import Store
    from tidegate.market.a_share import AShare
    from tidegate.strategy.rank_and_hold import RankAndHold

    bars, instruments = Store(store).read(dataset), Store(store).instruments(dataset)
    exchange = AShare().exchange(bars, instruments=instruments)
    score = reversal(exchange)
    cuts = tuple(int(len(exchange) * part) for part in CUTS)
    half = cuts[len(cuts) // 2]
    last = exchange.times[half - 1]
    early = AShare().exchange(bars.upto(last), instruments=instruments)
    del bars
    rows = []
    for cap in CAPS:

        def book(score, exchange, execution=Execution(participation=cap)):  # noqa: B008
            return run_portfolio(RankAndHold(), Signals(score), exchange, CAPITAL, execution)

        done = book(score, exchange)
        told = f"cap of {cap:.1%} on volume" if cap else "no cap on volume"
        print(f"{told}: {len(done.events):,} orders and actions, {len(exchange):,} closes, {done.equity[-1]:,.2f} left")
        found = recounted(done) | standing(done, score, book, cuts)
        found[f"made of bars up to {str(last)[:10]} alone"] = differing_closes(done, book(reversal(early), early))
        for what, differs in found.items():
            unit = "shares" if "at the end" in what else "cents" if what in list(found)[:4] else "closes differ"
            print(f"  {what:<50}{differs:>6} {unit}", flush=True)
            rows.append({"what": what, "cap": cap, "differs": differs, "unit": unit})
    return rows


def reversal(exchange):
    """Minus the return over five days by reference prices, which actions do not move; NaN where nothing is known."""
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
    score = np.full(close.shape, np.nan)
    score[5:] = -(index[5:] / index[:-5] - 1.0)
    score[~np.isfinite(score)] = np.nan
    return score


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path, nargs="?", help="a stock panel to import")
    asked.add_argument("--step", choices=("import", "trade", "check"), help="this step alone")
    asked.add_argument("--store", type=Path, help="keep (and find again) the imported panel here")
    asked.add_argument("--dataset", help="a dataset that the store has: nothing is imported")
    given = asked.parse_args()
    if given.store is None and (given.dataset or given.step):
        asked.error("--dataset and --step need --store")
    if given.folder is None and given.dataset is None:
        asked.error("a folder to import, or --store and --dataset")
    if given.step:
        return stepped(given)
    with tempfile.TemporaryDirectory() as folder:
        store = given.store or Path(folder)
        there = given.dataset or (given.store and any(given.store.glob("*")))
        for step in ("trade", "check") if there else ("import", "trade", "check"):
            command = [sys.executable, __file__, "--step", step, "--store", str(store)]
            command += ["--dataset", given.dataset] if given.dataset else [str(given.folder)]
            subprocess.run(command, check=True)
    return 0


def stepped(given):
    dataset = given.dataset or NAME
    if given.step == "import":
        keep("real_market", imported(given.folder, given.store))
        return 0
    rows = traded(given.store, dataset) if given.step == "trade" else checked(given.store, dataset)
    keep("real_market", rows)
    return 1 if any(row.get("differs") for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
