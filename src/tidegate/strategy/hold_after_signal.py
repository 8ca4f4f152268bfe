"""Buy on a signal and hold for a counted number of bars; a further signal starts the count again."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from tidegate.strategy.base import State, Timing
from tidegate.types.axes import FloatArray

__all__ = ["HoldAfterSignal"]


class HoldAfterSignal(Timing):
    """In the market for `days` bars after each score above `threshold`; a score below it does nothing.

    Formula
        exposure(t) = 1 if some score of bars t - days + 1 … t is above the threshold, else 0. A signal at the close of
        *t* buys at OPEN(t+1) and, if no other follows, sells at OPEN(t+1+days): ``Horizon(lag=1, span=days)``.
    Known at
        Exposure *t* after CLOSE(t).
    Missing values
        A NaN score is no signal; the count runs on.

    >>> HoldAfterSignal(days=2).exposures(np.array([[1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0]])).tolist()
    [[1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0]]
    """

    name: ClassVar[str] = "hold-after-signal"

    days: int = Field(default=5, ge=1, description="bars to hold after the last signal")
    threshold: float = Field(default=0.0, description="a score above it is a signal, in the label's own unit")

    def decide(self, state: State, score: float) -> tuple[State, float]:
        """Set the count on a signal; without one, let it run down."""
        left = self.days if score > self.threshold else max(state.left - 1, 0)
        exposure = float(left > 0)
        return State(left, exposure), exposure

    def exposures(self, scores: FloatArray) -> FloatArray:
        """Compare the distance to the last signal with `days`."""
        bar = np.arange(scores.shape[1])
        with np.errstate(invalid="ignore"):
            last = np.maximum.accumulate(np.where(scores > self.threshold, bar, -self.days), axis=1)
        return (bar - last < self.days).astype(np.float64)
