"""Probabilistic and deflated Sharpe ratios, the duel, exact counts, placebos, seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, kurtosis, skew

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.doubt import counts, duel
from tidegate.evaluate.doubt import sharpe as s
from tidegate.measures.returns import sharpe


class TestSharpe:
    def test_moments_are_scipys(self):
        values = np.random.default_rng(0).standard_t(4, (3, 200))
        ours = s.moments(values)
        assert ours[0] == pytest.approx(skew(values, axis=1))
        assert ours[1] == pytest.approx(kurtosis(values, axis=1, fisher=False))

    def test_the_published_example(self):
        # Bailey and Lopez de Prado (2014): N 100, variance 1/2 (yearly), n 1250, SR 2.5, skewness -3, kurtosis 10
        trials = s.Trials(100, 0.5 / 250)
        assert s.expected_best(trials) == pytest.approx(0.1132, abs=5e-4)
        assert s.deflated(2.5 / np.sqrt(250), 1250, -3.0, 10.0, trials=trials) == pytest.approx(0.9004, abs=2e-3)

    @given(st.floats(0.01, 0.3), st.floats(-1, 1), st.floats(3, 9))
    def test_at_the_minimum_track_the_confidence_is_reached(self, ratio, tilt, tails):
        bars = s.minimum_track(ratio, tilt, tails, threshold=0.0, confidence=0.95)
        assert s.probabilistic(ratio, bars, tilt, tails, threshold=0.0) == pytest.approx(0.95)

    def test_no_track_is_long_enough_for_a_loss(self):
        assert s.minimum_track(-0.1, 0.0, 3.0, threshold=0.0, confidence=0.95) == np.inf

    def test_the_best_of_many_worthless_strategies(self):
        rng = np.random.default_rng(1)
        flattered = deflated = 0
        for _ in range(60):
            returns = rng.normal(0, 0.01, (100, 500))
            ratios = sharpe(returns, periods_per_year=1)
            best = int(np.argmax(ratios))
            tilt, tails = s.moments(returns[best])
            flattered += s.probabilistic(ratios[best], 500, tilt, tails, threshold=0.0) > 0.95
            deflated += s.deflated(ratios[best], 500, tilt, tails, trials=s.Trials(100, ratios.var(ddof=1))) > 0.95
        assert flattered > 55
        assert deflated <= 3

    def test_its_own_size(self):
        returns = np.random.default_rng(2).standard_t(5, (4000, 300))
        ratios, (tilt, tails) = sharpe(returns, periods_per_year=1), s.moments(returns)
        sure = s.probabilistic(ratios, 300, tilt, tails, threshold=0.0)
        assert np.mean(sure > 0.95) == pytest.approx(0.05, abs=0.012)

    def test_refusals(self):
        with pytest.raises(SettingError, match="counted from one"):
            s.expected_best(s.Trials(0, 1.0))


class TestDuel:
    def test_by_hand(self):
        loss, rival = np.array([1.0, 2.0, 1.0, 3.0, 2.0]), np.array([2.0, 2.0, 4.0, 3.0, 5.0])
        d = rival - loss
        centred = d - d.mean()
        variance = (centred @ centred + 2 * centred[1:] @ centred[:-1]) / 5
        variance = variance if variance > 0 else (centred @ centred + centred[1:] @ centred[:-1]) / 5
        expected = d.mean() / np.sqrt(variance / 5) * np.sqrt((5 + 1 - 4 + 2 / 5) / 5)
        assert duel.diebold_mariano(loss, rival, span=2, level=0.95).statistic == pytest.approx(expected)

    def test_size_with_overlapping_labels(self):
        noise = np.random.default_rng(3).normal(size=(2, 2000, 254))
        errors = sum(noise[..., k : 250 + k] for k in range(5))
        found = duel.diebold_mariano(errors[0] ** 2, errors[1] ** 2, span=5, level=0.95)
        assert np.mean(found.p_value < 0.05) == pytest.approx(0.05, abs=0.02)
        naive = duel.diebold_mariano(errors[0] ** 2, errors[1] ** 2, span=1, level=0.95)
        assert np.mean(naive.p_value < 0.05) > 0.15

    def test_the_better_one_wins(self):
        found = duel.diebold_mariano(np.full(50, 1.0), 1.5 + np.sin(np.arange(50)), span=1, level=0.95)
        assert found.estimate > 0
        assert found.low > 0

    def test_equal_forecasts_have_no_winner(self):
        assert np.isnan(duel.diebold_mariano(np.ones(20), np.ones(20), span=2, level=0.95).p_value)

    def test_refusals(self):
        with pytest.raises(DataError, match="differ in shape"):
            duel.diebold_mariano(np.ones(5), np.ones(6), span=1, level=0.95)
        with pytest.raises(SettingError, match="more bars"):
            duel.diebold_mariano(np.ones(5), np.ones(5), span=5, level=0.95)


class TestCounts:
    @given(st.integers(1, 60), st.integers(0, 60))
    def test_the_interval_is_scipys(self, n, wins):
        wins = min(wins, n)
        oracle = binomtest(wins, n).proportion_ci(0.95, method="exact")
        assert counts.binomial_interval(wins, n, level=0.95) == pytest.approx((oracle.low, oracle.high), abs=1e-9)

    def test_nine_months_of_twelve(self):
        assert counts.binomial_p(9, 12, chance=0.5) == pytest.approx((220 + 66 + 12 + 1) / 4096)
        assert np.isnan(counts.binomial_p(0, 0, chance=0.5))

    def test_a_placebo_p_value_is_uniform_and_never_zero(self):
        rng = np.random.default_rng(4)
        drawn = rng.normal(size=(2000, 100))
        p = np.array([counts.placed(row[0], row[1:], level=0.95).p_value for row in drawn])
        assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.015)
        assert p.min() > 0

    def test_ties_count_against_us(self):
        found = counts.placed(1.0, np.ones(9), level=0.95)
        assert (found.percentile, found.p_value, found.low, found.high) == (0.5, 1.0, 0.0, 1.0)

    def test_lower_can_be_better(self):
        found = counts.placed(-5.0, np.arange(9.0), level=0.95, higher_is_better=False)
        assert (found.percentile, found.p_value) == (1.0, 0.1)

    def test_seeds(self):
        found = counts.spread([3.0, np.nan, 1.0, 2.0], higher_is_better=False)
        assert (found.median, found.worst, found.best, found.n, found.missing) == (2.0, 3.0, 1.0, 3, 1)
        assert np.isnan(counts.spread([np.nan]).median)

    def test_refusals(self):
        with pytest.raises(SettingError, match="outnumber"):
            counts.binomial_p(3, 2, chance=0.5)
        with pytest.raises(DataError, match="no placebo"):
            counts.placed(1.0, [], level=0.95)
        with pytest.raises(DataError, match="missing values"):
            counts.placed(float("nan"), [1.0], level=0.95)
