"""Fitting: against a loop written by hand in plain PyTorch, and what may not change it."""

import json

import numpy as np
import pytest
import torch

from tidegate.errors import RecordError, SettingError
from tidegate.learn.chance import order, weights_generator
from tidegate.learn.fit import fit_network, fit_rival, load_fitted
from tidegate.learn.target import StandardTarget, TargetScale
from tidegate.learn.training import Training
from tidegate.models.cells.lstm import LSTM
from tidegate.models.linear import Linear
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types import Windows


def fit(world, network, training, folder, seed=1, watched=None, **changes):
    held = {
        "train": world.train,
        "valid": world.valid,
        "scale": TargetScale(centre=0.1, scale=0.5),
        "tell": None,
        **changes,
    }
    return fit_network(
        network,
        training,
        world.windows,
        world.affine,
        held["scale"],
        held["train"],
        held["valid"],
        watched or {},
        seed,
        folder,
        held["tell"],
    )


@pytest.mark.parametrize("context, weighted", [(False, False), (True, True)])
def test_weights_are_those_of_a_loop_in_plain_pytorch(worlds, tmp_path, context, weighted):
    world = worlds(context=context, weighted=weighted)
    windows, scale = world.windows, TargetScale(centre=0.2, scale=0.4)
    network = RecurrentNetwork(cell=LSTM(hidden=5), dense=(4,), l2={"kernel": 0.01})
    training = Training(
        epochs=3,
        batch=20,
        optimiser={"name": "adam", "rate": 0.01},
        clip_norm=0.3,
        schedule={"name": "step", "every": 1, "by": 0.5},
    )
    assert world.train.size % training.batch  # the last batch of an epoch is smaller
    fitted = fit(world, network, training, tmp_path, seed=3, scale=scale)

    first = network.build(len(windows.inputs), len(windows.context), weights_generator(3)).state_dict()
    lstm = torch.nn.LSTM(len(windows.inputs), 5, batch_first=True)
    dense, head = torch.nn.Linear(5 + len(windows.context), 4), torch.nn.Linear(4, 1)
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(first["stack.layers.0.kernel"])
        lstm.weight_hh_l0.copy_(first["stack.layers.0.recurrent"])
        lstm.bias_ih_l0.copy_(first["stack.layers.0.bias"])
        lstm.bias_hh_l0.zero_()
        dense.weight.copy_(first["dense.0.kernel"]), dense.bias.copy_(first["dense.0.bias"])
        head.weight.copy_(first["head.kernel"]), head.bias.copy_(first["head.bias"])
    weights = [lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0, *dense.parameters(), *head.parameters()]
    optimiser = torch.optim.Adam(weights, lr=0.01, eps=1e-7)
    losses, norms = [], []
    for epoch in range(3):
        for group in optimiser.param_groups:
            group["lr"] = 0.01 * 0.5**epoch
        shuffled = order(world.train, 3, epoch)
        total, mass, lengths = 0.0, 0.0, []
        for at in range(0, shuffled.size, 20):
            which = shuffled[at : at + 20]
            rows = windows.anchors[which][:, None] + np.arange(-windows.lookback + 1, 1)
            x = windows.panel.values[rows][:, :, [windows.panel.field(f) for f in windows.inputs]]
            x = torch.tensor(((x - world.affine.centre) / world.affine.scale).astype(np.float32))
            c = torch.tensor(
                windows.panel.values[windows.anchors[which]][:, [windows.panel.field(f) for f in windows.context]]
            )
            y = torch.tensor(((windows.target[which] - 0.2) / 0.4).astype(np.float32))
            w = torch.tensor(windows.weight[which].astype(np.float32))
            said = head(torch.relu(dense(torch.cat([lstm(x)[0][:, -1], c], dim=1))))[:, 0]
            loss = ((said - y) ** 2 * w).sum() / w.sum()
            optimiser.zero_grad()
            (loss + 0.01 * lstm.weight_ih_l0.square().sum()).backward()
            lengths.append(torch.nn.utils.clip_grad_norm_(weights, 0.3).item())
            optimiser.step()
            total, mass = total + loss.item() * w.sum().item(), mass + w.sum().item()
        losses.append(total / mass)
        norms.append(np.mean(lengths))
    ours = fitted.arrays
    for name, theirs in (
        ("stack.layers.0.kernel", lstm.weight_ih_l0),
        ("dense.0.kernel", dense.weight),
        ("head.bias", head.bias),
    ):
        np.testing.assert_allclose(ours[name], theirs.detach().numpy(), atol=2e-6)
    np.testing.assert_allclose([entry["train"] for entry in fitted.history], losses, rtol=1e-5)
    np.testing.assert_allclose([entry["gradient_norm"] for entry in fitted.history], norms, rtol=1e-4)
    assert [entry["rate"] for entry in fitted.history] == pytest.approx([0.01, 0.005, 0.0025])


