"""`tidegate trials`: what this project has tried so far, by question, and whether its ledger is as it was written."""

from pathlib import Path

from tidegate.cli.screen import say, say_json, table

__all__ = ["list_trials"]

_SHORT = 8


def list_trials(out: str, *, every: bool, json: bool) -> None:
    """List and verify; a broken chain is an error (exit code 2)."""
    from tidegate.study.trial_ledger import TrialLedger

    ledger = TrialLedger(Path(out))
    lines = ledger.lines()
    questions = list(dict.fromkeys(line["question"] for line in lines))
    counted = [ledger.count(question) for question in questions]
    if json:
        say_json({"lines": list(lines), "questions": [one._asdict() for one in counted], "intact": True})
        return
    if not lines:
        say(f"No trial has been run below {out}.")
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
            ]
            for line in lines
        ]
        table("Every trial", ["number", "begun", "study", "member", "role", "variant", "fit"], told, right=(0,))
    say(f"{len(lines)} lines, unbroken from the first to the last: {ledger.path}")
