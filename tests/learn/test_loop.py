"""The step of the loop: micro-batches, ponder cost, clipping, precision and device."""

import numpy as np
import pytest
import torch

from tidegate.errors import SettingError
from tidegate.learn.batches import Gather
from tidegate.learn.chance import weights_generator
from tidegate.learn.device import found_device, refuse_bf16
from tidegate.learn.fit import fit_network
from tidegate.learn.flat import Flat
from tidegate.learn.ground import Facts, Ground
from tidegate.learn.losses import IC, MSE, Focal
from tidegate.learn.ranks import ALONE
from tidegate.learn.step import Step, rows_of
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.models.cells.act import ACT
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.min_gru import MinGRU
from tidegate.models.ensemble import Ensemble
from tidegate.models.fast.tiles import micro_rows
from tidegate.models.recurrent import RecurrentNetwork


def fit(world, network, training, folder, seed=1):
    return fit_network(
        network, training, world.windows, world.affine, TargetScale(), world.train, world.valid, {}, seed, folder
    )


def stepper(world, network, loss, rows):
    windows = world.windows
    module = network.build(len(windows.inputs), len(windows.context), weights_generator(1))
    target = torch.from_numpy(windows.target.astype(np.float32))
    if isinstance(loss, Focal):
        target = (target > 0).float()
    asset = windows.panel.row_asset[windows.anchors]
    gather = Gather(windows, world.affine)
    ground = Ground(gather, target, windows.weight, windows.anchor_time, asset, world.train, world.valid, {})
    facts = Facts(loss, ground, torch.device("cpu"))
    module.train()
    return Step(network, module, Flat(module), facts, rows, 1, "float32", ALONE)


PLAIN = RecurrentNetwork(cell=LSTM(hidden=5), dense=(4,), l2={"kernel": 0.1})
PONDERING = RecurrentNetwork(cell=ACT(cell=LSTM(hidden=4), ponder_cost=0.3, halting_bias=-1.0), dense=())


