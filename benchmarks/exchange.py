"""Rank-and-hold over a whole stock market with all rules on: our engine, a bare loop, vectorbt and RQAlpha, in turns.

4,000 stocks x 750 days, the best 30 bought each day and the worst sold: about 44,000 fills with lots, limits, T+1,
suspensions, commission with its minimum, stamp duty and transfer fee, each rounded to the cent. Every contestant is a
process of its own that reads the same file and waits for its turn; equity must be the same to the cent in all.

    python benchmarks/exchange.py --vectorbt VENV/bin/python --rqalpha VENV/bin/python      about four minutes
    python benchmarks/exchange.py --days 250 --stocks 500                                   ours and the bare loop

The bare loop (``parts/bare_loop.py``) is one compiled pass for this one strategy under these rules: a floor that our
general engine is held against. vectorbt is timed twice, because it values the book apart from its simulation; ours
keeps equity, cash and every order's fate as it goes. Rivals need environments of their own
(``rivals/*-requirements.txt``).
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from parts.turns import Contestant, Told, serve

GOALS = {
    "bare": (1.5, "at most"),
    "vectorbt": (10, "at least"),
    "vectorbt valued": (10, "at least"),
    "RQAlpha": (1000, "at least"),
}
MOST_MEMORY, FIRST_CALL = 400, 2.0


def serve_ours(file):
    from parts.our_book import OurBook

    book = OurBook(file)
    serve(book.run, lambda done: done.equity, {})


def serve_bare(file):
    from parts.bare_loop import bare_book
    from parts.stock_market import BOOK, COMMISSION, MINIMUM, STAMP, TRANSFER

    with np.load(file) as held:
        prices = [np.where(held[name] > 0, held[name] / 100, np.nan) for name in ("open", "close", "up", "down")]
        scores, lot, minimum = held["score"], held["lot"].astype(np.int64), held["minimum"].astype(np.int64)
    settings = [BOOK[name] for name in ("capital", "names", "days", "cap", "spend")]
    rates = np.array([COMMISSION, STAMP, TRANSFER])
    room = 2 * BOOK["names"] * len(scores)
    serve(lambda: bare_book(*prices, scores, lot, minimum, rates, MINIMUM, *settings, room), lambda out: out[0], {})


def contestants(asked, file):
    """Name → process; those whose environment was not named are left out."""
    here, rivals = str(Path(__file__)), Path(__file__).parent / "rivals"
    yield "ours", Contestant(sys.executable, here, "--serve", "ours", "--file", str(file))
    yield "bare", Contestant(sys.executable, here, "--serve", "bare", "--file", str(file))
    if asked.vectorbt:
        yield "vectorbt", Contestant(asked.vectorbt, str(rivals / "vectorbt_book.py"), str(file))
        yield "vectorbt valued", Contestant(asked.vectorbt, str(rivals / "vectorbt_book.py"), str(file), "valued")
    if asked.rqalpha:
        yield "RQAlpha", Contestant(asked.rqalpha, str(rivals / "rqalpha_book.py"), str(file))


def main():
    asked = arguments()
    if asked.serve:
        {"ours": serve_ours, "bare": serve_bare}[asked.serve](asked.file)
        return 0
    from parts.record import keep
    from parts.stock_market import market_file

    with tempfile.TemporaryDirectory() as folder:
        file = market_file(Path(folder), asked.days, asked.stocks)
        for who in ("ours", "bare"):  # compiles, where nothing is kept yet
            first = Contestant(sys.executable, str(Path(__file__)), "--serve", who, "--file", str(file))
            first.turn()
            first.leave()
        sides = dict(contestants(asked, file))
        begun = {name: side.turn() for name, side in sides.items()}
        runs: dict[str, list[Told]] = {name: [] for name in sides}
        for round_ in range(asked.rounds):
            for name, side in sides.items():
                if name != "RQAlpha" or round_ < asked.slow_rounds:
                    runs[name].append(side.turn())
        equity = {name: side.gave(Path(folder) / "equity.npy") for name, side in sides.items()}
        for side in sides.values():
            side.leave()
    rows, reached = [], True
    for name, told in runs.items():
        wall, processor = (statistics.median(getattr(t, what) for t in told) for what in ("wall", "processor"))
        apart = float(np.abs(equity[name] - equity["ours"]).max())
        assert apart < 0.005, f"{name} ends elsewhere: {apart} yuan"
        ours = statistics.median(t.processor for t in runs["ours"])
        ratio = ours / processor if name == "bare" else processor / ours
        goal, how = GOALS.get(name, (0, ""))
        met = not how or (ratio <= goal if how == "at most" else ratio >= goal)
        reached &= met
        row = {
            "who": name, "days": asked.days, "stocks": asked.stocks, "turns": len(told),
            "processor_seconds": round(processor, 5), "wall_seconds": round(wall, 5), "ratio": round(ratio, 2),
            "first_turn_wall": round(begun[name].wall, 3), "peak_mebibytes": round(told[-1].peak),
            "largest_difference": apart,
        }  # fmt: skip
        rows.append(row)
        print(
            f"{name:<16}{processor:>10.4f} s of the processor{wall:>10.4f} s   ratio {ratio:>8.2f} "
            f"{how:>8} {goal or '':<5}"
            f" first turn {begun[name].wall:>7.2f} s   peak {told[-1].peak:>6.0f} MiB   equity apart {apart:.0e}"
        )
    reached &= begun["ours"].wall < FIRST_CALL and runs["ours"][-1].peak <= MOST_MEMORY
    keep("exchange", rows)
    return 0 if reached else 1


def arguments():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--days", type=int, default=750)
    asked.add_argument("--stocks", type=int, default=4000)
    asked.add_argument("--rounds", type=int, default=9, help="turns; the figures are medians")
    asked.add_argument("--slow-rounds", type=int, default=1, help="turns of RQAlpha, half a minute each")
    asked.add_argument("--vectorbt", help="the interpreter of an environment with vectorbt")
    asked.add_argument("--rqalpha", help="the interpreter of an environment with RQAlpha")
    asked.add_argument("--serve", choices=("ours", "bare"), help=argparse.SUPPRESS)
    asked.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
