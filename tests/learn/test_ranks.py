"""Two real processes train what one does, only one of them writes, and a stopped training goes on."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tidegate.learn.fit import fit_network, load_fitted
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.models.recurrent import RecurrentNetwork

SCRIPT = """
import json, os, signal, sys
from pathlib import Path

from torch.distributed.run import main

if "RANK" not in os.environ:
    sys.exit(main(["--standalone", "--nproc-per-node", "2", "--monitor-interval", "0.1", *sys.argv]))

sys.path.insert(0, sys.argv[1])
from conftest import make_world
from tidegate.learn.fit import fit_network
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.models.base import Network

folder, told, stop = Path(sys.argv[2]), json.loads(sys.argv[3]), int(sys.argv[4])
world, heard = make_world(weighted=True, assets=2), []


def tell(progress):
    heard.append(progress)
    if len(heard) == stop:
        os.kill(os.getpid(), signal.SIGINT)  # one is asked to stop, all stop after the same step


def fit():
    return fit_network(
        Network.of(told["network"]), Training.of(told["training"]), world.windows, world.affine, TargetScale(),
        world.train, world.valid, {"test": world.test}, 1, folder, tell,
    )


fitted, steps = fit(), len(heard)
assert fit().fingerprint == fitted.fingerprint and len(heard) == steps  # what has ended is only read, by all
rank = int(os.environ.get("RANK", "0"))
folder.joinpath(f"rank-{rank}.json").write_text(json.dumps([fitted.fingerprint, steps, list(fitted.history)]))
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("script") / "train.py"
    path.write_text(SCRIPT)
    return path


def told(folder, stop, declared=None):
    return [str(Path(__file__).parent), str(folder), json.dumps(declared or DECLARED), str(stop)]


def by_torchrun(script, folder, declared=None):
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    asked = [sys.executable, str(script), *told(folder, 0, declared)]
    return subprocess.run(asked, check=False, env=environment, capture_output=True, text=True, timeout=120)


def by_environment(script, folder, stop=0):
    """The same without torchrun's own process; returns what each rank ended with."""
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        port = asking.getsockname()[1]
    started = []
    for rank in range(2):
        named = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        environment = {**os.environ, "PYTHONWARNINGS": "ignore", **{name: str(held) for name, held in named.items()}}
        asked = [sys.executable, str(script), *told(folder, stop)]
        started.append(subprocess.Popen(asked, env=environment, stderr=subprocess.PIPE, text=True))
    try:
        return [(each.communicate(timeout=120)[1][-3000:], each.returncode) for each in started]
    finally:
        for each in started:
            each.kill()


def of_one(world, folder):
    return fit_network(
        RecurrentNetwork.of(DECLARED["network"]),
        Training.of(DECLARED["training"]),
        world.windows,
        world.affine,
        TargetScale(),
        world.train,
        world.valid,
        {"test": world.test},
        1,
        folder,
    )


DECLARED = {
    "network": {
        "name": "recurrent-network",
        "cell": {"name": "lstm", "hidden": 4, "layers": 2, "dropout": 0.2, "recurrent_dropout": 0.2},
        "dense": [3],
        "l2": {"kernel": 0.01},
    },
    "training": {
        "epochs": 3,
        "batch": 50,
        "micro_batch": 10,
        "early_stopping": {"patience": 3},
        "clip_norm": 0.5,
        "checkpoint_seconds": 0,
    },
}


@pytest.mark.slow
def test_two_processes_train_what_one_does(script, worlds, tmp_path):
    two_folder, stopped = tmp_path / "2", tmp_path / "stopped"
    two_folder.mkdir()
    stopped.mkdir()
    one = of_one(worlds(weighted=True, assets=2), tmp_path / "1")
    done = by_torchrun(script, two_folder)
    assert done.returncode == 0, done.stderr[-3000:]
    two = load_fitted(two_folder)
    assert one.identity != two.identity
    for name, held in one.arrays.items():
        np.testing.assert_allclose(two.arrays[name], held, atol=1e-6)
    for ours, theirs in zip(two.history, one.history, strict=True):
        assert ours["train"] == pytest.approx(theirs["train"], rel=1e-6)
        assert ours["valid"] == pytest.approx(theirs["valid"], rel=1e-6)
        assert ours["watched"]["test"] == pytest.approx(theirs["watched"]["test"], rel=1e-6)
    np.testing.assert_allclose(two.traces.arrays["curves.loss"], one.traces.arrays["curves.loss"], rtol=1e-5)
    said = [json.loads((two_folder / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    assert said[0][0] == said[1][0] == two.fingerprint
    assert said[0][2] == said[1][2]
    assert (said[0][1] > 0, said[1][1]) == (True, 0)  # only the first is told
    # Stopped in the middle and gone on with: the same bits.
    ended = by_environment(script, stopped, stop=7)
    assert all(code != 0 and "KeyboardInterrupt" in said_last and "peer" not in said_last for said_last, code in ended)
    assert not (stopped / "fit.json").exists()
    assert list(stopped.glob("checkpoint-*"))
    for told_wrong, code in by_environment(script, stopped):
        assert code == 0, told_wrong
    assert (stopped / "fit.json").read_bytes() == (two_folder / "fit.json").read_bytes()
    assert (stopped / "traces.safetensors").read_bytes() == (two_folder / "traces.safetensors").read_bytes()
    assert json.loads((stopped / "rank-0.json").read_text())[1] < said[0][1]


@pytest.mark.slow
def test_two_processes_train_an_ensemble(script, tmp_path):
    member = {"name": "recurrent-network", "cell": {"name": "lstm", "hidden": 3}, "dense": []}
    network = {"name": "ensemble", "member": member, "count": 2, "combine": "rank-mean"}
    done = by_torchrun(script, tmp_path, {"network": network, "training": {"epochs": 1, "batch": 100}})
    assert done.returncode == 0, done.stderr[-3000:]
    said = [json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    assert said[0][0] == said[1][0] == load_fitted(tmp_path).fingerprint
    assert (said[0][1] > 0, said[1][1]) == (True, 0)
