"""Expressions → numbers over a whole ragged panel, piece by piece.

The graph is walked once: equal sub-expressions are one step, and its steps run over a piece of some thousand rows after
the other, each with as many earlier rows as its lookback needs, so that all columns of a piece lie in the processor's
cache and no intermediate column of the whole panel exists. An operator across assets needs its operand for all of them:
such operands are computed first, over all rows, and stand in the graph as fields do.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import SettingError
from tidegate.factors.expression.across import across
from tidegate.factors.expression.inputs import column_of
from tidegate.factors.expression.operators import OPERATORS
from tidegate.factors.expression.plan import Plan
from tidegate.factors.expression.tree import Expression
from tidegate.types.axes import FloatArray, IntArray, Single
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["evaluate", "panel_from"]

_PIECE: Final = 8192


def evaluate(
    expressions: Sequence[Expression], bars: Bars, *, rows: IntArray | None = None, piece: int = _PIECE
) -> FloatArray:
    """Values of each expression for every bar, float64 ``[R, F]``, in the order of ``bars.frame``.

    `rows` are positions among the bars, in order, where values are wanted; by default everywhere. No operator of time
    reaches across a bar where prices begin anew (`Bars.segments`).

    Known at
        CLOSE(t) for row *t*.
    Missing values
        By each operator's own rule (`operators`); what is not finite is NaN.
    Errors
        `DataError` where the bars lack a field.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> from tidegate.factors.expression.words import Close, Mean
    >>> evaluate([Close / Mean(Close, 5) - 1], NoiseWorld(sessions=40, seed=1).bars()).shape
    (40, 1)
    """
    made = np.empty((bars.frame.height if rows is None else len(rows), len(expressions)))
    _fill(expressions, bars, made, piece, rows)
    return made


def panel_from(expressions: dict[str, Expression], bars: Bars) -> Panel:
    """A panel of named expressions, one row per bar; computed in float64 and cast once."""
    values: Single = np.empty((bars.frame.height, len(expressions)), np.float32)
    _fill(list(expressions.values()), bars, values, _PIECE)
    return Panel.of(values, bars.times, bars.assets, tuple(expressions), bars.places, bars.offsets)


def _fill(
    roots: Sequence[Expression], bars: Bars, values: NDArray[Any], piece: int, rows: IntArray | None = None
) -> None:
    if not roots:
        raise SettingError("no expression is given", expected="at least one")
    if rows is not None and bool(np.any(np.diff(rows) < 0)):
        raise SettingError("wanted rows are positions in their order", found=rows[:5])
    age = np.arange(bars.frame.height) - np.repeat(bars.segments[:-1], np.diff(bars.segments))
    leaves: dict[str, FloatArray] = {}
    nodes = {node.digest: node for root in roots for node in root.walk()}
    adjustment = bars.adjustment
    for node in nodes.values():
        if node.operator == "field":
            leaves[node.digest] = column_of(bars, str(node.settings[0]), adjustment)
    waiting = [node for node in nodes.values() if OPERATORS.get(node.operator, _NONE).kind == "cross"]
    while waiting:  # those whose operand needs no other that is still waiting
        open_ = {node.digest for node in waiting}
        ready = [node for node in waiting if all(low.digest not in open_ for low in node.children[0].walk())]
        operands = list({node.children[0].digest: node.children[0] for node in ready}.values())
        held = np.empty((bars.frame.height, len(operands)))
        Plan(operands, leaves, piece, held).fill(age, held)
        place = {operand.digest: held[:, number] for number, operand in enumerate(operands)}
        for node in ready:
            leaves[node.digest] = across(node.operator, place[node.children[0].digest], bars.places)
        waiting = [node for node in waiting if node.digest not in leaves]
    Plan(roots, leaves, piece, values).fill(age, values, rows)


_NONE: Final = OPERATORS["add"]
