"""Fees by the lot, to open and to close today: the same conditions charge the same through both loops on margin."""

from datetime import date

import numpy as np
import pytest
from panels import bars_of

from tidegate.backtest.bar_trades import BarTable, Size, trade_bars_ledger
from tidegate.backtest.ledgers import ledger
from tidegate.market.given_fees import GivenFee
from tidegate.market.listed_future import ListedFuture

TERMS = {
    "tick": 1.0, "multiplier": 10, "fee": 0.0001, "close_today": 0.0002, "margin": 0.10, "limit_percent": 7,
    "slippage_ticks": 0,
}  # fmt: skip
FIRST = date(2024, 1, 2)
TO_OPEN = GivenFee(fee="trading_fee", since=FIRST, per_unit=3.0)


def charged(*given):
    """What two lots at 3,500 pay, in and out in one session: (by the main loop, by the loop of bars)."""
    times = np.array(["2024-01-08T10", "2024-01-08T11", "2024-01-08T14"], dtype="datetime64[us]")
    bars = bars_of("X", times, np.array(["2024-01-08"] * 3, dtype="datetime64[D]"), *[np.full(3, 3500.0)] * 2)
    held = ListedFuture(**TERMS, given_fees=given).conditions(bars, "X")
    main = ledger(np.array([0.7, 0.0, 0.0]), held, 100_000.0, "X")
    below, never = np.array([np.inf, np.nan, np.nan]), np.full(3, np.nan)
    short = trade_bars_ledger(below, never, BarTable.of(held), 100_000.0, "X", Size(lots=2))
    return tuple(one.fills["commission"].to_list() for one in (main, short))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), [7.0, 14.0]),
        ((TO_OPEN,), [6.0, 14.0]),  # a fee to close today that the vendor does not give stays the rule's
        ((TO_OPEN, GivenFee(fee="close_today", since=FIRST)), [6.0, 0.0]),
        ((TO_OPEN, GivenFee(fee="close_today", since=FIRST, per_unit=1.5)), [6.0, 3.0]),
        ((GivenFee(fee="close_today", since=FIRST, rate=0.0001, per_unit=1.5),), [7.0, 10.0]),
    ],
)
def test_both_loops_charge_what_is_given(given, expected):
    assert charged(*given) == (expected, expected)
