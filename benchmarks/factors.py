"""Factors of the whole market: 158 of prices and volumes every day, and 48 of ten styles every month.

    python benchmarks/factors.py FOLDER                  all of it, some minutes
    python benchmarks/factors.py FOLDER --no-rival       without Qlib

`FOLDER` is a stock panel with reports beside it (see ``docs/a-share-panel.md``).

daily    158 factors for every bar of the market, 300 shares at a time (what is made of one part is let go before the
         next), in stock-days per second of the processor. Then the same for some shares in turns with Qlib's own 158
         from its own files, where Qlib is installed (``rivals/qlib-requirements.txt``): the two sets have the same
         kinds of factors, not the same factors.
monthly  from the raw files: import of bars and reports with every check, months, the 48 at their ends, four steps by
         date (extremes, z-score, residuals on industries, missing values), windows of 24 months; seconds of each, and
         the peak memory of a process that does nothing else. Asked: under 60 s and 4 GB.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from parts.record import in_turns, keep, peak_now

PART, LOOKBACK, QLIB_THEN = 300, 24, 8_584
"""`QLIB_THEN`: stock-days per second of the processor that Qlib 0.9.7 did on 60 made-up shares on another day."""


def monthly(folder):
    """Every step from files to windows; printed as one line of JSON by a process of its own."""
    from tidegate.data.fundamentals import import_fundamentals
    from tidegate.data.months import by_month
    from tidegate.data.panel import import_panel
    from tidegate.factors.styles.multi_factor import MultiFactor
    from tidegate.prepare.bounds import MedianDeviations
    from tidegate.prepare.date_step import prepare_dates
    from tidegate.prepare.extremes import Winsorise
    from tidegate.prepare.missing import FillMissing
    from tidegate.prepare.neutralise import Neutralise
    from tidegate.prepare.return_classes import ReturnClasses
    from tidegate.prepare.sections import CrossSections
    from tidegate.prepare.windows import cut_windows
    from tidegate.prepare.z_score import ZScore
    from tidegate.types.clock import Horizon
    from tidegate.types.history import History, Reported

    rows = []

    def timed(what, work):
        wall, processor = time.perf_counter(), time.process_time()
        made = work()
        rows.append(
            {
                "what": what,
                "wall_seconds": round(time.perf_counter() - wall, 2),
                "processor_seconds": round(time.process_time() - processor, 2),
                "peak_mebibytes": round(peak_now()),
            }
        )
        return made

    panel = timed("bars", lambda: import_panel(folder))
    told = timed("reports", lambda: import_fundamentals(folder, panel.bars, panel.instruments))
    months = timed("months", lambda: by_month(panel.bars))
    history = History.of(panel.bars, months, Reported(told.facts, told.classes, told.memberships))
    values = timed("48 factors", lambda: MultiFactor().at(history))
    like = values.panel(months)
    groups = {name: told.classes.codes(name, like.assets)[like.row_asset] for name in told.classes.names}
    steps = (
        Winsorise(bounds=MedianDeviations()),
        ZScore(),
        Neutralise(group="csrc_section"),
        FillMissing(),
    )
    made = timed("steps", lambda: prepare_dates(CrossSections.of_values(values.values, like, groups), steps).sections)
    final = made.panel(like)
    label = ReturnClasses(horizon=Horizon(lag=1, span=1), thresholds=(0.03,))
    cut = timed("windows", lambda: cut_windows(months, final, label, LOOKBACK, "rows", final.fields))
    print(json.dumps({"rows": rows, "months": months.frame.height, "windows": len(cut.windows)}))


def parts_of(bars, size):
    """The bars of so many shares at a time."""
    from tidegate.types.bars import Bars

    for first in range(0, len(bars.assets), size):
        end = min(first + size, len(bars.assets))
        start, stop = int(bars.offsets[first]), int(bars.offsets[end])
        yield Bars.of(bars.frame.slice(start, stop - start), bars.spec)


def daily(asked, told):
    """The 158, for all shares and in turns with Qlib for some."""
    from tidegate.data.panel import import_panel
    from tidegate.factors.expressions import PriceVolume

    bars, factors = import_panel(asked.folder).bars, PriceVolume()
    factors.compute(next(parts_of(bars, 2)))  # compile
    seconds = [0.0, 0.0]
    for part in parts_of(bars, PART):
        wall, processor = time.perf_counter(), time.process_time()
        factors.compute(part)
        seconds[0] += time.perf_counter() - wall
        seconds[1] += time.process_time() - processor
    told("158, all shares", "ours", bars.frame.height, *seconds)
    if asked.no_rival:
        return
    if importlib.util.find_spec("qlib") is None:
        print("left out: Qlib is not installed here; see benchmarks/rivals/qlib-requirements.txt")
        return
    from rivals.qlib_factors import QlibFactors

    step = max(len(bars.assets) // asked.shares, 1)
    some = bars.frame.filter(pl.col("asset").is_in(bars.assets[::step][: asked.shares]))
    some = type(bars).of(some, bars.spec)
    with tempfile.TemporaryDirectory() as kept:
        rival = QlibFactors(some, Path(kept) / "qlib")
        taken = in_turns({"ours": lambda: factors.compute(some), "qlib": rival.compute}, asked.rounds)
    for who, (wall, processor) in taken.items():
        told(f"158, {len(some.assets)} shares", who, some.frame.height, wall, processor)


def main():
    asked = arguments()
    if asked.folder is None:
        print("left out: name the folder of a stock panel with reports")
        return
    if asked.monthly:
        monthly(asked.folder)
        return
    rows = []

    def told(what, who, days, wall, processor):
        rate = days / processor
        print(f"{what:<20}{who:<6}{days:>10,} stock-days{wall:>9.2f} s{processor:>9.2f} s{rate:>12,.0f} a second")
        figures = {"wall_seconds": round(wall, 2), "processor_seconds": round(processor, 2), "rate": round(rate)}
        rows.append(
            {"what": what, "who": who, "stock_days": days, **figures, "over_qlib_then": round(rate / QLIB_THEN)}
        )

    if not asked.no_daily:
        daily(asked, told)
    done = subprocess.run(
        [sys.executable, __file__, asked.folder, "--monthly"], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout.strip().splitlines()[-1])
    for row in found["rows"]:
        print(f"{row['what']:<20}{row['wall_seconds']:>9.2f} s by the clock{row['processor_seconds']:>9.2f} s of the "
              f"processor   peak {row['peak_mebibytes']:>6} MiB")  # fmt: skip
    whole = {
        "what": "files to windows",
        **{key: round(sum(row[key] for row in found["rows"]), 2) for key in ("wall_seconds", "processor_seconds")},
        "peak_mebibytes": found["rows"][-1]["peak_mebibytes"],
        "months": found["months"],
        "windows": found["windows"],
    }
    print(", ".join(f"{key} {value:,}" if not isinstance(value, str) else value for key, value in whole.items()))
    keep("factors", [*rows, *found["rows"], whole])


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--shares", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--no-rival", action="store_true")
    parser.add_argument("--no-daily", action="store_true")
    parser.add_argument("--monthly", action="store_true", help="the second part alone, as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
