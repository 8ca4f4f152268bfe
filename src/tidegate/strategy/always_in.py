"""The rule with its gate forced open: in the market wherever a forecast was made."""

from typing import ClassVar

import numpy as np

from tidegate.strategy.base import State, Timing
from tidegate.types.axes import FloatArray

__all__ = ["AlwaysIn"]


class AlwaysIn(Timing):
    """Exposure 1 from the first bar that has a score, as if every forecast said up.

    Against `BuyAndHold` it tells what the bars without a forecast were worth (where every bar has one, the two are
    equal); against a rule, what its refusals were worth.

    Known at
        Exposure *t* after CLOSE(t).
    Missing values
        NaN scores before the first score keep it out; later ones change nothing.

    >>> AlwaysIn().exposures(np.array([[np.nan, -1.0, np.nan]])).tolist()
    [[0.0, 1.0, 1.0]]
    """

    name: ClassVar[str] = "always-in"

    def decide(self, state: State, score: float) -> tuple[State, float]:
        """Go in at the first score, and never out."""
        exposure = 1.0 if state.exposure > 0 or not np.isnan(score) else 0.0
        return State(0, exposure), exposure

    def exposures(self, scores: FloatArray) -> FloatArray:
        """Tell whether a score was there yet."""
        return np.logical_or.accumulate(~np.isnan(scores), axis=1).astype(np.float64)
