"""Contestants in processes (and environments) of their own that wait for their turn: each does its work when asked.

Nothing of Tidegate is needed here, so that a rival's environment can serve.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Contestant", "Told", "serve"]


class Told(NamedTuple):
    """Seconds of one turn by the clock and by the processor, and the process's peak memory in MiB."""

    wall: float
    processor: float
    peak: float


def serve(work: Callable[[], Any], equity: Callable[[Any], Any], about: dict[str, Any]) -> None:
    """Answer each line on standard input: "turn" does the work once, any other names a file for its last equity."""
    print(json.dumps({"ready": True, **about}), flush=True)
    made = None
    for line in sys.stdin:
        if line.strip() == "turn":
            wall, processor = time.perf_counter(), time.process_time()
            made = work()
            taken = [time.perf_counter() - wall, time.process_time() - processor]
            status = Path("/proc/self/status").read_text(encoding="ascii")
            taken.append(int(status.split("VmHWM:")[1].split()[0]) / 1024)
            print(json.dumps(taken), flush=True)
        else:
            np.save(line.strip(), np.asarray(equity(made), dtype=float).ravel())
            print(json.dumps([0, 0, 0]), flush=True)


class Contestant:
    """A process that serves."""

    def __init__(self, python: str, *arguments: str) -> None:
        folders = (Path(__file__).parents[1], Path(__file__).parents[2] / "tests" / "oracle")
        self.process = subprocess.Popen(
            [python, "-W", "ignore", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={
                "PYTHONPATH": os.pathsep.join(map(str, folders)),
                "PATH": "",
                "OMP_NUM_THREADS": "1",
                "HOME": str(Path.home()),
            },
        )
        self.about = self._answer()

    def turn(self) -> Told:
        """One turn."""
        return Told(*self._say("turn"))

    def gave(self, file: Path) -> np.ndarray:
        """What its last turn gave."""
        self._say(str(file))
        return np.load(file)

    def leave(self) -> None:
        """Let the process end."""
        self.process.communicate()

    def _say(self, line: str) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(("{", "[")):
                return json.loads(line)
        raise RuntimeError("a contestant has died; run it by hand to see why")
