"""Rivals: simple, exact, and indifferent to company."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import SettingError, UnknownNameError
from tidegate.models.base import Seen
from tidegate.models.drift import Drift
from tidegate.models.linear import Linear
from tidegate.models.majority import Majority
from tidegate.models.persistence import Persistence
from tidegate.models.zero import Zero
from tidegate.types import Horizon


def seen(count=200, lookback=6, fields=("close", "volume"), context=1, seed=0, span=2):
    rng = np.random.default_rng(seed)
    x = np.exp(rng.normal(size=(count, lookback, len(fields))))
    z = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    return Seen(x, z, rng.normal(size=(count, context)), fields, Horizon(lag=1, span=span))


def some(of, which):
    return Seen(of.x[which], of.z[which], of.context[which], of.fields, of.horizon)


RIVALS = [
    Zero(),
    Majority(),
    Linear(),
    Linear(ridge=100.0),
    Persistence(speaks="level"),
    Persistence(speaks="return"),
    Drift(speaks="level"),
    Drift(speaks="return"),
]


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: f"{rival.name}-{getattr(rival, 'speaks', '')}")
@given(chance=st.integers(0, 10**6))
def test_a_forecast_does_not_depend_on_its_neighbours(rival, chance):
    given_to = seen()
    rng = np.random.default_rng(chance)
    learned = rival.fit(given_to, rng.normal(size=200), np.ones(200))
    together = rival.predict(learned, given_to)
    which = rng.permutation(200)[: rng.integers(1, 200)]
    np.testing.assert_array_equal(rival.predict(learned, some(given_to, which)), together[which])
    np.testing.assert_array_equal(rival.predict(learned, some(given_to, which[:1])), together[which[:1]])


def test_linear_is_ridge_regression():
    held, rng = seen(), np.random.default_rng(3)
    target, weight = rng.normal(size=200), rng.uniform(0.5, 2.0, size=200)
    learned = Linear(ridge=7.0).fit(held, target, weight)
    table = np.concatenate([held.z.reshape(200, -1), held.context], axis=1)
    centre = np.average(table, axis=0, weights=weight)
    scale = np.sqrt(np.average((table - centre) ** 2, axis=0, weights=weight))
    moved = (table - centre) / scale
    # Ridge as least squares with extra rows, by an independent solver.
    root = np.sqrt(weight)[:, None]
    level = np.average(target, weights=weight)
    rows = np.vstack([moved * root, np.sqrt(7.0) * np.eye(13)])
    slope = np.linalg.lstsq(rows, np.concatenate([(target - level) * root[:, 0], np.zeros(13)]), rcond=None)[0]
    np.testing.assert_allclose(Linear(ridge=7.0).predict(learned, held), level + moved @ slope, rtol=1e-8)


def test_linear_gives_no_weight_to_a_column_that_never_changes():
    held = seen()
    flat = Seen(held.x, held.z, np.full((200, 1), 3.0), held.fields, held.horizon)
    learned = Linear().fit(flat, held.z[:, 0, 0], np.ones(200))
    assert learned["slope"][-1] == 0.0


def test_persistence_and_drift_in_numbers():
    x = np.array([[[8.0], [10.0], [11.0], [12.1]]])
    one = Seen(x, x, np.zeros((1, 0)), ("close",), Horizon(lag=1, span=2))
    assert Persistence(speaks="level").predict({}, one).tolist() == [12.1]
    np.testing.assert_allclose(Persistence(speaks="return").predict({}, one), 0.21)
    learned = Drift(speaks="level").fit(one, np.array([12.1 * 1.05]), np.ones(1))
    np.testing.assert_allclose(Drift(speaks="level").predict(learned, one), 12.1 * 1.05)


def test_persistence_refuses_what_it_cannot_read():
    with pytest.raises(SettingError, match="lookback > 6"):
        Persistence(speaks="return").fit(seen(span=6), np.zeros(200), np.ones(200))
    with pytest.raises(UnknownNameError, match="'close'"):
        Persistence(speaks="level").fit(seen(fields=("clos", "v")), np.zeros(200), np.ones(200))


def test_majority_and_zero():
    held = seen(count=4)
    learned = Majority().fit(held, np.array([1.0, -1.0, -1.0, 2.0]), np.array([1.0, 1.0, 1.0, 0.5]))
    np.testing.assert_allclose(Majority().predict(learned, held), -(1 + 1 + 1 + 1) / 3.5)
    assert Majority().fit(held, np.array([1.0, -1.0, 0.0, 0.0]), np.ones(4))["score"][0] == 0.5
    assert Zero().predict({}, held).tolist() == [0.0] * 4
