"""Reports beside a stock panel: which clock a fact gets, what is left out, what is told, and what the store gives back."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from tidegate.data.derived_facts import derived
from tidegate.data.fact_fields import FACT_FIELDS
from tidegate.data.fact_store import put_facts, read_facts_of
from tidegate.data.fundamentals import import_fundamentals
from tidegate.data.store import Store
from tidegate.errors import FileRefusedError, IntegrityError, KeptError, RecordError, SettingError, UnknownNameError
from tidegate.market.instruments import Instruments
from tidegate.types.bars import Bars, BarSpec
from tidegate.types.facts import Facts, PanelRows
from tidegate.types.memberships import Memberships, StaticClasses
from tidegate.types.panel import Panel

SPEC = BarSpec(frequency="1d", kind="stock", currency="CNY", title="made", source="made")
A, B, C = "600000.SH", "600001.SH", "000002.SZ"


def weekdays(first, last):
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


def bars_of(spans):
    rows = [(asset, day) for asset, days in spans.items() for day in days]
    frame = pl.DataFrame(rows, schema={"asset": pl.String, "session": pl.Date}, orient="row")
    prices = {name: pl.lit(10.0) for name in ("open", "high", "low", "close")}
    return Bars.of(frame.with_columns(time=pl.col("session").cast(pl.Datetime("us")), **prices), SPEC)


@pytest.fixture
def bars():
    """A trades all along; B rests from 28 March to 9 May 2014; C begins on 2 June 2014."""
    whole = weekdays(date(2014, 1, 1), date(2015, 12, 31))
    rest = [day for day in whole if not date(2014, 3, 28) <= day <= date(2014, 5, 9)]
    return bars_of({A: whole, B: rest, C: [day for day in whole if day >= date(2014, 6, 2)]})


@pytest.fixture
def folder(tmp_path):
    """Write tables as files of one folder."""

    def write(wide=None, long=None, **others):
        for stem, table in {"fundamentals": wide, "reports_published": long, **others}.items():
            if table is not None:
                pl.DataFrame(table).write_parquet(tmp_path / f"{stem}.parquet")
        return tmp_path

    return write


def wide(**columns):
    count = max(len(column) for column in columns.values())
    return {"symbol": [A] * count, "roe": [1.0] * count, **columns}


def long(*rows):
    return pl.DataFrame(rows, schema=["symbol", "period", "published", "field", "value"], orient="row")


def seen(facts, field, bars, asset, **how):
    """Give (session, value) of one asset's rows at which the value changes."""
    rows = PanelRows.of(bars)
    at = bars.assets.index(asset)
    first, end = bars.offsets[at], bars.offsets[at + 1]
    values, changes = facts.as_of(field, rows, **how)[first:end], []
    for day, value in zip(rows.sessions[first:end].tolist(), values.tolist(), strict=True):
        if not changes or not np.array_equal(changes[-1][1], value, equal_nan=True):
            changes.append((day, value))
    return changes[1:] if np.isnan(changes[0][1]) else changes


def test_without_a_date_the_law_says_when(bars, folder):
    ends = ["20131231", "20140331", "20140630", "20140930", "20141231"]
    path = folder(wide=wide(period=ends, roe=[10.0, 2.0, 4.0, 6.0, 8.0]))
    old = Instruments.of(pl.DataFrame({"asset": [A], "listed": [date(2001, 1, 2)]}))
    facts = import_fundamentals(path, bars, old).facts
    told = facts.history("return_on_equity_ytd", A, date(2016, 1, 1))
    days = [date(2014, 5, 1), date(2014, 5, 1), date(2014, 9, 1), date(2014, 11, 1), date(2015, 5, 1)]
    assert told["usable"].to_list() == days
    assert set(told["by"]) == {"deadline"}
    assert seen(facts, "return_on_equity_ytd", bars, A) == [
        (date(2014, 5, 1), pytest.approx(0.02)),
        (date(2014, 9, 1), pytest.approx(0.04)),
        (date(2014, 11, 3), pytest.approx(0.06)),
        (date(2015, 5, 1), pytest.approx(0.08)),
    ]


