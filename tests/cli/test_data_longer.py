"""`tidegate data resample` and `compare`: by the exchange's hours, from files and datasets, and what they refuse."""

import json

import polars as pl
import pytest

from tidegate.data.rebar_world import RebarWorld
from tidegate.data.store import Store, write_bars
from tidegate.types.bars import Bars

HOURS = ("--hours", "shfe-rebar")


@pytest.fixture
def store(monkeypatch, tmp_path):
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    return Store.default()


@pytest.fixture(scope="module")
def worlds():
    """Five-minute and daily bars of the same 20 sessions, nights among them."""
    made = {f: RebarWorld(sessions=20, seed=2, roll=40, frequency=f).bars() for f in ("5min", "60min", "1d")}
    return {f: Bars.of(held.frame.drop("factor", "roll_from", strict=False), held.spec) for f, held in made.items()}


def test_a_file_and_a_dataset_come_to_the_same_days(tidegate, store, worlds, tmp_path):
    write_bars(worlds["5min"], tmp_path / "five.csv")
    said = (*HOURS, "-s", "night_dates=calendar")
    code, out, err = tidegate("data", "resample", tmp_path / "five.csv", "--to", "60min", *said, "-n", "hourly")
    assert code == 0, err
    assert f"{worlds['60min'].frame.height} bars of 60min made of {worlds['5min'].frame.height:,} of 5min" in out
    assert store.read("hourly").frame["close"].to_list() == worlds["60min"].frame["close"].to_list()
    code, out, _ = tidegate(
        "data", "resample", "hourly", "--to", "1d", *HOURS, "-o", tmp_path / "day.parquet", "--json"
    )
    assert (code, json.loads(out)["made"], json.loads(out)["partial"]) == (0, 20, [])
    assert pl.read_parquet(tmp_path / "day.parquet")["high"].to_list() == worlds["1d"].frame["high"].to_list()
    code, out, _ = tidegate("data", "compare", "store:hourly", tmp_path / "day.parquet", *HOURS, "--strict")
    assert code == 0
    assert "20 bars of 1d in both" in out
    assert "made: ours, 1d bars of 60min ones" in out


def test_what_differs_is_counted_listed_and_written(tidegate, store, worlds, tmp_path):
    day = worlds["1d"].frame
    other = day[:-1].with_columns(
        close=pl.when(pl.col("session") == day["session"][3]).then(pl.col("close") - 1).otherwise(pl.col("close")),
        low=pl.col("low") - 5,
    )
    store.put("ours", worlds["5min"])
    store.put("theirs", Bars.of(other, worlds["1d"].spec))
    code, out, _ = tidegate("data", "compare", "ours", "theirs", *HOURS, "-o", tmp_path / "gaps.csv", "--strict")
    assert code == 1
    assert "Differences (all)" in out
    gaps = pl.read_csv(tmp_path / "gaps.csv")
    assert gaps["column"].to_list().count("close") == 1
    assert gaps.height == 20
    told = json.loads(tidegate("data", "compare", "ours", "theirs", *HOURS, "--json")[1])
    assert (told["sessions"], told["bars"], told["bars_only_ours"]) == (19, 19, 0)
    columns = {row["column"]: row for row in told["columns"]}
    assert columns["close"] == {"column": "close", "equal": 18, "different": 1, "ours_higher": 1, "largest": 1.0}
    assert (columns["low"]["different"], columns["high"]["equal"]) == (19, 19)


def test_a_hole_is_told(tidegate, store, worlds, tmp_path):
    whole = worlds["5min"].frame
    hole = whole.filter((pl.col("time") <= whole["time"][60]) | (pl.col("time") > whole["time"][66]))
    store.put("holed", Bars.of(hole, worlds["5min"].spec))
    out = tidegate("data", "resample", "holed", "--to", "1d", *HOURS, "-o", tmp_path / "day.csv")[1]
    assert "Made of fewer bars than usual: 1 (all)" in out
    told = json.loads(tidegate("data", "compare", "holed", "holed", "--json")[1])
    assert (told["bars"], told["differences"]) == (hole.height, [])


def test_what_is_refused(tidegate, store, worlds, tmp_path):
    store.put("day", worlds["1d"])
    store.put("five", worlds["5min"])

    def refused(*arguments):
        code, _, err = tidegate("data", *arguments)
        assert code != 0
        return err

    assert "did you mean 'five'" in refused("resample", "fiv", "--to", "1d", *HOURS, "-n", "x")
    assert "--name or --out" in refused("resample", "five", "--to", "1d", *HOURS)
    assert "unknown length of a bar '2h'" in refused("resample", "five", "--to", "2h", *HOURS, "-n", "x")
    assert "unknown trading hours" in refused("resample", "five", "--to", "1d", "--hours", "shfe", "-n", "x")
    assert "unknown way to cut hours" in refused("resample", "five", "--to", "1d", *HOURS, "-n", "x", "--cut", "wall")
    assert "'day' is there already" in refused("resample", "five", "--to", "1d", *HOURS, "-n", "day")
    assert "bars are not shorter" in refused("resample", "day", "--to", "1d", *HOURS, "-n", "x")
    assert ".csv or a .parquet" in refused("resample", "five", "--to", "1d", *HOURS, "-o", tmp_path / "x.xlsx")
    assert "two lengths" in refused("compare", "five", "day")
    later = worlds["1d"].frame.with_columns(pl.col("session").dt.offset_by("10y"), pl.col("time").dt.offset_by("10y"))
    store.put("later", Bars.of(later, worlds["1d"].spec))
    assert "no session in common" in refused("compare", "day", "later")
    assert "unknown asset in either table 'RX'" in refused("compare", "day", "day", "--asset", "RX")
    named = worlds["1d"].frame.with_columns(asset=pl.lit("rb.SHF"))
    store.put("named", Bars.of(named, worlds["1d"].spec))
    assert tidegate("data", "compare", "day", "named", "--asset", "rb.SHF", "--strict")[0] == 0
    assert store.list() == ["day", "five", "later", "named"]
    assert not list(tmp_path.glob("x*"))


def test_where_longer_bars_go_and_what_length_was_meant(tidegate, store, worlds):
    store.put("five", worlds["5min"])
    code, _, err = tidegate("data", "resample", "five", "--to", "60min", *HOURS)
    assert code != 0
    assert "expected --name or --out, found neither" in " ".join(err.split())
    code, _, err = tidegate("data", "resample", "five", "--to", "1h", *HOURS, "-n", "hourly")
    assert code != 0
    assert "write 60min" in " ".join(err.split())
