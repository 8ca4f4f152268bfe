"""Watching: it steers nothing, and what it tells is what there was to see."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from tidegate.errors import IntegrityError
from tidegate.learn.batches import Gather
from tidegate.learn.chance import weights_generator
from tidegate.learn.fit import fit_network, load_fitted
from tidegate.learn.ground import Facts, Ground
from tidegate.learn.losses import IC, MSE
from tidegate.learn.pondered import pondered
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.learn.watch import Watch, moments
from tidegate.learn.watch_lags import Lags
from tidegate.learn.watch_weights import SHARES, Groups
from tidegate.models.cells.act import ACT
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.ensemble import Ensemble
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.walk import example_of, walk

OFF = Watch(curves=0, weights=0, lags=0)
CELLS = walk("tidegate.models")["cell"]


def fit(world, network, training, folder, watched=None):
    return fit_network(
        network,
        training,
        world.windows,
        world.affine,
        TargetScale(),
        world.train,
        world.valid,
        {"test": world.test} if watched is None else watched,
        1,
        folder,
    )


def facts_of(world, loss=None):
    windows = world.windows
    target = torch.from_numpy(windows.target.astype(np.float32))
    asset = windows.panel.row_asset[windows.anchors]
    gather = Gather(windows, world.affine)
    ground = Ground(gather, target, windows.weight, windows.anchor_time, asset, world.train, world.valid, {})
    return Facts(loss or MSE(), ground, torch.device("cpu"))


@given(st.integers(1, 5000), st.integers(1, 60))
def test_moments_are_even_and_have_both_ends(steps, count):
    at = moments(steps, count)
    assert (at[0], at[-1]) == (0, steps)
    assert list(at) == sorted(set(at))
    assert len(at) <= max(count, 2)
    gaps = np.diff(at)
    assert gaps.max() - gaps.min() <= 1
    assert len(at) == 2 or gaps.min() >= 9


def test_watching_changes_no_bit_of_the_weights(world, network, training, tmp_path):
    seen = fit(world, network, training.but(watch=Watch(curves=30, weights=30, lags=10)), tmp_path / "a")
    blind = fit(world, network, training.but(watch=OFF), tmp_path / "b")
    assert seen.fingerprint == blind.fingerprint
    assert seen.history == blind.history
    assert blind.traces.arrays == {}
    assert not (tmp_path / "b/traces.safetensors").exists()
    assert seen.traces.arrays


def test_curves_are_the_losses_that_were_there(world, network, tmp_path):
    training = Training(epochs=10, batch=24, watch=Watch(windows=10_000, curves=10))
    fitted = fit(world, network, training, tmp_path)
    arrays, names = fitted.traces
    assert names["sets"] == ("train", "valid", "test")
    steps = 10 * -(-world.train.size // 24)
    assert (arrays["curves.step"][0], arrays["curves.step"][-1]) == (0, steps)
    last = arrays["curves.loss"][-1]
    assert last[1] == pytest.approx(fitted.history[-1]["valid"], rel=1e-6)
    assert last[2] == pytest.approx(fitted.history[-1]["watched"]["test"], rel=1e-6)
    facts = facts_of(world)
    module = network.build(3, 0, weights_generator(1)).eval()
    gather = facts.ground.gather
    for at, which in enumerate((world.train, world.valid, world.test)):
        said = module(*gather.batch(gather.admit(which)))[:, 0].detach().numpy()
        expected = np.mean((said - world.windows.target[which].astype(np.float32)) ** 2)
        assert arrays["curves.loss"][0, at] == pytest.approx(expected, rel=1e-5)


def test_curves_stand_on_a_fixed_subset_of_the_size_that_is_allowed(worlds, training, tmp_path):
    world, network = worlds(assets=3, rows=60), PLAIN
    world = world._replace(train=world.train[::2], valid=world.train[1::2], test=world.train[1::2])
    alike = [
        fit(world, network, training.but(watch=Watch(windows=20)), tmp_path / name).traces.arrays["curves.loss"]
        for name in ("a", "b")
    ]
    assert np.array_equal(*alike)
    full = fit(world, network, training.but(watch=Watch(windows=9999)), tmp_path / "c").traces.arrays["curves.loss"]
    assert not np.allclose(full, alike[0])
    assert np.allclose(full, alike[0], rtol=1.0)
    by_date = training.but(loss={"name": "ic"}, sampling={"name": "by-date"}, watch=Watch(windows=20))
    assert np.isfinite(fit(world, network, by_date, tmp_path / "d").traces.arrays["curves.loss"]).all()


def test_the_last_look_is_where_an_early_stop_came(world, tmp_path):
    network = RecurrentNetwork(cell=LSTM(hidden=8), dense=())
    wild = Training(epochs=200, batch=16, optimiser={"name": "adam", "rate": 0.1}, early_stopping={"patience": 4})
    fitted = fit(world, network, wild, tmp_path)
    steps = len(fitted.history) * -(-world.train.size // 16)
    assert len(fitted.history) < 200
    for kind in ("curves", "weights", "lags"):
        assert fitted.traces.arrays[f"{kind}.step"][-1] == steps
        assert (np.diff(fitted.traces.arrays[f"{kind}.step"]) > 0).all()


def test_weights_are_counted_by_layer_group_and_gate(world, tmp_path):
    network = RecurrentNetwork(cell=LSTM(hidden=4, layers=2), dense=(3,))
    fitted = fit(world, network, Training(epochs=5, batch=8), tmp_path)
    arrays, names = fitted.traces
    groups = names["groups"]
    gates = ("input", "forget", "candidate", "output")
    assert {f"stack.layers.0.kernel.{gate}" for gate in gates} <= set(groups)
    assert {"stack.layers.1.bias.forget", "dense.0.kernel", "head.bias"} <= set(groups)
    assert arrays["weights.counts"].shape == (len(arrays["weights.step"]), len(groups), 128)
    for at, name in enumerate(groups):
        key, _, gate = name.rpartition(".")
        held = fitted.arrays[name] if name in fitted.arrays else fitted.arrays[key]
        if name not in fitted.arrays:
            held = held.reshape(4, -1)[gates.index(gate)]
        held = held.reshape(-1).astype(float)
        edges = arrays["weights.edges"][at]
        expected = np.histogram(np.clip(held, edges[0], edges[-1]), bins=edges)[0]
        assert np.array_equal(arrays["weights.counts"][-1, at], expected)
        np.testing.assert_allclose(arrays["weights.quantiles"][-1, at], np.quantile(held, SHARES), atol=1e-6)
    forget = groups.index("stack.layers.0.bias.forget")
    assert (arrays["weights.quantiles"][0, forget] == 1.0).all()
    assert arrays["weights.quantiles"][-1, forget, -1] != 1.0


def test_weights_beyond_the_bins_are_counted_in_the_outer_ones():
    layer = torch.nn.Linear(2, 2)
    groups = Groups(layer, 8)
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([1e3, -1e3]))
        layer.weight.fill_(0.0)
    counts, cuts = groups.look()
    assert counts[1].tolist() == [1, 0, 0, 0, 0, 0, 0, 1]
    assert counts.sum(axis=1).tolist() == [4, 2]
    assert cuts[1, [0, -1]].tolist() == [-1e3, 1e3]


def test_gradients_by_lag_are_those_of_the_equations(world):
    """A vanilla RNN, backwards by hand in double precision: δ_t = (1 - h_t²) ∘ (Rᵀ δ_{t+1})."""
    network = RecurrentNetwork(cell=RNN(hidden=3), dense=())
    module = network.build(3, 0, weights_generator(2))
    facts, which = facts_of(world), world.train[:6]
    lags = Lags(module, facts, which)
    assert (lags.layers, lags.gates) == (("1",), ("candidate", "hidden"))
    norms = lags.look()
    x = facts.ground.gather.batch(facts.ground.gather.admit(which)).x.double().numpy()
    held = {name: weight.detach().double().numpy() for name, weight in module.state_dict().items()}
    kernel, recurrent = held["stack.layers.0.kernel"], held["stack.layers.0.recurrent"]
    steps, expected = x.shape[1], np.zeros((2, x.shape[1]))
    for at, window in enumerate(x):
        h, past = np.zeros(3), []
        for row in window:
            h = np.tanh(kernel @ row + recurrent @ h + held["stack.layers.0.bias"])
            past.append(h)
        error = 2 * (held["head.kernel"][0] @ h + held["head.bias"][0] - world.windows.target[which[at]])
        flow = error * held["head.kernel"][0]
        for lag in range(steps):
            expected[1, lag] += np.linalg.norm(flow) / len(x)
            inside = flow * (1 - past[steps - 1 - lag] ** 2)
            expected[0, lag] += np.linalg.norm(inside) / len(x)
            flow = recurrent.T @ inside
    np.testing.assert_allclose(norms[0], expected, rtol=1e-4)


def test_lag_zero_is_the_anchor_for_both_directions(world):
    """What reads backwards meets the anchor's row first, so its last state lies at the greatest lag."""
    module = RecurrentNetwork(cell=RNN(hidden=3, bidirectional=True), dense=()).build(3, 0, weights_generator(2))
    facts, which = facts_of(world), world.train[:6]
    lags = Lags(module, facts, which)
    assert lags.layers == ("1", "1 backward")
    norms = lags.look()[:, lags.gates.index("hidden")]
    held = facts.ground.gather.admit(which)
    score = module(*facts.ground.gather.batch(held))[:, 0].detach()
    error = 2 * (score - facts.of(held).target).abs().mean()
    for at, last in enumerate((norms[0, 0], norms[1, -1])):
        pull = module.head.kernel.detach()[0, 3 * at : 3 * at + 3].norm()
        assert float(last) == pytest.approx(float(error * pull), rel=1e-5)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("both", [False, True])