def test_an_announcement_counts_from_the_next_session(bars, folder):
    path = folder(
        long=long(
            (A, "201401", date(2014, 4, 24), "netProfit", 5.0), (A, "201402", date(2014, 8, 29), "netProfit", 9.0)
        )
    )
    facts = import_fundamentals(path, bars).facts
    # Friday's announcement is in Monday's row, Thursday's in Friday's: never in the row of its own day
    assert seen(facts, "net_profit_ytd", bars, A) == [(date(2014, 4, 25), 5.0), (date(2014, 9, 1), 9.0)]
    assert facts.frame["by"].unique().to_list() == ["announced"]


def test_a_late_announcement_elsewhere_holds_a_report_without_a_date_back(bars, folder):
    table = wide(period=["20140331", "20140630"], roe=[1.0, 2.0])
    path = folder(
        wide=table,
        long=long((A, "201401", date(2014, 6, 5), "netProfit", 5.0), (A, "201402", date(2014, 7, 3), "netProfit", 6.0)),
    )
    imported = import_fundamentals(path, bars)
    # late: from the announcement; early: the deadline stays
    assert seen(imported.facts, "return_on_equity_ytd", bars, A) == [
        (date(2014, 6, 6), pytest.approx(0.01)), (date(2014, 9, 1), pytest.approx(0.02))
    ]  # fmt: skip
    assert imported.health.count("late") == 1


def test_a_restatement_keeps_both_and_a_late_old_period_takes_no_newer_ones_place(bars, folder):
    path = folder(
        long=long(
            (A, "201401", date(2014, 4, 24), "netProfit", 5.0),
            (A, "201402", date(2014, 8, 20), "netProfit", 9.0),
            (A, "201402", date(2014, 10, 8), "netProfit", 8.5),  # restated
            (A, "201401", date(2014, 12, 1), "netProfit", 4.0),  # restated when a newer period is out
        )
    )
    imported = import_fundamentals(path, bars)
    facts = imported.facts
    assert seen(facts, "net_profit_ytd", bars, A) == [
        (date(2014, 4, 25), 5.0),
        (date(2014, 8, 21), 9.0),
        (date(2014, 10, 9), 8.5),
    ]
    assert facts.history("net_profit_ytd", A, date(2014, 9, 1))["value"].to_list() == [5.0, 9.0]
    assert facts.history("net_profit_ytd", A, date(2014, 12, 1))["value"].to_list() == [5.0, 8.5]
    assert facts.history("net_profit_ytd", A, date(2014, 12, 2))["value"].to_list() == [4.0, 8.5]
    assert imported.health.fields[0].restated == 2


def test_a_market_value_is_known_at_the_assets_own_next_close(bars, folder):
    path = folder(
        wide={"symbol": [A, B], "period": ["20140330", "20140331"], "total_mv": [7.0, 8.0]}
        | {"period": ["20140331"] * 2}
    )
    facts = import_fundamentals(path, bars).facts
    assert seen(facts, "market_value", bars, A) == [(date(2014, 3, 31), 70_000.0)]
    assert seen(facts, "market_value", bars, B) == [(date(2014, 5, 12), 80_000.0)]  # it rested until then
    assert set(facts.frame["by"]) == {"close"}


def test_rows_before_the_listing_are_masked_and_counted(bars, folder):
    path = folder(
        wide={"symbol": [C] * 3, "period": ["20131231", "20140331", "20140630"], "pe": [9.0] * 3, "roe": [1.0] * 3}
    )
    imported = import_fundamentals(path, bars)
    assert imported.health.count("not_listed") == 2
    assert imported.facts.frame["period"].unique().to_list() == [date(2014, 6, 30)]
    assert imported.listed.filter(pl.col("defect") == "not_listed")["found"][0] == f"{C} 2013-12-31, listed 2014-06-02"
    early = Instruments.of(pl.DataFrame({"asset": [C], "listed": [date(2014, 1, 2)]}))
    assert import_fundamentals(path, bars, early).health.count("not_listed") == 1


