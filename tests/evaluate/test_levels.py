"""Forecasts of prices against the last price: by hand, and by what must hold for all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from tidegate.errors import DataError
from tidegate.evaluate.levels import PriceForecast, lagged, pinball, regimes_of


def walk(n, seed):
    return 3600 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, n)))


def persisted(price):
    return PriceForecast(price[:-1], price[1:], price[:-1])


def test_the_last_price_has_a_ratio_of_one_and_no_duel_with_itself():
    held = persisted(walk(200, 1))
    assert held.ratio == 1.0
    assert held.duel(level=0.95) is None


def test_errors_by_hand():
    held = PriceForecast(np.array([3610.0, 3590.0]), np.array([3600.0, 3600.0]), np.array([3605.0, 3580.0]))
    assert held.rmse == 10.0
    assert held.mae == 10.0
    assert held.still == pytest.approx(np.sqrt((25 + 400) / 2))
    assert held.take(np.array([False, True])).ratio == 0.5


@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0.01, 100))
def test_a_ratio_and_its_duel_know_no_currency(seed, scale):
    price = walk(60, seed)
    said = price[:-1] * 1.001
    one = PriceForecast(said, price[1:], price[:-1])
    other = PriceForecast(said * scale, price[1:] * scale, price[:-1] * scale)
    assert other.ratio == pytest.approx(one.ratio)
    assert other.duel(level=0.95).p_value == pytest.approx(one.duel(level=0.95).p_value, abs=1e-9)


def test_a_forecast_that_knows_half_of_the_move_is_found_better():
    price = walk(400, 2)
    held = PriceForecast(price[:-1] + 0.5 * np.diff(price), price[1:], price[:-1])
    assert held.ratio == pytest.approx(0.5)
    told = held.duel(level=0.95)
    assert told.estimate > 0
    assert told.p_value < 1e-6


def test_equal_forecasts_in_calm_and_wild_weeks_are_rarely_told_apart():
    noise = np.random.default_rng(3).normal(size=(400, 1500))
    memory = lfilter([1.0], [1.0, -0.87], noise, axis=-1)[:, 500:]
    assert memory.mean(axis=1).var() * 1000 / memory.var() > 10  # as in real losses: far from independent
    came, rejected = np.full(1000, 3600.0), 0
    for apart in np.clip(memory, -9, 9):
        held = PriceForecast(came + np.sqrt(10 - apart), came, came + np.sqrt(10 + apart))
        rejected += held.duel(level=0.95).p_value < 0.05
    assert 0.01 < rejected / 400 < 0.12


@given(seed=st.integers(0, 2**32 - 1), at=st.integers(200, 398))
def test_a_regime_is_known_at_its_close(seed, at):
    price, learned = walk(400, seed), np.arange(400) < 150
    changed = price.copy()
    changed[at + 1 :] *= np.random.default_rng(seed + 1).uniform(0.5, 2.0, 400 - at - 1)
    before, after = regimes_of(price, learned), regimes_of(changed, learned)
    for one, other in zip((before.volatility, before.trend), (after.volatility, after.trend), strict=True):
        assert one[: at + 1].tolist() == other[: at + 1].tolist()


def test_regimes_are_thirds_of_what_was_learned_from():
    calm, wild = np.random.default_rng(5).normal(0, 0.002, 300), np.random.default_rng(6).normal(0, 0.02, 300)
    price = np.exp(np.cumsum(np.concatenate([calm, wild])))
    held = regimes_of(price, np.arange(600) < 300)
    assert (held.volatility[:20] == -1).all()
    assert (held.volatility[330:] == 2).all()
    counts = np.bincount(held.trend[20:300], minlength=3)
    assert counts.min() > 80


def test_too_few_bars_make_no_thirds():
    with pytest.raises(DataError, match="too few bars to cut thirds"):
        regimes_of(walk(60, 1), np.arange(60) < 40)


def test_lags_find_who_runs_behind():
    price = walk(500, 7)
    behind = {0: price, 1: np.append(np.nan, price[:-1]), 3: np.append([np.nan] * 3, price[:-3])}
    for lag, forecast in behind.items():
        told = lagged(forecast, price, range(-2, 5))
        assert int(np.nanargmax(told)) - 2 == lag
        assert np.nanmax(told) == pytest.approx(1.0)
    ahead = np.append(price[2:], [np.nan] * 2)
    assert int(np.nanargmax(lagged(ahead, price, range(-2, 5)))) - 2 == -2


@given(level=st.floats(0.05, 0.95), seed=st.integers(0, 1000))
def test_the_quantile_itself_has_the_smallest_pinball_loss(level, seed):
    came = np.random.default_rng(seed).normal(size=501)
    at = np.quantile(came, level)
    best = pinball(np.full(501, at), came, level).mean()
    for off in (-0.3, 0.3):
        assert pinball(np.full(501, at + off), came, level).mean() > best


def test_what_is_missing_is_refused():
    with pytest.raises(DataError, match="finite lists of one length"):
        PriceForecast(np.array([1.0, np.nan]), np.ones(2), np.ones(2))
