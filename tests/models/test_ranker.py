"""The ranker: it learns an order, depends on nothing but what its rows say, and keeps what it learned as text."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import IntegrityError, MissingExtraError, RecordError, SettingError
from tidegate.learn.digests import digest_arrays
from tidegate.learn.fit import fit_rival, load_fitted
from tidegate.learn.speak import speak
from tidegate.models.base import Seen
from tidegate.models.needs import versions_of
from tidegate.models.pairs import Pairs
from tidegate.models.ranker import Ranker
from tidegate.models.relevance import dealt, grades_by_date
from tidegate.prepare.scalers import Standard
from tidegate.testing.blind_windows import example_windows
from tidegate.testing.history import example_bars
from tidegate.types import Horizon

OBJECTIVES = ("lambdarank", "xendcg", "pairwise")
SMALL = Ranker(smallest_leaf=20, trees=8, leaves=8)


def world(dates=40, assets=50, seed=0, lookback=2):
    """Dates whose assets follow a known signal, under noise that is the whole date's."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(dates * assets, lookback, 3))
    time = np.repeat(np.arange(dates) * 5, assets)
    signal = np.tanh(z[:, -1, 0]) + z[:, 0, 1] * (z[:, -1, 2] > 0)
    target = 0.01 * signal + 0.02 * rng.normal(size=dates).repeat(assets) + 0.005 * rng.normal(size=len(time))
    return seen_of(z, time), target, signal


def seen_of(z, time):
    return Seen(z, z, np.zeros((len(z), 0)), ("a", "b", "c"), Horizon(lag=1, span=5), time)


def some(seen, which):
    return seen_of(seen.z[which], seen.time[which])


def rank_ic(said, truth, time):
    ranks = [
        np.argsort(np.argsort(np.stack([said, truth])[:, time == when], axis=1), axis=1) for when in np.unique(time)
    ]
    return np.mean([np.corrcoef(both)[0, 1] for both in ranks])


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_it_learns_the_order_within_dates_and_not_their_level(objective):
    seen, target, _ = world()
    ranker = SMALL.but(objective=objective, trees=30, truncation=50)
    learned = ranker.fit(seen, target, np.ones(len(target)))
    new, _, signal = world(seed=1)
    said = ranker.predict(learned, new)
    assert rank_ic(said, signal, new.time) > 0.75
    # A forecast is in the label's unit: about as large as what came, and no larger.
    assert 0.002 < said.std() < 0.02
    assert abs(said.mean() - target.mean()) < 0.002


def test_only_the_last_row_is_seen_where_it_says_so():
    seen, target, _ = world()
    ranker = SMALL.but(sees="last")
    learned = ranker.fit(seen, target, np.ones(len(target)))
    z = seen.z.copy()
    z[:, 0] = 9.0
    np.testing.assert_array_equal(ranker.predict(learned, seen_of(z, seen.time)), ranker.predict(learned, seen))
    whole = SMALL.fit(seen, target, np.ones(len(target)))
    assert (SMALL.predict(whole, seen_of(z, seen.time)) != SMALL.predict(whole, seen)).any()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_order_of_rows_and_the_number_of_threads_change_nothing(objective):
    seen, target, _ = world()
    target = np.round(target, 3)  # so that many tie
    weight = np.random.default_rng(2).uniform(0.5, 1.5, len(target))
    ranker = SMALL.but(objective=objective)
    once = digest_arrays(ranker.fit(seen, target, weight))
    for chance in range(3):
        mixed = np.random.default_rng(chance).permutation(len(target))
        again = ranker.but(threads=chance + 1).fit(some(seen, mixed), target[mixed], weight[mixed])
        assert digest_arrays(again) == once
    assert digest_arrays(ranker.fit(seen, -target, weight)) != once
    assert digest_arrays(ranker.fit(seen, target, weight[::-1])) != once


@pytest.mark.parametrize("objective", ["xendcg", "pairwise"])
def test_a_seed_decides_what_is_drawn(objective):
    seen, target, _ = world()
    one, other = (
        digest_arrays(SMALL.but(objective=objective, seed=seed).fit(seen, target, np.ones(len(target))))
        for seed in (0, 1)
    )
    assert one != other