def test_what_begins_with_the_bars_was_listed_before_them_for_all_that_is_known(bars, folder):
    path = folder(wide={"symbol": [A, A, C], "period": ["20050630", "20131231", "20131231"], "roe": [1.0] * 3})
    imported = import_fundamentals(path, bars)
    assert imported.health.count("not_listed") == 1
    assert imported.facts.frame["asset"].unique().to_list() == [A]
    told = "2 assets that begin with the bars are taken to have been listed before them, and the first bar of 1 others"
    assert any(told in note for note in imported.health.notes)
    old = Instruments.of(pl.DataFrame({"asset": [A, C], "listed": [date(2010, 1, 4), date(2010, 1, 4)]}))
    named = import_fundamentals(path, bars, old)
    assert named.health.count("not_listed") == 1  # the list says that A was not there in 2005
    assert not any("no list of instruments" in note for note in named.health.notes)


def test_what_cannot_be_is_left_out_counted_and_listed(bars, folder):
    path = folder(
        wide={
            "symbol": [A, A, A, A, "600009.SH", "??"],
            "period": ["20140331", "20140731", "20140630", "2014-13-40", "20140331", "20140331"],
            "pe": [1.0, 2.0, float("inf"), 4.0, 5.0, 6.0], "debt_to_assets": [-3.0, 1.0, 40.0, 1.0, 1.0, 1.0],
        },
        long=long(
            (A, "201401", date(2014, 4, 24), "netProfit", 5.0), (A, "201401", date(2014, 4, 24), "netProfit", 5.0),
            (A, "201401", date(2014, 4, 24), "roeAvg", 0.1), (A, "201401", date(2014, 4, 24), "roeAvg", 0.2),
            (A, "201402", date(2014, 5, 30), "netProfit", 7.0), (A, "201401", date(2014, 4, 24), "colour", 1.0),
        ),
    )  # fmt: skip
    imported = import_fundamentals(path, bars)
    health = imported.health
    counts = {held.name: held.count for held in health.defects}
    assert counts == {
        "bad_code": 1, "unreadable_time": 1, "unknown_asset": 1, "stray_period": 1, "early": 1, "duplicate": 1,
        "conflict": 2, "impossible": 2,
    }  # fmt: skip
    assert set(imported.listed["defect"]) == set(counts)
    assert [held.ignored for held in health.files] == [(), ("colour",)]
    held = imported.facts.frame
    assert held.filter(field="net_profit_ytd")["value"].to_list() == [5.0]
    assert held.filter(field="return_on_average_equity_ytd").is_empty()
    # the report is there, without the value that cannot be
    assert held.filter(field="debt_to_assets")["value"].to_list() == [None, pytest.approx(0.4)]
    assert held.filter(field="price_to_earnings")["value"].to_list() == [1.0, None]


def test_a_market_value_after_the_last_session_has_no_day(folder):
    short = bars_of({A: weekdays(date(2014, 1, 1), date(2014, 6, 27))})
    gone = Instruments.of(pl.DataFrame({"asset": [A], "listed": [date(2001, 1, 2)], "delisted": [date(2014, 6, 27)]}))
    path = folder(wide=wide(period=["20140331", "20140630"], pe=[5.0, 6.0]))
    imported = import_fundamentals(path, short, gone)
    assert (imported.health.count("no_session"), imported.health.count("after_end")) == (1, 1)
    assert imported.facts.only("price_to_earnings")["value"].to_list() == [5.0]


def test_a_report_without_the_field_says_missing_unless_the_last_given_is_asked_for(bars, folder):
    path = folder(wide=wide(period=["20140331", "20140630", "20140930"], pe=[5.0, None, 7.0]))
    facts = import_fundamentals(path, bars).facts
    changes = seen(facts, "price_to_earnings", bars, A)
    assert [day for day, _ in changes] == [date(2014, 3, 31), date(2014, 6, 30), date(2014, 9, 30)]
    assert np.isnan(changes[1][1])
    given = seen(facts, "price_to_earnings", bars, A, last_given=True)
    assert given == [(date(2014, 3, 31), 5.0), (date(2014, 9, 30), 7.0)]
    periods = facts.period_of("price_to_earnings", PanelRows.of(bars))
    at = bars.assets.index(A)
    assert str(periods[bars.offsets[at + 1] - 1]) == "2014-09-30"
    assert np.isnat(periods[bars.offsets[at]])


