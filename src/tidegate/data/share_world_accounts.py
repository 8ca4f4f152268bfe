"""Accounts of the synthetic market's shares by quarter: every figure of a report from a few, so that they agree.

Net profit is equity times the year's return on it so far; assets follow from equity and debt, revenue from assets,
margins from profit and revenue. Equity comes slowly after market value (new capital, and profits that the market saw
coming), which keeps price to book within what markets show; market value never comes after equity.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.signal import lfilter

from tidegate.data.share_world_reports import Reports, annual_return_on_equity
from tidegate.data.share_world_roster import drawn
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Accounts"]

_SEASON = np.array([0.22, 0.48, 0.72, 1.0])
"""Part of a year's profit, cash and revenue in the first one to four quarters."""
_PRICE_TO_BOOK, _BOOK_SPREAD, _BOOK_FOLLOWS, _BOOK_NOISE = 3.0, 0.5, 0.06, 0.03
_DEBT, _DEBT_SPREAD, _DEBT_SWING = -0.2, 0.9, 0.2
_TURNOVER, _TURNOVER_SPREAD = 0.53, 0.65
_BEARING, _INTEREST, _TAX, _WORN = 0.4, 0.05, 0.2, 0.03
"""Debt that bears interest, its rate, tax on profit, depreciation of assets in a year."""


