"""One training epoch: ours against the same network in plain PyTorch, in turns, and the peak memory of each.

plain     a Dataset that cuts one window at a time, a DataLoader that stacks them, nn.LSTM, Adam: the usual way
bare      the same network and optimiser on batches that lie ready in memory: a step with no handling of data at all

One thread each. Medians, by the clock and by the processor; the ratio is theirs over ours by the processor: above 1,
ours is faster. Memory is what the work adds to the process.
"""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from parts.grounds import ground_of
from parts.panels import noise_windows
from parts.record import in_turns, keep, peak_memory, peak_now
from tidegate.learn.checkpoint import Checkpoints
from tidegate.learn.loop import Loop
from tidegate.learn.steady import Interrupts, steady
from tidegate.learn.training import Training
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork


class Case(NamedTuple):
    """Sizes of a panel, a network and an epoch."""

    assets: int
    sessions: int
    fields: int
    lookback: int
    hidden: int
    batch: int
    windows: int
    rounds: int


CASES = {
    "timing: 2,500 windows, 128 x 30 x 6 x 32": Case(1, 2531, 6, 30, 32, 128, 2500, 9),
    "panel: 12,000 of 739,500 windows, 2,000 x 20 x 20 x 64": Case(500, 1500, 20, 20, 64, 2000, 12_000, 5),
}


class Cut(torch.utils.data.Dataset):
    """One window at a time, as one would write it."""

    def __init__(self, windows, which):
        self.windows, self.which = windows, which
        self.values = torch.tensor(windows.panel.values)
        self.target = torch.tensor(windows.target, dtype=torch.float32)

    def __len__(self):
        return len(self.which)

    def __getitem__(self, at):
        m = self.which[at]
        end = int(self.windows.anchors[m]) + 1
        return self.values[end - self.windows.lookback : end], self.target[m]


class Plain(torch.nn.Module):
    """The network as one would write it."""

    def __init__(self, fields, hidden):
        super().__init__()
        self.lstm = torch.nn.LSTM(fields, hidden, batch_first=True)
        self.rest = torch.nn.Sequential(
            torch.nn.Dropout(0.2),
            torch.nn.Linear(hidden, 32),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.2),
            torch.nn.Linear(32, 16),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.2),
            torch.nn.Linear(16, 1),
        )

    def forward(self, x):  # noqa: D102
        return self.rest(self.lstm(x)[0][:, -1])


def plain_epoch(case, windows, which):
    module = Plain(case.fields, case.hidden)
    optimiser = torch.optim.Adam(module.parameters(), eps=1e-7)
    loader = torch.utils.data.DataLoader(Cut(windows, which), batch_size=case.batch, shuffle=True)

    def epoch():
        for x, y in loader:
            optimiser.zero_grad()
            torch.nn.functional.mse_loss(module(x)[:, 0], y).backward()
            optimiser.step()

    return epoch


def bare_epoch(case, windows, which):
    module = Plain(case.fields, case.hidden)
    optimiser = torch.optim.Adam(module.parameters(), eps=1e-7)
    data = Cut(windows, which)
    x, y = torch.utils.data.default_collate([data[at] for at in range(len(data))])
    ready = list(zip(x.split(case.batch), y.split(case.batch), strict=True))

    def epoch():
        for part, target in ready:
            optimiser.zero_grad()
            torch.nn.functional.mse_loss(module(part)[:, 0], target).backward()
            optimiser.step()

    return epoch


def our_epoch(case, windows, affine, which):
    network = RecurrentNetwork(cell=LSTM(hidden=case.hidden), dense=(32, 16), dropout=0.2)
    training = Training(epochs=10_000, batch=case.batch, checkpoint_seconds=1e9)
    ground = ground_of(windows, affine, which)
    loop = Loop(network, (case.fields, 0), training, ground, 1, Checkpoints(Path(tempfile.gettempdir()), "never saved"))

    def epoch():
        loop.train_epoch(None, Interrupts())
        loop.step, loop.losses, loop.norms = 0, [], []

    return epoch


def contestant(name, case, windows, affine):
    which = np.random.default_rng(2).permutation(len(windows))[: case.windows]
    if name == "ours":
        return our_epoch(case, windows, affine, which)
    return (plain_epoch if name == "plain" else bare_epoch)(case, windows, which)


def main():
    rows = []
    print(f"{'case':<58}{'who':<8}{'epoch':>10}{'processor':>11}{'ratio':>8}{'memory':>12}")
    for name, case in CASES.items():
        windows, affine = noise_windows(case.assets, case.sessions, case.fields, case.lookback)
        with steady(1):
            taken = in_turns(
                {who: contestant(who, case, windows, affine) for who in ("ours", "plain", "bare")}, case.rounds
            )
        for who, (wall, processor) in taken.items():
            memory, ratio = peak_memory(__file__, name, who), processor / taken["ours"].processor
            print(f"{name:<58}{who:<8}{wall:>8.3f} s{processor:>9.3f} s{ratio:>8.2f}{memory:>8.0f} MiB", flush=True)
            figures = {"seconds": round(wall, 4), "processor_seconds": round(processor, 4), "ratio": round(ratio, 3)}
            rows.append({"case": name, "who": who, **figures, "mebibytes": round(memory)})
    keep("epoch", rows)


def measure_memory(name, who):
    case = CASES[name]
    windows, affine = noise_windows(case.assets, case.sessions, case.fields, case.lookback)
    small, light = noise_windows(1, case.lookback + 10, case.fields, case.lookback)
    with steady(1):
        contestant(who, case._replace(windows=4, batch=4), small, light)()
        before = peak_now()
        contestant(who, case, windows, affine)()
    print(peak_now() - before)


if __name__ == "__main__":
    measure_memory(*sys.argv[1:]) if sys.argv[1:] else main()
