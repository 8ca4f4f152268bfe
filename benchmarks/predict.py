"""One day's forecast of a whole market by a frozen run: whether it is the run's own, bit for bit, and what it takes.

    python benchmarks/predict.py RUN --store STORE
    python benchmarks/predict.py RUN --store STORE --days 3 --rounds 1    a quick look

`RUN` is a run folder of a study of that dataset. First so many random days of its walk-forward are predicted, from the
store as it is, and every score is held against the run's own by its bits: the script ends with 1 where one differs.
Then the command `tidegate predict` is started from nothing, several times, for the last day, beside an empty Python and
``import torch``, which is most of what is left. Asked: under 2 s by the clock from a cold start.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from parts.record import keep, peak_now

ASKED = 2.0


def compared(run, days, allow):
    """Random days of the run's forecast, predicted again: rows, and scores whose bits differ."""
    from tidegate.study.frozen import frozen_run
    from tidegate.study.predicting import predict_day
    from tidegate.study.records import load_forecast

    frozen = frozen_run(run)
    member = f"seed-{frozen.seeds[0]}"
    kept = load_forecast(run / "records" / frozen.study.name / "forecast" / member).frame
    times = kept["time"].unique().sort().to_list()
    drawn = sorted(np.random.default_rng(0).choice(len(times), days, replace=False).tolist())
    rows, differ = 0, 0
    for at in drawn:
        began, busy = time.perf_counter(), time.process_time()
        said = predict_day(run, str(times[at]).removesuffix(" 00:00:00"), member=member, allow=allow)
        took = time.perf_counter() - began, time.process_time() - busy
        want = kept.filter(pl.col("time") == times[at]).sort("asset")
        got = said.ranking.sort("asset")
        same = got["asset"].to_list() == want["asset"].to_list()
        bits = [one["score" if "score" in one.columns else "forecast"].to_numpy().view(np.int64) for one in (want, got)]
        wrong = int((bits[0] != bits[1]).sum()) if same else max(got.height, want.height)
        rows, differ = rows + got.height, differ + wrong
        print(
            f"{said.day}: fold {said.fold}, {got.height} scores, {wrong} differ, {took[0]:.2f} s ({took[1]:.2f})",
            flush=True,
        )
    print(f"{days} days, {rows} scores, {differ} differ; peak {peak_now():.0f} MiB")
    last = str(times[-1]).removesuffix(" 00:00:00")
    return {"what": "bits", "days": days, "scores": rows, "differ": differ}, last


def started(command, rounds):
    """Median seconds of a process from nothing to its end, by the clock and of the processor."""
    taken = []
    for _ in range(rounds):
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        taken.append((time.perf_counter() - began, busy))
    return tuple(statistics.median(column) for column in zip(*taken, strict=True))


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("run", type=Path, help="a run folder")
    asked.add_argument("--store", type=Path, required=True, help="the store that holds its dataset")
    asked.add_argument("--days", type=int, default=20, help="random days that are compared")
    asked.add_argument("--rounds", type=int, default=5, help="cold starts")
    asked.add_argument("--allow", action="append", default=[], help="as of `tidegate predict`")
    asked.add_argument("--keep", action="store_true", help="add the figures to the history")
    given = asked.parse_args()
    os.environ["TIDEGATE_STORE"] = str(given.store.resolve())
    bits, last = compared(given.run, given.days, given.allow)
    rows = [bits]
    allow = [word for one in given.allow for word in ("--allow", one)]
    commands = {
        "tidegate predict": ["-m", "tidegate", "predict", str(given.run), "--date", last, *allow],
        "import torch": ["-c", "import torch"],
        "python alone": ["-c", "pass"],
    }
    for what, arguments in commands.items():
        wall, busy = started([sys.executable, *arguments], given.rounds)
        rows.append({"what": what, "wall_seconds": round(wall, 3), "processor_seconds": round(busy, 3)})
        print(f"{what:<20}{wall:>8.2f} s by the clock{busy:>8.2f} s of the processor", flush=True)
    if given.keep:
        keep("predict", rows)
    print(f"asked: {ASKED} s by the clock")
    return 1 if bits["differ"] or rows[1]["wall_seconds"] > ASKED else 0


if __name__ == "__main__":
    sys.exit(main())
