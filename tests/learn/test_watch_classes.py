"""What is watched of a classifier: beside its loss, how often the likeliest class came."""

import numpy as np
import pytest
import torch

from tidegate.learn.batches import Gather
from tidegate.learn.chance import weights_generator
from tidegate.learn.fit import fit_network, load_fitted
from tidegate.learn.losses import MSE, BinaryCrossEntropy, CrossEntropy
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.learn.watch import Watch
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types import Windows


def classed(windows, count):
    edges = np.quantile(windows.target, np.arange(1, count) / count)
    target = np.searchsorted(edges, windows.target).astype(float)
    return Windows.of(
        windows.panel, windows.lookback, windows.inputs, windows.context, windows.horizon, windows.anchors, target,
        windows.known, windows.weight,
    )  # fmt: skip


def fit(world, windows, loss, outputs, folder):
    network = RecurrentNetwork(cell=LSTM(hidden=4), dense=(), outputs=outputs)
    training = Training(epochs=4, batch=24, loss=loss, watch=Watch(windows=10_000, curves=4))
    sets = world.train, world.valid, {"test": world.test}
    return network, fit_network(network, training, windows, world.affine, TargetScale(), *sets, 1, folder)


@pytest.mark.parametrize(
    ("loss", "count", "outputs"), [(CrossEntropy(), 3, 3), (BinaryCrossEntropy(), 2, 1)], ids=["three", "log-odds"]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_accuracies_are_counted_from_what_was_said(worlds, tmp_path, loss, count, outputs, weighted):
    world = worlds(weighted=weighted)
    windows = classed(world.windows, count)
    network, fitted = fit(world, windows, loss, outputs, tmp_path)
    seen = fitted.traces.arrays["curves.accuracy"]
    assert seen.shape == fitted.traces.arrays["curves.loss"].shape
    module, gather = network.build(3, 0, weights_generator(1)).eval(), Gather(windows, world.affine)
    for at, which in enumerate((world.train, world.valid, world.test)):
        with torch.no_grad():
            said = module(*gather.batch(gather.admit(which))).numpy()
        likeliest = said.argmax(axis=1) if outputs > 1 else (said[:, 0] > 0).astype(int)
        assert seen[0, at] == pytest.approx(np.mean(likeliest == windows.target[which]))
    assert ((seen >= 0) & (seen <= 1)).all()
    assert np.array_equal(load_fitted(tmp_path).traces.arrays["curves.accuracy"], seen)


def test_a_regression_has_none(world, tmp_path):
    _, fitted = fit(world, world.windows, MSE(), 1, tmp_path)
    assert "curves.accuracy" not in fitted.traces.arrays