def test_every_cell_tells_its_gradients_by_lag(world, name, both):
    cell = example_of(CELLS[name])
    inner = cell.cell.but(bidirectional=both, layers=2) if name == "act" else None
    cell = cell.but(cell=inner) if inner is not None else cell.but(bidirectional=both, layers=2)
    module = RecurrentNetwork(cell=cell, dense=()).build(3, 0, weights_generator(2))
    module.train()
    before = {key: weight.clone() for key, weight in module.state_dict().items()}
    lags = Lags(module, facts_of(world), world.train[:5])
    norms = lags.look()
    assert norms.shape == (4 if both else 2, len(lags.gates), world.windows.lookback)
    assert np.isfinite(norms).all()
    assert (norms[..., : world.windows.lookback - 1].max(axis=2) > 0).all()
    assert module.stack.cell is cell
    assert module.training
    assert all(torch.equal(before[key], weight) for key, weight in module.state_dict().items())
    assert all(weight.grad is None for weight in module.parameters())


def test_losses_of_dates_are_watched_by_lag(worlds):
    world = worlds(rows=40, assets=4)
    module = RecurrentNetwork(cell=LSTM(hidden=3)).build(3, 0, weights_generator(2))
    norms = Lags(module, facts_of(world, IC()), world.train[:40]).look()
    assert (norms[0, :, 0] > 0).all()


