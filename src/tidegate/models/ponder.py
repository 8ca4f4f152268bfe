"""Adaptive computation time in its plain form: ponder until the halting weights add up, sample by sample.

This is slow and obvious, drives any cell through its `step`, works in any precision, and is what the fused form is held
against. Samples that have halted leave the computation: the rows that still ponder are kept close together, so that a
batch does not wait for its slowest sample at full cost. Autograd follows the halting weights and the remainder; the
number of steps is piecewise constant and has no gradient.
"""

from typing import TYPE_CHECKING, NamedTuple

from tidegate.models.cells.base import Cell, Ponder, Run, State, Weights

if TYPE_CHECKING:
    import torch

__all__ = ["Rule", "Thought", "ponder_over", "think"]


class Rule(NamedTuple):
    """When a sample stops: the halting sum reaches ``1 - epsilon``, or `limit` steps; and whether a flag is shown."""

    epsilon: float
    limit: int
    flag: bool


class Thought(NamedTuple):
    """One time step of some rows: mean-field output and state ``[B, H]``, steps N and remainder R ``[B]``."""

    output: "torch.Tensor"
    state: State
    steps: "torch.Tensor"
    remainder: "torch.Tensor"


def think(
    cell: Cell,
    rule: Rule,
    weights: Weights,
    x: "torch.Tensor",
    state: State,
    noise: "torch.Tensor | None" = None,
    rows: "torch.Tensor | None" = None,
) -> Thought:
    """Ponder over one time step ``x [B, F]`` of every row, or of those that `rows` lists (zero for the others).

    ``s_n = cell(x ⊕ [n = 1], s_{n-1})``, ``h_n = σ(w y_n + b)``, ``N = min{n: Σ_{k≤n} h_k ≥ 1 - ε}`` or the limit,
    ``R = 1 - Σ_{k<N} h_k``; output ``Σ_{n<N} h_n y_n + R y_N``, and the state likewise.

    Shapes
        ``x [B, F]``, state ``[B, H]`` each, noise ``[B, H]``, rows: positions in the batch, ascending.
    Source
        Graves (2016), *Adaptive Computation Time for Recurrent Neural Networks*, sections 2 and 2.1.

    >>> import torch
    >>> from tidegate.models.cells.act import ACT
    >>> from tidegate.models.cells.lstm import LSTM
    >>> act, x = ACT(cell=LSTM(hidden=3), epsilon=0.1, halting_bias=-1.0), torch.ones(2, 4)
    >>> weights = act.draw(4, torch.Generator().manual_seed(1))
    >>> thought = think(act.cell, act.rule, weights, x, act.start(2, x))
    >>> thought.output.shape, bool((thought.steps >= 2).all())
    (torch.Size([2, 3]), True)
    """
    import torch

    batch, total = x.shape[0], x.new_zeros(x.shape[0])
    steps, remainder = x.new_zeros(batch), x.new_zeros(batch)
    means = [x.new_zeros(batch, cell.hidden), *(torch.zeros_like(part) for part in state)]
    at = torch.arange(batch, device=x.device) if rows is None else rows
    if rows is not None:
        x, state, noise, total = x[at], _of(state, at), None if noise is None else noise[at], total[at]
    for n in range(1, rule.limit + 1):
        if not at.numel():
            break
        seen = torch.cat((x, x.new_full((x.shape[0], 1), float(n == 1))), dim=1) if rule.flag else x
        said, state = cell.step(weights, seen, state, noise)
        halt = ((said * weights["halting"]).sum(dim=1) + weights["halting_bias"]).sigmoid()
        reached = total + halt
        done = reached >= 1.0 - rule.epsilon if n < rule.limit else torch.ones_like(reached, dtype=torch.bool)
        share = torch.where(done, 1.0 - total, halt)
        means = [mean.index_add(0, at, share[:, None] * part) for mean, part in zip(means, (said, *state), strict=True)]
        steps = steps.index_add(0, at, torch.ones_like(halt))
        remainder = remainder.index_add(0, at[done], share[done])
        left = (~done).nonzero()[:, 0]
        at, x, state, total = at[left], x[left], _of(state, left), reached[left]
        noise = None if noise is None else noise[left]
    return Thought(means[0], tuple(means[1:]), steps, remainder)


def ponder_over(
    cell: Cell,
    rule: Rule,
    weights: Weights,
    x: "torch.Tensor",
    state: State,
    mask: "torch.Tensor | None" = None,
    noise: "torch.Tensor | None" = None,
) -> Run:
    """Ponder over every time step of ``x [B, L, F]``; where `mask` ``[B, L]`` is False none is taken.

    >>> import torch
    >>> from tidegate.models.cells.act import ACT
    >>> from tidegate.models.cells.lstm import LSTM
    >>> act, x = ACT(cell=LSTM(hidden=3), limit=1), torch.ones(2, 5, 4)
    >>> weights = act.draw(4, torch.Generator().manual_seed(1))
    >>> run = ponder_over(act.cell, act.rule, weights, x, act.start(2, x))
    >>> run.outputs.shape, run.ponder.steps[0].tolist(), run.ponder.remainder[0].tolist()
    (torch.Size([2, 5, 3]), [1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    import torch

    outputs, steps, remainders = [], [], []
    held = x.new_zeros(x.shape[0], cell.hidden)
    for at in range(x.shape[1]):
        rows = None if mask is None else mask[:, at].nonzero()[:, 0]
        output, after, count, remainder = think(cell, rule, weights, x[:, at], state, noise, rows)
        if mask is not None:
            taken = mask[:, at, None]
            output = torch.where(taken, output, held)
            after = tuple(torch.where(taken, new, old) for new, old in zip(after, state, strict=True))
        outputs.append(output)
        steps.append(count)
        remainders.append(remainder)
        held, state = output, after
    ponder = Ponder(torch.stack(steps, dim=1), torch.stack(remainders, dim=1))
    return Run(torch.stack(outputs, dim=1), state, ponder)


def _of(state: State, rows: "torch.Tensor") -> State:
    return tuple(part[rows] for part in state)
