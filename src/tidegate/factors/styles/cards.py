"""The cards: of each factor its name, style, formula, unit, source, what it is missing for, and which way it points.

`points` is the sign of the relation with later returns that the source reports; 0 where it reports none. The relation
was found where and when the source looked, and nothing here takes it for granted.

All factors are known at CLOSE(t). One that reads reports is made of the latest numbers usable by then: a market number
from its quarter's own session on, a report from the day after its announcement or, where none is told, after its legal
deadline. No window of bars reaches across a bar where prices begin anew.
"""

from typing import Final, Literal, NamedTuple, get_args

from tidegate.errors import UnknownNameError
from tidegate.factors.styles.daily import DAILY

__all__ = ["CARDS", "MULTI_FACTOR", "MULTI_FACTOR_12", "STYLES", "FactorCard", "Style", "card"]

Style = Literal[
    "value", "growth", "profitability", "leverage", "momentum", "volatility", "liquidity", "size", "beta", "technical"
]
STYLES: Final[tuple[Style, ...]] = get_args(Style)


class FactorCard(NamedTuple):
    """What there is to say of one factor; `formula` is the expression itself where it is made of bars alone."""

    name: str
    style: Style
    meaning: str
    formula: str
    unit: str
    source: str
    missing: str
    points: Literal[-1, 0, 1]

    @property
    def reads_reports(self) -> bool:
        """Whether it needs more than bars."""
        return self.name not in DAILY

    @property
    def known_at(self) -> str:
        """When it is known, in words."""
        return "CLOSE(t), from reports usable by then" if self.reads_reports else "CLOSE(t)"


_QUOTE = "a stock without a quarter-end quote within a year"
_REPORT = "no report within a year"
_LOSS = f"a loss in the last annual report; {_QUOTE}"
_YEAR_AGO = "no quote a year before"
_CASH = "banks and insurers, whose free cash flow nobody gives; a period that ended before the first bar"
_DOCUMENT = "named in the ACT-LSTM document"


def _bars(count: int) -> str:
    return f"the first {count} bars"


def _told(
    name: str, style: Style, meaning: str, unit: str, source: str, missing: str, points: Literal[-1, 0, 1] = 0,
    formula: str = "",
) -> FactorCard:  # fmt: skip
    return FactorCard(name, style, meaning, formula or DAILY[name], unit, source, missing, points)


