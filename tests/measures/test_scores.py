"""Scores: against SciPy, pair by pair, and at the edges where nothing can be said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import pearsonr, spearmanr

from tidegate.errors import DataError
from tidegate.measures import scores as m

GRID = arrays(np.float64, (3, 12), elements=st.integers(-3, 3).map(float) | st.just(np.nan))


class TestRegression:
    def test_correlations_are_scipys_with_ties_and_gaps(self):
        rng = np.random.default_rng(5)
        score, truth = rng.integers(-3, 4, (20, 40)).astype(float), rng.normal(size=(20, 40))
        truth[rng.random((20, 40)) < 0.2] = np.nan
        for row in range(20):
            kept = ~np.isnan(truth[row])
            assert m.ic(score, truth)[row] == pytest.approx(pearsonr(score[row][kept], truth[row][kept])[0])
            assert m.rank_ic(score, truth)[row] == pytest.approx(spearmanr(score[row][kept], truth[row][kept])[0])

    def test_a_score_that_does_not_vary_has_no_ic(self):
        assert np.isnan(m.ic(np.full(9, 0.1), np.arange(9.0)))
        assert np.isnan(m.rank_ic(np.full(9, 0.1), np.arange(9.0)))
        assert np.isnan(m.ic([1.0, 2.0], [1.0, 2.0]))

    def test_accuracy_and_its_base_rate(self):
        truth = np.array([1.0, 1.0, 1.0, -1.0, 0.0])
        assert m.direction_accuracy(np.ones(5), truth) == pytest.approx(0.6)
        assert m.majority_rate(np.ones(5), truth) == pytest.approx(0.6)
        assert m.majority_rate(np.ones(5), -truth) == pytest.approx(0.8)

    def test_skill_is_judged_on_common_rows_only(self):
        score, truth, reference = [1.0, 2.0, 9.0], [1.0, 3.0, 4.0], [0.0, 2.0, np.nan]
        assert m.skill(score, truth, reference) == pytest.approx(0.5)
        assert m.skill(truth, truth, reference) == pytest.approx(1.0)
        assert np.isnan(m.skill([0.0], [1.0], [1.0]))

    def test_nothing_left_is_nan_and_not_zero(self):
        for measure in (m.ic, m.rank_ic, m.mse, m.rmse, m.mae, m.direction_accuracy, m.majority_rate):
            assert np.isnan(measure([np.nan], [1.0])), measure.__name__
            assert np.isnan(measure([], [])), measure.__name__

    def test_icir_drops_missing_dates(self):
        assert m.icir([0.1, np.nan, 0.3], periods_per_year=4) == pytest.approx(2 * np.sqrt(2))
        assert np.isnan(m.icir([0.1, 0.1], periods_per_year=None))

    def test_confusion_counts(self):
        assert m.confusion([2, 0, 1, -1], [2, 1, 1, 0], classes=3).tolist() == [[0, 0, 0], [1, 1, 0], [0, 0, 1]]


class TestProperties:
    @given(GRID, GRID)
    def test_rank_ic_is_blind_to_monotone_change(self, score, truth):
        assert np.allclose(m.rank_ic(score, truth), m.rank_ic(np.exp(score), truth**3), equal_nan=True)

    @given(GRID, GRID)
    def test_ic_is_symmetric_and_bounded(self, score, truth):
        one, other = m.ic(score, truth), m.ic(truth, score)
        assert np.allclose(one, other, equal_nan=True)
        assert np.all(np.isnan(one) | (np.abs(one) <= 1))

    @given(GRID, GRID)
    def test_rows_are_judged_alone(self, score, truth):
        for measure in (m.ic, m.rank_ic, m.mae, m.direction_accuracy, m.pairs):
            assert np.allclose(
                measure(score, truth), [measure(*row) for row in zip(score, truth, strict=True)], equal_nan=True
            )

    @given(GRID, GRID)
    def test_order_of_assets_is_nothing(self, score, truth):
        turned = np.random.default_rng(0).permutation(12)
        assert np.allclose(m.rank_ic(score, truth), m.rank_ic(score[:, turned], truth[:, turned]), equal_nan=True)


class TestValidation:
    def test_shapes_must_agree(self):
        with pytest.raises(DataError, match="differ in shape"):
            m.ic([1.0, 2.0], [1.0])
        with pytest.raises(DataError, match="differ in shape"):
            m.confusion([1], [1, 0], classes=2)

    def test_a_class_that_does_not_exist(self):
        with pytest.raises(DataError, match="class does not exist"):
            m.confusion([2], [0], classes=2)
