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
HEADINGS = {
    "level": "The price itself forecast",
    "no-costs": "In and out of every bar",
    "searched": "The best of a hundred",
}
"""Of the page, where they are not the leaking study's title."""
BEYOND = {
    "level": "no leak: the rival beside it",
    "no-costs": "no leak: gross beside net",
    "searched": "no leak: the trial ledger",
}
"""What stands in the last column where no number of the future is used at all."""
Row = dict[str, Any]


def measured(keys: list[str]) -> list[Row]:
    """Both figures of these leaks in every world; of the best of a hundred too where it is asked for."""
    rows: list[Row] = [
        {"key": leak.key, "what": leak.what, "published": leak.published, "measure": leak.measure, "flattering": [],
         "honest": []} for leak in LEAKS if leak.key in keys
    ]  # fmt: skip
    for world in WORLDS:
        with tempfile.TemporaryDirectory() as out:
            made, found = declare(world=world), {}
            for row in rows:
                leak = _leak(row["key"])
                for side, (study, name) in (("flattering", leak.flattering), ("honest", leak.honest)):
                    if study not in found:
                        found[study] = tidegate.run(made.study(study), out=out, jobs=1).findings[study]
                    row[side].append(figure(found[study], name))
        print(f"world {world}", flush=True)
    if "searched" in keys:
        told = [searched(world) for world in WORLDS]
        rows.append(
            {"key": "searched", "what": "the best of a hundred tries, shown alone", "published": "all; public contests",
             "measure": "chance that its Sharpe ratio is above zero", "flattering": [once for once, _ in told],
             "honest": [often for _, often in told]}
        )  # fmt: skip
    return rows


def _leak(key: str) -> Leak:
    return next(leak for leak in LEAKS if leak.key == key)


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
        [f"[{row['what']}](#{_anchor(row['key'])})", row["published"], row["measure"], _told(row, "flattering"),
         _told(row, "honest"), _named(row)]
        for row in rows
    ]  # fmt: skip
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *lines))


def _anchor(key: str) -> str:
    """The heading of an entry, as viewers name it."""
    title = HEADINGS.get(key) or declare().study(_leak(key).flattering[0]).title.en
    return title.lower().replace("'", "").replace(" ", "-")


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
    every = [*(leak.key for leak in LEAKS), "searched"]
    keys = told[1:] if told[:1] == ["--only"] else every
    rows = last() if told == ["--table"] else measured(keys)
    if told != ["--table"]:
        for row in rows:
            if row["key"] != "searched":
                row.update(audited(_leak(row["key"])))
        anew = {row["key"]: row for row in rows}
        rows = rows if keys == every else [anew.get(row["key"], row) for row in last()]
        keep("leak_gallery", rows)
    print(f"<!-- measured: gallery -->\n{table(rows)}\n<!-- end -->")


if __name__ == "__main__":
    _main(sys.argv[1:])
