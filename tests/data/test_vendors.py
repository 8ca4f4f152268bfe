"""Markets pulled from recorded answers: the same bars from three vendors, resumed, raw, point in time."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import types
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import recorded
from recorded import DAYS, EX, FIRST, GONE, LAST, REST, Recorded

from tidegate.data.fundamentals import import_fundamentals
from tidegate.data.panel import import_panel
from tidegate.data.vendors import tushare as tushare_module
from tidegate.data.vendors.akshare import AkshareClient
from tidegate.data.vendors.answers import Answers
from tidegate.data.vendors.asking import Ask, Span, dates, numbers
from tidegate.data.vendors.baostock import BaostockClient
from tidegate.data.vendors.members import VENDORS, vendor_named
from tidegate.data.vendors.panel_files import write_panel
from tidegate.data.vendors.pull import Pace, planned, pull
from tidegate.data.vendors.tushare import Tushare, TushareClient
from tidegate.errors import (
    BusyError,
    DataError,
    IntegrityError,
    KeptError,
    MissingExtraError,
    SettingError,
    UnknownNameError,
)
from tidegate.files import held

NOW = datetime(2018, 5, 2, 9, 30, tzinfo=UTC)
ANSWERS = {"baostock": recorded.baostock, "akshare": recorded.akshare, "tushare": recorded.tushare}


def quick():
    return Pace(0.0, sleep=lambda seconds: None)


def pulled(folder, name, *, reports=False, since=FIRST, until=LAST, client=None, codes=()):
    vendor = vendor_named(name)
    client = client or Recorded(ANSWERS[name])
    plan = planned(folder, vendor, since=since, until=until, reports=reports, codes=codes)
    done = pull(folder, vendor, plan, client, quick(), clock=lambda: NOW)
    return done, client


def imported(folder, name):
    return import_panel(write_panel(vendor_named(name).tables(Answers(folder).each), folder / "panel"))


@pytest.mark.parametrize("name", VENDORS)
def test_three_vendors_tell_the_same_market(tmp_path, name):
    pulled(tmp_path, name)
    bars, health, _, instruments = imported(tmp_path, name)
    told = [row for row in recorded.rows() if row[7]]
    expected = {(recorded.suffixed(r[0]), r[1]): r for r in told}
    assert (health.kept, health.quarantined, health.assets) == (len(told), 0, 3)
    assert health.units == {"volume": "shares", "amount": "yuan"}
    for row in bars.frame.iter_rows(named=True):
        _, _, opened, high, low, close, before, volume, amount = expected[row["asset"], row["session"]]
        assert (row["open"], row["high"], row["low"], row["close"]) == (opened, high, low, close)
        assert row["volume"] == volume
        assert row["amount"] == pytest.approx(amount, rel=1e-6)
        if name != "akshare":
            assert row["preclose"] == before
    # an ex-day is no fall: the adjusted return is close over reference
    at = bars.frame.with_row_index().filter(asset="600000.SH", session=EX)["index"][0]
    adjusted = bars.adjusted("close")
    moved = expected["600000.SH", EX]
    assert adjusted[at] / adjusted[at - 1] == pytest.approx(moved[5] / moved[6], rel=1e-12)
    assert instruments["600001.SH"].delisted == GONE
    assert instruments["000001.SZ"].delisted is None
    if name == "baostock":
        assert "1 sessions without a bar are listed as suspensions" in health.notes
        assert bars.frame.filter("at_risk")["asset"].unique().to_list() == ["600001.SH"]
        assert instruments["600000.SH"].listed == date(1999, 11, 10)
    if name == "tushare":
        assert set(bars.frame["total_shares"]) == {29_352_080_397.0}
    assert REST not in bars.frame.filter(asset="000001.SZ")["session"]


def test_reports_come_with_their_announcement(tmp_path):
    done, client = pulled(tmp_path, "baostock", reports=True)
    asked = [
        ask for ask in client.asked if ask.what == "query_profit_data" and dict(ask.arguments)["code"] == "sh.600000"
    ]
    assert [(dict(a.arguments)["year"], dict(a.arguments)["quarter"]) for a in asked] == [
        *(("2017", str(q)) for q in range(1, 5)), ("2018", "1"),
    ]  # fmt: skip
    assert done.asks == done.now == len(client.asked)
    panel = imported(tmp_path, "baostock")
    facts = import_fundamentals(tmp_path / "panel", panel.bars, panel.instruments).facts
    (row,) = facts.only("net_profit_ytd").rows(named=True)
    assert (row["asset"], row["period"], row["usable"], row["value"], row["by"]) == (
        "600000.SH", date(2017, 12, 31), date(2018, 4, 21), 28_522_000_000.0, "announced",
    )  # fmt: skip
    assert facts.only("main_revenue_ytd")["value"].to_list() == [None]
    assert {"net_profit_growth", "assets_to_equity", "return_on_average_equity_ytd"} <= set(facts.fields)


def test_tushare_reports_are_those_first_announced_and_values_those_of_a_close(tmp_path):
    pulled(tmp_path, "tushare", reports=True)
    panel = imported(tmp_path, "tushare")
    facts = import_fundamentals(tmp_path / "panel", panel.bars, panel.instruments).facts
    (roe,) = facts.only("return_on_equity_ytd").rows(named=True)
    assert (roe["value"], roe["usable"], roe["by"]) == (pytest.approx(0.1445), date(2018, 4, 21), "announced")
    value = facts.only("market_value").filter(asset="600000.SH")
    assert value.select("period", "usable", "by").rows() == [(date(2018, 3, 31), date(2018, 4, 2), "close")]
    close = panel.bars.frame.filter(asset="600000.SH", session=date(2018, 4, 2))["close"][0]
    assert value["value"][0] == pytest.approx(close * 29_352_080_397, rel=1e-12)
    assert facts.only("price_to_sales")["value"].null_count() == 2  # the third was gone


@pytest.mark.parametrize("name", VENDORS)
def test_a_pull_that_was_stopped_goes_on_and_asks_nothing_twice(tmp_path, name):
    whole, first = pulled(tmp_path / "whole", name)
    asked = []
    for after in (1, 2, 3, 0, 99):
        client = Recorded(ANSWERS[name], stops_after=after)
        with contextlib.suppress(KeyboardInterrupt):
            pulled(tmp_path / "cut", name, client=client)
        asked += client.asked
    assert sorted(map(str, asked)) == sorted(map(str, first.asked))
    assert pulled(tmp_path / "cut", name)[0] == (whole.asks, whole.asks, 0)
    assert imported(tmp_path / "cut", name).bars.frame.equals(imported(tmp_path / "whole", name).bars.frame)


def test_a_killed_process_loses_at_most_the_answer_under_way(tmp_path):
    """Kill −9 at several moments; what is there is whole, and the end is the same."""
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path; import recorded\n"
        "from tidegate.data.vendors.members import vendor_named\n"
        "from tidegate.data.vendors.pull import Pace, planned, pull\n"
        "folder, vendor = Path(sys.argv[1]), vendor_named('baostock')\n"
        "plan = planned(folder, vendor, since=recorded.FIRST, until=recorded.LAST, reports=True)\n"
        "print('ready', flush=True)\n"
        "pull(folder, vendor, plan, recorded.Recorded(recorded.baostock), Pace(0.004))\n"
    )
    kept = []
    for wait in (0.05, 0.2, 0.1):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "cut"), str(Path(__file__).parent)], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        try:
            process.wait(timeout=wait)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()
        answers = Answers(tmp_path / "cut")
        kept.append(len(answers))
        for what in {path.parent.name for path in (tmp_path / "cut").glob("*/*.parquet")}:
            list(answers.each(what))
    assert kept == sorted(kept)
    done, _ = pulled(tmp_path / "cut", "baostock", reports=True)
    assert done.before == kept[-1]
    pulled(tmp_path / "whole", "baostock", reports=True)
    assert imported(tmp_path / "cut", "baostock").bars.frame.equals(imported(tmp_path / "whole", "baostock").bars.frame)


def test_a_later_end_asks_for_the_days_since(tmp_path):
    pulled(tmp_path / "parts", "baostock", reports=True, until=DAYS[15])
    done, client = pulled(tmp_path / "parts", "baostock", reports=True)
    spans = {
        (dict(ask.arguments)["start_date"], dict(ask.arguments)["end_date"])
        for ask in client.asked if ask.what == "query_history_k_data_plus"
    }  # fmt: skip
    assert spans == {(str(DAYS[15] + (DAYS[1] - DAYS[0])), str(LAST))}
    assert "query_stock_basic" in {ask.what for ask in client.asked}  # newly listed shares
    again = {
        (dict(a.arguments)["year"], dict(a.arguments)["quarter"]) for a in client.asked if a.what == "query_profit_data"
    }
    assert again == {("2017", "4"), ("2018", "1")}  # those that may have come out since
    assert done.before > 0
    pulled(tmp_path / "whole", "baostock", reports=True)
    assert imported(tmp_path / "parts", "baostock").bars.frame.equals(
        imported(tmp_path / "whole", "baostock").bars.frame
    )
    for folder in ("parts", "whole"):
        published = vendor_named("baostock").tables(Answers(tmp_path / folder).each).published
        assert published.filter(field="netProfit").height == 1


def test_answers_are_kept_as_they_came_with_their_time(tmp_path):
    pulled(tmp_path, "baostock")
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert {line["fetched"] for line in lines} == {"2018-05-02T09:30:00+00:00"}
    ask, table = next(Answers(tmp_path).each("query_history_k_data_plus"))
    assert table.equals(recorded.baostock(ask))
    assert "TUSHARE_TOKEN" not in (tmp_path / "answers.jsonl").read_text()


def test_a_changed_answer_and_a_torn_line_are_found(tmp_path):
    pulled(tmp_path, "baostock")
    log = tmp_path / "answers.jsonl"
    whole = log.read_text()
    log.write_text(whole[:-40])
    done, client = pulled(tmp_path, "baostock")
    assert (done.now, len(client.asked)) == (1, 1)
    assert len(Answers(tmp_path)) == done.asks
    path = next((tmp_path / "query_history_k_data_plus").glob("*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"a kept answer is not what the vendor sent.*asked once more"):
        imported(tmp_path, "baostock")


def test_failures_are_waited_out_and_then_told(tmp_path):
    slept = []
    vendor = vendor_named("baostock")
    plan = planned(tmp_path, vendor, since=FIRST, until=LAST, reports=False)
    client = Recorded(recorded.baostock, fails=["query_stock_basic"] * 3)
    pull(tmp_path, vendor, plan, client, Pace(0.0, sleep=slept.append), clock=lambda: NOW)
    assert len(slept) == 3
    assert slept == sorted(slept)
    client = Recorded(recorded.baostock, fails=["query_stock_basic"] * 9)
    with pytest.raises(DataError, match=r"did not answer after 4 tries \(query_stock_basic.*0 answers are kept"):
        pulled(tmp_path / "other", "baostock", client=client)


def test_the_pace_is_kept():
    now, slept = [0.0], []
    pace = Pace(1.5, sleep=slept.append, now=lambda: now[0])
    for elapsed in (0.5, 2.0, 0.0):
        pace.step()
        now[0] += elapsed
    pace.step()
    assert slept == pytest.approx([1.0, 1.5])
    with pytest.raises(SettingError, match="a pace cannot be negative"):
        Pace(-1.0)


@pytest.mark.parametrize(
    "change, error, match",
    [
        ({"name": "tushare"}, KeptError, "answers to other questions"),
        ({"since": date(2018, 3, 2)}, KeptError, "answers to other questions"),
        ({"reports": True}, KeptError, "answers to other questions"),
        ({"codes": ("sh.600000",)}, KeptError, "answers to other questions"),
    ],
)
def test_a_name_holds_the_answers_to_one_plan(tmp_path, change, error, match):
    pulled(tmp_path, "baostock")
    with pytest.raises(error, match=match):
        pulled(tmp_path, change.pop("name", "baostock"), **change)


def test_wrong_requests(tmp_path):
    baostock = vendor_named("baostock")
    with pytest.raises(SettingError, match=r"needs a first day.*2010-01-01"):
        planned(tmp_path, baostock, since=None, until=LAST, reports=False)
    with pytest.raises(SettingError, match="akshare has no reports that are known point in time"):
        planned(tmp_path, vendor_named("akshare"), since=FIRST, until=LAST, reports=True)
    with pytest.raises(SettingError, match=r"lists no such share.*600009"):
        pulled(tmp_path, "baostock", codes=("sh.600009",))
    with pytest.raises(UnknownNameError, match="did you mean 'baostock'"):
        vendor_named("baostok")
    with held(tmp_path / "busy/.lock", "it"), pytest.raises(BusyError, match="the pull in busy"):
        pulled(tmp_path / "busy", "baostock")
    with pytest.raises(DataError, match=r"other columns than it is documented to have.*open"):
        numbers(pl.DataFrame({"close": ["1"]}), ["open"], "daily")
    with pytest.raises(DataError, match=r"holds no number.*found x"):
        numbers(pl.DataFrame({"open": ["1", "x"]}), ["open"], "daily")
    with pytest.raises(DataError, match=r"holds no day.*found soon"):
        dates(pl.DataFrame({"date": ["2018-01-02", "soon"]}), "date", "daily")


# ------------------------------------------------------------------ the clients themselves


class Page:
    """What the package baostock returns: a cursor over pages."""

    def __init__(self, fields, data, code="0", msg="success", full=500):
        self.fields, self.data, self.error_code, self.error_msg = fields, data, code, msg
        self.per_page_count, self.at = full, -1

    def next(self):
        self.at += 1
        return self.at < len(self.data)

    def get_row_data(self):
        return self.data[self.at]


@pytest.fixture
def package(monkeypatch):
    """A stand-in for the package, which prints as the real one does."""

    def install(answer, login=None):
        module = types.ModuleType("baostock")
        module.login = lambda: sys.stdout.write("login success!") and (login or Page([], []))
        module.logout = lambda: sys.stdout.write("logout success!")
        module.query_stock_basic = lambda code="", code_name="": answer() if callable(answer) else answer
        monkeypatch.setitem(sys.modules, "baostock", module)

    return install


def test_the_baostock_client_reads_texts_and_stays_quiet(package, capsys):
    package(Page(["code", "type"], [["sh.600000", "1"], ["sz.000001", "1"]]))
    client = BaostockClient()
    table = client.ask(Ask.of("query_stock_basic", code="", code_name=""))
    client.close()
    assert table.to_dict(as_series=False) == {"code": ["sh.600000", "sz.000001"], "type": ["1", "1"]}
    assert capsys.readouterr().out == ""
    package(Page(["code"], []))
    assert BaostockClient().ask(Ask.of("query_stock_basic")).shape == (0, 1)


def broken():
    raise ConnectionResetError(104, "reset by peer")


@pytest.mark.parametrize(
    "answer, match",
    [
        (Page([], [], code="10001001", msg="not logged in"), "not logged in"),
        (Page(["code"], [["a"], ["b"]], full=2), "ends in a full page: cut off"),
        (broken, r"could not be reached.*ConnectionResetError"),
    ],
    ids=["error code", "lost page", "line"],
)
def test_the_baostock_client_takes_no_half_answer(package, answer, match):
    package(answer)
    with pytest.raises(DataError, match=match):
        BaostockClient().ask(Ask.of("query_stock_basic"))


def test_a_login_that_fails_is_told(package):
    package(None, login=Page([], [], code="10001003", msg="closed for today"))
    with pytest.raises(DataError, match="closed for today"):
        BaostockClient()


@pytest.mark.parametrize("name, client", [("baostock", BaostockClient), ("akshare", AkshareClient)])
def test_a_package_that_is_missing_is_asked_for(monkeypatch, name, client):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=f"the package {name} is needed.*tidegate\\[{name}\\]"):
        client()


def test_the_akshare_client_takes_pandas_frames(monkeypatch):
    pandas = pytest.importorskip("pandas")
    module = types.ModuleType("akshare")
    module.stock_zh_a_hist = lambda symbol, **rest: pandas.DataFrame(
        {"日期": [FIRST], "股票代码": [symbol], "收盘": [1.5]}
    )
    module.stock_info_sz_delist = lambda: {}["Result"]
    monkeypatch.setitem(sys.modules, "akshare", module)
    client = AkshareClient()
    table = client.ask(Ask.of("stock_zh_a_hist", symbol="600000", adjust=""))
    assert (dates(table, "日期", "x").to_list(), table["收盘"].to_list()) == ([FIRST], [1.5])
    with pytest.raises(DataError, match=r"akshare got no answer \(stock_info_sz_delist\(\)\).*KeyError"):
        client.ask(Ask.of("stock_info_sz_delist"))


def test_values_of_a_quarters_end_between_two_parts_are_of_the_first_bar_after_or_missing():
    def part(what, *days):
        held = pl.DataFrame({"ts_code": "600000.SH", "trade_date": days})
        if what == "daily":
            prices = ("open", "high", "low", "close", "pre_close", "vol", "amount")
            return held.with_columns(pl.lit(10.0).alias(name) for name in prices)
        values = dict.fromkeys(("total_share", "float_share", "pe", "pb", "ps", "dv_ratio"), 1.0)
        return held.with_columns(
            *(pl.lit(value).alias(name) for name, value in values.items()), total_mv=pl.col("trade_date").cast(float)
        )

    first, second = ("20180329", "20180330"), ("20180402", "20180403", "20180702", "20180703")
    for lost, wanted in ((0, [20180402.0, 20180702.0]), (2, [20180402.0, None])):
        quoted = [day for at, day in enumerate(second) if at != lost or not lost]
        kept = {
            "daily": [part("daily", *first), part("daily", *second)],
            "daily_basic": [part("daily_basic", *first), part("daily_basic", *quoted)],
            "stock_basic": [recorded.tushare(Ask.of("stock_basic", list_status="L"))],
        }
        made = Tushare().tables(lambda what, kept=kept: ((Ask.of(what), one) for one in kept.get(what, [])))
        assert made.quoted["period"].to_list() == [date(2018, 3, 31), date(2018, 6, 30)]
        assert made.quoted["total_mv"].to_list() == wanted
        assert "total_mv" not in made.bars.columns


def test_the_tushare_client_sends_its_token_and_keeps_it_nowhere(monkeypatch, tmp_path):
    monkeypatch.delenv("TUSHARE_TOKEN", raising=False)
    with pytest.raises(SettingError, match=r"environment variable TUSHARE_TOKEN"):
        TushareClient()
    monkeypatch.setenv("TUSHARE_TOKEN", "s3cret-token")
    sent = []

    def answer(request, timeout):
        sent.append(json.loads(request.data))
        body = {
            "code": 0,
            "msg": "",
            "data": {"fields": ["ts_code", "vol", "ps"], "items": [["600000.SH", 7, None], ["000001.SZ", 8.5, None]]},
        }
        return io.BytesIO(json.dumps(body).encode())

    monkeypatch.setattr(tushare_module.urllib.request, "urlopen", answer)
    table = TushareClient().ask(Ask.of("daily", ts_code="600000.SH"))
    assert (sent[0]["api_name"], sent[0]["token"], sent[0]["params"]) == (
        "daily",
        "s3cret-token",
        {"ts_code": "600000.SH"},
    )
    assert table["vol"].to_list() == [7.0, 8.5]
    assert table["ps"].to_list() == [None, None]
    pulled(tmp_path, "tushare")
    assert not any(b"s3cret" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "body, match",
    [
        (b'{"code": 2002, "msg": "no permission", "data": null}', "tushare refused: no permission"),
        (b"<html>", "could not be reached"),
        (b"[]", "tushare refused: no document"),
        (json.dumps({"code": 0, "data": {"fields": ["ts_code"], "items": [["a"]] * 100}}).encode(), "may be cut"),
    ],
)
def test_the_tushare_client_takes_no_half_answer(monkeypatch, body, match):
    monkeypatch.setenv("TUSHARE_TOKEN", "t0ken-value")
    monkeypatch.setattr(tushare_module.urllib.request, "urlopen", lambda request, timeout: io.BytesIO(body))
    with pytest.raises(DataError, match=match) as told:
        TushareClient().ask(Ask.of("fina_indicator", ts_code="600000.SH"))
    assert "t0ken-value" not in str(told.value)


def test_questions_fit_the_signatures_of_the_interfaces():
    span = Span(FIRST, LAST)
    said = {dict(ask.arguments)["adjustflag"] for ask in VENDORS["baostock"].asks("sh.600000", span, reports=False)}
    assert said == {"3"}  # unadjusted
    assert [dict(ask.arguments)["adjust"] for ask in VENDORS["akshare"].asks("600000", span, reports=False)] == [
        "",
        "hfq",
    ]
    assert np.all([vendor.wait >= 0.3 for vendor in VENDORS.values()])
