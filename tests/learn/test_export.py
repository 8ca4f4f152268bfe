"""ONNX files: every cell of the family says in onnxruntime what it says here, and a file tells what it is."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from tidegate.errors import MissingExtraError, SettingError
from tidegate.learn.digests import digest_scaler
from tidegate.learn.ensemble import assembled
from tidegate.learn.export import extra, tracing
from tidegate.learn.export.model import export_onnx, onnx_bytes, run_onnx
from tidegate.learn.fit import fit_network, fit_rival
from tidegate.learn.losses.classes import ClassLoss, CrossEntropy, SoftmaxLoss
from tidegate.learn.losses.regression import MSE
from tidegate.learn.speak import say, speak
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.models.cells.act import ACT
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.min_gru import MinGRU
from tidegate.models.ensemble import Ensemble
from tidegate.models.linear import Linear
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.window_z_score import WindowZScore
from tidegate.types import Horizon
from tidegate.walk import example_of, walk

onnx = pytest.importorskip("onnx", reason="the extra 'export' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'export' is not installed")

CELLS = walk("tidegate.models.cells")["cell"]
VARIANTS = (
    {},
    {"layers": 2, "bidirectional": True, "dropout": 0.5, "input_dropout": 0.5},
    {"layer_norm": True, "recurrent_dropout": 0.5},
    {"gate_activation": "hard_sigmoid", "activation": "relu"},
    {"gate_activation": "hard_sigmoid_keras2", "activation": "linear"},
    {"activation": "hard_sigmoid"},
    {"reset": "before"},
)


def variants():
    for name, kind in CELLS.items():
        if name == "act":
            continue
        for changes in VARIANTS:
            if all(field in kind.model_fields for field in changes):
                yield pytest.param(example_of(kind).but(hidden=6, **changes), id=f"{name} {changes}")
        yield pytest.param(ACT(cell=example_of(kind).but(hidden=5), epsilon=0.1, halting_bias=-1.0), id=f"act {name}")
    two_ways = LSTM(hidden=4, layers=2, bidirectional=True)
    yield pytest.param(ACT(cell=two_ways, first_step_flag=False, limit=3, halting_bias=-1.0), id="act two ways")


@pytest.fixture(scope="module")
def fitted(worlds, tmp_path_factory):
    """A small network with context, fitted for an epoch, and its world."""
    world = worlds(context=True, lookback=7)
    made = fit_network(
        RecurrentNetwork(cell=LSTM(hidden=4), dense=(5,)),
        Training(epochs=1, batch=32),
        world.windows,
        world.affine,
        TargetScale(centre=2.0, scale=0.5),
        world.train,
        world.valid,
        {},
        1,
        tmp_path_factory.mktemp("fitted"),
    )
    return world, made


def with_model(fitted, network, seed=0):
    """The same fit with another network and drawn weights: what is learned does not matter here."""
    generator = torch.Generator().manual_seed(seed)
    module = network.build(len(fitted.inputs), len(fitted.context), generator)
    arrays = {
        name: (held + 0.3 * torch.randn(held.shape, generator=generator)).numpy()
        for name, held in module.state_dict().items()
    }
    return dataclasses.replace(fitted, model=network, arrays=arrays)


def drawn(fitted, rows, seed=0):
    rng = np.random.default_rng(seed)
    window = rng.normal(size=(rows, fitted.lookback, len(fitted.inputs))).astype(np.float32)
    return window, rng.normal(size=(rows, len(fitted.context))).astype(np.float32)


def said_here(fitted, window, context):
    module = fitted.module()
    with torch.no_grad():
        scores = module(torch.from_numpy(window), torch.from_numpy(context)).double().numpy()
    return scores, module.stack.ponder


@pytest.mark.parametrize("cell", list(variants()))
def test_every_cell_says_the_same(fitted, cell):
    _, base = fitted
    held = with_model(base, RecurrentNetwork(cell=cell, dense=(5,)))
    model = onnx_bytes(held, normaliser=None, scaled=False)
    for rows in (1, 5, 33):
        window, context = drawn(held, rows, seed=rows)
        scores, ponder = said_here(held, window, context)
        found = run_onnx(model, window, context)
        np.testing.assert_allclose(found["score"], scores[:, 0], rtol=1e-5, atol=1e-6)
        assert len(found) == 1 + 2 * len(ponder)
        for at, each in enumerate(ponder, start=1):
            np.testing.assert_array_equal(found[f"ponder_steps_{at}"], each.steps.numpy())
            np.testing.assert_allclose(found[f"ponder_remainder_{at}"], each.remainder.numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("curve", ["linear", "relu", "tanh", "sigmoid", "hard_sigmoid", "hard_sigmoid_keras2"])
def test_dense_layers_and_the_head(fitted, curve):
    _, base = fitted
    network = RecurrentNetwork(cell=LSTM(hidden=3), dense=(4, 3), activation=curve, output_activation=curve)
    held = with_model(base, network)
    window, context = drawn(held, 9)
    scores, _ = said_here(held, window, context)
    found = run_onnx(onnx_bytes(held, normaliser=None), window, context)["score"]
    np.testing.assert_allclose(found, scores[:, 0] * 0.5 + 2.0, rtol=1e-5, atol=1e-6)


def agrees(world, held):
    """The file says all that is said here, and nothing else."""
    said = say(held, world.windows, world.affine, np.arange(len(world.windows)))
    found = run_onnx(onnx_bytes(held, normaliser=world.affine), *raw(world))
    np.testing.assert_allclose(found.pop("score"), said.score, rtol=1e-5, atol=1e-6)
    for name, value in (("probabilities", said.probabilities), ("spread", said.spread)):
        assert (name in found) == (value is not None)
        if value is not None:
            np.testing.assert_allclose(found.pop(name), value, rtol=1e-4, atol=2e-6)
    assert not found
    return said


@pytest.mark.parametrize("loss", list(walk("tidegate.learn.losses")["loss"].values()), ids=lambda loss: loss.name)
def test_every_loss_reads_its_outputs(fitted, loss):
    world, base = fitted
    outputs = 3 if issubclass(loss, SoftmaxLoss) else 1
    held = with_model(base, RecurrentNetwork(cell=LSTM(hidden=4), dense=(), outputs=outputs))
    said = agrees(world, dataclasses.replace(held, loss=example_of(loss)))
    if issubclass(loss, ClassLoss):
        np.testing.assert_allclose(said.probabilities.sum(axis=1), 1.0)


@pytest.mark.parametrize("combine", ["mean", "median", "rank-mean"])
@pytest.mark.parametrize(
    "count, loss, outputs", [(2, MSE(), 1), (3, CrossEntropy(), 3)], ids=["two", "three of classes"]
)
def test_ensembles_speak_as_one(fitted, combine, count, loss, outputs):
    world, base = fitted
    network = RecurrentNetwork(cell=LSTM(hidden=4), dense=(), outputs=outputs)
    members = [dataclasses.replace(with_model(base, network, seed), loss=loss) for seed in range(count)]
    ensemble = Ensemble(member=network, count=count, combine=combine)
    held = assembled(ensemble, members, world.windows, world.affine, world.train[::3], 1, "identity")
    agrees(world, held)


def test_members_that_ponder_tell_it_apart(fitted):
    world, base = fitted
    network = RecurrentNetwork(cell=ACT(cell=MinGRU(hidden=3), limit=3), dense=())
    members = [with_model(base, network, seed) for seed in range(2)]
    held = assembled(Ensemble(member=network, count=2), members, world.windows, world.affine, world.train, 1, "id")
    window, context = drawn(held, 3)
    found = run_onnx(onnx_bytes(held, normaliser=None), window, context)
    assert set(found) == {"score", "spread"} | {
        f"ponder_{what}_{m}_1" for what in ("steps", "remainder") for m in (1, 2)
    }


def raw(world):
    """Windows and context as the panel has them."""
    windows = world.windows
    values = np.stack([windows.panel.column(field) for field in windows.inputs], axis=1)
    rows = windows.anchors[:, None] + np.arange(1 - windows.lookback, 1)
    context = [windows.panel.column(field)[windows.anchors] for field in windows.context]
    return values[rows], np.stack(context, axis=1) if context else np.zeros((len(windows), 0), np.float32)


def test_raw_windows_become_scores_in_the_labels_unit(fitted):
    world, held = fitted
    scores = speak(held, world.windows, world.affine, np.arange(len(world.windows)))
    found = run_onnx(onnx_bytes(held, normaliser=world.affine), *raw(world))["score"]
    np.testing.assert_allclose(found, scores, rtol=1e-5)


@pytest.mark.parametrize("ddof", [0, 1])
def test_windows_by_their_own_moments(worlds, tmp_path, ddof):
    world = worlds(lookback=5)
    values = world.windows.panel.values.copy()
    values[40:47, 1] = 7.0  # a field that is constant over some windows, and nearly over others
    panel = world.windows.panel
    panel = type(panel).of(values, panel.times, panel.assets, panel.fields, panel.row_time, panel.offsets)
    windows = dataclasses.replace(world.windows, panel=panel)
    normaliser = WindowZScore(ddof=ddof)
    affine = normaliser.fit(windows, np.ones(len(windows), dtype=bool))
    network = RecurrentNetwork(cell=LSTM(hidden=4), dense=())
    training = Training(epochs=1, batch=64)
    held = fit_network(
        network, training, windows, affine, TargetScale(), world.train, world.valid, {}, 1, tmp_path / "fit"
    )
    scores = speak(held, windows, affine, np.arange(len(windows)))
    found = run_onnx(onnx_bytes(held, normaliser=normaliser), *raw(world._replace(windows=windows)))["score"]
    np.testing.assert_allclose(found, scores, rtol=1e-5, atol=1e-6)
    with pytest.raises(SettingError, match="knows only its own windows"):
        onnx_bytes(held, normaliser=affine)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_window_that_is_not_finite_has_no_score(fitted, bad):
    world, held = fitted
    window, context = raw(world)
    window, context = window[:4].copy(), context[:4].copy()
    model = onnx_bytes(held, normaliser=world.affine)
    whole = run_onnx(model, window, context)["score"]
    window[1, 3, 0], context[2, 0] = bad, bad
    found = run_onnx(model, window, context)["score"]
    assert np.isnan(found[[1, 2]]).all()
    np.testing.assert_array_equal(found[[0, 3]], whole[[0, 3]])


def test_a_file_tells_what_it_is(fitted, tmp_path):
    world, held = fitted
    told = export_onnx(
        held, tmp_path / "m.onnx", normaliser=world.affine, horizon=Horizon(lag=1, span=5), facts={"study": "mine"}
    )
    model = onnx.load(told.path)
    properties = {each.key: each.value for each in model.metadata_props}
    assert properties["fingerprint"] == held.fingerprint
    assert json.loads(properties["fields"]) == list(held.inputs)
    assert json.loads(properties["context"]) == list(held.context)
    assert (properties["lookback"], properties["study"], properties["normaliser"]) == ("7", "mine", "inside")
    assert json.loads(properties["horizon"])["span"] == 5
    assert json.loads(properties["model"])["cell"]["name"] == "lstm"
    assert (told.inputs, told.outputs) == (("window", "context"), ("score",))
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]
    again = export_onnx(
        held, tmp_path / "n.onnx", normaliser=world.affine, horizon=Horizon(lag=1, span=5), facts={"study": "mine"}
    )
    assert again.sha256 == told.sha256
    assert "LSTM" in {node.op_type for node in model.graph.node}


def test_what_cannot_be_exported_is_refused(fitted, tmp_path, monkeypatch):
    world, held = fitted
    other = type(world.affine).of(world.affine.centre + 1.0, world.affine.scale)
    assert digest_scaler(other) != held.scaler
    for wrong in (other, WindowZScore()):
        with pytest.raises(SettingError, match="another normaliser"):
            onnx_bytes(held, normaliser=wrong)
    rival = fit_rival(Linear(), world.windows, world.affine, world.train, tmp_path)
    with pytest.raises(SettingError, match=r"only recurrent networks can be exported.*found linear"):
        onnx_bytes(rival, normaliser=None)
    unknown = with_model(held, RecurrentNetwork(cell=MinGRU(hidden=3)))
    monkeypatch.setattr(tracing, "_TABLE", {"mm": tracing._TABLE["mm"]})
    with pytest.raises(SettingError, match=r"no translation into ONNX \(cell min-gru\).*found operation aten\."):
        onnx_bytes(unknown, normaliser=None)


def test_without_the_extra_it_says_what_to_install(fitted, monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(extra, "import_module", absent)
    with pytest.raises(MissingExtraError, match=r"needs onnx, .* pip install 'tidegate\[export\]'"):
        onnx_bytes(fitted[1], normaliser=None)
