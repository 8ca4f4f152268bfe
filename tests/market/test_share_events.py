"""Ex-days that the bars tell: dividends with and without tax, bonus shares, rights, each worked by hand."""

import numpy as np
import polars as pl
import pytest

from tidegate.backtest.portfolio import Signals, run_portfolio
from tidegate.data.importer import import_file
from tidegate.errors import RecordError
from tidegate.market.a_share import AShare
from tidegate.market.costs import DIVIDEND_TAX
from tidegate.market.exchange import DIVIDEND, REFERENCE, SPLIT
from tidegate.market.share_rows import reference_after
from tidegate.strategy.given_orders import GivenOrder, GivenOrders
from tidegate.testing.scramble import scramble_future
from tidegate.types.bars import Bars, BarSpec

A = "600000.SH"
SPEC = BarSpec(frequency="1d", kind="stock", currency="CNY", title="made", source="by hand")


def bars_of(closes, start="2014-03-03", preclose=None, suspended=(), **events):
    """One share that opens where it closes; events are ``{row: value}``."""
    days = np.busday_offset(np.datetime64(start, "D"), np.arange(len(closes)), roll="forward")
    columns = {name: [held.get(row) for row in range(len(closes))] for name, held in events.items()}
    if preclose is not None:
        columns["preclose"] = preclose
    columns = {name: pl.Series(held, dtype=pl.Float64, strict=False) for name, held in columns.items()}
    frame = pl.DataFrame(
        {"time": days.astype("datetime64[us]"), "session": days, "suspended": [row in suspended for row in range(len(closes))],
         **{name: [float(close) for close in closes] for name in ("open", "high", "low", "close")}, **columns},
    ).with_columns(asset=pl.lit(A))  # fmt: skip
    return Bars.of(frame, SPEC)


def actions(market, bars):
    return [tuple(int(value) for value in row[:5]) for row in zip(*market.exchange(bars).actions, strict=True)]


def held(market, bars, quantity=1000, capital=10_000.0):
    """Cash and shares after the last close of one purchase at the second open, without fees."""
    order = GivenOrder(time=bars.times[0].item(), asset=A, quantity=quantity)
    exchange = market.exchange(bars)
    book = run_portfolio(
        GivenOrders(orders=(order,)), Signals(score=np.full((len(bars.times), 1), np.nan)), exchange, capital
    )
    return float(book.account.purse[0]) / 100, int(book.account.shares[0]), book


def free(**settings):
    return AShare(commission=0, minimum_commission_yuan=0, slippage_ticks=0, **settings)


@pytest.mark.parametrize(
    "close, cash, bonus, rights, price, expected",
    [
        (10.0, 0.5, 0.0, 0.0, 0.0, 950), (10.0, 0.0, 1.0, 0.0, 0.0, 500), (10.0, 0.0, 0.0, 0.3, 6.0, 908),
        (10.0, 0.5, 0.2, 0.3, 6.0, 753), (0.02, 0.5, 0.0, 0.0, 0.0, 1), (12.35, 0.0, 0.3, 0.0, 0.0, 950),
    ],
)  # fmt: skip
def test_the_reference_price_by_its_formula(close, cash, bonus, rights, price, expected):
    told = [np.array([value]) for value in (cash, bonus, rights, price)]
    assert reference_after(np.array([round(close * 100)]), *told).tolist() == [expected]


def test_without_a_given_reference_price_the_limits_follow_the_formula():
    bars = bars_of(
        [10, 10, 7.6], cash_dividend={2: 0.5}, bonus_shares={2: 0.2}, rights_shares={2: 0.3}, rights_price={2: 6}
    )
    exchange = AShare().exchange(bars)
    assert exchange.limit_up[:, 0].tolist()[1:] == [1100, 828]
    assert exchange.limit_down[:, 0].tolist()[1:] == [900, 678]


