"""What people see while they wait, and tables when it is done."""

import json as json_
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from tidegate.study.progress import Event, Tell

__all__ = ["EVERY", "cell", "progress", "say", "say_json", "say_rows", "table", "warn"]

EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""

_HUGE = 1e4
"""From a million per cent on, powers of ten are read more easily than digits, on the screen as on the page."""

_screen = Console(highlight=False)
if not _screen.is_terminal:
    _screen = Console(highlight=False, width=160)
_errors = Console(stderr=True, soft_wrap=True, highlight=False)


def say(text: str = "") -> None:
    """A line for people, to standard output."""
    _screen.print(text, markup=False, soft_wrap=True)


def say_json(value: Any) -> None:
    """A document for programs, to standard output."""
    _screen.file.write(json_.dumps(value, ensure_ascii=False, indent=1) + "\n")


def say_rows(text: str) -> None:
    """Rows for programs (CSV), to standard output as they are."""
    _screen.file.write(text)


def warn(text: str) -> None:
    """A line for people beside rows for programs, to standard error."""
    _errors.print(text, markup=False)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()) -> None:
    """A table for people."""
    drawn = Table(title=title, title_justify="left", header_style="bold", show_edge=False, pad_edge=False)
    for place, column in enumerate(columns):
        drawn.add_column(column, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(str(cell) for cell in row))
    _screen.print(drawn, markup=False)


def cell(value: object, style: str) -> str:
    """A report's cell as text for people: percents, intervals, English words; halves are rounded up, as on the page.

    >>> (
    ...     cell(12.5, "integer"),
    ...     cell({"value": 0.5, "low": 0.25, "high": 0.75}, "percent"),
    ...     cell({"value": None}, "number"),
    ... )
    ('13', '50.0% [25.0%, 75.0%]', '–')
    >>> cell(-49.955, "percent"), cell(1.01423e304, "percent")
    ('-4995.5%', '1.0e+306%')
    """
    if value is None:
        return "–"
    if isinstance(value, dict):
        if "en" in value:
            return str(value["en"])
        if value.get("value") is None:
            return "–"
        middle, low, high = (cell(value.get(part), style) for part in ("value", "low", "high"))
        return middle if value.get("low") is None else f"{middle} [{low}, {high}]"
    if isinstance(value, (int, float)):
        whole = f"{math.floor(value + 0.5)}"  # halves up, as on the page
        percents = f"{value:.1%}" if abs(value) < _HUGE else f"{100 * value:.1e}%"
        return {"percent": percents, "integer": whole, "number": f"{value:.2f}"}.get(style, f"{value:.4g}")
    return str(value)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Tell]:
    """A listener that draws running tasks with their loss and the time left; in a pipe or a file it writes lines."""
    if quiet or not _errors.is_terminal:
        yield _Lines() if not quiet else _nothing
        return
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=_errors,
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def tell(event: Event) -> None:
        if event.kind == "note":
            bars.console.print(event.note, markup=False)
            return
        if event.task not in tasks:
            tasks[event.task] = bars.add_task(event.task, total=event.total or None, note=event.note)
        bars.update(tasks[event.task], completed=event.done, total=event.total or None, note=event.note)
        if event.kind == "done":
            bars.remove_task(tasks.pop(event.task))

    with bars:
        yield tell


def _nothing(event: Event) -> None:
    pass


class _Lines:
    """Without a terminal: every note, and every so many seconds a line that says what is being done."""

    def __init__(self) -> None:
        self.began = self.told = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Hear an event."""
        now = time.monotonic()
        if event.kind == "note":
            _errors.print(event.note, markup=False)
        elif event.kind != "done" and now - self.told >= EVERY:
            self.told = now
            place = f": {event.done} of {event.total}" if event.total else ""
            note = f", {event.note}" if event.note else ""
            _errors.print(f"{now - self.began:.0f} s: {event.task}{place}{note}", markup=False)
