"""The one training loop: steps, epochs, early stopping, checkpoints; any network, loss, optimiser and schedule.

The state of a training is what `snapshot` returns; everything else is a function of it and of the declaration. A killed
training that goes on from a snapshot therefore ends with the same bits as one that was never disturbed.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tidegate.errors import SettingError
from tidegate.learn.chance import weights_generator
from tidegate.learn.checkpoint import Checkpoint, Checkpoints
from tidegate.learn.device import found_device
from tidegate.learn.flat import Flat
from tidegate.learn.ground import Facts, Ground
from tidegate.learn.judge import Judge
from tidegate.learn.ranks import ALONE, Ranks
from tidegate.learn.steady import Interrupts, interrupts
from tidegate.learn.step import Step, rows_of
from tidegate.learn.training import Progress, Training
from tidegate.learn.watcher import Watcher
from tidegate.models.base import Network
from tidegate.types.axes import IntArray

__all__ = ["METRIC_WINDOWS", "Ground", "Loop", "Tell", "evenly"]

Tell = Callable[[Progress], None]
METRIC_WINDOWS = 20_000
"""Windows of each set that a metric is measured on after an epoch, spread evenly over it: a look, not a pass."""
_REST = 1.0


class Loop:
    """A training under way; `run` brings it to its end."""

    def __init__(
        self,
        network: Network,
        module_size: tuple[int, int],
        training: Training,
        ground: Ground,
        seed: int,
        checkpoints: Checkpoints,
        ranks: Ranks = ALONE,
    ) -> None:
        self.training, self.ground, self.seed = training, ground, seed
        self.checkpoints, self.ranks = checkpoints, ranks
        device = found_device(training.device)
        self.module = network.build(*module_size, weights_generator(seed)).to(device)
        self.flat = Flat(self.module)
        self.memory = {name: torch.zeros_like(self.flat.weights) for name in training.optimiser.remembers}
        self.best = self.flat.weights.clone()
        self.epoch = self.step = self.count = 0
        self.losses: list[torch.Tensor] = []
        self.norms: list[torch.Tensor] = []
        self.history: list[dict[str, Any]] = []
        self.best_epoch: int | None = None
        self.waited = 0
        self.plan = self._deal()
        self.facts = Facts(training.loss, ground, device)
        rows = rows_of(training.micro_batch, self.module, ground.gather.lookback, module_size[0])
        self.gradient = Step(network, self.module, self.flat, self.facts, rows, seed, training.precision, ranks)
        self.judge = Judge(self.module, self.facts, training.precision, ranks)
        self.metrics = {
            metric.name: Judge(self.module, Facts(metric, ground, device), training.precision, ranks)
            for metric in training.metrics
        }
        steps, planned = training.epochs * len(self.plan), training.epochs * sum(part.size for part in self.plan)
        self.watcher = Watcher(training.watch, self.module, self.judge, self.facts, seed, steps, planned)
        self._saved = time.monotonic()
        self._agreed = False  # whether all ranks know that one of them was asked to stop

    def run(self, tell: Tell | None) -> None:
        """Train to the end, from the newest whole checkpoint if there is one; leaves the final weights in the module.

        Ctrl-C (or a `KeyboardInterrupt` from `tell`) saves a checkpoint between two steps and goes on up.
        """
        held = self.ranks.handed(self.checkpoints.load() if self.ranks.first else None)
        if held is not None:
            self.restore(held)
        with interrupts() as asked:
            self.watcher.look(self.count)
            while not self.ended:
                self.train_epoch(tell, asked)
                self._close_epoch()
                self._keep(asked, epoch_end=True)
        self.watcher.look(self.count, ended=True)
        if self.training.early_stopping is not None:
            self.flat.weights.copy_(self.best)

    @property
    def ended(self) -> bool:
        """Whether all epochs are done, or no better one came for long enough."""
        stopping = self.training.early_stopping
        return self.epoch >= self.training.epochs or (stopping is not None and self.waited >= stopping.patience)

    @property
    def steps(self) -> int:
        """How many steps this epoch has."""
        return len(self.plan)

    def snapshot(self) -> Checkpoint:
        """Return everything that the rest of the training depends on, and what was seen so far."""
        tensors = {
            "weights": self.flat.weights,
            "best": self.best,
            "losses": _stacked(self.losses),
            "norms": _stacked(self.norms),
            **{f"memory.{name}": held for name, held in self.memory.items()},
            **self.watcher.state(),
        }
        facts = {
            "epoch": self.epoch,
            "step": self.step,
            "count": self.count,
            "history": self.history,
            "best_epoch": self.best_epoch,
            "waited": self.waited,
        }
        return Checkpoint(tensors, facts)

    def restore(self, held: Checkpoint) -> None:
        """Go back to a snapshot."""
        self.flat.weights.copy_(held.tensors["weights"])
        self.best.copy_(held.tensors["best"])
        self.losses, self.norms = list(held.tensors["losses"]), list(held.tensors["norms"])
        for name, kept in self.memory.items():
            kept.copy_(held.tensors[f"memory.{name}"])
        self.epoch, self.step, self.count = held.facts["epoch"], held.facts["step"], held.facts["count"]
        self.history, self.best_epoch, self.waited = (
            held.facts["history"],
            held.facts["best_epoch"],
            held.facts["waited"],
        )
        self.watcher.restore(held.tensors)
        self.plan = self._deal()

    def train_epoch(self, tell: Tell | None, asked: Interrupts) -> None:
        """Do the steps that are left of this epoch."""
        self.module.train()
        valid = self.history[-1]["valid"] if self.history else None
        while self.step < self.steps:
            loss = self._train_step(self.plan[self.step], asked)
            self.watcher.look(self.count)
            if tell is not None and self.ranks.first:
                self._tell(
                    tell, Progress(self.epoch + 1, self.training.epochs, self.step, self.steps, float(loss), valid)
                )
            self._keep(asked, epoch_end=False)

    def _train_step(self, which: IntArray, asked: Interrupts) -> torch.Tensor:
        """Do one step on one batch; the only place where weights change."""
        done = self.gradient(which, self.count, asked=asked.asked)
        self._agreed = done.asked
        gradient, training = self.flat.gradient, self.training
        with torch.no_grad():
            if training.clip_value is not None:
                gradient.clamp_(-training.clip_value, training.clip_value)
            norm = torch.linalg.vector_norm(gradient)
            if training.clip_norm is not None:
                gradient.mul_((training.clip_norm / norm).clamp_(max=1.0))
            self.count += 1
            training.optimiser.step(self.flat.weights, gradient, self.memory, self.count, self._rate(self.step))
        self.losses.append(done.loss)
        self.norms.append(norm)
        self.step += 1
        return done.loss

    def _deal(self) -> list[IntArray]:
        """Deal this epoch's batches."""
        ground, training = self.ground, self.training
        return training.sampling.batches(
            ground.train, ground.session, ground.asset, training.batch, self.seed, self.epoch
        )

    def _rate(self, step: int) -> float:
        done = self.epoch + step / self.steps
        return self.training.optimiser.rate * self.training.schedule.factor(done, self.training.epochs)

    def _tell(self, tell: Tell, progress: Progress) -> None:
        try:
            tell(progress)
        except KeyboardInterrupt:
            self.checkpoints.save(self.snapshot())
            raise

    def _keep(self, asked: Interrupts, *, epoch_end: bool) -> None:
        """Save when it is time: at an epoch's end at most once a second, else as often as the settings say."""
        pause = self.training.checkpoint_seconds
        due = min(pause, _REST) if epoch_end else pause
        stop = asked.asked if self.ranks.size == 1 else self._agreed
        if self.ranks.first and (stop or time.monotonic() - self._saved >= due):
            self.checkpoints.save(self.snapshot())
            self._saved = time.monotonic()
        if stop:
            raise KeyboardInterrupt

    def _close_epoch(self) -> None:
        """Measure what the epoch brought, and decide whether it was the best so far."""
        ground = self.ground
        masses = [self.facts.mass(part) for part in self.plan]
        valid = self.judge.mean(ground.valid)
        train = float(np.average(_stacked(self.losses).double().cpu().numpy(), weights=masses))
        entry: dict[str, Any] = {
            "epoch": self.epoch + 1,
            "train": train,
            "valid": valid,
            "rate": self._rate(self.steps - 1),
            "gradient_norm": float(_stacked(self.norms).double().mean()),
            "watched": {name: self.judge.mean(which) for name, which in sorted(ground.watched.items())},
        }
        if self.metrics:
            sets = {"train": ground.train, "valid": ground.valid, **ground.watched}
            parts = {part: evenly(which, METRIC_WINDOWS) for part, which in sorted(sets.items()) if which.size}
            entry["metrics"] = {
                name: {part: judge.mean(which) for part, which in parts.items()} for name, judge in self.metrics.items()
            }
        if not np.isfinite(train) or (valid is not None and not np.isfinite(valid)):
            raise SettingError(
                "the training has run away: its loss is no longer finite",
                where=f"epoch {self.epoch + 1}",
                found=train,
                hint="take a lower learning rate, or set clip_norm",
            )
        self._judge(valid)
        self.history.append(entry)
        self.losses, self.norms = [], []
        self.epoch, self.step = self.epoch + 1, 0
        self.plan = self._deal()

    def _judge(self, valid: float | None) -> None:
        stopping = self.training.early_stopping
        if stopping is None or valid is None:
            self.best_epoch = self.epoch + 1
            return
        best = None if self.best_epoch is None else self.history[self.best_epoch - 1]["valid"]
        if best is None or valid < best - stopping.min_delta:
            self.best_epoch, self.waited = self.epoch + 1, 0
            self.best.copy_(self.flat.weights)
        else:
            self.waited += 1


def evenly(which: IntArray, most: int) -> IntArray:
    """At most `most` of some positions, spread evenly over them.

    >>> evenly(np.arange(10), 4).tolist()
    [0, 3, 6, 9]
    """
    return which if which.size <= most else which[np.linspace(0, which.size - 1, most).round().astype(np.int64)]


def _stacked(values: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack(values) if values else torch.zeros(0)
