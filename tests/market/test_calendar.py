"""The calendar: sessions as the real data have them, the trading day of night bars, and days that nobody knows."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.errors import DataError
from tidegate.market.calendar import NIGHT_ENDS, XSHG


def moments(*texts):
    return np.array(texts, dtype="datetime64[us]")


def days(*texts):
    return np.array(texts, dtype="datetime64[D]")


class TestSessions:
    @pytest.mark.parametrize(
        "day, held",
        [("1990-12-19", True), ("1990-12-25", True), ("1991-01-01", False), ("1999-12-31", False), ("2015-09-03", False),
         ("2019-05-02", False), ("2020-01-31", False), ("2020-02-03", True), ("2024-02-09", False), ("2024-02-18", False),
         ("2024-02-19", True), ("2026-10-07", False), ("2026-10-08", True), ("2026-12-31", True)],
    )  # fmt: skip
    def test_days_that_were_and_were_not(self, day, held):
        assert XSHG.is_session(date.fromisoformat(day)) is held

    def test_neighbours(self):
        assert XSHG.next_session(date(2020, 1, 23)) == date(2020, 2, 3)
        assert XSHG.previous_session(date(2020, 2, 3)) == date(2020, 1, 23)
        assert XSHG.next_session(date(2024, 3, 1)) == date(2024, 3, 4)
        assert XSHG.sessions(date(2024, 9, 27), date(2024, 10, 9)).astype(str).tolist() == [
            "2024-09-27", "2024-09-30", "2024-10-08", "2024-10-09"]  # fmt: skip

    def test_every_session_is_between_its_neighbours(self):
        for day in XSHG.days[1:-1:97]:
            held = day.item()
            assert (
                XSHG.next_session(XSHG.previous_session(held)) == held == XSHG.previous_session(XSHG.next_session(held))
            )

    @pytest.mark.parametrize("day", ["1990-12-18", "2027-01-01"])
    def test_outside_the_table_nobody_knows(self, day):
        asked = date.fromisoformat(day)
        for ask in (XSHG.is_session, XSHG.next_session, XSHG.previous_session, lambda day: XSHG.sessions(day, day)):
            with pytest.raises(DataError, match=r"unknown: whether a day is a session.*1990-12-19 … 2026-12-31"):
                ask(asked)

    def test_beyond_its_ends_nobody_knows(self):
        with pytest.raises(DataError, match="unknown: a session beyond the table"):
            XSHG.next_session(date(2026, 12, 31))
        with pytest.raises(DataError, match="unknown: a session beyond the table"):
            XSHG.previous_session(date(1990, 12, 19))

    def test_closures_are_weekdays_of_their_own_year(self):
        for line in XSHG.closures:
            year, _, told = line.partition(": ")
            for run in told.split():
                ends = [date(int(year), int(day[:2]), int(day[2:])) for day in run.split("-")]
                assert all(day.weekday() < 5 for day in ends)
                assert ends == sorted(ends)
        assert [int(line[:4]) for line in XSHG.closures] == list(range(1991, 2027))

    def test_a_panel_is_checked_against_it(self):
        assert XSHG.check(days("2024-02-08", "2024-02-09", "2024-02-19")).astype(str).tolist() == ["2024-02-09"]

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_against_an_independent_calendar(self):
        package = pytest.importorskip("exchange_calendars")
        theirs = package.get_calendar("XSHG", start="1990-12-19").sessions.values.astype("datetime64[D]")
        known = min(theirs[-1], np.datetime64(XSHG.last))
        assert XSHG.days[XSHG.days <= known].tolist() == theirs[theirs <= known].tolist()

    @pytest.mark.real_data
    def test_the_sessions_of_the_real_panel_and_of_the_index(self, real_data):
        panel = pl.scan_parquet(real_data / "ashare" / "daily" / "*.parquet").select(pl.col("date").unique()).collect()
        index = pl.read_parquet(real_data / "index" / "000300.SH.parquet", columns=["date"])
        for held, count in ((panel, 3_310), (index, None)):
            seen = held["date"].unique().sort().to_list()
            assert count in {None, len(seen)}
            assert XSHG.sessions(seen[0], seen[-1]).tolist() == seen


class TestNights:
    @pytest.mark.parametrize(
        "moment, day",
        [("2024-03-01T21:05", "2024-03-04"), ("2024-03-02T00:59", "2024-03-04"), ("2024-03-04T21:00", "2024-03-05"),
         ("2024-03-05T02:30", "2024-03-05"), ("2024-03-05T09:05", "2024-03-05"), ("2024-03-05T15:00", "2024-03-05"),
         ("2020-01-23T21:30", "2020-02-03")],
    )  # fmt: skip
    def test_a_night_bar_belongs_to_the_next_trading_day(self, moment, day):
        assert XSHG.trading_day(moments(moment)).astype(str).tolist() == [day]

    @pytest.mark.parametrize("moment", ["2024-03-03T21:00", "2024-03-02T10:00", "2024-02-12T00:30"])
    def test_a_bar_without_a_session_is_refused(self, moment):
        with pytest.raises(DataError, match="on a day without a session"):
            XSHG.trading_day(moments(moment))

    def test_when_nights_are_held(self):
        """First 2014-12-29; none after a holiday, in the epidemic, nor over a holiday on a weekend."""
        asked = ["2014-12-26", "2014-12-29", "2015-01-05", "2015-09-25", "2015-09-28", "2020-01-23", "2020-02-03",
                 "2020-04-29", "2020-05-06", "2020-05-07", "2024-03-04", "2024-02-19"]  # fmt: skip
        held = [False, True, False, True, False, True, False, False, False, True, True, False]
        assert XSHG.has_night(days(*asked)).tolist() == held
        assert NIGHT_ENDS.at(days("2016-04-29", "2016-05-03", "2016-05-04")).tolist() == [25, 25, 23]

    def test_no_night_on_a_day_without_a_session(self):
        with pytest.raises(DataError, match="a day is no session"):
            XSHG.has_night(days("2024-03-02"))

    @pytest.mark.real_data
    def test_the_nights_of_hourly_bars(self, real_data):
        """After four holidays a vendor has a night of next to no volume: the auction of the morning, nothing more."""
        bars = pl.read_csv(real_data / "futures" / "RB_main_60min_bar_end.csv").with_columns(
            day=pl.col("date").str.slice(0, 10).str.to_date("%Y/%m/%d"), at=pl.col("date").str.slice(11, 5)
        )
        seen = bars["day"].unique().sort()
        traded = pl.col("volume").filter(pl.col("at").is_in(["22:00", "23:00"])).sum() > 0.02 * pl.col("volume").sum()
        nights = set(bars.group_by("day").agg(traded=traded).filter("traded")["day"])
        held = XSHG.has_night(seen.to_numpy().astype("datetime64[D]"))
        assert [day for day, ours in zip(seen, held, strict=True) if ours != (day in nights)] == []

    @pytest.mark.real_data
    def test_the_nights_of_five_minute_bars(self, real_data):
        raw = (real_data / "futures" / "RB_main_5min_2019-2020.csv").read_bytes().decode("gbk").splitlines()[1:]
        told = [(row.split(" ")[0].replace("/", "-"), row.split(",")[1]) for row in raw]
        when = [
            np.datetime64(f"{y}-{int(m):02}-{int(d):02}T{t}")
            for (y, m, d), t in ((day.split("-"), t) for day, t in told)
        ]
        night = np.array([text > "20:00" for _, text in told])
        by_night = np.unique(XSHG.trading_day(np.array(when).astype("datetime64[us]"))[night])
        by_day = np.unique(np.array(when)[~night].astype("datetime64[D]"))
        asked = by_day[by_day > by_night[0]]
        assert asked[XSHG.has_night(asked) != np.isin(asked, by_night)].tolist() == []


def test_sessions_that_follow_a_day_and_the_end_of_the_table():
    assert [str(day) for day in XSHG.following(date(2024, 2, 8), 2)] == ["2024-02-08", "2024-02-19"]
    assert len(XSHG.following(date(2026, 12, 25), 5)) == 5
    with pytest.raises(DataError, match=r"a session beyond the table.*5 of 6 sessions from 2026-12-25"):
        XSHG.following(date(2026, 12, 25), 6)
