"""The strategy by itself: what it decides after a close, asked at many closes, each with other scores after it (L4).

A decision is often no more than a sign, and a sign seldom changes at the two or ten moments at which a whole study can
be tried. A strategy that is given forecasts needs none of the study, so that every close of a judged range can be one.
"""

from typing import NamedTuple

import numpy as np

from tidegate.auditing.ground import Ground
from tidegate.auditing.trading import on_one_asset
from tidegate.auditing.verdict import Change
from tidegate.strategy.base import Timing
from tidegate.strategy.within_bar import BarsSeen, WithinBar
from tidegate.study.bar_trading import trades_within_bars
from tidegate.study.trading import judged_bars
from tidegate.types.axes import FloatArray, IntArray, TimeArray, frozen
from tidegate.types.forecast import Forecast

__all__ = ["Decided", "decided_alone", "rule_alone", "timing_alone"]

_MOST_CLOSES, _MOST_PLANS, _UNSAID = 200, 24, 0.1
"""Closes that a timing is asked at, and a rule within bars (a call each); how often a score to come says nothing."""


class Decided(NamedTuple):
    """At how many closes a strategy was asked, and the first decision that moved with what came after one."""

    closes: int
    change: Change | None


def decided_alone(ground: Ground, forecasts: dict[str, Forecast], seed: int = 0) -> Decided:
    """Ask a timing, or a rule within bars, for its decisions up to many closes, with other scores (and prices) after them.

    A selection is not asked: the market loop shows it one close at a time.

    Known at
        The decision of row *t* at CLOSE(t).
    """
    study, strategy = ground.study, ground.study.strategy
    if not forecasts or not study.markets:
        return Decided(0, None)
    within = trades_within_bars(study, study.markets[0])  # such a rule may be a selection in a market of shares
    if not isinstance(strategy, Timing) and not within:
        return Decided(0, None)
    member = next(iter(forecasts))
    bars, own = on_one_asset(ground.bars, {member: forecasts[member]})
    judged = judged_bars(bars, own)
    generator = np.random.default_rng((seed, 12))
    if isinstance(strategy, Timing):
        return timing_alone(strategy, judged.scores[0], judged.times, member, generator)
    assert isinstance(strategy, WithinBar)
    joined = judged.seen.adjusted("close")
    following = np.append(judged.seen.adjustment[1:], judged.seen.adjustment[-1:])
    said = np.append(np.full(judged.first, np.nan), judged.scores[0])
    level = said / following if study.label.unit == "level" else joined / following * (1 + said)
    market = study.markets[0].conditions(judged.seen, bars.assets[0])
    seen = BarsSeen(level, joined / following, joined, market.tick, market.margin_rate)
    closes, change = 0, None
    for rule in (strategy, *study.managed):
        found = rule_alone(rule, seen, judged.seen.times, judged.first, generator)
        closes, change = closes + found.closes, change or found.change
    return Decided(closes, change)


def _closes(first: int, end: int, most: int) -> IntArray:
    """Places of closes that are asked at: all but the last, or as many as there may be, spread."""
    return np.unique(np.linspace(first, max(end - 2, first), min(most, max(end - 1 - first, 1))).astype(np.int64))


def timing_alone(
    strategy: Timing, scores: FloatArray, times: TimeArray, member: str, generator: np.random.Generator
) -> Decided:
    """All closes in one call: a row of scores a close and a future, mirrored about their median or thrown anew."""
    closes = _closes(0, len(times), _MOST_CLOSES)
    held = strategy.exposures(scores[None, :])[0]
    known = scores[np.isfinite(scores)]
    if len(times) < 2 or not known.size:  # noqa: PLR2004 - a bar, and one after it
        return Decided(0, None)
    spread = float(np.sqrt(np.mean(known**2))) or 1.0
    futures = []
    for close in closes.tolist():
        thrown = spread * generator.standard_normal(len(scores))
        thrown[generator.random(len(scores)) < _UNSAID] = np.nan
        others = (2 * float(np.median(known)) - scores, thrown)
        futures += [np.where(np.arange(len(scores)) <= close, scores, other) for other in others]
    made = strategy.exposures(np.array(futures))
    for place, future in enumerate(futures):
        close = int(closes[place // 2])
        if not np.array_equal(made[place, : close + 1], held[: close + 1], equal_nan=True):
            alone = strategy.exposures(future[None, :])[0]  # by itself: rows may know of each other
            moved = np.flatnonzero(~_same(alone[: close + 1], held[: close + 1]))
            if moved.size:
                row, told = int(moved[-1]), "exposure with other scores after"
                where = f"time {_say(times[row])}, {told} {_say(times[close])}"
                change = Change(
                    room=f"decisions of {member}", where=where, expected=f"{held[row]:.9g}", found=f"{alone[row]:.9g}",
                    count=int(moved.size),
                )  # fmt: skip
                return Decided(len(closes), change)
    return Decided(len(closes), None)


def rule_alone(
    rule: WithinBar, seen: BarsSeen, times: TimeArray, first: int, generator: np.random.Generator
) -> Decided:
    """One plan a close: forecasts and prices after it are others."""
    held, closes = rule.plan(seen).rows, _closes(first, len(times), _MOST_PLANS)
    for close in closes.tolist():
        later = np.arange(len(times)) > close
        path = np.where(later, np.exp(0.05 * generator.standard_normal(len(times))), 1.0)
        said = path * np.where(later, np.exp(0.05 * generator.standard_normal(len(times))), 1.0)
        said[later & (generator.random(len(times)) < _UNSAID)] = np.nan
        forecast, last, joined = (frozen(row) for row in (seen.forecast * said, seen.last * path, seen.joined * path))
        made = rule.plan(BarsSeen(forecast, last, joined, seen.tick, seen.margin)).rows
        for name, before, after in zip(("below", "above", "exposure", "stop"), held, made, strict=True):
            moved = np.flatnonzero(~_same(before[: close + 1], after[: close + 1]))
            if moved.size:
                row = int(moved[-1])
                where = f"time {_say(times[row])}, {name} with other forecasts and prices after {_say(times[close])}"
                change = Change(
                    room=f"decisions of {rule.name}", where=where, expected=f"{before[row]:.9g}",
                    found=f"{after[row]:.9g}", count=int(moved.size),
                )  # fmt: skip
                return Decided(len(closes), change)
    return Decided(len(closes), None)


def _same(a: FloatArray, b: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))


def _say(time: np.datetime64) -> str:
    return str(time)[:16].removesuffix("T00:00")
