"""Fifty thousand bars of a future, in at the open and out at the close: ours, backtrader and vectorbt, in turns.

    python benchmarks/future_engines.py --backtrader VENV/bin/python --vectorbt VENV/bin/python

About ten thousand round trips sized on equity, a tick of slippage each way, a fee to open and one to close today,
rounded to the cent. Every contestant is a process of its own that makes the same market and waits for its turn; equity
after every bar must be the same to the cent in all. backtrader, which compiles nothing, has one turn. With ``--freeze``
what each rival came to is kept for the tests (``tests/oracle/frozen/future_engines.json``).
"""

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from parts.turns import Contestant, serve

FROZEN = Path(__file__).parents[1] / "tests" / "oracle" / "frozen" / "future_engines.json"
EVERY = 500


def serve_ours():
    from our_future import equity_of, laid_out

    work, about = laid_out()
    serve(work, equity_of, about)


def frozen_of(equity):
    """What is kept of a book: every so many bars' equity in fen, and the hash of all."""
    fen = np.rint(equity * 100).astype(np.int64)
    digest = hashlib.sha256(fen.astype("<i8").tobytes()).hexdigest()
    return {"bars": len(fen), "every": EVERY, "fen": fen[::EVERY].tolist(), "last": int(fen[-1]), "sha256": digest}


def main():
    asked = arguments()
    if asked.serve:
        serve_ours()
        return 0
    from parts.record import keep
    from tidegate.files import write_text

    rivals = Path(__file__).parent / "rivals"
    sides = {"ours": Contestant(sys.executable, str(Path(__file__)), "--serve")}
    for name in ("backtrader", "vectorbt"):
        if getattr(asked, name):
            sides[name] = Contestant(getattr(asked, name), str(rivals / f"{name}_bars.py"))
    first = {name: side.turn() for name, side in sides.items()}
    runs = {name: [turn] if name == "backtrader" else [] for name, turn in first.items()}
    for _ in range(asked.rounds):
        for name, side in sides.items():
            if name != "backtrader":
                runs[name].append(side.turn())
    with tempfile.TemporaryDirectory() as folder:
        equity = {name: side.gave(Path(folder) / "equity.npy") for name, side in sides.items()}
    versions = {name: side.about.get("version", "") for name, side in sides.items()}
    for side in sides.values():
        side.leave()
    rows = []
    ours = statistics.median(turn.processor for turn in runs["ours"])
    for name, turns in runs.items():
        apart = float(np.abs(equity[name] - equity["ours"]).max())
        assert apart < 0.005, f"{name} ends elsewhere: {apart} yuan"
        wall, processor = (statistics.median(getattr(turn, what) for turn in turns) for what in ("wall", "processor"))
        rows.append({
            "who": name, "version": versions[name], "bars": len(equity[name]), "turns": len(turns),
            "processor_seconds": round(processor, 6), "wall_seconds": round(wall, 6),
            "ratio": round(processor / ours, 2),
            "first_turn_wall": round(first[name].wall, 3), "peak_mebibytes": round(turns[-1].peak),
            "largest_difference": apart,
        })  # fmt: skip
        print(
            f"{name:<11}{versions[name]:<12}{processor:>11.5f} s of the processor{wall:>11.5f} s"
            f"   {processor / ours:>9.1f} times ours   peak {turns[-1].peak:>5.0f} MiB   apart {apart:.0e}"
        )
    keep("future_engines", rows)
    if asked.freeze:
        told = {name: {"version": versions[name], **frozen_of(equity[name])} for name in sides if name != "ours"}
        write_text(FROZEN, json.dumps(told, indent=1) + "\n")
    return 0


def arguments():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--backtrader", help="the interpreter of an environment with backtrader")
    asked.add_argument("--vectorbt", help="the interpreter of an environment with vectorbt")
    asked.add_argument("--rounds", type=int, default=9, help="turns; the figures are medians")
    asked.add_argument("--freeze", action="store_true", help="keep what the rivals came to")
    asked.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