_VALUE = (
    _told("earnings_to_price", "value", "earnings yield: last annual net profit over market value", "fraction",
          "Basu 1977", _LOSS, 1, "1 / pe(q) × worth(q) / worth(t)"),
    _told("book_to_price", "value", "last reported equity over market value", "fraction",
          "Fama & French 1992", _QUOTE, 1, "1 / pb(q) × worth(q) / worth(t)"),
    _told("sales_to_price", "value", "last annual revenue over market value", "fraction",
          "Barbee, Mukherji & Raines 1996", _QUOTE, 1, "1 / ps(q) × worth(q) / worth(t)"),
    _told("dividend_yield", "value", "dividends over market value", "fraction", "Litzenberger & Ramaswamy 1979",
          "a company whose dividend yield nobody gives; most of those pay none", 1, "dv(q) × worth(q) / worth(t)"),
    _told("free_cash_flow_to_price", "value", "free cash flow of twelve months over market value", "fraction",
          "Lakonishok, Shleifer & Vishny 1994", f"{_CASH}; a year without all its reports", 1,
          "Σ12m (fcff a share × shares at the period's end) / worth(t)"),
    _told("ebit_to_enterprise_value", "value", "twelve months' EBIT over market value and debt", "fraction",
          "Greenblatt 2006", "banks and insurers; a year without all its reports; no enterprise value above 0", 1,
          "Σ12m ebit / (value(t) + invested capital - value(q) / pb(q))"),
)  # fmt: skip
_GROWTH = (
    _told("revenue_growth", "growth", "annual revenue over that known a year before", "fraction",
          "Lakonishok, Shleifer & Vishny 1994", f"{_YEAR_AGO}; {_QUOTE}", -1,
          "(value(q) / ps(q)) / (value(q - 12m) / ps(q - 12m)) - 1"),
    _told("net_profit_growth", "growth", "annual net profit over that known a year before", "fraction",
          _DOCUMENT, f"a loss in either year; {_YEAR_AGO}", 0,
          "(value(q) / pe(q)) / (value(q - 12m) / pe(q - 12m)) - 1"),
    _told("book_growth", "growth", "equity over that a year before", "fraction",
          "Richardson, Sloan, Soliman & Tuna 2005", f"no equity above 0; {_YEAR_AGO}", -1,
          "(value(q) / pb(q)) / (value(q - 12m) / pb(q - 12m)) - 1"),
    _told("ebit_growth", "growth", "EBIT year to date over that of the same quarters before", "fraction",
          "house choice", f"banks and insurers; {_REPORT}", 0,
          "(ebit(k) - ebit(k - 12m)) / |ebit(k - 12m)|"),
    _told("return_on_equity_change", "growth", "change of the annualised return on equity", "fraction",
          "Akbas, Jiang & Koch 2017", _REPORT, 1, "(roe(k) - roe(k - 12m)) × 12 / months of k"),
)  # fmt: skip
_PROFITABILITY = (
    _told("return_on_equity", "profitability", "return on equity year to date, annualised", "fraction",
          f"Hou, Xue & Zhang 2015; {_DOCUMENT}", _REPORT, 1, "roe(k) × 12 / months of k"),
    _told("return_on_assets", "profitability", "return on assets year to date, annualised", "fraction",
          "Balakrishnan, Bartov & Faurel 2010", f"banks and insurers; {_REPORT}", 1, "roa(k) × 12 / months of k"),
    _told("return_on_invested_capital", "profitability", "return on invested capital year to date, annualised",
          "fraction", "Greenblatt 2006", f"banks and insurers; {_REPORT}", 1, "roic(k) × 12 / months of k"),
    _told("net_margin", "profitability", "net profit over revenue of the last annual report", "fraction",
          "Soliman 2008", _LOSS, 0, "ps(q) / pe(q)"),
    _told("capital_turnover", "profitability", "last annual revenue over invested capital", "ratio",
          "Soliman 2008", f"banks and insurers; {_QUOTE}", 1, "value(q) / ps(q) / invested capital"),
    _told("cash_flow_volatility", "profitability", "deviation of quarterly free cash flow over equity", "fraction",
          f"Huang 2009; {_DOCUMENT}", f"{_CASH}; fewer than 4 of the last 8 quarters", -1,
          "std(quarters of fcff a share × shares, 8) / (value(q) / pb(q))"),
)  # fmt: skip
_LEVERAGE = (
    _told("book_leverage", "leverage", "equity and debt that bears interest, over equity", "ratio",
          f"Fama & French 1992; {_DOCUMENT}", f"banks and insurers; no equity above 0; {_QUOTE}", -1,
          "invested capital / (value(q) / pb(q))"),
    _told("market_leverage", "leverage", "market value and debt that bears interest, over market value", "ratio",
          "Bhandari 1988", f"banks and insurers; {_QUOTE}", 1,
          "(value(t) + invested capital - value(q) / pb(q)) / value(t)"),
    _told("debt_to_assets", "leverage", "liabilities over assets", "fraction", "Ohlson 1980", _REPORT, 0,
          "as reported"),
)  # fmt: skip
_MOMENTUM = (
    _told("momentum_1m", "momentum", "return of a month", "fraction", f"Jegadeesh 1990; {_DOCUMENT}", _bars(21), -1),
    _told("momentum_3m", "momentum", "return of three months", "fraction", "Jegadeesh & Titman 1993", _bars(63), 1),
    _told("momentum_6m", "momentum", "return of six months", "fraction", "Jegadeesh & Titman 1993", _bars(126), 1),
    _told("momentum_12_1m", "momentum", "return of a year without its last month", "fraction", "Carhart 1997",
          _bars(252), 1),
    _told("return_1w", "momentum", "return of a week", "fraction", "Lehmann 1990", _bars(5), -1),
    _told("high_52w", "momentum", "close over the year's highest price", "ratio", "George & Hwang 2004", _bars(251), 1),
)  # fmt: skip
_VOLATILITY = (
    _told("volatility_1m", "volatility", "deviation of daily returns of a month", "fraction a day",
          "Ang, Hodrick, Xing & Zhang 2006", _bars(21), -1),
    _told("volatility_3m", "volatility", "deviation of daily returns of three months", "fraction a day",
          "Blitz & van Vliet 2007", _bars(63), -1),
    _told("idiosyncratic_volatility_3m", "volatility", "deviation of what the market does not explain, three months",
          "fraction a day", "Ang, Hodrick, Xing & Zhang 2006", _bars(63), -1),
    _told("skewness_3m", "volatility", "skewness of daily returns of three months", "none",
          "Amaya, Christoffersen, Jacobs & Vasquez 2015", f"{_bars(63)}; a constant return", -1),
    _told("max_return_1m", "volatility", "greatest daily return of a month", "fraction", "Bali, Cakici & Whitelaw 2011",
          _bars(21), -1),
)  # fmt: skip
_LIQUIDITY = (
    _told("turnover_1m", "liquidity", "mean share of floating shares traded a day, a month", "fraction a day",
          f"Datar, Naik & Radcliffe 1998; {_DOCUMENT}", _bars(20), -1),
    _told("turnover_3m", "liquidity", "the same, three months", "fraction a day", "Datar, Naik & Radcliffe 1998",
          _bars(62), -1),
    _told("turnover_6m", "liquidity", "the same, six months", "fraction a day", "Datar, Naik & Radcliffe 1998",
          _bars(125), -1),
    _told("turnover_12m", "liquidity", "the same, a year", "fraction a day", "Datar, Naik & Radcliffe 1998",
          _bars(251), -1),
    _told("illiquidity_1m", "liquidity", "mean absolute return a hundred millions turned over, a month",
          "fraction / 10⁸ yuan", "Amihud 2002", f"{_bars(21)}; a bar without turnover among them", 1),
    _told("turnover_variation_1m", "liquidity", "deviation of turnover over its mean, a month", "none",
          "Chordia, Subrahmanyam & Anshuman 2001", _bars(20), -1),
)  # fmt: skip
_SIZE = (
    _told("log_market_value", "size", "market value", "log yuan", f"Banz 1981; {_DOCUMENT}", "no shares told", -1),
    _told("log_float_value", "size", "market value of floating shares", "log yuan", "Banz 1981", "no shares told", -1),
    _told("log_price", "size", "price as printed", "log yuan", f"Miller & Scholes 1982; {_DOCUMENT}", "never", 0),
)  # fmt: skip
_BETA = (
    _told("beta_12m", "beta", "slope of daily returns on the market's, a year", "ratio",
          f"Frazzini & Pedersen 2014; {_DOCUMENT}", _bars(252), -1),
    _told("beta_3m", "beta", "the same, three months", "ratio", "Frazzini & Pedersen 2014", _bars(63), -1),
    _told("market_correlation_12m", "beta", "correlation of daily returns with the market's, a year", "none",
          "Asness, Frazzini, Gormsen & Pedersen 2020", _bars(252), -1),
)  # fmt: skip
_TECHNICAL = (
    _told("relative_strength_14", "technical", "share of gains among 14 moves, with plain means", "fraction",
          "Wilder 1978", f"{_bars(14)}; a price that does not move"),
    _told("macd", "technical", "fast less slow mean, less its own mean, over the close", "fraction",
          "Appel 1979", _bars(103)),
    _told("band_place_20", "technical", "place within bands of two deviations, -1 … 1 inside", "none",
          "Bollinger 1992", f"{_bars(19)}; a price that does not move"),
    _told("close_to_mean_60", "technical", "close over its mean", "fraction", "Brock, Lakonishok & LeBaron 1992",
          _bars(59)),
    _told("return_with_volume_20", "technical", "correlation of returns with changes of volume", "none",
          "Karpoff 1987", f"{_bars(20)}; a bar without volume among them"),
)  # fmt: skip
_BESIDE = (
    _told("price_to_earnings", "value", "market value over last annual net profit", "ratio", _DOCUMENT, _LOSS, -1,
          "pe(q) × worth(t) / worth(q)"),
)  # fmt: skip

