"""The 48 and the twelve against pandas, formula by formula, for single stocks: on a made-up market and on the real one."""

import numpy as np
import polars as pl
import pytest

from tidegate.data.fundamentals import import_fundamentals
from tidegate.data.months import by_month
from tidegate.data.panel import import_panel
from tidegate.factors.styles.cards import CARDS
from tidegate.factors.styles.multi_factor import MultiFactor, MultiFactorTwelve
from tidegate.testing.reports import example_history
from tidegate.types.bars import Bars
from tidegate.types.history import History, Reported

pandas = pytest.importorskip("pandas", reason="the optional oracle pandas is not installed")
NONE = float("nan")


def daily_frame(bars):
    """Bars as pandas, with adjusted prices and the return of the market."""
    frame = pandas.DataFrame({name: bars.frame[name].to_numpy() for name in bars.frame.columns})
    frame["session"] = pandas.to_datetime(frame["session"])
    own = frame.groupby("asset")
    if "factor" not in frame:
        step = own["close"].shift(1) / frame["preclose"]
        frame["factor"] = step.fillna(1.0).groupby(frame["asset"]).cumprod()
    if "reset" not in frame:
        frame["reset"] = False
    frame["adjusted"] = frame["close"] * frame["factor"]
    frame["return"] = frame["adjusted"] / own["adjusted"].shift(1) - 1
    frame.loc[frame["reset"].fillna(value=False).astype(bool), "return"] = np.nan
    frame["worth"] = frame["close"] * frame["total_shares"]
    frame["weight"] = own["worth"].shift(1)
    there = frame.dropna(subset=["return", "weight"])
    summed = (there["return"] * there["weight"]).groupby(there["session"]).sum()
    frame["market"] = frame["session"].map(summed / there["weight"].groupby(there["session"]).sum())
    return frame


def last(column, count):
    """The last values of a column; missing where one of them is."""
    values = column.to_numpy(dtype=float)[-count:]
    return values if len(values) == count and np.isfinite(values).all() else np.full(count, np.nan)


def faded(column, count, span):
    """An exponential mean over each `count` values."""
    weights = (1 - 2 / (span + 1)) ** np.arange(count)[::-1]
    return column.rolling(count).apply(lambda held: (held * weights).sum() / weights.sum(), raw=True)


def daily_by_hand(own):
    """The daily factors at the last row of one asset's bars."""
    resets = np.flatnonzero(own["reset"].fillna(value=False).astype(bool))
    own = own.iloc[resets[-1] if len(resets) else 0 :]
    close, high = own["adjusted"], own["high"] * own["factor"]
    volume, turnover = own["volume"] / own["factor"], own["volume"] / own["float_shares"].where(own["float_shares"] > 0)
    back = {n: close.iloc[-1 - n] if len(close) > n else NONE for n in (5, 21, 63, 126, 252)}
    now, r, m = close.iloc[-1], own["return"].copy(), own["market"]
    r.iloc[0] = np.nan
    x, y = last(r, 63), last(m, 63)
    line = np.linalg.lstsq(np.column_stack([np.ones(63), y]), x, rcond=None)[0] if np.isfinite(x + y).all() else None
    rest = NONE if line is None else np.sqrt(((x - line[0] - line[1] * y) ** 2).sum() / 61)
    year, market = last(r, 252), last(m, 252)
    moves, month = last(close.diff(), 14), last(turnover, 21)
    dif = faded(close.tail(104), 36, 12) - faded(close.tail(104), 78, 26)
    with np.errstate(all="ignore"):
        flow = np.log(volume / volume.shift(1)).replace([np.inf, -np.inf], np.nan)
        pair = (last(r, 20), last(flow, 20))
        price_of_a_move = r.abs() / (own["amount"].where(own["amount"] > 0) / 1e8)
        twenty = last(close, 20)
        return {
            "momentum_1m": now / back[21] - 1,
            "momentum_3m": now / back[63] - 1,
            "momentum_6m": now / back[126] - 1,
            "momentum_12_1m": back[21] / back[252] - 1,
            "return_1w": now / back[5] - 1,
            "high_52w": now / last(high, 252).max(),
            "volatility_1m": last(r, 21).std(ddof=1),
            "volatility_3m": x.std(ddof=1),
            "idiosyncratic_volatility_3m": rest,
            "skewness_3m": pandas.Series(x).skew() if np.isfinite(x).all() else NONE,
            "max_return_1m": last(r, 21).max(),
            "turnover_1m": month.mean(),
            "turnover_3m": last(turnover, 63).mean(),
            "turnover_6m": last(turnover, 126).mean(),
            "turnover_12m": last(turnover, 252).mean(),
            "illiquidity_1m": last(price_of_a_move, 21).mean(),
            "turnover_variation_1m": month.std(ddof=1) / month.mean(),
            "log_market_value": np.log(own["worth"].iloc[-1]),
            "log_float_value": np.log(own["close"].iloc[-1] * own["float_shares"].iloc[-1]),
            "log_price": np.log(own["close"].iloc[-1]),
            "beta_12m": np.cov(year, market)[0, 1] / np.var(market, ddof=1),
            "beta_3m": np.cov(x, y)[0, 1] / np.var(y, ddof=1),
            "market_correlation_12m": np.corrcoef(year, market)[0, 1],
            "relative_strength_14": moves[moves > 0].sum() / np.abs(moves).sum() if np.isfinite(moves).all() else NONE,
            "macd": (dif.iloc[-1] - faded(dif, 27, 9).iloc[-1]) / now,
            "band_place_20": (now - twenty.mean()) / (2 * twenty.std(ddof=1)),
            "close_to_mean_60": now / last(close, 60).mean() - 1,
            "return_with_volume_20": np.corrcoef(*pair)[0, 1],
        }


