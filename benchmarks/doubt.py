"""How honest our own doubt is: size of the tests, coverage of the intervals, on worlds whose truth is known.

A test at the 5 % level should call noise skilled 5 % of the time; a 95 % interval should hold the truth 95 % of it.
Prints a table and appends the figures to ``history/doubt.jsonl``. Under a minute on one core; seeded, so that two runs
agree. The luck of the draw is 0.003 (one standard error) with 4,000 worlds, 0.008 with 800.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from tidegate.evaluate.doubt import bootstrap, duel, overlap, sharpe
from tidegate.evaluate.doubt.counts import placed
from tidegate.files import write_text
from tidegate.measures import returns
from tidegate.measures.falls import coverage

SEED, WORLDS, BARS, SPAN, LEVEL = 20240101, 4000, 500, 5, 0.95
HISTORY = Path(__file__).parent / "history" / "doubt.jsonl"

Row = tuple[str, str, float, float]
"""What, how, measured, nominal."""


def overlapping(rng: np.random.Generator, worlds: int, bars: int, span: int) -> np.ndarray:
    """Noise labels over `span` bars, unit variance."""
    total = np.cumsum(np.pad(rng.normal(size=(worlds, bars + span)), ((0, 0), (1, 0))), axis=1)
    return (total[:, span : bars + span] - total[:, :bars]) / np.sqrt(span)


def slow(rng: np.random.Generator, worlds: int, bars: int, rho: float) -> np.ndarray:
    """Scores that change slowly, as a network's do, unit variance."""
    return lfilter([1], [1, -rho], rng.normal(size=(worlds, bars + 500)), axis=1)[:, 500:] * np.sqrt(1 - rho**2)


def rejected(found: overlap.Tested) -> float:
    return float(np.mean(found.p_value < 1 - LEVEL))


def covered(found: overlap.Tested, truth: float) -> float:
    return float(np.mean((found.low <= truth) & (truth <= found.high)))


def mean_tests(rng: np.random.Generator) -> Iterator[Row]:
    series = overlapping(rng, WORLDS, BARS, SPAN)
    ways = {
        "plain t": overlap.mean_plain(series, span=SPAN, level=LEVEL),
        "Newey-West lag 4": overlap.mean_newey_west(series, lag=4, span=SPAN, level=LEVEL),
        "HAC 1.3 sqrt(n), fixed-b": overlap.mean_hac(series, span=SPAN, level=LEVEL),
        "labels apart": overlap.mean_apart(series, span=SPAN, level=LEVEL),
    }
    for way, found in ways.items():
        yield f"size: mean of daily IC, {SPAN}-bar labels", way, rejected(found), 0.05
    for way in ("HAC 1.3 sqrt(n), fixed-b", "labels apart"):
        test = overlap.mean_hac if way.startswith("HAC") else overlap.mean_apart
        yield (
            "power: mean IC 0.02, daily IC spread 0.1",
            way,
            rejected(test(0.02 + 0.1 * series, span=SPAN, level=LEVEL)),
            np.nan,
        )


def correlation_tests(rng: np.random.Generator) -> Iterator[Row]:
    for rho in (0.9, 0.97):
        scores, labels = slow(rng, WORLDS, BARS, rho), overlapping(rng, WORLDS, BARS, SPAN)
        for way, test in (
            ("plain t", overlap.ic_plain),
            ("HAC 1.3 sqrt(n), fixed-b", overlap.ic_hac),
            ("labels apart", overlap.ic_apart),
        ):
            yield (
                f"size: IC over time, score memory {rho}",
                way,
                rejected(test(scores, labels, span=SPAN, level=LEVEL)),
                0.05,
            )
        for truth in (0.05, 0.2):
            found = overlap.ic_hac(scores, truth * scores + np.sqrt(1 - truth**2) * labels, span=SPAN, level=LEVEL)
            yield (
                f"coverage: IC {truth} over time, score memory {rho}",
                "HAC 1.3 sqrt(n), fixed-b",
                covered(found, truth),
                LEVEL,
            )


def garch(rng: np.random.Generator, worlds: int, bars: int) -> np.ndarray:
    """Draw returns whose variance clusters: GARCH(1, 1) with 0.1 and 0.85, unit variance."""
    noise, variance, made = rng.normal(size=(bars + 200, worlds)), np.ones(worlds), np.empty((bars + 200, worlds))
    for t in range(bars + 200):
        made[t] = np.sqrt(variance) * noise[t]
        variance = 0.05 + 0.1 * made[t] ** 2 + 0.85 * variance
    return made[200:].T


