"""Panel → Windows: every stretch of L consecutive rows that may be shown to a model, and what was left out and why."""

from dataclasses import dataclass

import numpy as np

from tidegate.prepare.ahead import Count, known_position
from tidegate.prepare.label import Label
from tidegate.types.axes import BoolArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel
from tidegate.types.windows import Windows

__all__ = ["Cut", "cut_windows"]


@dataclass(frozen=True)
class Cut:
    """The windows, and how many rows cannot end one, by reason (each row counted under its first reason)."""

    windows: Windows
    dropped: dict[str, int]


def cut_windows(
    bars: Bars,
    panel: Panel,
    label: Label,
    lookback: int,
    count: Count,
    inputs: tuple[str, ...],
    context: tuple[str, ...] = (),
    first: int = 0,
) -> Cut:
    """Cut windows of `lookback` rows, never across assets, gaps (when sessions count) or missing values.

    Parameters
    ----------
    bars, panel
        What happened, and the factors made of it, row for row.
    count
        ``"rows"``: L counts the bars that the asset traded. ``"sessions"``: a window over a bar that the asset missed
        is dropped.
    first
        Position on the time axis before which no anchor lies (rows before it may still be seen).

    Known at
        The inputs at CLOSE(anchor), the target at ``label.horizon.exit_at(anchor)``.
    Missing values
        A window with a missing input is dropped and counted; a missing *target* keeps its window: it can be forecast.
    """
    rows = panel.values.shape[0]
    at = np.arange(rows, dtype=np.int64)
    begins = at - lookback + 1
    early = panel.row_time < first
    short = begins < panel.first_row
    begin = np.maximum(begins, 0)
    gap = (
        (panel.row_time - panel.row_time[begin] != lookback - 1) if count == "sessions" else np.zeros(rows, dtype=bool)
    )
    missing = np.asarray(~np.isfinite(panel.values[:, [panel.field(f) for f in inputs]]).all(axis=1))
    holes = _any_in_window(missing, lookback)
    if context:
        holes |= ~np.isfinite(panel.values[:, [panel.field(f) for f in context]]).all(axis=1)
    dropped: dict[str, int] = {}
    kept = np.ones(rows, dtype=bool)
    for reason, out in (
        ("before the span", early),
        ("too little history", short),
        ("a gap in the window", gap),
        ("a missing value", holes),
    ):
        dropped[reason] = int((kept & out).sum())
        kept &= ~out
    anchors = at[kept]
    target = label.target(bars, panel, count)
    known = known_position(panel, label.exit_row(panel, count))
    return Cut(
        Windows.of(panel, lookback, inputs, context, label.horizon, anchors, target[anchors], known[anchors]), dropped
    )


def _any_in_window(flag: BoolArray, lookback: int) -> BoolArray:
    """Whether any of the last `lookback` rows is flagged (rows before the first count as clean)."""
    total = np.concatenate([[0], np.cumsum(flag)])
    end = np.arange(1, len(flag) + 1)
    return np.asarray(total[end] - total[np.maximum(end - lookback, 0)] > 0)
