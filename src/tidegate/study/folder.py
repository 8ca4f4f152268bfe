"""The run folder: the truth about one run, readable without Tidegate.

    <out>/<name>/<8 hexadecimal digits>/   study.json  environment.json  data.json  stages.json  report.json
                                           report.html  figures/*.csv  records/  log.jsonl  timings.json
    <out>/stages/                          kept stages, shared by all runs (see `stages`)

The folder is named after the declaration's fingerprint, so the same study goes on in the same folder. `records/` holds
hard links (or copies) of the kept stages, so that a run folder can be moved away whole. Measured seconds and moments of
the clock live in `timings.json` and `log.jsonl` alone; everything else is the same for the same input.
"""

import json
import os
import platform
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tidegate import __version__
from tidegate.errors import KeptError, UnknownNameError
from tidegate.files import append_line, read_json, write_json
from tidegate.market.rulebook import rules_version
from tidegate.study.stages import Kept

__all__ = ["RunFolder", "environment", "find_run", "runs_below"]

_DIGITS = 4
"""Digits of a fingerprint that are enough to name a run."""
_PACKAGES = ("torch", "numpy", "polars", "numba", "scipy", "pydantic", "safetensors")


class RunFolder:
    """Writes into and reads from one run folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, what: str, **facts: Any) -> None:
        """Add a line to log.jsonl, with the clock's time."""
        line = json.dumps({"at": time.strftime("%Y-%m-%dT%H:%M:%S"), "what": what, **facts}, ensure_ascii=False)
        append_line(self.path / "log.jsonl", line)

    def keep(self, label: str, kept: Kept) -> None:
        """Link a kept stage's files into records/<label>/."""
        self.keep_below(label, kept, "")

    def keep_below(self, label: str, kept: Kept, part: str) -> None:
        """Link the files below one folder of a kept stage."""
        place = self.path / "records" / label
        for name in kept.files:
            if part and not name.startswith(f"{part}/"):
                continue
            target = place / name.removeprefix(f"{part}/")
            if (
                target.exists()
                and target.stat().st_size == (kept.folder / name).stat().st_size
                and target.samefile(kept.folder / name)
            ):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            try:
                os.link(kept.folder / name, target)
            except OSError:
                shutil.copyfile(kept.folder / name, target)

    def read(self, name: str) -> Any:
        """One of the folder's JSON files; raises `KeptError` with a hint where the run has not got that far."""
        if not (self.path / name).is_file():
            raise KeptError(
                f"{name} is not there",
                where=self.path,
                hint="the run has not finished; run the study again and it goes on",
            )
        return read_json(self.path / name)

    def write(self, name: str, content: Any) -> None:
        """Write a JSON file into the folder."""
        write_json(self.path / name, content)


def environment() -> dict[str, Any]:
    """Versions and machine facts that may change a number in its last digit, and the version of the dated rules."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "packages": {"tidegate": __version__, **{name: version(name) for name in _PACKAGES}},  # never stale metadata
        "rules": rules_version(),
    }


def runs_below(out: Path) -> list[Path]:
    """Run folders below `out`, newest first."""
    found = [path.parent for path in out.glob("*/*/study.json")]
    return sorted(found, key=lambda path: (path / "study.json").stat().st_mtime, reverse=True)


def find_run(named: str, out: Path, *, finished: bool = True) -> Path:
    """The run folder that `named` means: a path, a study's name (its newest run), or name/fingerprint digits.

    With `finished`, runs that have a report come before those that were stopped or failed, and only they are told as
    known where nothing has that name: `UnknownNameError`.
    """
    if (Path(named) / "study.json").is_file():
        return Path(named)
    runs = runs_below(out)
    if finished:
        runs.sort(key=lambda run: not (run / "report.json").is_file())
    for run in runs:
        label = f"{run.parent.name}/{run.name}"
        if named in {run.parent.name, label} or (len(named) >= _DIGITS and run.name.startswith(named)):
            return run
    told = [run for run in runs if not finished or (run / "report.json").is_file()]
    known = {name for run in told for name in (run.parent.name, f"{run.parent.name}/{run.name}")}
    idle = len(runs) - len(told)
    hint = f"{idle} more did not finish; run the study again and it goes on" if idle else ""
    raise UnknownNameError.among("run", named, known, where=out, hint=hint)
