"""Every market tells the rules that an order rests on: dated rows with their sources, or what it resolved."""

from datetime import date

import numpy as np
import pytest

from tidegate.errors import UnknownNameError
from tidegate.market.a_share import AShare
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.given_fees import GivenFee
from tidegate.market.index_future import IndexFuture
from tidegate.market.rebar_future import RebarFuture
from tidegate.market.us_fund_proxy import UsFundProxy
from tidegate.testing.history import example_bars

BARS = example_bars(sessions=30, assets=1)
ASSET, WHEN = BARS.assets[0], BARS.times[5]


def told(market, side="buy"):
    return {rule.what: rule.told for rule in market.rules(BARS, ASSET, WHEN, side)}


def test_dated_rows_come_with_their_sources():
    made = told(IndexFuture())
    assert "not confirmed" in made["rule: CSI 300 future: fee to close what the session opened"]
    assert "in force since 2010-04-16" in made["rule: price limit, CSI 300 future"]
    assert made["margin"] == "12.00% of value, closed by force below 8.00%"
    assert made["earliest sale"] == "in the same session"
    assert told(RebarFuture())["rule: rebar: fee to open and to close"].startswith("10000 1e-8 of value")
    assert "1996-12-16" in told(EtfProxy())["rule: price limit, main board"]
    assert told(EtfProxy())["earliest sale"] == "after 1 sessions"


def test_a_market_without_dated_rows_tells_what_it_resolved():
    assert told(UsFundProxy())["commission buy"] == "0.005 a unit, at least 1"
    assert told(UsFundProxy())["price limits"] == "lower none, upper none"
    assert told(FrictionlessIndex()) == {"costs and limits": "none: any fraction of a unit, without fees"}


def test_a_share_names_fees_on_top_and_a_vendors():
    made = told(AShare(exchange_fees="on top"))
    assert {"rule: handling fee, Shenzhen", "rule: regulatory fee"} <= set(made)
    assert "rule: handling fee, Shenzhen" not in told(AShare())
    row = GivenFee(fee="stamp_duty_sell", since=date(2000, 1, 3), rate=0.0007)
    sold = told(AShare(given_fees=(row,)), "sell")
    assert sold["given: stamp duty on sales"].startswith("0.070000% of value")
    assert "given: stamp duty on sales" not in told(AShare(given_fees=(row,)), "buy")
    assert "rule: stamp duty on purchases" not in sold


@pytest.mark.parametrize("market", [AShare(), EtfProxy(), UsFundProxy(), IndexFuture(), RebarFuture()])
def test_what_nobody_knows_is_an_error(market):
    with pytest.raises(UnknownNameError):
        market.rules(BARS, "999999.XX", WHEN, "buy")


def test_a_time_without_a_bar_has_no_limits_but_the_law():
    names = {rule.what for rule in AShare().rules(BARS, ASSET, np.datetime64("2024-03-02", "us"), "sell")}
    assert "rule: stamp duty on sales" in names
    assert not any("price limit" in name for name in names)
    assert not any(
        rule.what == "quantity" for rule in UsFundProxy().rules(BARS, ASSET, np.datetime64("2024-03-02", "us"), "sell")
    )
