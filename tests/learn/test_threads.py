"""1, 2 and 8 threads train the same weights to rounding.

The fused kernels alone give the same bits whatever their threads (tests/models holds them to it). Around them stand
torch's own products, the dense layers' among them, which sum in another order when there are more threads; so a
training promises bits for one number of threads, which is a setting and part of its identity.
"""

import numpy as np
import pytest

from tidegate.learn.fit import fit_network
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.models.cells.act import ACT
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.walk import example_of, walk

CELLS = walk("tidegate.models")["cell"]


@pytest.mark.parametrize("name", CELLS)
def test_weights_do_not_depend_on_threads(worlds, name, tmp_path):
    world = worlds(rows=400, assets=2)
    cell = example_of(CELLS[name])
    sizes = {"hidden": 24} if "hidden" in CELLS[name].model_fields else {}
    cell = cell.but(**sizes) if not isinstance(cell, ACT) else cell.but(limit=3)
    network = RecurrentNetwork(cell=cell, dense=(8,))
    training = Training(epochs=1, batch=300, optimiser={"name": "sgd", "rate": 0.1}, micro_batch=0)
    fitted = {
        threads: fit_network(
            network, training.but(threads=threads), world.windows, world.affine, TargetScale(), world.train, world.valid,
            {}, 1, tmp_path / str(threads),
        )
        for threads in (1, 2, 8)
    }  # fmt: skip
    for threads in (2, 8):
        assert fitted[threads].identity != fitted[1].identity
        for key, held in fitted[1].arrays.items():
            np.testing.assert_allclose(fitted[threads].arrays[key], held, atol=1e-6)
