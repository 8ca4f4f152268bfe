"""Largest orders around the days they changed, and which funds may be sold on the day they were bought."""

import numpy as np
import polars as pl
import pytest

from tidegate.errors import DataError, SettingError
from tidegate.market.a_share import AShare
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.order_rules import LARGEST_LIMIT_ORDER, LARGEST_MARKET_ORDER, WAITS, largest_order, pieces, waits
from tidegate.market.us_fund_proxy import UsFundProxy
from tidegate.testing.history import example_bars
from tidegate.types.bars import Bars

DAYS = ("2010-01-04", "2015-01-16", "2015-01-19", "2019-01-10", "2019-01-11", "2020-01-17", "2020-01-20", "2026-10-26")
SCOPES = {"stock": "etf", "cross-border": "etf_crossborder", "bond": "etf_bond", "money": "etf_money",
          "gold": "etf_gold", "commodity": "etf_commodity"}  # fmt: skip


def day(text):
    return np.array([text], dtype="datetime64[D]")


@pytest.mark.parametrize(
    "asset, on, limit, market",
    [
        ("600000.SH", "2006-01-04", 1_000_000, 1_000_000), ("000001.SZ", "2026-07-06", 1_000_000, 1_000_000),
        ("300750.SZ", "2020-08-21", 1_000_000, 1_000_000), ("300750.SZ", "2020-08-24", 300_000, 150_000),
        ("688001.SH", "2019-07-22", 100_000, 50_000), ("830799.BJ", "2021-11-15", 1_000_000, 1_000_000),
    ],
)  # fmt: skip
def test_largest_orders_by_board_and_day(asset, on, limit, market):
    assert largest_order(asset, day(on))[1].tolist() == [limit]
    assert largest_order(asset, day(on), "market")[1].tolist() == [market]


@pytest.mark.parametrize("asset, on", [("688001.SH", "2019-07-19"), ("300750.SZ", "2009-10-29")])
def test_before_a_board_nothing_is_known(asset, on):
    with pytest.raises(DataError, match="unknown: the rule largest limit order"):
        largest_order(asset, day(on))


def test_no_size_is_confirmed():
    tables = [*LARGEST_LIMIT_ORDER.values(), *LARGEST_MARKET_ORDER.values()]
    assert not any(row.confirmed for table in tables for row in table.rows)


def test_what_is_too_large_is_split():
    assert pieces(np.array([0, 1, 100_000, 100_001, 250_000]), np.full(5, 100_000)).tolist() == [0, 1, 1, 2, 3]
    with pytest.raises(SettingError, match="a largest order is none"):
        pieces(np.array([1]), np.array([0]))
    when = [np.datetime64(text, "us") for text in ("2020-08-21", "2020-08-24")]
    assert [AShare().orders_for("300750.SZ", one, 700_000) for one in when] == [1, 3]
    assert [UsFundProxy().orders_for("X", when[0], quantity) for quantity in (0, 10**9)] == [0, 1]


@pytest.mark.parametrize("exchange, market", [("SH", "XSHG"), ("SZ", "XSHE")])
@pytest.mark.parametrize("kind", SCOPES)
def test_waiting_equals_the_dated_package(kind, exchange, market):
    rules = pytest.importorskip("marina_rules")
    compared = 0
    for on in DAYS:
        try:
            theirs = rules.rule_at("min_holding_days", on, scope=SCOPES[kind], market=market)
        except KeyError:
            with pytest.raises(DataError, match="unknown: the rule waiting"):
                waits(kind, exchange, day(on))
            continue
        assert waits(kind, exchange, day(on)).tolist() == [theirs]
        compared += 1
    assert compared >= 6


def bars_from(start):
    days = np.busday_offset(np.datetime64(start, "D"), np.arange(4), roll="forward")
    bars = example_bars(sessions=4, assets=1)
    frame = bars.frame.with_columns(
        time=pl.Series(days.astype("datetime64[us]")), session=pl.Series(days), asset=pl.lit("index")
    )
    return Bars.of(frame, bars.spec)


@pytest.mark.parametrize(
    "kind, exchange, start, expected",
    [
        ("stock", "SH", "2021-03-01", 1), ("stock", "SH", "2000-03-01", 1), ("gold", "SH", "2015-01-19", 0),
        ("cross-border", "SZ", "2015-01-12", 1), ("cross-border", "SZ", "2015-01-19", 0),
        ("commodity", "SZ", "2019-02-11", 0), ("commodity", "SH", "2019-02-11", 1), ("commodity", "SH", "2020-01-20", 0),
    ],
)  # fmt: skip
def test_a_fund_waits_as_its_kind_does(kind, exchange, start, expected):
    held = EtfProxy(holds=kind, listed_at=exchange).conditions(bars_from(start), "index")
    assert held.settlement_days == expected
    assert not any("T+1 is kept" in stamp for stamp in held.stamps)


def test_a_fund_whose_waiting_ends_within_the_span_keeps_it_and_says_so():
    held = EtfProxy(holds="cross-border").conditions(bars_from("2015-01-15"), "index")
    assert held.settlement_days == 1
    told = "Such a fund may be sold on the day it was bought since 2015-01-19: T+1 is kept over the whole span."
    assert told in held.stamps
    with pytest.raises(DataError, match="unknown: the rule waiting of bond funds"):
        EtfProxy(holds="bond").conditions(bars_from("2015-01-15"), "index")


def test_every_kind_of_fund_has_its_row():
    assert {name.split()[0] for name in WAITS} == set(SCOPES)
