"""The compiled loop against the Decimal one, to the cent, on small nasty panels."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panels import index_panel, persistent, share_panel
from reference_engine import CENT, Rules, etf_days, run, run_free, share_days, us_days

from tidegate.backtest.engine import trade
from tidegate.backtest.ledgers import ledger
from tidegate.market.a_share import AShare
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.us_fund_proxy import UsFundProxy

SEEDS = st.integers(0, 100_000)
CAPITAL = st.sampled_from([1_000_000.0, 20_000.0, 3_456.78, 310.0, 50_000_000.0])


def agrees(conditions, asset, wishes, capital, expected):
    """Equity, fills and order outcomes equal, and both verbs equal bit for bit."""
    kept = ledger(wishes, conditions, capital, asset)
    books = trade(np.stack([wishes, wishes * 0]), conditions, capital)
    assert books.equity[0].tobytes() == kept.book["equity"].to_numpy().tobytes()
    assert (books.equity[1] == capital).all()
    assert [Decimal(repr(v)).quantize(Decimal("0.001")) for v in kept.book["equity"].to_list()] == [
        v.quantize(Decimal("0.001")) for v in expected.equity
    ]
    fills = [
        (int(q), f"{p:.3f}", f"{c:.2f}", f"{s:.2f}", f"{t:.2f}")
        for q, p, c, s, t in kept.fills.select(
            "quantity", "price", "commission", "stamp_duty", "transfer_fee"
        ).iter_rows()
    ]
    assert fills == [(q, f"{p:.3f}", f"{c:.2f}", f"{s:.2f}", f"{t:.2f}") for _, _, q, p, c, s, t in expected.fills]
    assert kept.orders["outcome"].to_list() == [outcome for _, _, outcome in expected.orders]
    assert kept.book["quantity"].to_list() == expected.shares
    assert int(books.trades[0]) == len(fills)
    assert int(books.unfilled[0]) == kept.orders.filter(kept.orders["filled"] < kept.orders["quantity"]).height


@given(SEEDS, CAPITAL, st.sampled_from([1, 1, 4]), st.integers(0, 2))
def test_etf_proxy(seed, capital, per_session, slip):
    bars, opens, closes, sessions = index_panel(seed, per_session=per_session)
    wishes = persistent(seed, len(opens))
    rules = Rules(Decimal("0.001"), 100, 100, slip, waits=True)
    expected = run(etf_days(opens, closes, sessions), wishes, capital, rules)
    agrees(EtfProxy(slippage_ticks=slip).conditions(bars, "index"), "index", wishes, capital, expected)


@given(SEEDS, CAPITAL, st.integers(0, 2))
def test_us_fund_proxy(seed, capital, slip):
    bars, opens, closes, sessions = index_panel(seed, level=2200.0, per_session=2)
    wishes = persistent(seed, len(opens))
    expected = run(us_days(opens, closes, sessions), wishes, capital, Rules(CENT, 1, 1, slip, waits=False))
    agrees(UsFundProxy(slippage_ticks=slip).conditions(bars, "index"), "index", wishes, capital, expected)


@pytest.mark.parametrize(
    "start", ["2007-05-21", "2008-04-14", "2008-09-08", "2012-08-20", "2015-07-20", "2022-04-18", "2023-08-14"]
)
@pytest.mark.parametrize("asset, exchange", [("600000.SH", "SH"), ("000001.SZ", "SZ")])
@given(seed=SEEDS, capital=CAPITAL)
def test_a_share(start, asset, exchange, seed, capital):
    bars, opens, closes, precloses, dates = share_panel(seed, count=25, asset=asset, start=start)
    wishes = persistent(seed, len(opens))
    days = share_days(opens, closes, precloses, dates, exchange)
    expected = run(days, wishes, capital, Rules(CENT, 100, 100, 1, waits=True))
    agrees(AShare().conditions(bars, asset), asset, wishes, capital, expected)


@given(seed=SEEDS, capital=CAPITAL)
def test_star_lots(seed, capital):
    """At least 200 shares to buy, then single shares; ±20 %."""
    bars, opens, closes, precloses, dates = share_panel(seed, count=25, asset="688001.SH", start="2020-03-02")
    wishes = persistent(seed, len(opens))
    days = share_days(opens, closes, precloses, dates, "SH", percent=20)
    expected = run(days, wishes, capital, Rules(CENT, 1, 200, 1, waits=True))
    agrees(AShare().conditions(bars, "688001.SH"), "688001.SH", wishes, capital, expected)


@given(SEEDS, CAPITAL)
def test_frictionless(seed, capital):
    bars, opens, closes, _ = index_panel(seed)
    wishes = persistent(seed, len(opens), levels=(0.0, 1.0, -1.0, 0.5))
    conditions = FrictionlessIndex().conditions(bars, "index")
    expected = np.array([float(v) for v in run_free(opens, closes, wishes, capital)])
    equity = trade(wishes[None, :], conditions, capital).equity[0]
    assert equity == pytest.approx(expected, rel=1e-12, abs=1e-12 * capital)
    kept = ledger(wishes, conditions, capital, "index")
    assert kept.book["equity"].to_numpy().tobytes() == equity.tobytes()
