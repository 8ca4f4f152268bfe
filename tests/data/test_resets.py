"""Days on which prices begin anew: flagged from the past alone, counted, carried by store and export."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.data.panel import import_panel
from tidegate.data.resets import find_resets
from tidegate.data.store import Store
from tidegate.types.bars import Bars, BarSpec

SPEC = BarSpec(frequency="1d", kind="stock", currency="CNY", title="by hand", source="by hand")
DAYS = np.busday_offset(np.datetime64("2006-06-05", "D"), np.arange(90), roll="forward")


def share(asset, rows, falls=None, floating=None):
    """Bars at 10.00; on row number `falls` the whole bar stands at 7.00, with 10.00 as its reference."""
    rows = list(rows)
    price = np.full(len(rows), 10.0)
    before = price.copy()
    if falls is not None:
        price[falls:] = 7.0
        before[falls + 1 :] = 7.0
    made = {"time": DAYS[rows].astype("datetime64[us]"), "session": DAYS[rows], "asset": [asset] * len(rows)}
    prices = dict.fromkeys(("open", "high", "low", "close"), price) | {"preclose": before}
    return pl.DataFrame(made | prices).with_columns(
        total_shares=pl.lit(100.0),
        float_shares=pl.Series(floating or [50.0] * len(rows), dtype=pl.Float64),
    )


def market():
    halted = [*range(10), *range(30, 90)]  # 20 sessions without a bar
    long = [*range(5), *range(80, 90)]
    floating = [50.0] * 10 + [65.0] * 60
    return Bars.of(
        pl.concat(
            [
                share("600000.SH", range(90)),
                share("600001.SH", halted, falls=10, floating=floating),
                share("600002.SH", long, falls=5),
                share("600003.SH", range(90), falls=40),
                share("600004.SH", range(20, 90), falls=0),
            ]
        ),
        SPEC,
    )


def flagged(bars):
    flags = find_resets(bars).flags
    return bars.frame.filter(pl.Series(flags)).select("asset", "session").rows()


def test_reforms_and_restructurings_are_flagged_and_slips_and_first_bars_are_not():
    assert flagged(market()) == [("600001.SH", DAYS[30].item()), ("600002.SH", DAYS[80].item())]


@pytest.mark.parametrize("last", [29, 30, 31, 79, 80, 85])
def test_a_flag_is_known_at_the_close_of_its_day(last):
    bars = market()
    cut = bars.upto(DAYS[last].astype("datetime64[us]"))
    assert flagged(cut) == [row for row in flagged(bars) if row[1] <= DAYS[last].item()]


def test_no_segment_crosses_a_reset():
    bars = market()
    with_flags = Bars.of(bars.frame.with_columns(reset=pl.Series(find_resets(bars).flags)), SPEC)
    assert len(with_flags.segments) == len(bars.offsets) + 2
    assert with_flags.adjustment.tolist() == bars.adjustment.tolist()


@pytest.mark.parametrize(
    "bars, note",
    [
        (Bars.of(share("600000.SH", range(9)).drop("preclose"), SPEC), "only shares with reference prices"),
        (Bars.of(share("600000.SH", range(9)), SPEC.but(kind="fund")), "only shares with reference prices"),
        (Bars.of(share("510050.SH", range(9)), SPEC), "the board of an asset, found 510050.SH"),
        (
            Bars.of(share("600000.SH", range(9)).with_columns(preclose=pl.lit(10.001)), SPEC),
            "not a whole number of ticks",
        ),
    ],
    ids=["no reference", "a fund", "no board", "off the tick"],
)
def test_what_cannot_be_told_is_said(bars, note):
    found = find_resets(bars)
    assert found.flags is None
    assert note in found.note


@pytest.fixture
def panel(tmp_path):
    (tmp_path / "panel/daily").mkdir(parents=True)
    rows = market().frame.select("asset", pl.col("session").alias("date"), pl.exclude("asset", "session", "time"))
    rows.write_parquet(tmp_path / "panel/daily/2006.parquet")
    return tmp_path / "panel"


def test_an_import_counts_them_and_the_store_and_an_export_keep_them(panel, tmp_path):
    made = import_panel(panel)
    assert made.health.count("reset") == 2
    assert "resets: prices begin anew on 2 bars (share reforms, restructurings)" in made.health.notes
    listed = made.listed.filter(defect="reset")
    assert listed["found"].to_list() == [f"600001.SH {DAYS[30]}", f"600002.SH {DAYS[80]}"]
    source = pl.read_parquet(panel / "daily/2006.parquet")[listed["row"][0] - 1]
    assert (source["asset"][0], source["date"][0]) == ("600001.SH", DAYS[30].item())
    store = Store(tmp_path / "store")
    store.put("panel", made.bars)
    assert store.read("panel").frame["reset"].sum() == 2
    for name in ("out.parquet", "out.csv"):
        store.export("panel", tmp_path / name)
        again = import_file(tmp_path / name, ImportSettings(kind="stock"))
        assert again.bars.frame["reset"].to_list() == made.bars.frame["reset"].to_list()


def test_a_vendor_that_tells_them_is_believed(panel):
    path = panel / "daily/2006.parquet"
    pl.read_parquet(path).with_columns(reset=pl.col("date") == DAYS[50]).write_parquet(path)
    made = import_panel(panel)
    assert set(made.bars.frame.filter("reset")["session"]) == {DAYS[50].item()}
    assert made.health.count("reset") == 0


@pytest.mark.real_data
def test_the_reforms_of_a_summer(real_data, tmp_path):
    (tmp_path / "daily").mkdir()
    for name in ("daily/2006.parquet", "instruments.parquet", "suspended.parquet"):
        (tmp_path / name).symlink_to(real_data / "ashare" / name)
    made = import_panel(tmp_path)
    assert made.health.count("reset") == 282
    anew = made.bars.frame.filter("reset")
    (row,) = anew.filter(asset="000563.SZ").rows(named=True)
    assert (row["session"], row["preclose"], row["open"]) == (date(2006, 7, 25), 7.07, 5.18)
    day = np.datetime64("2006-07-25", "us")
    cut = made.bars.upto(day)
    flags = find_resets(cut, made.instruments).flags
    assert flags.tolist() == made.bars.frame.filter(pl.col("time") <= day.item())["reset"].to_list()
