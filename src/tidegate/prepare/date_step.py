"""The family of steps by date: a cross-section goes in, one of the same assets comes out, and what changed is counted.

A member is handed one date at a time and nothing else, so it can't look at another: that is how the room keeps
the future out. A study declares its steps as a tuple, and their order is the order of work.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tidegate.component import Component
from tidegate.prepare.sections import CrossSections, Section
from tidegate.types.axes import FloatArray, IntArray, frozen, require
from tidegate.types.panel import Panel

__all__ = ["DateStep", "Prepared", "StepCount", "prepare_dates", "prepare_panel"]


class DateStep(Component):
    """One thing done to every date's cross-section by itself.

    Known at
        CLOSE(t): a date's section uses that date alone.
    """

    family: ClassVar[str] = "date-step"

    @abstractmethod
    def change(self, section: Section) -> FloatArray:
        """Make the new values ``[n, F']`` of one date; the section's own may not be written to."""

    def gives(self, fields: tuple[str, ...]) -> tuple[str, ...]:
        """Fields that come out where `fields` go in: the same, in their order, and then what the step adds."""
        return fields


@dataclass(frozen=True)
class StepCount:
    """What one step did, by date and field ``[T, F]`` (fields that it added are not counted).

    `changed` numbers became other numbers, `dropped` ones became missing, `filled` ones were missing before.
    """

    step: str
    fields: tuple[str, ...]
    changed: IntArray
    dropped: IntArray
    filled: IntArray

    def __str__(self) -> str:
        return f"{self.step}: {self.changed.sum()} changed, {self.dropped.sum()} dropped, {self.filled.sum()} filled"


@dataclass(frozen=True)
class Prepared:
    """Sections after all steps, and the count of each, in their order."""

    sections: CrossSections
    counts: tuple[StepCount, ...]


def prepare_dates(sections: CrossSections, steps: tuple[DateStep, ...]) -> Prepared:
    """Do the steps in their order, each on every date by itself.

    Shapes
        ``[R, F]`` in; ``[R, F']`` out, the same rows.
    Known at
        CLOSE(t).
    Missing values
        As each step says.
    Errors
        `RecordError` where a step gives another shape or an infinity.

    >>> from tidegate.prepare.z_score import ZScore
    >>> made = prepare_dates(CrossSections.of_grid(np.array([[[1.0], [3.0]], [[5.0], [5.0]]]), ("x",)), (ZScore(),))
    >>> made.sections.grid()[:, :, 0].tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    >>> print(made.counts[0])
    z-score: 4 changed, 0 dropped, 0 filled
    """
    counts = []
    for step in steps:
        sections, count = _done(step, sections)
        counts.append(count)
    return Prepared(sections, tuple(counts))


def prepare_panel(
    panel: Panel,
    steps: tuple[DateStep, ...],
    groups: dict[str, IntArray] | None = None,
    exposures: dict[str, FloatArray] | None = None,
) -> tuple[Panel, tuple[StepCount, ...]]:
    """Do the steps on a panel: turned by date, in double precision, and back; groups and exposures are ``[R]``.

    Known at
        CLOSE(t).
    """
    made = prepare_dates(CrossSections.of_panel(panel, groups, exposures), steps)
    return made.sections.panel(panel), made.counts


def _done(step: DateStep, sections: CrossSections) -> tuple[CrossSections, StepCount]:
    fields, before = step.gives(sections.fields), len(sections.fields)
    require(holds=fields[:before] == sections.fields, what=f"step {step.name!r} loses a field", found=fields)
    values = np.empty((len(sections.values), len(fields)))
    tally = np.zeros((3, len(sections), before), dtype=np.int64)
    for date, section in enumerate(sections):
        new = step.change(section)
        expected = (len(section.values), len(fields))
        require(holds=new.shape == expected, what=f"step {step.name!r}", expected=expected, found=new.shape)
        values[sections.offsets[date] : sections.offsets[date + 1]] = new
        old, kept = section.values, new[:, :before]
        had, has = ~np.isnan(old), ~np.isnan(kept)
        tally[0, date] = (had & has & (old != kept)).sum(axis=0)
        tally[1, date] = (had & ~has).sum(axis=0)
        tally[2, date] = (has & ~had).sum(axis=0)
    made = CrossSections.of(
        values,
        fields,
        sections.times,
        sections.assets,
        sections.offsets,
        sections.asset,
        sections.groups,
        sections.exposures,
    )
    return made, StepCount(step.name, sections.fields, *(frozen(one) for one in tally))
