"""Speaking: a score is the same in any company."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import RecordError
from tidegate.learn.fit import fit_network, fit_rival, load_fitted
from tidegate.learn.speak import TILE, speak
from tidegate.learn.steady import steady
from tidegate.learn.target import TargetScale, Times
from tidegate.learn.training import Training
from tidegate.models.cells.lstm import LSTM
from tidegate.models.linear import Linear
from tidegate.models.persistence import Persistence
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types import Affine, Panel, Windows


class Quiet(tuple):
    """A tuple that says little of itself when a test fails."""

    __slots__ = ()

    def __repr__(self):
        return "spoken"


@pytest.fixture(scope="module", params=[7, 32])
def spoken(request, worlds, tmp_path_factory):
    world = worlds(rows=200, assets=2, context=True, per_window=True, lookback=10)
    network = RecurrentNetwork(cell=LSTM(hidden=request.param, layers=2), dense=(31, 5), dropout=0.3)
    fitted = fit_network(
        network,
        Training(epochs=1, batch=256),
        world.windows,
        world.affine,
        TargetScale(centre=3.0, scale=2.0),
        world.train,
        world.valid,
        {},
        1,
        tmp_path_factory.mktemp("spoken"),
    )
    return Quiet((world, fitted, speak(fitted, world.windows, world.affine, np.arange(len(world.windows)))))


@given(chance=st.integers(0, 10**6), share=st.floats(0.001, 1))
def test_in_any_subset_and_order_bit_for_bit(spoken, chance, share):
    world, fitted, scores = spoken
    which = np.random.default_rng(chance).permutation(len(scores))[: max(1, int(share * len(scores)))]
    np.testing.assert_array_equal(speak(fitted, world.windows, world.affine, which), scores[which])


@pytest.mark.parametrize("hidden", [1, 3, 5, 31, 50, 64])
@pytest.mark.parametrize("features", [1, 2, 5, 20, 48])
def test_the_recurrence_does_not_mix_rows(features, hidden):
    """What the tiles lean on, for many shapes: on another processor this is where it would show."""
    cell, generator = LSTM(hidden=hidden).apart, torch.Generator().manual_seed(features)
    weights = cell.draw(features, generator)
    x = torch.randn(TILE, 4, features, generator=generator)
    order = torch.randperm(TILE, generator=generator)
    with steady(1), torch.no_grad():
        said = cell.run(weights, x, cell.start(TILE, x))[0]
        again = cell.run(weights, x[order], cell.start(TILE, x))[0]
    assert torch.equal(said[order], again)


def test_scores_are_the_modules_own_in_the_labels_unit(spoken):
    world, fitted, scores = spoken
    from tidegate.learn.batches import Gather

    gather = Gather(world.windows, world.affine)
    module = fitted.module()
    assert not module.training
    said = module(*gather.batch(gather.admit(world.test)))[:, 0].detach().double().numpy()
    np.testing.assert_allclose(scores[world.test], said * 2.0 + 3.0, rtol=1e-5)


def test_nothing_asked_nothing_said(spoken):
    world, fitted, _ = spoken
    assert speak(fitted, world.windows, world.affine, np.zeros(0, dtype=np.int64)).shape == (0,)


def test_scaling_is_undone(world, tmp_path):
    scale = Times(factor=10).fit(world.windows.target[world.train])
    network = RecurrentNetwork(cell=LSTM(hidden=8))
    training = Training(epochs=30, batch=16, optimiser={"name": "adam", "rate": 0.01})
    fitted = fit_network(
        network, training, world.windows, world.affine, scale, world.train, world.valid, {}, 1, tmp_path
    )
    scores = speak(fitted, world.windows, world.affine, world.train)
    target = world.windows.target[world.train]
    assert np.corrcoef(scores, target)[0, 1] > 0.8
    assert np.std(scores) == pytest.approx(np.std(target), rel=0.3)


def test_rivals_speak_the_labels_unit(world, tmp_path):
    fitted = fit_rival(Persistence(speaks="level"), world.windows, world.affine, world.train, tmp_path / "p")
    closes = world.windows.panel.column("close")[world.windows.anchors[world.test]]
    np.testing.assert_array_equal(speak(fitted, world.windows, world.affine, world.test), closes.astype(float))
    linear = fit_rival(Linear(), world.windows, world.affine, world.train, tmp_path / "l")
    scores = speak(linear, world.windows, world.affine, world.test)
    np.testing.assert_array_equal(speak(load_fitted(tmp_path / "l"), world.windows, world.affine, world.test), scores)
    assert np.corrcoef(scores, world.windows.target[world.test])[0, 1] > 0.9


def test_windows_of_another_kind_are_refused(world, worlds, tmp_path):
    fitted = fit_rival(Linear(), world.windows, world.affine, world.train, tmp_path)
    with pytest.raises(RecordError, match="fitted with another lookback"):
        speak(fitted, worlds(lookback=6).windows, world.affine, world.test)
    with pytest.raises(RecordError, match="fitted with another inputs"):
        speak(fitted, worlds(context=True).windows, world.affine, world.test)
    with pytest.raises(RecordError, match="fitted with another normaliser"):
        speak(fitted, world.windows, Affine.of(np.zeros((1, 3)), np.ones((1, 3))), world.test)


def test_missing_inputs_are_refused(world, tmp_path):
    windows, panel = world.windows, world.windows.panel
    values = panel.values.copy()
    values[windows.anchors[world.test[5]], 1] = np.nan
    holed = Windows.of(
        Panel.of(values, panel.times, panel.assets, panel.fields, panel.row_time, panel.offsets),
        windows.lookback,
        windows.inputs,
        windows.context,
        windows.horizon,
        windows.anchors,
        windows.target,
        windows.known,
    )
    rival = fit_rival(Linear(), windows, world.affine, world.train, tmp_path / "l")
    network = RecurrentNetwork(cell=LSTM(hidden=2), dense=())
    fitted = fit_network(
        network,
        Training(epochs=1, batch=64),
        windows,
        world.affine,
        TargetScale(),
        world.train,
        world.valid,
        {},
        1,
        tmp_path / "n",
    )
    for model in (rival, fitted):
        with pytest.raises(RecordError, match="missing value"):
            speak(model, holed, world.affine, world.test)
        assert speak(model, holed, world.affine, world.test[:3]).shape == (3,)
