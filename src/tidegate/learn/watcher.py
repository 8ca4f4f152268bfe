"""Watcher: looks at a network while it learns, at the moments that were planned, and keeps what it saw.

It changes no weight and draws from no generator that training draws from, so weights with it and without it are equal
bit for bit. What it has seen so far is part of a checkpoint.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tidegate.learn.chance import chance
from tidegate.learn.ground import Facts
from tidegate.learn.judge import Judge
from tidegate.learn.losses.classes import ClassLoss
from tidegate.learn.traces import Traces
from tidegate.learn.watch import Watch, moments
from tidegate.learn.watch_lags import Lags
from tidegate.learn.watch_weights import SHARES, Groups
from tidegate.models.stack import Stack
from tidegate.types.axes import IntArray

__all__ = ["Watcher"]

Row = NDArray[Any]


class Watcher:
    """What is seen of one module during `steps` planned steps over `planned` windows in all."""

    def __init__(
        self, watch: Watch, module: torch.nn.Module, judge: Judge, facts: Facts, seed: int, steps: int, planned: int
    ) -> None:
        ground = facts.ground
        sets = {"train": ground.train, "valid": ground.valid, **dict(sorted(ground.watched.items()))}
        self._sets = {name: which for name, which in sets.items() if which.size}
        points, size = watch.points(planned, len(self._sets))
        self._module, self._judge, self._facts = module, judge, facts
        self._subsets = {name: self._some(name, which, size, seed) for name, which in self._sets.items()}
        self._at = {
            "curves": moments(steps, points),
            "weights": moments(steps, watch.weights),
            "lags": moments(steps, watch.lags, apart=100),
        }
        self._groups = Groups(module, watch.bins)
        self._edges = self._groups.edges
        probed = self._some("lags", ground.train, watch.lag_windows, seed)[: watch.lag_windows]
        self._lags = Lags(module, facts, probed)
        self._rows: dict[str, list[Row]] = {}

    def look(self, count: int, *, ended: bool = False) -> None:
        """Look after `count` steps, if it is time; once more where a training has ended early."""
        for kind, see in (("curves", self._see_curves), ("weights", self._see_weights), ("lags", self._see_lags)):
            seen = self._rows.get(f"{kind}.step", [])
            due = count in self._at[kind] or (ended and bool(self._at[kind]))
            if due and (not seen or int(seen[-1]) < count):
                see()
                self._keep(f"{kind}.step", np.asarray(count))

    def state(self) -> dict[str, torch.Tensor]:
        """What was seen so far, for a checkpoint."""
        kept = {f"trace.{name}": torch.from_numpy(np.stack(rows)) for name, rows in self._rows.items()}
        return {**kept, "trace.edges": torch.from_numpy(self._edges)}

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Go back to what had been seen."""
        held = {name.removeprefix("trace."): kept for name, kept in tensors.items() if name.startswith("trace.")}
        self._edges = self._groups.edges = held.pop("edges").numpy()
        self._rows = {name: list(kept.numpy()) for name, kept in held.items()}

    def traces(self) -> Traces:
        """All that was seen."""
        arrays = {name: np.stack(rows) for name, rows in self._rows.items()}
        names = {"sets": list(self._sets)} if "curves.step" in arrays else {}
        if "weights.step" in arrays:
            arrays |= {"weights.edges": self._edges, "weights.shares": np.asarray(SHARES)}
            names["groups"] = list(self._groups.names)
        if "lags.norm" in arrays or "ponder.steps" in arrays:
            names |= {"layers": list(self._lags.layers), "gates": list(self._lags.gates)}
        return Traces.of(arrays, names)

    def _see_curves(self) -> None:
        losses = np.full(len(self._subsets), np.nan)
        sums = torch.zeros(len(self._subsets), len(self._lags.layers), 3, dtype=torch.float64)
        right = torch.zeros(len(self._subsets), 2, dtype=torch.float64)
        of_classes = isinstance(self._facts.loss, ClassLoss)
        for at, which in enumerate(self._subsets.values()):

            def hear(module: torch.nn.Module, said: torch.Tensor, target: torch.Tensor, at: int = at) -> None:
                _pondered(sums[at], module)
                if of_classes:
                    _right(right[at], said, target)

            loss = self._judge.mean(which, hear)
            losses[at] = np.nan if loss is None else loss
        self._keep("curves.loss", losses)
        if of_classes:
            counted = self._over_ranks(right)
            self._keep("curves.accuracy", (counted[:, 0] / counted[:, 1]).numpy())
        if self._lags.pondering:
            held = self._over_ranks(sums)
            means = (held[..., :2] / held[..., 2:]).numpy()
            self._keep("ponder.steps", means[..., 0])
            self._keep("ponder.remainder", means[..., 1])

    def _over_ranks(self, sums: torch.Tensor) -> torch.Tensor:
        return self._judge.ranks.add(sums.to(self._facts.device)).cpu()

    def _see_weights(self) -> None:
        counts, cuts = self._groups.look()
        self._keep("weights.counts", counts)
        self._keep("weights.quantiles", cuts)

    def _see_lags(self) -> None:
        norms = self._lags.look()
        if norms is not None:
            self._keep("lags.norm", norms)

    def _keep(self, name: str, row: Row) -> None:
        self._rows.setdefault(name, []).append(row)

    def _some(self, name: str, which: IntArray, size: int, seed: int) -> IntArray:
        """Draw a fixed subset; whole dates where the loss is one of dates."""
        source = chance(seed, f"watch/{name}")
        if which.size <= size:
            return which
        if self._facts.loss.by_window:
            return np.sort(source.choice(which, size, replace=False))
        session = self._facts.ground.session[which]
        days = source.permutation(np.unique(session))
        mean = which.size / days.size
        return which[np.isin(session, days[: max(1, round(size / mean))])]


def _right(sums: torch.Tensor, said: torch.Tensor, target: torch.Tensor) -> None:
    """Add the windows whose likeliest class came, and all, to `sums` ``[2]``; one output is log-odds."""
    likeliest = said.argmax(dim=1) if said.shape[1] > 1 else (said[:, 0] > 0).long()
    sums += torch.tensor([float((likeliest == target.round().long()).sum()), float(len(target))])


def _pondered(sums: torch.Tensor, module: torch.nn.Module) -> None:
    """Add steps, remainders and time steps of the last forward pass to `sums` ``[layers, 3]``."""
    stack = getattr(module, "stack", None)
    for layer, held in enumerate(stack.ponder if isinstance(stack, Stack) else ()):
        sums[layer] += torch.tensor([float(held.steps.sum()), float(held.remainder.sum()), held.steps.numel()])
