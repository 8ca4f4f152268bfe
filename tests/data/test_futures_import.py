"""Four vendors print the same nights in four ways; the bars that come out are the same."""

import datetime as dt

import polars as pl
import pytest
from made_futures import both_sides, ends_by_trading_day, starts_without_header, true_bars, weekdays_in_gbk
from polars.testing import assert_frame_equal

from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file, import_frame
from tidegate.errors import FileRefusedError, SettingError

FUTURE = {"kind": "future", "asset": "RB", "hours": "shfe-rebar"}
NAMES = ("time", "open", "high", "low", "close", "volume", "open_interest")
# Holidays inside: nobody trades on the evenings of 2019-12-31 and 2020-01-23; no nights from 2020-02-03 on.
TURN = true_bars("2019-12-16", "2020-02-12", 5)
# 2016-04-29: the last night until 01:00; 2016-05-04: the first until 23:00.
LONG = true_bars("2016-04-01", "2016-05-13", 60)


@pytest.fixture
def put(tmp_path):
    def write(content, name="bars.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def same(imported, frame):
    drop = [name for name in ("night", "begin") if name in frame.columns]
    frame = frame.drop(drop).select(imported.bars.frame.columns)
    assert_frame_equal(imported.bars.frame, frame, check_exact=True)
    assert imported.health.quarantined == 0


class TestTheFourShapes:
    def test_starts_without_a_header(self, put):
        imported = import_file(put(starts_without_header(LONG)), ImportSettings(**FUTURE, header=NAMES))
        same(imported, LONG)
        told = " ".join(imported.health.notes)
        assert imported.health.label == "start"
        assert "labels are the start of their bars" in told
        assert "nights carry the calendar date" in told
        assert "volume and open_interest of 2016-04-01 … 2016-05-13 were counted on both sides, and halved" in told

    def test_ends_by_trading_day(self, put):
        imported = import_file(put(ends_by_trading_day(LONG)), ImportSettings(**FUTURE))
        same(imported, LONG)
        assert "nights carry their trading day: they stand before the day's bars" in " ".join(imported.health.notes)

    def test_weekdays_in_gbk_and_the_year_in_which_counting_changed(self, put):
        imported = import_file(put(weekdays_in_gbk(TURN)), ImportSettings(**FUTURE))
        same(imported, TURN)
        assert imported.health.encoding == "GB18030"
        assert imported.health.count("missing_bar") == 0
        told = " ".join(imported.health.notes)
        assert "volume of 2019-12-16 … 2019-12-31 were counted on both sides, and halved" in told
        assert "volume of 2020-01-02 … 2020-02-12 is counted once, and stays" in told

    def test_a_frame_without_nights(self):
        bars = true_bars("2015-12-21", "2016-01-15", 30, hours="cffex-index").with_columns(asset=pl.lit("IF"))
        frame = bars.select(pl.col("time").alias("bar_end"), "open", "high", "low", "close", "volume")
        imported = import_frame(
            frame, ImportSettings(kind="future", asset="IF", hours="cffex-index", frequency="30min")
        )
        same(imported, bars)


class TestNights:
    def test_friday_night_belongs_to_monday_and_the_eve_of_a_holiday_has_none(self, put):
        bars = import_file(put(weekdays_in_gbk(TURN)), ImportSettings(**FUTURE)).bars.frame
        friday = bars.filter(pl.col("time").dt.date() == dt.date(2019, 12, 20), pl.col("time").dt.hour() >= 21)
        assert set(friday["session"]) == {dt.date(2019, 12, 23)}
        assert friday.height == 24
        evening = bars.filter(pl.col("time").dt.hour() >= 21)
        assert set(evening.filter(pl.col("session") >= dt.date(2020, 1, 1))["session"]) & {
            dt.date(2020, 1, 2), dt.date(2020, 2, 3)
        } == set()  # fmt: skip

    def test_bars_after_midnight_belong_to_the_session_of_their_evening(self, put):
        bars = import_file(put(starts_without_header(LONG)), ImportSettings(**FUTURE, header=NAMES)).bars.frame
        saturday = bars.filter(pl.col("time") == dt.datetime(2016, 4, 9, 1))
        assert saturday["session"].to_list() == [dt.date(2016, 4, 11)]

    def test_a_night_of_a_session_that_has_none_is_quarantined(self, put):
        text = ends_by_trading_day(LONG).decode().splitlines()
        at = next(i for i, line in enumerate(text) if line.startswith("2016/04/05-10:00"))
        text.insert(at, "2016/04/05-22:00,3500,3501,3499,3500,12")
        imported = import_file(put("\n".join(text).encode() + b"\n"), ImportSettings(**FUTURE))
        assert imported.health.count("no_night") == 1
        assert imported.listed.filter(pl.col("defect") == "no_night")["row"].to_list() == [at + 1]

    def test_a_day_that_is_no_session_and_an_hour_without_trade(self, put):
        text = (
            ends_by_trading_day(LONG).decode()
            + "2016/05/14-10:00,3500,3501,3499,3500,12\n2016/05/13-17:00,3500,3501,3499,3500,12\n"
        )
        imported = import_file(put(text.encode()), ImportSettings(**FUTURE))
        assert (imported.health.count("non_session"), imported.health.count("outside_hours")) == (1, 1)

    def test_a_missing_bar_is_flagged_and_a_night_that_was_not_held_is_no_hole(self, put):
        hole = TURN.filter(pl.col("time") != dt.datetime(2019, 12, 24, 22, 30))
        health = import_file(put(weekdays_in_gbk(hole)), ImportSettings(**FUTURE)).health
        assert [example.found for d in health.defects if d.name == "missing_bar" for example in d.examples] == [
            "22:30 of session 2019-12-25"
        ]
        assert health.count("missing_session") == 0

    def test_the_last_bar_of_a_night_must_be_declared(self, put):
        """A vendor prints 23:00 for what trades until 01:00: as it stands, its close comes from the future."""
        early = LONG.filter(~(pl.col("night") & (pl.col("time").dt.hour().is_in([0]))))
        late = early.with_columns(
            time=pl.when("night", pl.col("time").dt.hour() == 1)
            .then(pl.col("time") - pl.duration(hours=2))
            .otherwise("time")
        ).unique("time", keep="last", maintain_order=True)
        path = put(ends_by_trading_day(late))
        with pytest.raises(FileRefusedError, match=r"may hold more than its label says.*night_tail"):
            import_file(path, ImportSettings(**FUTURE, frequency="60min"))
        moved = import_file(path, ImportSettings(**FUTURE, frequency="60min", night_tail="to the close"))
        assert "to 01:00 have no label after 23:00: the last bar was moved to the night's end" in " ".join(
            moved.health.notes
        )
        clocks = moved.bars.frame.filter(pl.col("session") == dt.date(2016, 4, 28))["time"].to_list()
        assert clocks[:2] == [dt.datetime(2016, 4, 27, 22), dt.datetime(2016, 4, 28, 1)]
        clocks = moved.bars.frame.filter(pl.col("session") == dt.date(2016, 5, 5))["time"].to_list()
        assert clocks[:2] == [dt.datetime(2016, 5, 4, 22), dt.datetime(2016, 5, 4, 23)]
        left = import_file(path, ImportSettings(**FUTURE, frequency="60min", night_tail="as labelled"))
        clocks = left.bars.frame.filter(pl.col("session") == dt.date(2016, 4, 28))["time"].to_list()
        assert clocks[1] == dt.datetime(2016, 4, 27, 23)


class TestWhatCannotBeTold:
    def test_whose_date_a_night_carries(self, put):
        """A week without a holiday, sorted by label: both readings fit."""
        week = true_bars("2017-07-10", "2017-07-14", 60)
        path = put(starts_without_header(week))
        with pytest.raises(
            FileRefusedError, match=r"whose date its nights carry.*5 printed evenings, 0 or 0.*night_dates"
        ):
            import_file(path, ImportSettings(**FUTURE, header=NAMES, volume_sides="both"))
        said = ImportSettings(**FUTURE, header=NAMES, volume_sides="both", night_dates="calendar")
        same(import_file(path, said), week)
        wrong = import_file(path, said.model_copy(update={"night_dates": "trading-day"})).bars.frame
        assert wrong.filter(pl.col("session") == dt.date(2017, 7, 14)).height == 5  # its night went to the 13th

    def test_which_side_a_few_even_volumes_count(self, put):
        week = true_bars("2017-07-10", "2017-07-13", 60)
        path = put(starts_without_header(week))
        with pytest.raises(FileRefusedError, match=r"too few volumes to tell.*28 of 2017-07-10.*volume_sides"):
            import_file(path, ImportSettings(**FUTURE, header=NAMES, night_dates="calendar"))

    def test_odd_volumes_cannot_have_been_counted_twice(self, put):
        rows = starts_without_header(LONG).decode().splitlines()
        cells = rows[9].split(",")
        cells[5] = str(int(cells[5]) + 1)
        rows[9] = ",".join(cells)
        path = put(("\n".join(rows) + "\n").encode())
        with pytest.raises(FileRefusedError, match=r"row 10, volume.*expected even numbers.*1 odd ones"):
            import_file(path, ImportSettings(**FUTURE, header=NAMES, volume_sides="as the exchange"))
        kept = import_file(path, ImportSettings(**FUTURE, header=NAMES))
        assert kept.bars.column("volume")[0] == 2 * LONG["volume"][0]

    def test_open_interest_that_is_odd_stays(self, put):
        once = both_sides(LONG).with_columns(open_interest=LONG["open_interest"])
        frame = once.select(pl.col("time").alias("bar_end"), *NAMES[1:])
        imported = import_frame(frame, ImportSettings(**FUTURE))
        same(imported, LONG)
        assert "open interest of 2016-04-01 … 2016-05-13 holds odd numbers" in " ".join(imported.health.notes)

    def test_start_or_end(self, put):
        middle = LONG.filter(pl.col("time").dt.hour().is_in([11, 14]))
        with pytest.raises(FileRefusedError, match="may be the start or the end"):
            import_file(put(starts_without_header(middle)), ImportSettings(**FUTURE, header=NAMES, frequency="60min"))

    def test_days_before_the_hours_are_known(self, put):
        text = b"time,open,high,low,close\n2008-03-27,1,1,1,1\n2008-03-28,1,1,1,1\n"
        with pytest.raises(FileRefusedError, match=r"hours of shfe-rebar are unknown.*row 2.*2009-03-27"):
            import_file(put(text), ImportSettings(**FUTURE))

    def test_a_night_without_hours_is_refused_with_the_way_out(self, put):
        with pytest.raises(FileRefusedError, match=r'night bars.*hours="shfe-rebar"'):
            import_file(
                put(starts_without_header(LONG)), ImportSettings(kind="future", asset="RB", header=NAMES, label="start")
            )

    def test_wrong_or_missing_hours_are_asked_for(self, put):
        path = put(ends_by_trading_day(LONG))
        other = {**FUTURE, "hours": "cffex-index", "frequency": "60min"}
        gbk = put(weekdays_in_gbk(TURN), "five.csv")
        with pytest.raises(FileRefusedError, match=r'\d\d% of the labels lie outside the hours of cffex.*"shfe-rebar"'):
            import_file(gbk, ImportSettings(**{**FUTURE, "hours": "cffex-index"}))
        with pytest.raises(FileRefusedError, match=r'are hardly strays: are these bars of hours="cffex-index"'):
            import_file(path, ImportSettings(**other))
        with pytest.raises(FileRefusedError, match=r'hours="shfe-rebar" or "cffex-index" may tell it'):
            import_file(path, ImportSettings(kind="future", asset="RB", frequency="60min"))
        with pytest.raises(FileRefusedError, match=r'found steps of 4:00:00.*say it: frequency="60min"'):
            import_file(put(ends_by_trading_day(LONG.filter(pl.col("time").dt.hour().is_in([10, 14])))),
                        ImportSettings(**FUTURE))  # fmt: skip

    @pytest.mark.parametrize("wrong", [{"kind": "index"}, {"kind": "future", "calendar": "always"}])
    def test_hours_are_for_futures(self, wrong):
        with pytest.raises(SettingError, match="trading hours of futures"):
            ImportSettings(hours="shfe-rebar", **wrong)


def test_daily_bars_are_held_against_the_calendar(put):
    rows = "".join(
        f"{day},1,1,1,1,{n}\n" for n, day in enumerate(["2020-01-23", "2020-01-24", "2020-02-03", "2020-02-05"], 1)
    )
    imported = import_file(
        put(f"date,open,high,low,close,volume\n{rows}".encode()),
        ImportSettings(**FUTURE, volume_sides="one", max_bad=0.5),
    )
    assert imported.health.count("non_session") == 1
    assert imported.health.count("missing_session") == 1
    assert [d.isoformat() for d in imported.bars.frame["session"]] == ["2020-01-23", "2020-02-03", "2020-02-05"]