def intervals(rng: np.random.Generator) -> Iterator[Row]:
    worlds, truth = 800, 0.06
    kinds = {
        "normal": rng.normal(size=(worlds, BARS)),
        "Student 5": rng.standard_t(5, (worlds, BARS)) / np.sqrt(5 / 3),
        "GARCH": garch(rng, worlds, BARS),
        "AR 0.2": slow(rng, worlds, BARS, 0.2),
    }
    for kind, noise in kinds.items():
        for name, statistic in (("Sharpe", bootstrap.ratio), ("mean", bootstrap.mean)):
            inside = 0
            for one in noise:
                found = bootstrap.studentised(one + truth, statistic, level=LEVEL, resamples=299, generator=rng)
                inside += found.low <= truth <= found.high
            yield (
                f"coverage: {name} per bar {truth}, {kind} returns",
                "stationary bootstrap, studentised",
                inside / worlds,
                LEVEL,
            )


def trials(rng: np.random.Generator) -> Iterator[Row]:
    plain = deflated = 0
    for _ in range(300):
        tried = rng.normal(0, 0.01, (100, BARS))
        ratios = returns.sharpe(tried, periods_per_year=1)
        best = int(np.argmax(ratios))
        skew, kurtosis = sharpe.moments(tried[best])
        plain += sharpe.probabilistic(ratios[best], BARS, skew, kurtosis, threshold=0.0) > LEVEL
        known = sharpe.Trials(100, float(ratios.var(ddof=1)))
        deflated += sharpe.deflated(ratios[best], BARS, skew, kurtosis, trials=known) > LEVEL
    yield "passes: best of 100 noise strategies", "probabilistic Sharpe", plain / 300, 0.05
    yield "passes: best of 100 noise strategies", "deflated Sharpe", deflated / 300, 0.05


def duels(rng: np.random.Generator) -> Iterator[Row]:
    for span, bars in ((1, 60), (1, 250), (5, 250), (5, 60), (20, 250)):
        ours, theirs = (overlapping(rng, WORLDS, bars, span) ** 2 for _ in range(2))
        yield (
            f"size: equal forecasts, {span}-bar labels, {bars} bars",
            "Diebold-Mariano, small-sample",
            rejected(duel.diebold_mariano(ours, theirs, span=span, level=LEVEL)),
            0.05,
        )


def chances(rng: np.random.Generator) -> Iterator[Row]:
    drawn = rng.normal(size=(2000, 200))
    yield (
        "size: real value among 199 placebos",
        "placebo p",
        float(np.mean([placed(x[0], x[1:], level=LEVEL).p_value <= 0.05 for x in drawn])),
        0.05,
    )
    fell, out = (np.repeat(rng.random((1500, 25)) < share, 20, axis=1) for share in (0.2, 0.4))
    found = [coverage(a, np.roll(b, s)) for a, b, s in zip(fell, out, rng.integers(0, 500, 1500), strict=True)]
    yield (
        "size: falls inside spells, both in runs of 20",
        "hypergeometric",
        float(np.mean([x.p_hypergeometric <= 0.05 for x in found])),
        0.05,
    )
    yield (
        "size: falls inside spells, both in runs of 20",
        "circular shifts",
        float(np.mean([x.p_shift <= 0.05 for x in found])),
        0.05,
    )


def main() -> None:
    rng, started, rows = np.random.default_rng(SEED), time.perf_counter(), []
    print(f"{WORLDS} worlds of {BARS} bars unless said otherwise; seed {SEED}\n")
    print(f"{'what':<58}{'how':<36}{'measured':>9}{'nominal':>9}")
    for part in (mean_tests, correlation_tests, intervals, trials, duels, chances):
        for what, how, measured, nominal in part(rng):
            rows.append(
                {
                    "what": what,
                    "how": how,
                    "measured": round(measured, 4),
                    "nominal": None if np.isnan(nominal) else nominal,
                }
            )
            print(f"{what:<58}{how:<36}{measured:>9.3f}{'' if np.isnan(nominal) else f'{nominal:.2f}':>9}", flush=True)
    seconds = time.perf_counter() - started
    print(f"\n{seconds:.0f} s")
    line = {
        "date": datetime.now(UTC).date().isoformat(),
        "numpy": np.__version__,
        "seed": SEED,
        "seconds": round(seconds, 1),
        "rows": rows,
    }
    before = HISTORY.read_text(encoding="utf-8") if HISTORY.exists() else ""
    write_text(HISTORY, before + json.dumps(line, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