@pytest.mark.parametrize("network", [PLAIN, PONDERING], ids=["lstm", "act"])
@pytest.mark.parametrize("loss", [MSE(), IC(), Focal()], ids=lambda loss: loss.name)
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_of_micro_batches_add_up_to_the_batch_s(worlds, network, loss, weighted):
    if isinstance(loss, Focal):
        network = network.but(outputs=2 if loss.said(np.zeros((1, 2))).probabilities is not None else 1)
    world = worlds(rows=60, assets=4, context=True, weighted=weighted)
    which = np.random.default_rng(1).permutation(world.train)[:101]
    whole, cut = stepper(world, network, loss, 1 << 40), stepper(world, network, loss, 7)
    assert len(cut.facts.cut(which, 7)) > 10
    losses = [each(which, 0, asked=False).loss.item() for each in (whole, cut)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    largest = whole.flat.gradient.abs().max()
    near = 1e-4 if isinstance(loss, IC) else 1e-6  # a correlation of two windows divides by little
    assert torch.allclose(whole.flat.gradient, cut.flat.gradient, atol=float(near * largest), rtol=1e-5)
    assert largest > 0


def test_dates_stay_whole_where_a_loss_compares_them(worlds):
    world = worlds(rows=40, assets=3)
    step = stepper(world, PLAIN, IC(), 7)
    session = world.windows.anchor_time
    parts = step.facts.cut(world.train, 7)
    assert sorted(np.concatenate(parts)) == sorted(world.train)
    days = [set(session[part]) for part in parts]
    assert sum(map(len, days)) == len(set().union(*days))


@pytest.mark.parametrize("weighted", [False, True])
def test_the_ponder_cost_is_added_as_a_weighted_mean(worlds, weighted):
    world = worlds(rows=60, weighted=weighted)
    free = PONDERING.but(cell=PONDERING.cell.but(ponder_cost=0.0))
    which = world.train[:20]
    priced, unpriced = stepper(world, PONDERING, MSE(), 7), stepper(world, free, MSE(), 7)
    module = unpriced.module
    for each in (priced, unpriced):
        each(which, 0, asked=False)
    gather, weight = priced.facts.ground.gather, torch.from_numpy(world.windows.weight[which]).float()
    module(*gather.batch(gather.admit(which)))
    ponder = module.stack.ponder[0]
    cost = (0.3 * (ponder.steps + ponder.remainder).sum(1) * weight).sum() / weight.sum()
    weights = list(module.parameters())
    expected = torch.autograd.grad(cost, weights, allow_unused=True)
    for ours, theirs, held in zip(priced.module.parameters(), weights, expected, strict=True):
        assert torch.allclose(ours.grad - theirs.grad, torch.zeros(()) if held is None else held, atol=1e-5)
    assert max(held.abs().max() for held in expected if held is not None) > 1e-3


def test_micro_batches_train_to_the_same_weights(world, tmp_path):
    training = Training(epochs=3, batch=32, optimiser={"name": "sgd", "rate": 0.05}, micro_batch=0)
    whole = fit(world, PLAIN, training, tmp_path / "whole")
    cut = fit(world, PLAIN, training.but(micro_batch=5), tmp_path / "cut")
    for name, held in whole.arrays.items():
        np.testing.assert_allclose(cut.arrays[name], held, atol=1e-6)
    assert [e["train"] for e in cut.history] == pytest.approx([e["train"] for e in whole.history], rel=1e-5)
    assert cut.fingerprint != whole.fingerprint or cut.identity != whole.identity
    alone = fit(world, PLAIN, training.but(micro_batch=1000), tmp_path / "alone")
    assert all(np.array_equal(alone.arrays[name], held) for name, held in whole.arrays.items())


def test_rows_of_a_micro_batch_come_from_shapes_alone():
    module = PLAIN.build(20, 0, weights_generator(1))
    assert rows_of(None, module, 20, 20) == rows_of(None, module, 20, 20) == micro_rows(20, 20, 5, 1)
    assert rows_of(0, module, 20, 20) > 1 << 40
    assert rows_of(3, module, 20, 20) == 3


def test_dropout_is_drawn_by_step_and_part(world):
    network = RecurrentNetwork(cell=LSTM(hidden=4, recurrent_dropout=0.5), dropout=0.5)
    step = stepper(world, network, MSE(), 1 << 40)
    which = world.train[:30]
    first = step(which, 3, asked=False).loss
    torch.manual_seed(9)
    assert torch.equal(step(which, 3, asked=False).loss, first)
    assert not torch.equal(step(which, 4, asked=False).loss, first)


def test_gradients_are_clipped_by_value(world, tmp_path):
    # One step of plain descent: no weight moves further than rate times the limit.
    training = Training(epochs=1, batch=1000, optimiser={"name": "sgd", "rate": 1.0}, clip_value=1e-3)
    network = RecurrentNetwork(cell=LSTM(hidden=4))
    fitted = fit(world, network, training, tmp_path)
    start = network.build(3, 0, weights_generator(1)).state_dict()
    moved = [np.abs(fitted.arrays[name] - held.numpy()).max() for name, held in start.items()]
    assert max(moved) == pytest.approx(1e-3, rel=1e-3)
    assert fitted.history[0]["gradient_norm"] > 1e-2  # as it came, before clipping


@pytest.mark.parametrize("form", ["torch", "plain"])
def test_bf16_on_the_processor_is_near(world, form, tmp_path):
    training = Training(epochs=2, batch=32, optimiser={"name": "sgd", "rate": 0.05})
    network = PLAIN.but(cell=PLAIN.cell.but(form=form))
    exact = fit(world, network, training, tmp_path / "a")
    near = fit(world, network, training.but(precision="bf16"), tmp_path / "b")
    assert exact.identity != near.identity
    assert all(held.dtype == np.float32 for held in near.arrays.values())
    differ = [np.abs(near.arrays[name] - held).max() for name, held in exact.arrays.items()]
    assert 0 < max(differ) < 0.02
    cells = [np.abs(near.arrays[name] - held).max() for name, held in exact.arrays.items() if "stack" in name]
    assert min(cells) > 0


@pytest.mark.parametrize("network", [PLAIN, PONDERING, Ensemble(member=PLAIN, count=2)], ids=["lstm", "act", "both"])
def test_bf16_is_refused_where_the_processor_would_stay_in_float32(world, network, tmp_path):
    training = Training(epochs=1, batch=32, precision="bf16")
    for form in ("auto", "fast"):
        member = getattr(network, "member", network)
        named = member.but(cell=member.cell.but(form=form))
        named = named if member is network else network.but(member=named)
        with pytest.raises(SettingError, match=rf"do not know bfloat16.*training.precision.*'{form}'.*form='plain'"):
            fit(world, named, training, tmp_path)
    assert not any(tmp_path.iterdir())
    refuse_bf16(PLAIN.but(cell=MinGRU(hidden=3)), torch.device("cpu"), "bf16")  # torch's own product
    refuse_bf16(PLAIN, torch.device("cuda"), "bf16")  # its kernels know it


def test_a_device_that_is_not_there_is_refused(world, network, training, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SettingError, match=r"no CUDA device.*training.device.*'cpu' or 'auto'"):
        fit(world, network, training.but(device="cuda"), tmp_path)
    with pytest.raises(SettingError, match=r"tf32 is a precision of CUDA devices"):
        fit(world, network, training.but(precision="tf32"), tmp_path)
    assert found_device("auto") == torch.device("cpu")
    assert (
        fit(world, network, training, tmp_path / "a").identity
        == fit(world, network, training.but(device="auto"), tmp_path / "b").identity
    )
