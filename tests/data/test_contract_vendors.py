"""Futures pulled from answers of the documented shape: the same bars from two vendors, kept raw, resumed, refused."""

import sys
import types
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from tidegate.data.futures_chain import main_series
from tidegate.data.importer import import_file
from tidegate.data.rebar_chain import RebarChain
from tidegate.data.vendors.akshare_futures import AkshareFutures
from tidegate.data.vendors.answers import Answers
from tidegate.data.vendors.asking import Span
from tidegate.data.vendors.contracts import contract_settings, pull_contracts, write_contracts
from tidegate.data.vendors.members import CONTRACT_VENDORS, vendor_named
from tidegate.data.vendors.pull import Pace
from tidegate.data.vendors.tqsdk import Tqsdk, TqsdkClient
from tidegate.errors import DataError, MissingExtraError, SettingError, UnknownNameError

NOW = datetime(2016, 9, 30, 9, tzinfo=UTC)
SESSIONS = 62  # through the holidays of September and October, whose eves tell what date a night carries
NAMES = {"akshare-futures": ("RB1610", "RB1701"), "tqsdk": ("SHFE.rb1610", "SHFE.rb1701")}
SPAN = Span(date(2016, 6, 1), date(2017, 1, 31))


@pytest.fixture(scope="module")
def worlds():
    return {f: RebarChain(sessions=SESSIONS, seed=4, frequency=f, spacing=40).bars() for f in ("60min", "1d")}


class Told:
    """A client that answers from the world, in a vendor's shape; it counts, and fails as it is told to."""

    def __init__(self, worlds, *, fails=0, change=lambda frame: frame):
        self.worlds, self.fails, self.change, self.asked = worlds, fails, change, []

    def ask(self, ask):
        if self.fails:
            self.fails -= 1
            raise DataError("the line broke")
        self.asked.append(ask)
        given = dict(ask.arguments)
        contract = given["symbol"].rsplit(".", 1)[-1].upper()
        length = "1d" if ask.what == "futures_zh_daily_sina" or given.get("duration_seconds") == "86400" else "60min"
        frame = self.worlds[length].frame.filter(pl.col("asset") == contract)
        return self.change((tq if "duration_seconds" in given else sina)(frame, length))

    def close(self):
        pass


def sina(frame, length):
    prices = [pl.col(name).cast(pl.Float64) for name in ("open", "high", "low", "close")]
    rest = [pl.col("volume").cast(pl.Int64), pl.col("open_interest").cast(pl.Int64).alias("hold")]
    if length == "1d":
        return frame.select(
            pl.col("time").dt.strftime("%Y-%m-%d").alias("date"), *prices, *rest, settle=pl.col("close")
        )
    return frame.select(pl.col("time").dt.strftime("%Y-%m-%d %H:%M:%S").alias("datetime"), *prices, *rest)


def tq(frame, length):
    """Starts of bars in nanoseconds of UTC, and a first row that is not filled."""
    starts = frame["time"].to_list()
    if length != "1d":
        clock = {(10, 0): (9, 0), (11, 15): (10, 0), (14, 15): (11, 15), (15, 0): (14, 15), (22, 0): (21, 0),
                 (23, 0): (22, 0)}  # fmt: skip
        starts = [
            end.replace(hour=clock[end.hour, end.minute][0], minute=clock[end.hour, end.minute][1]) for end in starts
        ]
    utc = pl.Series([(start - timedelta(hours=8)).replace(tzinfo=UTC).timestamp() * 1e9 for start in starts])
    told = frame.select(
        "open", "high", "low", "close", "volume", open_oi=pl.col("open_interest"), close_oi=pl.col("open_interest")
    ).with_columns(datetime=utc, id=pl.int_range(pl.len()).cast(pl.Float64))
    empty = told[:1].with_columns(id=pl.lit(-1.0), datetime=pl.lit(0.0), close=pl.lit(None, dtype=pl.Float64))
    return pl.concat([empty, told])


def pulled(folder, name, length, client, span=SPAN):
    vendor = CONTRACT_VENDORS[name]
    pace = Pace(0.0, sleep=lambda seconds: None)
    done = pull_contracts(folder, vendor, NAMES[name], length, span.until, client, pace, clock=lambda: NOW)
    path = write_contracts(folder, vendor, NAMES[name], length, span)
    hours = "none" if length == "1d" else "shfe-rebar"
    settings = contract_settings(vendor, length, hours, name).but(volume_sides="one", night_dates="calendar")
    return done, import_file(path, settings if length != "1d" else contract_settings(vendor, length, hours, name))


@pytest.mark.parametrize("name", CONTRACT_VENDORS)
def test_days_are_those_of_the_world(tmp_path, worlds, name):
    done, made = pulled(tmp_path, name, "1d", Told(worlds))
    expected = worlds["1d"].frame.filter(pl.col("asset").is_in(["RB1610", "RB1701"]))
    assert done == (2, 0, 2)
    columns = ["session", "asset", "open", "high", "low", "close", "volume", "open_interest"]
    assert made.bars.frame.select(columns).equals(expected.select(columns))
    assert made.bars.has("settle") == (name == "akshare-futures")
    assert len(main_series(made.bars, "RB").rolls) == 1


