"""`tidegate trials`: what this project has tried so far, by question, and whether its ledger is as it was written."""

from collections.abc import Sequence
from pathlib import Path

from tidegate.cli.screen import say, say_json, table

__all__ = ["list_trials"]

_SHORT = 8
_SHOWN = 4
"""Runs or settings that are named; more are counted."""


def list_trials(out: str, *, every: bool, json: bool) -> None:
    """List and verify; a broken chain is an error (exit code 2)."""
    from tidegate.study.kept_variants import differing, kept_variants, unlisted_runs
    from tidegate.study.trial_ledger import TrialLedger

    ledger = TrialLedger(Path(out))
    lines = ledger.lines()
    questions = list(dict.fromkeys(line["question"] for line in lines))
    counted = [ledger.count(question) for question in questions]
    absent = unlisted_runs(Path(out), lines)
    differs = differing(lines, kept_variants(Path(out))) if every else {}
    if json:
        document = {"lines": list(lines), "questions": [one._asdict() for one in counted], "intact": True}
        say_json({**document, "unlisted": [str(run) for run in absent], **({"differs": differs} if every else {})})
        return
    if not lines:
        say("The trial ledger is empty." if absent else f"No trial has been run below {out}.")
        _say_absent(absent, out)
        return
    titles = {line["question"]: line["title"] for line in lines}
    rows = [
        [titles[one.question], one.question[:_SHORT], one.trials, one.variants, one.fits, one.rivals] for one in counted
    ]
    columns = ["data", "question", "trials", "variants", "fits", "rivals' fits"]
    table("Tried so far", columns, rows, right=(2, 3, 4, 5))
    if every:
        told = [
            [
                line["number"],
                line["at"],
                line["study"],
                line["member"],
                line["role"],
                line["variant"][:_SHORT],
                line["fit"][:_SHORT],
                _short(differs[line["variant"]]),
            ]
            for line in lines
        ]
        columns = ["number", "begun", "study", "member", "role", "variant", "fit", "differs from its question's first"]
        table("Every trial", columns, told, right=(0,))
    say(f"{len(lines)} lines, unbroken from the first to the last: {ledger.path}")
    _say_absent(absent, out)


def _say_absent(absent: Sequence[Path], out: str) -> None:
    """Say how many runs the ledger does not know, and which."""
    if not absent:
        return
    named = ", ".join(f"{run.parent.name}/{run.name}" for run in absent[:_SHOWN])
    rest = f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else ""
    runs = "1 run in this folder is" if len(absent) == 1 else f"{len(absent)} runs in this folder are"
    say(f"{runs} not in the ledger: {named}{rest}. It was begun anew, or they were put into {out}: more was tried.")


def _short(differs: Sequence[str] | None) -> str:
    """What differs, in one cell; – where nothing does, ? where no run folder tells it any more."""
    if differs is None:
        return "? (its run folder is gone)"
    rest = [f"{len(differs) - _SHOWN} more"] if len(differs) > _SHOWN else []
    return ", ".join([*differs[:_SHOWN], *rest]) or "–"
