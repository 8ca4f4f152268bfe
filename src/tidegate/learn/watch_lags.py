"""How far back a gradient reaches: the size of d loss / d gate at every step of the window.

Fast forms keep no gate of the past, so some windows are run in the plain form: each step is given a bias of its own,
and what flows into that bias is the derivative with respect to the gates' pre-activations at that step. A cell that
ponders drops rows as they halt, so its windows are run one by one, and fewer of them; its gates' derivatives are the
sums over a step's ponder steps.
"""

from typing import Any

import numpy as np
import torch

from tidegate.learn.ground import Facts
from tidegate.models.cells.base import Cell, Ponder, Run, State, Weights
from tidegate.models.stack import Stack
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Lags", "ponders"]

_ALONE = 4


class Lags:
    """Gradient norms by lag of one module, on a fixed set of training windows ``[B]``."""

    def __init__(self, module: torch.nn.Module, facts: Facts, which: IntArray) -> None:
        stack = getattr(module, "stack", None)
        self._stack = stack if isinstance(stack, Stack) else None
        self._module, self._facts = module, facts
        self.pondering = self._stack is not None and ponders(self._stack.cell)
        self._which = which[:_ALONE] if self.pondering else which
        self.gates: tuple[str, ...] = ()
        self.layers: tuple[str, ...] = ()
        if self._stack is not None:
            cell = self._stack.cell
            states = cell.start(1, torch.zeros(1, 1))
            self.gates = (*cell.gates, "hidden", *(("cell",) if len(states) > 1 else ()))
            both = ("", " backward") if cell.bidirectional else ("",)
            self.layers = tuple(f"{at + 1}{way}" for at in range(cell.layers) for way in both)

    def look(self) -> FloatArray | None:
        """Mean over windows of the norm over units ``[layers, gates, L]``; None for a network without a cell."""
        if self._stack is None or not self._which.size:
            return None
        parts = [self._which[at : at + 1] for at in range(self._which.size)] if self.pondering else [self._which]
        stack, cell, training = self._stack, self._stack.cell, self._module.training
        found = []
        self._module.eval()
        try:
            for part in parts:
                probe = _Probe(cell)
                stack.cell = probe  # type: ignore[assignment]  # the stack asks it for what it asks of a cell
                found.append(self._norms(probe, part))
        finally:
            stack.cell = cell
            stack.ponder = ()
            self._module.train(training)
        return np.asarray(np.mean(found, axis=0))

    def _norms(self, probe: "_Probe", part: IntArray) -> FloatArray:
        gather = self._facts.ground.gather
        held = gather.admit(part)
        with torch.enable_grad():
            loss = self._facts.loss.value(self._module(*gather.batch(held)), *self._facts.of(held))
            wanted = [held for run in probe.seen for step in run for held in step]
            flown = torch.autograd.grad(loss * part.size, wanted, allow_unused=True)
        gradients = iter(flown)
        blocks = len(self.gates) - len(probe.seen[0][0]) + 1
        norms = np.zeros((len(self.layers), len(self.gates), len(probe.seen[0])))
        for layer, run in enumerate(probe.seen):
            for step, leaves in enumerate(run):
                lag = len(run) - 1 - step
                bias, *states = (next(gradients) for _ in leaves)
                if bias is not None:
                    for gate, block in enumerate(bias.chunk(blocks, dim=1)):
                        norms[layer, gate, lag] = float(block.norm(dim=1).mean())
                for at, state in enumerate(states):
                    if state is not None:
                        norms[layer, blocks + at, lag] = float(state.norm(dim=1).mean())
        return norms


class _Probe:
    """A cell in its plain form that keeps each step's bias and states, so that they can be differentiated by."""

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self.seen: list[list[tuple[torch.Tensor, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cell, name)

    def run(
        self,
        weights: Weights,
        x: torch.Tensor,
        state: State,
        mask: torch.Tensor | None = None,  # noqa: ARG002 - windows of a training are whole
        noise: torch.Tensor | None = None,
    ) -> Run:
        """Do all steps, one after the other."""
        held, kept, outputs = dict(weights.items()), [], []
        bias = held["bias"].detach()
        for at in range(x.shape[1]):
            leaf = bias.expand(x.shape[0], -1).clone().requires_grad_()
            output, state = self._cell.step({**held, "bias": leaf}, x[:, at], state, noise)
            kept.append((leaf, *state[:2]))
            outputs.append(output)
        self.seen.append(kept)
        return Run(torch.stack(outputs, dim=1), state)


def ponders(cell: Cell) -> bool:
    """Whether steps of this cell have a price."""
    none = torch.zeros(1, 1)
    return cell.price(Ponder(none, none)) is not None
