"""Rolls: which contract is the main one.

At the close of a session the next contract's open interest is compared with the present one's; where it is larger, the
switch happens at the *open of the next session*, which is the first moment at which anybody could act on it. There is
no way back to a contract once left. Fills, fees, margins and limits are those of the contracts themselves; what joins
their prices (`data.futures_chain.main_series`) serves signals alone.
"""

from datetime import date
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from tidegate.errors import DataError
from tidegate.types.axes import require

__all__ = ["Roll", "roll_table"]

_NEEDED = ("session", "contract", "close", "open_interest")


class Roll(NamedTuple):
    """A switch from one contract to another.

    Known at
        CLOSE(decided), all of it; `switched` is the session after.
    """

    decided: date
    """Session at whose close the open interest said so."""
    switched: date
    """Session at whose open the new contract is the main one."""
    old: str
    new: str
    old_close: float
    new_close: float
    """Closes of the session decided on: their ratio and difference join the prices."""


def roll_table(frame: pl.DataFrame) -> tuple[Roll, ...]:
    """Find the rolls of one product from its contracts' daily bars: session, contract, close, open_interest.

    Contracts are named so that the order of names is the order of delivery (RB0909 before RB0910). The first main
    contract is the one of largest open interest at the close of the first session.

    Formula
        From contract *c* to the later contract *c'* of largest open interest, where that exceeds *c*'s at the close of
        *d*, from the open of *d + 1* on. A contract that has no bar any more counts as of no interest.

    Known at
        A roll is decided at CLOSE(decided) and holds from OPEN(switched) on. The first main contract is known at the
        CLOSE of the first session, which it is the main one of all the same: nothing was known before it.

    Errors
        `DataError` where a session has no later contract though the present one has ended.

    >>> days = [date(2024, 1, d) for d in (2, 3, 4)]
    >>> frame = pl.DataFrame(
    ...     {
    ...         "session": [day for day in days for _ in "ab"],
    ...         "contract": ["RB2405", "RB2410"] * 3,
    ...         "close": [4000.0, 3900.0, 4010.0, 3910.0, 4020.0, 3920.0],
    ...         "open_interest": [9.0, 5.0, 7.0, 8.0, 9.0, 6.0],
    ...     }
    ... )
    >>> [(roll.switched.day, roll.old, roll.new) for roll in roll_table(frame)]
    [(4, 'RB2405', 'RB2410')]
    """
    missing = [name for name in _NEEDED if name not in frame.columns]
    require(holds=not missing, what="contracts lack columns", expected=list(_NEEDED), found=frame.columns)
    twice = frame.filter(pl.struct("session", "contract").is_duplicated())
    require(holds=twice.is_empty(), what="a contract has two bars in one session", found=twice.head(1).to_dicts())
    days = [
        (
            held["session"][0],
            dict(zip(held["contract"], zip(held["close"], held["open_interest"], strict=True), strict=True)),
        )
        for held in frame.select(_NEEDED).sort("session", "contract").partition_by("session", maintain_order=True)
    ]
    rolls: list[Roll] = []
    main = max(days[0][1], key=lambda name: (days[0][1][name][1], name)) if days else ""
    known = days[0][1].get(main, (np.nan, 0.0))[0] if days else np.nan
    for (day, held), (following, _) in pairwise(days):
        known = held[main][0] if main in held else known
        later = [name for name in held if name > main]
        if not later:
            if main not in held:
                raise DataError("a contract has ended and no later one trades", found=main, where=day)
            continue
        best = max(later, key=lambda name: (held[name][1], name))
        if main not in held or held[best][1] > held[main][1]:
            rolls.append(Roll(day, following, main, best, float(known), float(held[best][0])))
            main, known = best, held[best][0]
    return tuple(rolls)
