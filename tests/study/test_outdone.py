"""A headline that names whom the network beat also names who beat it."""

from types import SimpleNamespace

import numpy as np
import pytest

from tidegate.study.outdone import outdone
from tidegate.types.report import Measure


def found(own, others, market="a-share"):
    made = {f"seed-{n}": value for n, value in enumerate(own)} | {"ensemble": 9.0, "equal-weight": 8.0} | others
    measures = [
        Measure(name=name, value=value if name == "total_return" else 99.0, subject={"member": member, "market": at},
                unit="fraction", n=9, note="", low=None, high=None, level=None)
        for member, value in made.items()
        for name, at in (("total_return", market), ("sharpe", market), ("total_return_percentile", market))
    ]  # fmt: skip
    away = [one.but(subject={"member": one.subject["member"], "market": "elsewhere"}, value=77.0) for one in measures]
    held = SimpleNamespace(benchmark="equal-weight")
    seeds = tuple(f"seed-{n}" for n in range(len(own)))
    return SimpleNamespace(
        books={market: held},
        measures=tuple(measures + away),
        traders=lambda at: seeds,
        median=lambda name, at: float(np.median(own)),
    )


def test_the_best_of_those_above_is_named_with_its_figure():
    told = outdone(found((0.1, 0.3, 0.5), {"linear": 0.2, "small-caps": 6.029, "one-field": 0.31}), "a-share")
    assert told.en == (
        "Of 3 other rivals and yardsticks 2 earned more, most of all the smallest tenth in equal parts, no costs (602.9%)."
    )
    assert "3 个对手与参照中有 2 个更高" in told.zh
    assert "市值最小十分之一等权" in told.zh


@pytest.mark.parametrize("others", [{"linear": 0.2}, {"linear": 0.3}, {"linear": 0.2, "always-in": None}])
def test_that_nobody_was_above_is_said_of_those_that_were_measured(others):
    told = outdone(found((0.1, 0.3, 0.5), others | {"zero": 0.0}), "a-share").en
    assert told == "None of 2 other rivals and yardsticks earned more."


def test_one_of_several_above_is_named_without_a_ranking():
    told = outdone(found((0.1,), {"linear": 0.0, "small-caps": 0.5}), "a-share")
    assert told.en == (
        "Of 2 other rivals and yardsticks 1 earned more: the smallest tenth in equal parts, no costs (50.0%)."
    )


def test_one_other_is_spoken_of_as_one():
    assert outdone(found((0.1,), {"linear": 0.0}), "a-share").en == (
        "The one other rival or yardstick did not earn more."
    )
    assert outdone(found((0.1,), {"linear": 0.2}), "a-share").en == (
        "The one other, linear (ridge), earned more (20.0%)."
    )


def test_without_others_nothing_is_said():
    assert outdone(found((0.1,), {}), "a-share").en == ""
