"""The windows that end on one day, made by the corridor's own steps from the end of the data where that is enough.

A factor set that tells how many earlier bars of its own asset a row needs is computed on those alone; where steps by
date follow, on whole dates. Where it does not tell, or a step asks for groups or a row is a month, everything up to the
day is computed as a run would compute it: slower, with the same bits.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from tidegate.data.months import by_month
from tidegate.data.recent import Before, Recent, derived, recent_of
from tidegate.data.source import Source
from tidegate.errors import DataError
from tidegate.prepare.windows import cut_windows
from tidegate.study.carry import adjusted_on, carry_at
from tidegate.study.day_sections import DaySections, sections_of, whole_dates
from tidegate.study.declare import Study
from tidegate.study.frozen import Frozen
from tidegate.study.gaps import LABELS, refuse_within_month, row_at
from tidegate.study.ground import make_panel, seen_bars, seen_reports
from tidegate.study.records import load_panel
from tidegate.study.stations import shown
from tidegate.types.axes import BoolArray, TimeArray
from tidegate.types.bars import Bars
from tidegate.types.history import History
from tidegate.types.panel import Panel
from tidegate.types.windows import Windows

__all__ = ["DayWindows", "look_at"]


@dataclass(frozen=True)
class DayWindows:
    """The windows whose anchor is a day's row, the labels of all rows up to it, and the end of the bars."""

    windows: Windows
    rows: TimeArray
    recent: Recent


def look_at(frozen: Frozen, source: Source, when: np.datetime64) -> DayWindows:
    """Look at a source up to the close of `when`, as the frozen study does.

    Errors
        `DataError` where that day has no bar, or no window ends on it.
    """
    study = frozen.study.but(span=frozen.study.span.but(last=None))
    early = study.factors.earlier_rows
    recent, sections = _recent(frozen, study, source, when, early)
    if sections is not None:
        bars, panel = sections.panel(study)
        rows, panel = recent.times, _on(panel, bars, recent)
    elif _by_rows(study) and early is not None:
        rows, bars = recent.times, recent.bars
        panel = _on(study.factors.compute(bars), bars, recent)
    else:
        rows, bars, panel = _whole(study, source, when)
    inputs = tuple(field for field in panel.fields if field not in study.context)
    windows = cut_windows(bars, panel, study.label, study.lookback, study.count, inputs, study.context).windows
    which = windows.anchor_time == row_at(panel.times, when)
    if not which.any():
        raise DataError(
            "no window ends on that day",
            where=f"{study.name}, {shown(when)}",
            expected=f"{study.lookback} rows of some asset without a missing value",
            found=f"{len(recent.bars.assets)} assets with a bar",
            hint="data may be missing before that day, or a factor has no value there",
        )
    return DayWindows(windows.take(which), rows, recent)


def _by_rows(study: Study) -> bool:
    """Whether a row of the panel is a bar, and nothing is done to it that needs the other assets of its date."""
    return study.cadence == "bars" and not study.steps and study.pruning is None


def _by_dates(study: Study) -> bool:
    """Whether a row of the panel is a bar, and what is done to it needs its date's factors and nothing else."""
    alone = not any(getattr(step, "group", None) for step in study.steps) and study.pruning is None
    return study.cadence == "bars" and bool(study.steps) and alone and not study.factors.reads_reports


def _recent(
    frozen: Frozen, study: Study, source: Source, when: np.datetime64, early: int | None
) -> tuple[Recent, DaySections | None]:
    """The end of the data, from the last years alone where the source can read those, and whole dates where steps ask.

    `early` is how many earlier bars a row's factors need, None where nobody tells.
    """
    labels, besides, rows = _labels(study), frozen.times[-1:], study.lookback + (early or 0)
    dates = early if _by_dates(study) else None
    held = _of_years(frozen, study, source, when, labels, rows, dates)
    if held is None:
        bars, before = seen_bars(study, source.bars()), None
        row_at(bars.times, when)
        bars = bars.upto(when)
    else:
        bars, before = held
    sections = None if dates is None else sections_of(bars, before, study.lookback, dates)
    return recent_of(bars, rows, labels, besides, before), sections


