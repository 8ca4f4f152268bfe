"""Qlib's binary folders: read, written, and the same bytes again; refused by name where they do not fit."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.data.import_settings import ImportSettings
from tidegate.data.qlib_export import export_qlib, qlib_symbol
from tidegate.data.qlib_folder import import_qlib, qlib_memberships
from tidegate.data.qlib_source import QlibFolder
from tidegate.data.stock_world import StockWorld
from tidegate.errors import DataError, FileRefusedError, KeptError
from tidegate.testing.history import example_bars
from tidegate.types.bars import Bars

DAYS = [day.item() for day in np.busday_offset(np.datetime64("2015-01-05"), np.arange(12), roll="forward")]


def dumped(folder, seed=0):
    """A folder as somebody else's dump writes it: three assets, one of them late, one with a hole; a fourth index list."""
    dice = np.random.default_rng(seed)
    (folder / "calendars").mkdir(parents=True)
    (folder / "instruments").mkdir()
    (folder / "calendars/day.txt").write_text("\n".join(map(str, DAYS)) + "\n")
    spans = {"SH600000": (0, 11), "SZ000001": (0, 11), "SZ300750": (5, 9)}
    (folder / "instruments/all.txt").write_text(
        "".join(f"{symbol}\t{DAYS[a]}\t{DAYS[b]}\n" for symbol, (a, b) in spans.items())
    )
    (folder / "instruments/csi300.txt").write_text(
        f"SH600000\t{DAYS[0]}\t{DAYS[3]}\nSH600000\t{DAYS[8]}\t{DAYS[11]}\nSZ000001\t{DAYS[2]}\t{DAYS[11]}\n"
    )
    for symbol, (first, last) in spans.items():
        home = folder / "features" / symbol.lower()
        home.mkdir(parents=True)
        count = last - first + 1
        factor = np.cumprod(1 + 0.3 * (dice.random(count) < 0.2)) * 1.7
        close = 10 * np.exp(np.cumsum(0.02 * dice.standard_normal(count)))
        opened = close * (1 + 0.005 * dice.standard_normal(count))
        made = {
            "open": opened * factor, "close": close * factor, "high": np.maximum(opened, close) * 1.01 * factor,
            "low": np.minimum(opened, close) * 0.99 * factor, "factor": factor,
            "volume": np.round(1e6 * dice.random(count)) / factor, "vwap": close * factor,
        }  # fmt: skip
        if symbol == "SZ000001":
            for values in made.values():
                values[4:6] = np.nan
        for name, values in made.items():
            np.hstack([first, values]).astype("<f").tofile(home / f"{name}.day.bin")
    return folder


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("seed", range(5))
def test_a_dump_comes_back_bit_for_bit(tmp_path, seed):
    dumped(tmp_path / "theirs", seed)
    bars, health, _ = import_qlib(tmp_path / "theirs")
    assert (health.kept, health.quarantined) == (12 + 10 + 5, 0)
    assert bars.assets == ("000001.SZ", "300750.SZ", "600000.SH")
    export_qlib(bars, tmp_path / "ours")
    theirs, ours = files_of(tmp_path / "theirs"), files_of(tmp_path / "ours")
    lines = {name: sorted(theirs[name].splitlines()) for name in ("instruments/all.txt", "calendars/day.txt")}
    assert {name: sorted(ours[name].splitlines()) for name in lines} == lines
    for name in ("open", "high", "low", "close", "volume", "factor"):
        for symbol in ("sh600000", "sz000001", "sz300750"):
            file = f"features/{symbol}/{name}.day.bin"
            assert ours[file] == theirs[file], file


