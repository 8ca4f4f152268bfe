"""The synthetic market with reports: its signal is what it says, its reports agree, and it does not know its length."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.data.fact_fields import FACT_FIELDS
from tidegate.data.limit_audit import audit_limits, audit_references
from tidegate.data.share_world import ShareWorld
from tidegate.data.share_world_planted import faded
from tidegate.data.share_world_returns import Returns
from tidegate.data.share_world_roster import Roster
from tidegate.errors import SettingError
from tidegate.market.a_share import AShare
from tidegate.testing.scramble import cut_times, scramble_future
from tidegate.types.facts import PanelRows

WORLD = ShareWorld(assets=120, sessions=1_000, seed=3, ic=0.1, first=date(2009, 6, 1))


@pytest.fixture(scope="module")
def bars():
    return WORLD.bars()


@pytest.fixture(scope="module")
def reported():
    return WORLD.reported()


def laid(bars, world, values):
    """Rows of the bars as ``[T, N]`` in the order of the world's codes, NaN where there is none."""
    column = np.repeat([world.codes().index(asset) for asset in bars.assets], np.diff(bars.offsets))
    made = np.full((len(bars.times), world.assets), np.nan)
    made[bars.places, column] = values
    return made


def monthly(bars, world):
    """Adjusted returns close to close of each whole month but the first ``[M, N]``."""
    closes = laid(bars, world, bars.adjusted("close"))
    ends = np.searchsorted(bars.times, world.planted().ends[1:].astype("datetime64[us]"))
    return closes[ends[1:]] / closes[ends[:-1]] - 1


def coefficients(seen, came):
    """Correlation among shares, date by date; none where fewer than ten are known."""
    made = []
    for left, right in zip(seen, came, strict=True):
        held = np.isfinite(left) & np.isfinite(right)
        if held.sum() >= 10:
            made.append(np.corrcoef(left[held], right[held])[0, 1])
    return np.array(made)


def ranks(values):
    """Ranks among shares, date by date; NaN stays."""
    order = np.argsort(np.argsort(values, axis=1), axis=1).astype(float)  # NaN comes last
    return np.where(np.isfinite(values), order, np.nan)


def test_the_same_declaration_the_same_world(bars, reported):
    again = WORLD.but()
    assert again.bars().digest == bars.digest
    assert again.reported().digest == reported.digest
    assert WORLD.but(seed=4).reported().digest != reported.digest
    assert WORLD.but(ic=0.0).bars().digest != bars.digest


def test_a_longer_world_begins_with_the_shorter_one(bars, reported):
    longer = WORLD.but(sessions=1_137)
    last = bars.times[-1]
    assert longer.bars().upto(last).frame.equals(bars.frame)
    assert longer.reported().upto(last.astype("datetime64[D]").item()).facts.frame.equals(reported.facts.frame)
    classes = longer.reported().classes.frame
    assert classes.filter(pl.col("asset").is_in(reported.classes.frame["asset"].implode())).equals(
        reported.classes.frame
    )
    ours, theirs = WORLD.planted(), longer.planted()
    assert np.array_equal(theirs.signals[: len(ours.signals)], ours.signals)


def test_every_rule_has_work_to_do(bars):
    table = WORLD.instruments().frame
    first, last = bars.times[[0, -1]].astype("datetime64[D]")
    assert table.filter(pl.col("listed") > first.item()).height > 15
    assert bars.frame.height < 0.99 * len(bars.assets) * len(bars.times)
    assert bars.frame["at_risk"].any()
    assert bars.frame["session"].n_unique() == WORLD.sessions
    boards = {asset[:3] for asset in bars.assets}
    assert boards >= {"000", "300", "600"}
    young = table.filter(pl.col("asset").str.starts_with("300"))["listed"]
    assert young.min() >= date(2009, 10, 30)
    assert table["listed"].max() <= last.item()


def test_prices_are_whole_cents_within_the_limits_of_the_law(bars):
    audit = audit_limits(bars, WORLD.instruments())
    assert set(audit.breaches["class"]) == {"listing"}
    assert audit.at_upper > 50 < audit.at_lower
    for name in ("open", "high", "low", "close", "preclose"):
        assert np.array_equal(bars.column(name), np.round(bars.column(name) * 100) / 100)
    assert audit_references(bars).worst < 1e-12


