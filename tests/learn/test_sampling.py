"""Sampling: every window once an epoch, batches of the size that was said, the same plan whenever it is asked for."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import SettingError
from tidegate.learn.fit import fit_network
from tidegate.learn.losses import IC, MSE, ListNet, Pairwise
from tidegate.learn.sampling import ByAsset, ByDate, Shuffled, whole_dates
from tidegate.learn.speak import speak
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork

EVERY = [Shuffled(), ByDate(), ByAsset()]


def named(part):
    return part.name


def market(seed, assets=7, sessions=15, share=0.7):
    """Windows of several assets, some missing, in asset order; and some of them to learn from."""
    source = np.random.default_rng(seed)
    asset, session = np.divmod(np.flatnonzero(source.random(assets * sessions) < share), sessions)
    return np.flatnonzero(source.random(asset.size) < share), session, asset


@pytest.mark.parametrize("sampling", EVERY, ids=named)
@given(seed=st.integers(0, 10**6), batch=st.integers(1, 40), epoch=st.integers(0, 3))
@settings(max_examples=30)
def test_every_window_once_and_no_batch_too_large(sampling, seed, batch, epoch):
    which, session, asset = market(seed)
    plan = sampling.batches(which, session, asset, batch, seed, epoch)
    assert sorted(np.concatenate(plan).tolist()) == which.tolist() if which.size else plan == []
    assert all(1 <= part.size <= batch for part in plan)
    again = sampling.batches(which, session, asset, batch, seed, epoch)
    assert [part.tolist() for part in plan] == [part.tolist() for part in again]


@pytest.mark.parametrize("sampling", EVERY, ids=named)
def test_epochs_and_seeds_have_plans_of_their_own(sampling):
    which, session, asset = market(3)
    plans = [sampling.batches(which, session, asset, 6, seed, epoch) for seed, epoch in ((1, 0), (1, 1), (2, 0))]
    told = [[part.tolist() for part in plan] for plan in plans]
    assert told[0] != told[1] != told[2] != told[0]


@given(seed=st.integers(0, 10**6), batch=st.integers(7, 30))
@settings(max_examples=30)
def test_dates_are_whole(seed, batch):
    which, session, asset = market(seed)
    plan = ByDate().batches(which, session, asset, batch, seed, 0)
    home = np.full(15, -1)
    for at, part in enumerate(plan):
        for date in set(session[part]):
            assert home[date] == -1
            home[date] = at
    assert all(a.size + b.size > batch for a, b in itertools.pairwise(plan))


def test_a_date_larger_than_a_batch_is_dealt_evenly():
    session = np.array([0] * 10 + [1] * 3)
    plan = ByDate().batches(np.arange(13), session, np.arange(13), 4, 1, 0)
    assert sorted(part.size for part in plan) == [3, 3, 3, 4]
    assert all(len(set(session[part])) == 1 for part in plan)


@given(seed=st.integers(0, 10**6), batch=st.integers(1, 30))
@settings(max_examples=30)
def test_stretches_of_an_asset_are_consecutive(seed, batch):
    which, session, asset = market(seed)
    for part in ByAsset().batches(which, session, asset, batch, seed, 0):
        for name in set(asset[part]):
            held = part[asset[part] == name]
            own = which[asset[which] == name]
            runs = np.flatnonzero(np.isin(own, held))
            pieces = 1 + int((np.diff(runs) > 1).sum())
            assert pieces <= 2  # the two ends of one asset may meet in one batch
            if pieces == 1:
                assert (np.diff(session[held]) > 0).all()


def test_most_batches_by_asset_are_of_one_asset():
    asset, session = np.divmod(np.arange(4 * 400), 400)
    plan = ByAsset().batches(np.arange(1600), session, asset, 50, 1, 0)
    alone = [len(set(asset[part])) == 1 for part in plan]
    assert np.mean(alone) > 0.85
    assert len(plan) <= 36


def test_whole_dates_in_the_order_of_time():
    which, session, _ = market(4)
    parts = whole_dates(which, session, 10)
    joined = np.concatenate(parts)
    assert sorted(joined.tolist()) == which.tolist()
    assert (np.diff(session[joined]) >= 0).all()
    assert not set(session[parts[0]]) & set(session[parts[1]])


# ---------------------------------------------------------------- in the loop


def fit(world, loss, sampling, folder, batch=60, epochs=2, rate=0.01, **more):
    return fit_network(
        RecurrentNetwork(cell=LSTM(hidden=4), dense=()),
        Training(
            epochs=epochs, batch=batch, loss=loss, sampling=sampling, optimiser={"name": "adam", "rate": rate}, **more
        ),
        world.windows,
        world.affine,
        TargetScale(),
        world.train,
        world.valid,
        {"test": world.test},
        1,
        folder,
    )


@pytest.mark.parametrize("sampling", EVERY, ids=named)
def test_a_loss_of_windows_takes_any_sampling(worlds, sampling, tmp_path):
    world = worlds(rows=40, assets=4)
    first, second = (fit(world, MSE(), sampling, tmp_path / name) for name in "ab")
    assert first.fingerprint == second.fingerprint
    assert all(np.isfinite(entry["train"]) for entry in first.history)


@pytest.mark.parametrize("loss", [IC(), Pairwise(), ListNet(temperature=0.2)], ids=named)
def test_an_order_within_dates_is_learned(worlds, loss, tmp_path):
    """Every date has a level of its own, far larger than what tells its assets apart."""
    world = worlds(rows=60, assets=8)
    windows = world.windows
    target = windows.target + 50.0 * np.sin(windows.anchor_time * 1.7)
    object.__setattr__(windows, "target", target)
    date = windows.anchor_time
    cut = [np.flatnonzero((date >= low) & (date < high)) for low, high in ((0, 36), (36, 45), (45, 60))]
    world = world._replace(train=cut[0], valid=cut[1], test=cut[2])
    fitted = fit(world, loss, ByDate(), tmp_path, epochs=15, rate=0.03)
    scores = speak(fitted, windows, world.affine, world.test)
    found = []
    for day in np.unique(date[world.test]):
        at = date[world.test] == day
        found.append(np.corrcoef(scores[at], target[world.test][at])[0, 1])
    assert np.mean(found) > 0.5
    assert fitted.history[-1]["valid"] < fitted.history[0]["valid"]


def test_losses_of_dates_refuse_what_tears_dates_apart(world, worlds, tmp_path):
    many = worlds(rows=40, assets=4)
    for sampling in (Shuffled(), ByAsset()):
        with pytest.raises(SettingError, match="must share a batch"):
            fit(many, IC(), sampling, tmp_path)
    with pytest.raises(SettingError, match="must share a batch"):
        fit(many, IC(), ByDate(), tmp_path, batch=1)
    with pytest.raises(SettingError, match="has no order to learn"):
        fit(world, IC(), ByDate(), tmp_path)
    lonely = many._replace(valid=many.valid[:1])
    with pytest.raises(SettingError, match="has no order to learn"):
        fit(lonely, IC(), ByDate(), tmp_path, early_stopping={"patience": 2})
    assert fit(lonely, IC(), ByDate(), tmp_path).history[-1]["valid"] is None


@pytest.mark.parametrize("sampling", [ByDate(), ByAsset()], ids=named)
def test_a_stopped_training_goes_on_with_the_same_bits(worlds, sampling, tmp_path):
    world = worlds(rows=40, assets=4)
    loss = IC() if sampling.keeps_dates else MSE()
    straight = fit(world, loss, sampling, tmp_path / "a", batch=20, checkpoint_seconds=0)
    steps = [0]

    def stop(progress):
        steps[0] += 1
        if steps[0] == 7:
            raise KeyboardInterrupt

    def again(tell):
        return fit_network(
            straight.model,
            Training(
                epochs=2,
                batch=20,
                loss=loss,
                sampling=sampling,
                optimiser={"name": "adam", "rate": 0.01},
                checkpoint_seconds=0,
            ),
            world.windows,
            world.affine,
            TargetScale(),
            world.train,
            world.valid,
            {"test": world.test},
            1,
            tmp_path / "b",
            tell,
        )

    with pytest.raises(KeyboardInterrupt):
        again(stop)
    resumed = again(None)
    assert resumed.fingerprint == straight.fingerprint
    assert resumed.history == straight.history
