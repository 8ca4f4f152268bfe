"""How time and memory grow: with the number of windows, the steps of a window, and the assets of a panel.

samples   `fit_network` from end to end (checks, digests, one whole epoch, validation on a tenth, the result kept) from
          50,000 to 5,000,000 windows of 20 steps x 20 factors, with an LSTM of 8 units so that handling shows; and a
          few training batches of an LSTM of 2 layers x 64 units on the same windows
steps     training batches of the same number of windows, 5 to 40 steps
assets    the same number of windows as few long or many short series

Each size in a process of its own, one thread, on a panel that is mapped into memory from a file. Time is the
processor's, per window; memory is the peak above the imports, mapped pages included. The slope is that of log time over
log size by least squares: 1 is linear, 0 is constant. Memory has a large constant part (code, a network at work on a
batch), so it is shown as bytes for every further window: linear is a column that does not grow.

    python benchmarks/growth.py                              all of it, about five minutes on a quiet machine
    python benchmarks/growth.py --most 1000000 --rounds 1    a quick look
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from parts.grounds import ground_of
from parts.record import keep, peak_now
from tidegate.learn.checkpoint import Checkpoints
from tidegate.learn.fit import fit_network
from tidegate.learn.loop import Loop
from tidegate.learn.steady import Interrupts, steady
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types import Affine, Horizon, Panel, Windows

SIZES = (50_000, 200_000, 1_000_000, 5_000_000)
STEPS = (5, 10, 20, 40)
ASSETS = (40, 400, 4000)
SERIES, FIELDS, LOOKBACK, BATCH, BATCHES, MIDDLE = 2500, 20, 20, 2000, 8, 200_000
TENTH = 10


def mapped(folder, rows):
    """A panel's values in a file, a piece at a time, and mapped back."""
    path, chance = Path(folder) / "panel.npy", np.random.default_rng(1)
    held = np.lib.format.open_memmap(path, "w+", np.float32, (rows, FIELDS))
    for at in range(0, rows, 100_000):
        part = held[at : at + 100_000]
        part[:] = chance.standard_normal(part.shape, dtype=np.float32)
    held.flush()


def windows_on(folder, count, series, lookback):
    """So many windows on series of so many windows each; the values stay in their file."""
    assets, days = count // series, series + lookback - 1
    values = np.load(Path(folder) / "panel.npy", mmap_mode="r")
    panel = Panel.of(
        values,
        (np.datetime64("1990-01-01") + np.arange(days)).astype("datetime64[us]"),
        tuple(f"{n:06d}" for n in range(assets)),
        tuple(f"factor {n}" for n in range(FIELDS)),
        np.tile(np.arange(days), assets),
        np.arange(assets + 1) * days,
    )
    anchors = (np.arange(assets)[:, None] * days + np.arange(lookback - 1, days)).ravel()
    target = np.asarray(values[anchors, 0], dtype=np.float64)
    known = panel.row_time[anchors] + 2
    windows = Windows.of(panel, lookback, panel.fields, (), Horizon(lag=1, span=1), anchors, target, known)
    return windows, Affine.of(np.zeros((1, FIELDS)), np.ones((1, FIELDS)))


def whole_fit(windows, affine):
    """One epoch of everything, from windows to a model in its folder."""
    last = np.arange(len(windows)) % TENTH == TENTH - 1
    network = RecurrentNetwork(cell=LSTM(hidden=8), dense=())
    with tempfile.TemporaryDirectory() as folder:
        fit_network(
            network,
            Training(epochs=1, batch=BATCH),
            windows,
            affine,
            TargetScale(),
            np.flatnonzero(~last),
            np.flatnonzero(last),
            {},
            1,
            Path(folder),
        )


def some_batches(windows, affine, batches):
    """Prepare training batches of the larger network; returns the work of doing them once."""
    network, training = RecurrentNetwork(cell=LSTM(hidden=64, layers=2), dense=()), Training(epochs=99, batch=BATCH)
    train = np.random.default_rng(2).permutation(len(windows))[: batches * BATCH]
    ground = ground_of(windows, affine, train)
    loop = Loop(network, (FIELDS, 0), training, ground, 1, Checkpoints(Path(tempfile.gettempdir()), "never saved"))

    def work():
        loop.train_epoch(None, Interrupts())
        loop.step, loop.losses, loop.norms = 0, [], []

    return work


