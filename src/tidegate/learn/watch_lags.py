"""How far back a gradient reaches: the size of d loss / d gate at every step of the window.

Fast forms keep no gate of the past, so some windows are run in the plain form: each window has a bias of its own at
each step, and what flows into that bias is the derivative with respect to the gates' pre-activations there. A cell that
ponders drops rows as they halt; there the bias travels with the input, and the derivative is the sum over a step's
ponder steps.
"""

from typing import Any, cast

import numpy as np
import torch

from tidegate.learn.ground import Facts
from tidegate.models.cells.act import ACT
from tidegate.models.cells.base import Cell, Ponder, Run, State, Weights
from tidegate.models.ponder import think
from tidegate.models.stack import Stack
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Lags"]

_BACKWARD = " backward"


class Lags:
    """Gradient norms by lag of one module, on a fixed set of training windows ``[B]``."""

    def __init__(self, module: torch.nn.Module, facts: Facts, which: IntArray) -> None:
        stack = getattr(module, "stack", None)
        self._stack = stack if isinstance(stack, Stack) else None
        self._module, self._facts = module, facts
        self.pondering = self._stack is not None and _ponders(self._stack.cell)
        self._which = which
        self.gates: tuple[str, ...] = ()
        self.layers: tuple[str, ...] = ()
        if self._stack is not None:
            cell = self._stack.cell
            states = cell.start(1, torch.zeros(1, 1))
            self.gates = (*cell.gates, "hidden", *(("cell",) if len(states) > 1 else ()))
            both = ("", _BACKWARD) if cell.bidirectional else ("",)
            self.layers = tuple(f"{at + 1}{way}" for at in range(cell.layers) for way in both)

    def look(self) -> FloatArray | None:
        """Mean over windows of the norm over units ``[layers, gates, L]``; None for a network without a cell."""
        if self._stack is None or not self._which.size:
            return None
        stack, cell, training = self._stack, self._stack.cell, self._module.training
        probe = _Probe(cell)
        self._module.eval()
        try:
            stack.cell = probe  # type: ignore[assignment]  # the stack asks it for what it asks of a cell
            return self._norms(probe)
        finally:
            stack.cell = cell
            stack.ponder = ()
            self._module.train(training)

    def _norms(self, probe: "_Probe") -> FloatArray:
        gather = self._facts.ground.gather
        held = gather.admit(self._which)
        with torch.enable_grad():
            loss = self._facts.loss.value(self._module(*gather.batch(held)), *self._facts.of(held))
            wanted = [tensor for run in probe.seen for kind in run for tensor in kind]
            flown = torch.autograd.grad(loss * self._which.size, wanted, allow_unused=True)
        gradients = iter(torch.zeros_like(of) if to is None else to for of, to in zip(wanted, flown, strict=True))
        blocks = len(self.gates) - len(probe.seen[0]) + 1
        layers = []
        for name, run in zip(self.layers, probe.seen, strict=True):
            kinds = [torch.stack([next(gradients) for _ in kind]) for kind in run]
            if not name.endswith(_BACKWARD):  # which reads the anchor's row, lag 0, first
                kinds = [kind.flip(0) for kind in kinds]
            parts = [*kinds[0].chunk(blocks, dim=2), *kinds[1:]]
            layers.append(torch.stack([part.norm(dim=2).mean(dim=1) for part in parts]))
        return np.asarray(torch.stack(layers).double().cpu().numpy())


class _Probe:
    """A cell in its plain form that keeps each step's biases and states, so that they can be differentiated by."""

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self.seen: list[list[list[torch.Tensor]]] = []
        """Of each run: the biases of all steps, the outputs' states, the memories if there are."""

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
        held, outputs = dict(weights.items()), []
        biases: list[torch.Tensor] = []
        states: list[list[torch.Tensor]] = [[] for _ in state[:2]]
        for at in range(x.shape[1]):
            extra = x.new_zeros(x.shape[0], held["bias"].numel(), requires_grad=True)
            output, state = self._step(held, x[:, at], extra, state, noise)
            biases.append(extra)
            for kept, part in zip(states, state, strict=False):
                kept.append(part)
            outputs.append(output)
        self.seen.append([biases, *states])
        return Run(torch.stack(outputs, dim=1), state)

    def _step(
        self,
        held: dict[str, torch.Tensor],
        x: torch.Tensor,
        extra: torch.Tensor,
        state: State,
        noise: torch.Tensor | None,
    ) -> tuple[torch.Tensor, State]:
        cell = self._cell
        if not isinstance(cell, ACT):
            return cell.step({**held, "bias": held["bias"] + extra}, x, state, noise)
        inner = cast("Cell", _Carrying(cell.cell, x.shape[1], extra.shape[1]))
        thought = think(inner, cell.rule, held, torch.cat((x, extra), dim=1), state, noise)
        return thought.output, thought.state


class _Carrying:
    """The inner cell of an ACT, whose input carries a bias for each row between its features and the flag."""

    def __init__(self, cell: Cell, features: int, width: int) -> None:
        self._cell, self._from, self._to = cell, features, features + width
        self.hidden = cell.hidden

    def step(
        self, weights: Weights, x: torch.Tensor, state: State, noise: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, State]:
        """Do one ponder step."""
        seen = torch.cat((x[:, : self._from], x[:, self._to :]), dim=1)
        bias = weights["bias"] + x[:, self._from : self._to]
        return self._cell.step({**weights, "bias": bias}, seen, state, noise)


def _ponders(cell: Cell) -> bool:
    """Whether steps of this cell have a price."""
    none = torch.zeros(1, 1)
    return cell.price(Ponder(none, none)) is not None
