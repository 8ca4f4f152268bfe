"""What every benchmark needs: contestants in turns, peak memory in a process of its own, figures kept."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from tidegate.files import write_text

__all__ = ["Taken", "in_turns", "keep", "machine", "peak_memory", "peak_now"]

_HISTORY = Path(__file__).parents[1] / "history"


class Taken(NamedTuple):
    """Median seconds, by the clock and by the processor, which a busy machine disturbs less."""

    wall: float
    processor: float


def in_turns(contestants: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, Taken]:
    """Time each: one warm-up, then all of them once per round, so that a busy machine hurts all alike."""
    for work in contestants.values():
        work()
    taken: dict[str, list[Taken]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, work in contestants.items():
            wall, processor = time.perf_counter(), time.process_time()
            work()
            taken[name].append(Taken(time.perf_counter() - wall, time.process_time() - processor))
    return {name: Taken(*map(statistics.median, zip(*runs, strict=True))) for name, runs in taken.items()}


def peak_now() -> float:
    """Peak resident memory of this process so far, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def peak_memory(script: str, *arguments: str) -> float:
    """Run `script` in a process of its own; it prints the MiB by which its work raised the peak."""
    done = subprocess.run([sys.executable, script, *arguments], check=True, capture_output=True, text=True)
    return float(done.stdout.strip().splitlines()[-1])


def machine() -> dict[str, Any]:
    """Facts that decide the figures, and none that name the machine."""
    import torch

    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {"cores": os.cpu_count(), "processor": models[0] if models else "unknown", "torch": torch.__version__}


def keep(name: str, rows: list[dict[str, Any]]) -> None:
    """Append one line of JSON to ``history/<name>.jsonl``."""
    path = _HISTORY / f"{name}.jsonl"
    line = {"date": datetime.now(UTC).date().isoformat(), "machine": machine(), "rows": rows}
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    write_text(path, before + json.dumps(line, sort_keys=True) + "\n")