@pytest.mark.parametrize("objective", OBJECTIVES)
@settings(max_examples=10)
@given(chance=st.integers(0, 10**6))
def test_a_forecast_does_not_depend_on_its_neighbours(objective, chance):
    seen, target, _ = world()
    ranker = SMALL.but(objective=objective, trees=3)
    learned = ranker.fit(seen, target, np.ones(len(target)))
    together = ranker.predict(learned, seen)
    rng = np.random.default_rng(chance)
    which = rng.permutation(len(target))[: rng.integers(1, len(target))]
    np.testing.assert_array_equal(ranker.predict(learned, some(seen, which)), together[which])
    np.testing.assert_array_equal(ranker.predict(learned, some(seen, which[:1])), together[which[:1]])


def test_what_it_learned_is_text_in_a_sealed_file_and_speaks_the_same_after_loading(tmp_path):
    windows = example_windows(example_bars(sessions=120))
    train = np.flatnonzero(np.isfinite(windows.target))
    affine = Standard().fit(windows, np.isfinite(windows.target))
    ranker = Ranker(smallest_leaf=5)
    fitted = fit_rival(ranker, windows, affine, train, tmp_path)
    text = fitted.arrays["model"].tobytes().decode("ascii")
    assert text.startswith("tree\n")
    assert text.endswith("end of trees\n")
    assert text.count("Tree=") == 20
    loaded = load_fitted(tmp_path)
    assert loaded.fingerprint == fitted.fingerprint
    assert not loaded.arrays["model"].flags.writeable
    which = np.arange(len(windows))
    said = speak(fitted, windows, affine, which)
    np.testing.assert_array_equal(speak(loaded, windows, affine, which), said)
    assert len(np.unique(said)) > 20
    weights = tmp_path / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[content.index(b"leaf_value=") + 12] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(IntegrityError, match="not what was written"):
        load_fitted(tmp_path)


def test_trees_that_say_nothing_forecast_the_mean():
    seen, target, _ = world()
    ranker = Ranker(smallest_leaf=len(target))
    np.testing.assert_allclose(
        ranker.predict(ranker.fit(seen, target, np.ones(len(target))), seen), target.mean(), rtol=1e-12
    )


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_line_is_fitted_to_what_the_trees_say_of_the_training_rows(objective):
    seen, target, _ = world()
    weight = np.random.default_rng(2).uniform(0.5, 1.5, len(target))
    ranker = SMALL.but(objective=objective)
    learned = ranker.fit(seen, target, weight)
    plain = {**learned, "line": np.array([0.0, 1.0, 0.0])}
    score = ranker.predict(plain, seen)
    within, came = score.copy(), target.copy()
    for when in np.unique(seen.time):
        own = seen.time == when
        within[own] -= np.average(score[own], weights=weight[own])
        came[own] -= np.average(target[own], weights=weight[own])
    slope = np.sum(weight * within * came) / np.sum(weight * within**2)
    assert slope > 0
    expected = [np.average(target, weights=weight), slope, np.average(score, weights=weight)]
    np.testing.assert_allclose(learned["line"], expected, rtol=1e-9)


def test_dates_beyond_the_short_numbers_are_sorted_too():
    seen, target, _ = world(dates=10, assets=20)
    far = seen_of(seen.z, seen.time * 10_000)
    once, again = (SMALL.fit(held, target, np.ones(len(target))) for held in (seen, far))
    assert digest_arrays(once) == digest_arrays(again)


def test_it_says_what_it_cannot_rank():
    seen, target, _ = world()
    alone = seen_of(seen.z, np.arange(len(target)))
    with pytest.raises(SettingError, match="several assets"):
        SMALL.fit(alone, target, np.ones(len(target)))
    with pytest.raises(RecordError, match="stand beside each other"):
        SMALL.fit(seen_of(seen.z, None), target, np.ones(len(target)))
    with pytest.raises(SettingError, match="10000"):
        dealt(np.zeros(10_001, int), np.zeros(10_001), np.zeros((10_001, 1), np.float32), 5, np.random.default_rng(0))


