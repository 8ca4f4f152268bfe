"""The gallery of leaks, measured: what each flatters by, over several worlds, and which tests of the audit name it.

python benchmarks/leak_gallery.py              five worlds and every audit: minutes; prints the table and keeps it
python benchmarks/leak_gallery.py --table      the table of docs/leaks/gallery.md from the last record
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import tidegate
from parts.record import keep
from tidegate_studies.leak_gallery import LEAKS, Leak, declare, figure, searched

__all__ = ["last", "table"]

WORLDS = (1, 2, 3, 4, 5)
HISTORY = Path(__file__).parent / "history" / "leak_gallery.jsonl"
BEYOND = {
    "level": "no leak: the rival beside it",
    "no-costs": "no leak: gross beside net",
    "searched": "no leak: the trial ledger",
}
"""What stands in the last column where no number of the future is used at all."""
Row = dict[str, Any]


def measured() -> list[Row]:
    """Both figures of every leak in every world, and of the best of a hundred."""
    rows: list[Row] = [
        {"key": leak.key, "what": leak.what, "published": leak.published, "measure": leak.measure, "flattering": [],
         "honest": []} for leak in LEAKS
    ]  # fmt: skip
    rows.append(
        {"key": "searched", "what": "the best of a hundred tries, shown alone", "published": "all; public contests",
         "measure": "chance that its Sharpe ratio is above zero", "flattering": [], "honest": []}
    )  # fmt: skip
    for world in WORLDS:
        with tempfile.TemporaryDirectory() as out:
            found = tidegate.run(declare(world=world), out=out, jobs=1).findings
            for row, leak in zip(rows, LEAKS, strict=False):
                for side, (study, name) in (("flattering", leak.flattering), ("honest", leak.honest)):
                    row[side].append(figure(found[study], name))
        for side, value in zip(("flattering", "honest"), searched(world), strict=True):
            rows[-1][side].append(value)
        print(f"world {world}", flush=True)
    return rows


def audited(leak: Leak) -> dict[str, list[str]]:
    """Which tests of the default set fail or warn, of the leaking study and of the honest one."""
    said: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as out:
        for side, (name, _) in (("leaking", leak.flattering), ("honest", leak.honest)):
            verdicts = tidegate.audit(declare(), studies=[name], out=out)[name].verdicts
            said[f"{side} failed"] = [verdict.test for verdict in verdicts if verdict.status == "failed"]
            said[f"{side} warned"] = [verdict.test for verdict in verdicts if verdict.status == "warned"]
            print(leak.key, side, [(verdict.test, verdict.status) for verdict in verdicts], flush=True)
    return said


def table(rows: list[Row]) -> str:
    """The table of the page."""
    head = ["what", "published in", "figure", "flattering", "honest", "named by"]
    lines = [
        [f"[{row['what']}](#{row['key']})", row["published"], row["measure"], _told(row, "flattering"),
         _told(row, "honest"), _named(row)]
        for row in rows
    ]  # fmt: skip
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *lines))


def _told(row: Row, side: str) -> str:
    value = statistics.median(row[side])
    if row["measure"].startswith("RMSE"):
        return f"{value:.0f}"
    return f"{value:.3f}" if "IC" in row["measure"] or "R²" in row["measure"] else f"{value:.1%}".replace("%", " %")


def _named(row: Row) -> str:
    if row["key"] in BEYOND:
        return BEYOND[row["key"]]
    failed, warned = row["leaking failed"], [test for test in row["leaking warned"] if test != "L11"]
    told = [*failed, *(f"{test} warns" for test in warned)]
    return ", ".join(told) if told else "its own words (L11)"


def last() -> list[Row]:
    """Rows of the last record."""
    return list(json.loads(HISTORY.read_text(encoding="utf-8").splitlines()[-1])["rows"])


def _main(told: list[str]) -> None:
    rows = last() if told == ["--table"] else measured()
    if told != ["--table"]:
        for row, leak in zip(rows, LEAKS, strict=False):
            row.update(audited(leak))
        keep("leak_gallery", rows)
    print(f"<!-- measured: gallery -->\n{table(rows)}\n<!-- end -->")


if __name__ == "__main__":
    _main(sys.argv[1:])
