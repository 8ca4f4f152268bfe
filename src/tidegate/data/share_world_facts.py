"""Accounts and prices of the synthetic market → facts, each with the day from whose close on it may be used.

The clocks are those of imported reports: market values at the close of a share's own first session from the quarter's
end on, profitability and debt from the day after the legal deadline (or after a late report), the rest from the day
after its announcement. One report in thirty is restated later, and keeps what it said first.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.data.fact_fields import FACT_FIELDS
from tidegate.data.share_world_accounts import Accounts
from tidegate.data.share_world_reports import Reports
from tidegate.data.share_world_roster import Roster, drawn
from tidegate.data.share_world_walk import Walk
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.facts import Days, Facts

__all__ = ["Told"]

_LAWFUL = (
    *("return_on_equity_ytd", "return_on_assets_ytd", "return_on_invested_capital_ytd", "ebit_ytd"),
    *("free_cash_flow_per_share_ytd", "debt_to_assets", "debt_to_equity", "invested_capital"),
)
_RESTATED = ("net_margin_ytd", "net_profit_growth", "net_profit_ytd", "parent_net_profit_growth")
_FIRST_TOLD = 4
"""Quarters that only serve as the year before of others."""
_RESTATES, _RESTATED_BY = 0.03, 0.15
_MISSING = 0.01
_YEAR = 243
"""Sessions."""


class _Rows(NamedTuple):
    """Facts of one kind in order of asset, day of use and period."""

    quarter: IntArray
    asset: IntArray
    usable: Days
    by: NDArray[np.str_]
    again: BoolArray


@dataclass(frozen=True)
class Told:
    """Everything that is reported up to the last of `days`."""

    roster: Roster
    reports: Reports
    printed: Walk
    floating: FloatArray
    days: Days

    def facts(self) -> Facts:
        """Make the facts."""
        lawful = self._rows(self.reports.lawful, np.where(self.reports.late, "announced", "deadline"))
        announced = self._rows(self.reports.announced, np.full(self.reports.late.shape, "announced"))
        restated = self._with_restated(announced)
        quoted = self._quoted_rows
        shaken = drawn(self.roster.seed, "restated values").standard_normal(
            (len(self.reports.periods), self.roster.assets)
        )
        luck = drawn(self.roster.seed, "missing values").random(
            (len(self.reports.periods), len(FACT_FIELDS), self.roster.assets)
        )
        frames = []
        values = {**self.accounts.figures, **self._quotes}
        for field in sorted(FACT_FIELDS):
            market = FACT_FIELDS[field].counts == "market"
            rows = quoted if market else lawful if field in _LAWFUL else restated if field in _RESTATED else announced
            value = values[field][rows.quarter, rows.asset]
            if not market:
                at = list(FACT_FIELDS).index(field)
                value = np.where(luck[rows.quarter, at, rows.asset] < _MISSING, np.nan, value)
                value = np.where(rows.again, value * (1 + _RESTATED_BY * shaken[rows.quarter, rows.asset]), value)
            frames.append(self._frame(field, rows, value))
        return Facts.of(pl.concat(frames))

    @cached_property
    def accounts(self) -> Accounts:
        """The accounts, from market values at the ends of quarters."""
        at = np.searchsorted(self.days, self.reports.periods, side="right") - 1
        last = np.maximum.accumulate(np.where(self.printed.trades, np.arange(len(self.days))[:, None], -1), axis=0)
        traded = np.where((at >= 0)[:, None], last[np.maximum(at, 0)], -1)
        row = np.maximum(traded, 0)
        ticks = np.where(traded >= 0, np.take_along_axis(self.printed.close, row, axis=0), self.printed.issue)
        shares = np.take_along_axis(self.printed.shares, row, axis=0)
        floating = np.take_along_axis(self.floating, row, axis=0)
        return Accounts(self.roster.seed, self.reports, ticks / 100 * shares, shares, floating)

    def _there(self, usable: Days) -> BoolArray:
        """Whether a share was listed by the quarter's end, and there on the day, which has come."""
        last = np.append(self.days, np.datetime64("9999-12-31"))[self.printed.gone]
        told: BoolArray = (self.reports.periods[:, None] >= self.roster.listing_days) & (usable <= self.days[-1])
        told &= usable <= last
        told[:_FIRST_TOLD] = False
        return told

    def _rows(self, usable: Days, by: NDArray[np.str_]) -> _Rows:
        quarter, asset = np.nonzero(self._there(usable))
        return _sorted(quarter, asset, usable[quarter, asset], by[quarter, asset], np.zeros(len(asset), dtype=bool))

    def _with_restated(self, rows: _Rows) -> _Rows:
        luck = drawn(self.roster.seed, "restatements").random((len(self.reports.periods), 2, self.roster.assets))
        later = self.reports.announced + (40 + np.floor(300 * luck[:, 1])).astype("timedelta64[D]")
        quarter, asset = np.nonzero(self._there(later) & (luck[:, 0] < _RESTATES))
        return _sorted(
            np.append(rows.quarter, quarter),
            np.append(rows.asset, asset),
            np.append(rows.usable, later[quarter, asset]),
            np.append(rows.by, np.full(len(asset), "announced")),
            np.append(rows.again, np.ones(len(asset), dtype=bool)),
        )

    @cached_property
    def _session(self) -> IntArray:
        """Each share's own first session from each quarter's end on ``[Q, N]``; T where none has come."""
        sessions = len(self.days)
        number = np.where(self.printed.trades, np.arange(sessions)[:, None], sessions)
        coming = np.vstack([np.minimum.accumulate(number[::-1], axis=0)[::-1], np.full_like(number[:1], sessions)])
        found = coming[np.searchsorted(self.days, self.reports.periods)]
        found[self.reports.periods < self.days[0]] = sessions
        return np.where(self.reports.periods[:, None] >= self.roster.listing_days, found, sessions)

    @cached_property
    def _quoted_rows(self) -> _Rows:
        quarter, asset = np.nonzero(self._session < len(self.days))
        usable = self.days[self._session[quarter, asset]]
        return _sorted(quarter, asset, usable, np.full(len(asset), "close"), np.zeros(len(asset), dtype=bool))

    @cached_property
    def _quotes(self) -> dict[str, FloatArray]:
        """Market value, and what it is a multiple of ``[Q, N]``."""
        row = np.minimum(self._session, len(self.days) - 1)

        def at(grid: NDArray[np.generic]) -> FloatArray:
            return np.take_along_axis(grid, row, axis=0).astype(np.float64)

        price = at(self.printed.close) / 100
        value = price * at(self.printed.shares)
        books, day = self.accounts, self.days[row]
        annual = self._latest(day, every=4)
        profit, revenue = (np.take_along_axis(each, annual, axis=0) for each in (books.profit, books.revenue))
        equity = np.take_along_axis(books.equity, self._latest(day, every=1), axis=0)
        total = np.cumsum(self.printed.cash.astype(np.float64), axis=0)
        paid = at(total) - np.where(row >= _YEAR, np.take_along_axis(total, np.maximum(row - _YEAR, 0), axis=0), 0.0)
        return {
            "price_to_earnings": np.where(profit > 0, value / profit, np.nan),
            "price_to_book": value / equity,
            "price_to_sales": value / revenue,
            "dividend_yield": paid / price,
            "market_value": value,
        }

    def _latest(self, day: Days, *, every: int) -> IntArray:
        """The latest report, of every quarter or of years, that was out at the close of a day ``[Q, N]``."""
        made = np.zeros(day.shape, dtype=np.int64)
        for quarter in np.flatnonzero(self.reports.months % (3 * every) == 0).tolist():
            made = np.where(self.reports.announced[quarter] <= day, quarter, made)
        return made

    def _frame(self, field: str, rows: _Rows, value: FloatArray) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "field": pl.repeat(field, len(value), eager=True),
                "asset": pl.Series(self.roster.codes).gather(rows.asset),
                "usable": rows.usable,
                "period": self.reports.periods[rows.quarter],
                "value": pl.Series(value).fill_nan(None),
                "by": pl.Series(rows.by),
            }
        )


def _sorted(quarter: IntArray, asset: IntArray, usable: Days, by: NDArray[np.str_], again: BoolArray) -> _Rows:
    order = np.lexsort((quarter, usable, asset))
    return _Rows(quarter[order], asset[order], usable[order], by[order], again[order])
