"""A side by the toss of a coin: what a rule within bars earns that knows nothing."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from tidegate.strategy.within_bar import BarPlan, BarsSeen, BarWish, WithinBar, steadily

__all__ = ["RandomSides"]

_EVEN = 0.5


class RandomSides(WithinBar):
    """Long or short in every bar, as an even coin falls.

    Formula
        The t-th number of a generator seeded with `seed`, uniform on [0, 1): long below one half.
    Known at
        After CLOSE(t), and before: it looks at nothing.
    Missing values
        It reads nothing.

    >>> seen = BarsSeen(*(np.full(4, 3500.0) for _ in range(3)), 1.0, 0.1)
    >>> RandomSides(seed=1).plan(seen).sides(np.full(4, 3500.0)).tolist()
    [-1.0, -1.0, 1.0, 0.0]
    """

    name: ClassVar[str] = "random-sides"

    seed: int = Field(default=1, ge=0, description="which coin")
    fraction: float = Field(default=1.0, gt=0, description="value of a position as a fraction of equity")
    short: bool = Field(
        default=True, description="whether the selling half is traded too; else those bars are left out"
    )

    def wish(self, seen: BarsSeen) -> BarWish:
        """Toss for the bar after the last one seen."""
        bits = np.random.PCG64(self.seed)
        bits.advance(len(seen.last) - 1)
        if np.random.Generator(bits).random() < _EVEN:
            return BarWish(float("inf"), float("nan"), self.fraction)
        return BarWish(float("nan"), float("-inf") if self.short else float("nan"), self.fraction)

    def plan(self, seen: BarsSeen) -> BarPlan:
        """Toss for all."""
        heads = np.random.default_rng(self.seed).random(len(seen.last)) < _EVEN
        below = np.where(heads, np.inf, np.nan)
        return steadily(below, np.where(~heads & self.short, -np.inf, np.nan), self.fraction)
