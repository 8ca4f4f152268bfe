"""A suite of planted leaks and clean look-alikes: what each test finds by itself, and what it cries at for nothing.

    python benchmarks/leak_suite.py                     the whole suite (needs pandas): minutes; prints and keeps
    python benchmarks/leak_suite.py --functions         without studies; nothing is kept
    python benchmarks/leak_suite.py --only NAME ...     some cases, in full words; nothing is kept
    python benchmarks/leak_suite.py --tables            the tables of docs/leaks.md from the last record

Written against the documentation of the audit, not against its code.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from leaks import features, labels, preprocessing, splits, trade, training, world
from leaks.case import ASKED, Case, answer, planted
from leaks.studies import STUDIES, Planted, audited, found
from parts.record import keep
from tidegate.testing import check_causal

__all__ = [
    "FUNCTIONS",
    "as_it_should",
    "ask_function",
    "ask_study",
    "last",
    "misses",
    "of_functions",
    "of_studies",
    "summary",
]

FUNCTIONS = planted(features, preprocessing, labels, splits, training, world, trade)
ROOMS = (
    "features", "preprocessing", "labels", "splits", "training", "selection", "universe", "adjustment", "execution",
    "reporting",
)  # fmt: skip
TESTS = ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L10", "L11")
HISTORY = Path(__file__).parent / "history" / "leak_suite.jsonl"
Row = dict[str, Any]


def ask_function(case: Case) -> Row:
    """One function, through the question of its kind, and through cutting off alone."""
    told = answer(case)
    by = [case.kind] if told.caught else []
    if case.kind in ("rows", "open"):
        known = "open" if case.kind == "open" else "close"
        if not check_causal(case.fn, case.data(), known=known, scrambles=0):  # type: ignore[arg-type]
            by.append("cut")
    outcome = "found" if told.caught else "nothing" if told.ran else "refused"
    return _row(case, case.kind, outcome, by, told.said)


def ask_study(case: Planted, out: Path) -> Row:
    """One study, through the default set of the audit."""
    said, first = audited(case, out)
    heard = {"failed", "warned"}
    return _row(case, "study", found(said), [test for test in TESTS if said.get(test) in heard], first)


def _row(case: Case | Planted, kind: str, outcome: str, by: list[str], said: str) -> Row:
    return {"name": case.name, "room": case.room, "leak": case.leak, "kind": kind, "limit": case.limit,
            "who": case.who, "outcome": outcome, "by": by, "said": said[:300]}  # fmt: skip


def as_it_should(row: Row) -> bool:
    """Whether a leak was found or refused, or a look-alike left alone."""
    return (row["outcome"] in ("found", "refused")) == row["leak"]


def _table(head: list[str], lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *lines))


def _share(rows: list[Row], by: str) -> str:
    return f"{sum(by in row['by'] for row in rows)} / {len(rows)}" if rows else "–"


def of_functions(rows: list[Row]) -> str:
    """Functions: a line a room, a column a question, leaks found of leaks asked; then false alarms."""
    asked = [row for row in rows if row["kind"] != "study"]
    head = ["room", "check_causal", "cutting off alone", *list(ASKED.values())[1:], "false alarms"]
    lines = []
    for room in (*ROOMS, ""):
        own = [row for row in asked if room in ("", row["room"])]
        leaks, fair = [r for r in own if r["leak"]], [r for r in own if not r["leak"]]
        cells = {kind: _share([r for r in leaks if r["kind"] == kind], kind) for kind in ASKED}
        cut = _share([r for r in leaks if r["kind"] in ("rows", "open")], "cut")
        alarms = f"{sum(r['outcome'] == 'found' for r in fair)} / {len(fair)}"
        lines.append([room or "all", cells["rows"], cut, *list(cells.values())[1:], alarms])
    return _table(head, lines)


def of_studies(rows: list[Row]) -> str:
    """Studies: a line a room, a column a test of the audit, leaks that it found by itself; then all together."""
    asked = [row for row in rows if row["kind"] == "study"]
    head = ["room", "leaks", *TESTS, "found", "refused", "warned", "missed", "false alarms"]
    lines = []
    for room in (*ROOMS, ""):
        own = [row for row in asked if room in ("", row["room"])]
        leaks, fair = [r for r in own if r["leak"]], [r for r in own if not r["leak"]]
        if not own:
            continue
        by = [str(sum(test in r["by"] for r in leaks) or "") for test in TESTS]
        came = [
            str(sum(r["outcome"] == what for r in leaks) or "") for what in ("found", "refused", "warned", "nothing")
        ]
        alarms = f"{sum(r['outcome'] in ('found', 'warned') for r in fair)} / {len(fair)}"
        lines.append([room or "all", str(len(leaks)), *by, *came, alarms])
    return _table(head, lines)


def misses(rows: list[Row]) -> str:
    """What was not found, what was refused or warned of only, and what was cried at for nothing."""
    wrong = [row for row in rows if not as_it_should(row) or row["outcome"] == "refused"]
    told = {"nothing": "missed", "refused": "refused", "warned": "warned", "found": "false alarm"}
    lines = [[r["name"].replace("_", " "), r["room"], told[r["outcome"]], r["who"], r["limit"] or "–"] for r in wrong]
    return _table(["case", "room", "verdict", "what it is", "why none can find it"], lines)


def summary(rows: list[Row]) -> str:
    """Say in a sentence what came of all cases."""
    leaks, fair = [r for r in rows if r["leak"]], [r for r in rows if not r["leak"]]
    by = {what: sum(r["outcome"] == what for r in leaks) for what in ("found", "refused", "warned", "nothing")}
    alarms = sum(r["outcome"] in ("found", "warned") for r in fair)
    return (
        f"Of {len(leaks)} planted leaks {by['found']} were found, {by['refused']} refused, {by['warned']} warned of "
        f"and {by['nothing']} missed; of {len(fair)} look-alikes {alarms} gave a false alarm."
    )


def last() -> list[Row]:
    """Rows of the last record."""
    return list(json.loads(HISTORY.read_text(encoding="utf-8").splitlines()[-1])["rows"])


def _main(told: list[str]) -> None:
    if told[:1] == ["--tables"]:
        print(_all(last()))
        return
    names = told[1:] if told[:1] == ["--only"] else []
    rows = []
    for case in FUNCTIONS:
        if not names or case.name in names:
            rows.append(ask_function(case))
            _tell(rows[-1], full=bool(names))
    with tempfile.TemporaryDirectory() as folder:
        for study in STUDIES:
            if told[:1] != ["--functions"] and (not names or study.name in names):
                rows.append(ask_study(study, Path(folder)))
                _tell(rows[-1], full=bool(names))
    if not names:
        print(_all(rows))
    if not told:
        keep("leak_suite", rows)


def _tell(row: Row, *, full: bool) -> None:
    sign = "as it should" if as_it_should(row) else "NOT AS IT SHOULD"
    print(f"{row['room']:<14} {row['name']:<40} {'leak' if row['leak'] else 'clean':<6} {row['outcome']:<8} {sign}",
          row["said"] if full else "", flush=True)  # fmt: skip


def _all(rows: list[Row]) -> str:
    parts = {
        "summary": summary(rows),
        "functions": of_functions(rows),
        "studies": of_studies(rows),
        "misses": misses(rows),
    }
    return "\n\n".join(f"<!-- measured: {name} -->\n{table}\n<!-- end -->" for name, table in parts.items())


if __name__ == "__main__":
    _main(sys.argv[1:])
