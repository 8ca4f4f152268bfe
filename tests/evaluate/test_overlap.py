"""Tests of IC on overlapping labels: size, power, coverage, and what is said where nothing can be."""

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import pearsonr, ttest_1samp

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.doubt import overlap as m

SPAN, N = 5, 500


def labels(rng, worlds, n=N):
    noise = rng.normal(size=(worlds, n + SPAN))
    total = np.cumsum(np.pad(noise, ((0, 0), (1, 0))), axis=1)
    return (total[:, SPAN : n + SPAN] - total[:, :n]) / np.sqrt(SPAN)


def slow_scores(rng, worlds, n=N):
    return lfilter([1], [1, -0.95], rng.normal(size=(worlds, n + 200)), axis=1)[:, 200:] * np.sqrt(1 - 0.95**2)


def flagged(found):
    return float(np.mean(found.p_value < 0.05))


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(11)
    return slow_scores(rng, 1500), labels(rng, 1500)


class TestSize:
    def test_the_mean_of_a_series(self, world):
        series = world[1]
        assert flagged(m.mean_plain(series, span=SPAN, level=0.95)) > 0.3
        assert flagged(m.mean_newey_west(series, lag=4, span=SPAN, level=0.95)) > 0.08
        assert flagged(m.mean_hac(series, span=SPAN, level=0.95)) == pytest.approx(0.05, abs=0.02)
        assert flagged(m.mean_apart(series, span=SPAN, level=0.95)) == pytest.approx(0.05, abs=0.02)

    def test_a_correlation_over_time_with_slow_scores(self, world):
        assert flagged(m.ic_plain(*world, span=SPAN, level=0.95)) > 0.3
        assert flagged(m.ic_hac(*world, span=SPAN, level=0.95)) == pytest.approx(0.05, abs=0.02)
        assert flagged(m.ic_apart(*world, span=SPAN, level=0.95)) == pytest.approx(0.05, abs=0.02)


class TestPowerAndCoverage:
    @pytest.mark.parametrize("rho", [0.1, 0.3])
    def test_intervals_cover_the_truth(self, world, rho):
        scores, noise = world
        found = m.ic_hac(scores, rho * scores + np.sqrt(1 - rho**2) * noise, span=SPAN, level=0.95)
        assert np.mean((found.low <= rho) & (rho <= found.high)) == pytest.approx(0.94, abs=0.035)

    def test_interval_and_p_value_say_the_same(self, world):
        found = m.ic_hac(*world, span=SPAN, level=0.95)
        assert np.array_equal(found.p_value < 0.05, (found.low > 0) | (found.high < 0))

    def test_a_true_ic_is_found(self, world):
        found = m.mean_hac(0.05 + 0.1 * world[1], span=SPAN, level=0.95)
        assert flagged(found) > 0.95
        assert flagged(m.mean_apart(0.05 + 0.1 * world[1], span=SPAN, level=0.95)) > 0.9


class TestRegression:
    def test_plain_tests_are_scipys(self):
        rng = np.random.default_rng(1)
        x, y = rng.normal(0.2, 1, 60), rng.normal(size=60)
        assert m.mean_plain(x, span=1, level=0.95).p_value == pytest.approx(ttest_1samp(x, 0).pvalue)
        oracle = pearsonr(x, y)
        found = m.ic_plain(x, y, span=1, level=0.95)
        assert found.p_value == pytest.approx(oracle.pvalue)
        assert (found.low, found.high) == pytest.approx(tuple(oracle.confidence_interval(0.95)))

    def test_influence_values_are_the_jackknife(self):
        rng = np.random.default_rng(2)
        x, y = rng.normal(size=(2, 400))
        y += 0.5 * x
        rho, influence = m.ic_influence(x, y)
        left_out = np.array([np.corrcoef(np.delete(x, i), np.delete(y, i))[0, 1] for i in range(400)])
        assert influence.mean() == pytest.approx(0, abs=1e-12)
        assert np.corrcoef(influence, (rho - left_out) * 399)[0, 1] > 0.999

    def test_independent_periods(self):
        assert [m.independent(n, 5) for n in (0, 3, 5, 487)] == [0, 1, 1, 97]

    def test_nothing_is_said_of_nothing(self):
        assert np.isnan(m.ic_hac(np.ones(50), np.arange(50.0), span=5, level=0.95).p_value)
        assert np.isnan(m.ic_hac(np.full(50, 0.1), np.arange(50.0), span=5, level=0.95).low)
        assert np.isnan(m.mean_hac([0.1, 0.2], span=5, level=0.95).p_value)
        assert np.isnan(m.mean_apart([], span=5, level=0.95).estimate)

    def test_missing_values_are_refused(self):
        with pytest.raises(DataError, match="missing values"):
            m.ic_hac([1.0, np.nan, 2.0], [1.0, 2.0, 3.0], span=1, level=0.95)
        with pytest.raises(SettingError, match="span and a level"):
            m.mean_hac(np.arange(9.0), span=0, level=0.95)
