"""Fees beside the commission: what exchange and regulator take, and a vendor's table that goes before the rules."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.backtest.ledgers import ledger
from tidegate.component import document
from tidegate.errors import SettingError
from tidegate.market.a_share import AShare
from tidegate.market.base import Market
from tidegate.market.costs import DIVIDEND_TAX, HANDLING, REGULATORY
from tidegate.market.given_fees import GivenFee
from tidegate.market.index_future import IndexFuture
from tidegate.market.rebar_future import RebarFuture
from tidegate.types.bars import Bars, BarSpec

A, B = "600000.SH", "000001.SZ"


def bars_of(assets, days, price):
    frame = pl.concat(
        pl.DataFrame({"time": np.array(days, dtype="M8[us]"), "session": np.array(days, dtype="M8[D]")}).with_columns(
            asset=pl.lit(asset), **{name: pl.lit(price) for name in ("open", "high", "low", "close", "preclose")}
        )
        for asset in assets
    )
    return Bars.of(frame, BarSpec(frequency="1d", kind="stock", currency="CNY", title="made", source="a test"))


def paid(market, days, asset=A, price=10.0, shares=10_000):
    """Commission, duty, transfer fee of a purchase on the second day and of a sale on the third."""
    held = ledger(np.array([1.0, 0.0, 0.0]), market.conditions(bars_of([asset], days, price), asset), 100_300.0, asset)
    fills = held.fills.sort("time")
    assert fills["quantity"].to_list() == [shares, shares]
    return [tuple(round(row[name], 2) for name in ("commission", "stamp_duty", "transfer_fee"))
            for row in fills.iter_rows(named=True)]  # fmt: skip


def at(table, day):
    return int(table.at(np.array([day], dtype="datetime64[D]"))[0])


@pytest.mark.parametrize(
    "days, transfer",
    [
        # 100,000 yuan: 1.00 transfer (0.001 %) + 4.87 → 3.41 handling + 2.00 regulatory
        (["2023-08-23", "2023-08-24", "2023-08-25"], (7.87, 7.87)),
        (["2023-08-24", "2023-08-25", "2023-08-28"], (7.87, 6.41)),
        (["2023-08-25", "2023-08-28", "2023-08-29"], (6.41, 6.41)),
        # 2015-08-01: face value 0.0003 a share = 3.00, handling 6.96 → transfer 2.00, handling 4.87
        (["2015-07-30", "2015-07-31", "2015-08-03"], (11.96, 8.87)),
    ],
)
def test_what_exchange_and_regulator_take_on_top(days, transfer):
    net = AShare(exchange_fees="on top", slippage_ticks=0)
    told = paid(net, days)
    assert (told[0][2], told[1][2]) == transfer
    inside = paid(AShare(slippage_ticks=0), days)
    assert [fees[:2] for fees in told] == [fees[:2] for fees in inside]
    assert any("on top of the commission" in stamp for stamp in net.exchange(bars_of([A], days, 10.0)).stamps)
    assert not any("handling" in stamp for stamp in AShare().exchange(bars_of([A], days, 10.0)).stamps)


@pytest.mark.parametrize(
    "table, day, before, after",
    [
        (HANDLING["SH"], "2012-06-01", 11_000, 8_700), (HANDLING["SZ"], "2012-06-01", 14_750, 8_700),
        (HANDLING["SH"], "2012-09-01", 8_700, 6_960), (HANDLING["SZ"], "2015-08-01", 6_960, 4_870),
        (HANDLING["BJ"], "2022-12-01", 50_000, 25_000), (HANDLING["BJ"], "2023-08-28", 25_000, 12_500),
        (DIVIDEND_TAX["up to a month"], "2005-06-13", 20, 10), (DIVIDEND_TAX["up to a month"], "2013-01-01", 10, 20),
        (DIVIDEND_TAX["up to a year"], "2005-06-13", 20, 10), (DIVIDEND_TAX["over a year"], "2013-01-01", 10, 5),
        (DIVIDEND_TAX["over a year"], "2015-09-08", 5, 0),
    ],
)  # fmt: skip
def test_rows_around_their_days(table, day, before, after):
    assert at(table, np.datetime64(day) - 1) == before
    assert at(table, day) == after
    assert not any(row.confirmed for row in table.rows)


def test_the_regulators_part_is_one_number():
    assert at(REGULATORY, "2010-01-04") == at(REGULATORY, "2024-01-02") == 2_000


def test_a_vendors_fee_goes_first_and_what_differs_is_counted():
    days = ["2023-08-24", "2023-08-25", "2023-08-28"]
    given = (
        GivenFee(fee="stamp_duty_sell", since=date(2023, 8, 25), rate=0.0005),  # a session early
        GivenFee(fee="transfer_fee", since=date(2023, 8, 25), rate=0.00002, per_unit=0.0001, place="SH"),
    )
    market = AShare(slippage_ticks=0, given_fees=given)
    assert paid(market, ["2023-08-23", *days[:2]])[1] == (25.0, 50.0, 3.0)
    assert paid(AShare(slippage_ticks=0), ["2023-08-23", *days[:2]])[1] == (25.0, 100.0, 1.0)
    exchange = market.exchange(bars_of([A, B], days, 10.0))
    told = {alarm.what: (alarm.times, alarm.first[0]) for alarm in exchange.alarms}
    assert told == {
        "a given stamp duty on sales differs from the rule's, and goes first":
            (2, "SH 2023-08-25 (50000 + 0 against 100000 + 0)"),
        "a given transfer fee by value, Shanghai differs from the rule's, and goes first":
            (2, "SH 2023-08-25 (2000 + 10000 against 1000 + 0)"),
    }  # fmt: skip
    shenzhen = exchange.fees[:, exchange.group[exchange.assets.index(B)]]
    assert shenzhen[:, 5].tolist() == [1_000] * 3
    assert shenzhen[:, 4].tolist() == [100_000, 50_000, 50_000]
    assert any("A vendor's table of fees" in stamp for stamp in exchange.stamps)
    assert Market.of(document(market)) == market


def test_a_vendor_who_agrees_raises_nothing_and_confirms_no_row():
    days = ["2008-04-21", "2008-04-22", "2008-04-24"]
    given = tuple(
        GivenFee(fee=fee, since=date(2007, 5, 30), rate=0.003) for fee in ("stamp_duty_buy", "stamp_duty_sell")
    )
    market = AShare(given_fees=given)
    exchange = market.exchange(bars_of([A], days[:2], 10.0))
    assert exchange.alarms == ()
    assert not any("stamp duty" in stamp for stamp in exchange.stamps)  # no rule's row is rested on
    assert any("stamp duty on sales, 300000" in stamp for stamp in AShare().exchange(bars_of([A], days, 10.0)).stamps)
    assert {alarm.times for alarm in market.exchange(bars_of([A], days, 10.0)).alarms} == {1}


@pytest.mark.parametrize("market", [IndexFuture, RebarFuture])
def test_a_vendors_fees_of_a_contract(market):
    days = ["2019-04-18", "2019-04-19", "2019-04-22"]
    bars = bars_of(["X"], days, 4000.0)
    given = (
        GivenFee(fee="trading_fee", since=date(2019, 4, 19), rate=0.0001, place="Y"),
        GivenFee(fee="trading_fee", since=date(2019, 4, 19), rate=0.00005, per_unit=2.0, place="X"),
        GivenFee(fee="trading_fee", since=date(2019, 4, 19), rate=0.00009),
        GivenFee(fee="close_today", since=date(2019, 4, 22), rate=0.000345),
    )
    plain = market(broker_fee=0.00001).conditions(bars, "X")
    held = market(broker_fee=0.00001, given_fees=given).conditions(bars, "X")
    rule = int(plain.rates["commission_buy"][0])
    assert held.rates["commission_buy"].tolist() == held.rates["commission_sell"].tolist() == [rule, 6_000, 6_000]
    assert held.per_share["commission_sell"].tolist() == [0, 200_000_000, 200_000_000]
    today = plain.rates["close_today"].tolist()
    assert held.rates["close_today"].tolist() == [*today[:2], 35_500]
    told = {alarm.what: alarm.times for alarm in held.alarms}
    assert told["a given fee to open and to close differs from the rule's, and goes first"] == 2
    # 2019-04-22 is the day on which 0.0345 % came into force for the index future.
    differs = "a given fee to close what the session opened differs from the rule's, and goes first"
    assert told.get(differs, 0) == (0 if market is IndexFuture else 1)
    assert market(given_fees=given[:1]).conditions(bars, "X").alarms == plain.alarms


def test_fees_that_cannot_be_charged_are_refused():
    with pytest.raises(SettingError, match="stamp_duty_sell is no fee by the unit here"):
        GivenFee(fee="stamp_duty_sell", since=date(2024, 1, 2), per_unit=3.0)
    with pytest.raises(SettingError, match="rate"):
        GivenFee(fee="trading_fee", since=date(2024, 1, 2), rate=-0.1)
