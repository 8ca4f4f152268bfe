"""Our side of an epoch as Qlib's LSTM runs it: the same windows, network, optimiser and sets to measure."""

import tempfile
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from parts.grounds import ground_of
from parts.ranked import Market, Span
from tidegate.learn.batches import Gather
from tidegate.learn.chance import order
from tidegate.learn.checkpoint import Checkpoints
from tidegate.learn.flat import Flat
from tidegate.learn.loop import Loop
from tidegate.learn.optimisers import Adam, Optimiser
from tidegate.learn.steady import steady
from tidegate.learn.training import Training
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types import Affine, Horizon, Panel, Windows

__all__ = ["SEED", "OurEpoch"]

SEED = 1


class TwoBiases(Optimiser):
    """Adam where a bias stands for two that are always equal, as torch has them: what moves it moves it twice."""

    name: ClassVar[str] = "two-biases"

    inner: Adam
    spans: tuple[tuple[int, int], ...]

    @property
    def remembers(self):
        """What Adam remembers."""
        return self.inner.remembers

    def step(self, w, g, memory, t, rate):
        """Adam's step, and the biases' part of it once more."""
        before = [w[start:end].clone() for start, end in self.spans]
        self.inner.step(w, g, memory, t, rate)
        for held, (start, end) in zip(before, self.spans, strict=True):
            w[start:end].mul_(2.0).sub_(held)


class OurEpoch:
    """Windows of a prepared market, a network, and one epoch of the one training loop."""

    def __init__(self, given: Market, span: Span, hidden: int, layers: int, batch: int, **settings: object) -> None:
        self.windows, self.affine = _windows(given, span)
        self.gather = Gather(self.windows, self.affine)
        self.target = torch.from_numpy(self.windows.target.astype(np.float32))
        self.fields = given.factors.shape[2]
        cell = LSTM(hidden=hidden, layers=layers, **settings)
        self.network = RecurrentNetwork(cell=cell, dense=())
        optimiser = TwoBiases(inner=Adam(epsilon=1e-8), spans=_biases(self.network, self.fields))
        self.training = Training(epochs=1, batch=batch, optimiser=optimiser)

    def load(self, which: np.ndarray) -> None:
        """Load every window of `which` once, in the order of an epoch, with its target."""
        for part in self.gather.admit(order(which, SEED, 0)).split(self.training.batch):
            self.gather.batch(part)
            self.target.index_select(0, part)

    def epoch(self, train, valid, weights, threads, tell=None, *, again):
        """Run one epoch; losses over its training windows (`again` after it, or during it), and validation windows."""
        with steady(threads), tempfile.TemporaryDirectory() as folder:
            watched = {"again": train} if again else {}
            ground = ground_of(self.windows, self.affine, train, valid, watched, self.gather)
            loop = Loop(self.network, (self.fields, 0), self.training, ground, SEED, Checkpoints(Path(folder), "one"))
            loop.module.load_state_dict(weights)
            loop.run(tell)
            entry = loop.history[-1]
            return entry["watched"].get("again", entry["train"]), entry["valid"]


def _windows(given, span):
    assets, days, fields = given.factors.shape
    panel = Panel.of(
        given.factors.reshape(assets * days, fields),
        (np.datetime64("2015-01-05") + np.arange(days)).astype("datetime64[us]"),
        tuple(f"{n:06d}" for n in range(assets)),
        tuple(f"factor {n}" for n in range(fields)),
        np.tile(np.arange(days), assets),
        np.arange(assets + 1) * days,
    )
    ends = np.arange(span.lookback - 1, span.train + span.valid)
    anchors = (np.arange(assets)[:, None] * days + ends).ravel()
    target = given.label.reshape(-1)[anchors].astype(np.float64)
    known = panel.row_time[anchors] + 2
    windows = Windows.of(panel, span.lookback, panel.fields, (), Horizon(lag=1, span=1), anchors, target, known)
    return windows, Affine.of(np.zeros((1, fields)), np.ones((1, fields)))


def _biases(network, fields):
    module = network.build(fields, 0, torch.Generator().manual_seed(0))
    base = Flat(module).weights.data_ptr()
    held = [w for name, w in module.named_parameters() if name.startswith("stack.") and name.endswith("bias")]
    starts = [(weight.data_ptr() - base) // weight.element_size() for weight in held]
    return tuple((start, start + weight.numel()) for start, weight in zip(starts, held, strict=True))
