"""How honest our own doubt is: size of the tests, coverage of the intervals, power, on worlds whose truth is known.

A test at the 5 % level should call noise skilled 5 % of the time; a 95 % interval should hold the truth 95 % of it.
Prints the figures, appends them to ``history/doubt.jsonl`` and writes the tables of ``docs/doubt.md`` anew. Each part
has its own generator, so that two runs agree and a new part moves no other. With a part's name it runs that part alone
and keeps nothing. The luck of the draw (one standard error of a share near 5 %) is 0.003 with 4,000 worlds, 0.007 with
1,000, 0.013 with 300.
"""

import json
import sys
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import scipy

from parts.doubt_books import chances, intervals, overfit, ratios, search, zoos
from parts.doubt_forecasts import direction, duels, errors, means, over_time
from parts.doubt_tables import written
from tidegate.files import write_text

SEED = 20240101
HERE = Path(__file__).parent
HISTORY, PAGE = HERE / "history" / "doubt.jsonl", HERE.parent / "docs" / "doubt.md"
PARTS = (means, over_time, direction, errors, duels, ratios, overfit, chances, search, zoos, intervals)


def main() -> None:
    asked = set(sys.argv[1:])
    started, kept = time.process_time(), {}
    for part in PARTS:
        name = part.__name__
        if asked and name not in asked:
            continue
        print(f"\n{name}")
        kept[name] = []
        for row in part(np.random.default_rng([SEED, zlib.crc32(name.encode())])):
            kept[name].append(row)
            nominal = "" if row.nominal is None else f"{row.nominal:.3g}"
            print(f"  {row.what:<76}{row.how:<36}{row.measured:>9.3f}{nominal:>8}", flush=True)
    seconds = time.process_time() - started
    print(f"\n{seconds:.0f} s of one core")
    if asked:
        return
    line = {
        "date": datetime.now(UTC).date().isoformat(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "seed": SEED,
        "seconds": round(seconds, 1),
        "rows": [
            {"part": name, **row._asdict(), "measured": round(row.measured, 6)}
            for name, rows in kept.items()
            for row in rows
        ],
    }
    before = HISTORY.read_text(encoding="utf-8") if HISTORY.exists() else ""
    write_text(HISTORY, before + json.dumps(line, sort_keys=True) + "\n")
    if PAGE.exists():
        page = PAGE.read_text(encoding="utf-8")
        for name, rows in kept.items():
            page = written(page, name, rows)
        write_text(PAGE, page)


if __name__ == "__main__":
    main()
