"""The published network at its published size against its own products: how far training is from the machine's peak.

Two layers of LSTM, 400 units, 24 steps of 48 factors, three classes, batches of 1,000 drawn at random, Adam: a training
as a study runs it (gather, forward, loss, backward, optimiser, learning curves), against the time that its products
alone would take at the peak that this machine reaches on one large product, measured in turns with it. One thread.

    products per sample and step: 4 H (F + H) in the first layer, 4 H · 2 H in the second, each as x W;
    backward once more for the weights, and once more for what lies below, which the first layer's inputs don't need
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from parts.record import in_turns, keep
from tidegate.learn.fit import fit_network
from tidegate.learn.losses.classes import CrossEntropy
from tidegate.learn.sampling import Drawn
from tidegate.learn.target import Classes
from tidegate.learn.training import Training
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.scalers import AsGiven
from tidegate.types.clock import Horizon
from tidegate.types.panel import Panel
from tidegate.types.windows import Windows

UNITS, FACTORS, MONTHS, BATCH = 400, 48, 24, 1000
ASSETS, ROWS = 250, 120
SIDE, WARM = 2048, 3


def windows():
    """Windows on a panel of noise, as many as 250 shares have in ten years."""
    generator = np.random.default_rng(1)
    rows = ASSETS * ROWS
    times = np.arange(ROWS).astype("datetime64[M]").astype("datetime64[us]")
    panel = Panel.of(
        generator.standard_normal((rows, FACTORS)).astype(np.float32),
        times,
        tuple(f"{number:06d}" for number in range(ASSETS)),
        tuple(f"factor_{number}" for number in range(FACTORS)),
        np.tile(np.arange(ROWS), ASSETS),
        np.arange(ASSETS + 1) * ROWS,
    )
    anchors = np.flatnonzero((np.arange(rows) % ROWS >= MONTHS - 1) & (np.arange(rows) % ROWS < ROWS - 1))
    target = generator.integers(-1, 2, len(anchors)).astype(np.float64)
    horizon = Horizon(lag=0, span=1, entry="close", exit="close")
    return Windows.of(panel, MONTHS, panel.fields, (), horizon, anchors, target, panel.row_time[anchors] + 1)


def operations(iterations):
    """Floating-point operations of the products of so many iterations."""
    first, second = 4 * UNITS * (FACTORS + UNITS), 4 * UNITS * 2 * UNITS
    forward = first + second
    backward = 2 * forward - 4 * UNITS * FACTORS
    head = 3 * UNITS * 3
    return 2.0 * BATCH * iterations * (MONTHS * (forward + backward) + head)


def main():
    torch.set_num_threads(1)
    iterations = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    made = windows()
    everyone = np.arange(len(made))
    network = RecurrentNetwork(cell=LSTM(hidden=UNITS, layers=2), dense=(), outputs=3)
    affine = AsGiven().fit(made, np.ones(len(made), dtype=bool))
    scale = Classes(first=-1.0).fit(made.target)

    def train(count):
        training = Training(loss=CrossEntropy(), epochs=1, batch=BATCH, sampling=Drawn(count=count))
        with tempfile.TemporaryDirectory() as folder:
            none = np.empty(0, dtype=np.int64)
            fit_network(network, training, made, affine, scale, everyone, none, {}, 1, Path(folder), None)

    one, other = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    products = max(round(operations(1) * iterations / (2.0 * SIDE**3) / 4), 1)
    out = torch.empty(SIDE, SIDE)

    def multiply():
        for _ in range(products):
            torch.mm(one, other, out=out)

    train(WARM)
    multiply()
    taken = in_turns({"training": lambda: train(iterations), "products": multiply}, rounds)
    peak = products * 2.0 * SIDE**3 / taken["products"].processor
    alone = operations(iterations) / peak
    spent = taken["training"].processor
    print(f"{iterations} iterations of {BATCH} windows, {MONTHS} x {FACTORS}, 2 x {UNITS} units, one thread")
    print(f"training {spent:.2f} s of processor time; peak {peak / 1e9:.1f} GFLOP/s; its products alone {alone:.2f} s")
    print(f"ratio {spent / alone:.3f} (goal 1.2)")
    keep(
        "published_size",
        [
            {
                "iterations": iterations,
                "processor_seconds": round(spent, 3),
                "peak_gflops": round(peak / 1e9, 2),
                "products_alone": round(alone, 3),
                "ratio": round(spent / alone, 4),
            }
        ],
    )


if __name__ == "__main__":
    main()
