"""A strategy asked by itself at every close: one that looks past a close is seen at once, those of the house never."""

from typing import ClassVar

import numpy as np
import pytest

import tidegate.catalog
from tidegate.auditing.deciding import rule_alone, timing_alone
from tidegate.strategy.base import State, Timing
from tidegate.strategy.open_against_forecast import OpenAgainstForecast
from tidegate.strategy.within_bar import BarsSeen, WithinBar
from tidegate.types.axes import frozen
from tidegate.walk import example_of

TIMES = np.datetime64("2020-01-01", "us") + np.arange(120) * np.timedelta64(1, "D")
SCORES = np.random.default_rng(5).normal(0, 0.01, 120)


class OnceADecade(Timing):
    """Looks one score ahead at one bar of a hundred and twenty."""

    name: ClassVar[str] = "alone-once"

    def decide(self, state, score):
        return State(), float(score > 0)

    def exposures(self, scores):
        made = (np.nan_to_num(scores) > 0).astype(float)
        made[:, 60] = np.nan_to_num(scores[:, 61]) > 0
        return made


class AmongItsKind(Timing):
    """In the market where it is more sure than the other books that are decided with it: odd, but of the past."""

    name: ClassVar[str] = "alone-among-its-kind"

    def decide(self, state, score):
        return State(), float(score > 0)

    def exposures(self, scores):
        held = np.nan_to_num(scores)
        return (held >= np.median(held, axis=0, keepdims=True)).astype(float)


class NextLast(WithinBar):
    """Wants whatever opens below the next close."""

    name: ClassVar[str] = "alone-next-last"

    def wish(self, seen):
        raise NotImplementedError

    def plan(self, seen):
        held = OpenAgainstForecast().plan(seen)
        return held._replace(below=np.append(seen.last[1:], np.nan))


def seen():
    """Prices of one future and what was said of each next close."""
    generator = np.random.default_rng(3)
    close = 3000 * np.exp(np.cumsum(generator.normal(0, 0.01, 120)))
    said = close * np.exp(generator.normal(0, 0.01, 120))
    said[:20] = np.nan
    return BarsSeen(frozen(said), frozen(close), frozen(close.copy()), 1.0, 0.1)


def test_a_look_ahead_at_one_bar_is_found_among_all_closes():
    found = timing_alone(OnceADecade(), SCORES, TIMES, "seed-0", np.random.default_rng(0))
    assert found.closes == 119
    assert found.change is not None
    assert found.change.room == "decisions of seed-0"
    assert found.change.where.startswith("time 2020-03-01")
    assert {found.change.expected, found.change.found} == {"0", "1"}


def test_books_that_are_compared_with_each_other_are_no_look_ahead():
    assert timing_alone(AmongItsKind(), SCORES, TIMES, "seed-0", np.random.default_rng(0)).change is None


def test_nothing_is_asked_where_nothing_was_said():
    assert timing_alone(OnceADecade(), np.full(120, np.nan), TIMES, "m", np.random.default_rng(0)) == (0, None)


def members(branch):
    found = [tidegate.catalog.find("strategy", name) for name in tidegate.catalog.entries("strategy")]
    return [kind for kind in found if issubclass(kind, branch)]


@pytest.mark.parametrize("kind", members(Timing), ids=lambda kind: kind.name)
def test_no_timing_of_the_house_looks_ahead(kind):
    assert timing_alone(example_of(kind), SCORES, TIMES, "m", np.random.default_rng(1)) == (119, None)


@pytest.mark.parametrize("kind", members(WithinBar), ids=lambda kind: kind.name)
def test_no_rule_within_bars_of_the_house_looks_ahead(kind):
    assert rule_alone(example_of(kind), seen(), TIMES, 20, np.random.default_rng(1)) == (24, None)


def test_a_rule_that_knows_the_next_close_is_found():
    found = rule_alone(NextLast(), seen(), TIMES, 20, np.random.default_rng(1))
    assert found.change is not None
    assert found.change.room == "decisions of alone-next-last"
    assert ", below with other forecasts" in found.change.where
