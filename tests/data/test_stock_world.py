"""The synthetic market obeys the rules it is drawn under, has the signal it claims, and does not know its own length."""

import numpy as np
import polars as pl
import pytest

from tidegate.data.limit_audit import audit_limits, audit_references
from tidegate.data.stock_world import StockWorld
from tidegate.data.truth import Reachable
from tidegate.errors import SettingError

WORLD = StockWorld(assets=150, sessions=700, seed=3, ic=0.1)


@pytest.fixture(scope="module")
def bars():
    return WORLD.bars()


def correlations(bars, world, span=1):
    """Mean over dates of the correlation among shares: true signal against the adjusted return open to open."""
    opens = np.full((len(bars.times), world.assets), np.nan)
    places = [world.codes().index(asset) for asset in bars.assets]
    column = np.repeat(places, np.diff(bars.offsets))
    opens[bars.places, column] = bars.adjusted("open")
    returns = opens[1 + span :] / opens[1:-span] - 1
    signal = world.signals()[: len(returns)]
    made = []
    for seen, came in zip(signal, returns, strict=True):
        held = np.isfinite(came)
        made.append(np.corrcoef(seen[held], came[held])[0, 1])
    return np.array(made)


def test_the_same_declaration_the_same_bars(bars):
    assert WORLD.bars().digest == bars.digest
    assert WORLD.but(seed=4).bars().digest != bars.digest
    assert WORLD.but(ic=0.0).bars().digest != bars.digest


def test_every_rule_has_work_to_do(bars):
    table = WORLD.instruments().frame
    assert bars.frame.height < WORLD.assets * WORLD.sessions * 0.99
    assert 5 < table.filter(pl.col("listed") >= pl.date(2010, 1, 5)).height < 60
    assert table["delisted"].drop_nulls().len() > 0
    assert 0.005 < bars.frame["at_risk"].mean() < 0.3
    assert {asset[:3] for asset in bars.assets} == {"000", "300", "600"}
    assert bars.frame["session"].n_unique() == 700
    assert bars.frame["total_shares"].n_unique() >= 8


def test_prices_are_whole_cents_within_the_limits_of_the_law(bars):
    audit = audit_limits(bars, WORLD.instruments())
    assert audit.breaches.is_empty()
    assert audit.at_upper > 50 < audit.at_lower
    for name in ("open", "high", "low", "close", "preclose"):
        values = bars.column(name)
        assert np.array_equal(values, np.round(values * 100) / 100)
        assert values.min() >= 1.0
    assert set(bars.column("volume") % 100) == {0.0}


def test_reference_prices_make_returns_continuous(bars):
    audit = audit_references(bars)
    assert audit.worst < 1e-13
    per_year = audit.ex_days.height / (bars.frame.height / 242)
    assert 0.8 < per_year < 1.2
    returns = bars.column("close") / bars.column("preclose") - 1
    assert np.abs(returns).max() < 0.105


def test_bars_and_instruments_agree(bars):
    table = WORLD.instruments()
    ends = bars.frame.group_by("asset").agg(first=pl.col("session").min(), last=pl.col("session").max())
    both = ends.join(table.frame, on="asset", how="inner")
    assert both.height == len(bars.assets) == len(table)
    assert both.filter(pl.col("first") < pl.col("listed")).is_empty()
    assert both.filter(pl.col("last") > pl.col("delisted")).is_empty()
    late = both.filter(pl.col("listed") >= pl.date(2010, 1, 4))
    assert late.filter(pl.col("first") != pl.col("listed")).is_empty()


@pytest.mark.parametrize("ic", [-0.3, 0.0, 0.05, 0.3])
def test_the_planted_coefficient(ic):
    world = StockWorld(assets=400, sessions=400, seed=8, ic=ic)
    held = correlations(world.bars(), world)
    error = held.std() / np.sqrt(len(held))
    assert held.mean() == pytest.approx(0.98 * ic, abs=3 * error + 0.01 * abs(ic))
    assert abs(held.mean()) <= abs(ic) + 3 * error


def test_the_coefficient_over_some_sessions():
    world = StockWorld(assets=400, sessions=500, seed=9, ic=0.1)
    held = correlations(world.bars(), world, span=5)
    assert world.reachable_over(1) == pytest.approx(world.reachable(30)) == pytest.approx(0.1)
    assert world.reachable_over(5) == pytest.approx(0.1478, abs=1e-3)
    assert held.mean() == pytest.approx(0.98 * world.reachable_over(5), abs=0.012)


def test_the_signal_stands_in_the_turnover(bars):
    places = np.repeat([WORLD.codes().index(asset) for asset in bars.assets], np.diff(bars.offsets))
    told = WORLD.signals()[bars.places, places]
    seen = np.log(bars.column("volume") / bars.column("float_shares") / 0.01) / 0.5
    assert np.abs(seen - told).max() < 1e-2
    assert told.std() == pytest.approx(1.0, abs=0.02)
    assert isinstance(WORLD, Reachable)


def test_a_longer_world_begins_with_the_shorter_one(bars):
    longer = WORLD.but(sessions=900)
    assert longer.bars().upto(bars.times[-1]).frame.equals(bars.frame)
    assert np.array_equal(longer.signals()[:700], WORLD.signals())
    ours, theirs = WORLD.instruments().frame, longer.instruments().frame
    assert theirs.filter(pl.col("listed") <= bars.frame["session"].max())["asset"].equals(ours["asset"])


def test_a_coefficient_that_cannot_be_is_refused():
    with pytest.raises(SettingError, match=r"stock-world\.ic.*found 0.9"):
        StockWorld(assets=5, sessions=50, seed=1, ic=0.9)


def test_the_exchange_takes_the_world(bars):
    from tidegate.market.a_share import AShare

    exchange = AShare().exchange(bars, instruments=WORLD.instruments())
    assert exchange.close.shape == (700, len(bars.assets))
    assert int((exchange.close > 0).sum()) == bars.frame.height