def test_watched_windows_change_nothing_by_one_bit(world, network, training, tmp_path):
    alone = fit(world, network, training, tmp_path / "a")
    watched = fit(world, network, training, tmp_path / "b", watched={"test": world.test, "again": world.train})
    assert alone.fingerprint == watched.fingerprint
    assert all(np.array_equal(alone.arrays[name], watched.arrays[name]) for name in alone.arrays)
    assert set(watched.history[0]["watched"]) == {"test", "again"}
    for a, b in zip(alone.history, watched.history, strict=True):
        assert {**b, "watched": {}} == a


def test_validation_without_early_stopping_changes_nothing_either(world, network, training, tmp_path):
    plain = training.but(early_stopping=None)
    assert (
        fit(world, network, plain, tmp_path / "a").fingerprint
        == fit(world, network, plain, tmp_path / "b", valid=world.valid[:0]).fingerprint
    )


def test_the_future_of_the_target_changes_nothing(world, network, training, tmp_path):
    windows = world.windows
    target = windows.target.copy()
    target[world.test] = np.nan
    blind = world._replace(
        windows=Windows.of(
            windows.panel,
            windows.lookback,
            windows.inputs,
            windows.context,
            windows.horizon,
            windows.anchors,
            target,
            windows.known,
        )
    )
    assert (
        fit(world, network, training, tmp_path / "a").fingerprint
        == fit(blind, network, training, tmp_path / "b").fingerprint
    )


def test_a_seed_decides_everything_and_the_process_nothing(world, network, training, tmp_path):
    torch.manual_seed(1)
    first = fit(world, network, training, tmp_path / "a")
    torch.manual_seed(2)
    np.random.seed(5)  # noqa: NPY002 - what a careless caller does
    before = torch.get_rng_state()
    again = fit(world, network, training.but(checkpoint_seconds=1000.0), tmp_path / "b")
    assert torch.equal(before, torch.get_rng_state())
    assert first.fingerprint == again.fingerprint
    assert (tmp_path / "a/fit.json").read_bytes() == (tmp_path / "b/fit.json").read_bytes()
    assert (tmp_path / "a/weights.safetensors").read_bytes() == (tmp_path / "b/weights.safetensors").read_bytes()
    assert fit(world, network, training, tmp_path / "c", seed=2).fingerprint != first.fingerprint
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [
        "fit.json",
        "timings.json",
        "traces.safetensors",
        "weights.safetensors",
    ]


def test_the_process_is_left_as_it_was(world, network, training, tmp_path):
    state = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    inside = []
    fit(
        world,
        network,
        training.but(threads=2),
        tmp_path,
        tell=lambda _: inside.append((torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())),
    )
    assert set(inside) == {(2, True)}
    assert state == (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())


def test_early_stopping_goes_back_to_the_best_weights(world, tmp_path):
    network = RecurrentNetwork(cell=LSTM(hidden=8), dense=())
    wild = Training(epochs=60, batch=16, optimiser={"name": "adam", "rate": 0.1}, early_stopping={"patience": 4})
    fitted = fit(world, network, wild, tmp_path / "a")
    valid = [entry["valid"] for entry in fitted.history]
    assert len(valid) < 60
    assert fitted.best_epoch == int(np.argmin(valid)) + 1 == len(valid) - 4
    # A cosine-free training that simply ends at the best epoch has the same weights.
    short = fit(world, network, wild.but(epochs=fitted.best_epoch, early_stopping=None), tmp_path / "b")
    assert all(np.array_equal(fitted.arrays[name], short.arrays[name]) for name in short.arrays)


