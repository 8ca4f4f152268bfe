"""Models, timings and universes that leak into a study, and clean ones beside them; `studies` puts them there."""

from dataclasses import replace
from typing import ClassVar

import numpy as np

from tidegate.market.universe import Grid, UniverseRule
from tidegate.models.base import Rival, Seen
from tidegate.strategy.base import State, Timing
from tidegate.types.axes import BoolArray, FloatArray

# ------------------------------------------------------------------------------------------------ models


def _line(seen: Seen, target: FloatArray) -> dict[str, FloatArray]:
    x = seen.z.reshape(len(seen.z), -1)
    slope = np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ target)
    return {"slope": slope, "mean": np.array([np.mean(np.sum(x * slope, axis=1))])}


def _said(learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
    return np.asarray(np.sum(seen.z.reshape(len(seen.z), -1) * learned["slope"], axis=1))


class LessTheirOwnMean(Rival):
    """Forecasts less the mean of all forecasts that are asked for."""

    name: ClassVar[str] = "leaky-centred-forecasts"

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:
        """Learn a line."""
        del weight
        return _line(seen, target)

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
        """Centre on what is asked."""
        said = _said(learned, seen)
        return said - said.mean()


class LessTheTrainingMean(Rival):
    """Forecasts less the mean of those in training."""

    name: ClassVar[str] = "fair-centred-forecasts"

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:
        """Learn a line and its mean."""
        del weight
        return _line(seen, target)

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
        """Centre on what was learned."""
        return _said(learned, seen) - learned["mean"][0]


class ScaledByTheAsked(Rival):
    """Inputs standardised by the windows that are asked for: a batch statistic in evaluation mode."""

    name: ClassVar[str] = "leaky-batch-statistics"

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:
        """Learn a line."""
        del weight
        return _line(seen, target)

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
        """Standardise anew."""
        z = (seen.z - seen.z.mean(axis=0)) / (seen.z.std(axis=0) + 1e-9)
        return _said(learned, replace(seen, z=z))


class ScaledByItself(Rival):
    """Inputs standardised within each window."""

    name: ClassVar[str] = "fair-window-statistics"

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:
        """Learn a line on them."""
        del weight
        return _line(replace(seen, z=self._own(seen)), target)

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
        """Standardise each window by itself."""
        return _said(learned, replace(seen, z=self._own(seen)))

    def _own(self, seen: Seen) -> FloatArray:
        return (seen.z - seen.z.mean(axis=1, keepdims=True)) / (seen.z.std(axis=1, keepdims=True) + 1e-9)


class NextWindow(Rival):
    """Forecasts of the window after the one that is asked."""

    name: ClassVar[str] = "leaky-next-window"

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:
        """Learn a line."""
        del weight
        return _line(seen, target)

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
        """Answer for the neighbour: an index that is off by one."""
        said = _said(learned, seen)
        return np.append(said[1:], said[-1])


# ------------------------------------------------------------------------------------------------ decisions


class AboveTheMedianOfAll(Timing):
    """In the market where a score is above the median of all scores of the book."""

    name: ClassVar[str] = "leaky-median-threshold"

    def decide(self, state: State, score: float) -> tuple[State, float]:
        """Compare with nought."""
        del state
        return State(exposure=float(score > 0)), float(score > 0)

    def exposures(self, scores: FloatArray) -> FloatArray:
        """Compare with the median."""
        return (scores > np.nanmedian(scores, axis=1, keepdims=True)).astype(np.float64)


class AboveTheLast(Timing):
    """In the market where a score is above nought, and half in where it just was."""

    name: ClassVar[str] = "fair-fading-exposure"

    def decide(self, state: State, score: float) -> tuple[State, float]:
        """Halve what was."""
        exposure = 1.0 if score > 0 else state.exposure / 2
        return State(exposure=exposure), exposure

    def exposures(self, scores: FloatArray) -> FloatArray:
        """Step through time."""
        made, held = np.empty(scores.shape), np.zeros(scores.shape[0])
        for t in range(scores.shape[1]):
            held = np.where(scores[:, t] > 0, 1.0, held / 2)
            made[:, t] = held
        return made


class BeforeTheSignal(Timing):
    """In the market a bar before a score is above nought."""

    name: ClassVar[str] = "leaky-early-entry"

    def decide(self, state: State, score: float) -> tuple[State, float]:
        """Compare with nought."""
        del state
        return State(exposure=float(score > 0)), float(score > 0)

    def exposures(self, scores: FloatArray) -> FloatArray:
        """Roll the wrong way."""
        return np.roll(scores > 0, -1, axis=1).astype(np.float64)


# ------------------------------------------------------------------------------------------------ universes


class Survivors(UniverseRule):
    """Keeps what trades on the last session of the data."""

    name: ClassVar[str] = "leaky-survivors"

    def keeps(self, grid: Grid) -> BoolArray:
        """Look at the last row."""
        return np.broadcast_to(grid.trades[-1], grid.trades.shape).copy()


class TradedLately(UniverseRule):
    """Keeps what traded on one of the last five sessions."""

    name: ClassVar[str] = "fair-traded-lately"

    def keeps(self, grid: Grid) -> BoolArray:
        """Look at five rows."""
        made = grid.trades.copy()
        for back in range(1, 5):
            made[back:] |= grid.trades[:-back]
        return made


class LargestOfAllTime(UniverseRule):
    """Keeps the half that has traded most over all time."""

    name: ClassVar[str] = "leaky-largest"

    def keeps(self, grid: Grid) -> BoolArray:
        """Average whole columns."""
        mean = np.nanmean(grid.column("volume"), axis=0)
        return np.broadcast_to(mean >= np.median(mean), grid.trades.shape).copy()


class LargestSoFar(UniverseRule):
    """Keeps the half that has traded most so far."""

    name: ClassVar[str] = "fair-largest"

    def keeps(self, grid: Grid) -> BoolArray:
        """Add up columns from the top."""
        volume = np.cumsum(np.nan_to_num(grid.column("volume")), axis=0)
        return volume >= np.median(volume, axis=1, keepdims=True)


class NeverAtRisk(UniverseRule):
    """Keeps what never comes under a risk warning."""

    name: ClassVar[str] = "leaky-never-at-risk"

    def keeps(self, grid: Grid) -> BoolArray:
        """Ask any row."""
        flagged = np.nan_to_num(grid.column("at_risk")).any(axis=0)
        return np.broadcast_to(~flagged, grid.trades.shape).copy()


class NotYetAtRisk(UniverseRule):
    """Keeps what has not been under a risk warning so far."""

    name: ClassVar[str] = "fair-not-yet-at-risk"

    def keeps(self, grid: Grid) -> BoolArray:
        """Ask the rows above."""
        return ~np.logical_or.accumulate(np.nan_to_num(grid.column("at_risk")) > 0, axis=0)


class TradesTomorrow(UniverseRule):
    """Keeps what trades on the next session, since orders in the others died."""

    name: ClassVar[str] = "leaky-trades-tomorrow"

    def keeps(self, grid: Grid) -> BoolArray:
        """Look one row down."""
        return np.vstack([grid.trades[1:], grid.trades[-1:]])
