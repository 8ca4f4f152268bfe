"""The one training loop: steps, epochs, early stopping, checkpoints; any network, loss, optimiser and schedule.

The state of a training is what `snapshot` returns; everything else is a function of it and of the declaration. A killed
training that goes on from a snapshot therefore ends with the same bits as one that was never disturbed.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from tidegate.errors import SettingError
from tidegate.learn.batches import Gather
from tidegate.learn.chance import weights_generator
from tidegate.learn.checkpoint import Checkpoint, Checkpoints
from tidegate.learn.flat import Flat
from tidegate.learn.sampling import whole_dates
from tidegate.learn.steady import Interrupts, interrupts
from tidegate.learn.training import Progress, Training
from tidegate.models.base import Network
from tidegate.models.dropout import generators
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Ground", "Loop", "Tell"]

Tell = Callable[[Progress], None]
_LARGE = 1024
_REST = 1.0


class Ground(NamedTuple):
    """What a network learns from: windows, targets in the network's unit ``[M]``, weights ``[M]``, positions.

    `session` and `asset` ``[M]`` say when each window ends and whose it is.
    """

    gather: Gather
    target: torch.Tensor
    weight: FloatArray
    session: IntArray
    asset: IntArray
    train: IntArray
    valid: IntArray
    watched: Mapping[str, IntArray]


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
    ) -> None:
        self.network, self.training, self.ground, self.seed, self.checkpoints = (
            network,
            training,
            ground,
            seed,
            checkpoints,
        )
        self.module = network.build(*module_size, weights_generator(seed))
        self.flat = Flat(self.module)
        self.memory = {name: torch.zeros_like(self.flat.weights) for name in training.optimiser.remembers}
        self.generators = generators(self.module)
        self.best = self.flat.weights.clone()
        self.epoch = self.step = self.count = 0
        self.losses: list[torch.Tensor] = []
        self.norms: list[torch.Tensor] = []
        self.history: list[dict[str, Any]] = []
        self.best_epoch: int | None = None
        self.waited = 0
        self.plan = self._deal()
        alike = bool(np.all(ground.weight == 1.0))
        self._weight = None if alike else torch.from_numpy(ground.weight.astype(np.float32))
        self._group = None if training.loss.by_window else torch.from_numpy(ground.session.copy())
        self._saved = time.monotonic()

    def run(self, tell: Tell | None) -> None:
        """Train to the end, from the newest whole checkpoint if there is one; leaves the final weights in the module.

        Ctrl-C (or a `KeyboardInterrupt` from `tell`) saves a checkpoint between two steps and goes on up.
        """
        held = self.checkpoints.load()
        if held is not None:
            self.restore(held)
        with interrupts() as asked:
            while not self.ended:
                self.train_epoch(tell, asked)
                self._close_epoch()
                self._keep(asked, epoch_end=True)
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
        """Return everything that the rest of the training depends on."""
        tensors = {
            "weights": self.flat.weights,
            "best": self.best,
            "losses": _stacked(self.losses),
            "norms": _stacked(self.norms),
            **{f"memory.{name}": held for name, held in self.memory.items()},
            **{f"generator.{name}": source.get_state() for name, source in self.generators.items()},
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
        for name, source in self.generators.items():
            source.set_state(held.tensors[f"generator.{name}"])
        self.epoch, self.step, self.count = held.facts["epoch"], held.facts["step"], held.facts["count"]
        self.history, self.best_epoch, self.waited = (
            held.facts["history"],
            held.facts["best_epoch"],
            held.facts["waited"],
        )
        self.plan = self._deal()

    def train_epoch(self, tell: Tell | None, asked: Interrupts) -> None:
        """Do the steps that are left of this epoch."""
        which = torch.split(self.ground.gather.admit(np.concatenate(self.plan)), [part.size for part in self.plan])
        self.module.train()
        valid = self.history[-1]["valid"] if self.history else None
        while self.step < self.steps:
            loss = self._train_step(which[self.step])
            if tell is not None:
                self._tell(
                    tell, Progress(self.epoch + 1, self.training.epochs, self.step, self.steps, float(loss), valid)
                )
            self._keep(asked, epoch_end=False)

    def _train_step(self, which: torch.Tensor) -> torch.Tensor:
        """Do one step on one batch; the only place where weights change."""
        x, c = self.ground.gather.batch(which)
        loss = self.training.loss.value(self.module(x, c), *self._facts(which))
        total = loss + self.network.penalty(self.module) if self.network.penalised else loss
        gradient = self.flat.gradient.zero_()
        total.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            norm = torch.linalg.vector_norm(gradient)
            if self.training.clip_norm is not None:
                gradient.mul_((self.training.clip_norm / norm).clamp_(max=1.0))
            self.count += 1
            self.training.optimiser.step(self.flat.weights, gradient, self.memory, self.count, self._rate(self.step))
        kept = loss.detach()
        self.losses.append(kept)
        self.norms.append(norm)
        self.step += 1
        return kept

    def _facts(self, which: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """Targets, weights and sessions of some windows, as the loss takes them."""
        weight = None if self._weight is None else self._weight.index_select(0, which)
        group = None if self._group is None else self._group.index_select(0, which)
        return self.ground.target.index_select(0, which), weight, group

    def _deal(self) -> list[IntArray]:
        """Deal this epoch's batches."""
        ground, training = self.ground, self.training
        return training.sampling.batches(
            ground.train, ground.session, ground.asset, training.batch, self.seed, self.epoch
        )

    def _mass(self, part: IntArray) -> float:
        """How much a batch counts in a mean over batches."""
        return float(self.training.loss.mass(*self._facts(torch.from_numpy(part))))

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
        if asked.asked or time.monotonic() - self._saved >= due:
            self.checkpoints.save(self.snapshot())
            self._saved = time.monotonic()
        if asked.asked:
            raise KeyboardInterrupt

    def _close_epoch(self) -> None:
        """Measure what the epoch brought, and decide whether it was the best so far."""
        ground = self.ground
        train = _mean(_stacked(self.losses), [self._mass(part) for part in self.plan])
        valid = self._loss(ground.valid)
        entry = {
            "epoch": self.epoch + 1,
            "train": train,
            "valid": valid,
            "rate": self._rate(self.steps - 1),
            "gradient_norm": float(_stacked(self.norms).double().mean()),
            "watched": {name: self._loss(which) for name, which in sorted(ground.watched.items())},
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

    def _loss(self, which: IntArray) -> float | None:
        """Mean loss over some windows, with dropout off: it draws nothing and changes nothing."""
        if not which.size:
            return None
        self.module.eval()
        if self.training.loss.by_window:
            parts = [which[at : at + _LARGE] for at in range(0, which.size, _LARGE)]
        else:
            parts = whole_dates(which, self.ground.session, _LARGE)
        values = []
        with torch.no_grad():
            for part in parts:
                held = self.ground.gather.admit(part)
                x, c = self.ground.gather.batch(held)
                values.append(self.training.loss.value(self.module(x, c), *self._facts(held)))
        masses = [self._mass(part) for part in parts]
        return _mean(_stacked(values), masses) if any(masses) else None


def _stacked(values: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack(values) if values else torch.zeros(0)


def _mean(values: torch.Tensor, masses: list[float]) -> float:
    return float(np.average(values.double().numpy(), weights=masses))
