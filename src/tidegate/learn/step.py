"""Step: one batch → its loss and, in the flat gradient, the derivative of loss, penalty and ponder cost.

A batch is cut into micro-batches whose activations stay in cache, and their gradients add up. For a loss that is a
mean over windows (or over dates, where dates stay whole) the sum of the parts, each weighted by its share, is the
batch's own gradient: nothing changes but the last bits. Several ranks take the parts in turn and add up once. What
dropout draws for a part is a function of (seed, step, part) alone: a resumed training drops the same units, and so do
more ranks where the parts are the same, that is while a rank's share of the batch holds at least one whole part.

Networks that `direct_of` knows are computed without autograd; the bits are the same.
"""

from typing import NamedTuple

import torch

from tidegate.learn.chance import noise_seed
from tidegate.learn.device import lower
from tidegate.learn.flat import Flat
from tidegate.learn.ground import Facts, Part
from tidegate.learn.ranks import Ranks
from tidegate.learn.slopes import sloped
from tidegate.models.base import Network
from tidegate.models.direct import Direct, direct_of
from tidegate.models.dropout import generators
from tidegate.models.fast.tiles import micro_rows
from tidegate.models.stack import Stack
from tidegate.types.axes import IntArray

__all__ = ["Step", "Stepped", "rows_of"]


_WHOLE = 1 << 62


class Stepped(NamedTuple):
    """Loss of a step, without penalty and ponder cost, and whether some rank was asked to stop."""

    loss: torch.Tensor
    asked: bool


class Step:
    """Gradients of one module, batch by batch."""

    def __init__(
        self, network: Network, module: torch.nn.Module, flat: Flat, facts: Facts, rows: int, seed: int, precision: str,
        ranks: Ranks,
    ) -> None:  # fmt: skip
        self.network, self.module, self.flat, self.facts = network, module, flat, facts
        self.rows, self.seed, self.precision, self.ranks = rows, seed, precision, ranks
        self._sources, self._penalised = generators(module), network.penalised
        self.direct = direct_of(module) if precision == "float32" else None

    def __call__(self, which: IntArray, count: int, *, asked: bool) -> Stepped:
        """Compute the gradient of step number `count` on the windows at positions `which`."""
        self.flat.shared.zero_()
        rows = min(self.rows, -(-which.size // self.ranks.size))
        parts = self.facts.cut(which, rows)
        if len(parts) == 1 and self.ranks.size == 1:
            return Stepped(self._whole(parts[0], count), asked)
        self._added(parts, count)
        if self._penalised and self.ranks.first:
            self.network.penalty(self.module).backward()  # type: ignore[no-untyped-call]
        if self.ranks.size > 1:
            self.flat.notes[1] = float(asked)
            self.ranks.add(self.flat.shared)
            asked = bool(self.flat.notes[1] > 0)
        return Stepped(self.flat.notes[0].clone(), asked)

    def _whole(self, which: IntArray, count: int) -> torch.Tensor:
        """The batch in one go."""
        if self.direct is not None:
            loss = self._directly(self.direct, which, count, 0, 1.0)
            if self._penalised:
                self.network.penalty(self.module).backward()  # type: ignore[no-untyped-call]
            return loss
        score, held = self._forward(which, count, 0)
        loss = self.facts.loss.value(score, *held)
        total = loss + self.network.penalty(self.module) if self._penalised else loss
        ponder = self.network.ponder_cost(self.module)
        if ponder is not None:
            total = total + (ponder.mean() if held.weight is None else (ponder * held.weight).sum() / held.weight.sum())
        total.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _added(self, parts: list[IntArray], count: int) -> None:
        """The batch in parts, those that are this rank's."""
        masses = [self.facts.mass(part) for part in parts]
        weights = self.facts.ground.weight
        whole = max(sum(masses), 1e-300), float(sum(weights[part].sum() for part in parts))
        summed = torch.zeros_like(self.flat.gradient) if self.direct is not None else None
        for at in self.ranks.mine(len(parts)):
            share = masses[at] / whole[0]
            if self.direct is not None and summed is not None:
                loss = self._directly(self.direct, parts[at], count, at, share)
                summed.add_(self.flat.gradient)
            else:
                score, held = self._forward(parts[at], count, at)
                loss = self.facts.loss.value(score, *held)
                total = loss * share
                ponder = self.network.ponder_cost(self.module)
                if ponder is not None:
                    total = total + (ponder if held.weight is None else ponder * held.weight).sum() / whole[1]
                total.backward()  # type: ignore[no-untyped-call]
            with torch.no_grad():
                self.flat.notes[0].add_(loss.detach(), alpha=share)
        if summed is not None:
            self.flat.gradient.copy_(summed)

    def _directly(self, direct: Direct, which: IntArray, count: int, part: int, share: float) -> torch.Tensor:
        """Write the gradient of one part's loss, times its share, over the flat gradient; returns the loss."""
        x, c, held = self._ready(which, count, part)
        loss, slope = sloped(self.facts.loss, direct.forward(x, c), held, share)
        direct.backward(slope)
        return loss

    def _forward(self, which: IntArray, count: int, part: int) -> tuple[torch.Tensor, Part]:
        x, c, held = self._ready(which, count, part)
        with lower(self.facts.device, self.precision):
            score = self.module(x, c)
        return score.float(), held

    def _ready(self, which: IntArray, count: int, part: int) -> tuple[torch.Tensor, torch.Tensor, Part]:
        """Gather windows, context and what the loss is told; set what dropout draws."""
        for name, source in self._sources.items():
            source.manual_seed(noise_seed(self.seed, name, count, part))
        gather = self.facts.ground.gather
        held = gather.admit(which)
        return *gather.batch(held), self.facts.of(held)


def rows_of(micro_batch: int | None, module: torch.nn.Module, lookback: int, features: int) -> int:
    """Rows of a micro-batch: as the settings say, else from shapes alone; zero is the whole batch.

    >>> rows_of(None, torch.nn.Linear(2, 1), 20, 5) == rows_of(0, torch.nn.Linear(2, 1), 20, 5) == 1 << 62
    True
    >>> rows_of(100, torch.nn.Linear(2, 1), 20, 5)
    100
    """
    if micro_batch is not None:
        return micro_batch or _WHOLE
    stack = getattr(module, "stack", None)
    if not isinstance(stack, Stack):
        return _WHOLE
    cell = stack.cell
    return micro_rows(lookback, features, cell.hidden, cell.layers * stack.directions)
