"""A stock panel in yearly files, with its tables of instruments and suspensions beside it."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from made import clean

from tidegate.data.file_source import FileSource
from tidegate.data.import_settings import ImportSettings
from tidegate.data.panel import import_panel
from tidegate.data.store import Store
from tidegate.data.stored import Stored
from tidegate.errors import FileRefusedError, IntegrityError, UnknownNameError
from tidegate.types.bars import Bars, BarSpec

CODES = {"600000": "600000.SH", "600001": "600001.SH", "600002": "600002.SH"}
CENTS = ("open", "high", "low", "close", "preclose")
HALT = [date(2001, 3, 5), date(2001, 3, 6)]  # 600001 has no bars then


@pytest.fixture(scope="module")
def daily():
    """Three shares over two years, raw prices in whole cents, one of them suspended for two days."""
    frame = clean(seed=3, sessions=480, assets=3).with_columns(
        asset=pl.col("asset").replace_strict(CODES),
        preclose=pl.col("close").shift(1).over("asset").fill_null(pl.col("open")),
        is_st=(pl.col("asset") == "600002") & (pl.col("session") >= date(2001, 1, 1)),
        total_shares=pl.lit(1_000_000),
        float_shares=pl.lit(400_000),
    )
    frame = frame.filter(~((pl.col("asset") == "600001.SH") & pl.col("session").is_in(HALT)))
    cents = [(pl.col(name) * 100).round(0).cast(pl.Int32).alias(f"{name}_cents") for name in CENTS]
    rest = [pl.col("volume").cast(pl.Int64), pl.col("amount").cast(pl.Float32), "total_shares", "float_shares", "is_st"]
    return frame.select(pl.col("asset").alias("symbol"), pl.col("session").alias("date"), *cents, *rest)


@pytest.fixture
def panel(tmp_path, daily):
    folder = tmp_path / "panel"
    (folder / "daily").mkdir(parents=True)
    for (year,), frame in daily.with_columns(year=pl.col("date").dt.year()).partition_by("year", as_dict=True).items():
        frame.drop("year").write_parquet(folder / "daily" / f"{year}.parquet")
    pl.DataFrame(
        {
            "symbol": [*CODES.values(), "600009.SH"],
            "name": ["one", "two", "ST three", "never traded"],
            "first_trade": [date(1999, 11, 10), date(2000, 1, 3), None, date(2004, 1, 5)],
            "last_trade_if_gone_by_2019": [None, None, date(2001, 10, 31), None],
        }
    ).write_parquet(folder / "instruments.parquet")
    pl.DataFrame({"symbol": ["600001.SH"] * 2, "date": HALT}).write_parquet(folder / "suspended.parquet")
    return folder


def test_prices_come_from_cents_to_the_nearest_float(panel, daily):
    bars, health, listed, instruments = import_panel(panel)
    assert (health.rows, health.kept, health.quarantined, health.assets) == (1438, 1438, 0, 3)
    assert (bars.spec.kind, bars.spec.volume_unit, bars.spec.currency) == ("stock", "shares", "CNY")
    for name in CENTS:
        exact = np.array([float(f"{cents // 100}.{cents % 100:02d}") for cents in daily[f"{name}_cents"]])
        assert np.array_equal(bars.column(name), exact)
    assert bars.frame["at_risk"].sum() == daily["is_st"].sum() > 0
    assert set(bars.frame["float_shares"]) == {400_000.0}
    assert instruments.frame["asset"].to_list() == [*CODES.values(), "600009.SH"]
    assert instruments["600000.SH"].listed == date(1999, 11, 10)
    assert instruments["600002.SH"].delisted == date(2001, 10, 31)
    assert instruments["600002.SH"].name == "ST three"
    assert listed.height == 0


def test_listed_suspensions_explain_holes_and_are_held_against_the_bars(panel):
    assert import_panel(panel).health.count("missing_session") == 0
    assert "2 sessions without a bar are listed as suspensions" in import_panel(panel).health.notes
    halts = pl.DataFrame({"symbol": ["600001.SH", "600000.SH", "600077.SH"], "date": [HALT[0], HALT[1], HALT[1]]})
    halts.write_parquet(panel / "suspended.parquet")
    made = import_panel(panel)
    counts = {defect.name: defect.count for defect in made.health.defects}
    assert counts == {"missing_session": 1, "traded_suspended": 1}
    told = dict(made.listed.select("defect", "found").iter_rows())
    assert told["missing_session"] == "missing: 1 between 2001-03-02 and 2001-03-07"
    assert told["traded_suspended"] == "600000.SH 2001-03-06"
    (panel / "suspended.parquet").unlink()
    assert import_panel(panel).listed["found"].to_list() == ["missing: 2 between 2001-03-02 and 2001-03-07"]


def test_tables_may_be_csv_with_other_headers_or_missing(panel):
    (panel / "instruments.parquet").unlink()
    (panel / "suspended.parquet").unlink()
    assert import_panel(panel).instruments is None
    (panel / "instruments.csv").write_text(
        "证券代码,证券简称,上市日期,退市日期\n600000.SH,浦发银行,1999-11-10,\n", "gbk"
    )
    (panel / "suspended.csv").write_text("code,trade_date\n600001.SH,20010305\n600001.SH,20010306\n")
    made = import_panel(panel)
    assert made.instruments["600000.SH"][:2] == ("600000.SH", "浦发银行")
    assert made.instruments["600000.SH"].delisted is None
    assert made.health.count("missing_session") == 0
    assert "2 assets of the bars are not among the instruments" in made.health.notes


def test_delisting_periods_and_issue_prices_come_with_the_instruments(panel):
    notes = import_panel(panel).health.notes
    assert {"nobody tells when delisting periods began", "nobody tells issue prices"} <= set(notes)
    (panel / "instruments.parquet").unlink()
    (panel / "instruments.csv").write_text(
        "证券代码,上市日期,退市整理期起始日,退市日期,发行价\n600000.SH,1999-11-10,2001-09-03,2001-10-31,10.01\n600001.SH,,,,\n"
    )
    made = import_panel(panel)
    held = made.instruments["600000.SH"]
    assert (held.delisting, held.delisted, held.issue_price) == (date(2001, 9, 3), date(2001, 10, 31), 10.01)
    assert made.instruments["600001.SH"].issue_price is None
    assert not any("nobody tells" in note for note in made.health.notes)


@pytest.mark.parametrize(
    "name, text, match",
    [
        ("instruments.csv", "code,发行价\n600000,-1\n", "an issue price cannot be one.*found -1"),
        ("instruments.csv", "name,listed\na,2000-01-03\n", r"no column is known as asset \(instruments.csv, row 1\)"),
        (
            "instruments.csv",
            "code,listed\n600000,2000-13-03\n",
            r"date cannot be read \(instruments.csv, column listed",
        ),
        ("instruments.csv", "code\n600000\n600000\n", "a share is listed twice.*found 600000"),
        ("instruments.csv", "code,listed,delisted\n600000,2000-01-03,1999-01-04\n", "ends before it begins"),
        ("instruments.csv", "code,name\n1,a\n", "a code cannot be one.*leading zeros"),
        ("suspended.csv", "code\n600000\n", r"no column is known as date \(suspended.csv"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_by_name(panel, name, text, match):
    (panel / name).with_suffix(".parquet").unlink()
    (panel / name).write_text(text)
    with pytest.raises(FileRefusedError, match=match):
        import_panel(panel)


def test_a_folder_of_another_form_is_refused(panel, tmp_path):
    with pytest.raises(FileRefusedError, match=r"a folder `daily`.*found \['2000.parquet', '2001.parquet'\]"):
        import_panel(panel / "daily")
    with pytest.raises(FileRefusedError, match=r"a folder `daily`.*no folder"):
        import_panel(tmp_path / "nothing")


def test_a_year_with_other_columns_is_refused(panel, daily):
    daily.drop("is_st").with_columns(pl.col("date") + pl.duration(days=2000)).write_parquet(
        panel / "daily/2009.parquet"
    )
    refused = r"files of the folder have different columns.*daily/2009.parquet.*without \['is_st'\]"
    with pytest.raises(FileRefusedError, match=refused):
        import_panel(panel)


def test_a_year_with_text_among_its_numbers_is_named_with_its_column(panel, daily):
    text = daily.with_columns(pl.col("date") + pl.duration(days=2000), pl.col("volume").cast(pl.String))
    text.write_parquet(panel / "daily/2009.parquet")
    refused = r"another type in one file.*daily/2009.parquet, column volume.*as in 2000.parquet.*found String"
    with pytest.raises(FileRefusedError, match=refused):
        import_panel(panel)


def test_raw_prices_that_nothing_leads_over_ex_days_are_refused(panel):
    for path in (panel / "daily").iterdir():
        held = pl.read_parquet(path)
        held.drop([name for name in held.columns if name.startswith("preclose")]).write_parquet(path)
    with pytest.raises(FileRefusedError, match=r"nothing in the bars tells of ex-days.*preclose.*or factor"):
        import_panel(panel)


def test_what_is_said_about_the_bars_is_not_overruled(panel):
    spec = import_panel(panel, ImportSettings(kind="fund", title="Funds")).bars.spec
    assert (spec.kind, spec.title, spec.source) == ("fund", "Funds", "panel")


def test_the_store_keeps_instruments_beside_the_bars(panel, tmp_path, monkeypatch):
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    store, made = Store(tmp_path / "store"), import_panel(panel)
    held = store.put("panel", made.bars, instruments=made.instruments, health=made.health)
    assert [part.year for part in held.parts] == [2000, 2001]
    assert Stored(dataset="panel").bars().frame.equals(made.bars.frame)
    assert Stored(dataset="panel").instruments().frame.equals(made.instruments.frame)
    assert FileSource(path=str(panel), layout="stock-panel").instruments().frame.equals(made.instruments.frame)
    assert FileSource(path=str(panel / "daily")).instruments() is None
    assert store.put("panel", made.bars) == held
    fewer = type(made.instruments).of(made.instruments.frame.head(2))
    assert store.put("panel", made.bars, instruments=fewer).instruments.rows == 2
    assert store.append("panel", made.bars).instruments.rows == 2
    assert len(list((tmp_path / "store/panel").glob("instruments-*.parquet"))) == 1
    (file,) = (tmp_path / "store/panel").glob("instruments-*.parquet")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(IntegrityError, match="does not agree with its hash"):
        store.verify("panel")


def test_bars_of_several_years_are_merged_in_order_whatever_the_codes(tmp_path):
    """A year's file is in order of asset; assets come and go between years."""
    store = Store(tmp_path)
    frame = clean(seed=1, sessions=900, assets=4)
    names = {"600000": "b", "600001": "a", "600002": "bb", "600003": "B"}
    frame = frame.with_columns(pl.col("asset").replace_strict(names))
    frame = frame.filter(~((pl.col("asset") == "a") & (pl.col("session") < date(2001, 6, 1))))
    frame = frame.filter(~((pl.col("asset") == "B") & (pl.col("session") > date(2001, 6, 1))))
    spec = BarSpec(frequency="1d", kind="stock", currency="CNY", title="mixed", source="by hand")
    bars = Bars.of(frame, spec)
    store.put("mixed", bars)
    assert store.read("mixed").frame.equals(bars.frame)
    assert store.read("mixed").assets == ("B", "a", "b", "bb")


