"""Steps by date owe: a date's values depend on that date alone, and what went in is left as it was."""

import numpy as np

from tidegate.errors import ClockError
from tidegate.factors.raw import RawFields
from tidegate.prepare.date_step import DateStep, prepare_dates
from tidegate.prepare.sections import CrossSections
from tidegate.testing.compare import require_same
from tidegate.testing.history import example_bars
from tidegate.testing.scramble import cut_times, scramble_future
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars

__all__ = ["check_step", "example_sections"]

_FIELDS = ("close", "high", "low", "volume", "amount")
_ASSETS = 12
_GROUPS = 3
_SHARE = 0.1
_HINT = "a step may look at the section it is given, and at nothing else"


def example_sections(bars: Bars) -> CrossSections:
    """Raw fields by date, some of them missing, with the grouping ``industry`` and the exposure ``log_size``.

    What is missing and which industry an asset is in follow from its own numbers and name, not from other rows.
    """
    panel = RawFields(fields=_FIELDS, optional=()).compute(bars)
    volume = panel.column("volume").astype(np.float64)
    number = np.array([sum(map(ord, name)) % _GROUPS for name in panel.assets])[panel.row_asset]
    sections = CrossSections.of_panel(panel, {"industry": number}, {"log_size": np.log1p(volume)})
    values = sections.values.copy()
    values[(values * 1e3) % 1.0 < _SHARE] = np.nan
    return CrossSections.of(
        values,
        sections.fields,
        sections.times,
        sections.assets,
        sections.offsets,
        sections.asset,
        sections.groups,
        sections.exposures,
    )


def check_step(step: DateStep, bars: Bars | None = None, cuts: int = 8, seed: int = 0) -> int:
    """Prepare, change the future, prepare again: no number up to the cut may change by one bit; returns the cuts tried.

    A date prepared by itself must give the same bits too. Bars of fewer than 8 assets are replaced by a wider example:
    few assets leave no residual to look at.

    Errors
        `ClockError` with the first number that changed, or where a step writes into what it was given.

    >>> from tidegate.prepare.z_score import ZScore
    >>> check_step(ZScore(), cuts=2) >= 2
    True
    """
    held = example_bars(sessions=60, assets=_ASSETS) if bars is None or len(bars.assets) < _ASSETS else bars
    title = f"step {step.name!r}"
    sections = example_sections(held)
    made = prepare_dates(sections, (step,)).sections
    for date, section in enumerate(sections):
        before = section.values.copy()
        alone = step.change(section)
        _same(made.at(date).values, alone, f"{title}: date {date} by itself is another", made.fields)
        _same(before, section.values, f"{title} writes into the section it was given", made.fields)
    tried = cut_times(held, cuts, seed)
    for number, cut in enumerate(tried):
        other = prepare_dates(example_sections(scramble_future(held, cut, seed + number)), (step,)).sections
        end = int(made.offsets[np.searchsorted(made.times, cut, side="right")])
        again = int(other.offsets[np.searchsorted(other.times, cut, side="right")])
        what = f"{title}: {str(cut)[:16]} and before change with what came after"
        _same(made.values[:end], other.values[:again], what, made.fields)
    if not np.isfinite(made.values).any():
        raise ClockError(f"{title}: not one number is left of the example")
    return len(tried)


def _same(before: FloatArray, after: FloatArray, what: str, fields: tuple[str, ...]) -> None:
    require_same(before, after, what, lambda at: f"row {at[0]}, {fields[at[1]]}", _HINT)
