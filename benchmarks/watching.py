"""What watching a training costs: the processor's seconds inside every look, as a share of the whole training's.

Differences between two trainings of several seconds drown in a busy machine's noise, so the looks themselves are timed,
kind by kind, inside one training with the default settings. One thread. Medians over rounds.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from parts.grounds import ground_of
from parts.panels import noise_windows
from parts.record import keep
from tidegate.learn.checkpoint import Checkpoints
from tidegate.learn.loop import Loop
from tidegate.learn.steady import steady
from tidegate.learn.training import Training
from tidegate.models.cells.act import ACT
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork

KINDS = ("curves", "weights", "lags")
ROUNDS = 3


class Case(NamedTuple):
    """Sizes of a panel, a network and a training."""

    assets: int
    sessions: int
    fields: int
    lookback: int
    cell: LSTM | ACT
    batch: int
    windows: int
    epochs: int


CASES = {
    "timing: 1,700 windows, 128 x 30 x 6 x 32, 30 epochs": Case(1, 2531, 6, 30, LSTM(hidden=32), 128, 1700, 30),
    "timing: the same, 3 epochs": Case(1, 2531, 6, 30, LSTM(hidden=32), 128, 1700, 3),
    "panel: 12,000 windows, 500 x 20 x 20 x 64, 5 epochs": Case(50, 1500, 20, 20, LSTM(hidden=64), 500, 12_000, 5),
    "ponder: 1,700 windows, 128 x 30 x 6 x 32, 10 epochs": Case(
        1, 2531, 6, 30, ACT(cell=LSTM(hidden=32), halting_bias=0.0), 128, 1700, 10
    ),
}


def shares(case):
    """Seconds of one training, and the share of each kind of look."""
    windows, affine = noise_windows(case.assets, case.sessions, case.fields, case.lookback)
    drawn = np.random.default_rng(2).permutation(len(windows))
    train, valid, test = np.split(drawn[: case.windows * 3 // 2], [case.windows, case.windows * 5 // 4])
    network = RecurrentNetwork(cell=case.cell, dense=(32, 16), dropout=0.2)
    training = Training(epochs=case.epochs, batch=case.batch)
    ground = ground_of(windows, affine, train, valid, {"test": test})
    spent = dict.fromkeys(KINDS, 0.0)
    with steady(1), tempfile.TemporaryDirectory() as folder:
        loop = Loop(network, (case.fields, 0), training, ground, 1, Checkpoints(Path(folder), "watching"))
        for kind in KINDS:
            setattr(loop.watcher, f"_see_{kind}", timed(getattr(loop.watcher, f"_see_{kind}"), spent, kind))
        began = time.process_time()
        loop.run(None)
        whole = time.process_time() - began
    return whole, {kind: seconds / whole for kind, seconds in spent.items()}


def timed(see, spent, kind):
    def look():
        began = time.process_time()
        see()
        spent[kind] += time.process_time() - began

    return look


def main():
    rows = []
    print(f"{'case':<56}{'training':>11}{'curves':>9}{'weights':>9}{'lags':>9}{'all':>9}")
    for name, case in CASES.items():
        runs = [shares(case) for _ in range(ROUNDS + 1)][1:]
        whole = statistics.median(run[0] for run in runs)
        held = {kind: statistics.median(run[1][kind] for run in runs) for kind in KINDS}
        told = "".join(f"{share:>9.2%}" for share in (*held.values(), sum(held.values())))
        print(f"{name:<56}{whole:>9.2f} s{told}", flush=True)
        rows.append({"case": name, "processor_seconds": round(whole, 3), **{k: round(v, 5) for k, v in held.items()}})
    keep("watching", rows)


if __name__ == "__main__":
    main()
