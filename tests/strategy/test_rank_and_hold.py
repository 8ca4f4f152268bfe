"""The rules of rank-and-hold as the study states them, seen in what was ordered and what was filled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selection_worlds import plain_exchange, random_world

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Signals, run_portfolio
from tidegate.strategy.orders import Order
from tidegate.strategy.rank_and_hold import RankAndHold


class Watched:
    """Keeps every view and what was ordered on it."""

    def __init__(self, strategy):
        self.strategy, self.seen, self.name = strategy, [], strategy.name
        self.words, self.reads, self.numbers = strategy.words, strategy.reads, strategy.numbers
        self.sells_short = strategy.sells_short

    def kernel(self):
        return None

    def decide(self, view):
        orders = self.strategy.decide(view)
        self.seen.append((view, orders, view.seen.locked.copy()))
        return orders


def watched(strategy, score, exchange, capital=1_000_000.0, **signals):
    made = Watched(strategy)
    return run_portfolio(made, Signals(score, **signals), exchange, capital), made.seen


settings = {
    "names": st.integers(1, 12),
    "days": st.integers(1, 7),
    "holding": st.sampled_from(["at least", "average"]),
    "weights": st.sampled_from(["rank", "equal"]),
    "cap": st.sampled_from([0.05, 0.2, 1.0]),
    "spend": st.sampled_from([1.0, 1.5, 3.0]),
}


@given(st.integers(0, 10_000), st.fixed_dictionaries(settings))
def test_what_is_ordered_keeps_the_rules_of_the_study(seed, chosen):
    strategy = RankAndHold(**chosen)
    exchange, score = random_world(seed, bars=30, assets=15)
    _, told = watched(strategy, score, exchange)
    for view, orders, _ in told:
        equity, unit = view.seen.equity, view.ticks * view.seen.tick_value
        bought = {order.asset: order.quantity for order in orders if order.quantity > 0}
        sold = [order.asset for order in orders if order.quantity < 0]
        spent = sum(quantity * int(unit[asset]) for asset, quantity in bought.items())
        assert spent <= (1.0 if view.bar < strategy.days else strategy.spend) * equity / strategy.days + 1e-6
        assert spent <= view.seen.cash
        for asset, quantity in bought.items():
            assert (view.shares[asset] + quantity) * int(unit[asset]) <= strategy.cap * equity
        assert not (sold and view.bar < strategy.days)
        if strategy.holding == "at least":
            assert all(view.bar + 1 - view.since[asset] >= strategy.days for asset in sold)
        best = sorted(range(15), key=lambda n: -view.score[n])[: strategy.names]
        assert set(bought) <= set(best)
        ripe = [n for n in view.held if strategy.holding == "average" or view.bar + 1 - view.since[n] >= strategy.days]
        assert sold == sorted(ripe, key=lambda n: view.score[n])[: len(sold)]


@given(st.integers(0, 10_000))
def test_what_is_filled_was_held_as_long_as_it_must_and_nothing_is_lost(seed):
    exchange, score = random_world(seed, bars=40, assets=12)
    book = run_portfolio(RankAndHold(names=4, days=5), Signals(score), exchange, 1_000_000.0)
    bought = np.full(12, -1)
    for row in book.events:
        if row[t_.DONE] == 0:
            continue
        if row[t_.SIDE] < 0:
            assert row[t_.BAR] - bought[row[t_.ASSET]] >= 5
        else:
            bought[row[t_.ASSET]] = row[t_.BAR]
    held = book.account.shares * book.account.mark
    assert book.account.purse[t_.CASH] >= 0
    assert book.account.purse[t_.EQUITY] == book.account.purse[t_.CASH] + held.sum()


def test_cash_is_split_by_rank_and_by_equal_parts():
    exchange = plain_exchange(np.full((4, 6), 10.0))
    score = np.tile(np.array([6.0, 5, 4, 3, 2, 1]), (4, 1))
    for weights, expected in (("rank", [47_100, 29_700, 23_100]), ("equal", [33_300] * 3)):
        strategy = RankAndHold(names=3, days=1, weights=weights, cap=1.0)
        _, told = watched(strategy, score, exchange, 1_000_000.0)
        raw = strategy.shares_of_cash() * 1_000_000.0 / 10
        assert [order.quantity for order in told[0][1]] == [int(part) // 100 * 100 for part in raw]
        assert [order.quantity for order in told[0][1]] == pytest.approx(expected, rel=0.02)


def test_the_first_days_spend_a_fifth_each_and_later_ones_what_was_sold():
    exchange = plain_exchange(np.full((30, 40), 10.0))
    score = np.random.default_rng(0).standard_normal((30, 40))
    strategy = RankAndHold(names=10, days=5, weights="equal", holding="average")
    book = run_portfolio(strategy, Signals(score), exchange, 1_000_000.0)
    bought = book.account.lines[:, t_.L_BOUGHT] / 100
    sold = book.account.lines[:, t_.L_SOLD] / 100
    assert bought[0] == sold[:6].sum() == 0
    assert bought[1:6] == pytest.approx(np.full(5, 200_000.0))
    assert bought[7:].max() <= 300_000.0
    assert np.median(sold[7:]) == pytest.approx(200_000.0, rel=0.15)


def test_on_average_sells_what_at_least_must_keep():
    exchange = plain_exchange(np.full((12, 3), 10.0))
    score = np.tile(np.array([3.0, 2.0, 1.0]), (12, 1))
    score[6:] = [1.0, 2.0, 3.0]  # the best turns into the worst while it is young
    kept, turned = (
        run_portfolio(RankAndHold(names=1, days=3, holding=holding, cap=1.0), Signals(score), exchange, 90_000.0)
        for holding in ("at least", "average")
    )
    sales = [book.events[book.events[:, t_.SIDE] < 0][:, t_.BAR].tolist() for book in (kept, turned)]
    assert min(sales[1]) < min(sales[0])


def test_ties_go_by_name_and_not_by_column():
    score = np.ones((3, 4))
    for names in (("a", "b", "c", "d"), ("d", "c", "b", "a"), ("b", "d", "a", "c")):
        exchange = plain_exchange(np.full((3, 4), 10.0), names=names)
        for plain in (False, True):
            book = run_portfolio(RankAndHold(names=2), Signals(score), exchange, 100_000.0, plain=plain)
            first = book.events[book.events[:, t_.BAR] == 1]
            assert [names[n] for n in first[:, t_.ASSET]] == ["a", "b"]


def test_within_a_session_only_what_is_free_is_sold():
    exchange = plain_exchange(np.full((16, 3), 10.0), a_session=4)
    score = np.random.default_rng(3).standard_normal((16, 3))
    strategy = RankAndHold(names=1, days=1, holding="average", cap=1.0)
    book, told = watched(strategy, score, exchange, 100_000.0)
    assert {exchange.session[view.bar + 1] == exchange.session[view.bar] for view, *_ in told[:-1]} == {True, False}
    for view, orders, waits in told[:-1]:
        inside = exchange.session[view.bar + 1] == exchange.session[view.bar]
        locked = waits if inside else 0 * waits
        assert np.array_equal(view.sellable, view.shares - locked)
        assert all(-order.quantity <= view.sellable[order.asset] for order in orders if order.quantity < 0)
    refused = book.events[book.events[:, t_.OUTCOME] == 3]
    assert len(refused) == 0  # T+1


def test_without_a_score_or_a_bar_nothing_is_bought_or_sold():
    close = np.full((12, 3), 10.0)
    close[3:6, 0] = np.nan
    score = np.tile(np.array([3.0, np.nan, -np.inf]), (12, 1))
    _, told = watched(RankAndHold(names=3, days=2, cap=1.0), score, plain_exchange(close), 100_000.0)
    assert {order.asset for _, orders, _ in told for order in orders} == {0}
    assert all(order.quantity < 0 for view, orders, _ in told[3:6] for order in orders)
    assert isinstance(told[0][1][0], Order)