class Told:
    """What reports said of one asset by a day, looked up one by one."""

    def __init__(self, facts, day, bars):
        self.facts, self.day, self.bars = facts[facts["usable"] <= day], day, bars

    def period(self, field):
        ends = self.facts.loc[self.facts["field"] == field, "period"]
        newest = ends.max() if len(ends) else None
        return None if newest is None or (self.day - newest).days > 366 else newest

    def row(self, field, period):
        held = self.facts[(self.facts["field"] == field) & (self.facts["period"] == period)]
        return None if period is None or not len(held) else held.sort_values("usable").iloc[-1]

    def __call__(self, field, months=0, *, of=None, shares=False):
        """The value of the newest period of a field (or of another's), or of one some months before."""
        period = self.period(of or field)
        if period is None:
            return NONE
        period = period - pandas.offsets.MonthEnd(months) if months else period
        row = self.row(field, period)
        if row is None or row["value"] is None:
            return NONE
        return float(row["value"]) * (self.shares(period) if shares else 1.0)

    def shares(self, day):
        held = self.bars.loc[self.bars["session"] <= day, "total_shares"]
        return held.iloc[-1] if len(held) else NONE

    def worth_at_quote(self):
        row = self.row("market_value", self.period("market_value"))
        return NONE if row is None else self.bars.loc[self.bars["session"] <= row["usable"], "worth"].iloc[-1]

    def money(self, multiple, months=0):
        return self("market_value", months) / self(multiple, months, of="market_value")

    def months(self, field):
        period = self.period(field)
        return NONE if period is None else period.month

    def year_of(self, field, *, shares=False):
        k = self.months(field)
        if not k < 12:
            return self(field, shares=shares)
        return self(field, shares=shares) + self(field, k, shares=shares) - self(field, 12, shares=shares)

    def quarters(self, field):
        made = []
        for back in range(0, 24, 3):
            period = self.period(field)
            first = period is not None and (period - pandas.offsets.MonthEnd(back) if back else period).month == 3
            made.append(self(field, back, shares=True) - (0.0 if first else self(field, back + 3, shares=True)))
        return np.array(made)


def over(x, y):
    return x / y if y > 0 else NONE


