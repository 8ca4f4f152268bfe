"""What has left the universe (a score of -inf) is sold first; what nothing is said of (NaN) stays; kernels agree."""

import numpy as np
import pytest
from selection_worlds import plain_exchange

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Signals, run_portfolio
from tidegate.strategy.equal_weight import EqualWeight
from tidegate.strategy.groups import Groups
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.strategy.top_k_dropout import TopKDropout

STRATEGIES = [
    RankAndHold(names=4, days=2),
    RankAndHold(names=4, days=2, holding="average"),
    TopKDropout(names=4, drop=1),
    Groups(count=1, group=1, every=40),
    EqualWeight(every=40),
]
LEFT, SILENT, BARS, FROM = 0, 1, 30, 9


def book(strategy, gone, close=None, plain=False):
    """A quarter of a book in each of four assets; later the first is `gone`, and nobody speaks of the second."""
    score = np.tile(np.array([4.0, 3.0, 2.0, 1.0]), (BARS, 1))
    score[FROM:, LEFT], score[FROM:, SILENT] = gone, np.nan
    exchange = plain_exchange(np.full((BARS, 4), 10.0) if close is None else close)
    return run_portfolio(strategy, Signals(score), exchange, 1_000_000.0, plain=plain)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_what_left_the_universe_is_sold_and_what_nothing_is_said_of_stays(strategy):
    left = book(strategy, -np.inf)
    assert left.account.shares[LEFT] == 0
    assert left.account.shares[SILENT] > 0
    assert book(strategy, np.nan).account.shares[LEFT] > 0
    assert np.array_equal(left.events, book(strategy, -np.inf, plain=True).events)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_what_left_while_suspended_takes_no_place_among_the_sales(strategy):
    close = np.full((BARS, 4), 10.0)
    close[FROM:20, LEFT] = np.nan
    away = book(strategy, -np.inf, close)
    bar, asset = away.events[:, t_.BAR], away.events[:, t_.ASSET]
    assert not ((asset == LEFT) & (bar > FROM) & (bar <= 20)).any()
    assert away.account.shares[LEFT] == 0
    assert np.array_equal(away.events, book(strategy, -np.inf, close, plain=True).events)


def test_dropout_sells_what_left_though_no_newcomer_is_there():
    sold = book(TopKDropout(names=4, drop=1), -np.inf)
    assert len(sold.account.held[sold.account.shares != 0]) == 3