@pytest.mark.parametrize(
    "start, holding, paid",
    [
        ("2005-06-08", "up to a year", 400.0), ("2005-06-09", "up to a year", 450.0), ("2005-06-09", "no tax", 500.0),
        ("2012-12-26", "up to a month", 450.0), ("2012-12-31", "up to a month", 400.0),
        ("2012-12-31", "up to a year", 450.0), ("2012-12-31", "over a year", 475.0),
        ("2015-09-03", "over a year", 475.0), ("2015-09-04", "over a year", 500.0), ("2024-03-04", "up to a month", 400.0),
    ],
)  # fmt: skip
def test_a_dividend_of_half_a_yuan_on_a_thousand_shares(start, holding, paid):
    """The ex-day is the third session: 2005-06-10 and -13, 2012-12-28 and 2013-01-02, 2015-09-07 and -08."""
    # Of the purchase: duty of 0.1 % until 2008, transfer by face value until 2015-08, then by value.
    bars = bars_of([10, 10, 9.5], start, preclose=[None, 10, 9.5], cash_dividend={2: 0.5})
    cash, shares, _ = held(free(dividend_tax=holding), bars, capital=10_100.0)
    fees = {"2005": 10.0 + 1.0, "2012": 0.3, "2015": 0.2, "2024": 0.1}[start[:4]]
    assert (cash, shares) == (round(100.0 - fees + paid, 2), 1000)


def test_bonus_shares_are_given_and_reference_prices_are_not_read_twice():
    bars = bars_of([10, 10, 5, 5], preclose=[None, 10, 5, 5], bonus_shares={2: 1.0})
    assert actions(AShare(), bars) == [(2, 0, SPLIT, 2_000_000, 1_000_000)]
    assert held(free(), bars, capital=10_001)[:2] == (pytest.approx(0.7), 2000)
    untold = bars_of([10, 10, 5, 5], preclose=[None, 10, 5, 5])
    assert actions(AShare(), untold) == [(2, 0, REFERENCE, 1000, 500)]


def test_a_dividend_and_bonus_shares_on_one_day():
    # (10 − 0.5) / 1.2 = 7.9167
    bars = bars_of([10, 10, 7.92], preclose=[None, 10, 7.92], cash_dividend={2: 0.5}, bonus_shares={2: 0.2})
    assert actions(AShare(dividend_tax="over a year"), bars) == [
        (2, 0, DIVIDEND, 47_500_000, 1_000_000), (2, 0, SPLIT, 1_200_000, 1_000_000)
    ]  # fmt: skip
    cash, shares, _ = held(free(), bars, capital=10_000.3)
    assert (cash, shares) == (500.0, 1200)


@pytest.mark.parametrize("choice, shares, cash", [("subscribe", 1101, 2.92), ("lapse", 1000, 0.0)])
def test_rights_are_subscribed_or_lapse(choice, shares, cash):
    """3 for 10 at 6.00 on a close of 10.00: reference 9.08; 1000 × 10.00 = 1101 × 9.08 + 2.92."""
    bars = bars_of([10, 10, 9.08], preclose=[None, 10, 9.08], rights_shares={2: 0.3}, rights_price={2: 6.0})
    market = free(rights=choice)
    found, count, book = held(market, bars, capital=10_000.3)
    assert (round(found, 2), count) == (cash, shares)
    worth = found + count * 9.08
    assert worth == pytest.approx(10_000.0 if choice == "subscribe" else 9_080.0)
    told = {"subscribe": "Rights are subscribed", "lapse": "Rights lapse"}[choice]
    assert any(stamp.startswith(told) for stamp in book.exchange.stamps)


def test_rights_and_a_dividend_on_one_day():
    # reference (10 − 0.5 + 0.3 · 6) / 1.3 = 8.6923; after the dividend 9.50 a share is left: 1000 × 9.50 / 8.69
    bars = bars_of([10, 10, 8.69], cash_dividend={2: 0.5}, rights_shares={2: 0.3}, rights_price={2: 6.0})
    assert actions(AShare(), bars) == [(2, 0, DIVIDEND, 50_000_000, 1_000_000), (2, 0, REFERENCE, 950, 869)]
    cash, shares, _ = held(free(), bars, capital=10_000.3)
    assert (round(cash, 2), shares) == (round(500 + 9500 - 1093 * 8.69, 2), 1093)


def test_an_event_of_a_suspension_counts_at_the_open_that_ends_it():
    bars = bars_of([10, 10, 10, 5, 5], preclose=[None, 10, 5, 5, 5], suspended=(2, 3), bonus_shares={2: 1.0})
    assert actions(AShare(), bars) == [(4, 0, SPLIT, 2_000_000, 1_000_000)]
    bare = bars_of([10, 10, 10, 5, 5], suspended=(2, 3), bonus_shares={2: 1.0})
    assert AShare().exchange(bare).limit_up[4, 0] == 550


