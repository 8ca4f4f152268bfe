"""The family of strategies: pure decisions, taken after a close and filled no earlier than the next open."""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

from tidegate.component import Component
from tidegate.types.axes import FloatArray

__all__ = ["State", "Strategy", "Timing"]


class State(NamedTuple):
    """What a timing rule remembers between bars: bars left to hold (0 = none), and the exposure it last asked for."""

    left: int = 0
    exposure: float = 0.0


class Strategy(Component):
    """Forecasts and own holdings → what to hold next."""

    family: ClassVar[str] = "strategy"


class Timing(Strategy):
    """Strategies on one asset: one score per bar → the exposure wanted from the next open on.

    Known at
        The exposure of bar *t* is decided after CLOSE(t) from scores up to *t*.
    """

    @abstractmethod
    def decide(self, state: State, score: float) -> tuple[State, float]:
        """One step: the rule in its plainest form, and the reference for `exposures`. A NaN score says nothing."""

    @abstractmethod
    def exposures(self, scores: FloatArray) -> FloatArray:
        """All steps of many books at once: scores ``[K, T]`` → exposures ``[K, T]``; equal to repeating `decide`."""
