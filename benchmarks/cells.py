"""Training steps and inference of recurrent cells: ours against torch's own LSTM and against the plain loop, in turns.

A training step is forward, the squared loss of the last output, and backward into all weights; the inputs get no
gradient. Ours runs in the micro-batches of `micro_rows`, as a training does. "nn" is `torch.nn.LSTM` as one calls it on
the whole batch, "nn in parts" the same in micro-batches of the size that suits it best, "loop" our plain form, one step
after the other, on the whole batch and "in parts" as ours. Medians, by the clock and by the processor; "of peak" is the
share of multiply-adds a second, by the processor, of what this machine's best matrix product reaches on one core at
that moment.

With two threads the machine has to be otherwise idle: threads that wait for each other measure the neighbours.

``python benchmarks/cells.py [threads] [--cells]``; two threads unless told otherwise, `--cells`: the other cells alone.
"""

import statistics
import sys
import time
from typing import NamedTuple

import torch

from parts.record import in_turns, keep
from tidegate.models.cells.coupled_lstm import CoupledLSTM
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.peephole_lstm import PeepholeLSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.fast.tiles import micro_rows
from tidegate.models.stack import Stack


class Case(NamedTuple):
    """Windows, steps, inputs and units of a training step."""

    batch: int
    steps: int
    inputs: int
    units: int


CASES = {
    Case(2000, 20, 20, 64): 2.5,
    Case(1000, 24, 48, 400): 1.45,
    Case(2000, 20, 158, 64): 1.4,
    Case(512, 5, 7, 32): 1.7,
    Case(128, 30, 6, 32): 1.35,
}
SAME = Case(2000, 20, 20, 64)
CELLS = {
    "lstm": LSTM(hidden=64),
    "peephole-lstm": PeepholeLSTM(hidden=64),
    "coupled-lstm": CoupledLSTM(hidden=64),
    "hard-sigmoid lstm": LSTM(hidden=64, gate_activation="hard_sigmoid"),
    "gru, reset after": GRU(hidden=64),
    "gru, reset before": GRU(hidden=64, reset="before"),
    "rnn": RNN(hidden=64),
}


def stacked(cell, case):
    stack = Stack(cell, case.inputs, torch.Generator().manual_seed(1), torch.Generator().manual_seed(2))
    return stack, lambda x: stack(x)[1][-1][0]


def theirs(layers, case):
    module = torch.nn.LSTM(case.inputs, case.units, layers, batch_first=True)
    return module, lambda x: module(x)[0][:, -1]


def step(module, last, x, rows):
    def work():
        module.zero_grad()
        for part in x.split(rows):
            last(part).square().sum().backward()

    return work


def speak(last, x):
    def work():
        with torch.no_grad():
            last(x)

    return work


def peak():
    """Multiply-adds a second of one core on the product that suits it best."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    threads, taken = torch.get_num_threads(), []
    torch.set_num_threads(1)
    for _ in range(7):
        start = time.process_time()
        a @ b
        taken.append(time.process_time() - start)
    torch.set_num_threads(threads)
    return 1024**3 / statistics.median(taken)


def needed(case, layers):
    """Multiply-adds that a training step can't do without: no gradient of x, no product with a state of zero."""
    total, inputs = 0, case.inputs
    for layer in range(layers):
        back = inputs if layer else 0
        later = (case.steps - 1) / case.steps
        total += 4 * case.units * (2 * inputs + back + 3 * case.units * later)
        inputs = case.units
    return case.batch * case.steps * total


def rounds(case):
    return 3 if case.units > 100 else 5 if case.batch > 1000 else 25


def compare(case, layers, goal):
    x = torch.randn(*case[:3])
    ours, our_last = stacked(LSTM(hidden=case.units, layers=layers), case)
    module, last = theirs(layers, case)
    parts = [rows for rows in (125, 250, 500) if rows < case.batch]
    contestants = {
        "ours": step(ours, our_last, x, micro_rows(case.steps, case.inputs, case.units, layers)),
        "nn": step(module, last, x, case.batch),
        **{f"nn in parts of {rows}": step(module, last, x, rows) for rows in parts},
    }
    best = peak()
    taken = in_turns(contestants, rounds(case))
    speaking = in_turns({"ours": speak(our_last, x), "nn": speak(last, x)}, rounds(case))
    in_parts = min([taken[name] for name in taken if name != "ours"], key=lambda t: t.wall)
    share = needed(case, layers) / taken["ours"].processor / best
    row = {
        "case": " x ".join(map(str, case)),
        "layers": layers,
        "milliseconds": round(taken["ours"].wall * 1e3, 2),
        "ratio": round(taken["nn"].wall / taken["ours"].wall, 2),
        "ratio_processor": round(taken["nn"].processor / taken["ours"].processor, 2),
        "ratio_to_best_parts": round(in_parts.wall / taken["ours"].wall, 2),
        "goal": goal,
        "of_peak": round(share, 2),
        "ratio_inference": round(speaking["nn"].wall / speaking["ours"].wall, 2),
        "ratio_inference_processor": round(speaking["nn"].processor / speaking["ours"].processor, 2),
    }
    print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    return row


def cells():
    x = torch.randn(*SAME[:3])
    contestants = {}
    rows = micro_rows(SAME.steps, SAME.inputs, SAME.units, 1)
    for name, cell in CELLS.items():
        for form, parts in (("fast", rows), ("plain", SAME.batch), ("plain in parts", rows)):
            stack, last = stacked(cell.but(form=form.split()[0]), SAME)
            contestants[name, form] = step(stack, last, x, parts)
    taken = in_turns(contestants, 5)
    found = []
    for name in CELLS:
        ours, loop, parts = taken[name, "fast"], taken[name, "plain"], taken[name, "plain in parts"]
        row = {
            "cell": name,
            "milliseconds": round(ours.wall * 1e3, 2),
            "of_lstm": round(ours.processor / taken["lstm", "fast"].processor, 2),
            "ratio_to_loop": round(loop.wall / ours.wall, 2),
            "ratio_to_loop_processor": round(loop.processor / ours.processor, 2),
            "ratio_to_loop_in_parts": round(parts.processor / ours.processor, 2),
        }
        print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        found.append(row)
    return found


def main():
    threads = int(sys.argv[1]) if sys.argv[1:] else 2
    torch.set_num_threads(threads)
    alone = "--cells" in sys.argv
    found = [] if alone else [compare(case, layers, goal) for case, goal in CASES.items() for layers in (1, 2)]
    keep("cells", [{"threads": threads, "peak": round(peak() / 1e9, 1), "steps": found, "cells": cells()}])


if __name__ == "__main__":
    main()