def test_two_events_in_one_gap_fall_back_on_the_reference_price_and_are_counted():
    bars = bars_of(
        [10, 10, 10, 4.8], preclose=[None, 10, 5, 4.8], suspended=(2,), bonus_shares={2: 1.0}, cash_dividend={3: 0.2}
    )
    assert actions(AShare(), bars) == [(3, 0, REFERENCE, 1000, 480)]
    told = {alarm.what.split(";")[0]: alarm.times for alarm in AShare().exchange(bars).alarms}
    assert told == {"two events between two traded bars": 1}


def test_a_reference_price_that_says_something_else_is_an_alarm():
    bars = bars_of([10, 10, 9.5], preclose=[None, 10, 9.3], cash_dividend={2: 0.5})
    assert [alarm.told for alarm in AShare().exchange(bars).alarms] == [
        "A reference price is not that of its dividend and shares: once, first 600000.SH 2014-03-05."
    ]
    near = bars_of([10, 10, 9.5], preclose=[None, 10, 9.51], cash_dividend={2: 0.5})
    assert AShare().exchange(near).alarms == ()


def test_what_is_done_is_said():
    bars = bars_of([10, 10, 9.5], cash_dividend={2: 0.5})
    stamps = AShare(dividend_tax="up to a year").exchange(bars).stamps
    assert any("as of shares held up to a year" in stamp for stamp in stamps)
    assert sum("Unconfirmed rule: dividend tax" in stamp for stamp in stamps) == 1
    untold = AShare(dividend_tax="up to a year").exchange(bars_of([10, 10, 9.5])).stamps
    assert "Dividends are not taxed: the bars do not tell them apart from new shares." in untold
    assert "Dividends are not taxed." in AShare().exchange(bars).stamps
    assert any(stamp.startswith("One share alone") for stamp in AShare().conditions(bars, A).stamps)


def test_a_negative_event_is_refused_and_a_file_may_have_them(tmp_path):
    with pytest.raises(RecordError, match="cash_dividend is negative"):
        bars_of([10, 10, 9.5], cash_dividend={2: -0.5})
    bars = bars_of([10, 10, 9.5], cash_dividend={2: 0.5}, bonus_shares={2: 0.2})
    bars.frame.drop("time").with_columns(pl.lit(1000.0).alias("volume")).rename({"session": "date"}).write_csv(
        tmp_path / "bars.csv"
    )
    read = import_file(tmp_path / "bars.csv").bars
    assert read.frame["cash_dividend"].to_list() == [None, None, 0.5]
    assert read.frame["bonus_shares"].to_list() == [None, None, 0.2]


def test_the_law_by_how_long_shares_were_held():
    days = np.array(["2005-06-10", "2005-06-13", "2012-12-31", "2013-01-04", "2015-09-07", "2015-09-08"], dtype="M8[D]")
    assert {name: table.at(days).tolist() for name, table in DIVIDEND_TAX.items()} == {
        "up to a month": [20, 10, 10, 20, 20, 20],
        "up to a year": [20, 10, 10, 10, 10, 10],
        "over a year": [20, 10, 10, 5, 5, 0],
    }


def test_nothing_of_an_exchange_looks_at_later_events():
    bars = bars_of(
        [10, 10, 9.5, 9.5, 7.3, 7.3, 7.3, 3.65], suspended=(5,), cash_dividend={2: 0.5, 6: 0.1}, bonus_shares={4: 0.3, 7: 1.0},
        rights_shares={6: 0.2}, rights_price={6: 5.0},
    )  # fmt: skip
    market = AShare(dividend_tax="up to a year")
    for cut in bars.times[1:-1]:
        before = [row for row in actions(market, bars) if bars.times[row[0]] <= cut]
        assert actions(market, bars.upto(cut)) == before
        later = scramble_future(bars, cut, seed=3)
        assert [row for row in actions(market, later) if later.times[row[0]] <= cut] == before
        past = market.exchange(bars).limit_up[bars.times <= cut]
        assert np.array_equal(market.exchange(later).limit_up[later.times <= cut], past)