def test_csv_and_dates_in_other_forms_give_the_same_facts(bars, folder, tmp_path):
    path = folder(
        long=long(
            (A, "201401", date(2014, 4, 24), "netProfit", 5.0), (A, "201402", date(2014, 8, 29), "netProfit", None)
        )
    )
    first = import_fundamentals(path, bars).facts
    other = tmp_path / "csv"
    other.mkdir()
    lines = [
        "code,stat_date,pub_date,field,value",
        "sh.600000,2014-03-31,2014/04/24,netProfit,5.0",
        "SH600000,20140630,20140829,netProfit,--",
    ]
    (other / "reports_published.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    imported = import_fundamentals(other, bars)
    assert imported.facts.frame.equals(first.frame)
    (other / "reports_published.csv").write_text(
        "\n".join([*lines, f"{A},20140930,20141030,netProfit,seven"]) + "\n", encoding="utf-8"
    )
    assert import_fundamentals(other, bars).health.count("unreadable_number") == 1


def test_files_that_are_no_reports_are_refused(bars, folder, tmp_path):
    with pytest.raises(FileRefusedError, match="there are no reports in the folder"):
        import_fundamentals(tmp_path / "nowhere", bars)
    with pytest.raises(FileRefusedError, match=r"no column is known as period \(fundamentals.parquet, row 1\)"):
        import_fundamentals(folder(wide={"symbol": [A], "pe": [1.0]}), bars)
    with pytest.raises(FileRefusedError, match="no column is a field of reports that is known"):
        import_fundamentals(folder(wide={"symbol": [A], "period": ["20140331"], "colour": [1.0]}), bars)
    with pytest.raises(FileRefusedError, match="no row is of a field of reports that is known"):
        import_fundamentals(
            folder(wide=wide(period=["20140331"]), long=long((A, "201401", date(2014, 4, 24), "colour", 1.0))), bars
        )


def test_a_column_of_text_and_periods_in_another_form_are_refused_by_name(bars, folder):
    texts = ["n/a", "n/a", "3.5"]
    with pytest.raises(
        FileRefusedError, match=r"holds no numbers.*parquet, roe.*2 of 3 cannot be read, the first: 'n/a'"
    ):
        import_fundamentals(
            folder(wide={"symbol": [A] * 3, "period": ["20140331", "20140630", "20140930"], "roe": texts}), bars
        )
    mixed = long((A, "201401", date(2014, 4, 24), "roe", "1.5"), (A, "201401", date(2014, 4, 24), "auditor", "KPMG"))
    imported = import_fundamentals(folder(wide=wide(period=["20140331"]), long=mixed), bars)
    assert any(one.ignored == ("auditor",) for one in imported.health.files)  # nobody asked for it
    said = long((A, "201401", date(2014, 4, 24), "roe", "good"), (A, "201402", date(2014, 8, 24), "pe", "2.5"))
    with pytest.raises(
        FileRefusedError, match=r"holds no numbers.*parquet, .*1 of 1 cannot be read, the first: 'good'"
    ):
        import_fundamentals(folder(wide=wide(period=["20140331"]), long=said), bars)
    rows = long((A, "2014X", date(2014, 4, 24), "roe", 1.0))
    with pytest.raises(FileRefusedError, match=r"no row has a share, a period and.*20140331.*2014X"):
        import_fundamentals(folder(wide=wide(period=["20140331"]), long=rows), bars)


def test_a_record_of_facts_keeps_its_invariants():
    row = {
        "field": "ebit_ytd",
        "asset": A,
        "period": date(2014, 3, 31),
        "usable": date(2014, 5, 1),
        "value": 1.0,
        "by": "deadline",
    }
    facts = Facts.of(pl.DataFrame([row]))
    with pytest.raises(RecordError, match="two facts have one key"):
        facts.joined(facts)
    for change, what in (
        ({"usable": date(2014, 3, 30)}, "a fact is known before its period ends"),
        ({"value": float("inf")}, "a fact is not finite"),
        ({"by": "rumour"}, "how a fact became known"),
        ({"asset": None}, "a fact has no field, asset, period or day"),
    ):
        with pytest.raises(RecordError, match=what):
            Facts.of(pl.DataFrame([row | change], schema_overrides={"asset": pl.String}))
    with pytest.raises(UnknownNameError, match="did you mean 'ebit_ytd'"):
        facts.as_of("ebit_ytdd", PanelRows((A,), np.array(["2014-05-01"], "datetime64[D]"), np.array([0, 1])))


def test_single_quarters_and_twelve_months_by_hand():
    ends = [date(y, m, d) for y in (2013, 2014) for m, d in ((3, 31), (6, 30), (9, 30), (12, 31))]
    values = [1.0, 3.0, 6.0, 10.0, 2.0, 5.0, 9.0, 14.0]
    rows = {
        "field": "ebit_ytd",
        "asset": A,
        "period": ends,
        "usable": [end + timedelta(40) for end in ends],
        "value": values,
        "by": "announced",
    }
    facts = Facts.of(pl.DataFrame(rows))
    quarter, ttm = derived(facts, "ebit_ytd", "quarter"), derived(facts, "ebit_ytd", "ttm")
    assert quarter.only("ebit_quarter")["value"].to_list() == [1.0, 2.0, 3.0, 4.0, 2.0, 3.0, 4.0, 5.0]
    assert ttm.only("ebit_ttm")["value"].to_list() == [None, None, None, 10.0, 11.0, 12.0, 13.0, 14.0]
    assert quarter.frame["usable"].to_list() == rows["usable"]
    assert set(FACT_FIELDS["net_profit_ytd"]._fields) >= {"name", "counts", "unit"}
    with pytest.raises(SettingError, match="return_on_equity_ytd is no sum over time"):
        derived(facts, "return_on_equity_ytd", "quarter")


def test_a_derived_number_waits_for_its_last_input_and_follows_restatements():
    rows = [
        (date(2013, 12, 31), date(2014, 3, 1), 10.0), (date(2013, 6, 30), date(2014, 10, 1), 4.0),  # came very late
        (date(2014, 3, 31), date(2014, 9, 15), 2.0),  # after the half-year
        (date(2014, 6, 30), date(2014, 8, 20), 5.0), (date(2014, 6, 30), date(2014, 12, 1), 5.5),
        (date(2013, 12, 31), date(2015, 1, 10), 11.0),
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=["period", "usable", "value"], orient="row")
    facts = Facts.of(frame.with_columns(field=pl.lit("ebit_ytd"), asset=pl.lit(A), by=pl.lit("announced")))

    def half(span):
        held = derived(facts, "ebit_ytd", span).frame.filter(period=date(2014, 6, 30))
        return list(zip(held["usable"].to_list(), held["value"].to_list(), strict=True))

    assert half("quarter") == [(date(2014, 8, 20), None), (date(2014, 9, 15), 3.0), (date(2014, 12, 1), 3.5)]
    assert half("ttm") == [
        (date(2014, 8, 20), None), (date(2014, 10, 1), 11.0), (date(2014, 12, 1), 11.5), (date(2015, 1, 10), 12.5)
    ]  # fmt: skip


def test_classes_are_stamped_static_and_members_follow_their_days(bars, folder):
    path = folder(wide=wide(period=["20140331"]), industry={"symbol": [A, B, "600009.SH"], "sector": ["K", None, "J"]})
    (path / "csi300_members_2010on.tsv").write_text(
        "SH600000\t2014-02-03\t2014-03-03\nSH600000\t2014-05-05\t2026-05-08\nSH600001\t2014-06-16\t2014-06-16\n",
        encoding="utf-8",
    )
    imported = import_fundamentals(path, bars)
    assert imported.classes.codes("sector", bars.assets).tolist() == [-1, 0, -1]
    assert any("static" in stamp for stamp in imported.health.stamps)
    assert any(stamp.startswith("2 of 3 assets have no sector") for stamp in imported.health.stamps)
    assert any(stamp.startswith("1 spells that end on the day they begin") for stamp in imported.health.stamps)
    with pytest.raises(UnknownNameError, match="did you mean 'sector'"):
        imported.classes.codes("sectr", bars.assets)
    member = imported.memberships.as_of("csi300", PanelRows.of(bars))
    days = PanelRows.of(bars).sessions[member]
    assert (str(days[0]), str(days[19]), str(days[20])) == ("2014-02-03", "2014-02-28", "2014-05-05")
    with pytest.raises(RecordError, match="two spells of one member overlap"):
        Memberships.of(
            pl.DataFrame(
                {
                    "index": "i",
                    "asset": A,
                    "since": [date(2014, 1, 1), date(2014, 2, 1)],
                    "until": [date(2014, 3, 1), None],
                }
            )
        )
    with pytest.raises(RecordError, match="an asset is classed twice"):
        StaticClasses.of(pl.DataFrame({"asset": [A, A], "sector": ["K", "K"]}), ())


def test_a_file_that_only_covers_the_living_is_stamped(bars, folder):
    path = folder(long=long((A, "201401", date(2014, 4, 24), "netProfit", 5.0)))
    gone = Instruments.of(pl.DataFrame({"asset": [A, B], "delisted": [None, date(2015, 12, 31)]}))
    stamps = import_fundamentals(path, bars, gone).health.stamps
    assert stamps == ("reports_published.parquet covers 1 of 3 assets and 0 of the 1 that are gone: survivor-biased.",)


def test_the_store_keeps_facts_beside_the_bars_and_gives_them_back(bars, folder, tmp_path):
    path = folder(wide=wide(period=["20140331", "20140630"], pe=[5.0, None]), industry={"symbol": [A], "sector": ["K"]})
    imported = import_fundamentals(path, bars)
    store = Store(tmp_path / "store")
    with pytest.raises(UnknownNameError, match="unknown dataset"):
        put_facts(store, "made", imported)
    store.put("made", bars)
    assert read_facts_of(store, "made") is None
    holding = put_facts(store, "made", imported)
    assert put_facts(store, "made", imported) == holding
    assert holding.bars == bars.digest
    back = read_facts_of(store, "made")
    assert back.facts.frame.equals(imported.facts.frame)
    assert back.classes.frame.equals(imported.classes.frame)
    assert back.classes.stamps == imported.classes.stamps
    assert (back.memberships, back.health, back.same_bars) == (None, imported.health, True)
    other = import_fundamentals(folder(wide=wide(period=["20140331"], pe=[6.0])), bars)
    with pytest.raises(KeptError, match="facts of 'made' are there already"):
        put_facts(store, "made", other)
    put_facts(store, "made", other, replace=True)
    assert read_facts_of(store, "made").facts.only("price_to_earnings")["value"].to_list() == [6.0]
    # the writer of bars leaves them alone, and store names are still its own
    store.append("made", bars_of({A: [date(2016, 1, 4)]}))
    assert store.list() == ["made"]
    later = read_facts_of(store, "made")
    assert (later.facts.frame.height, later.same_bars) == (other.facts.frame.height, False)
    part = next((tmp_path / "store" / "made" / "facts").glob("facts-*.parquet"))
    part.write_bytes(part.read_bytes()[:-9] + b"123456789")
    with pytest.raises(IntegrityError, match="does not agree with its hash"):
        read_facts_of(store, "made")


def test_facts_are_laid_beside_the_rows_of_a_panel_of_months(bars, folder):
    path = folder(
        long=long(
            (A, "201401", date(2014, 4, 30), "netProfit", 5.0), (B, "201401", date(2014, 4, 29), "netProfit", 7.0)
        )
    )
    facts = import_fundamentals(path, bars).facts
    times = np.array(["2014-03-31", "2014-04-30", "2014-05-30"], dtype="datetime64[us]")
    row_time, offsets = np.array([0, 1, 2, 0, 1, 2, 2]), np.array([0, 3, 6, 7])
    panel = Panel.of(np.zeros((7, 1), dtype=np.float32), times, (B, A, C), ("none",), row_time, offsets)
    told = facts.as_of("net_profit_ytd", PanelRows.of(panel))
    np.testing.assert_array_equal(told, [np.nan, 7.0, 7.0, np.nan, np.nan, 5.0, np.nan])
    hours = Panel.of(panel.values, times + np.timedelta64(15, "h"), (B, A, C), ("none",), row_time, offsets)
    with pytest.raises(RecordError, match="rows of whole sessions"):
        PanelRows.of(hours)
