"""Reports on the command line: imported with their panel, shown as of a day, listed, verified, out and in again."""

import json
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tidegate.data.fact_store import read_facts_of
from tidegate.data.stock_world import StockWorld
from tidegate.data.store import Store

LATE = date(2011, 4, 20)


@pytest.fixture(scope="module")
def market():
    return StockWorld(assets=6, sessions=420, seed=3, ic=0.1)


@pytest.fixture
def panel(tmp_path, market):
    """A small market written as a vendor would, with one share's reports, one of them before its listing."""
    folder = tmp_path / "panel"
    (folder / "daily").mkdir(parents=True)
    rows = market.bars().frame.rename({"asset": "symbol", "session": "date", "at_risk": "is_st"}).drop("time")
    rows.drop("suspended", "limit_up", "limit_down", "factor", strict=False).write_parquet(folder / "daily/all.parquet")
    listed = market.instruments().frame.select("asset", "name", "listed")
    listed.write_parquet(folder / "instruments.parquet")
    write_reports(folder, market)
    (folder / "csi300_members.tsv").write_text(f"{asset_of(market)}\t2010-06-16\t2011-06-15\n")
    pl.DataFrame({"symbol": [asset_of(market)], "sector": ["K"]}).write_parquet(folder / "industry.parquet")
    return folder


def asset_of(market):
    """The first share that was there from the first session on."""
    bars = market.bars()
    firsts = bars.frame.group_by("asset").agg(pl.col("session").min()).filter(session=bars.frame["session"].min())
    return firsts["asset"].sort()[0]


def write_reports(folder, market, profit=7.0):
    asset = asset_of(market)
    pl.DataFrame(
        {
            "symbol": [asset] * 3,
            "period": ["20100930", "20101231", "19801231"],
            "roe": [6.0, 8.0, 1.0],
            "pe": [9.0, 11.0, 5.0],
        }
    ).write_parquet(folder / "fundamentals.parquet")
    pl.DataFrame(
        [(asset, "201003", date(2010, 10, 20), "netProfit", 5.0), (asset, "201004", LATE, "netProfit", profit)],
        schema=["symbol", "period", "published", "field", "value"], orient="row",
    ).write_parquet(folder / "reports_published.parquet")  # fmt: skip


@pytest.fixture
def store(monkeypatch, tmp_path):
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    return Store(tmp_path / "store")


@pytest.fixture
def kept(tidegate, panel, store):
    code, out, err = tidegate("data", "import", panel, "--as", "stock-panel", "-n", "market")
    assert code == 0, err
    return out


def on(tidegate, asset, day):
    told = json.loads(tidegate("data", "facts", "market", asset, "--on", day, "--json")[1])
    return {fact["field"]: (fact["period"], fact["value"], fact["usable"], fact["by"]) for fact in told["facts"]}


def test_one_verb_brings_reports_along_and_shows_both_healths(kept, tidegate, store):
    assert "no defect was found" in kept or "Health" in kept
    assert "reports: fundamentals.parquet (3 rows), reports_published.parquet (2 rows)" in kept
    assert "not_listed" in kept  # a period years before the first session
    (held,) = json.loads(tidegate("data", "list", "--json")[1])
    assert held["facts"] == 6
    assert "facts" in tidegate("data", "list")[1]
    (checked,) = json.loads(tidegate("data", "check", "--json")[1])
    assert "6 facts agree with theirs" in checked["found"]


def test_what_was_known_on_a_day(kept, tidegate, market):
    asset = asset_of(market)
    assert on(tidegate, asset, "2010-09-29") == {}
    early, late = on(tidegate, asset, LATE.isoformat()), on(tidegate, asset, "2011-04-21")
    assert early["net_profit_ytd"] == ("2010-09-30", 5.0, "2010-10-21", "announced")
    assert late["net_profit_ytd"] == ("2010-12-31", 7.0, "2011-04-21", "announced")
    assert late["return_on_equity_ytd"][2:] == ("2010-11-01", "deadline")
    assert on(tidegate, asset, "2011-05-01")["return_on_equity_ytd"] == (
        "2010-12-31",
        pytest.approx(0.08),
        "2011-05-01",
        "deadline",
    )
    assert late["price_to_earnings"][3] == "close"
    shown = tidegate("data", "facts", "market", asset.partition(".")[0], "--on", "2011-04-21")[1]
    assert f"{asset}, known at the close of 2011-04-21" in shown
    assert "static, not of that day: sector K" in shown
    assert "a member of csi300" in shown
    assert "a member of" not in tidegate("data", "facts", "market", asset, "--on", "2010-06-13")[1]


def test_coverage_without_an_asset(kept, tidegate):
    told = json.loads(tidegate("data", "facts", "market", "--json")[1])
    assert {one["name"]: one["facts"] for one in told["fields"]} == {
        "net_profit_ytd": 2, "price_to_earnings": 2, "return_on_equity_ytd": 2,
    }  # fmt: skip
    assert told["by"] == {"announced": 2, "close": 2, "deadline": 2}
    assert any("survivor" in stamp or "static" in stamp for stamp in told["stamps"])
    early = json.loads(tidegate("data", "facts", "market", "--on", "2010-10-21", "--json")[1])
    assert {one["name"]: one["facts"] for one in early["fields"]} == {"net_profit_ytd": 1, "price_to_earnings": 1}
    assert "net_profit_ytd" in tidegate("data", "facts", "market")[1]


