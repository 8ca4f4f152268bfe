"""Bars by month, and the history that lays factors beside them."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from tidegate.data.months import by_month
from tidegate.errors import RecordError, SettingError
from tidegate.factors.expressions import Expressions
from tidegate.market.months import month_ends
from tidegate.testing.history import example_bars
from tidegate.types.bars import Bars
from tidegate.types.history import History

BARS = example_bars(sessions=160, assets=3)


def test_a_month_holds_its_own_bars_and_nothing_else():
    monthly = by_month(BARS)
    assert monthly.spec.frequency == "1mo"
    ends = BARS.times[month_ends(BARS.times) > 0]
    assert monthly.times.tolist() == ends.tolist()
    own = BARS.frame.with_columns(adjusted=pl.col("close") * pl.col("factor"), open_=pl.col("open") * pl.col("factor"))
    for row, made, opened in zip(
        monthly.frame.iter_rows(named=True), monthly.adjusted("close"), monthly.adjusted("open"), strict=True
    ):
        month = own.filter(
            (pl.col("asset") == row["asset"])
            & (pl.col("session").dt.truncate("1mo") == row["session"].replace(day=1))
            & (pl.col("time") <= row["time"])
        )
        assert row["close"] == month["close"][-1]
        assert made == month["adjusted"][-1]
        assert opened == pytest.approx(month["open_"][0], rel=1e-14)
        assert row["amount"] == pytest.approx(month["amount"].sum())


def test_returns_of_months_are_products_of_daily_ones():
    one = Bars.of(BARS.frame.filter(pl.col("asset") == "000001.SZ"), BARS.spec)
    monthly = by_month(one)
    at = History.of(one, monthly).at
    daily = one.adjusted("close")
    grown = [np.prod(daily[a + 1 : b + 1] / daily[a:b]) for a, b in pairwise(at)]
    assert monthly.adjusted("close")[1:] / monthly.adjusted("close")[:-1] == pytest.approx(grown, rel=1e-12)


def test_an_unfinished_month_is_left_out_whatever_came_later():
    whole = by_month(BARS)
    for label in (BARS.times[50], BARS.times[75], BARS.times[101]):
        short = by_month(BARS.upto(label))
        assert short.frame.equals(whole.frame.filter(pl.col("time") <= pl.lit(label)))


def test_factors_at_month_ends_are_those_of_every_bar():
    factors = Expressions(formulas={"mean": "close / mean(close, 20) - 1", "standing": "cross_rank(volume)"})
    monthly = by_month(BARS)
    history = History.of(BARS, monthly)
    every = factors.at(History.of(BARS)).values
    thin = factors.at(history).values
    assert np.array_equal(thin, every[history.at], equal_nan=True)
    assert np.isfinite(thin[-1]).all()
    panel = factors.at(history).panel(monthly)
    assert panel.times.tolist() == monthly.times.tolist()


def test_nothing_reaches_across_a_bar_where_prices_begin_anew():
    own = BARS.frame.with_columns(reset=(pl.col("time") == pl.lit(BARS.times[60])) & (pl.col("asset") == "000001.SZ"))
    broken = Bars.of(own, BARS.spec)
    factors = Expressions(formulas={"mean": "close / mean(close, 5) - 1", "back": "close / lag(close, 3)"})
    with_, without = factors.at(History.of(broken)).values, factors.at(History.of(BARS)).values
    changed = np.flatnonzero(~((with_ == without) | (np.isnan(with_) & np.isnan(without))).all(axis=1))
    assert changed.tolist() == [60, 61, 62, 63]
    assert np.isnan(with_[60:63, 1]).all()
    assert np.isnan(with_[60:64, 0]).all()


def test_rows_must_belong_to_the_bars():
    other = example_bars(sessions=160, assets=4)
    with pytest.raises(RecordError, match="no bars"):
        History.of(BARS, by_month(other))
    with pytest.raises(SettingError, match="daily"):
        by_month(by_month(BARS))
