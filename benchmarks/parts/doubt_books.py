"""Sharpe ratios, zoos of strategies and counts, on worlds whose truth is known."""

from collections.abc import Iterator
from math import ceil

import numpy as np
from scipy.stats import hypergeom

from parts.doubt_draws import LEVEL, Row, alike, garch, slow
from tidegate.evaluate.doubt import bootstrap, sharpe
from tidegate.evaluate.doubt.counts import binomial_interval, binomial_p, placed
from tidegate.evaluate.doubt.deflated import deflated_sharpe
from tidegate.evaluate.doubt.effective import effective_trials, expected_maximum
from tidegate.evaluate.doubt.overfitting import overfitting
from tidegate.evaluate.doubt.superior import superior
from tidegate.evaluate.tops import hits_p
from tidegate.measures.falls import coverage

__all__ = ["chances", "intervals", "overfit", "ratios", "search", "zoos"]

WORLDS, FEW, BARS, TRIED = 1000, 400, 500, 100
BOOTSTRAP = "stationary bootstrap, studentised"


def intervals(rng: np.random.Generator) -> Iterator[Row]:
    """The interval of a Sharpe ratio and of a mean."""
    truth = 0.06
    kinds = {
        "normal": (BARS, lambda n: rng.normal(size=(WORLDS, n))),
        "Student 5": (BARS, lambda n: rng.standard_t(5, (WORLDS, n)) / np.sqrt(5 / 3)),
        "GARCH": (BARS, lambda n: garch(rng, WORLDS, n)),
        "autocorrelated 0.2": (BARS, lambda n: slow(rng, WORLDS, n, 0.2)),
        "normal, 60 months of": (60, lambda n: rng.normal(size=(WORLDS, n))),
    }
    for kind, (bars, draw) in kinds.items():
        held = draw(bars) + truth
        for name, statistic in (("Sharpe", bootstrap.ratio), ("mean", bootstrap.mean)):
            if name == "Sharpe" or kind == "GARCH":
                found = [
                    bootstrap.studentised(one, statistic, level=LEVEL, resamples=199, generator=rng) for one in held
                ]
                inside = float(np.mean([one.low <= truth <= one.high for one in found]))
                what = f"coverage: {name} per bar {truth}, {kind} returns, {bars} bars"
                yield Row(what, BOOTSTRAP, inside, LEVEL, WORLDS)


def ratios(rng: np.random.Generator) -> Iterator[Row]:
    """One track: the probabilistic ratio and the minimum track."""
    worlds = 4000
    kinds = {
        "normal": rng.normal(size=(worlds, BARS)),
        "Student 5": rng.standard_t(5, (worlds, BARS)),
        "skewed": 1 - rng.exponential(1.0, (worlds, BARS)),
        "autocorrelated 0.2": slow(rng, worlds, BARS, 0.2),
    }
    for kind, held in kinds.items():
        passed = float(np.mean(deflated_sharpe(held, trials=1).probabilistic > LEVEL))
        yield Row(f"passes: one worthless track, {kind} returns", "PSR above 95 %", passed, 0.05, worlds)
    truth = 0.1
    bars = ceil(float(sharpe.minimum_track(truth, 0.0, 3.0, threshold=0.0, confidence=LEVEL)))
    found = deflated_sharpe(rng.normal(truth, 1, (worlds, bars)), trials=1).probabilistic
    yield Row(f"passes: a true ratio of {truth} over its minimum track ({bars} bars)", "PSR above 95 %",
              float(np.mean(found > LEVEL)), 0.5, worlds)  # fmt: skip


