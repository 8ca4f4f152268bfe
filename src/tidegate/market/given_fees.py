"""A vendor's table of fees: where it speaks it goes before the dated rules, and what differs is counted.

The rows are settings of a market, so that they are part of its document; `tidegate.data.fee_tables` reads them from a
file. A fee that the table does not name, and any session before its first row, keeps the rule.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from tidegate.component import Settings
from tidegate.errors import SettingError
from tidegate.market.alarms import Alarm, alarm
from tidegate.market.base import RATE_UNIT
from tidegate.types.axes import IntArray

__all__ = ["GivenFee", "Told", "given_over"]

Days = NDArray[np.datetime64]


class GivenFee(Settings):
    """One row: from `since` on, so much of value and so much a unit, until the next row of the same fee and place.

    >>> GivenFee(fee="stamp_duty_sell", since=date(2023, 8, 28), rate=0.0005).place
    ''
    """

    fee: Literal[
        "stamp_duty_buy",
        "stamp_duty_sell",
        "transfer_fee",
        "handling_fee",
        "regulatory_fee",
        "trading_fee",
        "close_today",
    ] = Field(description="which fee; the last two are those of futures, to open and close, and to close today")
    since: date = Field(description="first session that it holds on")
    rate: float = Field(default=0.0, ge=0, le=0.1, description="fraction of value")
    per_unit: float = Field(default=0.0, ge=0, description="currency per share or lot")
    place: str = Field(default="", description="exchange (SH, SZ, BJ) or contract that it is for; empty for all")

    @model_validator(mode="after")
    def _charged(self) -> "GivenFee":
        if self.per_unit and self.fee not in {"transfer_fee", "trading_fee", "close_today"}:
            raise SettingError(
                f"{self.fee} is no fee by the unit here", expected="transfer_fee, trading_fee or close_today",
                found=self.per_unit, hint="give it as a fraction of value",
            )  # fmt: skip
        return self


class Told(NamedTuple):
    """A fee over some sessions ``[T]``: 1e-8 of value, 1e-8 of the currency a unit, and where the vendor's it is."""

    rate: IntArray
    per_unit: IntArray
    given: NDArray[np.bool_]
    alarms: list[Alarm]


def given_over(
    rows: Sequence[GivenFee], fee: str, place: str, days: Days, ruled: tuple[IntArray, IntArray], title: str
) -> Told:
    """Lay a vendor's rows of one fee over the rule's; rows of the very `place` go before those of all places.

    Known at
        Before the session: a fee is announced.
    Units
        `ruled` and what is returned in 1e-8 of value, and 1e-8 of the currency a unit.

    >>> days = np.array(["2023-08-25", "2023-08-28"], dtype="datetime64[D]")
    >>> rule = np.array([100_000, 50_000]), np.zeros(2, dtype=np.int64)
    >>> row = GivenFee(fee="stamp_duty_sell", since=date(2023, 8, 1), rate=0.0005)
    >>> told = given_over([row], "stamp_duty_sell", "SH", days, rule, "stamp duty on sales")
    >>> told.rate.tolist(), told.alarms[0].first
    ([50000, 50000], ('SH 2023-08-25 (50000 + 0 against 100000 + 0)',))
    """
    mine = [row for row in rows if row.fee == fee]
    own = sorted((row for row in mine if row.place == place), key=lambda row: row.since)
    own = own or sorted((row for row in mine if not row.place), key=lambda row: row.since)
    starts = np.array([row.since for row in own], dtype="datetime64[D]")
    at = np.searchsorted(starts, days.astype("datetime64[D]"), side="right") - 1
    given = at >= 0
    theirs = [np.array([round(value * RATE_UNIT) for value in values] + [0], dtype=np.int64)[at] for values in
              ([row.rate for row in own], [row.per_unit for row in own])]  # fmt: skip
    made = [np.where(given, new, old) for new, old in zip(theirs, ruled, strict=True)]
    differs = given & ((made[0] != ruled[0]) | (made[1] != ruled[1]))
    first = np.concatenate([[True], days[1:] != days[:-1]]) if len(days) else np.zeros(0, dtype=bool)

    def words(row: int) -> str:
        rule = f"{ruled[0][row]} + {ruled[1][row]}"
        return f"{place} {days[row].astype('datetime64[D]')} ({made[0][row]} + {made[1][row]} against {rule})"

    what = f"a given {title} differs from the rule's, and goes first"
    return Told(made[0], made[1], given, alarm(what, differs & first, words))
