"""`tidegate data`: into the store, listed, verified, out again; on files small enough to read."""

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tidegate.data.rebar_world import RebarWorld
from tidegate.data.store import write_bars

ROWS = """日期,开盘价,最高价,最低价,收盘价,成交量,成交金额
2020-01-02,10.00,10.50,9.90,10.20,100000,1020000
2020-01-03,10.20,10.60,10.10,10.50,120000,1250000
2020-01-06,10.50,10.55,10.20,10.30,90000,930000
2020-01-07,10.30,10.40,9.80,9.90,150000,1510000
"""
LATER = "\n".join([ROWS.splitlines()[0], "2020-01-08,9.90,10.00,9.70,9.80,80000,790000", ""])
SETTINGS = ("-s", "kind=index", "-s", "currency=CNY", "-s", "asset=000300.SH")


@pytest.fixture
def store(monkeypatch, tmp_path):
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "Index 300.csv"
    path.write_text(ROWS, encoding="gb18030")
    return path


def test_in_listed_checked_and_out_again(tidegate, store, csv, tmp_path):
    code, out, err = tidegate("data", "import", csv, *SETTINGS)
    assert code == 0, err
    assert "4 of 4 rows kept" in out
    assert "Kept as 'index-300'" in out
    (held,) = json.loads(tidegate("data", "list", "--json")[1])
    assert (held["dataset"], held["rows"], held["assets"]) == ("index-300", 4, 1)
    assert "index-300" in tidegate("data", "list")[1]
    assert tidegate("data", "check")[0] == 0
    code, out, _ = tidegate("data", "export", "index-300", tmp_path / "out.csv")
    assert code == 0
    exported = pl.read_csv(tmp_path / "out.csv")
    assert exported["close"].to_list() == [10.2, 10.5, 10.3, 9.9]
    assert exported["volume"].to_list() == [100000, 120000, 90000, 150000]
    tidegate("data", "export", "index-300", tmp_path / "out.parquet")
    assert pl.read_parquet(tmp_path / "out.parquet").height == 4


def test_what_was_exported_comes_in_again_the_same(tidegate, store, csv, tmp_path):
    tidegate("data", "import", csv, *SETTINGS)
    tidegate("data", "export", "index-300", tmp_path / "out.parquet")
    code, _, err = tidegate("data", "import", tmp_path / "out.parquet", "-n", "again", *SETTINGS)
    assert code == 0, err
    tidegate("data", "export", "again", tmp_path / "again.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "out.parquet"), pl.read_parquet(tmp_path / "again.parquet"))


def test_dry_keeps_nothing_and_speaks_json(tidegate, store, csv):
    code, out, _ = tidegate("data", "import", csv, *SETTINGS, "--dry", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["dataset"] is None
    assert told["health"]["kept"] == 4
    assert json.loads(tidegate("data", "list", "--json")[1]) == []


def test_a_name_that_is_taken_is_not_written_over(tidegate, store, csv, tmp_path):
    tidegate("data", "import", csv, *SETTINGS)
    assert tidegate("data", "import", csv, *SETTINGS)[0] == 0  # the same bars again: nothing to do
    later = tmp_path / "later.csv"
    later.write_text(LATER, encoding="utf-8")
    code, _, err = tidegate("data", "import", later, *SETTINGS, "-n", "index-300")
    assert code == 2
    assert "index-300" in err
    assert tidegate("data", "import", later, *SETTINGS, "-n", "index-300", "--append")[0] == 0
    assert json.loads(tidegate("data", "list", "--json")[1])[0]["rows"] == 5
    assert tidegate("data", "import", later, *SETTINGS, "-n", "index-300", "--replace")[0] == 0
    assert json.loads(tidegate("data", "list", "--json")[1])[0]["rows"] == 1


def test_check_finds_a_changed_byte(tidegate, store, csv):
    tidegate("data", "import", csv, *SETTINGS)
    part = next(path for path in store.rglob("*.parquet"))
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    code, out, _ = tidegate("data", "check", "--json")
    assert code == 1
    assert [one["good"] for one in json.loads(out)] == [False]
    assert tidegate("doctor", "--json")[0] == 1


@pytest.mark.parametrize(
    "asked, match",
    [
        (("import", "nowhere.csv"), "nowhere.csv"),
        (("import", "CSV", "-s", "frequenzy=day"), "did you mean 'frequency'"),
        (("export", "nothing", "out.csv"), "nothing"),
    ],
    ids=["no file", "no setting", "no dataset"],
)
def test_a_wrong_request_is_one_line(tidegate, store, csv, asked, match):
    code, _, err = tidegate("data", *(csv if part == "CSV" else part for part in asked))
    assert code == 2
    assert match in err
    assert "Traceback" not in err


def test_each_kind_of_bars_is_sent_to_its_study(tidegate, store, csv, tmp_path):
    assert "tidegate run index-timing --data store:index-300" in tidegate("data", "import", csv, *SETTINGS)[1]
    write_bars(RebarWorld(sessions=20, seed=2, frequency="1d").bars(), tmp_path / "rb.csv")
    asked = ("-s", "kind=future", "-s", "currency=CNY", "-s", "asset=RB")
    code, out, err = tidegate("data", "import", tmp_path / "rb.csv", *asked)
    assert code == 0, err
    assert "tidegate run rebar-futures --data store:rb" in out
    header, *rows = ROWS.splitlines()
    both = [f"代码,{header}", *(f"{code},{row}" for code in ("600000.SH", "600004.SH") for row in rows)]
    (tmp_path / "shares.csv").write_text("\n".join(both), encoding="utf-8")
    code, out, err = tidegate("data", "import", tmp_path / "shares.csv", "-s", "kind=stock", "-s", "currency=CNY")
    assert code == 0, err
    assert "tidegate run stock-ranks --data store:shares" in out