def test_a_network_that_ponders_tells_how_long(world, tmp_path):
    network = RecurrentNetwork(cell=ACT(cell=LSTM(hidden=3), halting_bias=-1.0, epsilon=0.05), dense=())
    training = Training(epochs=4, batch=16, watch=Watch(windows=9999))
    fitted = fit(world, network, training, tmp_path)
    arrays, names = fitted.traces
    assert names["layers"] == ("1",)
    for at, which in enumerate((world.train, world.valid, world.test)):
        held = pondered(fitted, world.windows, world.affine, which)
        assert arrays["ponder.steps"][-1, at, 0] == pytest.approx(held["steps.0"].mean(), rel=1e-5)
        assert arrays["ponder.remainder"][-1, at, 0] == pytest.approx(held["remainder.0"].mean(), rel=1e-4)
    two = fit(world, Ensemble(member=network, count=2), training, tmp_path / "two")
    told = pondered(two, world.windows, world.affine, world.test)
    members = [load_fitted(tmp_path / "two" / f"member-{at}") for at in (1, 2)]
    alone = [pondered(member, world.windows, world.affine, world.test) for member in members]
    assert set(told) == {"steps.0", "remainder.0"}
    for name, held in told.items():
        np.testing.assert_array_equal(held, np.concatenate([one[name] for one in alone]))
    assert "ponder.steps" not in fit(world, PLAIN, training, tmp_path / "plain").traces.arrays


PLAIN = RecurrentNetwork(cell=LSTM(hidden=3), dense=())


def test_traces_are_kept_and_a_changed_one_is_refused(world, network, training, tmp_path):
    fitted = fit(world, network, training, tmp_path)
    held = load_fitted(tmp_path).traces
    assert held.names == fitted.traces.names
    assert set(held.arrays) == set(fitted.traces.arrays) == set(load_file(tmp_path / "traces.safetensors"))
    for name, array in fitted.traces.arrays.items():
        np.testing.assert_array_equal(held.arrays[name], array)
        assert not held.arrays[name].flags.writeable
    content = bytearray((tmp_path / "traces.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "traces.safetensors").write_bytes(bytes(content))
    with pytest.raises(IntegrityError, match="not what was written"):
        load_fitted(tmp_path)
