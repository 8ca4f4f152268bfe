"""Long-run variance and fixed-b values: against the definition, the published table and the simulated limit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.doubt import longrun as m


@given(arrays(np.float64, (2, 17), elements=st.floats(-5, 5)), st.integers(1, 16))
def test_the_fast_sum_is_the_weighted_autocovariances(values, lags):
    centred = values - values.mean(axis=-1, keepdims=True)
    slow = (centred**2).mean(axis=-1)
    for j in range(1, lags):
        slow += 2 * (1 - j / lags) * (centred[:, j:] * centred[:, :-j]).sum(axis=-1) / 17
    assert np.allclose(m.longrun_variance(values, lags), slow, atol=1e-9)


@given(arrays(np.float64, 23, elements=st.floats(-5, 5)), st.integers(1, 22))
def test_it_is_never_negative(values, lags):
    assert m.longrun_variance(values, lags) >= 0


def test_published_quantiles():
    assert m.fixed_b_quantile(0.975, 0.0) == pytest.approx(1.96)
    assert m.fixed_b_quantile(0.95, 1.0) == pytest.approx(1.6449 + 2.1859 + 0.3142 - 0.3427)
    # the 0.99 row of the same table is not used in the code: the matched Student t must come near it
    for b in (0.02, 0.1, 0.3, 0.5):
        published = 2.3263 + 4.1618 * b + 0.5368 * b**2 - 0.9060 * b**3
        assert m.fixed_b_quantile(0.99, b) == pytest.approx(published, rel=0.01)


def test_quantiles_are_those_of_the_simulated_limit():
    rng, n = np.random.default_rng(0), 400
    noise = rng.normal(size=(8000, n))
    for b in (0.06, 0.2):
        ratio = np.abs(np.sqrt(n) * noise.mean(axis=1) / np.sqrt(m.longrun_variance(noise, int(b * n))))
        assert np.mean(ratio > m.fixed_b_quantile(0.975, b)) == pytest.approx(0.05, abs=0.008)
        assert np.mean(m.fixed_b_p(ratio, b) < 0.01) == pytest.approx(0.01, abs=0.004)


@given(st.floats(0.001, 1), st.floats(0.6, 0.999))
def test_p_value_and_quantile_are_inverse(b, probability):
    quantile = m.fixed_b_quantile(probability, b)
    assert m.fixed_b_p(quantile, b) == pytest.approx(2 * (1 - probability), rel=1e-3)


def test_more_estimation_means_more_doubt():
    assert np.all(np.diff([m.fixed_b_p(2.2, b) for b in (0, 0.01, 0.1, 0.5, 1.0)]) > 0)


def test_refusals():
    with pytest.raises(SettingError, match="below the number of terms"):
        m.longrun_variance([1.0, 2.0], 2)
    with pytest.raises(SettingError, match="share of the terms"):
        m.fixed_b_p(1.0, 1.5)
    with pytest.raises(SettingError, match="upper half"):
        m.fixed_b_quantile(0.3, 0.1)
    with pytest.raises(DataError, match="missing values"):
        m.complete([1.0, np.nan])


def test_statsmodels_agrees_where_it_is_installed():
    regression = pytest.importorskip(
        "statsmodels.regression.linear_model", reason="the optional oracle statsmodels is not installed"
    )
    values = np.random.default_rng(2).normal(0.1, 1, 200).cumsum() * 0.05
    fit = regression.OLS(values, np.ones(200)).fit(cov_type="HAC", cov_kwds={"maxlags": 7})
    assert np.sqrt(m.longrun_variance(values, 8) / 200) == pytest.approx(fit.bse[0])
