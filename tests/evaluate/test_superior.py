"""The best of many strategies: against arch (frozen), the plain test of one, and the truth of made gains."""

import json
from pathlib import Path

import numpy as np
import pytest
from doubt_example import gains

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.doubt.bootstrap import stationary_variance
from tidegate.evaluate.doubt.superior import superior

FROZEN = json.loads((Path(__file__).parent / "frozen" / "doubt.json").read_text(encoding="utf-8"))
LUCK = 4.5 * np.sqrt(2 * 0.25 / FROZEN["reps"])
"""Two independent bootstraps of this many resamples differ by less than this in a p-value."""


def asked(name, *, studentised, seed=0):
    return superior(
        gains()[name],
        resamples=FROZEN["reps"],
        generator=np.random.default_rng(seed),
        block=FROZEN["block"],
        studentised=studentised,
    )


@pytest.mark.parametrize("name", sorted(gains()))
def test_p_values_are_those_of_arch(name):
    for form, studentised in (("plain", False), ("studentised", True)):
        ours, theirs = asked(name, studentised=studentised), FROZEN["gains"][name][form]
        told = {"lower": ours.p_lower, "consistent": ours.p_value, "upper": ours.p_upper}
        assert told == pytest.approx(theirs, abs=LUCK)


@pytest.mark.parametrize("name", sorted(gains()))
def test_standard_errors_are_those_of_arch(name):
    held = gains()[name]
    ours = np.sqrt(stationary_variance(held, FROZEN["block"]) * held.shape[1])
    assert ours == pytest.approx(FROZEN["gains"][name]["error"], rel=1e-9)


@pytest.mark.parametrize("name", ["none", "three"])
def test_the_better_ones_are_those_of_arch(name):
    found = asked(name, studentised=True)
    assert np.flatnonzero(found.p_each < 0.05).tolist() == FROZEN["gains"][name]["better"]


def test_hopeless_strategies_hide_a_good_one_from_white_alone():
    white, hansen = (asked("hopeless", studentised=way) for way in (False, True))
    assert white.p_upper > 0.5
    assert hansen.p_value < 0.01
    assert hansen.best == 0


def test_the_three_p_values_stand_in_their_order():
    rng = np.random.default_rng(2)
    for _ in range(20):
        found = superior(rng.normal(rng.normal(0, 0.1, (8, 1)), 1, (8, 100)), resamples=199, generator=rng)
        assert found.p_lower <= found.p_value <= found.p_upper
        assert found.p_each.min() >= found.p_upper  # steps begin where the test of all ends


def test_of_one_strategy_it_is_a_one_sided_test():
    rng = np.random.default_rng(3)
    told = np.array(
        [superior(rng.normal(size=(1, 150)), resamples=99, generator=rng, block=1.0).p_upper for _ in range(400)]
    )
    assert np.mean(told <= 0.05) == pytest.approx(0.05, abs=0.035)


def test_noise_is_found_as_often_as_said():
    rng = np.random.default_rng(4)
    told = [superior(rng.normal(size=(25, 200)), resamples=99, generator=rng, block=1.0) for _ in range(300)]
    assert np.mean([one.p_value <= 0.05 for one in told]) == pytest.approx(0.05, abs=0.035)
    assert np.mean([one.p_each.min() <= 0.05 for one in told]) == pytest.approx(0.05, abs=0.035)


def test_strategies_that_are_the_benchmark_take_no_part():
    held = np.vstack([np.zeros(100), np.random.default_rng(5).normal(0.5, 1, 100)])
    found = superior(held, resamples=99, generator=np.random.default_rng(0))
    assert found.best == 1
    assert np.isnan(found.p_each[0])
    nothing = superior(np.zeros((2, 50)), resamples=99, generator=np.random.default_rng(0))
    assert nothing.best == -1
    assert np.isnan(nothing.p_value)


def test_worse_than_the_benchmark_throughout():
    held = np.random.default_rng(6).normal(-1, 1, (5, 100))
    assert superior(held, resamples=99, generator=np.random.default_rng(0)).p_value == 1.0


def test_parts_of_the_work_are_the_work(monkeypatch):
    module = __import__("tidegate.evaluate.doubt.superior", fromlist=["_CHUNK"])
    whole = asked("three", studentised=True, seed=7)
    monkeypatch.setattr(module, "_CHUNK", 400 * 13)
    assert asked("three", studentised=True, seed=7).p_upper == pytest.approx(whole.p_upper, abs=LUCK)


def test_refusals():
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match="same bars"):
        superior(np.zeros(20), resamples=99, generator=rng)
    with pytest.raises(SettingError, match="needs resamples"):
        superior(np.zeros((2, 20)), resamples=10, generator=rng)
    with pytest.raises(SettingError, match="at least one bar"):
        superior(rng.normal(size=(2, 20)), resamples=99, generator=rng, block=0.2)
    with pytest.raises(DataError, match="missing values"):
        superior([[1.0, np.nan] * 8], resamples=99, generator=rng)