def test_min_delta_wants_real_improvement(world, network, training, tmp_path):
    picky = training.but(epochs=30, early_stopping={"patience": 2, "min_delta": 1e6})
    fitted = fit(world, network, picky, tmp_path)
    assert (fitted.best_epoch, len(fitted.history)) == (1, 3)


def test_progress_is_told_after_every_step(world, network, training, tmp_path):
    told = []
    fitted = fit(world, network, training, tmp_path, tell=told.append)
    steps = -(-world.train.size // 16)
    assert [(p.epoch, p.step) for p in told] == [(e, s) for e in range(1, 5) for s in range(1, steps + 1)]
    assert told[0].valid is None
    assert told[-1].valid == fitted.history[-2]["valid"]
    assert told[0].steps == steps


def test_what_is_kept_is_what_was_fitted(world, network, training, tmp_path):
    fitted = fit(world, network, training, tmp_path)
    held = load_fitted(tmp_path)
    assert held.fingerprint == fitted.fingerprint
    assert (held.model, held.history, held.best_epoch, held.target_scale) == (
        fitted.model,
        fitted.history,
        fitted.best_epoch,
        fitted.target_scale,
    )
    card = json.loads((tmp_path / "fit.json").read_text())
    assert not any("second" in key or "time" in key for key in card)
    assert card["torch"] == torch.__version__
    told = []
    again = fit(world, network, training, tmp_path, tell=told.append)
    assert again.fingerprint == fitted.fingerprint
    assert told == []  # it was only read
    other = fit(world, network, training, tmp_path, seed=9)
    assert other.fingerprint != fitted.fingerprint
    assert load_fitted(tmp_path).fingerprint == other.fingerprint


def test_training_lowers_the_loss(world, network, tmp_path):
    training = Training(epochs=40, batch=16, optimiser={"name": "rmsprop", "rate": 0.01})
    scale = StandardTarget().fit(world.windows.target[world.train])
    fitted = fit(world, RecurrentNetwork(cell=LSTM(hidden=16)), training, tmp_path, scale=scale)
    assert fitted.history[-1]["train"] < 0.3 * fitted.history[0]["train"]


def test_refusals(world, network, training, tmp_path):
    with pytest.raises(SettingError, match="nothing to learn from"):
        fit(world, network, training, tmp_path, train=world.train[:0])
    with pytest.raises(SettingError, match=r"early stopping needs validation windows.*set early_stopping to null"):
        fit(world, network, training, tmp_path, valid=world.valid[:0])
    windows = world.windows
    target, weight = windows.target.copy(), windows.weight.copy()
    target[world.train[3]], weight[world.valid[0]] = np.nan, 0.0
    for what, changed in (
        ("target is missing", {"target": target, "weight": None}),
        ("weight is not positive", {"target": windows.target, "weight": weight}),
    ):
        broken = world._replace(
            windows=Windows.of(
                windows.panel,
                windows.lookback,
                windows.inputs,
                windows.context,
                windows.horizon,
                windows.anchors,
                changed["target"],
                windows.known,
                changed["weight"],
            )
        )
        with pytest.raises(RecordError, match=what):
            fit(broken, network, training, tmp_path)
    with pytest.raises(SettingError, match=r"run away.*lower learning rate"):
        fit(world, network, Training(epochs=50, batch=16, optimiser={"name": "sgd", "rate": 1e6}), tmp_path)
    with pytest.raises(SettingError, match="nothing to learn from"):
        fit_rival(Linear(), windows, world.affine, world.train[:0], tmp_path)
    assert not (tmp_path / "fit.json").exists()


def test_rivals_are_kept_in_double_precision(world, tmp_path):
    fitted = fit_rival(Linear(ridge=2.0), world.windows, world.affine, world.train, tmp_path)
    held = load_fitted(tmp_path)
    assert held.fingerprint == fitted.fingerprint
    assert held.arrays["slope"].dtype == np.float64
    assert held.seed is None
    assert not held.arrays["slope"].flags.writeable
