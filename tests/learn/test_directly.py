"""Properties: a training that is computed without autograd learns, bit for bit, what one through autograd learns."""

import numpy as np
import pytest
import torch

from tidegate.learn.batches import Gather
from tidegate.learn.checkpoint import Checkpoints
from tidegate.learn.ground import Part
from tidegate.learn.loop import Ground, Loop
from tidegate.learn.losses import MAE, MSE, CrossEntropy, Huber, Quantile
from tidegate.learn.slopes import sloped
from tidegate.learn.steady import steady
from tidegate.learn.training import Training
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork

SMALL = RecurrentNetwork(cell=LSTM(hidden=6), dense=(4,), activation="tanh", dropout=0.2)
KEPT_SMALL = SMALL.but(l1={"recurrent": 1e-3}, l2={"kernel": 1e-3, "dense": 1e-2})
DEEP = RecurrentNetwork(cell=GRU(hidden=5, layers=2, dropout=0.3, recurrent_dropout=0.2), dense=(4, 3), dropout=0.1)
RMSPROP = {"epochs": 3, "batch": 32, "optimiser": {"name": "rmsprop"}}


def learned(held, network, training, folder, *, directly, target=None):
    with steady(training.threads):
        windows, affine = held.windows, held.affine
        ground = Ground(
            Gather(windows, affine),
            torch.from_numpy(windows.target.astype(np.float32)) if target is None else target,
            windows.weight,
            windows.anchor_time,
            windows.panel.row_asset[windows.anchors],
            held.train,
            held.valid,
            {},
        )
        sizes = len(windows.inputs), len(windows.context)
        loop = Loop(network, sizes, training, ground, 1, Checkpoints(folder, "x"))
        assert loop.gradient.direct is not None
        if not directly:
            loop.gradient.direct = None
        loop.run(None)
    return loop


@pytest.mark.parametrize(
    ("network", "changes", "world"),
    [
        (SMALL, {}, {}),
        (SMALL, {}, {"weighted": True, "context": True}),
        (KEPT_SMALL, {}, {}),
        (KEPT_SMALL, {"micro_batch": 7}, {"weighted": True}),
        (DEEP, {"micro_batch": 10, "clip_norm": 0.5}, {"context": True, "per_window": True}),
        (DEEP, {"loss": {"name": "huber"}, "optimiser": {"name": "adam"}}, {}),
        (DEEP, {"loss": {"name": "ic"}, "sampling": {"name": "by-date"}}, {"assets": 6}),
    ],
    ids=["plain", "weighted", "penalised", "penalised parts", "parts", "huber", "ic"],
)
def test_a_training_learns_what_it_learns_through_autograd(worlds, tmp_path, network, changes, world):
    held, training = worlds(**world), Training(**{**RMSPROP, **changes})
    direct = learned(held, network, training, tmp_path / "direct", directly=True)
    graph = learned(held, network, training, tmp_path / "graph", directly=False)
    assert torch.equal(direct.flat.weights, graph.flat.weights)
    assert direct.history == graph.history


@pytest.mark.parametrize("share", [1.0, 0.3])
@pytest.mark.parametrize("rows", [1, 33, 256])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", [MSE(), MAE(), Huber(), Quantile(level=0.3)], ids=lambda loss: loss.name)
def test_slopes_are_those_of_autograd(loss, weighted, rows, share):
    random = torch.Generator().manual_seed(rows)
    score, target = torch.randn(rows, 1, generator=random), torch.randn(rows, generator=random)
    part = Part(target, torch.rand(rows, generator=random) if weighted else None, None)
    leaf = score.clone().requires_grad_()
    want = loss.value(leaf, *part)
    (want * share).backward()
    value, slope = sloped(loss, score, part, share)
    assert torch.equal(value, want.detach())
    assert torch.equal(slope, leaf.grad)
    assert not value.requires_grad


def test_slopes_of_classes_have_a_column_each():
    score, target = torch.tensor([[0.0, 1.0, 2.0], [2.0, 0.0, 0.0]]), torch.tensor([2.0, 0.0])
    value, slope = sloped(CrossEntropy(), score, Part(target, None, None))
    chance = torch.softmax(score, dim=1)
    wanted = (chance - torch.eye(3)[[2, 0]]) / 2
    torch.testing.assert_close(slope, wanted)
    torch.testing.assert_close(value, -torch.log(chance[[0, 1], [2, 0]]).mean())
