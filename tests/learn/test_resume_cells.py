"""Every cell there is, and ACT over it: stopped at random and gone on with, the same bits."""

import numpy as np
import pytest

from tidegate.learn.fit import fit_network
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.models.cells.act import ACT
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.walk import example_of, walk

CELLS = {name: kind for name, kind in walk("tidegate.models")["cell"].items() if kind is not ACT}
OPTIMISERS = ({"name": "adam", "rate": 0.01}, {"name": "rmsprop", "rate": 0.01})


class Killed(BaseException):
    """Stands for a kill: nobody may catch it."""


def dropping(kind):
    """A small cell that draws all that it can draw."""
    wanted = {"hidden": 4, "layers": 2, "dropout": 0.2, "input_dropout": 0.1, "recurrent_dropout": 0.2}
    return example_of(kind).but(**{name: held for name, held in wanted.items() if name in kind.model_fields})


def networks():
    for name, kind in CELLS.items():
        yield pytest.param(RecurrentNetwork(cell=dropping(kind), dropout=0.1), id=name)
        pondering = ACT(cell=dropping(kind).but(layers=1), limit=3, halting_bias=0.0)
        yield pytest.param(RecurrentNetwork(cell=pondering, dense=()), id=f"act-{name}")


@pytest.mark.parametrize("network", list(networks()))
def test_stopped_and_gone_on_with(worlds, network, tmp_path):
    world = worlds(rows=70)
    for at, optimiser in enumerate(OPTIMISERS if not isinstance(network.cell, ACT) else OPTIMISERS[:1]):
        training = Training(
            epochs=3, batch=12, optimiser=optimiser, checkpoint_seconds=0, micro_batch=5, watch={"lags": 2}
        )
        left = [np.random.default_rng([at, len(network.cell.name)]).integers(2, 8)]

        def tell(progress, left=left):
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        def fit(folder, tell=None, training=training):
            return fit_network(
                network, training, world.windows, world.affine, TargetScale(), world.train, world.valid, {}, 1, folder, tell
            )  # fmt: skip

        whole, broken = tmp_path / f"whole-{at}", tmp_path / f"broken-{at}"
        fit(whole)
        with pytest.raises(Killed):
            fit(broken, tell)
        assert not (broken / "fit.json").exists()
        fit(broken)
        for name in ("fit.json", "weights.safetensors", "traces.safetensors"):
            assert (broken / name).read_bytes() == (whole / name).read_bytes(), name
