"""The tables that cases are asked on: a made-up market of four shares, its reports, its bars of half hours.

Pandas and NumPy, as most who make these mistakes use; small, since every case is asked some thirty times.
"""

from functools import cache

import numpy as np
import pandas as pd
import polars as pl

from tidegate.testing.history import example_bars

__all__ = ["CUT", "by_date", "each", "halfhours", "lean", "learned_from", "market", "newest_first", "one", "reports"]

CUT = pd.Timestamp("2014-04-04")
"""What is fitted may know this day and nothing after it."""
_INDUSTRIES = ("banks", "steel", "banks", "steel")
_NEW_INDUSTRY = pd.Timestamp("2014-04-21")
"""From this day on the fourth share flies, as the first of its kind."""


@cache
def _market() -> pd.DataFrame:
    bars = example_bars(sessions=100, assets=4).frame.drop("session", "settle", "open_interest", "suspended")
    d = pd.DataFrame(bars.to_dict(as_series=False)).rename(columns={"time": "date"})
    generator = np.random.default_rng(5)
    names = sorted(d["asset"].unique())
    d["industry"] = d["asset"].map(dict(zip(names, _INDUSTRIES, strict=True)))
    d.loc[(d["asset"] == names[3]) & (d["date"] >= _NEW_INDUSTRY), "industry"] = "airlines"
    d["earnings"] = np.where(generator.random(len(d)) < 0.12, generator.normal(1.0, 0.3, len(d)), np.nan)
    d["turnover"] = generator.lognormal(-4.0, 0.4, len(d))
    d["member"] = generator.random(len(d)) < 0.6
    d["at_risk"] = generator.random(len(d)) < 0.1
    return d.sort_values(["asset", "date"], ignore_index=True)


def market() -> pd.DataFrame:
    """Daily bars in long form, sorted by share and day: prices, factor, limits, industry, flags, sparse earnings."""
    return _market().copy()


def newest_first() -> pd.DataFrame:
    """The same as several vendors send it: the newest day on top."""
    return market().sort_values(["asset", "date"], ascending=[True, False], ignore_index=True)


def lean() -> pl.DataFrame:
    """The same in polars, prices and volume alone."""
    return pl.DataFrame(
        {name: _market()[name].to_list() for name in ("date", "asset", "open", "high", "low", "close", "volume")}
    )


def one() -> pd.DataFrame:
    """The first share alone."""
    d = market()
    return d[d["asset"] == d["asset"].iloc[0]].reset_index(drop=True)


@cache
def _reports() -> pd.DataFrame:
    generator = np.random.default_rng(7)
    rows = []
    for asset in ("000001.SZ", "000002.SZ", "000003.SZ"):
        value = 1.0
        for quarter in pd.date_range("2010-03-31", "2014-12-31", freq="QE"):
            value *= float(np.exp(generator.normal(0.02, 0.15)))
            told = quarter + pd.Timedelta(days=int(generator.integers(20, 60)))
            rows.append((told, asset, quarter, value))
            if generator.random() < 0.4:  # restated, months later
                later = told + pd.Timedelta(days=int(generator.integers(90, 200)))
                rows.append((later, asset, quarter, value * float(np.exp(generator.normal(0, 0.2)))))
    made = pd.DataFrame(rows, columns=["announced", "asset", "period_end", "profit"])
    return made.sort_values(["announced", "asset", "period_end"], ignore_index=True)


def reports() -> pd.DataFrame:
    """Quarterly profits in the order in which they were announced, restatements as rows of their own."""
    return _reports().copy().rename(columns={"announced": "date"})


@cache
def _halfhours() -> pd.DataFrame:
    generator = np.random.default_rng(9)
    days = pd.bdate_range("2014-01-06", periods=20)
    times = [day + pd.Timedelta(hours=10) + k * pd.Timedelta(minutes=30) for day in days for k in range(8)]
    close = 100 * np.exp(np.cumsum(generator.normal(0, 0.004, len(times))))
    open_ = np.r_[100.0, close[:-1]]
    return pd.DataFrame(
        {
            "time": times,
            "open": open_,
            "high": np.maximum(open_, close) * 1.001,
            "low": np.minimum(open_, close) * 0.999,
            "close": close,
            "volume": generator.lognormal(10, 0.4, len(times)).round(),
        }
    )


def halfhours() -> pd.DataFrame:
    """Bars of half an hour, eight a day, of one future."""
    return _halfhours().copy()


def each(d: pd.DataFrame, f) -> pd.Series:
    """Apply to each share by itself, in the order of its rows."""
    return pd.concat([f(own) for _, own in d.groupby("asset")]).reindex(d.index)


def by_date(x: pd.Series, d: pd.DataFrame):
    """Group a column by day."""
    return x.groupby(d["date"])


def learned_from(d: pd.DataFrame) -> pd.DataFrame:
    """Keep what was known at the close of `CUT`."""
    return d[d["date"] <= CUT]
