"""Factors, labels and normalisers that leak into a study, and clean ones beside them; `studies` puts them there."""

from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np

from tidegate.factors.base import FactorSet, panel_of
from tidegate.prepare.ahead import row_ahead
from tidegate.prepare.label import Label, forward_return
from tidegate.prepare.normaliser import Normaliser, training_rows
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.bars import Bars
from tidegate.types.clock import Horizon
from tidegate.types.panel import Panel
from tidegate.types.windows import Affine, Windows

# ------------------------------------------------------------------------------------------------ factors


def _each(bars: Bars, rule: Any) -> FloatArray:
    """Apply a rule to the adjusted closes of each asset by itself."""
    close = bars.adjusted("close")
    return np.concatenate([rule(close[first:end]) for first, end in pairwise(bars.offsets)])


def _shifted(x: FloatArray, by: int) -> FloatArray:
    made = np.full_like(x, np.nan)
    if by > 0:
        made[by:] = x[:-by]
    else:
        made[:by] = x[-by:]
    return made


class CentredCloses(FactorSet):
    """Closes over a mean of the bars around them."""

    name: ClassVar[str] = "leaky-centred-closes"

    def compute(self, bars: Bars) -> Panel:
        """Convolve in mode same."""
        return panel_of(bars, {"x": _each(bars, lambda c: c / np.convolve(c, np.ones(5) / 5, "same") - 1)})


class TrailingCloses(FactorSet):
    """Closes over a mean of the bars before them."""

    name: ClassVar[str] = "fair-trailing-closes"

    def compute(self, bars: Bars) -> Panel:
        """Convolve in mode full, and cut."""
        return panel_of(bars, {"x": _each(bars, lambda c: c / np.convolve(c, np.ones(5) / 5)[: len(c)] - 1)})


class NextReturn(FactorSet):
    """The return that is to come, among honest fields."""

    name: ClassVar[str] = "leaky-next-return"

    def compute(self, bars: Bars) -> Panel:
        """Shift the wrong way."""
        gone = lambda c: c / _shifted(c, 1) - 1  # noqa: E731
        x = np.nan_to_num(_each(bars, gone))
        return panel_of(bars, {"x": x, "next": np.nan_to_num(_each(bars, lambda c: _shifted(c, -1) / c - 1))})


class LastReturn(FactorSet):
    """The returns that were."""

    name: ClassVar[str] = "fair-last-return"

    def compute(self, bars: Bars) -> Panel:
        """Shift the right way."""
        return panel_of(bars, {"x": np.nan_to_num(_each(bars, lambda c: c / _shifted(c, 1) - 1))})


class AdjustedFromTheLastDay(FactorSet):
    """Price levels adjusted from the last day of the file."""

    name: ClassVar[str] = "leaky-adjusted-level"

    def compute(self, bars: Bars) -> Panel:
        """Divide by the last factor."""
        level = [bars.adjustment[first:end] / bars.adjustment[end - 1] for first, end in pairwise(bars.offsets)]
        return panel_of(bars, {"x": bars.column("close") * np.concatenate(level)})


class AdjustedFromTheFirstDay(FactorSet):
    """Price levels adjusted from the first day of the share."""

    name: ClassVar[str] = "fair-adjusted-level"

    def compute(self, bars: Bars) -> Panel:
        """Divide by the first factor."""
        level = [bars.adjustment[first:end] / bars.adjustment[first] for first, end in pairwise(bars.offsets)]
        return panel_of(bars, {"x": bars.column("close") * np.concatenate(level)})


class RankOfAllTime(FactorSet):
    """The rank of a bar's volume among all bars there are."""

    name: ClassVar[str] = "leaky-rank"

    def compute(self, bars: Bars) -> Panel:
        """Sort everything."""
        return panel_of(bars, {"x": np.argsort(np.argsort(bars.column("volume"))) / bars.frame.height})


class RankOfTheDay(FactorSet):
    """The rank of a bar's volume among the bars of its day."""

    name: ClassVar[str] = "fair-rank"

    def compute(self, bars: Bars) -> Panel:
        """Sort each day by itself."""
        made = np.zeros(bars.frame.height)
        for place in np.unique(bars.places):
            rows = np.flatnonzero(bars.places == place)
            made[rows] = np.argsort(np.argsort(bars.column("volume")[rows])) / len(rows)
        return panel_of(bars, {"x": made})


class RarePeek(FactorSet):
    """An honest return, but after a jump of 2.5 %, where the next one is looked up."""

    name: ClassVar[str] = "leaky-rare-peek"

    def compute(self, bars: Bars) -> Panel:
        """Look ahead now and then."""
        gone = np.nan_to_num(_each(bars, lambda c: c / _shifted(c, 1) - 1))
        ahead = np.nan_to_num(_each(bars, lambda c: _shifted(c, -1) / c - 1))
        return panel_of(bars, {"x": np.where(np.abs(gone) > 0.025, ahead, gone)})


class RareLookBack(FactorSet):
    """A return, but after a jump of 2.5 %, where that before it is taken."""

    name: ClassVar[str] = "fair-rare-look-back"

    def compute(self, bars: Bars) -> Panel:
        """Look back now and then."""
        gone = np.nan_to_num(_each(bars, lambda c: c / _shifted(c, 1) - 1))
        before = np.nan_to_num(_each(bars, lambda c: _shifted(c, 1) / _shifted(c, 2) - 1))
        return panel_of(bars, {"x": np.where(np.abs(gone) > 0.025, before, gone)})


