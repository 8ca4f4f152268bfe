"""Fields of reports that the importer knows: the header in a file, the house's name, the unit, and what it counts.

A number *year to date* counts from the first of January to the period's end, and says so in its name (``_ytd``): the
third quarter's number holds the first two. `tidegate.data.derived_facts` makes single quarters and twelve months of it.
"""

from typing import Literal, NamedTuple

__all__ = ["FACT_FIELDS", "FactField", "field_named"]

Counts = Literal["market", "year to date", "at the end", "trailing", "growth"]


class FactField(NamedTuple):
    """One field: `value in house units = value in the file × scale`; below `least` it is impossible."""

    header: str
    name: str
    counts: Counts
    unit: str
    scale: float
    meaning: str
    least: float | None = None

    @property
    def additive(self) -> bool:
        """Whether the number of two quarters is the sum of theirs: money year to date is, a ratio is not."""
        return self.counts == "year to date" and self.unit.startswith("yuan")


_MARKET: Counts = "market"
_YTD: Counts = "year to date"
_END: Counts = "at the end"
_GROWTH: Counts = "growth"

_ALL = (
    FactField("pe", "price_to_earnings", _MARKET, "ratio", 1, "market value over the net profit of the last annual "
              "report that was out; missing for a loss"),
    FactField("pb", "price_to_book", _MARKET, "ratio", 1, "market value over equity"),
    FactField("ps", "price_to_sales", _MARKET, "ratio", 1, "market value over the last annual revenue that was out"),
    FactField("dv_ratio", "dividend_yield", _MARKET, "fraction", 0.01, "dividends over market value", 0.0),
    FactField("total_mv", "market_value", _MARKET, "yuan", 1e4, "close × total shares", 1.0),
    FactField("roe", "return_on_equity_ytd", _YTD, "fraction", 0.01, "net profit over equity"),
    FactField("roa", "return_on_assets_ytd", _YTD, "fraction", 0.01, "profit before interest and tax over assets"),
    FactField("roic", "return_on_invested_capital_ytd", _YTD, "fraction", 0.01, "profit over invested capital"),
    FactField("ebit", "ebit_ytd", _YTD, "yuan", 1, "earnings before interest and tax"),
    FactField("fcff_ps", "free_cash_flow_per_share_ytd", _YTD, "yuan a share", 1, "free cash flow to the firm a share"),
    FactField("debt_to_assets", "debt_to_assets", _END, "fraction", 0.01, "liabilities over assets", 0.0),
    FactField("debt_to_eqt", "debt_to_equity", _END, "ratio", 1, "liabilities over equity"),
    FactField("invest_capital", "invested_capital", _END, "yuan", 1, "equity and debt that bears interest"),
    FactField("netProfit", "net_profit_ytd", _YTD, "yuan", 1, "net profit"),
    FactField("MBRevenue", "main_revenue_ytd", _YTD, "yuan", 1, "revenue of the main business; half-years and years"),
    FactField("epsTTM", "earnings_per_share_ttm", "trailing", "yuan a share", 1, "earnings a share, twelve months"),
    FactField("roeAvg", "return_on_average_equity_ytd", _YTD, "fraction", 1, "net profit over mean equity"),
    FactField("npMargin", "net_margin_ytd", _YTD, "fraction", 1, "net profit over revenue"),
    FactField("totalShare", "reported_total_shares", _END, "shares", 1, "shares of all kinds", 1.0),
    FactField("liqaShare", "reported_float_shares", _END, "shares", 1, "shares that may be traded", 0.0),
    FactField("YOYNI", "net_profit_growth", _GROWTH, "fraction", 1, "net profit year to date on the year before"),
    FactField("YOYPNI", "parent_net_profit_growth", _GROWTH, "fraction", 1, "the same, of the parent's owners"),
    FactField("YOYEPSBasic", "earnings_per_share_growth", _GROWTH, "fraction", 1, "basic earnings a share"),
    FactField("YOYEquity", "equity_growth", _GROWTH, "fraction", 1, "equity on the year before"),
    FactField("YOYLiability", "liability_growth", _GROWTH, "fraction", 1, "liabilities on the year before"),
    FactField("CFOToGr", "operating_cash_to_gross_revenue_ytd", _YTD, "ratio", 1, "operating cash flow over revenue"),
    FactField("CFOToOR", "operating_cash_to_revenue_ytd", _YTD, "ratio", 1, "the same, over operating revenue"),
    FactField("CFOToNP", "operating_cash_to_net_profit_ytd", _YTD, "ratio", 1, "the same, over net profit"),
    FactField("liabilityToAsset", "liability_to_assets", _END, "fraction", 1, "liabilities over assets", 0.0),
    FactField("assetToEquity", "assets_to_equity", _END, "ratio", 1, "assets over equity"),
    FactField("AssetTurnRatio", "asset_turnover_ytd", _YTD, "ratio", 1, "revenue over mean assets"),
    FactField("dupontROE", "dupont_return_on_equity_ytd", _YTD, "fraction", 1, "return on equity, taken apart"),
    FactField("dupontAssetStoEquity", "dupont_assets_to_equity", _END, "ratio", 1, "its leverage"),
    FactField("dupontAssetTurn", "dupont_asset_turnover_ytd", _YTD, "ratio", 1, "its turnover"),
    FactField("dupontPnitoni", "dupont_parent_share_ytd", _YTD, "fraction", 1, "the parent's part of net profit"),
    FactField("dupontNitogr", "dupont_net_margin_ytd", _YTD, "fraction", 1, "its margin"),
    FactField("dupontTaxBurden", "dupont_tax_burden_ytd", _YTD, "fraction", 1, "net profit over profit before tax"),
)  # fmt: skip

FACT_FIELDS: dict[str, FactField] = {field.name: field for field in _ALL}
_HEADERS = {field.header: field for field in _ALL}


def field_named(header: str) -> FactField | None:
    """Find the field that a file's header stands for; None where nobody knows it.

    >>> field_named("roe").name, field_named("total_mv").scale, field_named("colour")
    ('return_on_equity_ytd', 10000.0, None)
    """
    return _HEADERS.get(header) or FACT_FIELDS.get(header)
