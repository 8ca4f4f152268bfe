"""Several factor sets as one panel."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.errors import SettingError
from tidegate.factors.base import FactorSet, FactorValues
from tidegate.types.bars import Bars
from tidegate.types.history import History
from tidegate.types.panel import Panel

__all__ = ["Together"]


class Together(FactorSet):
    """The fields of several sets side by side, in the order of the sets.

    Known at
        As each member: the later of them.
    Errors
        `SettingError` where two sets give a field of the same name.
    """

    name: ClassVar[str] = "together"
    example: ClassVar[dict[str, Any]] = {"sets": [{"name": "raw-fields"}, {"name": "price-level"}]}

    sets: tuple[FactorSet, ...] = Field(min_length=1, description="factor sets")

    @property
    def reads_reports(self) -> bool:
        """Whether one of them does."""
        return any(held.reads_reports for held in self.sets)

    @property
    def earlier_rows(self) -> int | None:
        """The most that one of them needs."""
        told = [held.earlier_rows for held in self.sets]
        known = [rows for rows in told if rows is not None]
        return max(known) if len(known) == len(told) else None

    @property
    def styles(self) -> Mapping[str, str]:
        """Those of its sets."""
        return {field: style for held in self.sets for field, style in held.styles.items()}

    def compute(self, bars: Bars) -> Panel:
        """Compute each set and join the columns."""
        panels = [held.compute(bars) for held in self.sets]
        fields = _joined([panel.fields for panel in panels])
        first = panels[0]
        return Panel.of(
            np.hstack([panel.values for panel in panels]),
            first.times,
            first.assets,
            fields,
            first.row_time,
            first.offsets,
            frozenset().union(*(panel.forcings for panel in panels)),
        )

    def at(self, history: History) -> FactorValues:
        """Compute each set at the wanted rows and join the columns."""
        made = [held.at(history) for held in self.sets]
        return FactorValues(
            np.hstack([one.values for one in made]),
            _joined([one.fields for one in made]),
            frozenset().union(*(one.forcings for one in made)),
            tuple(dict.fromkeys(stamp for one in made for stamp in one.stamps)),
        )


def _joined(sets: list[tuple[str, ...]]) -> tuple[str, ...]:
    fields = tuple(field for given in sets for field in given)
    if len(set(fields)) < len(fields):
        raise SettingError(
            "two factor sets give one field", found=sorted(f for f in set(fields) if fields.count(f) > 1)
        )
    return fields