def test_scrambled_later_announcements_change_nothing_earlier(kept, tidegate, panel, market):
    asset = asset_of(market)
    before = {day: on(tidegate, asset, day) for day in ("2010-10-20", "2010-11-03", LATE.isoformat(), "2011-04-21")}
    write_reports(panel, market, profit=-900.0)
    assert tidegate("data", "import", panel, "--as", "stock-panel", "-n", "market", "--replace")[0] == 0
    after = {day: on(tidegate, asset, day) for day in before}
    assert {day: after[day] == before[day] for day in before} == {
        "2010-10-20": True, "2010-11-03": True, LATE.isoformat(): True, "2011-04-21": False,
    }  # fmt: skip


def test_a_folder_goes_out_and_comes_in_again_the_same(kept, tidegate, store, tmp_path):
    code, out, err = tidegate("data", "export", "market", tmp_path / "out")
    assert code == 0, err
    assert "facts.parquet written" in out
    assert (
        tidegate(
            "data",
            "import",
            tmp_path / "out",
            "--as",
            "stock-panel",
            "-n",
            "again",
            "-s",
            "title=panel",
            "-s",
            "source=panel",
        )[0]
        == 0
    )
    assert store.read("again").frame.equals(store.read("market").frame)
    assert store.instruments("again").frame.equals(store.instruments("market").frame)
    first, again = read_facts_of(store, "market"), read_facts_of(store, "again")
    assert_frame_equal(again.facts.frame, first.facts.frame)
    assert_frame_equal(again.classes.frame, first.classes.frame)
    assert_frame_equal(again.memberships.frame, first.memberships.frame)
    code, _, err = tidegate("data", "export", "market", tmp_path / "out")
    assert (code, "is not empty" in err) == (2, True)
    assert "6 facts are not in a file of bars" in tidegate("data", "export", "market", tmp_path / "bars.parquet")[1]


def test_appended_reports_are_dated_by_all_sessions(tidegate, panel, store, market, tmp_path):
    whole = pl.read_parquet(panel / "daily/all.parquet")
    cut = date(2010, 12, 1)
    whole.filter(pl.col("date") < cut).write_parquet(panel / "daily/all.parquet")
    first = ("data", "import", panel, "--as", "stock-panel", "-n", "market")
    assert tidegate(*first)[0] == 0
    assert "no_session" in {d.name for d in read_facts_of(store, "market").health.defects}  # pe of December
    whole.filter(pl.col("date") >= cut).write_parquet(panel / "daily/all.parquet")
    code, _, err = tidegate(*first, "--append")
    assert code == 0, err
    assert read_facts_of(store, "market").facts.frame.height == 6
    write_reports(panel, market, profit=8.0)
    code, _, err = tidegate(*first, "--append")
    assert code == 2
    assert "facts disagree with what the store holds" in err
    assert tidegate(*first, "--replace")[0] == 0
    for name in ("fundamentals", "reports_published", "industry"):
        (panel / f"{name}.parquet").unlink()
    (panel / "csi300_members.tsv").unlink()
    assert tidegate(*first, "--replace")[0] == 0
    assert read_facts_of(store, "market") is None


@pytest.mark.parametrize(
    "asked, match",
    [
        (("facts", "markt"), "did you mean 'market'"),
        (("facts", "market", "600000.XX"), "unknown asset"),
        (("facts", "market", "--on", "2011-02-30"), "this is no day"),
        (("facts", "bare"), "no reports are kept beside 'bare'"),
    ],
    ids=["no dataset", "no asset", "no day", "no facts"],
)
def test_a_wrong_request_is_one_line(kept, tidegate, store, market, asked, match):
    store.put("bare", market.bars())
    code, _, err = tidegate("data", *asked)
    assert code == 2
    assert match in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "name, table, match",
    [
        (
            "reports_published",
            {"symbol": ["600000"], "published": ["x"], "field": ["netProfit"], "value": [1.0]},
            "no column is known as period",
        ),
        ("facts", {"field": ["roe"], "asset": ["600000.SH"]}, "dated facts lack columns"),
        (
            "facts",
            {"field": "a", "asset": "b", "period": "2010-12-31", "usable": "soon", "value": 1.0, "by": "announced"},
            "a cell is no usable",
        ),
        (
            "facts",
            {
                "field": "a",
                "asset": "b",
                "period": "2010-12-31",
                "usable": "2010-12-01",
                "value": 1.0,
                "by": "announced",
            },
            "known before its period ends",
        ),
        ("industry", {"sector": ["K"]}, "no column is known as asset"),
    ],
)
def test_a_bad_table_is_refused_by_name_and_nothing_is_kept(tidegate, panel, store, name, table, match):
    pl.DataFrame(table).write_parquet(panel / f"{name}.parquet")
    code, _, err = tidegate("data", "import", panel, "--as", "stock-panel", "-n", "market")
    assert code == 2
    assert match in err
    assert f"{name}.parquet" in err
    assert store.list() == []


def test_a_changed_byte_of_the_facts_is_found(kept, tidegate, store):
    (part,) = (store.root / "market/facts").glob("facts-*.parquet")
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    code, out, _ = tidegate("data", "check", "--json")
    assert code == 1
    assert "facts of 'market' are not what was put there" in json.loads(out)[0]["found"]