def test_prices_are_raw_again_and_adjusted_ones_are_theirs(tmp_path):
    bars = import_qlib(dumped(tmp_path / "q")).bars
    close = np.fromfile(tmp_path / "q/features/sh600000/close.day.bin", "<f")[1:].astype(float)
    factor = np.fromfile(tmp_path / "q/features/sh600000/factor.day.bin", "<f")[1:].astype(float)
    own = slice(*bars.offsets[2:4])
    np.testing.assert_array_equal(bars.column("close")[own], close / factor)
    np.testing.assert_allclose(bars.adjusted("close")[own], close, rtol=1e-15)
    hole = bars.frame.filter(asset="000001.SZ")["session"].to_list()
    assert hole == [*DAYS[:4], *DAYS[6:]]


def test_a_world_goes_out_and_in_to_float32(tmp_path):
    world = StockWorld(assets=8, sessions=120, seed=2, ic=0.1).bars()
    export_qlib(world, tmp_path / "q")
    again = import_qlib(tmp_path / "q").bars
    assert again.assets == world.assets
    assert again.frame["session"].equals(world.frame["session"])
    for name in ("open", "high", "low", "close", "volume", "amount"):
        np.testing.assert_allclose(again.column(name), world.column(name), rtol=2e-7)
    np.testing.assert_allclose(again.adjustment, world.adjustment, rtol=1e-7)
    export_qlib(again, tmp_path / "again")
    first, second = files_of(tmp_path / "q"), files_of(tmp_path / "again")
    derived = {name for name in first if name.endswith(("change.day.bin", "vwap.day.bin"))}
    assert {name for name in first if first[name] != second[name]} <= derived
    change = np.fromfile(tmp_path / f"q/features/{qlib_symbol(world.assets[0]).lower()}/change.day.bin", "<f")[1:]
    own = world.frame.filter(asset=world.assets[0])
    expected = (own["close"] / own["preclose"] - 1).to_numpy()
    np.testing.assert_allclose(change[np.isfinite(change)], expected[np.isfinite(expected)], rtol=1e-4, atol=1e-7)


def test_lists_are_spans_and_memberships(tmp_path):
    folder = dumped(tmp_path / "q")
    members = qlib_memberships(folder)
    assert members.frame.rows() == [
        ("csi300", "000001.SZ", DAYS[2], None), ("csi300", "600000.SH", DAYS[0], DAYS[4]),
        ("csi300", "600000.SH", DAYS[8], None),
    ]  # fmt: skip
    source = QlibFolder(path=str(folder), market="csi300")
    bars = source.bars()
    assert bars.frame.filter(asset="600000.SH")["session"].to_list() == [*DAYS[:4], *DAYS[8:]]
    assert source.reported().memberships.indexes == ("csi300",)
    (folder / "instruments/csi300.txt").unlink()
    assert qlib_memberships(folder) is None
    assert (bars.spec.kind, bars.spec.title) == ("stock", "q")
    assert import_qlib(folder, ImportSettings(kind="fund", title="Theirs")).bars.spec.title == "Theirs"


def test_raw_prices_need_no_factor(tmp_path):
    folder = dumped(tmp_path / "q")
    for path in folder.glob("features/*/factor.day.bin"):
        path.unlink()
    with pytest.raises(FileRefusedError, match=r"SH600000 lacks fields.*say prices=raw"):
        import_qlib(folder)
    bars = import_qlib(folder, prices="raw").bars
    stored = np.fromfile(folder / "features/sh600000/close.day.bin", "<f")[1:].astype(float)
    np.testing.assert_array_equal(bars.column("close")[slice(*bars.offsets[2:4])], stored)
    assert not bars.has("factor")


def broken(folder, what):
    close = folder / "features/sh600000/close.day.bin"
    if what == "cut":
        close.write_bytes(close.read_bytes()[:-3])
    elif what == "empty":
        close.write_bytes(b"")
    elif what == "long":
        np.append(np.fromfile(close, "<f"), [1.0]).astype("<f").tofile(close)
    elif what == "shifted":
        values = np.fromfile(close, "<f")
        values[0] = 3
        values.tofile(close)
    elif what == "half":
        values = np.fromfile(close, "<f")
        values[0] = 0.5
        values.tofile(close)
    elif what == "back":
        (folder / "calendars/day.txt").write_text("2015-01-06\n2015-01-05\n")
    elif what == "day":
        (folder / "calendars/day.txt").write_text("2015-01-05\nsoon\n")
    elif what == "span":
        (folder / "instruments/all.txt").write_text("SH600000 2015-01-05 2015-01-09\n")
    elif what == "calendar":
        (folder / "calendars/day.txt").unlink()
    elif what == "nothing":
        (folder / "instruments/all.txt").write_text("SH600000\t2001-01-05\t2001-01-09\n")


