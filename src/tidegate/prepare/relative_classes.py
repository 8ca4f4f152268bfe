"""The return over the horizon, told apart by its standing among the returns of the same date."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from tidegate.errors import SettingError
from tidegate.prepare.ahead import Count, known_position
from tidegate.prepare.label import Label, forward_return
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["RelativeClasses"]

_EDGE = 1e-9


class RelativeClasses(Label):
    """The class of ``(rank - 1/2) / n`` among the returns of one anchor date: with 30/40/30, -1, 0 and +1.

    Ranks run from below, ties share their mean rank and so their class. Assets whose return becomes known later (a
    suspension moves it, when traded rows are counted) are not among the n: nobody could rank against them yet. They
    themselves are ranked among all that are known by then.

    Known at
        ``horizon.exit_at(t)``, for that asset.
    Missing values
        NaN where the return is, and where fewer than `fewest` returns of the date are known.
    Source
        The multi-factor documents: the upper 30 % and the lower 30 % of each month, and the 40 % between.
    """

    name: ClassVar[str] = "relative-classes"
    unit: ClassVar[str] = "class"
    example: ClassVar[dict[str, Any]] = {"horizon": {"lag": 1, "span": 20}}

    shares: tuple[float, ...] = Field(
        default=(0.3, 0.4, 0.3), min_length=2, description="share of each class, from the lowest returns up"
    )
    fewest: int = Field(default=2, ge=2, description="returns of a date below which there is no standing")

    @model_validator(mode="after")
    def _whole(self) -> "RelativeClasses":
        if min(self.shares) <= 0 or abs(sum(self.shares) - 1.0) > _EDGE or len(self.shares) % 2 == 0:
            raise SettingError(
                "shares are above zero, sum to one and have a middle", where=f"{self.name}.shares", found=self.shares
            )
        return self

    def target(self, bars: Bars, panel: Panel, count: Count) -> FloatArray:
        """Return, then its class among those of its date that are known as early."""
        made = forward_return(bars, panel, self.horizon, count)
        known = known_position(panel, self.exit_row(panel, count))
        target = np.full(made.shape, np.nan)
        order = panel.by_time
        bounds = np.searchsorted(panel.row_time[order], np.arange(len(panel.times) + 1))
        for date in range(len(panel.times)):
            rows = order[bounds[date] : bounds[date + 1]]
            rows = rows[~np.isnan(made[rows])]
            if len(rows) >= self.fewest:
                target[rows] = self._classes(made[rows], known[rows])
        return target

    def _classes(self, returns: FloatArray, known: IntArray) -> FloatArray:
        """Classes of one date's returns ``[n]``."""
        made = np.full(returns.shape, np.nan)
        edges = np.cumsum(self.shares)[:-1] - _EDGE
        settled = np.empty(0)
        for moment in np.unique(known):
            fresh = known == moment
            settled = np.sort(np.concatenate([settled, returns[fresh]]), kind="stable")
            if len(settled) >= self.fewest:
                below, upto = (np.searchsorted(settled, returns[fresh], side=side) for side in ("left", "right"))
                standing = (below + upto) / 2 / len(settled)  # (rank - 1/2) / n at the mean rank of ties
                made[fresh] = np.searchsorted(edges, standing, side="right") - len(self.shares) // 2
        return made
