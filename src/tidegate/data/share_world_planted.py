"""The one thing that tells returns in the synthetic market: the profitability of the last report, fading as it ages.

    s(m, n) = z(q(m, n), n) · 2^(−a(m, n) / half_life)          known at the close of the last session of month m
    return(m + 1, n) = rest(m + 1, n) + ic / √(1 − ic²) · spread(m + 1) · s(m, n)

with `q` the latest quarter whose report may be used by its deadline, `a` the months since it may, `spread` the standard
deviation among shares of the rest of month m + 1, a session's part of it cut at the price limit of 10 %. Among shares
whose reports have one age, the correlation of ``z`` with the next month's return is therefore

    ic · w / √(1 − ic² + ic² w²),   w = 2^(−a / half_life),

which is `ic` while the report is fresh, and about half of it after a half-life.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tidegate.data.share_world_reports import Reports
from tidegate.market.calendar import XSHG
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.facts import Days

__all__ = ["Planted", "faded"]

_LIMIT = 0.1
"""Price limit of most boards: what goes beyond it is never printed."""


def faded(ic: float, weights: FloatArray) -> float:
    """Give the information coefficient among shares of given weights (1 fresh, 0 without a report).

    Formula
        ``ic · mean(w) / √(1 − ic² + ic² mean(w²))``.

    >>> round(faded(0.1, np.array([1.0])), 6), round(faded(0.1, np.array([0.5])), 4)
    (0.1, 0.0502)
    """
    return float(ic * weights.mean() / np.sqrt(1 - ic**2 + ic**2 * np.square(weights).mean()))


@dataclass(frozen=True)
class Planted:
    """The signal by month, of a world whose last month may go on beyond it.

    Shapes
        `ends` ``[M]``, the session at whose close each month's signal is known, that before the world's first included;
        `told`, `ages`, `weights` and `signals` ``[M, N]``; `drift` ``[T, N]``; `coefficients` ``[M]``.
    """

    ic: float
    half_life: float
    days: Days
    reports: Reports

    @cached_property
    def month(self) -> IntArray:
        """Number of each session's month ``[T]``, 0 for the first."""
        months = self.days.astype("datetime64[M]").astype(np.int64)
        return np.asarray(months - months[0])

    @cached_property
    def ends(self) -> Days:
        """Last sessions before each month of the world."""
        firsts = self.days[np.append(True, np.diff(self.month) > 0)]
        return np.asarray(XSHG.days[np.searchsorted(XSHG.days, firsts) - 1])

    @cached_property
    def _quarter(self) -> IntArray:
        return self.reports.known(self.ends)

    @cached_property
    def told(self) -> FloatArray:
        """Profitability of the last report that may be used."""
        return np.take_along_axis(self.reports.quality, np.maximum(self._quarter, 0), axis=0)

    @cached_property
    def ages(self) -> IntArray:
        """Months since that report may be used: 0 at the first end of a month."""
        since = np.take_along_axis(self.reports.lawful, np.maximum(self._quarter, 0), axis=0)
        return np.asarray(self.ends.astype("datetime64[M]")[:, None] - since.astype("datetime64[M]"), dtype=np.int64)

    @cached_property
    def weights(self) -> FloatArray:
        """What of a report is left, 0 without one."""
        return np.where(self._quarter >= 0, 0.5 ** (self.ages / self.half_life), 0.0)

    @cached_property
    def signals(self) -> FloatArray:
        """The signal."""
        return self.told * self.weights

    @property
    def coefficients(self) -> FloatArray:
        """Correlation of `told` with the next month's return ``[M]``: `faded` over all shares with a report."""
        return np.array([faded(self.ic, weights[weights > 0]) for weights in self.weights])

    def drift(self, rest: FloatArray) -> FloatArray:
        """Spread each month's part over its sessions; `rest` must hold whole months."""
        if self.ic == 0:
            return np.zeros_like(rest)
        starts = np.flatnonzero(np.append(True, np.diff(self.month) > 0))
        spread = np.add.reduceat(np.clip(rest, -_LIMIT, _LIMIT), starts, axis=0).std(axis=1)
        size = self.ic / np.sqrt(1 - self.ic**2) * spread / np.bincount(self.month)
        return np.asarray((size[:, None] * self.signals)[self.month])
