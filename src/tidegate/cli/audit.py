"""`tidegate audit`: put a study to the leak tests, and say what was found, where, and what was not tried."""

from collections.abc import Sequence

import typer

from tidegate.cli.screen import progress, say, say_json, table
from tidegate.study.values import assignment

__all__ = ["run_audit"]

_MARKS = {
    "passed": "passed",
    "failed": "FAILED",
    "warned": "warning",
    "not tested": "not tested",
    "could not run": "COULD NOT RUN",
}


def run_audit(
    named: str,
    data: str | None,
    sets: Sequence[str],
    *,
    quick: bool,
    full: bool,
    only: str | None,
    studies: Sequence[str],
    cuts: int,
    seed: int,
    out: str,
    json: bool,
) -> None:
    """Audit and exit: 0 nothing found, 3 a leak found, 2 a test could not run."""
    from tidegate.auditing.audit import audit

    with progress(quiet=json) as tell:
        found = audit(
            named,
            data=data,
            settings=dict(assignment(text) for text in sets),
            quick=quick,
            full=full,
            only=None if only is None else only.split(","),
            studies=list(studies) or None,
            cuts=cuts,
            seed=seed,
            out=out,
            tell=tell,
        )
    if json:
        told = {name: held.kept() for name, held in found.items()}
        say_json({"folder": str(found.folder), "code": found.code, "studies": told})
        raise typer.Exit(found.code)
    for name, held in found.items():
        say()
        rows = [
            [v.test, v.title.en, _MARKS[v.status], v.cuts or "–", "partial" if v.partial else "", f"{v.seconds:.1f}"]
            for v in held.verdicts
        ]
        columns = ["test", "", "verdict", "cuts", "", "seconds"]
        table(f"{held.title.en} ({name})", columns, rows, right=(3, 5))
        for verdict in held.verdicts:
            say(
                f"{verdict.test} {_MARKS[verdict.status]}: {verdict.words.en}{f' ({verdict.on.en})' if verdict.on.en else ''}"
            )
            for change in verdict.path if verdict.status in {"failed", "warned"} else ():
                more = f" ({change.count:,} numbers)" if change.count > 1 else ""
                say(f"    {change}{more}")
            if verdict.hint and verdict.status in {"failed", "warned"}:
                say(f"    Hint: {verdict.hint}")
        again = {verdict.test: verdict for verdict in held.verdicts}
        stands = [v for v in found.standing[name].verdicts if v.status == "failed" and again.get(v.test) != v]
        if stands:
            said = ", ".join(f"{v.test} {v.title.en}" for v in stands)
            say(f"An earlier audit of the same code FAILED, which stands in the report: {said}.")
        say(f"{name}: {held.status}, {held.seconds:.0f} s. A pass refutes nothing but the cuts it tried.")
    say(f"Kept: {found.folder / 'audit.json'}")
    raise typer.Exit(found.code)
