"""`tidegate doctor`: whether this installation can do its work, and what it would need."""

import os
import platform
import shutil
from pathlib import Path
from typing import NamedTuple

import typer

from tidegate.cli.screen import say_json, table
from tidegate.errors import TidegateError

__all__ = ["Finding", "examine"]


class Finding(NamedTuple):
    """One thing looked at."""

    what: str
    found: str
    good: bool
    advice: str = ""


def examine(out: str, *, json: bool) -> None:
    """Look at everything, print it, and leave with exit code 1 where something must be mended."""
    findings = [_python(), *_packages(), _cores(), _disk(Path(out)), _samples(), _store(), _browser()]
    if json:
        say_json([finding._asdict() for finding in findings])
    else:
        rows = [("ok" if f.good else "mend", f.what, f.found, f.advice) for f in findings]
        table("Doctor", ("", "what", "found", "advice"), rows)
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


def _python() -> Finding:
    return Finding("Python", platform.python_version(), good=True)


def _packages() -> list[Finding]:
    from tidegate.study.folder import environment

    packages = environment()["packages"]
    return [Finding("packages", ", ".join(f"{name} {number}" for name, number in packages.items()), good=True)]


def _cores() -> Finding:
    import torch

    device = f"{torch.cuda.device_count()} GPU" if torch.cuda.is_available() else "no GPU (networks run on the CPU)"
    return Finding("compute", f"{os.cpu_count()} cores, {device}", good=True)


def _disk(out: Path) -> Finding:
    place = out if out.exists() else Path()
    free = shutil.disk_usage(place).free / 1e9
    return Finding(
        "disk",
        f"{free:.1f} GB free at {place.resolve().name or '/'}",
        free > 1.0,
        "" if free > 1.0 else "free at least 1 GB",
    )


def _samples() -> Finding:
    from tidegate.data.samples import Sample

    try:
        bars = Sample(dataset="nasdaq").bars()
    except TidegateError as error:
        return Finding("samples", str(error), good=False, advice="install the package again")
    return Finding("samples", f"{bars.spec.title}: {bars.frame.height} bars", good=True)


def _store() -> Finding:
    from tidegate.data.store import Store

    store = Store.default()
    bad = []
    for name in store.list():
        try:
            store.verify(name)
        except TidegateError as error:
            bad.append(f"{name}: {error}")
    names = ", ".join(store.list()) or "empty"
    return Finding(
        "store",
        "; ".join(bad) or names,
        not bad,
        "import the dataset again" if bad else "`tidegate data import FILE` fills it",
    )


def _browser() -> Finding:
    found = next(
        (name for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if shutil.which(name)), None
    )
    return Finding(
        "browser", found or "none found", good=True, advice="" if found else "only `tidegate figures` needs one"
    )
