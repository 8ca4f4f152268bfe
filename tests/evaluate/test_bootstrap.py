"""The stationary bootstrap: against arch, its closed form, and the truth it should cover."""

import numpy as np
import pytest
from scipy.signal import lfilter

from tidegate.errors import SettingError
from tidegate.evaluate.doubt import bootstrap as m


def autoregressive(rng, rho, n):
    return lfilter([1], [1, -rho], rng.normal(size=n + 100))[100:]


def test_block_length_is_that_of_arch():
    arch = pytest.importorskip("arch.bootstrap", reason="the optional oracle arch is not installed")
    rng = np.random.default_rng(0)
    for n, at_least in (
        (500, 18),
        (2000, 20),
    ):  # significance is scaled a little differently: rarely another lag is first
        series = [autoregressive(rng, rho, n) for rho in (0.0, 0.3, 0.7, 0.95, -0.5) * 4]
        theirs = [max(float(arch.optimal_block_length(one)["stationary"].iloc[0]), 1.0) for one in series]
        assert np.isclose([m.block_length(one) for one in series], theirs, rtol=0.01).sum() >= at_least


def test_dependence_makes_blocks_longer():
    rng = np.random.default_rng(1)
    lengths = [np.mean([m.block_length(autoregressive(rng, rho, 400)) for _ in range(20)]) for rho in (0, 0.5, 0.9)]
    assert lengths[0] < lengths[1] < lengths[2]


def test_blocks_have_the_length_asked_for_and_every_bar_its_chance():
    rows, begins = m.resampled(50, 8.0, 4000, np.random.default_rng(2))
    assert begins[:, 1:].mean() == pytest.approx(1 / 8, rel=0.03)
    assert np.bincount(rows.ravel(), minlength=50) == pytest.approx(np.full(50, 4000), rel=0.1)


def test_the_closed_form_variance_is_that_of_resamples():
    series = autoregressive(np.random.default_rng(3), 0.6, 300)
    rows, _ = m.resampled(300, 10.0, 20_000, np.random.default_rng(4))
    assert m.stationary_variance(series, 10.0) == pytest.approx(series[rows].mean(axis=1).var(), rel=0.05)


@pytest.mark.parametrize(("statistic", "truth"), [(m.ratio, 0.05), (m.mean, 0.0005)])
def test_intervals_cover(statistic, truth):
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(200):
        returns = 0.0005 + 0.01 * rng.standard_t(5, 250) / np.sqrt(5 / 3)
        found = m.studentised(returns, statistic, level=0.9, resamples=199, generator=rng)
        inside += found.low <= truth <= found.high
    assert inside / 200 == pytest.approx(0.9, abs=0.06)


def test_dependence_widens_the_interval():
    rng = np.random.default_rng(6)
    series = autoregressive(rng, 0.7, 1000)
    alike = [
        m.studentised(x, m.mean, level=0.9, resamples=499, generator=rng) for x in (series, rng.permutation(series))
    ]
    assert (alike[0].high - alike[0].low) > 1.7 * (alike[1].high - alike[1].low)


def test_a_correlation_is_a_statistic_too():
    rng = np.random.default_rng(7)
    x = rng.normal(size=300)
    found = m.studentised(
        np.stack([x, x + rng.normal(size=300)]), m.correlation, level=0.95, resamples=499, generator=rng
    )
    assert found.low < np.sqrt(0.5) < found.high
    assert found.p_value == pytest.approx(1 / 500)


def test_the_same_generator_gives_the_same_interval():
    series = np.random.default_rng(8).normal(size=200)
    drawn = [m.studentised(series, m.ratio, level=0.95, resamples=99, generator=np.random.default_rng(9)) for _ in "ab"]
    assert drawn[0] == drawn[1]


def test_parts_of_the_work_are_the_work(monkeypatch):
    series = np.random.default_rng(8).normal(0.1, 1, 200)
    whole = m.studentised(series, m.mean, level=0.95, resamples=2000, generator=np.random.default_rng(9))
    monkeypatch.setattr(m, "_CHUNK", 7 * 200)
    parts = m.studentised(series, m.mean, level=0.95, resamples=2000, generator=np.random.default_rng(9))
    assert parts.high == pytest.approx(whole.high, rel=0.1)


def test_nothing_that_does_not_vary_has_an_interval():
    found = m.studentised(np.zeros(100), m.ratio, level=0.95, resamples=99, generator=np.random.default_rng(0))
    assert np.isnan(found.low)
    assert m.block_length(np.zeros(100)) == 1.0


def test_refusals():
    with pytest.raises(SettingError, match="at least one bar"):
        m.resampled(10, 0.5, 1, np.random.default_rng(0))
    with pytest.raises(SettingError, match="level and resamples"):
        m.studentised(np.arange(20.0), m.mean, level=1.5, resamples=99, generator=np.random.default_rng(0))