# ------------------------------------------------------------------------------------------------ labels


class BeyondItsHorizon(Label):
    """A label smoothed over ten bars, with a horizon that says three."""

    name: ClassVar[str] = "leaky-smoothed-label"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 3}}

    def target(self, bars: Bars, panel: Panel, count: Literal["rows", "sessions"]) -> FloatArray:
        """Average returns to one and to ten bars ahead."""
        near = forward_return(bars, panel, self.horizon, count)
        return near + forward_return(bars, panel, Horizon(lag=1, span=10), count)


class WithinItsHorizon(Label):
    """A label smoothed over the bars of its horizon."""

    name: ClassVar[str] = "fair-smoothed-label"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 3}}

    def target(self, bars: Bars, panel: Panel, count: Literal["rows", "sessions"]) -> FloatArray:
        """Average returns to one and to three bars ahead."""
        near = forward_return(bars, panel, Horizon(lag=1, span=1), count)
        return near + forward_return(bars, panel, self.horizon, count)


class OverAllVolatility(Label):
    """Returns in units of the volatility of all time."""

    name: ClassVar[str] = "leaky-scaled-label"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 3}}

    def target(self, bars: Bars, panel: Panel, count: Literal["rows", "sessions"]) -> FloatArray:
        """Divide by the deviation of all labels."""
        made = forward_return(bars, panel, self.horizon, count)
        return np.asarray(made / np.nanstd(made))


class OverPastVolatility(Label):
    """Returns in units of the last bar's range."""

    name: ClassVar[str] = "fair-scaled-label"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 3}}

    def target(self, bars: Bars, panel: Panel, count: Literal["rows", "sessions"]) -> FloatArray:
        """Divide by high over low of the anchor."""
        spread = 0.005 + np.log(bars.column("high") / bars.column("low"))
        return np.asarray(forward_return(bars, panel, self.horizon, count) / spread)


class KnownTooEarly(Label):
    """A label that says it is known a bar after its anchor: nothing is purged."""

    name: ClassVar[str] = "leaky-early-label"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 3}}

    def target(self, bars: Bars, panel: Panel, count: Literal["rows", "sessions"]) -> FloatArray:
        """Make the ordinary return."""
        return forward_return(bars, panel, self.horizon, count)

    def exit_row(self, panel: Panel, count: Literal["rows", "sessions"]) -> IntArray:
        """Say one bar."""
        exit_ = super().exit_row(panel, count)
        return np.where(exit_ >= 0, row_ahead(panel, 1, count), exit_)


class KnownTooLate(Label):
    """A label that says it is known later than it is: more is purged than needs to be."""

    name: ClassVar[str] = "fair-late-label"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 5}}

    def target(self, bars: Bars, panel: Panel, count: Literal["rows", "sessions"]) -> FloatArray:
        """Make a return over three bars where five are said."""
        return forward_return(bars, panel, Horizon(lag=1, span=3), count)


# ------------------------------------------------------------------------------------------------ preprocessing


class FitOnEverything(Normaliser):
    """Mean and deviation of all windows, whatever is marked for training."""

    name: ClassVar[str] = "leaky-standard"

    def fit(self, windows: Windows, training: BoolArray) -> Affine:
        """Forget the mask."""
        rows, upto = training_rows(windows, np.ones_like(training))
        return Affine.of(rows.mean(axis=0)[None, :], rows.std(axis=0)[None, :] + 1e-9, upto)


class FitOnTraining(Normaliser):
    """Median and quartiles of the training windows."""

    name: ClassVar[str] = "fair-median"

    def fit(self, windows: Windows, training: BoolArray) -> Affine:
        """Heed the mask."""
        rows, upto = training_rows(windows, training)
        low, middle, high = np.quantile(rows, [0.25, 0.5, 0.75], axis=0)
        return Affine.of(middle[None, :], (high - low)[None, :] + 1e-9, upto)


class WindowOverItsFuture(Normaliser):
    """Each window over the mean of itself and of the ten rows after it."""

    name: ClassVar[str] = "leaky-window"

    def fit(self, windows: Windows, training: BoolArray) -> Affine:
        """Take a mean that goes on after the anchor."""
        del training
        return _per_window(windows, 10)


class WindowOverItself(Normaliser):
    """Each window over the mean of itself."""

    name: ClassVar[str] = "fair-window"

    def fit(self, windows: Windows, training: BoolArray) -> Affine:
        """Take a mean that ends at the anchor."""
        del training
        return _per_window(windows, 0)


def _per_window(windows: Windows, ahead: int) -> Affine:
    columns = [windows.panel.field(field) for field in windows.inputs]
    values, ends = windows.panel.values[:, columns].astype(np.float64), windows.panel.offsets
    last = ends[np.searchsorted(ends, windows.anchors, side="right")]
    held = [
        values[anchor - windows.lookback + 1 : min(anchor + 1 + ahead, end)]
        for anchor, end in zip(windows.anchors, last, strict=True)
    ]
    centre = np.array([np.nanmean(one, axis=0) for one in held])
    return Affine.of(centre, np.array([np.nanstd(one, axis=0) for one in held]) + 1e-9)
