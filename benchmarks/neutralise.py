"""Neutralisation of monthly cross-sections: 48 factors × 160 months × 3,000 stocks against 28 industries and log size.

    OMP_NUM_THREADS=1 python benchmarks/neutralise.py

Seeded numbers with industries of uneven size, 5 % of the values missing, a few stocks without an industry. Says how far
the residuals are from orthogonal (the largest correlation with a dummy or an exposure), and how long least squares with
the dummies written out takes for one month. Appends a line to ``history/neutralise.jsonl``.
"""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tidegate.files import append_line
from tidegate.prepare.neutralise import Neutralise
from tidegate.prepare.sections import Section

MONTHS, STOCKS, FACTORS, INDUSTRIES, REPEATS = 160, 3_000, 48, 28, 3
HISTORY = Path(__file__).parent / "history" / "neutralise.jsonl"


def month(generator: np.random.Generator, missing: float) -> Section:
    share = generator.dirichlet(np.full(INDUSTRIES, 2.0))
    code = np.where(generator.random(STOCKS) < 0.05, -1, generator.choice(INDUSTRIES, STOCKS, p=share))
    size = 22 + generator.normal(size=STOCKS) + code / 20
    values = generator.standard_t(4, size=(STOCKS, FACTORS)) + code[:, None] / 10 + 0.3 * size[:, None]
    values[generator.random(values.shape) < missing] = np.nan
    names = tuple(f"f{place}" for place in range(FACTORS))
    return Section(values, names, {"industry": code}, {"log_size": size})


def leftover(section: Section, made: np.ndarray) -> float:
    """The largest absolute correlation of a residual with a dummy or with size."""
    sides = [(section.groups["industry"] == code).astype(float) for code in np.unique(section.groups["industry"])]
    worst = 0.0
    for side in (*sides, section.exposures["log_size"]):
        there = ~np.isnan(made)
        against = np.where(there, side[:, None], 0.0)
        against -= np.where(there, against.sum(axis=0) / there.sum(axis=0), 0.0)
        held = np.where(there, made, 0.0)
        length = np.sqrt((held**2).sum(axis=0) * (against**2).sum(axis=0))
        worst = max(worst, float(np.abs((held * against).sum(axis=0) / length).max()))
    return worst


def written_out(section: Section) -> float:
    """Seconds that least squares with the dummies written out takes for one month, a regression for each factor."""
    code = section.groups["industry"]
    design = np.column_stack([code[:, None] == np.unique(code), section.exposures["log_size"]]).astype(float)
    began = time.process_time()
    for column in section.values.T:
        there = ~np.isnan(column)
        np.linalg.lstsq(design[there], column[there], rcond=None)
    return time.process_time() - began


def main() -> None:
    generator = np.random.default_rng(7)
    row: dict[str, object] = {
        "date": datetime.now(UTC).date().isoformat(),
        "numpy": np.__version__,
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "months": MONTHS,
        "stocks": STOCKS,
        "factors": FACTORS,
    }
    step = Neutralise(group="industry", exposures=("log_size",))
    for told, missing in (("missing", 0.05), ("complete", 0.0)):
        sections = [
            month(generator, missing) for _ in range(4)
        ]  # four months in turn: 160 at once are no test of speed
        taken, elapsed = [], []
        for _ in range(REPEATS):
            began, clock = time.process_time(), time.perf_counter()
            for place in range(MONTHS):
                step.change(sections[place % len(sections)])
            taken.append(time.process_time() - began)
            elapsed.append(time.perf_counter() - clock)
        row[f"cpu seconds, {told}"] = round(min(taken), 3)
        row[f"seconds, {told}"] = round(min(elapsed), 3)
        row[f"leftover, {told}"] = leftover(sections[0], step.change(sections[0]))
        row[f"written out, cpu seconds, {told}"] = round(written_out(sections[0]) * MONTHS, 1)
    for key, value in row.items():
        print(f"{key:40} {value}")
    append_line(HISTORY, json.dumps(row))


if __name__ == "__main__":
    main()