def zoos(rng: np.random.Generator) -> Iterator[Row]:
    """The best of many strategies, worthless or not, and how many they amount to."""
    bars, everyone = 750, f"best of {TRIED}, 750 bars"
    yearly = np.sqrt(250)
    for name, true, each, rho in (
        ("all worthless and strangers", 0.0, 1, 0.0),
        ("all worthless, in families of five (0.8)", 0.0, 5, 0.8),
        ("one with a true Sharpe ratio of 1.5 a year", 1.5, 1, 0.0),
        ("one with 3 a year", 3.0, 1, 0.0),
        ("one with 3 a year, others losing by 0 to 3", 3.0, 1, -1.0),
    ):
        passed = dict.fromkeys(
            ("PSR above 95 %", "DSR, their number and variance", "DSR, their number alone", "DSR, effective number"), 0
        )
        right, numbers = 0, []
        worlds = FEW if true else WORLDS
        for world in range(worlds):
            held = alike(rng, TRIED // each, each, max(rho, 0.0), bars)
            if rho < 0:
                held -= np.linspace(0, 3, TRIED)[:, None] / yearly
            held[0] += true / yearly
            ratio = held.mean(axis=1) / held.std(axis=1, ddof=1)
            best = int(ratio.argmax())
            right += best == 0
            if world < 5:
                numbers.append(effective_trials(held).number)
            number = ceil(np.mean(numbers))
            spread = float(ratio.var(ddof=1))
            plain, alone, few = (
                deflated_sharpe(held[best], trials=n, variance=v)
                for n, v in ((TRIED, spread), (TRIED, None), (number, None))
            )
            for way, value in zip(
                passed, (plain.probabilistic, plain.deflated, alone.deflated, few.deflated), strict=True
            ):
                passed[way] += bool(value > LEVEL)
        for way, count in passed.items():
            nominal = None if true else 0.05
            yield Row(f"passes: {everyone}: {name}", way, count / worlds, nominal, worlds)
        if true:
            yield Row(f"passes: {everyone}: {name}", "the best is the true one", right / worlds, None, worlds)
    for groups, each, rho in ((40, 1, 0.0), (8, 5, 0.5), (8, 5, 0.8), (1, 40, 0.6)):
        told = [effective_trials(alike(rng, groups, each, rho, BARS)) for _ in range(20)]
        best = float(alike(rng, groups, each, rho, 20_000).max(axis=0).mean())
        what = f"{groups * each} trials in groups of {each}, correlation {rho:g}"
        number = float(np.mean([one.number for one in told]))
        truth = float(np.interp(best, *_curve(expected_maximum, groups * each)))
        yield Row(what, "effective number", number, truth, 20)
        yield Row(what, "clusters", float(np.mean([one.clusters for one in told])), truth, 20)


def _curve(function, most: int) -> tuple[np.ndarray, np.ndarray]:
    grid = np.linspace(1, most, 400)
    return np.array([function(float(n)) for n in grid]), grid


def overfit(rng: np.random.Generator) -> Iterator[Row]:
    """The probability of backtest overfitting, of noise and of a zoo with one that is better."""
    variants, blocks = 50, 10
    for name, true in (("worthless", 0.0), ("one with 1.5 a year", 1.5), ("one with 3 a year", 3.0)):
        told = []
        for _ in range(WORLDS):
            held = rng.normal(size=(variants, BARS))
            held[0] += true / np.sqrt(250)
            told.append(overfitting(held, blocks=blocks).probability)
        what, n = f"PBO of {variants} variants, {BARS} bars, {blocks} blocks: {name}", len(told)
        yield Row(what, "mean", float(np.mean(told)), None if true else 0.5, n)
        for share in (0.05, 0.5, 0.95):
            yield Row(what, f"{100 * share:.0f} % of worlds below", float(np.quantile(told, share)), None, n)


def search(rng: np.random.Generator) -> Iterator[Row]:
    """Many strategies against a benchmark."""
    bars, strategies = 250, 30
    kinds = (
        ("size: 30 as good as the benchmark", 0.0, 0.0, 0.05),
        ("size: 30, of which 20 hopeless and wild (-3 a year)", 0.0, -3.0, 0.05),
        ("power: one better by 4 a year", 4.0, 0.0, None),
        ("power: one better by 4 a year, 20 hopeless and wild", 4.0, -3.0, None),
    )
    for name, better, worse, nominal in kinds:
        hansen, white, least, false = 0, 0, 0, 0
        worlds = WORLDS if nominal else FEW
        for _ in range(worlds):
            gains = slow(rng, strategies, bars, 0.1) + 0.5 * rng.normal(size=bars)
            gains[10:] += worse / np.sqrt(250)
            gains[10:] *= 3.0 if worse else 1.0
            gains[0] += better / np.sqrt(250)
            found = superior(gains, resamples=99, generator=rng, block=3.0)
            plain = superior(gains, resamples=99, generator=rng, block=3.0, studentised=False)
            hansen += found.p_value <= 0.05
            white += plain.p_upper <= 0.05
            least += bool(found.p_each.min() <= 0.05)
            false += bool(found.p_each[1:].min() <= 0.05)
        for way, count in (
            ("Hansen, consistent", hansen),
            ("White's reality check", white),
            ("Romano and Wolf", least),
        ):
            yield Row(name, way, count / worlds, nominal, worlds)
        if better:
            yield Row(name, "Romano and Wolf names a wrong one", false / worlds, 0.05, worlds)


def chances(rng: np.random.Generator) -> Iterator[Row]:
    """Counts: win rates, placebos, falls, hits among the best."""
    worlds = 4000
    for n, share in ((12, 0.5), (36, 0.6), (120, 0.55)):
        wins, count = np.unique(rng.binomial(n, share, worlds), return_counts=True)
        ends = [binomial_interval(int(w), n, level=LEVEL) for w in wins]
        inside = sum(c for (low, high), c in zip(ends, count, strict=True) if low <= share <= high)
        yield Row(f"coverage: win rate {share}, {n} trades", "exact (never below)", inside / worlds, LEVEL, worlds)
    wins = rng.binomial(12, 0.5, worlds)
    found = np.mean([binomial_p(int(w), 12, chance=0.5) <= 0.05 for w in wins])
    yield Row("size: won months of 12", "exact binomial (never above)", float(found), 0.05, worlds)
    drawn = rng.normal(size=(2000, 200))
    held = [placed(x[0], x[1:], level=LEVEL) for x in drawn]
    yield Row("size: real value among 199 placebos", "placebo p", float(np.mean([x.p_value <= 0.05 for x in held])),
              0.05, 2000)  # fmt: skip
    share = rng.random(2000)
    held = [placed(s, x, level=LEVEL) for s, x in zip(share, rng.random((2000, 199)), strict=True)]
    inside = float(np.mean([x.low <= s <= x.high for x, s in zip(held, share, strict=True)]))
    yield Row("coverage: percentile among 199 placebos", "exact (never below)", inside, LEVEL, 2000)
    fell, out = (np.repeat(rng.random((1500, 25)) < part, 20, axis=1) for part in (0.2, 0.4))
    told = [coverage(a, np.roll(b, s)) for a, b, s in zip(fell, out, rng.integers(0, 500, 1500), strict=True)]
    what = "size: falls inside spells, both in runs of 20"
    yield Row(what, "hypergeometric", float(np.mean([x.p_hypergeometric <= 0.05 for x in told])), 0.05, 1500)
    yield Row(what, "circular shifts", float(np.mean([x.p_shift <= 0.05 for x in told])), 0.05, 1500)
    months, names, k = 24, 600, 50
    hits = hypergeom.rvs(names, k, k, size=(WORLDS, months), random_state=rng).sum(axis=1)
    sizes = np.full(months, names)
    known = {int(h): hits_p(int(h), sizes, k) for h in np.unique(hits)}
    passed = float(np.mean([known[int(h)] <= 0.05 for h in hits]))
    yield Row(f"size: hits among the best {k} of {names}, {months} months, blind picks", "hypergeometric, convolved",
              passed, 0.05, WORLDS)  # fmt: skip