MULTI_FACTOR: Final[tuple[str, ...]] = tuple(
    one.name
    for style in (_VALUE, _GROWTH, _PROFITABILITY, _LEVERAGE, _MOMENTUM, _VOLATILITY, _LIQUIDITY, _SIZE, _BETA,
                  _TECHNICAL)
    for one in style
)  # fmt: skip
CARDS: Final[dict[str, FactorCard]] = {
    one.name: one
    for style in (_VALUE, _GROWTH, _PROFITABILITY, _LEVERAGE, _MOMENTUM, _VOLATILITY, _LIQUIDITY, _SIZE, _BETA,
                  _TECHNICAL, _BESIDE)
    for one in style
}  # fmt: skip
MULTI_FACTOR_12: Final[tuple[str, ...]] = (
    "price_to_earnings", "cash_flow_volatility", "revenue_growth", "net_profit_growth", "book_leverage", "turnover_1m",
    "momentum_1m", "log_market_value", "book_to_price", "log_price", "beta_12m", "return_on_equity",
)  # fmt: skip


def card(name: str) -> FactorCard:
    """Find a factor's card; raises `UnknownNameError` with the nearest names.

    >>> card("momentum_1m").style, card("momentum_1m").formula
    ('momentum', 'close / lag(close, 21) - 1')
    """
    if name not in CARDS:
        raise UnknownNameError.among("factor", name, CARDS)
    return CARDS[name]
