"""One epoch as Qlib's LSTM runs it, ours against Qlib's own code: same data, weights, order and losses, in turns.

500 stocks x 1,500 days x 20 factors, windows of 20 days, an LSTM of 2 layers x 64 units with a linear head, batches of
2,000, Adam. An epoch is what Qlib's `fit` does in one: train on every window, then measure the loss on every training
window and on every window of the validation days. Ours is `Loop.run` with the same sets to measure.

Printed: one full epoch of each with the largest difference between their losses; loading alone and a share of the epoch
in turns; the peak memory of each in a process of its own. "once" is our epoch as our users run it, whose training loss
is the mean of its steps' losses: no second look at the training windows. Ratios are over ours: above 1, ours is faster.
"products alone" is what the matrix products of our epochs would take at the peak that the machine reaches: the same
network in the same precision cannot be faster.

    python benchmarks/qlib_epoch.py                          all of it, about seven minutes
    python benchmarks/qlib_epoch.py --rounds 2 --no-full     a quick look

It needs an environment with Qlib and what Tidegate needs: ``rivals/qlib-requirements.txt``; see ``docs/speed.md``.

Qlib has two biases per gate where ours has one, and Adam moves each of them: their sum goes twice as fast. So that both
do the same, our Adam is told to move biases twice as far, here alone. Qlib also cuts gradients at ±3, which none comes
near. The first 19 days of a stock, whose windows Qlib fills with copies of their first row, are left out on both sides,
and so is the rest of an epoch that does not fill a batch.
"""

import argparse
import importlib.util
import time
from functools import partial

import numpy as np
import torch

from parts.our_epoch import SEED, OurEpoch
from parts.ranked import Span, market, prepared
from parts.record import Taken, in_turns, keep, peak_memory, peak_now
from tidegate.learn.chance import order

ASSETS, DAYS, FIELDS, HIDDEN, LAYERS, BATCH = 500, 1500, 20, 64, 2, 2000
SPAN = Span(train=900, valid=240, lookback=20)