def test_the_command_imports_a_panel(panel, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from tidegate.cli.app import app

    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    made = CliRunner().invoke(app, ["data", "import", str(panel), "--as", "stock-panel", "--name", "shares"])
    assert made.exit_code == 0, made.output
    assert Store.default().describe("shares").instruments.rows == 4
    wrong = CliRunner().invoke(app, ["data", "import", str(panel), "--as", "stock-panels"])
    assert isinstance(wrong.exception, UnknownNameError)
    assert "did you mean 'stock-panel'" in str(wrong.exception)


@pytest.mark.real_data
def test_a_year_of_the_market_comes_in_whole(real_data, tmp_path):
    folder = tmp_path / "market"
    (folder / "daily").mkdir(parents=True)
    for name in ("daily/2008.parquet", "instruments.parquet", "suspended.parquet"):
        (folder / name).symlink_to(real_data / "ashare" / name)
    bars, health, _, instruments = import_panel(folder)
    assert (health.rows, health.kept, health.quarantined, health.assets) == (361_050, 361_050, 0, 1_579)
    assert len(instruments) == 3_821
    assert int(bars.column("volume").sum()) > 0


def test_a_source_tells_instruments_without_importing_the_bars(panel, monkeypatch):
    def refused(*_args, **_settings):
        raise AssertionError("the bars were imported")

    monkeypatch.setattr("tidegate.data.panel.import_file", refused)
    assert FileSource(path=str(panel), layout="stock-panel").instruments().frame.height > 0
    with pytest.raises(AssertionError, match="the bars were imported"):
        FileSource(path=str(panel), layout="stock-panel").bars()
