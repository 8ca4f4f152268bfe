"""Computed limits against what happened, and reference prices against returns, on a stored panel of A shares.

    python benchmarks/panel_limits.py DATASET          # a dataset of the store, imported with --as stock-panel

Prints the tables of docs/a-share-panel.md.
"""

import sys

import numpy as np
import polars as pl

from tidegate.data.limit_audit import CLASSES, audit_limits, audit_references
from tidegate.data.store import Store


def told(table: pl.DataFrame) -> None:
    print("| " + " | ".join(table.columns) + " |")
    print("|" + "---|" * len(table.columns))
    for row in table.iter_rows():
        print("| " + " | ".join("" if value is None else str(value) for value in row) + " |")
    print()


def main(dataset: str) -> None:
    store = Store.default()
    bars, instruments = store.read(dataset), store.instruments(dataset)
    print(
        f"{bars.spec.title}: {bars.frame.height} bars, {len(bars.assets)} shares, {bars.times[0]} … {bars.times[-1]}\n"
    )
    limits = audit_limits(bars, instruments)
    counts = dict(limits.breaches["class"].value_counts().iter_rows())
    print(f"{limits.bars} bars with computed limits; {limits.breaches.height} breaches")
    print(f"{limits.at_upper} highs exactly on the upper limit, {limits.at_lower} lows exactly on the lower one\n")
    told(
        pl.DataFrame(
            {
                "class": list(CLASSES),
                "rule": list(CLASSES.values()),
                "breaches": [counts.get(name, 0) for name in CLASSES],
            }
        )
    )
    told(limits.by_year())
    rest = limits.breaches.filter(
        pl.col("class").is_in(["unexplained", "warning", "resumption", "new shares", "float"])
    )
    told(
        rest.select("class", "session", "asset", "percent", "preclose", "high", "upper", "low", "lower", "halted").sort(
            "class", "session"
        )
    )
    first_days(bars, instruments)
    references = audit_references(bars)
    print(f"{references.returns} returns; the worst distance from close / preclose - 1 is {references.worst:.2g}")
    print(f"{references.ex_days.height} ex-days\n")
    told(references.by_year())


def first_days(bars, instruments) -> None:
    """First sessions against +44 % and -36 % of the issue price, where and while that rule held."""
    listed = instruments.days("listed", bars.assets)
    first = bars.frame[bars.offsets[:-1].tolist()].with_columns(listed=pl.Series(listed))
    shanghai, star = (pl.col("asset").str.contains(text) for text in (r"\.SH$", r"^688"))
    since = pl.when(shanghai).then(pl.date(2013, 12, 13)).otherwise(pl.date(2014, 6, 13))
    ours = first.filter((pl.col("session") == pl.col("listed")) & (pl.col("session") >= since) & ~star)
    high, low = (np.rint(ours[name].to_numpy() * 100).astype(int) for name in ("high", "low"))
    price = np.rint(ours["preclose"].to_numpy() * 100).astype(int)
    up, down = (2 * price * 144 + 100) // 200, (2 * price * 64 + 100) // 200
    print(
        f"{ours.height} first sessions under +44 % / -36 %: {int((high == up).sum())} highs exactly at the upper limit"
    )
    told(ours.filter(pl.Series((high > up) | (low < down))).select("asset", "session", "preclose", "high", "low"))


if __name__ == "__main__":
    main(sys.argv[1])