@pytest.mark.parametrize(
    "what, match",
    [
        ("cut", r"no whole float32 numbers \(features/sh600000/close.day.bin\)"),
        ("empty", "no whole float32 numbers"),
        ("long", r"does not fit its calendar.*13 values from position 0"),
        ("shifted", r"does not fit its calendar.*12 values from position 3"),
        ("half", r"does not fit its calendar.*position 0.5"),
        ("back", r"the calendar goes back \(day.txt, row 2\)"),
        ("day", r"a day cannot be read \(day.txt, row 2\).*found soon"),
        ("span", r"a row is no span \(all.txt, row 1\)"),
        ("calendar", r"a Qlib folder has a calendar of days \(q\)"),
        ("nothing", "the folder holds no bars"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path, what, match):
    folder = dumped(tmp_path / "q")
    broken(folder, what)
    with pytest.raises(FileRefusedError, match=match):
        import_qlib(folder)


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(FileRefusedError, match=r"no such list of instruments.*all.*csi300"):
        import_qlib(dumped(tmp_path / "q"), market="csi500")


def test_what_qlib_cannot_hold(tmp_path):
    bars = example_bars(sessions=9, assets=2)
    monthly = Bars.of(bars.frame, bars.spec.but(frequency="1mo"))
    with pytest.raises(DataError, match="only daily bars"):
        export_qlib(monthly, tmp_path / "m")
    twins = Bars.of(
        bars.frame.with_columns(asset=pl.col("asset").replace({"000001.SZ": "a", "000002.SZ": "A"})), bars.spec
    )
    with pytest.raises(DataError, match=r"one code in Qlib.*found A"):
        export_qlib(twins, tmp_path / "t")
    export_qlib(bars, tmp_path / "q")
    with pytest.raises(KeptError, match="is not empty"):
        export_qlib(bars, tmp_path / "q")


def test_the_command_reads_and_writes_them(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from tidegate.cli.app import app

    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    dumped(tmp_path / "q")
    made = CliRunner().invoke(app, ["data", "import", str(tmp_path / "q"), "--as", "qlib", "-n", "theirs"])
    assert made.exit_code == 0, made.output
    out = CliRunner().invoke(app, ["data", "export", "theirs", str(tmp_path / "out"), "--as", "qlib"])
    assert out.exit_code == 0, out.output
    file = "features/sh600000/close.day.bin"
    assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "q" / file).read_bytes()
    wrong = CliRunner().invoke(app, ["data", "export", "theirs", str(tmp_path / "x"), "--as", "qlibs"])
    assert "did you mean 'qlib'" in str(wrong.exception)


@pytest.mark.real_data
def test_a_year_of_the_market_goes_out_and_in(real_data, tmp_path):
    from tidegate.data.panel import import_panel

    (tmp_path / "daily").mkdir()
    whole = pl.read_parquet(real_data / "ashare/daily/2008.parquet")
    some = whole["symbol"].unique().sort()[::40]
    whole.filter(pl.col("symbol").is_in(some.implode())).write_parquet(tmp_path / "daily/2008.parquet")
    bars = import_panel(tmp_path).bars
    export_qlib(bars, tmp_path / "q")
    again = import_qlib(tmp_path / "q").bars
    assert again.assets == bars.assets
    np.testing.assert_allclose(again.adjusted("close"), bars.adjusted("close"), rtol=2e-7)
    assert again.frame["session"].min() >= date(2008, 1, 1)
