"""Follow the sign of every score, bar by bar."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from tidegate.strategy.base import State, Timing
from tidegate.types.axes import FloatArray

__all__ = ["SignFollow"]


class SignFollow(Timing):
    """Long above the threshold; below it flat, or short where `short` is set.

    Known at
        Exposure *t* after CLOSE(t).
    Missing values
        A NaN score, or one equal to the threshold, keeps what was wanted before (flat at the start).

    >>> SignFollow(short=True).exposures(np.array([[0.0, 0.2, np.nan, -0.1, 0.3]])).tolist()
    [[0.0, 1.0, 1.0, -1.0, 1.0]]
    """

    name: ClassVar[str] = "sign-follow"

    threshold: float = Field(default=0.0, description="the score that says neither, in the label's own unit")
    short: bool = Field(default=False, description="go short below the threshold instead of flat")

    def decide(self, state: State, score: float) -> tuple[State, float]:
        """Follow, or keep."""
        below = -1.0 if self.short else 0.0
        exposure = 1.0 if score > self.threshold else below if score < self.threshold else state.exposure
        return State(0, exposure), exposure

    def exposures(self, scores: FloatArray) -> FloatArray:
        """Carry the last score that said something forward."""
        below = -1.0 if self.short else 0.0
        with np.errstate(invalid="ignore"):
            said = (scores > self.threshold) | (scores < self.threshold)
            wanted = np.where(scores > self.threshold, 1.0, below)
        last = np.maximum.accumulate(np.where(said, np.arange(scores.shape[1]), -1), axis=1)
        return np.where(last >= 0, np.take_along_axis(wanted, np.maximum(last, 0), axis=1), 0.0)
