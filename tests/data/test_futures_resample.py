"""Longer bars: nothing crosses a session, a night or a contract."""

import datetime as dt

import polars as pl
import pytest
from made_futures import true_bars

from tidegate.data.futures_resample import compare_bars, resample
from tidegate.errors import DataError, RecordError, UnknownNameError
from tidegate.types.bars import Bars, BarSpec

FIVE = true_bars("2019-12-16", "2020-02-12", 5)


def bars_of(frame, frequency="5min"):
    spec = BarSpec(frequency=frequency, kind="future", currency="CNY", title="made", source="made here")
    return Bars.of(frame.drop("night", "begin"), spec)


def by_hand(frame):
    return frame.group_by("session", maintain_order=True).agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last(),
        pl.col("volume").sum(), pl.col("open_interest").last(),
    )  # fmt: skip


def test_a_day_is_its_night_and_its_day():
    made = resample(bars_of(FIVE), "1d", "shfe-rebar")
    expected = by_hand(FIVE)
    assert made.bars.spec.frequency == "1d"
    assert made.bars.frame.select(expected.columns).equals(expected)
    assert made.bars.frame["time"].to_list() == [dt.datetime.combine(d, dt.time()) for d in expected["session"]]
    assert sorted(set(made.made["bars"])) == [45, 69]
    assert made.partial.is_empty()  # a session without a night is no hole


def test_hours_run_over_the_breaks():
    made = resample(bars_of(FIVE), "60min", "shfe-rebar")
    monday = made.bars.frame.filter(pl.col("session") == dt.date(2019, 12, 23))
    friday, day = dt.datetime(2019, 12, 20), dt.datetime(2019, 12, 23)
    hours = [(22, 0), (23, 0), (10, 0), (11, 15), (14, 15), (15, 0)]
    assert monday["time"].to_list() == [(friday if h > 20 else day).replace(hour=h, minute=m) for h, m in hours]
    second = FIVE.filter(
        pl.col("time").is_between(day.replace(hour=10), day.replace(hour=11, minute=15), closed="right")
    )
    assert monday.row(3, named=True)["volume"] == second["volume"].sum()
    assert monday.row(3, named=True)["high"] == second["high"].max()
    assert made.made.filter(pl.col("session") == dt.date(2019, 12, 23))["bars"].to_list() == [12, 12, 12, 12, 12, 9]


def test_two_steps_are_one():
    once = resample(bars_of(FIVE), "1d", "shfe-rebar").bars
    for cut in ("trading", "clock"):
        hour = resample(bars_of(FIVE), "60min", "shfe-rebar", cut).bars
        assert resample(hour, "1d", "shfe-rebar").bars.digest == once.digest


def test_a_hole_is_told():
    short = FIVE.filter(pl.col("time") != dt.datetime(2019, 12, 24, 22, 30))
    made = resample(bars_of(short), "60min", "shfe-rebar")
    assert made.partial.select("time", "bars", "usual").rows() == [(dt.datetime(2019, 12, 24, 23), 11, 12)]


def test_bars_by_the_clock_make_no_hours_of_trade():
    thirty = true_bars("2019-12-16", "2019-12-20", 30)
    with pytest.raises(DataError, match=r"would lie in two longer ones.*bars that end at 11:15, 14:15.*cut=\"clock\""):
        resample(bars_of(thirty, "30min"), "60min", "shfe-rebar")
    assert resample(bars_of(thirty, "30min"), "60min", "shfe-rebar", "clock").bars.frame.height == 5 * 7


@pytest.mark.parametrize("column", ["factor", "roll_from"])
def test_no_bar_holds_two_contracts(column):
    inside = pl.col("time") > dt.datetime(2019, 12, 18, 9, 30)
    value = {"factor": pl.when(inside).then(1.02).otherwise(1.0),
             "roll_from": pl.when(pl.col("time") == dt.datetime(2019, 12, 18, 9, 35)).then(3500.0)}[column]  # fmt: skip
    with pytest.raises(DataError, match="would hold two contracts"):
        resample(bars_of(FIVE.with_columns(value.alias(column))), "60min", "shfe-rebar")


def test_a_switch_at_the_open_of_a_session_stays_there():
    first = pl.col("time") == dt.datetime(2019, 12, 17, 21, 5)
    later = pl.col("session") >= dt.date(2019, 12, 18)
    rolled = FIVE.with_columns(factor=pl.when(later).then(1.02).otherwise(1.0), roll_from=pl.when(first).then(3500.0))
    day = resample(bars_of(rolled), "1d", "shfe-rebar").bars.frame
    assert day.filter(pl.col("roll_from").is_not_null())["session"].to_list() == [dt.date(2019, 12, 18)]
    assert day["factor"].to_list() == [1.0] * 2 + [1.02] * (day.height - 2)


def test_what_is_refused():
    bars = bars_of(FIVE)
    with pytest.raises(UnknownNameError, match=r"unknown trading hours 'shfe-rebars'.*did you mean 'shfe-rebar'"):
        resample(bars, "1d", "shfe-rebars")
    with pytest.raises(RecordError, match="bars are not shorter"):
        resample(resample(bars, "60min", "shfe-rebar").bars, "60min", "shfe-rebar")
    odd = FIVE.with_columns(pl.when(pl.col("time") == dt.datetime(2019, 12, 18, 10, 35)).then(
        dt.datetime(2019, 12, 18, 10, 25)).otherwise("time").alias("time"))  # fmt: skip
    with pytest.raises(DataError, match="ends outside the hours"):
        resample(bars_of(odd), "60min", "shfe-rebar")


def test_differences_are_listed():
    bars = resample(bars_of(FIVE), "1d", "shfe-rebar").bars
    other = bars.frame.with_columns(
        high=pl.when(pl.int_range(pl.len()) == 3).then(pl.col("high") + 1).otherwise("high")
    )
    told = compare_bars(bars, Bars.of(other[:-1], bars.spec))
    assert told["column"].to_list() == ["high", "close", "high", "low", "open", "volume"]
    assert told.row(0, named=True)["theirs"] == told.row(0, named=True)["ours"] + 1
    assert told["theirs"].tail(5).null_count() == 5
