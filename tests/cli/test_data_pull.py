"""`tidegate data pull` on recorded answers: into the store, stopped and gone on with, refused kindly."""

import json
import sys
import types
from pathlib import Path

import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))

import recorded
from recorded import Recorded

from tidegate.data.fact_store import read_facts_of
from tidegate.data.store import Store
from tidegate.data.vendors.baostock import Baostock

SPAN = ("--since", "2018-03-01", "--until", "2018-04-27", "--wait", "0")


@pytest.fixture
def store(monkeypatch, tmp_path):
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    return Store(tmp_path / "store")


@pytest.fixture
def client(monkeypatch):
    """Put a client with recorded answers in the vendor's place."""

    def install(**how):
        made = Recorded(recorded.baostock, **how)
        monkeypatch.setattr(Baostock, "client", lambda self: made)
        return made

    return install


def test_a_market_is_pulled_into_the_store_and_nothing_is_asked_twice(tidegate, store, client):
    first = client()
    code, out, err = tidegate("data", "pull", "baostock", "-n", "market", *SPAN, "--reports")
    assert code == 0, err
    assert f"{len(first.asked)} questions: 0 answered before, {len(first.asked)} now" in out
    assert "reports: reports_published.parquet" in out
    assert first.closed
    assert store.describe("market").spec.source == "pulled from baostock"
    assert store.instruments("market")["600001.SH"].name == "share 600001"
    assert "net_profit_ytd" in read_facts_of(store, "market").facts.fields
    assert store.list() == ["market"]  # raw answers are no dataset
    again = client()
    code, out, _ = tidegate("data", "pull", "baostock", "-n", "market", *SPAN[2:], "--reports", "--json")
    assert (code, again.asked) == (0, [])
    assert json.loads(out)["asked"]["now"] == 0
    assert "facts" in json.loads(tidegate("data", "list", "--json")[1])[0]


def test_a_key_stops_it_and_the_same_command_goes_on(tidegate, store, client):
    stopped = client(stops_after=2)
    code, out, _ = tidegate("data", "pull", "baostock", "-n", "market", *SPAN)
    assert code == 130
    assert "2 answers are kept: run the same command again" in out
    assert stopped.closed
    assert store.list() == []
    client()
    code, out, err = tidegate("data", "pull", "baostock", "-n", "market", *SPAN)
    assert code == 0, err
    assert "4 questions: 2 answered before, 2 now" in out


def test_only_some_shares(tidegate, store, client):
    client()
    assert tidegate("data", "pull", "baostock", "-n", "one", *SPAN, "--codes", "sz.000001")[0] == 0
    assert store.read("one").assets == ("000001.SZ",)


@pytest.mark.parametrize(
    "asked, match",
    [
        (("baostok", "-n", "m", *SPAN), "did you mean 'baostock'"),
        (("baostock", "-n", "m"), "needs a first day"),
        (("baostock", "-n", "M!", *SPAN), "cannot be a dataset's name"),
        (("baostock", "-n", "m", "--since", "soon"), "this is no day (--since)"),
        (("akshare", "-n", "m", *SPAN, "--reports"), "no reports that are known point in time"),
        (("tushare", "-n", "m", *SPAN), "TUSHARE_TOKEN"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_one_line(tidegate, store, client, monkeypatch, asked, match):
    monkeypatch.delenv("TUSHARE_TOKEN", raising=False)
    client()
    code, _, err = tidegate("data", "pull", *asked)
    assert code == 2
    assert match in err
    assert "Traceback" not in err


def test_contracts_of_a_future(tidegate, monkeypatch, tmp_path):
    """Two contracts asked by name, kept in one dataset; what is missing or of no use is said before anything is asked."""
    from tidegate.data.rebar_chain import RebarChain

    frame = RebarChain(sessions=20, seed=4, frequency="1d", spacing=12).bars().frame
    package, asked = types.ModuleType("akshare"), []

    def daily(symbol):
        asked.append(symbol)
        own = frame.filter(pl.col("asset") == symbol)
        return own.select(
            pl.col("time").dt.strftime("%Y-%m-%d").alias("date"), "open", "high", "low", "close", "volume",
            pl.col("open_interest").alias("hold"),
        )  # fmt: skip

    package.futures_zh_daily_sina = daily
    monkeypatch.setitem(sys.modules, "akshare", package)
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    order = ("data", "pull", "akshare-futures", "-n", "rb", "--until", "2016-12-31", "--wait", "0")
    code, _, err = tidegate(*order, "--since", "2016-07-01")
    assert code != 0
    assert "--codes and --since" in err
    assert "--hours" in tidegate(*order, "--since", "2016-07-01", "--codes", "RB1610", "--length", "60min")[2]
    assert asked == []
    code, out, err = tidegate(*order, "--since", "2016-07-01", "--codes", "RB1610,RB1701")
    assert code == 0, err
    assert "2 questions: 0 answered before, 2 now" in out
    assert "Kept as 'rb': 2 contracts" in out
    (held,) = json.loads(tidegate("data", "list", "--json")[1])
    expected = frame.filter(pl.col("asset").is_in(["RB1610", "RB1701"])).height
    assert (held["rows"], held["assets"], held["spec"]["kind"]) == (expected, 2, "future")
