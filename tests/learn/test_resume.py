"""Resuming: killed anywhere, the same bits; a broken checkpoint is never believed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import IntegrityError
from tidegate.learn.checkpoint import Checkpoint, Checkpoints
from tidegate.learn.fit import fit_network, load_fitted
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training


class Killed(BaseException):
    """Stands for a kill: nobody may catch it."""


def fit(world, network, training, folder, tell=None):
    return fit_network(
        network,
        training,
        world.windows,
        world.affine,
        TargetScale(),
        world.train,
        world.valid,
        {"test": world.test},
        1,
        folder,
        tell,
    )


def stopping_after(steps, error):
    left = [steps]

    def tell(progress):
        left[0] -= 1
        if left[0] == 0:
            raise error

    return tell


@pytest.mark.parametrize("error", [KeyboardInterrupt, Killed])
@pytest.mark.parametrize("optimiser", ["sgd", "rmsprop", "adam", "adamw"])
def test_stopped_at_random_steps_and_gone_on_with(world, network, training, tmp_path, error, optimiser):
    rate = {"name": optimiser, "rate": 0.01, **({"momentum": 0.9} if optimiser == "sgd" else {})}
    training = training.but(optimiser=rate)
    whole = fit(world, network, training.but(checkpoint_seconds=1000.0), tmp_path / "whole")
    chance = np.random.default_rng(len(optimiser))
    for run in range(3):
        folder, stops = tmp_path / str(run), 0
        # Without a save on the way out, progress comes from the checkpoints alone: the pause varies.
        pause = float(chance.choice([0.0, 0.002])) if error is Killed else 1000.0
        while not (folder / "fit.json").exists() and stops < 60:
            try:
                fit(
                    world,
                    network,
                    training.but(checkpoint_seconds=pause),
                    folder,
                    stopping_after(int(chance.integers(2, 12)), error),
                )
            except error:
                stops += 1
        assert stops >= 2
        assert (folder / "fit.json").read_bytes() == (tmp_path / "whole/fit.json").read_bytes()
        assert load_fitted(folder).fingerprint == whole.fingerprint
        assert not list(folder.glob("checkpoint*"))


def test_ctrl_c_waits_for_the_end_of_a_step_and_saves(world, network, training, tmp_path):
    training = training.but(checkpoint_seconds=1000.0)
    whole = fit(world, network, training, tmp_path / "whole")
    seen = []

    def tell(progress):
        seen.append(progress)
        if len(seen) == 9:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit(world, network, training, tmp_path / "stopped", tell)
    assert signal.getsignal(signal.SIGINT) is before
    assert len(seen) == 9
    after = []
    again = fit(world, network, training, tmp_path / "stopped", after.append)
    assert again.fingerprint == whole.fingerprint
    assert (after[0].epoch, after[0].step) == (seen[-1].epoch, seen[-1].step + 1)


def test_a_checkpoint_of_another_training_is_not_taken(world, network, training, tmp_path):
    with pytest.raises(Killed):
        fit(world, network, training, tmp_path, stopping_after(9, Killed))
    assert list(tmp_path.glob("checkpoint*"))
    other = training.but(clip_norm=0.4)
    told = []
    fitted = fit(world, network, other, tmp_path, told.append)
    assert (told[0].epoch, told[0].step) == (1, 1)
    assert fitted.fingerprint == fit(world, network, other, tmp_path / "alone").fingerprint


@pytest.fixture(scope="module")
def slots(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slots")
    kept = Checkpoints(folder, "this")
    made = []
    for number in range(2):
        made.append(
            Checkpoint(
                {"weights": torch.arange(40.0) + number, "memory": torch.ones(7) * number},
                {"epoch": number, "history": [0.1, 1 / 3]},
            )
        )
        kept.save(made[-1])
    return {path.name: path.read_bytes() for path in folder.iterdir()}, made


def equal(a, b):
    return (
        a.facts == b.facts
        and set(a.tensors) == set(b.tensors)
        and all(torch.equal(a.tensors[k], b.tensors[k]) for k in a.tensors)
    )


@settings(max_examples=250)
@given(
    name=st.sampled_from([f"checkpoint-{n}.{kind}" for n in (0, 1) for kind in ("safetensors", "sha256")]),
    place=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
    cut=st.booleans(),
)
def test_a_broken_checkpoint_gives_way_to_the_other(slots, tmp_path_factory, name, place, bit, cut):
    files, made = slots
    folder = tmp_path_factory.mktemp("broken")
    for file, content in files.items():
        (folder / file).write_bytes(content)
    content = bytearray(files[name])
    at = int(place * len(content))
    if cut:
        del content[at:]
    else:
        content[at] ^= 1 << bit
    (folder / name).write_bytes(bytes(content))
    kept = Checkpoints(folder, "this")
    held = kept.load()
    newest_hurt = name.startswith("checkpoint-0")  # two saves: serial 1 lies in slot 1, serial 2 in slot 0
    assert equal(held, made[0] if newest_hurt else made[1])
    # The next save goes to the broken slot: the whole one is never the one that is written over.
    kept.save(Checkpoint({"weights": torch.zeros(1)}, {"epoch": 9}))
    (folder / ("checkpoint-0.sha256" if newest_hurt else "checkpoint-1.sha256")).unlink()
    assert equal(Checkpoints(folder, "this").load(), held)


def test_with_both_broken_it_starts_over(world, network, training, tmp_path):
    whole = fit(world, network, training, tmp_path / "whole")
    with pytest.raises(Killed):
        fit(world, network, training, tmp_path / "broken", stopping_after(12, Killed))
    for path in (tmp_path / "broken").glob("checkpoint-*.safetensors"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(bytes(content))
    told = []
    assert fit(world, network, training, tmp_path / "broken", told.append).fingerprint == whole.fingerprint
    assert (told[0].epoch, told[0].step) == (1, 1)


@pytest.fixture(scope="module")
def result(tmp_path_factory, worlds):
    from tidegate.models.cells.lstm import LSTM
    from tidegate.models.recurrent import RecurrentNetwork

    folder = tmp_path_factory.mktemp("result")
    fitted = fit(worlds(), RecurrentNetwork(cell=LSTM(hidden=2), dense=()), Training(epochs=1, batch=64), folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}, fitted


@settings(max_examples=150)
@given(
    name=st.sampled_from(["fit.json", "weights.safetensors"]),
    place=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
    cut=st.booleans(),
)
def test_a_changed_result_is_refused(result, tmp_path_factory, name, place, bit, cut):
    files, fitted = result
    folder = tmp_path_factory.mktemp("changed")
    for file, content in files.items():
        (folder / file).write_bytes(content)
    content = bytearray(files[name])
    at = int(place * len(content))
    if cut:
        del content[at:]
    else:
        content[at] ^= 1 << bit
    (folder / name).write_bytes(bytes(content))
    try:
        held = load_fitted(folder)
    except IntegrityError:
        return
    # A changed blank between two JSON values may pass: what was read is what was written all the same.
    assert name == "fit.json"
    assert held.fingerprint == fitted.fingerprint
    assert held.history == fitted.history


CHILD = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import make_world
from tidegate.learn.fit import fit_network
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
world = make_world()
network = RecurrentNetwork(cell=LSTM(hidden=4), dropout=0.2)
training = Training(epochs=12, batch=16, checkpoint_seconds=0)
fit_network(network, training, world.windows, world.affine, TargetScale(), world.train, world.valid, {}, 1, Path(sys.argv[2]),
            lambda p: time.sleep(float(sys.argv[3])))
"""


@pytest.mark.slow
def test_killed_by_the_system(tmp_path):
    def start(folder, pause):
        return subprocess.Popen([sys.executable, "-c", CHILD, str(Path(__file__).parent), str(folder), str(pause)])

    assert start(tmp_path / "whole", 0).wait(timeout=60) == 0
    chance, folder = np.random.default_rng(4), tmp_path / "killed"
    for _ in range(3):
        child = start(folder, 0.02)
        before = {path: path.stat().st_mtime_ns for path in folder.glob("checkpoint*")} if folder.exists() else {}
        for _ in range(3000):
            if folder.exists() and {path: path.stat().st_mtime_ns for path in folder.glob("checkpoint*")} != before:
                break
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.4))
        child.kill()
        assert child.wait() == -signal.SIGKILL
        assert not (folder / "fit.json").exists()
    assert start(folder, 0).wait(timeout=60) == 0
    for name in ("fit.json", "weights.safetensors"):
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
