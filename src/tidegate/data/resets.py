"""Days on which the prices of a share begin anew: what traded before and what trades now are not one series.

A share reform gives holders shares that no reference price tells, and a restructuring puts another company under the
code. The exchanges let no limit hold on such a day, so it shows as a breach of the computed ones, of a class that tells
it from a listing, additional shares or a slip of the data (`tidegate.data.limit_audit`). The rule looks at the day and
at what came before it; nothing later can change a flag.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from tidegate.data.limit_audit import audit_limits
from tidegate.errors import DataError
from tidegate.market.instruments import Instruments
from tidegate.types.axes import BoolArray
from tidegate.types.bars import Bars

__all__ = ["RESETTING", "Resets", "find_resets"]

RESETTING = ("listing", "long halt", "share reform", "resumption", "float")
"""Classes of breaches after which nothing before the day counts; a first bar begins by itself and is not flagged."""


class Resets(NamedTuple):
    """The flag of every bar ``[R]``, or None with the reason why nobody could tell."""

    flags: BoolArray | None
    note: str


def find_resets(bars: Bars, instruments: Instruments | None = None) -> Resets:
    """Flag the bars at which prices begin anew.

    Formula
        ``reset[r]``: the bar lies beyond its computed limits, its class is one of `RESETTING`, and the asset has a bar
        before it.
    Known at
        CLOSE(t), from bars up to *t* alone.
    Missing values
        No flags for what is no share, or has no reference prices; the note says so. Bars that cannot be audited (codes
        of no board, prices off the tick) have none either. A reform whose price stayed within the limits is not found.

    >>> from tidegate.testing.history import example_bars
    >>> find_resets(example_bars(sessions=60)).note
    'not looked for (only shares with reference prices have them)'
    """
    if bars.spec.kind != "stock" or not bars.has("preclose"):
        return Resets(None, "not looked for (only shares with reference prices have them)")
    try:
        breaches = audit_limits(bars, instruments).breaches
    except DataError as error:
        return Resets(None, f"not looked for ({error.what}, found {error.found})")
    flags = np.zeros(bars.frame.height, dtype=bool)
    flags[breaches.filter(pl.col("class").is_in(RESETTING))["row"].to_numpy()] = True
    flags[bars.offsets[:-1]] = False
    return Resets(flags, f"prices begin anew on {int(flags.sum())} bars (share reforms, restructurings)")