def test_reports_have_every_field_and_respect_their_clocks(reported):
    facts = reported.facts
    assert set(facts.fields) == set(FACT_FIELDS)
    for name, field in FACT_FIELDS.items():
        told = facts.only(name)
        by = set(told["by"])
        assert by == {"close"} if field.counts == "market" else by <= {"announced", "deadline"}
        if field.least is not None:
            assert told["value"].min() >= field.least
    annual = facts.only("net_profit_ytd").filter(pl.col("period").dt.month() == 12)
    lag = (annual["usable"] - annual["period"]).dt.total_days()
    assert 30 < lag.quantile(0.1) < lag.median() <= 121
    lawful = facts.only("return_on_equity_ytd").filter(pl.col("by") == "deadline")
    assert set(lawful["usable"].dt.strftime("%m-%d")) == {"05-01", "09-01", "11-01"}


def test_restatements_keep_what_was_said_first(reported):
    told = reported.facts.only("net_profit_ytd")
    twice = told.filter(pl.struct("asset", "period").is_duplicated())
    assert 0.03 < twice.height / told.height < 0.12
    assert told["value"].null_count() > 0


def test_figures_of_one_report_agree(reported):
    def of(name):
        first = reported.facts.only(name).unique(["asset", "period"], keep="first", maintain_order=True)
        return first.select("asset", "period", pl.col("value").alias(name))

    names = ("debt_to_assets", "debt_to_equity", "invested_capital", "assets_to_equity", "liability_to_assets")
    both = of(names[0])
    for name in (*names[1:], "net_profit_ytd", "return_on_equity_ytd", "net_margin_ytd", "main_revenue_ytd"):
        both = both.join(of(name), on=["asset", "period"])
    both = both.drop_nulls()
    assert both.height > 500
    frame = {name: both[name].to_numpy() for name in both.columns[2:]}
    assert np.allclose(frame["debt_to_assets"], frame["debt_to_equity"] / (1 + frame["debt_to_equity"]))
    assert np.allclose(frame["assets_to_equity"], 1 + frame["debt_to_equity"])
    equity = frame["net_profit_ytd"] / frame["return_on_equity_ytd"]
    assert np.allclose(frame["invested_capital"], equity * (1 + 0.4 * frame["debt_to_equity"]))
    assert np.allclose(frame["net_margin_ytd"] * frame["main_revenue_ytd"], frame["net_profit_ytd"])


def test_market_values_are_those_of_the_bars(bars, reported):
    told = reported.facts.only("market_value")
    held = told.join(
        bars.frame.select("asset", usable="session", made=pl.col("close") * pl.col("total_shares")),
        on=["asset", "usable"],
    )
    assert held.height == told.height
    assert np.allclose(held["value"], held["made"])
    assert (told["usable"] >= told["period"]).all()
    unlisted = told.join(WORLD.instruments().frame.select("asset", "listed"), on="asset")
    assert (unlisted["period"] >= unlisted["listed"]).all()


def test_the_signal_stands_in_the_return_on_equity(bars, reported):
    rows = PanelRows.of(bars)
    seen = laid(bars, WORLD, reported.facts.as_of("return_on_equity_ytd", rows))
    planted = WORLD.planted()
    ends = np.searchsorted(bars.times, planted.ends[1:].astype("datetime64[us]"))
    for end, told, ages in zip(ends, planted.told[1:], planted.ages[1:], strict=True):
        held = np.isfinite(seen[end]) & (ages == np.median(ages))
        order = np.argsort(told[held])
        assert (np.diff(seen[end][held][order]) > 0).mean() > 0.97


@pytest.mark.parametrize(("ic", "half_life"), [(-0.2, 6.0), (0.05, 1.0), (0.3, 2.0)])
def test_the_planted_coefficient_is_exact_at_each_age_before_prices_are_printed(ic, half_life):
    """Forty worlds a case; months whose reports have one age for nine shares in ten."""
    found = {age: [] for age in range(5)}
    for seed in range(40):
        world = ShareWorld(assets=150, sessions=480, seed=seed, ic=ic, half_life=half_life, later=0.0)
        planted, roster = world.planted(), Roster(seed, 150, world.first, 0.0)
        rest = np.clip(Returns(seed, len(planted.days), roster.industry).whole, -0.1, 0.1)
        starts = np.flatnonzero(np.append(True, np.diff(planted.month) > 0))
        came = np.add.reduceat(rest + planted.drift(rest), starts, axis=0)
        for age in found:
            at = (planted.ages == age).mean(axis=1) > 0.9
            told = np.where(planted.ages == age, planted.told, np.nan)[at]
            found[age] += coefficients(told, came[at]).tolist()
    for age, held in found.items():
        expected = faded(ic, np.array([0.5 ** (age / half_life)]))
        error = np.std(held) / np.sqrt(len(held))
        assert len(held) > 50
        assert error < 0.013
        assert np.mean(held) == pytest.approx(expected, abs=4 * error)  # one of fifteen such checks


