"""What pondering costs: a training step and a forecast of ACT-LSTM against the LSTM alone, both fused.

The mean number of ponder steps is steered from 1 to 30 by the halting unit's bias, with random first weights, so that
samples halt at different steps. Told is ``cost(ACT) / (mean steps · cost(cell))``: 1 would mean that a ponder step
costs what a time step costs; the goal is at most 1.3. Contestants in turns, medians of processor seconds, one thread;
batches are cut into micro-batches, the same for both.
"""

import sys
from typing import NamedTuple

import torch

from parts.record import in_turns, keep
from tidegate.models.cells.act import ACT
from tidegate.models.cells.lstm import LSTM


class Case(NamedTuple):
    """Sizes, rows of a micro-batch, rounds, and the halting unit's first biases."""

    batch: int
    length: int
    inputs: int
    hidden: int
    micro: int
    rounds: int
    biases: tuple[float, ...]


CASES = {
    "512 x 20 x 20 x 64": Case(512, 20, 20, 64, 256, 5, (6.0, 1.0, 0.0, -1.0, -2.0, -3.0, -3.5, -6.0)),
    "250 x 24 x 48 x 400": Case(250, 24, 48, 400, 125, 2, (6.0, 0.0, -1.0, -2.0, -6.0)),
}


def contestant(case, cell, x, train):
    """One pass over the batch; its mean number of steps is left in the list."""
    weights = {
        name: held.requires_grad_() for name, held in cell.draw(case.inputs, torch.Generator().manual_seed(1)).items()
    }
    steps = [1.0]

    def work():
        total = 0.0
        for part in x.split(case.micro):
            with torch.set_grad_enabled(train):
                run = cell.run(weights, part, cell.start(part.shape[0], part))
                if run.ponder is not None:
                    total += run.ponder.steps.sum().item()
                if train:
                    loss = run.state[0].square().sum()
                    price = None if run.ponder is None else cell.price(run.ponder)
                    (loss if price is None else loss + price.sum()).backward()
        steps[0] = total / (case.batch * case.length) or 1.0

    return work, steps


def main():
    torch.set_num_threads(1)
    rows = []
    print(f"{'case':<24}{'work':<10}{'steps':>7}{'ACT':>11}{'cell':>11}{'ratio':>8}")
    for name in sys.argv[1:] or CASES:
        case = CASES[name]
        x = torch.randn(case.batch, case.length, case.inputs, generator=torch.Generator().manual_seed(2))
        cell = LSTM(hidden=case.hidden, form="fast")
        for work in ("training", "forecast"):
            made = {"cell": contestant(case, cell, x, work == "training")}
            for bias in case.biases:
                act = ACT(cell=LSTM(hidden=case.hidden), halting_bias=bias, form="fast")
                made[bias] = contestant(case, act, x, work == "training")
            taken = in_turns({who: run for who, (run, _) in made.items()}, case.rounds)
            alone = taken.pop("cell").processor
            for bias, (_, spent) in taken.items():
                steps = made[bias][1][0]
                ratio = spent / (steps * alone)
                print(f"{name:<24}{work:<10}{steps:>7.2f}{spent:>9.4f} s{alone:>9.4f} s{ratio:>8.2f}", flush=True)
                figures = {"steps": round(steps, 2), "processor_seconds": round(spent, 4), "ratio": round(ratio, 3)}
                rows.append({"case": name, "work": work, **figures, "cell_processor_seconds": round(alone, 4)})
    keep("act_cost", rows)


if __name__ == "__main__":
    main()
