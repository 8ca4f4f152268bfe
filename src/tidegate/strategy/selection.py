"""The family's branch for many assets: scores of a cross-section → orders for the next bar."""

from abc import abstractmethod
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tidegate.compiling import callback
from tidegate.strategy.base import Strategy
from tidegate.strategy.orders import Order, Seen, View
from tidegate.types.axes import frozen

__all__ = ["Selection", "compiled_decision", "decision_signature"]


class Selection(Strategy):
    """Strategies over many assets: after each close, orders for the next bar.

    A final class writes `decide` in plain Python. It may name a `kernel` besides, the same decision on plain numbers
    (`Seen` → rows of orders, and how many), which is compiled into the market loop and must give the same orders.

    Known at
        Orders are decided after CLOSE(t) from what `View` holds; they are filled in bar t+1 and die with it.
    """

    reasons: ClassVar[tuple[str, ...]] = ("",)
    """Why an order was given, in words."""
    reasons_in_chinese: ClassVar[tuple[str, ...]] = ()
    """The same reasons, one for one; empty where nobody translated them."""
    signals: ClassVar[tuple[str, ...]] = ("score",)
    """What it reads of its `Signals`: score, second, gate."""

    def words(self) -> tuple[str, ...]:
        """Why an order was given, by `Order.reason`; a wrapper's own `reasons` follow those of what it wraps."""
        return self.reasons

    def words_in_chinese(self) -> tuple[str, ...]:
        """Say the same in Chinese, one for one; in English where nobody translated."""
        return self.reasons_in_chinese or self.reasons

    def reads(self) -> tuple[str, ...]:
        """What this member, as it is set, needs of its `Signals`."""
        return self.signals

    def sells_short(self) -> bool:
        """Whether it may sell what is not held, so that it needs an exchange that allows this."""
        return False

    @abstractmethod
    def decide(self, view: View) -> list[Order]:
        """Give the orders for the next bar: the rule in its plainest form, and the reference for its kernel."""

    def numbers(self) -> tuple[float, ...]:
        """The settings as the kernel reads them, in its own order; empty where there is no kernel."""
        return ()

    def kernel(self) -> Any:
        """The compiled decision, or None for a strategy in plain Python."""
        return None


@cache
def decision_signature() -> Any:
    """What a compiled decision takes and gives: ``(Seen, rows of orders) -> count``."""
    import numba
    from numba import types

    typeof: Any = numba.typeof

    cells: dict[str, Any] = {
        **dict.fromkeys(("bar", "cash", "due", "equity", "owned", "stays"), types.int64),
        "gate": types.float64,
        **{name: typeof(frozen(np.zeros(1))) for name in ("score", "second", "tick", "numbers")},
        "close": typeof(frozen(np.zeros(1, dtype=np.int32))),
        **{name: typeof(frozen(np.zeros(1, dtype=np.int64))) for name in ("tick_value", "lot", "minimum", "order")},
        **dict.fromkeys(("mark", "shares", "locked", "since", "held", "place"), types.int64[::1]),
        **dict.fromkeys(("memory", "key"), types.float64[::1]),
    }
    seen: Any = types.NamedTuple([cells[name] for name in Seen._fields], Seen)  # type: ignore[no-untyped-call]
    return types.int64(seen, types.int64[:, ::1])


@cache
def compiled_decision(function: Any) -> Any:
    """A strategy's kernel, compiled once and kept on disk."""
    return callback(decision_signature(), function, Path(__file__).parent)
