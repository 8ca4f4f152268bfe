"""A tiny but real study: every room is gone through, in about a second."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from tidegate.study.api import run

__all__ = ["command", "files_below", "finish", "report", "small", "stages", "start", "weights"]

_DECLARED = {
    "name": "small",
    "title": {"en": "Small", "zh": "小"},
    "source": {"name": "planted-world", "sessions": 400, "seed": 5, "ic": 0.3},
    "universe": [],
    "span": {"first": None, "last": None},
    "factors": {"name": "raw-fields"},
    "lookback": 8,
    "count": "rows",
    "label": {"name": "forward-return", "horizon": {"lag": 1, "span": 2}, "clip": 0.2},
    "normaliser": {"name": "window-z-score"},
    "target_scaling": {"name": "times", "factor": 10.0},
    "split": {"name": "share-split", "train": 0.5, "valid": 0.2},
    "model": {"name": "recurrent-network", "cell": {"name": "lstm", "hidden": 4}, "dense": [4], "dropout": 0.2},
    "training": {"epochs": 3, "batch": 32, "checkpoint_seconds": 0},
    "seeds": [1, 2],
    "rivals": [{"name": "linear"}, {"name": "persistence", "speaks": "return"}],
    "strategy": {"name": "hold-after-signal", "days": 2},
    "markets": [{"name": "frictionless"}, {"name": "etf-proxy"}],
    "gates": 20,
}


def small(**changes):
    """The study's document; a change may be a dotted path with ``__`` for the dot."""
    made = json.loads(json.dumps(_DECLARED))
    for path, value in changes.items():
        *parents, last = path.split("__")
        held = made
        for part in parents:
            held = held[int(part)] if part.isdigit() else held[part]
        held[int(last) if last.isdigit() else last] = value
    return made


def finish(document, out, jobs=1):
    """Run in this process, to the end."""
    return run(document, out=out, jobs=jobs)


def command(*arguments):
    """The command line of Tidegate, in a process of its own."""
    return [sys.executable, "-m", "tidegate", *map(str, arguments)]


_HEARING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from tidegate.cli import main
main()
"""
"""The command line with ears: what is started in the background is deaf to SIGINT by inheritance."""


def start(document, out, jobs):
    """Run in a process (and a group) of its own; returns it."""
    out.mkdir(parents=True, exist_ok=True)
    declared = out / "declared.json"
    declared.write_text(json.dumps(document), encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-c", _HEARING, *command("run", declared, "--jobs", jobs, "--out", out)[3:]],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def files_below(folder):
    """Every file below a folder: name → SHA-256."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def stages(out, stage):
    """Keys of the finished stages of one kind."""
    return {path.parent.name for path in Path(out).glob(f"stages/{stage}/*/stage.json")}


def weights(out):
    """Every fit's key → SHA-256 of its weights."""
    return {
        path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path(out).glob("stages/fit/*/*.safetensors")
    }


def report(out):
    """The bytes of the one run's report.json."""
    (found,) = Path(out).glob("small/*/report.json")
    return found.read_bytes()