def test_without_lightgbm_it_says_what_to_install(monkeypatch):
    seen, target, _ = world()
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtraError, match=r"needs lightgbm.*tidegate\[ranker\]"):
        SMALL.fit(seen, target, np.ones(len(target)))


def test_the_version_of_what_it_needs_enters_the_key(monkeypatch):
    assert versions_of(SMALL).keys() == {"lightgbm"}
    monkeypatch.setattr(Ranker, "needs", {"boosting-of-another-world": "ranker"})
    with pytest.raises(MissingExtraError, match="boosting-of-another-world"):
        versions_of(SMALL)


@given(
    target=st.lists(st.sampled_from([-0.2, -0.1, 0.0, 0.1, 0.2, 0.3]), min_size=1, max_size=30),
    grades=st.integers(2, 31),
)
def test_grades_are_standings_of_which_equal_targets_share_one(target, grades):
    values = np.array(target)
    time = np.arange(len(values)) % 3
    found = grades_by_date(time, values, grades)
    for at, value in enumerate(values):
        own = values[time == time[at]]
        below, equal = np.sum(own < value), np.sum(own == value)
        assert found[at] == int(grades * (2 * below + equal) // (2 * own.size))
    assert found.min() >= 0
    assert found.max() < grades


def test_rows_are_dealt_within_their_dates_whatever_they_came_in():
    rng = np.random.default_rng(0)
    time, target = np.repeat([3, 1, 2], 40), np.round(rng.normal(size=120), 1)
    table = rng.normal(size=(120, 2)).astype(np.float32)
    rows = dealt(time, target, table, 4, np.random.default_rng(5))
    assert rows.sizes.tolist() == [40, 40, 40]
    assert time[rows.order].tolist() == sorted(time)
    assert sorted(rows.order.tolist()) == list(range(120))
    # Neither the target's order nor that of the rows is left within a date.
    first = rows.order[:40]
    assert abs(np.corrcoef(np.arange(40), target[first])[0, 1]) < 0.4
    assert abs(np.corrcoef(np.arange(40), first)[0, 1]) < 0.4
    mixed = rng.permutation(120)
    again = dealt(time[mixed], target[mixed], table[mixed], 4, np.random.default_rng(5))
    np.testing.assert_array_equal(table[rows.order], table[mixed][again.order])
    np.testing.assert_array_equal(rows.grades, again.grades)


def test_the_drawn_pairs_are_on_average_all_pairs():
    rng = np.random.default_rng(0)
    sizes = np.array([5, 1, 8])
    grade, score = rng.integers(0, 3, 14), rng.normal(size=14)
    weight = rng.uniform(0.5, 2.0, 14)
    slope, bend = Pairs(sizes, grade, weight, 20_000, np.random.default_rng(1)).slopes(score)
    first = 0
    for size in sizes:
        own = slice(first, first + size)
        s, g = score[own], grade[own]
        above = g[:, None] > g[None, :]
        wrong = 1.0 / (1.0 + np.exp(s[:, None] - s[None, :]))
        push = np.where(above, -wrong, 0.0)
        curve = np.where(above, wrong * (1 - wrong), 0.0)
        chance = 2.0 / max(size - 1, 1)  # a row meets one ahead and one behind of size - 1 others
        np.testing.assert_allclose(slope[own], chance * (push.sum(1) - push.sum(0)) * weight[own], atol=0.04)
        np.testing.assert_allclose(bend[own], chance * (curve.sum(1) + curve.sum(0)) * weight[own], atol=0.02)
        first += size


def test_pairs_push_each_other_equally():
    rng = np.random.default_rng(0)
    pairs = Pairs(np.array([30, 20]), rng.integers(0, 5, 50), np.ones(50), 1, np.random.default_rng(1))
    slope, bend = pairs.slopes(rng.normal(size=50))
    np.testing.assert_allclose([slope[:30].sum(), slope[30:].sum()], 0.0, atol=1e-12)
    assert (bend >= 0).all()
    assert bend.sum() > 0
