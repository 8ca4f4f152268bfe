"""When the reports of the synthetic market come out, how profitable each one says a share was, and what follows by law.

Profitability is one number a share and quarter, ``z(q) = 0.92 z(q − 1) + √(1 − 0.92²) e(q)``, standard normal: every
figure of profit in the accounts grows with it. It is the only thing that a signal is ever planted on.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl

from tidegate.data.fact_days import deadline
from tidegate.data.share_world_roster import drawn
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.facts import Days

__all__ = ["Reports", "annual_return_on_equity"]

_KEEPS = 0.92
_BEFORE = 8
"""Quarters before the first session of which there are accounts."""
_LATE = 0.01
_LATEST = 60.0
_HURRY = {3: (3.4, 1.0), 6: (9.0, 1.0), 9: (3.0, 1.0), 12: (24.0, 0.8)}
"""Days from a report to its deadline, by the month of the quarter's end: ``a · x^b``, `x` exponential of mean 1."""
_ROOM = {3: 18, 6: 50, 9: 20, 12: 85}
"""Most days between the two."""
_DAY = np.timedelta64(1, "D")


def annual_return_on_equity(quality: FloatArray) -> FloatArray:
    """Turn profitability into a yearly return on equity: rising, skewed, a loss for one share in eleven.

    Formula
        ``0.078 + 0.095 z`` for z ≥ 0, ``0.078 + 0.03 z − 0.022 z²`` below.

    >>> annual_return_on_equity(np.array([-2.0, 0.0, 1.0])).round(3).tolist()
    [-0.07, 0.078, 0.173]
    """
    return 0.078 + np.where(quality >= 0, 0.095 * quality, 0.03 * quality - 0.022 * quality**2)


@dataclass(frozen=True)
class Reports:
    """Reports of N shares for Q quarters, of which the first two years lie before the world begins.

    Shapes
        `periods` ``[Q]``; everything else ``[Q, N]``.
    """

    seed: int
    assets: int
    first: date
    last: date

    @cached_property
    def periods(self) -> Days:
        """Last days of the quarters."""
        start = np.datetime64(self.first, "M").astype(np.int64) // 3 - _BEFORE
        end = np.datetime64(self.last, "M").astype(np.int64) // 3 + 1
        nexts: Days = (np.arange(start, end) * 3 + 3).astype("datetime64[M]").astype("datetime64[D]")
        return np.asarray(nexts - _DAY, dtype="datetime64[D]")

    @cached_property
    def months(self) -> IntArray:
        """Month in which each quarter ends ``[Q]``: 3, 6, 9 or 12."""
        return self.periods.astype("datetime64[M]").astype(np.int64) % 12 + 1

    @cached_property
    def quality(self) -> FloatArray:
        """Profitability, standard normal among shares."""
        draws = drawn(self.seed, "quality").standard_normal((len(self.periods), self.assets))
        for quarter in range(1, len(draws)):
            draws[quarter] = _KEEPS * draws[quarter - 1] + np.sqrt(1 - _KEEPS**2) * draws[quarter]
        return draws

    @cached_property
    def due(self) -> Days:
        """Legal deadlines ``[Q]``."""
        return pl.DataFrame({"p": self.periods}).select(deadline(pl.col("p")))["p"].to_numpy().astype("datetime64[D]")

    @cached_property
    def published(self) -> Days:
        """Days of announcement: bunched before the deadline, 1 % after it; no quarter before the one it follows."""
        luck = drawn(self.seed, "announcements").exponential(size=(len(self.periods), self.assets))
        typical, power = np.array([_HURRY[month] for month in self.months.tolist()]).T[:, :, None]
        room = np.array([_ROOM[month] for month in self.months.tolist()])[:, None]
        early = np.minimum(np.floor(typical * luck**power), room).astype(np.int64)
        late = drawn(self.seed, "late reports").random((len(self.periods), self.assets))
        behind = np.where(late < _LATE, 1 + np.floor(_LATEST * late / _LATE), 0).astype(np.int64)
        days = self.due[:, None] + np.where(behind > 0, behind, -early)
        return np.maximum.accumulate(days, axis=0)

    @cached_property
    def late(self) -> BoolArray:
        """Whether a report missed its deadline."""
        late: BoolArray = self.published > self.due[:, None]
        return late

    @cached_property
    def announced(self) -> Days:
        """First day at whose close what was announced may be used."""
        return self.published + _DAY

    @cached_property
    def lawful(self) -> Days:
        """First day at whose close a report without a date may be used: after the deadline, or after a late report."""
        return np.where(self.late, self.announced, self.due[:, None] + _DAY)

    def known(self, days: Days) -> IntArray:
        """Latest quarter that may be used by its deadline at the close of each day ``[D, N]``; −1 where none may."""
        made = np.full((len(days), self.assets), -1, dtype=np.int64)
        quarter = np.arange(len(self.periods))[:, None]
        for at, day in enumerate(days):
            made[at] = np.where(self.lawful <= day, quarter, -1).max(axis=0)
        return made

    def warned(self, days: Days) -> BoolArray:
        """Risk warnings ``[D, N]``: two losses in a row in annual reports, until one is none; from the day after."""
        made = np.zeros((len(days), self.assets), dtype=bool)
        annual = np.flatnonzero(self.months == 12)  # noqa: PLR2004
        loss = annual_return_on_equity(self.quality[annual]) < 0
        warned = np.zeros(self.assets, dtype=bool)
        for place, quarter in enumerate(annual.tolist()):
            warned = loss[place] & (warned | (loss[place - 1] if place else False))
            begins = np.searchsorted(days, self.announced[quarter])
            after = np.arange(len(days))[:, None] >= begins
            made = np.where(after, warned, made)
        return made
