"""One decision within another: how a wrapper's kernel asks the kernel of what it wraps.

A kernel is compiled once, whatever it will wrap, so it learns at run time whom to ask: among its `numbers` stands the
address of the inner kernel's code, followed by the inner strategy's own numbers. An address is a whole number below
2^53 and so a float says it exactly; it means something in this process only and is never written anywhere.
"""

from dataclasses import replace
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tidegate.strategy.compiled import inner
from tidegate.strategy.orders import Seen, View
from tidegate.strategy.selection import Selection, decision_signature
from tidegate.types.axes import IntArray

__all__ = ["ask", "inner_numbers", "part_of", "with_part"]


def inner_numbers(strategy: Selection) -> tuple[float, ...]:
    """What a wrapper appends to its own numbers: the inner kernel's address (0 where there is none) and its numbers."""
    kernel = strategy.kernel()
    return (float(0 if kernel is None else kernel.address), *strategy.numbers())


@inner
def ask(seen: Seen, width: int, orders: IntArray) -> int:
    """Ask the inner decision, whose address stands at ``numbers[width]`` and whose own numbers follow it."""
    decide = _decision_at(int(seen.numbers[width]))
    return int(decide(_within(seen, width + 1), orders))


def part_of(view: View, part: float) -> View:
    """Show a part of the purse, 0 to 1 or more, as if it were all: what `with_part` does, in plain Python."""
    seen = view.seen
    equity = int(part * seen.equity)
    cash = min(seen.cash, max(seen.cash - (seen.equity - equity), 0)) if equity < seen.equity else seen.cash
    unit = view.equity / seen.equity if seen.equity else 0.0
    return replace(view, equity=equity * unit, cash=cash * unit, seen=seen._replace(equity=equity, cash=cash))


@inner
def with_part(seen: Seen, part: float) -> Seen:
    """Show ⌊part · equity⌋ as equity, and cash less what is kept from it, no less than 0."""
    equity = int(part * seen.equity)
    cash = max(seen.cash - (seen.equity - equity), 0) if equity < seen.equity else seen.cash
    return _with_purse(seen, min(cash, seen.cash), equity)


@inner
def _with_purse(seen: Seen, cash: int, equity: int) -> Seen:
    """Show the same with another purse."""
    return Seen(
        seen.bar,
        cash,
        seen.due,
        equity,
        seen.owned,
        seen.stays,
        seen.gate,
        seen.score,
        seen.second,
        seen.close,
        seen.mark,
        seen.shares,
        seen.locked,
        seen.since,
        seen.held,
        seen.tick,
        seen.tick_value,
        seen.lot,
        seen.minimum,
        seen.order,
        seen.numbers,
        seen.memory,
        seen.key,
        seen.place,
    )


@inner
def _within(seen: Seen, first: int) -> Seen:
    """Show the same to a decision whose numbers begin at `first`."""
    return Seen(
        seen.bar,
        seen.cash,
        seen.due,
        seen.equity,
        seen.owned,
        seen.stays,
        seen.gate,
        seen.score,
        seen.second,
        seen.close,
        seen.mark,
        seen.shares,
        seen.locked,
        seen.since,
        seen.held,
        seen.tick,
        seen.tick_value,
        seen.lot,
        seen.minimum,
        seen.order,
        seen.numbers[first:],
        seen.memory,
        seen.key,
        seen.place,
    )


def _typed(typing_context: Any, address: Any) -> Any:  # noqa: ARG001
    """Take the number of an address for the decision that lies there."""
    kind = types.FunctionType(decision_signature())

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = cgutils.create_struct_proxy(signature.return_type)(context, builder)  # type: ignore[no-untyped-call]
        made.c_addr = builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))
        return made._getvalue()  # noqa: SLF001

    return kind(types.int64), build


_decision_at: Any = intrinsic(_typed)
