"""Pooled networks: each member is what it would be alone, and every window is asked of its own."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from tidegate.errors import SettingError
from tidegate.learn.chance import chance
from tidegate.learn.fit import fit_network, load_fitted
from tidegate.learn.speak import speak
from tidegate.learn.target import TargetScale
from tidegate.learn.training import EarlyStopping, Training
from tidegate.models.cells.lstm import LSTM
from tidegate.models.ensemble import Ensemble
from tidegate.models.multiply_adds import multiply_adds
from tidegate.models.pooled import Pooled
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types import Affine, Horizon, Panel, Windows

MEMBER = RecurrentNetwork(cell=LSTM(hidden=3), dense=(2,))
TRAINING = Training(epochs=2, batch=16)
SIZES = {7.0: 60, 3.0: 40, 9.0: 40, 5.0: 12}
"""Windows of each group; the asset of a group has four rows more."""
LOOKBACK = 5


def ground(extra=()):
    """Windows of assets of four groups, and perhaps of further ones: one asset a group, number and size."""
    sizes = [*SIZES.items(), *extra]
    rows = [size + LOOKBACK - 1 for _, size in sizes]
    chance_ = np.random.default_rng(4)
    values = chance_.standard_normal((sum(rows), 3)).astype(np.float32)
    values[:, 2] = np.repeat([code for code, _ in sizes], rows)
    offsets = np.append(0, np.cumsum(rows))
    times = (np.datetime64("2015-01-01") + np.arange(max(rows))).astype("datetime64[us]")
    row_time = np.concatenate([np.arange(count) for count in rows])
    names = tuple(f"asset {place}" for place in range(len(rows)))
    panel = Panel.of(values, times, names, ("a", "b", "group"), row_time, offsets)
    anchors = np.concatenate([np.arange(first + LOOKBACK - 1, end) for first, end in pairwise(offsets)])
    target = values[anchors, 0].astype(np.float64) * np.sign(values[anchors, 2] - 6)
    known = panel.row_time[anchors] + 2
    made = Windows.of(panel, LOOKBACK, ("a", "b"), ("group",), Horizon(lag=1, span=1), anchors, target, known)
    return made, Affine.of(np.zeros((1, 2)), np.ones((1, 2)))


def fit(pooled, windows, affine, folder, which=None, valid=(), training=TRAINING):
    train = np.arange(len(windows)) if which is None else which
    return fit_network(
        pooled, training, windows, affine, TargetScale(), train, np.asarray(valid, dtype=np.int64), {}, 1, folder
    )


def codes(windows):
    return windows.panel.column("group")[windows.anchors]


def test_each_member_is_what_it_would_be_alone(tmp_path):
    windows, affine = ground()
    pooled = Pooled(member=MEMBER, groups=2, at_least=20)
    fitted = fit(pooled, windows, affine, tmp_path / "pool")
    assert fitted.arrays["codes"].tolist() == [7.0, 3.0]  # the largest; of two alike the lower number
    bare = Windows.of(
        windows.panel, LOOKBACK, windows.inputs, (), windows.horizon, windows.anchors, windows.target, windows.known
    )
    said = speak(fitted, windows, affine, np.arange(len(windows)))
    for place, (code, number) in enumerate(((7.0, 7), (3.0, 3), (None, 0))):
        own = np.flatnonzero(codes(windows) == code if code else np.isin(codes(windows), (5.0, 9.0)))
        seed = int(chance(1, "group" if code else "rest", number).integers(1 << 62))
        alone = fit_network(
            MEMBER, TRAINING, bare, affine, TargetScale(), own, own[:0], {}, seed, tmp_path / f"alone-{place}"
        )
        for name, array in alone.arrays.items():
            np.testing.assert_array_equal(fitted.arrays[f"members.{place}.{name}"], array)
        np.testing.assert_array_equal(said[own], speak(alone, bare, affine, own))
    assert load_fitted(tmp_path / "pool").fingerprint == fitted.fingerprint
    again = fit(pooled, windows, affine, tmp_path / "pool")
    assert again.identity == fitted.identity


def test_a_window_is_told_the_same_in_any_company(tmp_path):
    windows, affine = ground()
    fitted = fit(Pooled(member=MEMBER, groups=3, at_least=20), windows, affine, tmp_path)
    every = np.arange(len(windows))
    whole = speak(fitted, windows, affine, every)
    mixed = np.random.default_rng(0).permutation(every)[:37]
    np.testing.assert_array_equal(speak(fitted, windows, affine, mixed), whole[mixed])


def test_who_has_no_group_of_its_own_is_asked_of_the_rest(tmp_path):
    windows, affine = ground(extra=((11.0, 6),))
    train = np.flatnonzero(codes(windows) != 11.0)
    fitted = fit(Pooled(member=MEMBER, groups=8, at_least=20), windows, affine, tmp_path, which=train)
    assert sorted(fitted.arrays["codes"].tolist()) == [-1.0] * 5 + [3.0, 7.0, 9.0]
    unseen = np.flatnonzero(codes(windows) == 11.0)
    module = fitted.module()
    rest = module.members[-1]
    rows = windows.anchors[unseen][:, None] + np.arange(1 - LOOKBACK, 1)
    x = torch.from_numpy(windows.panel.values[:, :2][rows])
    with torch.no_grad():
        want = rest(x, torch.zeros(len(unseen), 0)).squeeze(1)
    np.testing.assert_array_equal(speak(fitted, windows, affine, unseen), want.double().numpy())
    # twelve windows of group 5 are fewer than at least 20: the rest has learned from everybody
    kernel = "stack.layers.0.kernel"
    alone = fit(MEMBER, *bare_of(windows, affine), tmp_path / "all", which=train, training=TRAINING)
    assert alone.arrays[kernel].shape == fitted.arrays[f"members.8.{kernel}"].shape
    assert (tmp_path / "rest" / "fit.json").is_file()
    assert len(fitted.history) == TRAINING.epochs


def bare_of(windows, affine):
    made = Windows.of(
        windows.panel, LOOKBACK, windows.inputs, (), windows.horizon, windows.anchors, windows.target, windows.known
    )
    return made, affine


def test_a_group_without_validation_windows_has_no_member_where_one_needs_them(tmp_path):
    windows, affine = ground()
    sevens = np.flatnonzero(codes(windows) == 7.0)
    others = np.flatnonzero(codes(windows) == 9.0)
    valid = np.concatenate([sevens[-10:], others[-10:]])
    train = np.setdiff1d(np.arange(len(windows)), valid)
    training = TRAINING.but(early_stopping=EarlyStopping(patience=1))
    fitted = fit(Pooled(member=MEMBER, groups=1, at_least=20), windows, affine, tmp_path, train, valid, training)
    assert fitted.arrays["codes"].tolist() == [7.0]
    many = Pooled(member=MEMBER, groups=3, at_least=20)
    both = fit(many, windows, affine, tmp_path / "both", train, valid, training)
    assert sorted(both.arrays["codes"].tolist()) == [-1.0, 7.0, 9.0]


def test_what_cannot_be_pooled_is_refused(tmp_path):
    windows, affine = ground()
    with pytest.raises(SettingError, match="a member of a pool is one network"):
        Pooled(member=Ensemble(member=MEMBER, count=2), groups=2)
    with pytest.raises(SettingError, match="told their group by the first context field"):
        fit(Pooled(member=MEMBER, groups=2), *bare_of(windows, affine), tmp_path)
    with pytest.raises(SettingError, match="told their group by the first context field"):
        Pooled(member=MEMBER, groups=2).parts(LOOKBACK, 2, 0)


def test_a_forecast_costs_what_one_member_costs():
    assert multiply_adds(Pooled(member=MEMBER, groups=9), LOOKBACK, 2, 1) == multiply_adds(MEMBER, LOOKBACK, 2)
    assert multiply_adds(Pooled(member=MEMBER, groups=9), LOOKBACK, 2, 3) == multiply_adds(MEMBER, LOOKBACK, 2, 2)
