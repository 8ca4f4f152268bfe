"""Vendors' files against each other: what agrees to the last digit, and every session that does not."""

from datetime import date

import polars as pl
import pytest

from tidegate.data.bar_comparison import compare_tables
from tidegate.data.futures_resample import compare_bars, resample
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.market.calendar import XSHG
from tidegate.types.bars import Bars

pytestmark = pytest.mark.real_data
REBAR = {"kind": "future", "asset": "RB", "hours": "shfe-rebar"}
NAMES = ("time", "open", "high", "low", "close", "volume", "open_interest")
SWITCHES = ["2015-07-20", "2015-11-04", "2016-03-14", "2016-08-18", "2016-11-28", "2017-03-23", "2017-08-08"]


@pytest.fixture(scope="module")
def daily(real_data):
    settings = ImportSettings(**REBAR, columns={"price_adjust_factor": "factor"})
    return import_file(real_data / "futures" / "RB_main_daily.csv", settings).bars


@pytest.fixture(scope="module")
def hourly(real_data):
    settings = ImportSettings(**REBAR, frequency="60min", night_tail="to the close")
    return import_file(real_data / "futures" / "RB_main_60min_bar_end.csv", settings)


@pytest.fixture(scope="module")
def five(real_data):
    return import_file(real_data / "futures" / "RB_main_5min_2019-2020.csv", ImportSettings(**REBAR))


def against(bars, daily):
    """Longer bars of `bars`, the sessions in which each column differs from the vendor's, and by how much."""
    made = resample(bars, "1d", "shfe-rebar").bars
    sessions = made.frame["session"].implode()
    told = compare_bars(made, Bars.of(daily.frame.filter(pl.col("session").is_in(sessions)), daily.spec))
    gaps = told.with_columns(by=pl.col("theirs") - pl.col("ours"), session=pl.col("time").dt.date().cast(pl.String))
    assert gaps["by"].null_count() == 0  # every session of the one is in the other
    return made, {name: gaps.filter(pl.col("column") == name) for name in ("open", "high", "low", "close", "volume")}


def test_days_of_five_minutes(five, daily):
    made, gaps = against(five.bars, daily)
    assert made.frame.height == 252
    assert {name: held.height for name, held in gaps.items()} == {
        "open": 1,
        "high": 86,
        "low": 73,
        "close": 1,
        "volume": 3,
    }
    assert gaps["open"]["session"].to_list() == ["2020-05-07"]
    assert gaps["close"]["session"].to_list() == ["2020-06-24"]
    assert gaps["volume"]["session"].to_list() == ["2019-12-26", "2020-05-07", "2020-06-24"]
    assert gaps["high"]["by"].min() > 0 > gaps["low"]["by"].max()  # the vendor's bars miss extremes, none is made up


def test_days_of_hours(hourly, daily):
    made, gaps = against(hourly.bars, daily)
    assert made.frame.height == 1028
    assert {name: held.height for name, held in gaps.items()} == {
        "open": 28, "high": 275, "low": 285, "close": 2, "volume": 20,
    }  # fmt: skip
    assert gaps["close"].select("session", "by").rows() == [("2015-07-08", -2.0), ("2016-04-14", 1.0)]
    wide = gaps["open"].filter(pl.col("by").abs() > 10)["session"].to_list()
    assert set(wide) <= set(SWITCHES)  # the first bar of a switch opens at the price of the contract that was left


def test_hourly_closes_at_fifteen_are_daily_closes(hourly, daily):
    last = hourly.bars.frame.filter(pl.col("time").dt.hour() == 15).select("session", ours="close")
    both = last.join(daily.frame.select("session", "close"), on="session")
    assert both.height == 1028
    assert both.filter(pl.col("ours") != pl.col("close"))["session"].to_list() == [date(2015, 7, 8), date(2016, 4, 14)]


def test_nights_are_those_of_the_calendar(hourly, five):
    for imported, nights in ((hourly, 675), (five, 184)):
        frame = imported.bars.frame
        sessions = frame["session"].unique().sort().to_numpy().astype("datetime64[D]")
        night = frame.filter((pl.col("time").dt.hour() >= 21) | (pl.col("time").dt.hour() < 6))
        found = night["session"].unique().sort().to_numpy().astype("datetime64[D]")
        assert found.tolist() == sessions[XSHG.has_night(sessions)].tolist()
        assert len(found) == nights
        friday = night.filter(pl.col("time").dt.weekday() == 5, pl.col("time").dt.hour() >= 21)
        assert set(friday["session"].dt.weekday()) == {1}
    assert hourly.health.count("no_night") == 8


def test_hours_of_half_hours_are_the_vendors_own(real_data):
    folder = real_data / "futures"
    half = import_file(folder / "RB_weighted_30min_bar_start_noheader.csv", ImportSettings(**REBAR, header=NAMES))
    hour = import_file(folder / "RB_weighted_60min_bar_start_noheader.csv", ImportSettings(**REBAR, header=NAMES))
    assert (half.health.label, hour.health.label) == ("start", "start")
    made = resample(half.bars, "60min", "shfe-rebar", "clock").bars
    told = compare_bars(made, hour.bars, NAMES[1:])
    assert set(told["time"].cast(pl.String).str.slice(0, 16)) == {"2017-03-24 23:00"}  # the hourly file lacks this bar
    assert told["theirs"].null_count() == told.height == 6
    assert (made.frame.height, hour.bars.frame.height) == (11878, 11877)


def test_index_futures_have_no_night_and_count_once(real_data):
    settings = ImportSettings(kind="future", asset="IF", hours="cffex-index")
    bars, health, _ = import_file(real_data / "futures" / "IF_main_5min_bar_end.parquet", settings)
    told = " ".join(health.notes)
    assert "run from 09:35 to 15:00, trading from 09:15 to 15:15: the rest is not in the file" in told
    assert "is counted once, and stays" in told
    assert health.kept == 68145
    made = resample(bars, "1d", "cffex-index")
    assert made.partial.select("session", "bars").rows() == [(date(2016, 1, 4), 29), (date(2016, 1, 7), 4)]


def test_the_comparison_counts_what_the_tables_above_list(five, hourly, daily):
    """Equal and different numbers of each column: the figures that the page on bars of futures shows."""
    told = {}
    for name, bars in (("5min", five.bars), ("60min", hourly.bars)):
        found = compare_tables(bars, daily, "shfe-rebar")
        assert (found.bars_only_ours, found.bars_only_theirs, found.sessions_only_ours) == (0, 0, 0)
        counts = {row["column"]: (row["equal"], row["different"], row["ours_higher"])
                  for row in found.columns.iter_rows(named=True)}  # fmt: skip
        told[name] = (found.sessions, found.sessions_only_theirs, counts)
    assert told["5min"] == (252, 0, {
        "open": (251, 1, 1), "high": (166, 86, 0), "low": (179, 73, 73), "close": (251, 1, 0), "volume": (249, 3, 0),
    })  # fmt: skip
    assert told["60min"] == (1028, 1, {
        "open": (1000, 28, 15), "high": (753, 275, 3), "low": (743, 285, 283), "close": (1026, 2, 1),
        "volume": (1008, 20, 0),
    })  # fmt: skip
    only = set(daily.frame["session"]) - set(hourly.bars.frame["session"])
    span = hourly.bars.frame["session"]
    assert [str(day) for day in sorted(only) if span.min() <= day <= span.max()] == ["2016-09-26"]