class Turns:
    """Both sides on the same windows; a window is a position in our list, asset by asset, day by day."""

    def __init__(self, asked):
        from rivals import qlib_lstm

        self.rival, self.threads = qlib_lstm, asked.threads
        self.ours, self.theirs = ours(asked), theirs(asked)
        self.weights = qlib_lstm.weights_of(self.theirs.model())

    def named(self, which):
        """Assets and days of windows."""
        days = SPAN.train + SPAN.valid - SPAN.lookback + 1
        return which // days, which % days + SPAN.lookback - 1

    def load_ours(self, share):
        """Load the share's training windows."""
        self.ours.load(share[0])

    def load_theirs(self, share):
        """Load the same by Qlib."""
        for _ in self.theirs.loader(self.theirs.train, *self.named(order(share[0], SEED, 0))):
            pass

    def epoch_ours(self, share, losses=None, *, again=True):
        """Our epoch, with or without measuring its training windows again after it."""
        tell = None if losses is None else lambda progress: losses.append(progress.loss)
        return self.ours.epoch(*share, self.weights, self.threads, tell, again=again)

    def epoch_theirs(self, share, losses=None):
        """Qlib's epoch."""
        made = self.theirs.model()
        kept = None if losses is None else self.rival.recorded(made)
        orders = [self.named(order(share[0], SEED, epoch)) for epoch in (0, 1)]
        measured = self.theirs.epoch(made, *orders, self.named(share[1]))
        if kept is not None:
            losses.extend(kept[: len(share[0]) // BATCH])
        return measured

    def same(self, share):
        """One epoch of each: seconds of both, and the largest difference between losses of steps and of sets."""
        taken, losses, measured = {}, {"ours": [], "qlib": []}, {}
        for who, epoch in (("ours", self.epoch_ours), ("qlib", self.epoch_theirs)):
            wall, processor = time.perf_counter(), time.process_time()
            measured[who] = epoch(share, losses[who])
            taken[who] = Taken(time.perf_counter() - wall, time.process_time() - processor)
        steps = np.abs(np.subtract(losses["ours"], losses["qlib"])).max()
        return taken, max(steps, *np.abs(np.subtract(measured["ours"], measured["qlib"])))


def bound(share, told):
    """What the products of our epoch would take alone, at the peak that one large product reaches on this machine."""
    a, b = torch.ones(1024, 1024), torch.ones(1024, 1024)
    taken = in_turns({"product": lambda: a @ b}, 9)["product"]
    seen = [FIELDS, *[HIDDEN] * (LAYERS - 1)]
    forward = sum(2 * SPAN.lookback * 4 * HIDDEN * (inputs + HIDDEN) for inputs in seen)
    backward = 2 * forward - 2 * SPAN.lookback * 4 * HIDDEN * FIELDS  # nobody asks for the gradient of the factors
    for again in (True, False):
        work = len(share[0]) * (forward + backward + again * forward) + len(share[1]) * forward
        parts = work / (2 * 1024**3)
        limit = Taken(parts * taken.wall, parts * taken.processor)
        told("products alone", len(share[0]), {"ours" if again else "once": limit})


def ours(asked):
    form = {} if asked.form is None else {"form": asked.form}
    return OurEpoch(prepared(market(ASSETS, DAYS, FIELDS), SPAN.train), SPAN, HIDDEN, LAYERS, BATCH, **form)


def theirs(asked):
    from rivals.qlib_lstm import QlibEpoch

    return QlibEpoch(partial(market, ASSETS, DAYS, FIELDS), SPAN, HIDDEN, LAYERS, BATCH, asked.workers)


def share_of(batches):
    """Windows in whole batches, trained on and validated on: the first so many at random, or (None) all."""
    days = SPAN.train + SPAN.valid - SPAN.lookback + 1
    early = np.arange(ASSETS * days) % days < SPAN.train - SPAN.lookback + 1
    sets = [np.random.default_rng(3).permutation(np.flatnonzero(which)) for which in (early, ~early)]
    wholes = [len(which) // BATCH for which in sets]
    counts = wholes if batches is None else (batches, max(1, round(batches * wholes[1] / wholes[0])))
    return tuple(which[: count * BATCH] for which, count in zip(sets, counts, strict=True))


def main():
    asked = arguments()
    if importlib.util.find_spec("qlib") is None:
        print("left out: Qlib is not installed here; see benchmarks/rivals/qlib-requirements.txt")
        return
    torch.set_num_threads(asked.threads)
    turns, share, rows = Turns(asked), share_of(asked.batches), []

    def told(what, windows, taken, **more):
        against = next(iter(taken.values()))
        for who, (wall, processor) in taken.items():
            ratios = wall / against.wall, processor / against.processor
            print(
                f"{what:<16}{who:<6}{windows:>9,} windows{wall:>10.3f} s{processor:>10.3f} s"
                f"{windows / processor:>14,.0f}/s{ratios[1]:>9.2f}",
                flush=True,
            )
            figures = {"seconds": round(wall, 4), "processor_seconds": round(processor, 4)}
            more |= {"ratio_wall": round(ratios[0], 3), "ratio": round(ratios[1], 3)}
            rows.append({"what": what, "who": who, "windows": windows, **figures, **more})

    print(f"{'what':<16}{'who':<6}{'trained on':>17}{'clock':>12}{'processor':>12}{'rate':>16}{'ratio':>9}")
    full = share if asked.no_full else share_of(None)
    taken, apart = turns.same(full)
    told("one epoch" if full is share else "full epoch", len(full[0]), taken, largest_difference_of_losses=float(apart))
    print(f"largest difference between losses: {apart:.1e}")
    works = {
        "loading": {"ours": turns.load_ours, "qlib": turns.load_theirs},
        "share of epoch": {
            "ours": turns.epoch_ours,
            "once": lambda share: turns.epoch_ours(share, again=False),
            "qlib": turns.epoch_theirs,
        },
    }
    for what, sides in works.items():
        told(what, len(share[0]), in_turns({who: partial(side, share) for who, side in sides.items()}, asked.rounds))
    bound(share, told)
    for who in () if asked.no_memory else ("ours", "qlib"):
        more = [*(("--form", asked.form) if asked.form else ()), *(("--no-full",) if asked.no_full else ())]
        memory = peak_memory(__file__, "--memory", who, "--threads", str(asked.threads), *more)
        print(f"{'peak memory':<16}{who:<6}{memory:>10.0f} MiB")
        rows.append({"what": "peak memory", "who": who, "mebibytes": round(memory)})
    keep(
        "qlib_epoch", [{"threads": asked.threads, "workers": asked.workers, "form": asked.form, **row} for row in rows]
    )


def measure_memory(asked):
    """Peak of this process, all in all: imports, market, preparation, and one epoch (or a few batches of it)."""
    torch.set_num_threads(asked.threads)
    share = share_of(4 if asked.no_full else None)
    if asked.memory == "ours":
        side = ours(asked)
        first = side.network.build(FIELDS, 0, torch.Generator().manual_seed(0)).state_dict()
        side.epoch(*share, first, asked.threads, again=True)
    else:
        turns = Turns.__new__(Turns)
        turns.theirs = theirs(asked)
        turns.epoch_theirs(share)
    print(peak_now())


def arguments():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=5, help="turns; the figures are medians")
    asked.add_argument("--batches", type=int, default=12, help="training batches of the share that is taken in turns")
    asked.add_argument("--threads", type=int, default=1, help="threads of torch, for both")
    asked.add_argument("--workers", type=int, default=0, help="processes of Qlib's DataLoader (its own default: 10)")
    asked.add_argument("--form", help="how our LSTM is computed, if not as it chooses itself")
    asked.add_argument(
        "--no-full", action="store_true", help="no full epoch: losses over the share, memory over 4 batches"
    )
    asked.add_argument("--no-memory", action="store_true", help="leave out peak memory")
    asked.add_argument("--memory", choices=("ours", "qlib"), help=argparse.SUPPRESS)
    return asked.parse_args()


if __name__ == "__main__":
    given = arguments()
    measure_memory(given) if given.memory else main()
