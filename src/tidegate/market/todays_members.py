"""A universe of those that are large today: a public mistake, for comparison."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.market.universe import Grid, UniverseRule
from tidegate.types.axes import BoolArray

__all__ = ["TodaysMembers"]

_LATELY = 20
"""Sessions at the end on one of which it must have traded."""


class TodaysMembers(UniverseRule):
    """Keeps, at every session, the `largest` assets of the last one: today's list of an index, used for all its past.

    Size is the last close times all shares where the bars tell them, else the last adjusted close over the first. What
    has not traded on the last twenty sessions is not on today's list.

    Known at
        Never lawful: the last bar.
    Source
        Studies that read an index's members off a page of today, and download the past of these.

    >>> from tidegate.market.universe import Universe
    >>> from tidegate.testing.history import example_bars
    >>> made = Universe(rules=(TodaysMembers(largest=2),)).of_bars(example_bars(sessions=60))
    >>> made.mask.any(axis=0).tolist().count(True)
    2
    """

    name: ClassVar[str] = "todays-members"
    mistake: ClassVar[str] = (
        "LEAKS: the universe is that of the last day; who was going to be large is known from the first."
    )
    example: ClassVar[dict[str, Any]] = {"largest": 2}

    largest: int = Field(ge=1, description="how many are on today's list")

    def keeps(self, grid: Grid) -> BoolArray:
        """Rank what is there at the end."""
        if grid.bars.has("total_shares"):
            size = (grid.last("close") * grid.last("total_shares"))[-1]
        else:
            level = np.where(grid.trades, 1.0, np.nan)
            level[grid.bars.places, np.repeat(np.arange(level.shape[1]), np.diff(grid.bars.offsets))] = (
                grid.bars.adjusted("close")
            )
            size = np.array([column[np.isfinite(column)][-1] / column[np.isfinite(column)][0] for column in level.T])
        alive = np.logical_or.reduce(grid.trades[-_LATELY:], axis=0)
        order = np.argsort(-np.where(alive, size, -np.inf), kind="stable")[: self.largest]
        kept = np.zeros(grid.trades.shape[1], dtype=bool)
        kept[order] = alive[order]
        return np.broadcast_to(kept, grid.trades.shape)
