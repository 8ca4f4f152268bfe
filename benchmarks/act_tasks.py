"""The parity and addition tasks of Graves (2016), learned by our ACT: accuracy, and whether hard inputs ponder longer.

A network of one ACT layer and a linear head, batches drawn anew, Adam; every `EVERY` batches it is tried on fresh
samples, and it stops when it has reached the goal: an accuracy of 95 % (parity: of vectors; addition: of whole
sequences, every digit of every sum right) and a Spearman correlation above 0.5 between ponder steps and difficulty.
While a task is mastered (98 %) the price of pondering rises at every trial, and falls again below 96 %. One
thread. Run one with ``python benchmarks/act_tasks.py parity``.

Parity departs from Graves: vectors of 8 places instead of 64, 32 units with layer norm instead of 128 without, which
learn it in a few thousand batches; ε of 0.1 instead of 0.01, so that one step is within reach of an easy vector.
Difficulty is the number of places that are not zero. While hard vectors are not yet answered, pondering on them earns
nothing and the correlation is negative; it turns when all are answered and the price rises.

Addition departs from Graves: three numbers of up to two digits instead of five of up to five, 64 units instead of 512,
one price instead of a sweep, a learning rate that falls to 0.3 of itself at 70 % and to 0.1 at 92 % accuracy, gradients
clipped, and an early stop. Difficulty is the number of digits of the step's number, over the steps at which a sum is
asked. The stop matters: the correlation is high early and falls while the accuracy rises, so the goal is a stretch of
the training that a calm end makes longer, not where it settles. A goal reached is checked on 40,000 samples more, which
are the figures kept; where these fall short, the training goes on.
"""

import sys
import time
from typing import NamedTuple

import torch
from scipy.stats import spearmanr

from parts.act_tasks import Addition, Parity
from parts.record import keep
from tidegate.models.cells.act import ACT
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.stack import Stack

EVERY = 500


class Case(NamedTuple):
    """A task, the cell that is to learn it, and how it is taught."""

    task: Parity | Addition
    cell: ACT
    batch: int
    rate: float
    batches: int
    calm: tuple[tuple[float, float], ...] = ()  # from which accuracy on, the share of the rate
    rise: float = 1.1  # of the price, at each trial that finds the task mastered


CASES = {
    "parity": Case(
        Parity(8),
        ACT(cell=RNN(hidden=32, layer_norm=True), ponder_cost=0.05, halting_bias=0.0, limit=20, epsilon=0.1),
        256,
        2e-3,
        100_000,
        rise=1.2,
    ),
    "addition": Case(
        Addition(2, 3),
        ACT(cell=LSTM(hidden=64), ponder_cost=0.01, halting_bias=1.0, limit=10),
        128,
        3e-3,
        100_000,
        ((0.7, 0.3), (0.92, 0.1)),
    ),
}


class Learner(torch.nn.Module):
    """An ACT layer and a linear head that answers at every step."""

    def __init__(self, case, seed):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.answer = case.task.answer
        self.stack = Stack(case.cell, case.task.features, generator, torch.Generator())
        bound = case.cell.hidden**-0.5
        wide = self.answer[0] * self.answer[1]
        drawn = torch.empty(wide, case.cell.hidden).uniform_(-bound, bound, generator=generator)
        self.kernel, self.bias = torch.nn.Parameter(drawn), torch.nn.Parameter(torch.zeros(wide))

    def forward(self, x):  # noqa: D102
        outputs, _ = self.stack(x)
        said = torch.nn.functional.linear(outputs, self.kernel, self.bias)
        return said.unflatten(2, self.answer), self.stack.ponder[0]


def tried(module, case, generator, samples=4000):
    """Accuracy of samples and of answers, rank correlation of steps with difficulty, mean steps."""
    with torch.no_grad():
        drawn = case.task.draw(samples, generator)
        said, ponder = module(drawn.x)
        asked = drawn.told >= 0
        right = (said.argmax(dim=3) == drawn.told) | ~asked
        told = asked.any(dim=2)
        steps, difficulty = ponder.steps[told], drawn.difficulty[told]
        correlation = spearmanr(steps, difficulty).statistic
    return {
        "accuracy": right.all(dim=2).all(dim=1).double().mean().item(),
        "steps_right": right.all(dim=2)[told].double().mean().item(),
        "answers": right[asked].double().mean().item(),
        "spearman": float(correlation),
        "steps": ponder.steps.mean().item(),
        "steps_easiest": steps[difficulty == difficulty.min()].mean().item(),
        "steps_hardest": steps[difficulty == difficulty.max()].mean().item(),
        "longest": ponder.steps.max().item(),
    }


def reached(found):
    """Whether the goal is reached."""
    return found["accuracy"] >= 0.95 and found["spearman"] > 0.5


def learn(case, seed, seconds, told=print):
    generator, fresh = torch.Generator().manual_seed(seed + 1), torch.Generator().manual_seed(seed + 2)
    module = Learner(case, seed)
    optimiser = torch.optim.Adam(module.parameters(), lr=case.rate)
    start, found, at, dearer = time.process_time(), {}, 0, 1.0
    while at < case.batches and time.process_time() - start < seconds:
        drawn = case.task.draw(case.batch, generator)
        said, ponder = module(drawn.x)
        loss = torch.nn.functional.cross_entropy(said.flatten(0, 2), drawn.told.flatten(), ignore_index=-1)
        optimiser.zero_grad()
        (loss + dearer * case.cell.price(ponder).mean()).backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimiser.step()
        at += 1
        if at % EVERY == 0:
            found = tried(module, case, fresh)
            spent = time.process_time() - start
            found = {
                "batches": at,
                "dearer": dearer,
                "processor_seconds": round(spent),
                **{k: round(v, 4) for k, v in found.items()},
            }
            told(found, flush=True)
            if found["accuracy"] >= 0.98:
                dearer *= case.rise
            elif found["accuracy"] < 0.96:
                dearer *= max(0.9, 1 / dearer)
            for accuracy, share in case.calm:
                if found["accuracy"] >= accuracy:
                    for group in optimiser.param_groups:
                        group["lr"] = min(group["lr"], share * case.rate)
            if reached(found):
                checked = tried(module, case, fresh, 40_000)
                checked = found | {k: round(v, 4) for k, v in checked.items()}
                told("checked", checked, flush=True)
                if reached(checked):
                    return checked
    return found


def main():
    torch.set_num_threads(1)
    wanted = sys.argv[1:2] or list(CASES)
    seed = int(sys.argv[2]) if sys.argv[2:] else 1
    rows = []
    for name in wanted:
        case = CASES[name]
        print(name, case.task, case.cell, flush=True)
        rows.append({"task": name, "sizes": case.task._asdict(), "seed": seed, **learn(case, seed, 900)})
    keep("act_tasks", rows)


if __name__ == "__main__":
    main()