def seconds(work, rounds=1):
    """The lowest processor time of some rounds."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def one(count, series, lookback, whole, rounds):
    """Everything about one size, in this process."""
    with tempfile.TemporaryDirectory() as folder, steady(1):
        done = [sys.executable, __file__, "--write", folder, "--rows", str(count // series * (series + lookback - 1))]
        subprocess.run(done, check=True)
        before, began = peak_now(), time.process_time()
        windows, affine = windows_on(folder, count, series, lookback)
        figures = {"records": time.process_time() - began}
        whole_fit(windows.take(np.arange(TENTH * TENTH)), affine)
        if whole:
            figures["fit"] = seconds(lambda: whole_fit(windows, affine))
            figures["mebibytes"] = peak_now() - before
        work = some_batches(windows, affine, BATCHES)
        work()
        figures["batches"] = seconds(work, rounds)
    print(json.dumps(figures))


def measured(count, rounds, series=SERIES, lookback=LOOKBACK, *, whole=True):
    given = [count, series, lookback, int(whole), rounds]
    done = subprocess.run(
        [sys.executable, __file__, "--one", *map(str, given)], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def slope(sizes, values):
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def told(axis, sizes, columns, rows, totals):
    """Print a line a size, and under it the slopes of `totals`; keep the figures."""
    print(f"{axis:<12}" + "".join(f"{name:>30}" for name in columns))
    for at, size in enumerate(sizes):
        print(f"{size:<12,}" + "".join(f"{values[at]:>30.4g}" for values in columns.values()))
        rows.append({"axis": axis, "size": size, **{name: round(values[at], 4) for name, values in columns.items()}})
    slopes = {name: round(slope(sizes, values), 3) for name, values in totals.items()}
    print("slopes: " + ", ".join(f"{name} {value:.3f}" for name, value in slopes.items()) + "\n", flush=True)
    rows.append({"axis": axis, "slopes": slopes})


def main(most, rounds):
    rows, sizes = [], [size for size in SIZES if size <= most]
    found = [measured(size, rounds) for size in sizes]
    records, fit, batches, memory = (
        [held[name] for held in found] for name in ("records", "fit", "batches", "mebibytes")
    )
    further = np.diff(memory, prepend=np.nan) / np.diff(sizes, prepend=np.nan) * 2**20
    columns = {
        "records, us per window": _each(records, sizes),
        "fit, us per window": _each(fit, sizes),
        "peak, MiB": memory,
        "bytes per further window": further.tolist(),
        "2 x 64 units, us per window": _each(batches, [BATCHES * BATCH] * len(sizes)),
    }
    told("windows", sizes, columns, rows, {"records": records, "fit": fit, "a batch of 2 x 64 units": batches})
    found = [measured(MIDDLE, rounds, lookback=steps, whole=False)["batches"] for steps in STEPS]
    columns = {
        "2 x 64 units, us per window": _each(found, [BATCHES * BATCH] * len(STEPS)),
        "us per window and step": _each(found, [BATCHES * BATCH * steps for steps in STEPS]),
    }
    told("steps", STEPS, columns, rows, {"a batch of 2 x 64 units": found})
    found = [measured(MIDDLE, rounds, series=MIDDLE // assets) for assets in ASSETS]
    sizes = [MIDDLE] * len(ASSETS)
    columns = {
        "records, us per window": _each([held["records"] for held in found], sizes),
        "fit, us per window": _each([held["fit"] for held in found], sizes),
        "peak, MiB": [held["mebibytes"] for held in found],
    }
    told("assets", ASSETS, columns, rows, {name: [held[name] for held in found] for name in ("records", "fit")})
    keep("growth", rows)


def _each(seconds_taken, counts):
    """Microseconds for each."""
    return [1e6 * taken / count for taken, count in zip(seconds_taken, counts, strict=True)]


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--most", type=int, default=SIZES[-1], help="the largest number of windows")
    asked.add_argument("--rounds", type=int, default=3, help="rounds of the batches; the lowest counts")
    asked.add_argument("--one", type=int, nargs=5, help=argparse.SUPPRESS)
    asked.add_argument("--write", help=argparse.SUPPRESS)
    asked.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.write:
        mapped(given.write, given.rows)
    elif given.one:
        one(*given.one)
    else:
        main(given.most, given.rounds)