def test_hours_end_where_sina_says_so(tmp_path, worlds):
    _, made = pulled(tmp_path, "akshare-futures", "60min", Told(worlds))
    expected = worlds["60min"].frame.filter(pl.col("asset").is_in(["RB1610", "RB1701"]))
    assert made.health.label == "end"
    assert made.bars.frame.select("time", "session", "close").equals(expected.select("time", "session", "close"))


def test_tqsdk_labels_are_starts_in_utc(worlds):
    """Hours by the clock: a bar that starts at 09:00 in Shanghai starts at 01:00 UTC; unfilled rows are left out."""
    vendor = Tqsdk()
    ask = vendor.ask("SHFE.rb1610", "60min", SPAN.until)
    answer = Told(worlds).ask(ask)
    made = vendor.read(ask, answer)
    assert made.height == answer.height - 1
    assert made["asset"].unique().to_list() == ["RB1610"]
    assert {9, 10, 11, 14, 21, 22} == set(made["time"].dt.hour())
    assert contract_settings(vendor, "60min", "shfe-rebar", "rb").label == "start"


def test_what_is_answered_is_not_asked_again(tmp_path, worlds):
    client = Told(worlds, fails=2)
    pulled(tmp_path, "akshare-futures", "1d", client)
    assert len(client.asked) == 2
    done, _ = pulled(tmp_path, "akshare-futures", "1d", client)
    assert (done.before, done.now, len(client.asked)) == (2, 0, 2)
    later = Span(SPAN.since, SPAN.until + timedelta(days=1))
    done, _ = pulled(tmp_path, "akshare-futures", "1d", client, later)
    assert (done.now, len(Answers(tmp_path))) == (2, 4)


class TestRefused:
    def test_an_answer_of_another_shape(self, tmp_path, worlds):
        with pytest.raises(DataError, match="other columns than it is documented"):
            pulled(tmp_path, "akshare-futures", "1d", Told(worlds, change=lambda frame: frame.drop("hold")))
        with pytest.raises(DataError, match="other columns than it is documented"):
            pulled(
                tmp_path / "b",
                "akshare-futures",
                "60min",
                Told(worlds, change=lambda f: f.rename({"datetime": "when"})),
            )
        broken = Told(worlds, change=lambda f: f.with_columns(datetime=pl.lit("yesterday")))
        with pytest.raises(DataError, match="holds no time"):
            pulled(tmp_path / "c", "akshare-futures", "60min", broken)

    def test_days_that_nobody_told(self, tmp_path, worlds):
        with pytest.raises(DataError, match="told no bars of these days"):
            pulled(tmp_path, "tqsdk", "1d", Told(worlds), Span(date(2001, 1, 1), date(2001, 2, 1)))

    def test_lengths_and_names(self, tmp_path, worlds):
        with pytest.raises(UnknownNameError, match="unknown length of a bar '2h'"):
            pulled(tmp_path, "tqsdk", "2h", Told(worlds))
        with pytest.raises(UnknownNameError, match="akshare-futures"):
            vendor_named("akshare-future")

    def test_no_package_and_no_account(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "tqsdk", None)
        with pytest.raises(MissingExtraError, match="tqsdk is needed"):
            Tqsdk().client()
        monkeypatch.setitem(sys.modules, "akshare", None)
        with pytest.raises(MissingExtraError, match="akshare is needed"):
            AkshareFutures().client()
        monkeypatch.setitem(sys.modules, "tqsdk", types.ModuleType("tqsdk"))
        monkeypatch.delenv("TQ_USER", raising=False)
        with pytest.raises(SettingError, match="tqsdk needs an account"):
            TqsdkClient()

    def test_an_account_is_used_and_a_password_is_never_told(self, monkeypatch, worlds):
        package = types.ModuleType("tqsdk")
        seen = {}

        class Api:
            def __init__(self, auth):
                if auth == ("user", "wrong"):
                    raise ValueError(f"no {auth}")
                seen["auth"] = auth

            def get_kline_serial(self, symbol, duration_seconds, data_length):
                seen["asked"] = (symbol, duration_seconds, data_length)
                return Copied(tq(worlds["1d"].frame.filter(pl.col("asset") == "RB1610"), "1d"))

            def close(self):
                seen["closed"] = True

        package.TqApi, package.TqAuth = Api, lambda user, password: (user, password)
        monkeypatch.setitem(sys.modules, "tqsdk", package)
        monkeypatch.setenv("TQ_USER", "user")
        monkeypatch.setenv("TQ_PASSWORD", "wrong")
        with pytest.raises(DataError, match="did not let this account in") as caught:
            TqsdkClient()
        assert "wrong" not in str(caught.value)
        monkeypatch.setenv("TQ_PASSWORD", "right")
        client = TqsdkClient()
        ask = Tqsdk().ask("SHFE.rb1610", "1d", SPAN.until)
        assert Tqsdk().read(ask, client.ask(ask)).height > 0
        client.close()
        assert seen == {"auth": ("user", "right"), "asked": ("SHFE.rb1610", 86_400, 10_000), "closed": True}


class Copied:
    """A frame with a copy of its own, as the package gives."""

    def __init__(self, frame):
        self.frame = frame

    def copy(self):
        return self.frame.clone()
