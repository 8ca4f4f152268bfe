"""Files of many shapes say the same thing."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from made import clean, clean_hours, joined, rows_of, text_of
from polars.testing import assert_frame_equal

from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file, import_frame
from tidegate.data.parquet import parquet_bytes
from tidegate.errors import FileRefusedError, SettingError, UnknownNameError

STOCK = ImportSettings(kind="stock")
CHINESE = {"session": "日期", "asset": "股票代码", "open": "开盘价", "high": "最高价", "low": "最低价", "close": "收盘价",
           "volume": "成交量(股)", "amount": "成交额(元)"}  # fmt: skip


@pytest.fixture
def put(tmp_path):
    def write(content, name="bars.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def same(imported, frame):
    assert_frame_equal(imported.bars.frame, frame, check_column_order=False, check_exact=True)
    assert imported.health.kept == frame.height


FRAME = clean(1, assets=2)
SHAPES = {
    "plain": text_of(FRAME).encode(),
    "byte order mark": b"\xef\xbb\xbf" + text_of(FRAME).encode(),
    "utf-16": b"\xff\xfe" + text_of(FRAME, CHINESE).encode("utf-16-le"),
    "gb18030, chinese headers": text_of(FRAME, CHINESE).encode("gb18030"),
    "tabs": text_of(FRAME, separator="\t").encode(),
    "semicolons": text_of(FRAME, separator=";").encode(),
    "carriage returns": text_of(FRAME).replace("\n", "\r\n").encode(),
    "old macintosh": text_of(FRAME).replace("\n", "\r").encode(),
    "newest first": text_of(FRAME.sort("session", "asset", descending=True)).encode(),
    "shuffled": text_of(FRAME.sample(fraction=1, shuffle=True, seed=1)).encode(),
    "quotes before codes": text_of(FRAME.with_columns("'" + pl.col("asset"))).encode(),
    "formulas for codes": text_of(FRAME.with_columns('="' + pl.col("asset") + '"')).encode(),
    "blank lines and blanks": text_of(FRAME).replace(",", " , ").replace("\n", "\n\n").encode(),
    "slashed dates": text_of(FRAME.with_columns(pl.col("session").dt.strftime("%Y/%-m/%-d"))).encode(),
    "compact dates": text_of(FRAME.with_columns(pl.col("session").dt.strftime("%Y%m%d"))).encode(),
    "american dates": text_of(FRAME.with_columns(pl.col("session").dt.strftime("%m/%d/%Y"))).encode(),
    "german dates": text_of(FRAME.with_columns(pl.col("session").dt.strftime("%d.%m.%Y"))).encode(),
    "angle brackets": text_of(FRAME, {"session": "<Date>", "asset": "<Ticker>", "open": "<Open>"}).encode(),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_file_gives_the_same_bars(put, shape):
    imported = import_file(put(SHAPES[shape]), STOCK)
    same(imported, FRAME)
    assert imported.health.units == {"volume": "shares", "amount": "yuan"}
    assert imported.health.quarantined == 0


def test_weekdays_in_dates_are_read_and_checked(put):
    week = "一二三四五六日"
    names = FRAME["session"].map_elements(lambda day: f"{day},{week[day.weekday()]}", return_dtype=pl.String)
    same(import_file(put(text_of(FRAME.with_columns(session=names))), STOCK), FRAME)
    wrong = names.to_list()
    wrong[7] = wrong[7][:-1] + "六"
    imported = import_file(put(text_of(FRAME.with_columns(session=pl.Series(wrong)))), STOCK)
    assert imported.health.count("weekday") == 1
    assert imported.listed.filter(pl.col("defect") == "weekday").row(0)[1] == 9


def test_thousands_separators(put):
    grouped = FRAME.with_columns(pl.col("volume").map_elements(lambda v: f"{v:,.1f}", return_dtype=pl.String))
    same(import_file(put(text_of(grouped)), STOCK), FRAME)


def test_decimal_commas_need_a_word(put):
    frame = FRAME.select(
        "session", "asset", pl.col("open", "high", "low", "close").cast(pl.String).str.replace(".", ",", literal=True)
    )
    path = put(text_of(frame, separator=";"))
    with pytest.raises(FileRefusedError, match="a number that cannot be read"):
        import_file(path, STOCK)
    same(import_file(path, STOCK.but(decimal=",")), FRAME.drop("volume", "amount"))
    whole = put(
        "date;code;open;high;low;close\n"
        + "".join(f"2015-01-{d:02};600000;3,802;3,902;3,702;3,802\n" for d in (5, 6, 7))
    )
    with pytest.raises(FileRefusedError, match="may group thousands or mark the decimals"):
        import_file(whole)


UNITS = [
    ("volume(手)", 1e-2, "amount(万元)", 1e-4, {}),
    ("vol", 1e-2, "amount", 1e-4, {"volume_unit": "lots", "amount_unit": "10k"}),
    ("成交量（手）", 1e-2, "成交额（千元）", 1e-3, {}),
    ("volume_lots", 1e-2, "amount", 1, {}),
]


@pytest.mark.parametrize("volume, by, amount, per, said", UNITS)
def test_units_are_read_exactly(put, volume, by, amount, per, said):
    frame = FRAME.with_columns(pl.col("volume").mul(by).round(2), pl.col("amount").mul(per).round(6))
    path = put(text_of(frame, {"session": "date", "asset": "code", "volume": volume, "amount": amount}))
    same(import_file(path, STOCK.but(**said)), FRAME)


def test_units_that_contradict_prices_are_refused(put):
    lots = text_of(FRAME.with_columns(pl.col("volume") / 100))
    with pytest.raises(FileRefusedError, match='volume_unit="lots"'):
        import_file(put(lots), STOCK)
    tenthousands = text_of(FRAME.with_columns(pl.col("volume") / 100, pl.col("amount") / 10000))
    with pytest.raises(FileRefusedError, match='volume_unit="lots", amount_unit="10k"'):
        import_file(put(tenthousands), STOCK)


def test_tushare_is_known_by_its_headers(put):
    frame = FRAME.with_columns((pl.col("volume") / 100).round(2), (pl.col("amount") / 1000).round(5))
    names = {"session": "trade_date", "asset": "ts_code", "volume": "vol"}
    imported = import_file(put(text_of(frame, names)), STOCK)
    same(imported, FRAME)
    assert any("Tushare" in note for note in imported.health.notes)


def test_cents(put):
    cents = FRAME.with_columns((pl.col("open", "high", "low", "close") * 100).round(0).cast(pl.Int64))
    names = {"session": "date", "asset": "code", **{c: f"{c}_cents" for c in ("open", "high", "low", "close")}}
    same(import_file(put(text_of(cents, names)), STOCK), FRAME)
    same(import_file(put(text_of(cents)), STOCK.but(price_unit="cents")), FRAME)


def test_parquet_and_frames(put):
    same(import_file(put(parquet_bytes(FRAME.drop("session")), "bars.parquet"), STOCK), FRAME)
    same(import_frame(FRAME.drop("session"), STOCK), FRAME)
    same(import_frame(FRAME.drop("session").lazy(), STOCK), FRAME)
    assert "verified" in import_file(put(parquet_bytes(FRAME.drop("session")), "bars.parquet"), STOCK).health.encoding


def test_pandas_frames(put):
    pandas = pytest.importorskip("pandas")
    columns = {c: FRAME[c].to_list() for c in ("asset", "open", "high", "low", "close", "volume", "amount")}
    frame = pandas.DataFrame(columns, index=pandas.DatetimeIndex(FRAME["session"].to_list()))
    same(import_frame(frame, STOCK), FRAME)
    with pytest.raises(FileRefusedError, match="time zone"):
        import_frame(frame.tz_localize("Asia/Shanghai"), STOCK)


def test_folders_are_joined(tmp_path):
    half = FRAME.height // 2
    for name, part in (("a.csv", FRAME[:half]), ("b.csv", FRAME[half:])):
        (tmp_path / name).write_text(text_of(part))
    same(import_file(tmp_path, STOCK), FRAME)
    (tmp_path / "c.csv").write_text("date,open\n")
    with pytest.raises(FileRefusedError, match=r"different columns|no column"):
        import_file(tmp_path, STOCK)


HOURS = clean_hours(3)


@pytest.mark.parametrize(
    "shape", ["%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d-%H:%M"]
)
@pytest.mark.parametrize("label", ["end", "start"])
def test_intraday_labels(put, shape, label):
    shifted = HOURS.with_columns(pl.col("time") - pl.duration(hours=1 if label == "start" else 0))
    table = shifted.select(
        datetime=pl.col("time").dt.strftime(shape), code="asset", open="open", high="high", low="low", close="close"
    )
    imported = import_file(put(table.write_csv()), ImportSettings(label=label))
    assert_frame_equal(imported.bars.frame, HOURS.select(imported.bars.frame.columns), check_exact=True)
    assert (imported.health.frequency, imported.health.label) == ("60min", label)
    with pytest.raises(FileRefusedError, match="start or the end of its bar"):
        import_file(put(table.write_csv()))


def test_date_and_time_in_two_columns(put):
    table = HOURS.select(pl.col("time").dt.strftime("%Y/%-m/%-d").alias("<Date>"), pl.col("time").dt.strftime("%H:%M:%S").alias(" <Time>"), "open", "high", "low", "close", "asset")  # fmt: skip
    imported = import_file(put(table.write_csv()), ImportSettings(label="end"))
    assert imported.bars.frame["time"].equals(HOURS["time"])


def test_night_bars_are_refused_kindly(put):
    night = HOURS.with_columns(pl.col("time") + pl.duration(hours=10))
    table = night.select(
        datetime=pl.col("time").dt.strftime("%Y-%m-%d %H:%M"),
        code="asset",
        open="open",
        high="high",
        low="low",
        close="close",
    )
    with pytest.raises(FileRefusedError, match="night bars, whose session cannot be told"):
        import_file(put(table.write_csv()), ImportSettings(label="end"))


def test_headerless_files(put):
    body = text_of(FRAME).partition("\n")[2]
    with pytest.raises(FileRefusedError, match="no header line"):
        import_file(put(body), STOCK)
    header = ("date", "code", "open", "high", "low", "close", "volume", "amount")
    same(import_file(put(body), STOCK.but(header=header)), FRAME)
    with pytest.raises(FileRefusedError, match="skip_lines=1"):
        import_file(put("Timestamps are UTC,https://example.com\n" + text_of(FRAME)), STOCK)
    same(import_file(put("Timestamps are UTC,https://example.com\n" + text_of(FRAME)), STOCK.but(skip_lines=1)), FRAME)


def test_own_mapping_stands_over_names(put):
    text = text_of(FRAME, {"session": "when", "asset": "what", "close": "last one", "volume": "noise"})
    own = {"when": "time", "what": "asset", "last one": "close", "noise": "ignore"}
    imported = import_file(put(text), STOCK.but(columns=own))
    same(imported, FRAME.drop("volume"))
    assert imported.health.ignored == ("noise",)
    with pytest.raises(UnknownNameError, match="when"):
        import_file(put(text), STOCK.but(columns={"wen": "time"}))
    with pytest.raises(UnknownNameError, match="close"):
        import_file(put(text), STOCK.but(columns={"when": "clsoe"}))


REFUSED = {
    "empty": (b"", "empty"),
    "blank": (b" \n\n", "empty"),
    "zip": (b"PK\x03\x04....", "Excel workbook or a zip"),
    "page": (b"<!DOCTYPE html><html></html>", "web page"),
    "zeros": (b"date,close\n\0\0\n", "zero bytes"),
    "no encoding": (b"date,open,high,low,close\n2015-01-05,\xff\xff\xff,1,1,1\n", "cannot be decoded"),
    "no prices": (b"date,volume\n2015-01-05,1\n", "no column is known as open or high or low or close"),
    "two closes": (
        b"date,open,high,low,close,\xe6\x94\xb6\xe7\x9b\x98\xe4\xbb\xb7\n2015-01-05,1,1,1,1,2\n",
        "2 columns could be 'close'",
    ),
    "one name twice": (b"date,open,high,low,close,close\n2015-01-05,1,1,1,1,2\n", "two columns have one name"),
    "header alone": (b"date,open,high,low,close\n", "no row|none of 0 rows"),
    "epoch": (b"time,open,high,low,close\n1420416000,1,1,1,1\n1420502400,1,1,1,1\n", 'epoch="s"'),
    "unclear dates": (b"date,open,high,low,close\n05.01.2015,1,1,1,1\n06.01.2015,1,1,1,1\n", "order of day and month"),
    "parquet in disguise": (b"PAR1xxxxxxxxxxPAR1", "Parquet file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_say_where_why_and_what_to_do(put, name):
    content, match = REFUSED[name]
    with pytest.raises(FileRefusedError, match=match) as refused:
        import_file(put(content))
    assert refused.value.hint
    assert "bars.csv" in str(refused.value)


def test_epochs_when_stated(put):
    text = "time,open,high,low,close\n" + "".join(f"{1420416000 + 86400 * d},1,1,1,1\n" for d in range(5))
    imported = import_file(put(text), ImportSettings(epoch="s", epoch_hours=8))
    assert imported.bars.frame["session"][0] == dt.date(2015, 1, 5)


def test_lost_zeros(put):
    frame = FRAME.with_columns(asset=pl.lit("000300")).unique("session").sort("session")
    short = text_of(frame).replace("000300", "300")
    with pytest.raises(FileRefusedError, match="pad_codes=6"):
        import_file(put(short))
    imported = import_file(put(short), ImportSettings(pad_codes=6))
    assert imported.bars.assets == ("000300",)
    assert any("filled with zeros" in note for note in imported.health.notes)
    assert import_file(put(short), ImportSettings(asset="000300")).bars.assets == ("000300",)
    assert import_file(put(short), ImportSettings(currency="TWD")).bars.assets == ("300",)


def test_settings_that_contradict_themselves():
    with pytest.raises(SettingError, match="no start or end"):
        ImportSettings(frequency="1d", label="end")
    with pytest.raises(SettingError, match="code cannot be one"):
        ImportSettings(asset="沪深300")


def test_an_unfinished_last_line_is_left_out_unless_asked(put):
    text = text_of(FRAME)[:-4]
    imported = import_file(put(text), STOCK)
    assert imported.health.count("unfinished_line") == 1
    assert imported.bars.frame.height == FRAME.height - 1
    same(import_file(put(text_of(FRAME)[:-1]), STOCK.but(keep_unfinished=True)), FRAME)


def test_progress_goes_forward(put):
    told = []
    import_file(put(text_of(FRAME)), STOCK, progress=lambda step, share: told.append((step, share)))
    assert np.all(np.diff([share for _, share in told]) >= 0)
    assert told[-1] == ("done", 1.0)


def test_a_hundred_thousand_rows(put):
    frame = clean(2, sessions=10_000, assets=10)
    same(import_file(put(joined(rows_of(frame))), STOCK), frame)


@pytest.mark.real_data
def test_netease_equals_the_parquet_value_for_value(real_data):
    imported = import_file(real_data / "index" / "000300_netease_gbk.csv")
    ours = imported.bars.frame.filter(pl.col("session") >= dt.date(2005, 1, 4))
    theirs = pl.read_parquet(real_data / "index" / "000300.SH.parquet")
    pairs = {
        "session": "date",
        "open": "open",
        "high": "high",
        "low": "low",
        "close": "close",
        "volume": "volume_lots",
        "amount": "amount",
    }
    assert ours.height == theirs.height == 3835
    for mine, other in pairs.items():
        assert ours[mine].to_list() == theirs[other].to_list(), mine
    assert imported.health.encoding == "GB18030"
    assert imported.health.count("flat") == 721
    flat = imported.listed.filter(pl.col("defect") == "flat")
    assert flat["row"].min() == 3837
    assert imported.health.quarantined == 0
    assert imported.bars.assets == ("000300",)
    lots = import_file(real_data / "index" / "000300_netease_gbk.csv", ImportSettings(volume_unit="lots"))
    assert lots.bars.frame["volume"].sum() == imported.bars.frame["volume"].sum() * 100


@pytest.mark.real_data
def test_futures_of_the_day_session_are_read_and_night_ones_refused(real_data):
    imported = import_file(real_data / "futures" / "IF_main_5min_bar_end.parquet", ImportSettings(kind="future"))
    assert (imported.health.kept, imported.health.frequency, imported.health.label) == (68_145, "5min", "end")
    assert (imported.bars.frame["session"] == imported.bars.frame["time"].dt.date()).all()
    for name in ("RB_main_60min_bar_end.csv", "RB_main_5min_2019-2020.csv", "RB_weighted_60min_bar_start_noheader.csv"):
        settings = ImportSettings(kind="future", label="end")
        if "noheader" in name:
            settings = settings.but(header=("time", "open", "high", "low", "close", "volume", "open_interest"))
        with pytest.raises(FileRefusedError, match=r"night bars|length of a bar"):
            import_file(real_data / "futures" / name, settings)


@pytest.mark.real_data
def test_a_year_of_shares_in_cents(real_data):
    imported = import_file(real_data / "ashare" / "daily" / "2007.parquet", ImportSettings(kind="stock"))
    raw = pl.read_parquet(real_data / "ashare" / "daily" / "2007.parquet").sort("symbol", "date")
    assert imported.health.quarantined == 0
    assert (imported.bars.frame["close"] * 100).round(0).cast(pl.Int64).to_list() == raw["close_cents"].to_list()
    assert imported.health.units == {"volume": "shares", "amount": "yuan"}
