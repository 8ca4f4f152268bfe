"""Index futures: against the Decimal loop, a closed form, and the fee for closing what the session opened."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panels import bars_of, calendar, index_panel, persistent
from reference_margin import run_margin

from tidegate.backtest.engine import trade
from tidegate.backtest.ledgers import ledger
from tidegate.errors import SettingError
from tidegate.market.index_future import IndexFuture


@given(
    st.integers(0, 100_000),
    st.sampled_from([1_000_000.0, 3_000_000.0, 300_000.0, 40_000_000.0]),
    st.sampled_from([1, 3]),
    st.sampled_from(["2011-03-01", "2015-08-17", "2019-04-15"]),
)
def test_against_the_decimal_loop(seed, capital, per_session, start):
    _, opens, closes, sessions = index_panel(seed, count=30, per_session=per_session)
    times, days = calendar(30, per_session, start)
    settles = np.round((opens + closes) / 2, 2) if per_session == 1 else None
    columns = {} if settles is None else {"settle": settles}
    bars = bars_of("IF", times, days, opens, closes, **columns)
    wishes = persistent(seed, 30, levels=(0.0, 1.0, -1.0, 2.0, -0.5, 7.0, 8.0))
    dates = [date.fromisoformat(str(day)) for day in days]
    expected = run_margin(opens, closes, settles, sessions, dates, wishes, capital)
    conditions = IndexFuture().conditions(bars, "IF")
    kept = ledger(wishes, conditions, capital, "IF")
    assert [Decimal(repr(v)).quantize(Decimal("0.01")) for v in kept.book["equity"].to_list()] == [
        v.quantize(Decimal("0.01")) for v in expected.equity
    ]
    assert kept.book["quantity"].to_list() == expected.held
    assert kept.orders["outcome"].to_list() == [outcome for _, _, outcome in expected.orders]
    assert kept.fills["commission"].to_list() == pytest.approx([float(fee) for *_, fee in expected.fills], abs=1e-9)
    assert trade(wishes[None, :], conditions, capital).equity[0].tobytes() == kept.book["equity"].to_numpy().tobytes()


def three_bars_a_day(start, count=6):
    times, days = calendar(count, 3, start)
    return bars_of("IF", times, days, np.full(count, 3000.0), np.full(count, 3010.0))


@pytest.mark.parametrize(
    "start, rate",
    [
        ("2017-02-16", 0.0023),
        ("2017-02-17", 0.00092),
        ("2019-04-19", 0.00046),
        ("2019-04-22", 0.000345),
        ("2023-10-23", 0.00023),
    ],
)
def test_closing_on_the_same_day_pays_its_own_fee(start, rate):
    conditions = IndexFuture(slippage_ticks=0).conditions(three_bars_a_day(start), "IF")
    within = ledger(np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0]), conditions, 1_000_000.0, "IF")
    assert within.fills["commission"].to_list() == pytest.approx([20.7, round(900_000 * rate, 2)])  # 0.0023 % to open
    overnight = ledger(np.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0]), conditions, 1_000_000.0, "IF")
    assert overnight.fills["commission"].to_list() == [20.7, 20.7]


def test_the_sum_of_marks_is_the_profit_of_the_trade():
    """Bought at 3000, marked at 3100 and 2950, sold at 2900: 300 · (2900 − 3000), whatever was marked between."""
    times, days = calendar(4, 1, "2016-03-01")
    bars = bars_of(
        "IF", times, days, np.array([3000.0, 3000.0, 3080.0, 2900.0]), np.array([3000.0, 3100.0, 2950.0, 2900.0])
    )
    kept = ledger(
        np.array([1.0, 1.0, 0.0, 0.0]), IndexFuture(slippage_ticks=0).conditions(bars, "IF"), 1_000_000.0, "IF"
    )
    fees = 20.70 + 20.01
    assert kept.book["equity"].to_list() == pytest.approx(
        [1e6, 1e6 + 30_000 - 20.70, 1e6 - 15_000 - 20.70, 1e6 - 30_000 - fees]
    )
    assert kept.fills["realised"].to_list() == pytest.approx([0.0, -30_000 - fees])


def test_a_short_earns_when_prices_fall():
    times, days = calendar(3, 1, "2016-03-01")
    bars = bars_of("IF", times, days, np.array([3000.0, 3000.0, 2900.0]), np.array([3000.0, 2950.0, 2900.0]))
    books = trade(np.array([[-1.0, 0.0, 0.0]]), IndexFuture(slippage_ticks=0).conditions(bars, "IF"), 1_000_000.0)
    assert books.equity[0].tolist() == pytest.approx([1e6, 1e6 + 15_000 - 20.70, 1e6 + 30_000 - 20.70 - 20.01])
    assert books.winning_trips.tolist() == [1]


def test_equity_under_maintenance_is_closed_at_the_next_open():
    times, days = calendar(5, 1, "2016-03-01")
    bars = bars_of(
        "IF",
        times,
        days,
        np.array([3000.0, 3000.0, 2860.0, 2850.0, 2900.0]),
        np.array([3000.0, 2800.0, 2850.0, 2900.0, 2900.0]),
    )
    kept = ledger(np.full(5, 8.0), IndexFuture(slippage_ticks=0).conditions(bars, "IF"), 1_000_000.0, "IF")
    assert kept.orders["outcome"].to_list() == ["filled", "forced by margin"]
    assert kept.book["quantity"].to_list() == [0.0, 8.0, 0.0, 0.0, 0.0]


def test_exposures_beyond_the_margin_are_refused():
    bars = three_bars_a_day("2016-03-01")
    with pytest.raises(SettingError, match="outside what the market allows"):
        trade(np.full((1, 6), 9.0), IndexFuture().conditions(bars, "IF"), 1e6)