@pytest.mark.parametrize("ic", [-0.1, 0.3])
def test_the_planted_coefficient_in_printed_prices(ic):
    """Halts, limits and whole cents take some 5 % of it."""
    world = ShareWorld(assets=400, sessions=1_200, seed=8, ic=ic, half_life=2.0, later=0.0, first=date(2010, 1, 4))
    planted, came = world.planted(), monthly(world.bars(), world)
    held = coefficients(planted.told[1:-1], came)
    expected = planted.coefficients[1:-1]
    error = (held - expected).std() / np.sqrt(len(held))
    assert held.mean() == pytest.approx(0.95 * expected.mean(), abs=3 * error)
    fresh = (planted.ages[1:-1] == 0).mean(axis=1) > 0.9
    old = (planted.ages[1:-1] >= 3).mean(axis=1) > 0.9
    assert abs(held[fresh].mean()) > 2 * abs(held[old].mean())


def test_nothing_else_tells_anything_and_nothing_at_all_without_a_coefficient():
    world = ShareWorld(assets=300, sessions=1_200, seed=2, ic=0.0, later=0.0, first=date(2010, 1, 4))
    bars, reported, planted = world.bars(), world.reported(), world.planted()
    came, rows = monthly(bars, world), PanelRows.of(bars)
    ends = np.searchsorted(bars.times, planted.ends[1:-1].astype("datetime64[us]"))
    moved = np.abs(bars.column("close") / bars.column("preclose") - 1)
    told = {
        "turnover": np.log(bars.column("volume") / bars.column("float_shares")),
        "price": np.log(bars.column("close")),
        "volatility": np.convolve(moved, np.ones(20) / 20)[: len(moved)],
        **{
            name: reported.facts.as_of(name, rows)
            for name in ("return_on_equity_ytd", "price_to_book", "market_value", "net_profit_growth")
        },
    }
    for values in told.values():
        seen = laid(bars, world, values)[ends]
        held = coefficients(
            ranks(np.where(np.isfinite(came), seen, np.nan)), ranks(np.where(np.isfinite(seen), came, np.nan))
        )
        assert len(held) > 40
        assert abs(held.mean()) < 3.5 * held.std() / np.sqrt(len(held))


def test_the_future_can_be_scrambled(bars, reported):
    cut = cut_times(bars, count=2)[-1]
    other = scramble_future(bars, cut, seed=1)
    assert other.upto(cut).digest == bars.upto(cut).digest
    assert other.digest != bars.digest
    day = cut.astype("datetime64[D]").item()
    held = reported.upto(day)
    assert held.facts.frame["usable"].max() <= day
    assert 0 < held.facts.frame.height < reported.facts.frame.height


def test_the_exchange_takes_the_world(bars):
    exchange = AShare().exchange(bars, instruments=WORLD.instruments())
    assert exchange.close.shape == (WORLD.sessions, len(bars.assets))
    assert int((exchange.close > 0).sum()) == bars.frame.height


def test_a_risk_warning_follows_two_losses_in_a_row(bars, reported):
    annual = reported.facts.only("return_on_equity_ytd").filter(pl.col("period").dt.month() == 12)
    told = annual.select("asset", year=pl.col("period").dt.year() + 1, loss=pl.col("value") < 0).sort("asset", "year")
    told = told.with_columns(before=pl.col("loss").shift(1).over("asset"))
    autumn = bars.frame.filter(pl.col("session").dt.month() == 9)
    warned = autumn.group_by("asset", year=pl.col("session").dt.year()).agg(pl.col("at_risk").any())
    both = told.join(warned, on=["asset", "year"])
    assert both.filter(pl.col("loss") & pl.col("before"))["at_risk"].to_list() == [True] * 4
    assert not both.filter(~pl.col("loss"))["at_risk"].any()


def test_a_coefficient_that_cannot_be_is_refused():
    with pytest.raises(SettingError, match=r"share-world\.ic.*found 0.9"):
        ShareWorld(assets=5, sessions=50, seed=1, ic=0.9)