def reported_by_hand(told, worth):
    """The factors of reports, one by one."""
    quote = lambda field: told(field, of="market_value")  # noqa: E731
    price = worth / told.worth_at_quote()
    company = told("market_value") * price
    book, revenue, profit = (told.money(f"price_to_{name}") for name in ("book", "sales", "earnings"))
    debt = told("invested_capital") - book
    cash = "free_cash_flow_per_share_ytd"
    flows = told.quarters(cash)
    flows = flows[np.isfinite(flows)]
    roe, year = "return_on_equity_ytd", 12 / told.months("return_on_equity_ytd")
    ebit, ebit_before = told("ebit_ytd"), told("ebit_ytd", 12)
    return {
        "earnings_to_price": 1 / quote("price_to_earnings") / price,
        "book_to_price": 1 / quote("price_to_book") / price,
        "sales_to_price": 1 / quote("price_to_sales") / price,
        "dividend_yield": quote("dividend_yield") / price,
        "free_cash_flow_to_price": told.year_of(cash, shares=True) / worth,
        "ebit_to_enterprise_value": over(told.year_of("ebit_ytd"), company + debt),
        "price_to_earnings": quote("price_to_earnings") * price,
        "revenue_growth": over(revenue, told.money("price_to_sales", 12)) - 1,
        "net_profit_growth": over(profit, told.money("price_to_earnings", 12)) - 1,
        "book_growth": over(book, told.money("price_to_book", 12)) - 1,
        "ebit_growth": over(ebit - ebit_before, abs(ebit_before)),
        "return_on_equity_change": (told(roe) - told(roe, 12)) * year,
        "return_on_equity": told(roe) * year,
        "return_on_assets": told("return_on_assets_ytd") * 12 / told.months("return_on_assets_ytd"),
        "return_on_invested_capital": (
            told("return_on_invested_capital_ytd") * 12 / told.months("return_on_invested_capital_ytd")
        ),
        "net_margin": over(quote("price_to_sales"), quote("price_to_earnings")),
        "capital_turnover": over(revenue, told("invested_capital")),
        "cash_flow_volatility": over(np.std(flows, ddof=1), book) if len(flows) >= 4 else NONE,
        "book_leverage": over(told("invested_capital"), book),
        "market_leverage": over(company + debt, company),
        "debt_to_assets": told("debt_to_assets"),
    }


def compare(history, wanted):
    """Hold both sets, at some (asset, label) pairs, against the hand; returns how often each factor was there."""
    frame = daily_frame(history.bars)
    sets = [made.at(history) for made in (MultiFactor(), MultiFactorTwelve())]
    facts = history.reported.facts.frame.filter(pl.col("asset").is_in([asset for asset, _ in wanted]))
    facts = pandas.DataFrame({name: facts[name].to_list() for name in facts.columns})
    facts["period"], facts["usable"] = pandas.to_datetime(facts["period"]), pandas.to_datetime(facts["usable"])
    place = {
        key: at for at, key in enumerate(zip(history.rows.frame["asset"], history.rows.frame["session"], strict=True))
    }
    seen = dict.fromkeys(CARDS, 0)
    for asset, label in wanted:
        day = pandas.Timestamp(label)
        own = frame[(frame["asset"] == asset) & (frame["session"] <= day)].reset_index(drop=True)
        told = Told(facts[facts["asset"] == asset], day, own)
        hand = {**daily_by_hand(own), **reported_by_hand(told, own["worth"].iloc[-1])}
        assert set(hand) == set(CARDS)
        for values in sets:
            for name, found in zip(values.fields, values.values[place[asset, label]], strict=True):
                expected = hand[name] if np.isfinite(hand[name]) else NONE
                np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=f"{asset} {label} {name}")
                seen[name] += bool(np.isfinite(found))
    return seen


def pairs(history, assets, every=1):
    """Wanted rows of some assets."""
    kept = history.rows.frame.filter(pl.col("asset").is_in(assets)).select("asset", "session").rows()
    return kept[::every]


def test_a_made_up_market():
    bars, reported = (held := example_history()).bars, held.reported
    reset = bars.frame.with_columns(reset=(pl.col("time") == pl.lit(bars.times[60])) & (pl.col("asset") == "000002.SZ"))
    history = History.of(Bars.of(reset, bars.spec), None, reported)
    seen = compare(history, pairs(history, history.bars.assets, every=71))
    assert min(seen.values()) >= 2, seen


@pytest.mark.real_data
def test_real_stocks_at_month_ends(real_data, tmp_path):
    (tmp_path / "daily").mkdir()
    names = ["daily/2014.parquet", "daily/2015.parquet", "instruments.parquet", "fundamentals.parquet"]
    for name in [*names, "reports_published.parquet"]:
        (tmp_path / name).symlink_to(real_data / "ashare" / name)
    panel = import_panel(tmp_path)
    facts = import_fundamentals(tmp_path, panel.bars, panel.instruments).facts
    history = History.of(panel.bars, by_month(panel.bars), Reported(facts))
    seen = compare(history, pairs(history, ["600519.SH", "000002.SZ", "300024.SZ", "601398.SH", "600401.SH"], every=4))
    assert min(seen.values()) >= 5, seen
    assert max(seen.values()) == 60
