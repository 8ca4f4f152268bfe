"""Direction beyond luck, and skill with its interval: by hand, against scipy, and by their size and coverage."""

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import chi2_contingency

from tidegate.errors import DataError
from tidegate.evaluate.doubt.direction import direction_hac, pesaran_timmermann
from tidegate.evaluate.doubt.skill import skill_hac
from tidegate.measures.scores import direction_accuracy, skill


def test_by_hand():
    up, rose = np.array([1, 1, 1, -1, -1, 1, 1, -1, 1, 1.0]), np.array([1, 1, -1, -1, 1, 1, 1, -1, 1, -1.0])
    n, x, y, right = 10, 0.7, 0.6, 0.7
    luck = x * y + (1 - x) * (1 - y)
    of_luck = ((2 * y - 1) ** 2 * x * (1 - x) + (2 * x - 1) ** 2 * y * (1 - y)) / n
    of_luck += 4 * y * x * (1 - y) * (1 - x) / n**2
    expected = (right - luck) / np.sqrt(luck * (1 - luck) / n - of_luck)
    found = pesaran_timmermann(up, rose)
    assert found.statistic == pytest.approx(expected)
    assert (found.accuracy, found.expected) == pytest.approx((right, luck))


def test_it_is_a_test_of_independence():
    """Its square is chi-squared's statistic of the two-by-two table, but for a term in 1/n."""
    rng = np.random.default_rng(0)
    truth = rng.normal(0.3, 1, 4000)
    score = 0.1 * truth + rng.normal(0.2, 1, 4000)
    table = [[np.sum(((score > 0) == s) & ((truth > 0) == t)) for t in (True, False)] for s in (True, False)]
    theirs = chi2_contingency(table, correction=False)
    assert pesaran_timmermann(score, truth).statistic ** 2 == pytest.approx(theirs.statistic, rel=2e-3)


def test_size_without_overlap_where_most_days_rise():
    rng = np.random.default_rng(1)
    score, truth = rng.normal(0.6, 1, (2000, 250)), rng.normal(0.4, 1, (2000, 250))
    found = pesaran_timmermann(score, truth)
    assert np.mean(found.p_value < 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(found.accuracy) > 0.55  # and yet it knows nothing


def overlapping(rng, worlds, bars, span):
    steps = np.cumsum(rng.normal(size=(worlds, bars + span)), axis=1)
    return steps[:, span:] - steps[:, :-span]


def test_size_with_overlap():
    rng = np.random.default_rng(2)
    score = lfilter([1], [1, -0.9], rng.normal(size=(1000, 600)), axis=1)[:, 100:]
    truth = overlapping(rng, 1000, 500, 5)
    assert np.mean(direction_hac(score, truth, span=5, level=0.95).p_value < 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(pesaran_timmermann(score, truth).p_value < 0.05) > 0.12


def test_both_ask_the_same():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=500)
    score = truth + rng.normal(size=500)
    one, other = pesaran_timmermann(score, truth), direction_hac(score, truth, span=1, level=0.95)
    assert other.estimate == pytest.approx(one.accuracy - one.expected)
    assert one.accuracy == direction_accuracy(score, truth)


def test_a_forecast_that_never_changes_knows_nothing():
    truth = np.random.default_rng(4).normal(size=50)
    assert np.isnan(pesaran_timmermann(np.ones(50), truth).p_value)
    assert np.isnan(direction_hac(np.ones(50), truth, span=1, level=0.95).p_value)


def test_skill_is_that_of_the_measure_and_covers_it():
    rng = np.random.default_rng(5)
    truth = overlapping(rng, 600, 400, 5) / np.sqrt(5)
    score = 0.3 * truth + 0.3 * rng.normal(size=truth.shape)
    found = skill_hac((score - truth) ** 2, truth**2, span=5, level=0.95)
    assert found.estimate == pytest.approx(skill(score, truth, np.zeros_like(truth)))
    true = 1 - (0.7**2 + 0.3**2)
    assert np.mean((found.low <= true) & (true <= found.high)) == pytest.approx(0.95, abs=0.03)


def test_no_skill_over_what_is_never_wrong():
    found = skill_hac(np.ones((2, 30)), np.stack([np.zeros(30), np.arange(30.0)]), span=1, level=0.95)
    assert np.isnan([found.estimate[0], found.low[0], found.p_value[0]]).all()
    assert np.isfinite(found.low[1])


def test_the_interval_of_a_skill_ends_at_a_perfect_forecast():
    rng = np.random.default_rng(1)
    theirs, ours = rng.exponential(1.0, 60), 50 * rng.pareto(1.2, 60)
    found = skill_hac(ours, theirs, span=1, level=0.95)
    assert found.estimate < -100
    assert found.low < found.estimate < found.high == 1.0
    signed = skill_hac(np.where(ours > ours.min(), ours, -1e-9), theirs, span=1, level=0.95)
    assert signed.high > 1.0  # a loss below zero may earn more than one


def test_refusals():
    with pytest.raises(DataError, match="differ in shape"):
        pesaran_timmermann(np.ones(3), np.ones(4))
    with pytest.raises(DataError, match="there is none"):
        direction_hac([], [], span=1, level=0.95)
    with pytest.raises(DataError, match="differ in shape"):
        skill_hac(np.ones(5), np.ones(6), span=1, level=0.95)
    with pytest.raises(DataError, match="missing values"):
        pesaran_timmermann([np.nan, 1.0], [1.0, 1.0])
