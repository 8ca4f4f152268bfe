"""The part that reads reports: 21 factors of what was known of a company at the wanted rows.

A market multiple stands at the quarter's session *q* and is carried to the row's own price: the numerator
stays and the price moves, so that ``E / P (t) = (1 / pe) × worth(q) / worth(t)`` with ``worth = close × total shares``.
What a vendor gives as a multiple alone is turned back into money at *q*:

    net profit (last annual) = market value / pe        revenue (last annual) = market value / ps
    book equity (last report) = market value / pb       debt that bears interest = invested capital - book equity
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from tidegate.factors.styles.known import Known, earlier
from tidegate.types.axes import FloatArray

__all__ = ["REPORTED"]

_VALUE: Final = "market_value"
_EARNINGS, _BOOK, _SALES = "price_to_earnings", "price_to_book", "price_to_sales"
_ROE, _EBIT, _CAPITAL = "return_on_equity_ytd", "ebit_ytd", "invested_capital"
_CASH: Final = "free_cash_flow_per_share_ytd"
_QUARTERS, _FEWEST = 8, 4
_YEAR: Final = 12


def _over(above: FloatArray, below: FloatArray) -> FloatArray:
    """Divide where the divisor is above 0; NaN elsewhere."""
    with np.errstate(all="ignore"):
        return np.where(below > 0, above / below, np.nan)


def _carried(known: Known, multiple: FloatArray) -> FloatArray:
    """``1 / multiple`` of the quarter's session at the row's own price; a multiple of 0 is none."""
    with np.errstate(all="ignore"):
        told = known.quoted_worth(_VALUE) / known.worth / multiple
    return np.where(multiple == 0, np.nan, told)


def _multiple(known: Known, field: str) -> FloatArray:
    return known.at(field, known.latest(_VALUE))


def _money(known: Known, field: str, months: int = 0) -> FloatArray:
    """Market value over a multiple, both of the newest quarter or of one `months` before."""
    month = earlier(known.latest(_VALUE), months)
    multiple = known.at(field, month)
    with np.errstate(all="ignore"):
        return np.where(multiple == 0, np.nan, known.at(_VALUE, month) / multiple)


def _company(known: Known) -> FloatArray:
    """Market value as the vendor counts it, at the row's own price."""
    return known.now(_VALUE) * known.worth / known.quoted_worth(_VALUE)


def _debt(known: Known) -> FloatArray:
    return known.now(_CAPITAL) - _money(known, _BOOK)


def _growth(known: Known, field: str) -> FloatArray:
    return _over(_money(known, field), _money(known, field, _YEAR)) - 1.0


def _ebit_growth(known: Known) -> FloatArray:
    before = known.year_earlier(_EBIT)
    return _over(known.now(_EBIT) - before, np.abs(before))


def _return_change(known: Known) -> FloatArray:
    return (known.now(_ROE) - known.year_earlier(_ROE)) * _YEAR / (known.latest(_ROE) % _YEAR + 1)


def _cash_flow_volatility(known: Known) -> FloatArray:
    quarters = known.quarters(_CASH, _QUARTERS, shares=True)
    there = np.isfinite(quarters)
    count = there.sum(axis=1)
    mean = np.where(there, quarters, 0.0).sum(axis=1) / np.maximum(count, 1)
    gaps = np.where(there, quarters - mean[:, None], 0.0)
    deviation = np.sqrt((gaps**2).sum(axis=1) / np.maximum(count - 1, 1))
    return _over(np.where(count >= _FEWEST, deviation, np.nan), _money(known, _BOOK))


REPORTED: Final[dict[str, Callable[[Known], FloatArray]]] = {
    "earnings_to_price": lambda known: _carried(known, _multiple(known, _EARNINGS)),
    "book_to_price": lambda known: _carried(known, _multiple(known, _BOOK)),
    "sales_to_price": lambda known: _carried(known, _multiple(known, _SALES)),
    "dividend_yield": lambda known: _multiple(known, "dividend_yield") * known.quoted_worth(_VALUE) / known.worth,
    "free_cash_flow_to_price": lambda known: known.twelve_months(_CASH, shares=True) / known.worth,
    "ebit_to_enterprise_value": lambda known: _over(known.twelve_months(_EBIT), _company(known) + _debt(known)),
    "price_to_earnings": lambda known: _multiple(known, _EARNINGS) * known.worth / known.quoted_worth(_VALUE),
    "revenue_growth": lambda known: _growth(known, _SALES),
    "net_profit_growth": lambda known: _growth(known, _EARNINGS),
    "book_growth": lambda known: _growth(known, _BOOK),
    "ebit_growth": _ebit_growth,
    "return_on_equity_change": _return_change,
    "return_on_equity": lambda known: known.annual(_ROE),
    "return_on_assets": lambda known: known.annual("return_on_assets_ytd"),
    "return_on_invested_capital": lambda known: known.annual("return_on_invested_capital_ytd"),
    "net_margin": lambda known: _over(_multiple(known, _SALES), _multiple(known, _EARNINGS)),
    "capital_turnover": lambda known: _over(_money(known, _SALES), known.now(_CAPITAL)),
    "cash_flow_volatility": _cash_flow_volatility,
    "book_leverage": lambda known: _over(known.now(_CAPITAL), _money(known, _BOOK)),
    "market_leverage": lambda known: _over(_company(known) + _debt(known), _company(known)),
    "debt_to_assets": lambda known: known.now("debt_to_assets"),
}
