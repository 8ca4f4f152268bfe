"""Less money to work with when the market is wild: a wrapper that shows its strategy a part of the purse."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.errors import SettingError
from tidegate.strategy.orders import Order, Seen, View
from tidegate.strategy.selection import Selection, compiled_decision
from tidegate.strategy.wrapping import ask, inner_numbers, part_of, with_part
from tidegate.types.axes import FloatArray, IntArray, frozen

__all__ = ["VolatilityTarget", "exposure_scale", "trailing_volatility"]

_TARGET, _CAP, _INNER = range(3)


class VolatilityTarget(Selection):
    """Let the inner strategy work with target / volatility of the book, no more than `cap` of it.

    Formula
        f(t) = min(`cap`, `target` / gate(t)), where the gate's number is the trailing volatility of a bar's return
        (`trailing_volatility` of an index or of the asset). The inner strategy sees ⌊f · equity⌋ as equity and cash
        less what is kept from it, cash - (equity - ⌊f · equity⌋), no less than 0. One that sizes by equity then invests
        that part; one that only turns over a part of the book a bar (rank-and-hold) gets there as it turns over.
    Under `gated` one number serves both: the volatility where one may buy, and -1 where not.
    Known at
        Orders after CLOSE(t) from the volatility known then.
    Missing values
        A volatility of NaN or 0 or less says nothing: f = 0. Nothing new is bought, and one that sizes by equity sells.

    >>> from tidegate.strategy.equal_weight import EqualWeight
    >>> VolatilityTarget(inner=EqualWeight(), target=0.01).reads()
    ('score', 'gate')
    """

    name: ClassVar[str] = "volatility-target"
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "rank-and-hold", "names": 4, "days": 3}, "target": 0.01}
    signals: ClassVar[tuple[str, ...]] = ("gate",)

    inner: Selection = Field(description="the strategy that works with a part of the book")
    target: float = Field(gt=0, description="wanted standard deviation of a bar's return, as a fraction")
    cap: float = Field(
        default=1.0, gt=0, description="largest part of the book; above 1 only where positions are margined"
    )

    def words(self) -> tuple[str, ...]:
        """The inner strategy's words."""
        return self.inner.words()

    def words_in_chinese(self) -> tuple[str, ...]:
        """Say the same in Chinese."""
        return self.inner.words_in_chinese()

    def reads(self) -> tuple[str, ...]:
        """What the inner strategy reads, and the gate, which tells the volatility."""
        return tuple(dict.fromkeys((*self.inner.reads(), *self.signals)))

    def sells_short(self) -> bool:
        """Whether the inner strategy does."""
        return self.inner.sells_short()

    def decide(self, view: View) -> list[Order]:
        """Show the inner strategy a part of the purse."""
        part = min(self.cap, self.target / view.gate) if view.gate > 0 else 0.0
        return self.inner.decide(part_of(view, part))

    def numbers(self) -> tuple[float, ...]:
        """Give the settings, then the inner kernel's address and numbers."""
        return (self.target, self.cap, *inner_numbers(self.inner))

    def kernel(self) -> Any:
        """Compile `_decide`; None around a strategy in plain Python."""
        return None if self.inner.kernel() is None else compiled_decision(_decide)


def trailing_volatility(close: FloatArray, lookback: int) -> FloatArray:
    """Standard deviation (ddof 1) of the last `lookback` returns of a bar: closes ``[T]`` → ``[T]``.

    Units
        A fraction of a bar; multiply by the root of bars a year to annualise.
    Known at
        CLOSE(t).
    Missing values
        NaN until `lookback` returns are known, and where one of them is NaN.
    Errors
        `SettingError` for a lookback below 2.

    >>> trailing_volatility(np.array([100.0, 101, 100, 101, 100]), 2).round(4).tolist()
    [nan, nan, 0.0141, 0.0141, 0.0141]
    """
    if lookback < 2:  # noqa: PLR2004
        raise SettingError("a volatility needs two returns", expected="lookback ≥ 2", found=lookback)
    made = np.full(len(close), np.nan)
    if len(close) > lookback:
        returns = close[1:] / close[:-1] - 1.0
        made[lookback:] = np.lib.stride_tricks.sliding_window_view(returns, lookback).std(axis=1, ddof=1)
    return frozen(made)


def exposure_scale(close: FloatArray, lookback: int, target: float, cap: float = 1.0) -> FloatArray:
    """What to multiply a timing rule's exposures by: min(cap, target / trailing volatility) ``[T]``.

    Known at
        CLOSE(t), as the exposures are.
    Missing values
        0 while the volatility is not known.

    >>> exposure_scale(np.array([100.0, 101, 100, 101, 100]), 2, target=0.01).round(3).tolist()
    [0.0, 0.0, 0.711, 0.711, 0.711]
    """
    volatility = trailing_volatility(close, lookback)
    known = volatility > 0
    return frozen(np.where(known, np.minimum(cap, target / np.where(known, volatility, 1.0)), 0.0))


def _decide(seen: Seen, orders: IntArray) -> int:
    """The rule on plain numbers."""
    part = min(seen.numbers[_CAP], seen.numbers[_TARGET] / seen.gate) if seen.gate > 0 else 0.0
    return int(ask(with_part(seen, part), _INNER, orders))
