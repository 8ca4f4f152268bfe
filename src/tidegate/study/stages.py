"""Stages: what has been computed once is kept under the hash of everything it was computed from.

    <root>/<stage>/<key>/           the kept files and stage.json (inputs in words, SHA-256 of each file)
    <root>/<stage>/<key>.work/      a stage under construction; a killed fit goes on from the checkpoints in it
    <root>/<stage>/<key>.lock       held while building; the system frees it when the process ends

A stage appears by one rename, whole or not at all. The key is the fingerprint of the stage's inputs: documents of the
components it uses, the keys of the stages before it, and the version of the code it goes through. Nothing in it depends
on the clock, so a stage that is there is right.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegate.component import document, fingerprint
from tidegate.errors import IntegrityError
from tidegate.files import digest_file, held, read_json, sweep, sync_folder, write_json

__all__ = ["Kept", "Stages"]

_CARD = "stage.json"


@dataclass(frozen=True)
class Kept:
    """A finished stage: its name, its key, its folder, the hashes of its files, and whether it was there already."""

    stage: str
    key: str
    folder: Path
    files: dict[str, str]
    reused: bool


class Stages:
    """The kept stages below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def key(self, inputs: dict[str, Any]) -> str:
        """The first 20 hexadecimal digits of the inputs' fingerprint."""
        return fingerprint(inputs)[:20]

    def find(self, stage: str, inputs: dict[str, Any]) -> Kept | None:
        """The stage if it is there and every file has the hash it was kept with; raises `IntegrityError` otherwise."""
        key = self.key(inputs)
        folder = self.root / stage / key
        if not (folder / _CARD).is_file():
            return None
        files: dict[str, str] = read_json(folder / _CARD)["files"]
        for name, digest in files.items():
            if not (folder / name).is_file() or digest_file(folder / name) != digest:
                raise IntegrityError(
                    f"kept file {name} is not what was written",
                    where=folder,
                    expected=digest[:12],
                    hint="remove this stage's folder and run again: it will be computed anew",
                )
        return Kept(stage, key, folder, files, reused=True)

    def begun(self, stage: str, inputs: dict[str, Any]) -> bool:
        """Whether a process that was stopped left something of the stage behind."""
        work = (self.root / stage / self.key(inputs)).with_suffix(".work")
        return work.is_dir() and any(work.iterdir())

    def make(self, stage: str, inputs: dict[str, Any], build: Callable[[Path], None], *, resumes: bool = False) -> Kept:
        """Return the stage, computing it with ``build(work folder)`` if it is not there.

        With `resumes`, what a killed process left in the work folder is handed to `build`; otherwise it is removed.
        Another process that is building the same stage is waited for.
        """
        kept = self.find(stage, inputs)
        if kept is not None:
            return kept
        key = self.key(inputs)
        folder = self.root / stage / key
        with held(folder.with_suffix(".lock"), f"stage {stage}", wait=True):
            kept = self.find(stage, inputs)
            if kept is not None:
                return kept
            work = folder.with_suffix(".work")
            if work.exists() and not resumes:
                shutil.rmtree(work)
            work.mkdir(parents=True, exist_ok=True)
            sweep(work)
            (work / _CARD).unlink(missing_ok=True)  # of a process that was killed just before the rename
            build(work)
            lasting = (p for p in sorted(work.rglob("*")) if p.is_file() and p.name != "timings.json")
            files = {p.relative_to(work).as_posix(): digest_file(p) for p in lasting}
            write_json(work / _CARD, {"stage": stage, "key": key, "inputs": document(inputs), "files": files})
            work.rename(folder)
            sync_folder(folder.parent)
        folder.with_suffix(".lock").unlink(missing_ok=True)
        return Kept(stage, key, folder, files, reused=False)
