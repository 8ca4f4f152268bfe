"""Times of a user's table: text is read as dates or refused, rows that go back in time are told, and what was taken."""

import numpy as np
import polars as pl
import pytest

from tidegate.errors import SettingError
from tidegate.testing import check_causal, check_fitted
from tidegate.testing.written_times import moments_of

pandas = pytest.importorskip("pandas")

DAYS = pandas.bdate_range("2016-01-01", periods=400)
CLOSE = np.round(20 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.02, len(DAYS)))), 2)
WRITTEN = {
    "unpadded": [f"{day.year}/{day.month}/{day.day}" for day in DAYS],
    "ISO": [f"{day:%Y-%m-%d}" for day in DAYS],
    "ISO, unpadded": [f"{day.year}-{day.month}-{day.day}" for day in DAYS],
    "compact": [f"{day:%Y%m%d}" for day in DAYS],
    "with a clock, unpadded": [f"{day.year}/{day.month}/{day.day} 9:30" for day in DAYS],
    "Chinese": [f"{day.year}年{day.month}月{day.day}日" for day in DAYS],
}
CHANGE = lambda d: d.close.pct_change(5)  # noqa: E731


def of(times):
    return pandas.DataFrame({"date": times, "close": CLOSE})


@pytest.mark.parametrize("form", WRITTEN)
def test_dates_that_are_text_are_ordered_as_dates(form):
    found = check_causal(CHANGE, of(WRITTEN[form]))
    assert found, found
    assert not check_causal(lambda d: d.close.shift(-1), of(WRITTEN[form]))
    series = pandas.Series(CLOSE, index=WRITTEN[form])  # an index without a name
    assert check_causal(lambda x: x.pct_change(5), series).on == "time: index"


def test_rows_that_a_function_dates_itself_are_laid_by_date():
    weekly = lambda d: d.iloc[::5][["date"]].assign(x=d.close.rolling(5).mean().iloc[::5])  # noqa: E731
    ahead = lambda d: d.iloc[::5][["date"]].assign(x=d.close.shift(-1).iloc[::5])  # noqa: E731
    data = of(WRITTEN["unpadded"])
    assert check_causal(weekly, data)
    assert not check_causal(ahead, data)


@pytest.mark.parametrize(
    "times",
    [
        [f"{day:%m/%d/%Y}" for day in DAYS],
        [f"{day:%d.%m.%Y}" for day in DAYS],
        [f"t{n}" for n in range(len(DAYS))],
        [*WRITTEN["ISO"][:-1], "2017-02-31"],
        [*WRITTEN["ISO"][:-1], None],
    ],
    ids=["month first", "day first", "no dates", "no such day", "missing"],
)
def test_text_that_can_be_read_in_more_ways_than_one_is_refused(times):
    with pytest.raises(SettingError, match="in one way only") as told:
        check_causal(CHANGE, of(times))
    assert "to_datetime" in str(told.value)
    assert "expected dates" in str(told.value)
    with pytest.raises(SettingError, match="in one way only"):
        check_fitted(lambda d: d.close.mean(), of(times), times[50])


@pytest.mark.parametrize(
    "text, iso",
    [
        ("2010/4/20", "2010-04-20"),
        ("2010.4.2", "2010-04-02"),
        ("20100420", "2010-04-20"),
        ("20100420 093000", "2010-04-20T09:30"),
        ("201004200930", "2010-04-20T09:30"),
        ("2010-04-20T09:30:15.25", "2010-04-20T09:30:15.250000"),
        ("2010-04-20 09:30:00+08:00", "2010-04-20T01:30"),
        ("2010-04-20T01:30:00Z", "2010-04-20T01:30"),
        ("2010-04", "2010-04-01"),
        ("2010Q3", "2010-07-01"),
        ("2010", "2010-01-01"),
    ],
)
def test_a_time_is_read(text, iso):
    assert moments_of(np.array([text], dtype=object))[0] == np.datetime64(iso, "us")


@pytest.mark.parametrize("text", ["04/20/2010", "20/4/10", "2010-4/20", "2010-13-01", "100420", "09:30", "", "nan"])
def test_a_text_is_left_alone_where_that_is_asked(text):
    column = np.array([text], dtype=object)
    assert moments_of(column, strict=False) is column
    with pytest.raises(SettingError, match="in one way only"):
        moments_of(column)


def night_bars():
    """Each session's night bars bear its own date, as exchanges write them, and come before its day bars."""
    days = [f"{day:%Y-%m-%d} {clock}" for day in DAYS[:100] for clock in ("21:00", "09:00", "14:00")]
    close = np.round(20 * np.exp(np.cumsum(np.random.default_rng(4).normal(0, 0.02, len(days)))), 2)
    return pandas.DataFrame({"datetime": pandas.to_datetime(days), "close": close})


def test_rows_that_go_back_in_time_are_told_and_not_judged():
    with pytest.raises(SettingError, match=r"100 rows are not in the order of their times") as told:
        check_causal(CHANGE, night_bars())
    assert "time='rows'" in str(told.value)
    with pytest.raises(SettingError, match="100 rows are not in the order"):
        check_fitted(lambda d: d.close.mean(), night_bars(), "2016-03-01")


def test_the_order_of_the_rows_is_taken_where_it_is_asked_for():
    found = check_causal(CHANGE, night_bars(), time="rows")
    assert found, found
    assert str(found).endswith("(time: row numbers)")
    assert not check_causal(lambda d: d.close.shift(-1), night_bars(), time="rows")
    table = pl.from_pandas(night_bars())
    assert check_causal(lambda d: d.select("datetime", pl.col("close").pct_change(5)), table, time="rows")
    two = pandas.concat([night_bars().assign(code=code) for code in "ab"])
    both = two.sort_index(kind="stable").reset_index(drop=True)
    ranked = lambda d: d.groupby("datetime").close.rank()  # noqa: E731
    assert check_causal(ranked, both, time="rows").on == "time: row numbers, asset: code"
    crossed = pandas.concat([night_bars().assign(code="a"), night_bars()[::-1].assign(code="b")])
    with pytest.raises(SettingError, match="in no common order"):
        check_causal(ranked, crossed.reset_index(drop=True), time="rows")


def test_the_newest_first_is_an_order():
    data = of(WRITTEN["unpadded"])[::-1].reset_index(drop=True)
    assert check_causal(lambda d: d.close.shift(-1), data)
    assert not check_causal(lambda d: d.close.shift(1), data)


def test_a_verdict_says_what_it_took_for_time_and_asset():
    data = of(DAYS)
    assert str(check_causal(CHANGE, data, name="x")).endswith("(time: date)")
    assert str(check_causal(np.cumsum, CLOSE, name="x")).endswith("(time: row numbers)")
    two = pandas.concat([data.assign(code=code) for code in "ab"])
    assert check_causal(lambda d: d.groupby("code").close.shift(1), two).on == "time: date, asset: code"
    assert check_causal(lambda d: d.close * 2, two.set_index(["date", "code"])).on == "time: date, asset: code"
    failed = check_causal(lambda d: d.close.shift(-1), data, name="x")
    assert str(failed).startswith("x looks ahead (time: date): cutting off")


def test_what_is_used_before_its_bar_is_over_is_named_so():
    bars = of(DAYS).assign(open=CLOSE - 0.5)
    found = check_causal(lambda d: d.close / d.open, bars, known="open")
    assert not found
    assert "close, high, low or volume is used before the bar is over" in found.hint
    ahead = check_causal(lambda d: d.open.shift(-1), bars, known="open")
    assert "shift(-1)" in ahead.hint
