"""LambdaRank on a market's rows: our ranker, and LightGBM called directly, in turns; and the same trees from both.

    python benchmarks/ranker.py                          3,000 shares x 500 dates: some minutes
    python benchmarks/ranker.py --dates 200 --rounds 2   one minute

Both start from rows of one asset after another, as a panel lies, and end with a forecast of the same rows. The direct
call sorts by date, grades each date's targets, trains and predicts: what one writes in a notebook. Ours also settles
the order of rows (so that it does not matter how they came), fits the line to the label's unit, and keeps the trees as
text. The promise is to be no slower by the processor's seconds.
"""

import argparse
import sys

import lightgbm
import numpy as np

from parts.record import in_turns, keep
from tidegate.models.base import Seen
from tidegate.models.ranker import Ranker
from tidegate.models.relevance import dealt
from tidegate.types.clock import Horizon

FACTORS, PROMISE = 7, 1.0


def rows_of(dates, assets):
    """Asset after asset: inputs, targets of a small signal, and dates."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((dates * assets, 1, FACTORS))
    time = np.tile(np.arange(dates), assets)
    target = 0.03 * rng.standard_normal(len(time)) + 0.002 * z[:, 0, 0]
    return Seen(z, z, np.zeros((len(time), 0)), tuple("abcdefg"), Horizon(lag=1, span=5), time), target


def settings_of(ranker):
    return {
        "objective": "lambdarank", "num_leaves": ranker.leaves, "min_data_in_leaf": ranker.smallest_leaf,
        "learning_rate": ranker.rate, "max_bin": ranker.bins, "label_gain": list(range(ranker.grades)),
        "lambdarank_truncation_level": ranker.truncation, "seed": 0, "num_threads": ranker.threads,
        "deterministic": True, "force_row_wise": True, "verbosity": -1,
    }  # fmt: skip


def direct(ranker, seen, target):
    """Sort by date, grade, train, predict."""
    table = seen.z[:, -1].astype(np.float32)
    order = np.argsort(seen.time, kind="stable")
    sizes = np.unique(seen.time, return_counts=True)[1]
    grade = np.empty(len(target), dtype=np.int64)
    first = 0
    for size in sizes:
        own = target[order[first : first + size]]
        grade[first : first + size] = ranker.grades * np.argsort(np.argsort(own)) // size
        first += size
    lists = lightgbm.Dataset(table[order], label=grade, group=sizes, params=settings_of(ranker))
    grown = lightgbm.train(settings_of(ranker), lists, ranker.trees)
    return grown.predict(table, num_threads=ranker.threads)


def ours(ranker, seen, target):
    return ranker.predict(ranker.fit(seen, target, np.ones(len(target))), seen)


def same_trees(ranker, seen, target):
    """Whether LightGBM itself, given the rows in our order, grows the trees that we keep."""
    table = seen.z[:, -1].astype(np.float32)
    rows = dealt(seen.time, target, table, ranker.grades, np.random.default_rng(ranker.seed))
    lists = lightgbm.Dataset(table[rows.order], label=rows.grades, group=rows.sizes, params=settings_of(ranker))
    text = lightgbm.train(settings_of(ranker), lists, ranker.trees).model_to_string().partition("end of trees")[0]
    kept = ranker.fit(seen, target, np.ones(len(target)))["model"].tobytes().decode().partition("end of trees")[0]
    return text == kept


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("--dates", type=int, default=500)
    asked.add_argument("--assets", type=int, default=3000)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    ranker = Ranker(sees="last")
    seen, target = rows_of(given.dates, given.assets)
    same = same_trees(ranker, seen, target)
    taken = in_turns(
        {"tidegate": lambda: ours(ranker, seen, target), "lightgbm": lambda: direct(ranker, seen, target)}, given.rounds
    )
    ratio = taken["tidegate"].processor / taken["lightgbm"].processor
    for name, seconds in taken.items():
        print(f"{name:<10} {seconds.processor:7.2f} s of the processor   {seconds.wall:7.2f} s by the clock")
    print(f"{given.dates * given.assets:,} rows, {ranker.trees} trees: ratio {ratio:.2f}, the same trees: {same}")
    keep(
        "ranker",
        [
            {
                "rows": given.dates * given.assets, "dates": given.dates, "trees": ranker.trees, "same_trees": same,
                "lightgbm": lightgbm.__version__, "ratio": round(ratio, 3),
                **{f"{name}_processor_seconds": round(seconds.processor, 3) for name, seconds in taken.items()},
                **{f"{name}_wall_seconds": round(seconds.wall, 3) for name, seconds in taken.items()},
            }
        ],
    )  # fmt: skip
    return 0 if same and ratio <= PROMISE else 1


if __name__ == "__main__":
    sys.exit(main())
