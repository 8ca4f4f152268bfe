"""Shares lent to be sold short: margin, margin calls and the fee for borrowing, as dated rows that a reader states.

What a broker asks is no fact of the world that one table could tell, and what is lent changes by the day: each row is
a setting. The margin is of all that is sold short, at the equity of the last close; proceeds of a short sale are held
back from purchases; where equity at a close lies under the maintenance margin, the whole book is closed at the next
open. The fee is a year's, for calendar days, due at the first bar of each session, on the value at the last price.
"""

from dataclasses import replace
from datetime import date

import numpy as np
from pydantic import Field, model_validator

from tidegate.component import Settings
from tidegate.errors import DataError, SettingError
from tidegate.market.base import RATE_UNIT
from tidegate.market.exchange import Exchange
from tidegate.types.axes import frozen

__all__ = ["Lending", "LendingRow"]

_DAYS_A_YEAR = 365


class LendingRow(Settings):
    """Terms that hold from a day on."""

    since: date = Field(description="first day on which they hold")
    margin: float = Field(gt=0, le=10, description="equity asked for what is sold short, as a fraction of its value")
    maintenance: float = Field(ge=0, le=10, description="equity below this fraction of what is sold short is a call")
    fee: float = Field(ge=0, le=1, description="what borrowing costs a year, as a fraction of the value")


class Lending(Settings):
    """Dated terms on which anything may be sold short.

    Known at
        Before the session that a row holds for.
    Errors
        `SettingError` for rows out of order, or a maintenance above its margin.

    >>> terms = Lending(rows=(LendingRow(since=date(2020, 1, 1), margin=0.5, maintenance=0.3, fee=0.08),))
    >>> from tidegate.testing.exchanges import example_exchange
    >>> lent = terms.on(example_exchange(bars=3))
    >>> lent.shorts, lent.lending[:, :2].tolist()[0], int(lent.lending[1, 2])
    (True, [50000000, 30000000], 21918)
    """

    rows: tuple[LendingRow, ...] = Field(min_length=1, description="terms in order of their days")

    @model_validator(mode="after")
    def _ordered(self) -> "Lending":
        days = [row.since for row in self.rows]
        if sorted(set(days)) != days:
            raise SettingError(
                "terms of lending are out of order", found=days, expected="each day after the one before"
            )
        odd = [row for row in self.rows if row.maintenance > row.margin]
        if odd:
            raise SettingError(
                "a maintenance margin is above its margin",
                found=odd[0].maintenance,
                expected=f"at most {odd[0].margin}",
            )
        return self

    def on(self, exchange: Exchange) -> Exchange:
        """Give the same exchange where shares are lent; raises `DataError` for bars before the first row."""
        days = exchange.times.astype("datetime64[D]")
        place = (
            np.searchsorted(np.array([row.since for row in self.rows], dtype="datetime64[D]"), days, side="right") - 1
        )
        if bool((place < 0).any()):
            raise DataError(
                "unknown: the terms of lending", where=days[place < 0][0], expected=f"on or after {self.rows[0].since}"
            )
        told = np.array([[row.margin, row.maintenance, row.fee] for row in self.rows])[place]
        begins = np.append(False, np.diff(exchange.session) != 0)
        passed = np.append(0, np.diff(days).astype(np.int64))
        told[:, 2] *= np.where(begins, passed, 0) / _DAYS_A_YEAR
        rates = np.rint(told * RATE_UNIT).astype(np.int64)
        stamps = tuple(
            f"Short selling: from {row.since} margin {row.margin:g} and maintenance {row.maintenance:g} of what is sold"
            f" short, {row.fee:g} a year for borrowing (a setting); everything is found to borrow."
            for row in self.rows
        )
        return replace(exchange, shorts=True, lending=frozen(rates), stamps=(*exchange.stamps, *stamps))
