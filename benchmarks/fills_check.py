"""Whether a book's fills could have been had: its ledger held against a vendor's raw files, by arithmetic of its own.

    python benchmarks/fills_check.py PANEL RUN
    python benchmarks/fills_check.py PANEL RUN --study published --study walk --list breaches.csv

`PANEL` is the vendor's folder (``daily/*.parquet`` in whole cents, ``instruments.parquet``), `RUN` a finished run's
folder of a study of A shares. Neither the market loop nor the exchange nor anything else of Tidegate is imported: what
is allowed is computed from the raw rows anew. Each rule is told with how often it was looked at and how often broken;
the script ends with 1 where a rule is broken. Rules:

suspended   a fill where the raw files have no row                    lifetime  before the listing, or after its end
limit       a purchase at the upper limit, a sale at the lower        price     not the raw open or close, and slippage
volume      more than the share of volume: at an open of the bar      lots      not a lot of 100 (STAR: 200 and more),
            before, at a close of the bar's own                                 nor all that is left
settled     sold more than was held at the close before (T+1)         fees      not the commission and duty of the day
action      shares or cash of an ex-day not as raw prices say         cash      not what fills and actions leave
equity      not cash and shares at raw closes                         age       sold sooner than the declared days
cap         a purchase that lifts a name above its part of equity     spend     more ordered than the part of equity
names       more purchases in a day than names
"""

import argparse
import json
import sys
from pathlib import Path
from typing import NamedTuple

import polars as pl

from parts.raw_market import Raw, read_raw
from parts.replay import Checked, Rules, check

TABLES = ("orders", "fills", "book", "actions")


class Book(NamedTuple):
    """Where a ledger lies and the rules that it was declared with."""

    study: str
    market: str
    member: str
    folder: Path
    rules: Rules


def books_of(run: Path, wanted) -> list[Book]:
    """Every ledger of a run whose strategy, under whatever wraps it, is rank-and-hold."""
    made = []
    for study in json.loads((run / "study.json").read_text(encoding="utf-8"))["studies"]:
        held = study.get("strategy") or {}
        wrapped = "inner" in held
        while "inner" in held:
            held = held["inner"]
        if held.get("name") != "rank-and-hold" or (wanted and study["name"] not in wanted):
            continue
        for market in study["markets"]:
            ledgers = run / "records" / study["name"] / "ledger" / market["name"]
            inner = market
            while "inner" in inner:
                inner = inner["inner"]
            rules = Rules(
                names=held["names"],
                days=held["days"],
                at_least=None if wrapped else held["holding"] == "at least",
                cap=held["cap"],
                spend=held["spend"],
                participation=study["execution"]["participation"],
                commission=inner["commission"],
                minimum=inner["minimum_commission_yuan"],
                slippage=inner["slippage_ticks"],
            )
            members = sorted(ledgers.iterdir()) if ledgers.is_dir() else []
            made += [
                Book(study["name"], market["name"], folder.name, folder, rules)
                for folder in members
                if not folder.name.startswith("equal-weight")
            ]
    return made


def ledger_at(folder: Path) -> dict[str, pl.DataFrame]:
    """Orders, fills, book and actions of a ledger as they lie there."""
    return {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLES}


def told(book: Book, found: Checked) -> str:
    """One book in two lines: what was looked at and broken, and what it did."""
    broken = ", ".join(f"{rule} {count} of {found.looked[rule]}" for rule, count in found.broken.items() if count)
    facts, asked = found.facts, sum(count > 0 for count in found.looked.values())
    return (
        f"{book.study} · {book.market} · {book.member}: {facts['fills']:,} fills; "
        + (f"BROKEN: {broken}" if broken else f"{asked} rules looked at, none broken")
        + f"\n    held {facts['shortest']} … {facts['longest']} sessions, {facts['mean_held']:.2f} on average; "
        f"largest weight {facts['largest']:.1%}, above the cap on {facts['above_cap']} closes; most spent "
        f"{facts['most_spent']:.2f} of a day's part; beyond the share of the day's own volume {facts['beyond_own']}; "
        f"no limit held {facts['lifted']}; listed as suspended by a second vendor {facts['disputed']}"
    )


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("panel", type=Path, help="the vendor's folder")
    asked.add_argument("run", type=Path, help="a finished run folder")
    asked.add_argument("--study", action="append", default=[], help="only this study; may be repeated")
    asked.add_argument("--member", action="append", default=[], help="only this member; may be repeated")
    asked.add_argument("--list", type=Path, help="write every breach to this CSV file")
    given = asked.parse_args()
    books = [one for one in books_of(given.run, given.study) if not given.member or one.member in given.member]
    if not books:
        print("no book of rank-and-hold there")
        return 2
    raw: Raw | None = None
    listed, clean = [], True
    for book in books:
        ledger = ledger_at(book.folder)
        if raw is None:
            raw = read_raw(given.panel)
        found = check(raw, ledger, book.rules)
        clean &= not any(found.broken.values())
        names = {"study": book.study, "market": book.market, "member": book.member}
        listed.append(found.breaches.with_columns(pl.lit(value).alias(name) for name, value in names.items()))
        print(told(book, found), flush=True)
    if given.list:
        pl.concat(listed).write_csv(given.list)
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
