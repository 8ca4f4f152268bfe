"""One decision within another: how a wrapper's kernel asks the kernel of what it wraps.

A kernel is compiled once, whatever it will wrap, so it learns at run time whom to ask: among its `numbers` stands the
address of the inner kernel's code, followed by the inner strategy's own numbers. An address is a whole number below
2^53 and so a float says it exactly; it means something in this process only and is never written anywhere.
"""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tidegate.strategy.compiled import inner
from tidegate.strategy.orders import Seen
from tidegate.strategy.selection import Selection, decision_signature
from tidegate.types.axes import IntArray

__all__ = ["ask", "inner_numbers"]


def inner_numbers(strategy: Selection) -> tuple[float, ...]:
    """What a wrapper appends to its own numbers: the inner kernel's address (0 where there is none) and its numbers."""
    kernel = strategy.kernel()
    return (float(0 if kernel is None else kernel.address), *strategy.numbers())


@inner
def ask(seen: Seen, width: int, orders: IntArray) -> int:
    """Ask the inner decision, whose address stands at ``numbers[width]`` and whose own numbers follow it."""
    decide = _decision_at(int(seen.numbers[width]))
    return int(decide(_within(seen, width + 1), orders))


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
