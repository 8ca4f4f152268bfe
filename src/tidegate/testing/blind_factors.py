"""Factor sets owe: row *t* knows CLOSE(t) and nothing later (leak tests L1 and L2)."""

import numpy as np

from tidegate.errors import ClockError
from tidegate.factors.base import FactorSet
from tidegate.testing.compare import name_rows, require_same
from tidegate.testing.scramble import cut_times, scramble_future, truncate
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["check_factor_set"]

_HINT = "look for a negative shift, a backward fill, a centred window or a statistic of the whole sample"


def check_factor_set(factors: FactorSet, bars: Bars, cuts: int = 8, seed: int = 0) -> int:
    """Cut and scramble the future at `cuts` labels and more around splits; no row up to the cut may change by one bit.

    Returns how many cuts were tried. Also checks that the panel has one row per bar, in the order of ``bars.frame``.

    Errors
        `ClockError` with the first number that changed: row, time, asset, field, before and after.

    >>> from tidegate.factors.raw import RawFields
    >>> from tidegate.testing.history import example_bars
    >>> check_factor_set(RawFields(), example_bars(sessions=60)) >= 8
    True
    """
    full = factors.compute(bars)
    _aligned(factors, bars, full)
    labels = cut_times(bars, cuts, seed)
    title = f"factors {factors.name!r}"
    for number, cut in enumerate(labels):
        others = (("cutting", truncate(bars, cut)), ("scrambling", scramble_future(bars, cut, seed + number)))
        for verb, other in others:
            made = factors.compute(other)
            _aligned(factors, other, made)
            if made.fields != full.fields:
                raise ClockError(
                    f"{title}: the fields themselves depend on the future",
                    expected=full.fields,
                    found=made.fields,
                    where=cut,
                )
            past = bars.frame["time"].to_numpy() <= cut
            same = other.frame["time"].to_numpy() <= cut
            require_same(
                full.values[past],
                made.values[same],
                f"{title} look past {str(cut)[:16]} ({verb} what came after it)",
                name_rows(bars, past, full.fields),
                _HINT,
            )
    return len(labels)


def _aligned(factors: FactorSet, bars: Bars, panel: Panel) -> None:
    """Check that the panel is the bars' own rows."""
    time = bars.frame["time"].to_numpy().astype("datetime64[us]")
    if (
        panel.values.shape[0] != len(time)
        or panel.assets != bars.assets
        or bool(np.any(panel.times[panel.row_time] != time))
    ):
        raise ClockError(
            f"factors {factors.name!r}: the panel's rows are not the bars' rows",
            expected=len(time),
            found=panel.values.shape[0],
            hint="give one row per bar, in the order of bars.frame; `panel_of` does",
        )
