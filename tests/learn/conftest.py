"""A small world to learn from."""

from typing import NamedTuple

import numpy as np
import pytest

from tidegate.learn.training import Training
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types import Affine, Horizon, Panel, Windows


class World(NamedTuple):
    windows: Windows
    affine: Affine
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


def make_world(rows=160, assets=1, lookback=5, context=False, per_window=False, weighted=False, seed=0):
    rng = np.random.default_rng(seed)
    fields = ("close", "volume", "level")
    values = np.exp(rng.normal(size=(rows * assets, 3)) * 0.3).astype(np.float32)
    times = (np.datetime64("2015-01-01") + np.arange(rows)).astype("datetime64[us]")
    names = tuple(f"asset {n}" for n in range(assets))
    panel = Panel.of(values, times, names, fields, np.tile(np.arange(rows), assets), np.arange(assets + 1) * rows)
    anchors = np.concatenate([np.arange(lookback - 1, rows - 2) + n * rows for n in range(assets)])
    target = values[anchors, 0].astype(float) - values[anchors - 1, 1] + rng.normal(size=len(anchors)) * 0.1
    weight = rng.uniform(0.5, 2.0, size=len(anchors)) if weighted else None
    windows = Windows.of(
        panel,
        lookback,
        fields[:2] if context else fields,
        fields[2:] if context else (),
        Horizon(lag=1, span=1),
        anchors,
        target,
        panel.row_time[anchors] + 2,
        weight,
    )
    shape = (len(anchors) if per_window else 1, len(windows.inputs))
    affine = Affine.of(rng.normal(size=shape), rng.uniform(0.5, 2.0, size=shape), None if per_window else 100)
    order = np.arange(len(anchors))
    cut = len(order) * 6 // 10, len(order) * 8 // 10
    return World(windows, affine, order[: cut[0]], order[cut[0] : cut[1]], order[cut[1] :])


@pytest.fixture
def world():
    return make_world()


@pytest.fixture(scope="session")
def worlds():
    return make_world


@pytest.fixture
def network():
    """Everything that draws or remembers is in it."""
    return RecurrentNetwork(cell=LSTM(hidden=4, layers=2, dropout=0.2), dense=(3,), dropout=0.2, l2={"kernel": 1e-3})


@pytest.fixture
def training():
    return Training(
        epochs=4,
        batch=16,
        optimiser={"name": "adam", "rate": 0.01},
        early_stopping={"patience": 3},
        schedule={"name": "cosine", "last": 0.1},
        clip_norm=0.5,
        checkpoint_seconds=0,
    )
