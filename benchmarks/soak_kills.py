"""The long kill test: runs are killed at random moments and started again, until each is done; nothing may be lost.

    python benchmarks/soak_kills.py --kills 200
    python benchmarks/soak_kills.py --kills 20 --study index-timing --quick

Every second kill takes the whole process group, the others the parent alone, whose workers must then end by themselves.
A run that is done is held against one that was never disturbed: its report and every fit's weights, byte by byte. Then
the next run begins in an empty folder. A run is lost where it cannot be brought to its end.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "study"))

from small import small

from parts.record import keep

PATIENCE = 1800


class Round(NamedTuple):
    """What became of one run."""

    kills: int
    starts: int
    equal: bool
    lost: bool
    slowest: float


def command(given, folder):
    """How the study is run in `folder`."""
    if given.study == "small":
        declared = folder.parent / "small.json"
        document = small(seeds=[1, 2, 3], training__epochs=given.epochs, training__checkpoint_seconds=0.2)
        declared.write_text(json.dumps(document), encoding="utf-8")
        named = [str(declared)]
    else:
        named = [given.study, "--data", given.data, *(["--quick"] if given.quick else [])]
    return [sys.executable, "-m", "tidegate", "run", *named, "--jobs", str(given.jobs), "--out", str(folder), "--json"]


def kept(folder):
    """SHA-256 of the report and of every fit's weights."""
    found = [*folder.glob("*/*/report.json"), *folder.glob("stages/fit/*/*.safetensors")]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def group(leader):
    """Living processes of a process group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def ended(leader):
    """Seconds until nobody of the group is left."""
    began = time.monotonic()
    while group(leader):
        if time.monotonic() - began > PATIENCE:
            break
        time.sleep(0.02)
    return time.monotonic() - began


def disturbed(given, folder, whole, span, kills, draw):
    """Run, kill, run again, until it is done; the last start is not killed once `kills` are spent."""
    done, starts, slowest = 0, 0, 0.0
    while True:
        starts += 1
        process = subprocess.Popen(
            command(given, folder), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            _, said = process.communicate(timeout=draw.uniform(given.after, span) if done < kills else PATIENCE)
        except subprocess.TimeoutExpired:
            if done >= kills:
                os.killpg(process.pid, signal.SIGKILL)
                return Round(done, starts, equal=False, lost=True, slowest=slowest)
            if done % 2:
                process.kill()
                process.wait()
                slowest = max(slowest, ended(process.pid))
            else:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            done += 1
            continue
        if process.returncode:
            print(said.decode(errors="replace"))
            return Round(done, starts, equal=False, lost=True, slowest=slowest)
        return Round(done, starts, equal=kept(folder) == whole, lost=False, slowest=slowest)


def main():
    parser = argparse.ArgumentParser(description="runs killed at random moments")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--study", default="small")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data", default="sample:nasdaq", help="for a named study")
    parser.add_argument("--epochs", type=int, default=150, help="of the small study")
    parser.add_argument("--after", type=float, default=2.0, help="seconds that every start lives at least")
    parser.add_argument("--each", type=int, default=10, help="kills of one run, at most")
    given = parser.parse_args()
    draw, rounds = random.Random(given.seed), []
    with tempfile.TemporaryDirectory() as place:
        began = time.monotonic()
        subprocess.run(command(given, Path(place) / "whole"), check=True, stdout=subprocess.DEVNULL)
        span = time.monotonic() - began
        whole = kept(Path(place) / "whole")
        print(f"never disturbed: {span:.1f} s, {len(whole) - 1} fits")
        print(f"{'run':>4}{'kills':>7}{'starts':>8}{'lost':>6}{'equal':>7}{'orphans ended within':>22}")
        while (left := given.kills - sum(made.kills for made in rounds)) > 0:
            folder = Path(place) / f"run-{len(rounds)}"
            made = disturbed(given, folder, whole, span, min(left, given.each), draw)
            rounds.append(made)
            figures = f"{made.kills:>7}{made.starts:>8}{made.lost:>6d}{made.equal!s:>7}{made.slowest:>20.2f} s"
            print(f"{len(rounds):>4}{figures}", flush=True)
    total = {
        "study": given.study,
        "runs": len(rounds),
        "kills": sum(made.kills for made in rounds),
        "restarts": sum(made.starts - 1 for made in rounds),
        "lost": sum(made.lost for made in rounds),
        "equal": all(made.equal for made in rounds),
        "orphans_ended_within_seconds": round(max(made.slowest for made in rounds), 2),
    }
    print(", ".join(f"{what} {value}" for what, value in total.items()))
    keep("soak_kills", [total])
    return 0 if total["equal"] and not total["lost"] else 1


if __name__ == "__main__":
    sys.exit(main())
