"""Real reports beside one real year of the market: counts, one stock by hand, masked rows, and the clock of market values."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.data.derived_facts import derived
from tidegate.data.fundamentals import import_fundamentals
from tidegate.data.panel import import_panel
from tidegate.types.facts import PanelRows

pytestmark = pytest.mark.real_data
MOUTAI = "600519.SH"
BESIDE = ("instruments", "fundamentals", "reports_published", "industry")


@pytest.fixture(scope="module")
def year(real_data, tmp_path_factory):
    """The bars of 2014, and every report that is there."""
    folder = tmp_path_factory.mktemp("market")
    (folder / "daily").mkdir()
    names = ["daily/2014.parquet", *(f"{stem}.parquet" for stem in BESIDE), "csi300_members_2010on.tsv"]
    for name in names:
        (folder / name).symlink_to(real_data / "ashare" / name)
    panel = import_panel(folder)
    return panel, import_fundamentals(folder, panel.bars, panel.instruments), PanelRows.of(panel.bars)


def changes(year, field, asset):
    """Give (session, value) of one asset's rows at which the value changes."""
    (bars, *_), imported, rows = year
    at = bars.assets.index(asset)
    own = slice(bars.offsets[at], bars.offsets[at + 1])
    days, values = rows.sessions[own], imported.facts.as_of(field, rows)[own]
    turns = np.append(True, values[1:] != values[:-1]) & np.isfinite(values)
    return [(str(day), round(float(value), 4)) for day, value in zip(days[turns], values[turns], strict=True)]


def test_what_is_read_left_out_and_told(year):
    _, (facts, health, listed, classes, members), rows = year
    assert [(held.file, held.rows) for held in health.files] == [
        ("fundamentals.parquet", 166_660), ("reports_published.parquet", 902_964)
    ]  # fmt: skip
    assert {held.name: held.count for held in health.defects} == {
        "unknown_asset": 178_735, "stray_period": 20, "not_listed": 6_660, "no_session": 52_032, "impossible": 11,
        "late": 312, "after_end": 134,
    }  # fmt: skip
    assert listed.height == sum(held.count for held in health.defects)
    assert len(facts.fields) == 37
    assert any("1381 of 2595 assets and 0 of the 33 that are gone: survivor-biased" in stamp for stamp in health.stamps)
    assert any("static" in stamp for stamp in health.stamps)
    assert classes.names == ("csrc_industry", "csrc_section", "sector_2016")
    member = members.as_of("csi300", rows)
    counts = np.unique(rows.sessions[member], return_counts=True)[1]
    assert (counts.min(), counts.max(), len(counts)) == (258, 273, 245)


def test_one_stock_by_hand(year):
    """Moutai in 2014: announcements of 25 April (Friday), 29 August (Friday) and 30 October; legal deadlines else."""
    assert changes(year, "net_profit_ytd", MOUTAI) == [
        ("2014-04-28", 3_952_933_376.0), ("2014-09-01", 7_664_538_112.0), ("2014-10-31", 11_375_689_728.0)
    ]  # fmt: skip
    # the annual report of 2013 and the first quarter both fall due on 30 April: on 5 May the newer one stands
    assert changes(year, "return_on_equity_ytd", MOUTAI) == [
        ("2014-01-02", 0.3045), ("2014-05-05", 0.0832), ("2014-09-01", 0.1645), ("2014-11-03", 0.2341)
    ]  # fmt: skip
    assert changes(year, "price_to_earnings", MOUTAI) == [
        ("2014-01-02", 10.0151), ("2014-03-31", 10.6104), ("2014-06-30", 10.7118), ("2014-09-30", 12.2321),
        ("2014-12-31", 14.3061),
    ]  # fmt: skip
    facts = year[1].facts
    quarter = derived(facts, "net_profit_ytd", "quarter").history("net_profit_quarter", MOUTAI, date(2014, 12, 31))
    assert quarter["value"].to_list() == [3_952_933_376.0, 3_711_604_736.0, 3_711_151_616.0]
    yearly = derived(facts, "ebit_ytd", "ttm").history("ebit_ttm", MOUTAI, date(2007, 5, 2)).tail(1)
    ebit = dict(facts.history("ebit_ytd", MOUTAI, date(2007, 5, 2)).select("period", "value").iter_rows())
    first = ebit[date(2007, 3, 31)] + ebit[date(2006, 12, 31)] - ebit[date(2006, 3, 31)]
    assert yearly["value"].to_list() == [pytest.approx(first, rel=1e-12)]


def test_rows_before_the_listing_are_masked(year, real_data):
    """002705.SZ was listed on 21 January 2014; the file gives its first day's price to periods since 2005."""
    (_, _, _, instruments), (facts, _, listed, *_), _ = year
    asset = "002705.SZ"
    assert instruments[asset].listed == date(2014, 1, 21)
    raw = pl.read_parquet(real_data / "ashare" / "fundamentals.parquet").filter(symbol=asset)
    early = raw.filter(pl.col("period") < "20140121")
    assert (early["period"][0], early["total_mv"].n_unique(), early.height) == ("20051231", 1, early.height)
    assert facts.frame.filter(asset=asset)["period"].min() == date(2014, 3, 31)
    masked = listed.filter((pl.col("defect") == "not_listed") & pl.col("found").str.starts_with(asset))
    assert masked.filter(column="fundamentals.parquet").height == early.height
    assert masked["found"][0] == f"{asset} 2005-12-31, listed 2014-01-21"
    assert changes(year, "market_value", asset)[0] == ("2014-03-31", 6_373_657_500.0)
    firsts = facts.frame.group_by("asset").agg(pl.col("period").min())
    dated = firsts.join(instruments.frame.select("asset", "listed"), on="asset")
    assert dated.filter(pl.col("period") < pl.col("listed")).is_empty()


def test_market_values_are_those_of_the_close_they_are_said_to_be_known_at(year):
    """Close × shares on the day of use, above all where a suspension moved that day weeks past the quarter's end."""
    (bars, *_), (facts, *_), _ = year
    held = facts.only("market_value").filter(pl.col("period").is_between(date(2014, 1, 1), date(2014, 12, 31)))
    day = bars.frame.select("asset", "close", "total_shares", usable="session")
    both = held.join(day, on=["asset", "usable"], how="left")
    assert both["close"].null_count() == 0
    near = ((pl.col("close") * pl.col("total_shares") / pl.col("value") - 1).abs() < 0.002).alias("near")
    late = both.filter((pl.col("usable") - pl.col("period")).dt.total_days() > 12)
    assert late.height > 300
    assert both.select(near.mean()).item() > 0.99
    assert late.select(near.mean()).item() > 0.99


def test_later_reports_change_nothing_earlier(year):
    """Every fact that becomes usable after 30 June 2014 is scrambled: no earlier row changes by one bit, later ones do."""
    _, (facts, *_), rows = year
    day, dice = date(2014, 6, 30), np.random.default_rng(0)
    late = facts.frame["usable"] > day
    moved = pl.Series(dice.normal(size=facts.frame.height))
    others = type(facts).of(
        facts.frame.with_columns(value=pl.select(pl.when(late).then(moved).otherwise(facts.frame["value"])).to_series())
    )
    early = rows.sessions <= np.datetime64(day)
    for field in ("return_on_equity_ytd", "net_profit_ytd", "price_to_book"):
        before, now = facts.as_of(field, rows), others.as_of(field, rows)
        np.testing.assert_array_equal(before[early], now[early])
        assert not np.array_equal(before[~early], now[~early], equal_nan=True)
