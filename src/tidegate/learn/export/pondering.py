"""One time step of a cell that ponders, as ONNX nodes: a loop that ends when every row of the batch has halted.

Rows that have halted stay in the batch with a share of zero: ONNX has no cheap way to let them leave. Nothing that such
a row computes is added anywhere, so that its numbers may be anything.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tidegate.learn.export.graph import Graph
from tidegate.learn.export.tracing import write_step
from tidegate.models.cells.act import ACT

__all__ = ["write_thought"]


def write_thought(
    graph: Graph, act: ACT, weights: Mapping[str, str], x: str, state: Sequence[str]
) -> tuple[str, tuple[str, ...], tuple[str, str]]:
    """Write the equations of `tidegate.models.ponder.think`: names of output, next state, and (steps, remainder)."""
    batch = graph.add("Slice", graph.add("Shape", x), *(graph.integers(n) for n in (0, 1, 0)))
    still = graph.add("Expand", graph.constant(np.array([True])), batch)
    zero = graph.add("Expand", graph.constant(np.zeros(1, dtype=np.float32)), batch)
    nothing = graph.add(
        "Expand", graph.constant(np.zeros((1, act.hidden), dtype=np.float32)), graph.add("Shape", state[0])
    )
    body = graph.inside()
    turn, going = body.fresh("turn"), body.fresh("going")
    before = [body.fresh("thought") for _ in state]
    running, total, steps, remainder = (body.fresh(name) for name in ("running", "total", "steps", "remainder"))
    means = [body.fresh("mean") for _ in range(1 + len(state))]

    inner = {group: name for group, name in weights.items() if not group.startswith("halting")}
    said, after = write_step(body, act.cell, inner, _with_flag(body, act, x, turn, batch), before)
    halt = body.add("Sigmoid", body.add("Add", body.add("MatMul", said, weights["halting"]), weights["halting_bias"]))
    reached = body.add("Add", total, halt)
    edge = body.constant(1.0 - act.epsilon)
    limit = body.add("Equal", turn, body.constant(np.array(act.limit - 1, dtype=np.int64)))
    done = body.add("Or", body.add("GreaterOrEqual", reached, edge), limit)
    share = body.add("Where", done, body.add("Sub", body.constant(1.0), total), halt)
    left = body.add("And", running, body.add("Not", done))

    column, rows, stays = (body.add("Unsqueeze", each, body.integers(1)) for each in (share, running, left))
    none, one = body.constant(0.0), body.constant(1.0)
    grown = [
        body.add("Add", mean, body.add("Where", rows, body.add("Mul", column, part), none))
        for mean, part in zip(means, (said, *after), strict=True)
    ]
    taken = body.add("Add", steps, body.add("Where", running, one, none))
    rest = body.add("Add", remainder, body.add("Where", body.add("And", running, done), share, none))
    thought = [body.add("Where", stays, new, old) for new, old in zip(after, before, strict=True)]
    summed = body.add("Where", left, reached, total)
    any_left = body.add("ReduceMax", body.add("Cast", left, to=1), keepdims=0)
    again = body.add("Greater", any_left, none)

    wide, flat = (None, act.hidden), (None,)
    shapes = [*[wide] * len(state), flat, flat, flat, *[wide] * len(means)]
    carried = [*before, total, steps, remainder, *means]
    leaving = [*thought, summed, taken, rest, *grown]
    written = body.written(
        "ponder",
        [body.value((turn, ()), "INT64"), body.value((going, ()), "BOOL"), body.value((running, flat), "BOOL")]
        + [body.value(named) for named in zip(carried, shapes, strict=True)],
        [body.value((again, ()), "BOOL"), body.value((left, flat), "BOOL")]
        + [body.value(named) for named in zip(leaving, shapes, strict=True)],
    )
    trips = graph.constant(np.array(act.limit, dtype=np.int64))
    true = graph.constant(np.array(True))
    entering = [still, *state, zero, zero, zero, *[nothing] * len(means)]
    found = graph.several(len(entering), "Loop", trips, true, *entering, body=written)
    at = 2 + len(state)
    return found[at + 2], tuple(found[at + 3 :]), (found[at], found[at + 1])


def _with_flag(body: Graph, act: ACT, x: str, turn: str, batch: str) -> str:
    """``x`` with a last column that is one at the first turn, if the settings show it."""
    if not act.first_step_flag:
        return x
    first = body.add("Cast", body.add("Equal", turn, body.constant(np.array(0, dtype=np.int64))), to=1)
    shape = body.add("Concat", batch, body.integers(1), axis=0)
    return body.add("Concat", x, body.add("Expand", first, shape), axis=1)
