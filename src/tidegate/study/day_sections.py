"""The rows of one day's windows where steps by date stand between factors and panel: whole dates, and no more of them.

A step by date looks at every asset of a date. The last rows of those that are asked about lie on some dates, most of
them the last ones; on these dates alone factors are computed for everybody, each from the bars before it that it needs.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.data.recent import Before, adjusted_by, last_rows
from tidegate.prepare.date_step import prepare_dates
from tidegate.prepare.sections import CrossSections
from tidegate.study.declare import Study
from tidegate.types.axes import BoolArray
from tidegate.types.bars import Bars
from tidegate.types.history import History
from tidegate.types.panel import Panel

__all__ = ["DaySections", "sections_of", "whole_dates"]


@dataclass(frozen=True)
class DaySections:
    """What a day's windows with steps by date are made of.

    `bars` are the rows of the dates that are looked at and, before each, what its factors need; `dates` the rows of
    those dates alone, of all assets; `asked` ``[R]`` says which of `dates` are the last rows of an asset with a bar on
    the day.

    Known at
        CLOSE of the day.
    """

    bars: Bars
    dates: Bars
    asked: BoolArray

    def panel(self, study: Study) -> tuple[Bars, Panel]:
        """The asked rows, and the panel of them that a run makes of the whole."""
        made = study.factors.at(History.of(self.bars, self.dates))
        like = made.panel(self.dates)
        done = prepare_dates(CrossSections.of_values(made.values, like), study.steps)
        every = done.sections.panel(like)
        rows = Bars.of(self.dates.frame.filter(pl.Series(self.asked)), self.dates.spec)
        values = every.values[self.asked]
        return rows, Panel.of(values, rows.times, rows.assets, every.fields, rows.places, rows.offsets, every.forcings)


def sections_of(bars: Bars, before: Before | None, lookback: int, early: int) -> DaySections:
    """Gather them from bars that end on the day; `before` stands for what was not read."""
    whole, asked = whole_dates(bars, lookback), last_rows(bars, lookback)
    needed = whole | _behind(bars, whole, early)
    frame = adjusted_by(bars, before)
    return DaySections(
        Bars.of(frame.filter(pl.Series(needed)), bars.spec),
        Bars.of(frame.filter(pl.Series(whole)), bars.spec),
        asked[whole],
    )


def whole_dates(bars: Bars, lookback: int) -> BoolArray:
    """Rows of the dates on which an asset with a bar at the last label has one of its last `lookback` rows ``[R]``."""
    seen = np.zeros(len(bars.times), dtype=bool)
    seen[bars.places[last_rows(bars, lookback)]] = True
    return np.asarray(seen[bars.places])


def _behind(bars: Bars, rows: BoolArray, early: int) -> BoolArray:
    """The `early` rows of the same asset before each of `rows` ``[R]``."""
    count = len(rows)
    here = np.arange(count)
    ahead = np.minimum.accumulate(np.where(rows, here, 2 * count + early)[::-1])[::-1]
    ends = np.repeat(bars.offsets[1:], np.diff(bars.offsets))
    return np.asarray((ahead < ends) & (ahead - here <= early))
