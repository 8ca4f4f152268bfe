"""Rolls: which contract is the main one, and how its prices are joined.

At the close of a session the next contract's open interest is compared with the present one's; where it is larger, the
switch happens at the *open of the next session*, which is the first moment at which anybody could act on it. There is
no way back to a contract once left. Fills, fees, margins and limits are those of the contracts themselves; the joined
series serves signals alone.
"""

from datetime import date
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from tidegate.errors import DataError
from tidegate.types.axes import require

__all__ = ["Roll", "joined", "roll_table"]

_NEEDED = ("session", "contract", "close", "open_interest")


class Roll(NamedTuple):
    """A switch from one contract to another."""

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
    contract is the one of largest open interest on the first session.

    Formula
        From contract *c* to the later contract *c'* of largest open interest, where that exceeds *c*'s at the close of
        *d*, from the open of *d + 1* on. A contract that has no bar any more counts as of no interest.

    Known at
        A roll is decided at CLOSE(decided) and holds from OPEN(switched) on.

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


def joined(
    frame: pl.DataFrame, rolls: tuple[Roll, ...], how: Literal["ratio", "difference", "none"] = "ratio"
) -> pl.DataFrame:
    """Join the main contract's bars into one series, its past prices moved so that no roll is a step.

    Formula
        Prices before a roll × new/old close (`ratio`: returns are kept), or + new − old (`difference`: profits in ticks
        are kept). What is added stands beside as `factor` or `shift`, and the raw prices keep their columns. Where the
        bars have an `open`, `roll_from` is that of the contract left in the first bar of its switch, null elsewhere and
        where it has no bar any more: with it a market closes what is held at its true price.

    Known at
        A past price moves with every later roll; returns within a contract do not. Use it for signals, never for fills.
    """
    require(holds=how in {"ratio", "difference", "none"}, what="unknown way to join contracts", found=how)
    first = frame.sort("session").filter(pl.col("session") == pl.col("session").min())
    main = rolls[0].old if rolls else first.sort("open_interest", "contract")["contract"][-1]
    changes = pl.DataFrame(
        {"session": [first["session"][0], *(roll.switched for roll in rolls)], "main": [main, *(r.new for r in rolls)]}
    )
    factor, shift = np.ones(len(rolls) + 1), np.zeros(len(rolls) + 1)
    for place in range(len(rolls) - 1, -1, -1):
        roll = rolls[place]
        factor[place] = factor[place + 1] * roll.new_close / roll.old_close
        shift[place] = shift[place + 1] + roll.new_close - roll.old_close
    if how != "ratio":
        factor[:] = 1.0
    if how != "difference":
        shift[:] = 0.0
    spans = changes.with_columns(factor=factor, shift=shift).set_sorted("session")
    order = ["session", "time"] if "time" in frame.columns else ["session"]
    main_bars = (
        frame.sort(order)
        .join_asof(spans, on="session", strategy="backward")
        .filter(pl.col("contract") == pl.col("main"))
        .drop("main")
    )
    if "open" not in frame.columns or not rolls:
        return main_bars
    places = pl.DataFrame({"session": [r.switched for r in rolls], "contract": [r.old for r in rolls]})
    opens = frame.sort(order).join(places, on=["session", "contract"]).unique("session", keep="first")
    begins = pl.int_range(pl.len()).over("session") == 0
    return main_bars.join(
        opens.select("session", roll_from="open"), on="session", how="left", maintain_order="left"
    ).with_columns(pl.when(begins).then(pl.col("roll_from")))