def _of_years(
    frozen: Frozen, study: Study, source: Source, when: np.datetime64, labels: int, rows: int, dates: int | None
) -> tuple[Bars, Before] | None:
    """As few whole years as hold `rows` rows of every asset with a bar on the day, and `labels` labels.

    With `dates`, that many rows too before every row of the dates that are looked at whole. None where the source
    cannot read years, or where the day has no bar in its own (so that the whole may say why).
    """
    year = when.astype("datetime64[Y]").astype(int) + 1970
    known = frozen.carry["year"].to_numpy()
    first = min(year, int(known.max()))  # the run's own last year may not have been over
    earliest = int(known.min())
    while True:
        read = source.years(first, year)
        if read is None:
            return None
        present = tuple(asset for asset in study.universe if asset in read.assets)
        if study.universe and not present:
            return None
        bars = seen_bars(study.but(universe=present), read)
        if not bool(np.isin(when, bars.times)):
            return None
        bars = bars.upto(when)
        before = carry_at(frozen.carry, first)
        enough = len(bars.times) >= labels and _enough(bars, before, rows)
        if first <= earliest or (enough and (dates is None or _deep(bars, before, study.lookback, dates))):
            break
        first -= 1
    adjustment = adjusted_on(bars, before) if derived(bars) else None
    return bars, Before(frozen.times, before.select("asset", listed=pl.col("first")), adjustment)


def _enough(bars: Bars, before: pl.DataFrame, rows: int) -> bool:
    """Whether every asset with a bar at the last label has `rows` rows, or none in the years before."""
    ends = bars.offsets[1:]
    there = bars.places[ends - 1] == len(bars.times) - 1
    return not _known(bars, before, there & (np.diff(bars.offsets) < rows))


def _deep(bars: Bars, before: pl.DataFrame, lookback: int, early: int) -> bool:
    """Whether every row of the dates that are looked at whole has `early` rows before it, or none in earlier years."""
    which = np.flatnonzero(whole_dates(bars, lookback))
    asset = np.searchsorted(bars.offsets, which, side="right") - 1
    short = np.zeros(len(bars.assets), dtype=bool)
    short[asset[which - bars.offsets[asset] < early]] = True
    return not _known(bars, before, short)


def _known(bars: Bars, before: pl.DataFrame, which: BoolArray) -> bool:
    """Whether any of these assets ``[N]`` had a bar in the years before."""
    return bool(np.isin(np.array(bars.assets)[which], before["asset"].to_numpy()).any())


def _labels(study: Study) -> int:
    """How many of the last labels the filters and the strategy may look at."""
    asked = [int(getattr(one, "sessions", 0)) for one in study.filters]
    return max(LABELS, *asked, int(getattr(study.strategy, "days", 0)) + 2)


def _on(panel: Panel, rows: Bars, recent: Recent) -> Panel:
    """The panel of `rows` on the time axis of the whole: distances in sessions are what they were."""
    times = recent.times_of(rows)
    return Panel.of(panel.values, recent.times, panel.assets, panel.fields, times, panel.offsets, panel.forcings)


def _whole(study: Study, source: Source, when: np.datetime64) -> tuple[TimeArray, Bars, Panel]:
    """Rows and panel of everything up to the day, as a run makes them."""
    whole = seen_bars(study, source.bars())
    if study.cadence == "months":
        refuse_within_month(whole.times, when)
    bars = whole.upto(when)
    rows = by_month(bars) if study.cadence == "months" else bars
    row_at(rows.times, when)
    reported = seen_reports(study, source.reported()).upto(when.astype("datetime64[D]").item())
    with TemporaryDirectory() as folder:
        make_panel(study, History.of(bars, rows, reported), Path(folder))
        panel = load_panel(Path(folder))
    return rows.times, rows, panel
