"""Groups that mean nothing: assets dealt out by their names alone, as many groups as one likes."""

import hashlib
from typing import ClassVar

import numpy as np
from pydantic import Field

from tidegate.factors.base import FactorSet, panel_of
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["DealtGroup"]


class DealtGroup(FactorSet):
    """``dealt_group``: a number from 1 to `groups` made of an asset's name and a seed, the same for ever.

    The yardstick of every grouping: whoever gains from one model a group must gain more than from these.

    Known at
        Always: it looks at names alone.
    Units
        None; a number is a name, not a quantity.
    Missing values
        None.

    >>> from tidegate.testing.history import example_bars
    >>> DealtGroup(groups=2).compute(example_bars(sessions=30)).fields
    ('dealt_group',)
    """

    name: ClassVar[str] = "dealt-group"

    groups: int = Field(default=12, ge=1, description="how many groups")
    seed: int = Field(default=0, ge=0, description="another seed is another deal")

    @property
    def earlier_rows(self) -> int:
        """None but its own."""
        return 0

    def compute(self, bars: Bars) -> Panel:
        """Deal every asset out."""
        drawn = [hashlib.sha256(f"{self.seed}/{asset}".encode()).digest()[:8] for asset in bars.assets]
        own = np.array([1.0 + int.from_bytes(one, "little") % self.groups for one in drawn])
        return panel_of(bars, {"dealt_group": np.repeat(own, np.diff(bars.offsets))})
