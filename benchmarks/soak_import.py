"""The long mutation sweep: thousands of damaged, re-encoded and rewritten files through the importer.

    python benchmarks/soak_import.py --csv 10000 --parquet 2000

Each file has a known truth (tests/data/mutations.py). Counted are tracebacks, silent misreads (a value handed on that
the file does not state) and sound bars lost; all must be 0. Parquet files come twice: half as this house writes them,
with a checksum, and half without one, where damage inside a data page cannot be told from data by anybody: such a file
is read with a note that says so, and the line "unverifiable" counts how often that note was needed.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "data"))

import polars as pl
from mutations import csv_case, judge, parquet_case, parquet_whole

from tidegate.data.importer import import_file
from tidegate.data.parquet import parquet_bytes
from tidegate.errors import TidegateError


def sweep(cases, folder, *, checksum=True):
    """Run cases and count what came of them."""
    counts = Counter({"tracebacks": 0, "silent misreads": 0, "sound bars lost": 0})
    for number, case in cases:
        path = folder / case.name
        path.write_bytes(case.content)
        frame, noted = None, False
        try:
            imported = import_file(path, case.settings)
            frame, noted = imported.bars.frame, any("no checksum" in note for note in imported.health.notes)
            counts["read"] += 1
        except TidegateError:
            counts["refused"] += 1
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - panics of the engine derive from BaseException alone
            counts["tracebacks"] += 1
            print(f"  traceback in file {number} ({case.kind}): {type(error).__name__}: {error}")
            continue
        verdict = judge(case, frame)
        if verdict == "ok":
            continue
        if not checksum and noted and verdict.startswith("misread"):
            counts["unverifiable"] += 1
            continue
        counts["silent misreads" if verdict.startswith("misread") else "sound bars lost"] += 1
        print(f"  file {number} ({case.kind}): {verdict}")
    return counts


def foreign(frame):
    """Parquet as any other program writes it."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        frame.write_parquet(file.name)
        return Path(file.name).read_bytes()


def main():
    parser = argparse.ArgumentParser(description="mutated files through the importer")
    parser.add_argument("--csv", type=int, default=10_000)
    parser.add_argument("--parquet", type=int, default=2_000)
    given = parser.parse_args()
    half = given.parquet // 2
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        ours, truth = parquet_whole(parquet_bytes)
        theirs, _ = parquet_whole(foreign)
        rounds = {
            f"{given.csv} CSV": (((n, csv_case(n)) for n in range(given.csv)), True),
            f"{half} Parquet with checksum": (((n, parquet_case(n, ours, truth)) for n in range(half)), True),
            f"{half} Parquet without": (((n, parquet_case(n, theirs, truth)) for n in range(half)), False),
        }
        for name, (cases, checksum) in rounds.items():
            start = time.perf_counter()
            counts = sweep(cases, Path(folder), checksum=checksum)
            bad += counts["tracebacks"] + counts["silent misreads"] + counts["sound bars lost"]
            told = ", ".join(f"{what} {count}" for what, count in counts.items())
            print(f"{name}: {told} ({time.perf_counter() - start:.0f} s, polars {pl.__version__})")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
