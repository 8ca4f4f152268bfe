"""What a book over many assets held, paid and missed, from a ledger made by hand."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from tidegate.errors import DataError
from tidegate.evaluate.holdings import costs_of, judge_holdings, trips_of_ledger, unfilled_by_reason
from tidegate.types.ledger import Ledger

DAYS = [datetime(2020, 1, day) for day in (2, 3, 6, 7, 8)]


def fill(day, asset, side, quantity, price, trip, realised=0.0, fees=5.0, slippage=1.0):
    return {
        "time": DAYS[day], "asset": asset, "side": side, "quantity": quantity, "price": price,
        "value": quantity * price, "commission": fees, "stamp_duty": 0.0, "transfer_fee": 0.0, "slippage": slippage,
        "realised": realised, "trip": trip,
    }  # fmt: skip


@pytest.fixture
def ledger():
    """Two trips in *a* (the second still open), one in *b* that a split runs through, one in *c* that its end closes."""
    fills = [
        fill(1, "a", "buy", 100.0, 10.0, 0),
        fill(1, "b", "buy", 100.0, 20.0, 1),
        fill(1, "c", "buy", 100.0, 5.0, 2),
        fill(3, "a", "sell", 100.0, 11.0, 0, realised=90.0),
        fill(4, "b", "sell", 200.0, 11.0, 1, realised=190.0),
        fill(4, "a", "buy", 100.0, 9.0, 3),
    ]
    orders = [
        {"decided": DAYS[0], "time": DAYS[1], "asset": "a", "side": "buy", "quantity": 100.0, "filled": 100.0, "outcome": "filled"},
        {"decided": DAYS[1], "time": DAYS[2], "asset": "a", "side": "sell", "quantity": 100.0, "filled": 0.0, "outcome": "limit down"},
        {"decided": DAYS[1], "time": DAYS[2], "asset": "b", "side": "sell", "quantity": 100.0, "filled": 50.0, "outcome": "share of volume"},
        {"decided": DAYS[2], "time": DAYS[3], "asset": "b", "side": "sell", "quantity": 100.0, "filled": 0.0, "outcome": "limit down"},
    ]  # fmt: skip
    cash = [10_000.0, 6_485.0, 6_485.0, 7_980.0, 9_270.0]
    held = [0.0, 3_500.0, 3_500.0, 2_000.0, 900.0]
    book = pl.DataFrame(
        {
            "time": DAYS,
            "cash": cash,
            "holdings": held,
            "equity": [c + h for c, h in zip(cash, held, strict=True)],
            "exposure": 0.5,
            "fees": 0.0,
            "quantity": [0.0, 3.0, 3.0, 1.0, 1.0],
        }
    )
    return Ledger.of(pl.DataFrame(orders), pl.DataFrame(fills), book, 10_000.0)


ACTIONS = pl.DataFrame(
    {
        "time": [DAYS[2], DAYS[3], DAYS[2]],
        "asset": ["b", "c", "a"],
        "kind": ["split", "end of listing", "dividend"],
        "cash": [0.0, 400.0, 7.0],
        "realised": [0.0, -105.0, 0.0],
        "trip": [1, 2, 0],
    }
)


def test_trips_follow_their_numbers_through_splits_ends_and_dividends(ledger):
    trips = trips_of_ledger(ledger, frozenset({"a"}), ACTIONS)
    told = sorted(zip(trips.entry, trips.exit, trips.profit, trips.closed, strict=True))
    assert told == [(1, 3, -105.0, True), (1, 3, 97.0, True), (1, 4, 190.0, True), (4, 4, 0.0, False)]


def test_without_the_actions_an_end_is_not_known(ledger):
    trips = trips_of_ledger(ledger, frozenset({"a"}))
    assert sorted(trips.profit.tolist()) == [0.0, 0.0, 90.0, 190.0]


def test_costs_stand_at_their_bars(ledger):
    costs = costs_of(ledger)
    assert costs["commission"].tolist() == [0.0, 15.0, 0.0, 5.0, 10.0]
    assert costs["slippage"].tolist() == [0.0, 3.0, 0.0, 1.0, 2.0]
    assert costs["stamp_duty"].sum() == 0.0


def test_a_fill_after_the_book_is_refused(ledger):
    late = ledger.fills.with_columns(time=pl.lit(datetime(2020, 2, 1)).cast(pl.Datetime("us")))
    with pytest.raises(DataError, match="after the last line"):
        costs_of(Ledger(ledger.orders, late, ledger.book, ledger.capital))


def test_what_was_missed_is_counted_by_reason_and_side(ledger):
    rows = unfilled_by_reason(ledger).rows()
    assert rows == [("limit down", "sell", 2, 0.0), ("share of volume", "sell", 1, 0.5)]


def test_measures_of_what_was_held(ledger):
    positions = pl.DataFrame(
        {"time": [DAYS[1], DAYS[1], DAYS[2], DAYS[4]], "asset": ["a", "b", "b", "a"], "weight": [0.1, 0.25, 0.2, 0.05]}
    )
    trips = trips_of_ledger(ledger, frozenset({"a"}), ACTIONS)
    found = {m.name: m.value for m in judge_holdings(ledger, positions, trips, {"market": "x"})}
    assert found["largest_weight"] == 0.25
    assert found["names_held"] == pytest.approx(4 / 3)
    assert found["slippage"] == pytest.approx(6 / 10_000)
    assert found["total_return_before_costs"] == pytest.approx((10_170 + 30 + 6) / 10_000 - 1)
    assert found["holding_bars"] == 2.0
    assert found["cash_share"] == pytest.approx(
        np.mean([1.0, 6_485 / 9_985, 6_485 / 9_985, 7_980 / 9_980, 9_270 / 10_170])
    )


def test_an_empty_book_says_that_nothing_was_held(ledger):
    nothing = Ledger(ledger.orders, ledger.fills.clear(), ledger.book, ledger.capital)
    trips = trips_of_ledger(nothing, frozenset())
    empty = pl.DataFrame(schema={"time": pl.Datetime("us"), "asset": pl.String, "weight": pl.Float64})
    found = {m.name: m for m in judge_holdings(nothing, empty, trips, {"market": "x"})}
    assert found["names_held"].value is None
    assert "ever held" in found["largest_weight"].note
    assert found["holding_bars"].value is None
