"""What both loops can express comes out the same: one asset, all in or all out, on the same conditions."""

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panels import index_panel, persistent, share_panel
from pydantic import Field

from tidegate.backtest import tape as t_
from tidegate.backtest.engine import trade
from tidegate.backtest.ledgers import ledger
from tidegate.backtest.portfolio import Signals, run_portfolio
from tidegate.market.a_share import AShare
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.us_fund_proxy import UsFundProxy
from tidegate.strategy.buy_and_hold import BuyAndHold
from tidegate.strategy.hold_after_signal import HoldAfterSignal
from tidegate.strategy.orders import Order
from tidegate.strategy.selection import Selection

SEEDS = st.integers(0, 100_000)
CAPITALS = st.sampled_from([1_000_000.0, 20_000.0, 3_456.78])


class AllInAllOut(Selection):
    """An exposure of 1 or 0 as orders: as much as cash pays for where nothing is held, all of it where it must go.

    More is sold than is held, since an ex-day between the decision and the open may bring further shares.
    """

    name: ClassVar[str] = "all-in-all-out"

    most: int = Field(default=10**9, description="more than cash pays for")

    def decide(self, view):
        """Order what changes the wish; a refused wish is ordered again."""
        held = int(view.shares[0])
        if view.score[0] > 0:
            return [] if held else [Order(0, self.most)]
        return [Order(0, -self.most)] if held else []


def agree(market, bars, asset, wishes, capital):
    conditions = market.conditions(bars, asset)
    once, many = ledger(wishes, conditions, capital, asset), trade(wishes[None, :], conditions, capital)
    book = run_portfolio(AllInAllOut(), Signals(wishes[:, None]), market.exchange(bars), capital)
    scale = book.exchange.money_scale
    lines = book.account.lines
    assert (lines[:, t_.L_EQUITY] / scale).tobytes() == many.equity[0].tobytes()
    assert (lines[:, t_.L_CASH] / scale).tolist() == once.book["cash"].to_list()
    assert (lines[:, t_.L_FEES] / scale).tolist() == pytest.approx(once.book["fees"].to_list(), abs=1e-9)
    acted = (book.events[:, t_.OUTCOME] >= 10) & (book.events[:, t_.OUTCOME] <= 13)
    done = book.events[(book.events[:, t_.DONE] > 0) & ~acted]
    assert done[:, t_.DONE].tolist() == once.fills["quantity"].to_list()
    assert (done[:, t_.REALISED] / scale).tolist() == once.fills["realised"].to_list()
    assert (done[:, t_.SLIPPAGE] / scale).tolist() == once.fills["slippage"].to_list()
    assert int(book.account.purse[t_.WINS]) == int(many.winning_trips[0])


@given(SEEDS, CAPITALS, st.integers(0, 2), st.sampled_from([1, 4]))
def test_a_fund_held_after_signals(seed, capital, slip, per_session):
    bars, opens, *_ = index_panel(seed, per_session=per_session)
    scores = np.random.default_rng(seed).normal(-0.5, 1.0, (1, len(opens)))
    wishes = HoldAfterSignal(days=3).exposures(scores)[0]
    agree(EtfProxy(slippage_ticks=slip), bars, "index", wishes, capital)


@given(SEEDS, CAPITALS)
def test_a_share_through_its_ex_days(seed, capital):
    bars, opens, *_ = share_panel(seed, count=25)
    agree(AShare(), bars, "600000.SH", persistent(seed, len(opens), levels=(0.0, 1.0)), capital)


@given(SEEDS)
def test_bought_and_held(seed):
    bars, opens, *_ = share_panel(seed, count=25, asset="688001.SH", start="2020-03-02")
    agree(AShare(), bars, "688001.SH", BuyAndHold().exposures(np.zeros((1, len(opens))))[0], 50_000.0)


@given(SEEDS, CAPITALS)
def test_fees_by_quantity(seed, capital):
    bars, opens, *_ = index_panel(seed, level=2200.0)
    agree(UsFundProxy(), bars, "index", persistent(seed, len(opens), levels=(0.0, 1.0)), capital)
