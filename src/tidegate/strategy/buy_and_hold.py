"""Buy once and never think again."""

from typing import ClassVar

import numpy as np

from tidegate.strategy.base import State, Timing
from tidegate.types.axes import FloatArray

__all__ = ["BuyAndHold"]


class BuyAndHold(Timing):
    """Exposure 1 from the first bar on, whatever the scores say: the market itself.

    Known at
        Exposure *t* after CLOSE(t).
    Missing values
        NaN scores change nothing.

    >>> BuyAndHold().exposures(np.array([[np.nan, -1.0, 1.0]])).tolist()
    [[1.0, 1.0, 1.0]]
    """

    name: ClassVar[str] = "buy-and-hold"

    def decide(self, state: State, score: float) -> tuple[State, float]:  # noqa: ARG002
        """Ask for 1."""
        return State(0, 1.0), 1.0

    def exposures(self, scores: FloatArray) -> FloatArray:
        """Ask for 1 at every bar."""
        return np.ones(scores.shape)