@dataclass(frozen=True)
class Accounts:
    """Figures ``[Q, N]`` in yuan and fractions, those of flows year to date; `value` and `shares` come from the market.

    Missing values
        What looks a year back is NaN in the first year.
    """

    seed: int
    reports: Reports
    value: FloatArray
    shares: FloatArray
    floating: FloatArray

    def _noise(self, what: str, count: int) -> FloatArray:
        """Independent normal draws ``[count, Q, N]``; a longer world begins with those of the shorter one."""
        quarters, assets = self.value.shape
        return np.moveaxis(drawn(self.seed, what).standard_normal((quarters, count, assets)), 1, 0)

    @cached_property
    def _quarter(self) -> IntArray:
        return self.reports.months // 3

    @cached_property
    def season(self) -> FloatArray:
        """Part of the year that lies behind ``[Q, 1]``."""
        return _SEASON[self._quarter - 1][:, None]

    @cached_property
    def equity(self) -> FloatArray:
        """Equity."""
        noise = self._noise("equity", 2)
        apart = np.log(_PRICE_TO_BOOK) + _BOOK_SPREAD * noise[0, 0]
        made = np.empty_like(self.value)
        made[0] = np.log(self.value[0]) - apart
        for quarter in range(1, len(made)):
            ahead = np.log(self.value[quarter - 1]) - made[quarter - 1] - apart
            made[quarter] = made[quarter - 1] + _BOOK_FOLLOWS * ahead + _BOOK_NOISE * noise[1, quarter] + 0.012
        return np.exp(made)

    @cached_property
    def debt_to_equity(self) -> FloatArray:
        """Liabilities over equity."""
        noise = self._noise("debt", 2)
        shocks = _DEBT_SWING * np.sqrt(1 - 0.9**2) * noise[1]
        wave = np.asarray(lfilter([1.0], [1.0, -0.9], shocks, axis=0))
        return np.asarray(np.exp(_DEBT + _DEBT_SPREAD * noise[0, 0] + wave))

    @cached_property
    def assets(self) -> FloatArray:
        """Balance sheet total."""
        return self.equity * (1 + self.debt_to_equity)

    @cached_property
    def liabilities(self) -> FloatArray:
        """Liabilities."""
        return self.equity * self.debt_to_equity

    @cached_property
    def invested(self) -> FloatArray:
        """Equity, and debt that bears interest."""
        return self.equity + _BEARING * self.liabilities

    @cached_property
    def return_on_equity(self) -> FloatArray:
        """Net profit over equity, year to date: rises with profitability alone."""
        return self.season * annual_return_on_equity(self.reports.quality)

    @cached_property
    def profit(self) -> FloatArray:
        """Net profit, year to date."""
        return self.return_on_equity * self.equity

    @cached_property
    def before_tax(self) -> FloatArray:
        """Profit before tax, year to date."""
        return np.where(self.profit > 0, self.profit / (1 - _TAX), self.profit)

    @cached_property
    def ebit(self) -> FloatArray:
        """Profit before interest and tax, year to date."""
        return self.before_tax + _INTEREST * self.season * _BEARING * self.liabilities

    @cached_property
    def revenue(self) -> FloatArray:
        """Revenue, year to date."""
        noise = self._noise("revenue", 2)
        pace = _TURNOVER * np.exp(_TURNOVER_SPREAD * noise[0, 0] + 0.05 * noise[1])
        return np.asarray(self.season * self.assets * pace)

    @cached_property
    def cash_flow(self) -> FloatArray:
        """Operating cash flow, year to date."""
        noise = self._noise("cash flow", 1)[0]
        return np.asarray(self.profit + self.assets * (0.2 * _WORN * self.season + 0.06 * np.sqrt(self.season) * noise))

    @cached_property
    def free_cash_flow(self) -> FloatArray:
        """Free cash flow to the firm, year to date."""
        noise = self._noise("investment", 2)
        spent = self.assets * self.season * 0.06 * np.exp(0.5 * noise[0])
        tied = 0.03 * self.assets * np.sqrt(self.season) * noise[1]
        earned = self.ebit - _TAX * np.maximum(self.ebit, 0) + _WORN * self.season * self.assets
        return np.asarray(earned - spent - tied)

    @cached_property
    def parent(self) -> FloatArray:
        """The parent owners' part of net profit."""
        noise = self._noise("parent", 1)[0]
        return np.asarray(np.clip(1 - 0.08 * np.abs(noise[:1]) + 0.01 * noise, 0.5, 1.05))

    def year_before(self, figure: FloatArray) -> FloatArray:
        """The same figure four quarters earlier."""
        made = np.full_like(figure, np.nan)
        made[4:] = figure[:-4]
        return made

    def year_start(self, figure: FloatArray) -> FloatArray:
        """The figure at the end of the year before."""
        at = np.arange(len(figure)) - self._quarter
        return np.where((at >= 0)[:, None], figure[np.maximum(at, 0)], np.nan)

    def grown(self, figure: FloatArray) -> FloatArray:
        """Growth on the year before, as a fraction of its size."""
        before = self.year_before(figure)
        return (figure - before) / np.abs(before)

    def twelve_months(self, figure: FloatArray) -> FloatArray:
        """Sum a figure year to date over the last four quarters."""
        whole = (self._quarter == 4)[:, None]  # noqa: PLR2004
        return np.where(whole, figure, figure + self.year_start(figure) - self.year_before(figure))

    @cached_property
    def figures(self) -> dict[str, FloatArray]:
        """Every field of a report but those of the market, by the house's names."""
        mean_equity = (self.equity + self.year_start(self.equity)) / 2
        mean_assets = (self.assets + self.year_start(self.assets)) / 2
        owned, margin = self.profit * self.parent, self.profit / self.revenue
        per_share = self.twelve_months(owned) / self.shares
        half_years = (self._quarter % 2 == 0)[:, None]
        turnover, multiple = self.revenue / mean_assets, mean_assets / mean_equity
        debt = self.liabilities / self.assets
        return {
            "return_on_equity_ytd": self.return_on_equity,
            "return_on_assets_ytd": self.ebit / self.assets,
            "return_on_invested_capital_ytd": (self.ebit - _TAX * np.maximum(self.ebit, 0)) / self.invested,
            "ebit_ytd": self.ebit,
            "free_cash_flow_per_share_ytd": self.free_cash_flow / self.shares,
            "debt_to_assets": debt,
            "debt_to_equity": self.debt_to_equity,
            "invested_capital": self.invested,
            "net_profit_ytd": self.profit,
            "main_revenue_ytd": np.where(half_years, self.revenue, np.nan),
            "earnings_per_share_ttm": per_share,
            "return_on_average_equity_ytd": owned / mean_equity,
            "net_margin_ytd": margin,
            "reported_total_shares": self.shares,
            "reported_float_shares": self.floating,
            "net_profit_growth": self.grown(self.profit),
            "parent_net_profit_growth": self.grown(owned),
            "earnings_per_share_growth": self.grown(owned / self.shares),
            "equity_growth": self.grown(self.equity),
            "liability_growth": self.grown(self.liabilities),
            "operating_cash_to_gross_revenue_ytd": self.cash_flow / (1.01 * self.revenue),
            "operating_cash_to_revenue_ytd": self.cash_flow / self.revenue,
            "operating_cash_to_net_profit_ytd": self.cash_flow / self.profit,
            "liability_to_assets": debt,
            "assets_to_equity": self.assets / self.equity,
            "asset_turnover_ytd": turnover,
            "dupont_return_on_equity_ytd": owned / mean_equity,
            "dupont_assets_to_equity": multiple,
            "dupont_asset_turnover_ytd": turnover,
            "dupont_parent_share_ytd": self.parent,
            "dupont_net_margin_ytd": margin,
            "dupont_tax_burden_ytd": self.profit / self.before_tax,
        }
