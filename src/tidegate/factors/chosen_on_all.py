"""Factors that were picked by how well they did, the judged years included: a public mistake, for comparison."""

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tidegate.errors import SettingError
from tidegate.factors.base import FactorSet, panel_of
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["ChosenOnAll"]


class ChosenOnAll(FactorSet):
    """Of the factors of `inner`, the `count` that correlate most with the return over the next `span` bars, all told.

    ``|corr(x(t), close(t + span) / close(t) - 1)|`` over every bar of every asset; of equal ones the first.

    Known at
        Never lawful: which factors these are is known at the last bar.
    Missing values
        Bars without a value, or without a bar so far ahead, do not count.
    Errors
        `SettingError` where `inner` has fewer factors.
    Source
        Whoever looks over the whole table for what works, and only then parts it.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> from tidegate.factors.noise import PlantedNoise
    >>> made = ChosenOnAll(inner=PlantedNoise(count=20), count=2, span=5).compute(
    ...     NoiseWorld(sessions=60, seed=1).bars()
    ... )
    >>> len(made.fields)
    2
    """

    name: ClassVar[str] = "chosen-on-all"
    mistake: ClassVar[str] = "LEAKS: factors were chosen by what they told of returns that are judged."
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "planted-noise", "count": 12}, "count": 2, "span": 3}

    inner: FactorSet = Field(description="the factors to choose among; a set that needs bars alone")
    count: int = Field(ge=1, description="how many are kept")
    span: int = Field(ge=1, description="bars of the return that they are held against")

    def compute(self, bars: Bars) -> Panel:
        """Correlate each factor with what came, and keep the first."""
        panel = self.inner.compute(bars)
        if self.count > len(panel.fields):
            raise SettingError("fewer factors than are to be kept", expected=f"up to {len(panel.fields)}",
                               found=self.count, where=self.name)  # fmt: skip
        close = bars.adjusted("close")
        came = np.concatenate([self._came(close[first:end]) for first, end in pairwise(bars.offsets)])
        told = np.array([self._told(panel.values[:, at], came) for at in range(len(panel.fields))])
        kept = np.sort(np.argsort(-told, kind="stable")[: self.count])
        return panel_of(bars, {panel.fields[at]: panel.values[:, at].astype(np.float64) for at in kept})

    def _came(self, close: FloatArray) -> FloatArray:
        made = np.full_like(close, np.nan)
        made[: -self.span] = close[self.span :] / close[: -self.span] - 1
        return made

    @staticmethod
    def _told(values: NDArray[np.float32], came: FloatArray) -> float:
        there = np.isfinite(values) & np.isfinite(came)
        one, two = values[there].astype(np.float64), came[there]
        if there.sum() < 2 or np.ptp(one) == 0 or np.ptp(two) == 0:  # noqa: PLR2004 - a line needs two
            return 0.0
        return float(abs(np.corrcoef(one, two)[0, 1]))
