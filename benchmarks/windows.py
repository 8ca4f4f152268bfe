"""Windows gathered per second, and the memory they take, against windows that were all cut and kept in advance.

The panel: 500 assets x 1,500 sessions x 20 fields, lookback 20, batches of 2,000 at random. One thread, seconds of the
processor. Memory is what the work adds to the process, the panel itself (57 MiB) left out.
"""

import sys

import numpy as np
import torch

from parts.panels import noise_windows
from parts.record import in_turns, keep, peak_memory, peak_now
from tidegate.learn.batches import Gather
from tidegate.learn.steady import steady

ASSETS, SESSIONS, FIELDS, LOOKBACK, BATCH, BATCHES = 500, 1500, 20, 20, 2000, 20


def gathered(windows, affine, chance):
    gather = Gather(windows, affine)
    which = gather.admit(chance)

    def work():
        for part in which.split(BATCH):
            gather.batch(part)

    return work


def materialised(windows, affine, chance):
    rows = windows.anchors[:, None] + np.arange(-windows.lookback + 1, 1)
    kept = windows.panel.values[rows]
    kept -= affine.centre.astype(np.float32)
    kept /= affine.scale.astype(np.float32)
    held, which = torch.from_numpy(kept), torch.from_numpy(chance)

    def work():
        for part in which.split(BATCH):
            held.index_select(0, part)

    return work


def one_by_one(windows, affine, chance):
    """Cut when asked, in NumPy, window by window: what a Dataset does."""
    values, first = windows.panel.values, windows.anchors - windows.lookback + 1
    centre, scale = affine.centre.astype(np.float32), affine.scale.astype(np.float32)

    def work():
        for at in range(0, chance.size, BATCH):
            starts = first[chance[at : at + BATCH]]
            torch.from_numpy((np.stack([values[s : s + LOOKBACK] for s in starts]) - centre) / scale)

    return work


WAYS = {"gathered": gathered, "materialised": materialised, "one by one": one_by_one}


def ground():
    windows, affine = noise_windows(ASSETS, SESSIONS, FIELDS, LOOKBACK)
    return windows, affine, np.random.default_rng(2).integers(0, len(windows), BATCH * BATCHES)


def main():
    given, rows = ground(), []
    with steady(1):
        taken = in_turns({name: way(*given) for name, way in WAYS.items()}, 7)
    print(f"{'way':<16}{'windows per second':>20}{'memory':>14}")
    for name, (_, seconds) in taken.items():
        rate, memory = BATCH * BATCHES / seconds, peak_memory(__file__, name)
        print(f"{name:<16}{rate:>20,.0f}{memory:>10.0f} MiB")
        rows.append({"way": name, "windows_per_second": round(rate), "mebibytes": round(memory)})
    keep("windows", rows)


def measure_memory(name):
    given = ground()
    with steady(1):
        before = peak_now()
        WAYS[name](*given)()
    print(peak_now() - before)


if __name__ == "__main__":
    measure_memory(*sys.argv[1:]) if sys.argv[1:] else main()
