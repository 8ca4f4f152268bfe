"""Members of an index as known on the day: spells by hand, what lies outside the table, and files that say nonsense."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tidegate.component import document
from tidegate.data.fact_store import put_facts, read_memberships_of
from tidegate.data.fact_tables import read_memberships
from tidegate.data.fundamentals import import_fundamentals
from tidegate.data.member_of import MemberOf
from tidegate.data.store import Store
from tidegate.errors import DataError, FileRefusedError, SettingError, UnknownNameError
from tidegate.market.universe import Universe, UniverseRule
from tidegate.types.bars import Bars, BarSpec

DAYS = np.busday_offset(np.datetime64("2015-01-05", "D"), np.arange(10), roll="forward")
SPEC = BarSpec(frequency="1d", kind="stock", currency="CNY", title="three shares", source="by hand")
ASSETS = ("000001.SZ", "600000.SH", "600004.SH")


def day(at):
    return DAYS[at].item()


@pytest.fixture
def bars():
    rows = [(one, asset) for asset in ASSETS for one in DAYS]
    frame = pl.DataFrame({"asset": [asset for _, asset in rows]}).with_columns(
        pl.Series("session", np.array([one for one, _ in rows])),
        pl.Series("time", np.array([one for one, _ in rows]).astype("datetime64[us]")),
        *(pl.lit(5.0).alias(name) for name in ("open", "high", "low", "close")),
    )
    return Bars.of(frame, SPEC)


@pytest.fixture
def spells(tmp_path):
    """Two stays and a third that goes on; the table begins on the first session and ends on the last."""

    def write(text=None, name="few_members.tsv"):
        rows = (
            ("SH600000", day(0), day(4)), ("sz000001", day(4), day(7)), ("600000.XSHG", day(7), None),
            ("SH600004", day(2), date(2015, 1, 17)), ("SZ300999", day(1), day(9)),
        )  # fmt: skip
        told = "".join(f"{asset}\t{since}\t{until or ''}\n" for asset, since, until in rows) if text is None else text
        path = tmp_path / name
        path.write_text(told, encoding="utf-8")
        return str(path)

    return write


def told(rule, bars):
    mask = Universe(rules=(rule,)).of_bars(bars).mask
    return {
        asset: "".join("x" if kept else "." for kept in column)
        for asset, column in zip(bars.assets, mask.T, strict=True)
    }


def test_members_by_file_from_their_first_day_to_the_one_before_they_leave(bars, spells):
    rule = MemberOf(index="few", path=spells(), complete=True)
    assert told(rule, bars) == {"000001.SZ": "....xxx...", "600000.SH": "xxxx...xxx", "600004.SH": "..xxxxxxxx"}
    assert Universe(rules=(rule,)).of_bars(bars).stamps == (
        "1 listed members have no bars: results may be survivor-biased.",
    )
    assert UniverseRule.of(document(rule)) == rule


@pytest.mark.parametrize("outside", ["refuse", "nobody"])
def test_before_and_after_the_table_is_unknown(bars, spells, outside):
    path = spells(f"SH600000,{day(2)},{day(6)}\nSZ000001,{day(3)},\n")
    rule = MemberOf(index="few", path=path, complete=True, outside=outside)
    if outside == "refuse":
        with pytest.raises(
            DataError, match=r"unknown: the members of few \(2015-01-05\): expected 2015-01-07 … 2015-01-12, found 6"
        ):
            told(rule, bars)
        return
    # The second share stays, as far as anybody looked: to the session before the first one left.
    assert told(rule, bars) == {"000001.SZ": "...xxx....", "600000.SH": "..xxxx....", "600004.SH": "." * 10}
    stamps = Universe(rules=(rule,)).of_bars(bars).stamps
    assert stamps == ("Members of few are known from 2015-01-07 to 2015-01-12: on 6 sessions outside, nobody is kept.",)
    longer = rule.but(known_until=day(8))
    assert told(longer, bars)["000001.SZ"] == "...xxxxxx."
    assert told(rule.but(known_until=day(4)), bars)["000001.SZ"] == "...xx....."


def test_a_mask_never_learns_of_a_change_before_its_day(bars, spells):
    now = told(MemberOf(index="few", path=spells(), complete=True), bars)
    later = spells(f"SH600000\t{day(0)}\t{day(4)}\nSH600004\t{day(2)}\t{day(9)}\n", "other_members.tsv")
    known = told(MemberOf(index="other", path=later, complete=True, known_until=day(9)), bars)
    for asset in ASSETS:  # without what happened from the fifth session on
        assert now[asset][:4] == known[asset][:4]


def test_a_file_may_have_a_header_and_other_forms_of_days(bars, spells):
    path = spells(f"code,from,to\n600000.SH,2015/01/05,{day(4):%Y%m%d}\n000001.SZ,20150105,2015/01/17\n")
    made = told(MemberOf(index="any", path=path, complete=True), bars)
    assert made == {"000001.SZ": "x" * 10, "600000.SH": "xxxx......", "600004.SH": "." * 10}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("SH600000\t2015-01-05\tnever\n", r"a day cannot be read \(few_members.tsv, column until\).*found never"),
        ("SH600000\t5th of May\t\n", "a day cannot be read"),
        ("SH600000\t2015-01-05\t\nSH600004\t2015-01-05\n", "a row is no spell"),
        ("SH600000\t2015-01-05\t2015-02-05\nSH600004\t2015-01-05\t2015-0", "a row is no spell"),
        ("1\t2015-01-05\t\n", "a code cannot be one"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(spells, text, match):
    with pytest.raises(FileRefusedError, match=match):
        MemberOf(index="few", path=spells(text), complete=True).reads()


def test_the_rule_is_another_when_its_file_is(spells):
    rule = MemberOf(index="few", path=spells(), complete=True)
    before = rule.reads()
    assert before == rule.reads()
    spells(f"SH600000\t{day(0)}\t{day(5)}\n")
    assert rule.reads() != before


def test_members_come_from_one_place_and_of_an_index_that_is_there(bars, spells):
    for places in ({}, {"path": "a", "dataset": "b"}):
        with pytest.raises(SettingError, match="members come from one place"):
            MemberOf(index="few", complete=True, **places)
    with pytest.raises(FileRefusedError, match="the file cannot be read"):
        told(MemberOf(index="few", path=spells() + ".gone", complete=True), bars)


def test_a_dataset_keeps_its_own_members(bars, spells, tmp_path, monkeypatch):
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    store = Store.default()
    store.put("shares", bars)
    rule = MemberOf(index="few", dataset="shares", complete=True)
    with pytest.raises(DataError, match=r"no memberships are kept beside the dataset \(shares\)"):
        told(rule, bars)
    spells()
    table = {"symbol": ["SH600000"], "period": ["20131231"], "published": ["2014-03-20"], "roe": [0.1]}
    pl.DataFrame(table).write_parquet(tmp_path / "fundamentals.parquet")
    put_facts(store, "shares", import_fundamentals(tmp_path, bars))
    assert read_memberships_of(store, "shares").indexes == ("few",)
    assert told(rule, bars) == told(MemberOf(index="few", path=spells(), complete=True), bars)
    with pytest.raises(UnknownNameError, match="did you mean 'few'"):
        told(rule.but(index="fex"), bars)


def test_codes_are_written_as_the_bars_write_them(spells):
    path = spells(name="few_members.tsv")
    held = read_memberships([Path(path)], assets=("600000.XSHG", "SZ000001"))
    assert set(held.frame["asset"]) == {"600000.XSHG", "SZ000001", "600004.SH", "300999.SZ"}


@pytest.mark.real_data
def test_the_real_list_covers_what_it_says(real_data, bars):
    path = str(real_data / "ashare" / "csi300_members_2010on.tsv")
    rule = MemberOf(index="csi300", path=path, complete=False, count=300)
    made = Universe(rules=(rule,)).of_bars(bars)
    assert made.mask[:, 1].all()  # 600000.SH
    assert any("of 300 members a session" in stamp for stamp in made.stamps)
    early = bars.frame.with_columns(pl.col("session").dt.offset_by("-6y"), pl.col("time").dt.offset_by("-6y"))
    with pytest.raises(DataError, match=r"unknown: the members of csi300 .*expected 2010-01-04 …"):
        told(rule, Bars.of(early, SPEC))
