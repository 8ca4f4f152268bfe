"""`tidegate factors`: judge the factors of a study or of a named set, and say where the page lies."""

import json as json_
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import typer

from tidegate.cli.screen import cell, progress, say, say_json, table
from tidegate.errors import SettingError
from tidegate.study.values import assignment

__all__ = ["judge_factors"]

_LINES = 30
_SHOWN = ("factor", "style", "coverage", "rank_ic", "t", "p", "passes", "spread", "stability")


def judge_factors(
    named: str,
    data: str | None,
    cadence: str | None,
    sets: Sequence[str],
    steps: Sequence[str],
    horizons: int,
    groups: int,
    until: str | None,
    out: str,
    *,
    train_only: bool,
    json: bool,
) -> None:
    """Judge, with progress; Ctrl-C writes nothing."""
    from tidegate.prepare.date_step import DateStep
    from tidegate.study.factor_report import Cadence, requested, write_factor_report

    if cadence not in {None, "bars", "months"}:
        raise SettingError("rows are bars or months", where="--cadence", found=cadence, expected="bars or months")
    request = requested(
        named,
        data=data,
        cadence=cast("Cadence | None", cadence),
        train_only=train_only,
        until=None if until is None else _day(until),
        steps=[DateStep.of(_document(text)) for text in steps] if steps else None,
        settings=_nested(named, sets),
        spans=tuple(range(1, horizons + 1)),
        groups=groups,
    )
    try:
        with progress(quiet=json) as tell:
            made = write_factor_report(request, Path(out), tell)
    except KeyboardInterrupt:
        say("\nStopped: nothing was written.")
        raise typer.Exit(130) from None
    held = made.report.tables[0]
    if json:
        say_json({"page": str(made.page), "factors": list(held.rows)})
        return
    columns = [column for column in held.columns if column.key in _SHOWN]
    ranked = sorted(held.rows, key=lambda row: (row["p"] is None, row["p"] or 0.0))
    rows = [[_cell(row.get(column.key), column.key, column.style) for column in columns] for row in ranked[:_LINES]]
    table("Factors, the least likely by chance first", [column.title.en for column in columns], rows,
          right=range(2, len(columns)))  # fmt: skip
    if len(ranked) > _LINES:
        say(f"… and {len(ranked) - _LINES} more: --json, or the page")
    say()
    say(made.report.lead.en)
    for stamp in made.report.stamps:
        say(f"Note: {stamp.en}")
    say(f"Report: {made.page}")


def _cell(value: object, key: str, style: str) -> str:
    """As `cell`, with the digits that an IC needs."""
    digits = {"rank_ic": ".3f", "p": ".4f", "spread": ".2%"}.get(key)
    if digits is None or value is None:
        return cell(value, style)
    if not isinstance(value, dict):
        return format(value, digits)
    if value["value"] is None or value["low"] is None:
        return cell(value, style)
    return f"{value['value']:{digits}} [{value['low']:{digits}}, {value['high']:{digits}}]"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingError("a day is written 2015-06-12", where="--until", found=text) from None


def _document(text: str) -> dict[str, Any]:
    """A step's name, or its document as JSON."""
    if not text.lstrip().startswith("{"):
        return {"name": text}
    try:
        made = json_.loads(text)
    except ValueError as error:
        raise SettingError("a step is a name or a JSON document", where="--step", found=text, hint=str(error)) from None
    return dict(made)


def _nested(named: str, sets: Sequence[str]) -> dict[str, Any]:
    """Settings of a study by dotted path, or of a set with one level below: ``formulas.mom=...``."""
    from tidegate.catalog import studies

    pairs = [assignment(text) for text in sets]
    if named in studies() or Path(named).is_file():
        return dict(pairs)
    made: dict[str, Any] = {}
    for path, value in pairs:
        first, dot, rest = path.partition(".")
        if dot:
            made.setdefault(first, {})[rest] = value
        else:
            made[first] = value
    return made
