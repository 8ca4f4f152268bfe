"""`tidegate run`: declare, run, and say what came out and where it lies."""

import os
from collections.abc import Sequence
from pathlib import Path

import typer

from tidegate.cli.screen import cell, progress, say, say_json, table
from tidegate.errors import SettingError
from tidegate.study.values import assignment, seeds_from

__all__ = ["run_study"]


def run_study(
    named: str,
    data: str | None,
    sets: Sequence[str],
    seeds: str | None,
    *,
    quick: bool,
    resume: bool,
    jobs: int | None,
    out: str,
    json: bool,
) -> None:
    """Run, with progress; Ctrl-C keeps what was computed."""
    from tidegate.study.api import declare
    from tidegate.study.resume import resumed
    from tidegate.study.run import run_reproduction

    if resume:
        if data or sets or seeds or quick:
            raise SettingError(
                "a resumed run keeps its own settings",
                hint="leave out --data, --set, --seeds and --quick, or drop --resume",
            )
        made = resumed(named, Path(out))
    else:
        made = declare(
            named,
            data=data,
            settings=dict(assignment(text) for text in sets),
            seeds=seeds_from(seeds) if seeds else None,
            quick=quick,
        )
    try:
        with progress(quiet=json) as tell:
            ran = run_reproduction(made, Path(out), jobs=jobs or os.cpu_count() or 1, tell=tell)
    except KeyboardInterrupt:
        say("\nStopped. What was computed is kept: run the same command again and it goes on from there.")
        raise typer.Exit(130) from None
    if json:
        told = {"computed": ran.computed, "reused": ran.reused, "audit": ran.report.provenance.get("audit", {})}
        say_json({"folder": str(ran.folder), "report": str(ran.page), **told})
        return
    for held in ran.report.tables:
        if held.key.startswith("results-"):
            say()
            columns = [column for column in held.columns if column.key in _SHOWN]
            rows = [[cell(row.get(column.key), column.style) for column in columns] for row in held.rows]
            table(held.title.en, [column.title.en for column in columns], rows, right=range(1, len(columns)))
    say()
    say(ran.report.lead.en)
    for stamp in ran.report.stamps:
        say(f"Note: {stamp.en}")
    say(f"{ran.computed} stages computed, {ran.reused} reused, {ran.seconds:.0f} s")
    say(f"Report: {ran.page}")


_SHOWN = (
    "who",
    "total_return_before_costs",
    "total_return_before_fees",
    "total_return",
    "sharpe",
    "max_drawdown",
    "trades",
    "total_return_percentile",
)
