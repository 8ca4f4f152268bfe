"""Pruning within a style: the rule by hand, against scipy's Spearman, and blind to what comes after training."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from tidegate.errors import DataError, RecordError, SettingError, UnknownNameError
from tidegate.prepare.pruning import Pruning, prune
from tidegate.prepare.rank_correlation import mean_rank_correlations, rank_correlations
from tidegate.prepare.sections import CrossSections

FIELDS = ("value_a", "value_b", "value_c", "size_a", "size_b", "alone")
STYLES = {"value_a": "value", "value_b": "value", "value_c": "value", "size_a": "size", "size_b": "size"}


def market(seed=0, dates=20, assets=60, missing=0.1):
    """value_b follows value_a, value_c is its own, size_b is minus size_a and as value_a is; nothing is in common else."""
    generator = np.random.default_rng(seed)
    draw = generator.normal(size=(dates, assets, 4))
    values = np.stack(
        [
            draw[..., 0],
            np.exp(draw[..., 0] + 0.2 * draw[..., 1]),
            draw[..., 2],
            draw[..., 0] + 0.1 * draw[..., 3],
            -draw[..., 0] - 0.1 * draw[..., 1],
            draw[..., 0],
        ],
        axis=2,
    )
    values[generator.random(values.shape) < missing] = np.nan
    return CrossSections.of_grid(values, FIELDS)


def with_values(sections, values):
    return CrossSections.of(values, sections.fields, sections.times, sections.assets, sections.offsets, sections.asset)


def test_rank_correlations_are_spearmans_where_nothing_is_missing():
    values = np.round(np.random.default_rng(1).normal(size=(80, 5)), 1)
    made, common = rank_correlations(values)
    np.testing.assert_allclose(made, spearmanr(values).statistic, rtol=0, atol=1e-12)
    assert (common == 80).all()


def test_rank_correlations_with_missing_values_are_those_of_each_columns_own_ranks():
    values = market(2).at(0).values
    made, common = rank_correlations(values)
    for i in range(values.shape[1]):
        for j in range(values.shape[1]):
            left, right = (rankdata(values[:, k], nan_policy="omit") for k in (i, j))
            both = ~np.isnan(left) & ~np.isnan(right)
            assert common[i, j] == both.sum()
            assert made[i, j] == pytest.approx(np.corrcoef(left[both], right[both])[0, 1], abs=1e-12)


def test_a_constant_or_empty_column_has_no_correlation():
    values = np.column_stack([np.ones(9), np.arange(9.0), np.full(9, np.nan)])
    made, common = rank_correlations(values)
    assert np.isnan(made[0]).all()
    assert np.isnan(made[2]).all()
    assert made[1, 1] == 1
    assert common[2].tolist() == [0, 0, 0]


def test_within_a_style_the_later_of_two_alike_goes_and_the_log_says_why():
    sections = market(missing=0.0)
    found = Pruning(styles=STYLES).fit(sections, np.ones(20, dtype=bool))
    assert found.kept == ("value_a", "value_c", "size_a", "alone")
    assert [(one.field, one.style, one.against, one.dates) for one in found.log] == [
        ("value_b", "value", "value_a", 20),
        ("size_b", "size", "size_a", 20),
    ]
    values = sections.grid()
    by_date = [spearmanr(one[:, 0], one[:, 1]).statistic for one in values]
    assert found.log[0].correlation == pytest.approx(np.mean(by_date), abs=1e-12)
    assert found.log[1].correlation < -0.8
    assert found.of(sections).fields == found.kept
    assert np.array_equal(found.of(sections).grid(), values[:, :, [0, 2, 3, 5]])


def test_coverage_comes_before_order():
    sections = market(missing=0.0)
    values = sections.values.copy()
    values[::3, 0] = np.nan
    found = prune(with_values(sections, values), STYLES, np.ones(20, dtype=bool))
    assert found.kept == ("value_b", "value_c", "size_a", "alone")
    assert found.log[0].field == "value_a"
    assert found.log[0].coverage == pytest.approx(2 / 3)
    assert found.log[0].against_coverage == 1


def test_limit_and_styles_decide():
    sections, training = market(missing=0.0), np.ones(20, dtype=bool)
    assert prune(sections, STYLES, training, limit=1.0).kept == FIELDS
    assert prune(sections, {}, training).kept == FIELDS
    assert Pruning().fit(sections, training, styles=STYLES).kept == Pruning(styles=STYLES).fit(sections, training).kept
    everything = dict.fromkeys(FIELDS, "one")
    assert prune(sections, everything, training).kept == ("value_a", "value_c")


def test_dates_with_too_few_assets_do_not_count_and_pairs_never_seen_stay():
    sections = market(missing=0.0, assets=12)
    assert prune(sections, STYLES, np.ones(20, dtype=bool), least=13).unseen == (
        ("value_a", "value_b"), ("value_a", "value_c"), ("value_b", "value_c"), ("size_a", "size_b")
    )  # fmt: skip
    assert prune(sections, STYLES, np.ones(20, dtype=bool), least=12).unseen == ()


@given(st.integers(0, 1000), st.integers(1, 19))
def test_nothing_after_the_last_training_date_enters(seed, cut):
    sections = market(seed)
    generator = np.random.default_rng(seed + 1)
    values = sections.values.copy()
    later = slice(int(sections.offsets[cut]), None)
    values[later] = generator.permuted(values[later] ** 3, axis=0)
    values[later, 0] = np.nan
    training = np.arange(20) < cut
    before, after = (prune(held, STYLES, training) for held in (sections, with_values(sections, values)))
    assert before == after
    assert before.upto == sections.times[cut - 1]


def test_training_dates_do_enter():
    """The test above has power: the same change on a training date is seen."""
    sections = market(missing=0.0)
    values = sections.values.copy()
    values[:, 1] = np.random.default_rng(5).permuted(values[:, 1])
    training = np.arange(20) < 10
    assert "value_b" not in prune(sections, STYLES, training).kept
    assert "value_b" in prune(with_values(sections, values), STYLES, training).kept


def test_mean_over_dates_counts_dates():
    sections = market(missing=0.4, assets=30)
    dates = np.arange(20) % 2 == 0
    mean, count = mean_rank_correlations(sections, dates, least=10)
    pairs = [rank_correlations(sections.at(date).values) for date in range(0, 20, 2)]
    held = [made[0, 1] for made, common in pairs if common[0, 1] >= 10]
    assert count[0, 1] == len(held) < 11
    assert mean[0, 1] == pytest.approx(np.mean(held), abs=1e-14)


def test_wrong_requests_are_refused():
    sections = market()
    with pytest.raises(UnknownNameError, match="value_a"):
        prune(sections, {"value_aa": "value"}, np.ones(20, dtype=bool))
    with pytest.raises(DataError, match="no training date"):
        prune(sections, STYLES, np.zeros(20, dtype=bool))
    with pytest.raises(RecordError, match="mask of training dates"):
        prune(sections, STYLES, np.ones(19, dtype=bool))
    with pytest.raises(SettingError, match="limit"):
        Pruning(styles=STYLES, limit=1.5)
    with pytest.raises(UnknownNameError, match="unknown field"):
        prune(sections, STYLES, np.ones(20, dtype=bool)).of(CrossSections.of_grid(np.zeros((1, 1, 1)), ("x",)))
