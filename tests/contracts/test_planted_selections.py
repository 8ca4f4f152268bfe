"""Strategies over many assets that peek, lean on columns, remember, or give more than they may; and an honest one."""

from typing import ClassVar

import numpy as np
import pytest
from pydantic import Field

from tidegate.backtest.portfolio import run_portfolio
from tidegate.errors import ClockError
from tidegate.strategy.groups import Groups
from tidegate.strategy.orders import FillAt, Order
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.strategy.selection import Selection
from tidegate.testing.blind_selections import check_selection
from tidegate.testing.exchanges import another_future, example_exchange, example_signals
from tidegate.walk import example_of, walk


class Best(Selection):
    """Sell all, buy a lot of the best."""

    def best(self, view):
        known = np.flatnonzero((view.score > -np.inf) & (view.ticks > 0)).tolist()
        return sorted(known, key=lambda i: (-view.score[i], view.seen.order[i]))[:1]

    def decide(self, view):
        orders = [Order(int(i), -int(view.sellable[i])) for i in view.held if view.sellable[i] > 0]
        return orders + [Order(i, int(view.minimum[i])) for i in self.best(view)]


class FairBest(Best):
    name: ClassVar[str] = "fair-best"


class ReadsTomorrowsScore(Best):
    """Looks past its row through the memory that it is a view of."""

    name: ClassVar[str] = "leak-reads-tomorrows-score"

    def best(self, view):
        scores = view.score.base
        while scores.ndim == 1 and scores.base is not None:
            scores = scores.base
        row = np.asarray(scores)[min(view.bar + 1, len(scores) - 1)]
        known = np.flatnonzero((row > -np.inf) & (view.ticks > 0)).tolist()
        return sorted(known, key=lambda i: (-row[i], view.seen.order[i]))[:1]


class KnowsTheLastBar(Best):
    name: ClassVar[str] = "leak-knows-the-last-bar"
    bars: int = Field(default=0, description="how many bars there will be")

    def best(self, view):
        whole = view.ticks.base
        while whole.ndim == 1:
            whole = whole.base
        return super().best(view) if view.bar < len(whole) // 2 else []


class FirstColumn(Best):
    """Breaks ties by column."""

    name: ClassVar[str] = "wrong-first-column"

    def best(self, view):
        known = np.flatnonzero((view.score > -np.inf) & (view.ticks > 0)).tolist()
        return sorted(known, key=lambda i: -view.score[i])[:1]


class Remembers(Best):
    """Keeps notes of its own that outlive the book."""

    name: ClassVar[str] = "wrong-remembers"
    notes: ClassVar[list[int]] = []

    def best(self, view):
        self.notes.append(view.bar)
        return super().best(view) if len(self.notes) < 90 else []


class SellsWhatIsLocked(Best):
    name: ClassVar[str] = "wrong-sells-what-is-locked"

    def decide(self, view):
        orders = [Order(int(i), -int(view.shares[i])) for i in view.held if view.shares[i] > 0]
        return orders + [Order(i, int(view.minimum[i])) for i in self.best(view)]


class BuysOnCredit(Best):
    name: ClassVar[str] = "wrong-buys-on-credit"

    def decide(self, view):
        return [Order(i, 10_000_000, FillAt.CLOSE) for i in self.best(view)]


class OtherKernel(Selection):
    """Lends itself a kernel that is not its own."""

    name: ClassVar[str] = "wrong-other-kernel"

    def decide(self, view):
        return RankAndHold(names=3, days=4).decide(view)

    def numbers(self):
        return RankAndHold(names=3).numbers()

    def kernel(self):
        return RankAndHold().kernel()


@pytest.mark.parametrize(
    "kind, match",
    [
        (ReadsTomorrowsScore, r"change.* with what came after it"),
        (KnowsTheLastBar, r"what happened up to bar \d+ changes with what came after it"),
        (FirstColumn, "the order of columns changes the book"),
        (Remembers, "asked twice|kernel is not its|changes with what came after"),
        (SellsWhatIsLocked, r"sells more than may be sold.*bar \d+, 0000\d\d"),
        (BuysOnCredit, "buys for more than its equity"),
        (OtherKernel, "its kernel is not its `decide`"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_strategy_that_breaks_the_contract_is_caught(kind, match):
    with pytest.raises(ClockError, match=f"(?s){kind.name}.*{match}"):
        check_selection(kind())


def test_an_honest_strategy_in_plain_python_is_not_flagged():
    assert check_selection(FairBest()) >= 45


@pytest.mark.parametrize(
    "kind",
    [kind for kind in walk("tidegate.strategy")["strategy"].values() if issubclass(kind, Selection)],
    ids=lambda kind: kind.name,
)
def test_the_kit_trades_with_every_member(kind):
    strategy = example_of(kind)
    exchange = example_exchange(shorts=True)
    counts = [
        len(run_portfolio(strategy, example_signals(exchange, told), exchange, 300_000.0).events)
        for told in ("rank", "class", "level")
    ]
    assert max(counts) >= (2 if kind.name == "given-orders" else 40), counts


def test_long_short_groups_are_under_the_contract_too():
    assert check_selection(Groups(by="class", group=2, short_group=0, every=3)) >= 15
    assert check_selection(Groups(count=3, group=1, short_group=3, every=0, part=0.5)) >= 15


def test_another_future_keeps_the_past_and_changes_the_rest():
    exchange = example_exchange()
    signals = example_signals(exchange, "rank")
    other, said = another_future(exchange, signals, 20, seed=1)
    for name in ("open", "high", "low", "close", "limit_up", "vwap", "volume"):
        before, after = getattr(exchange, name), getattr(other, name)
        assert np.array_equal(before[:21], after[:21])
        assert (before[21:] != after[21:]).mean() > 0.8
    assert np.array_equal(signals.score[:21], said.score[:21], equal_nan=True)
    assert not np.array_equal(signals.score[21:], said.score[21:], equal_nan=True)
    assert other.actions.bar.max(initial=0) <= 20 < exchange.actions.bar.max()


def test_the_examples_of_an_exchange_are_possible_bars():
    exchange = example_exchange(bars=120, assets=20)
    there = exchange.open > 0
    assert 0.02 < 1 - there.mean() < 0.15
    low, high = exchange.low[there], exchange.high[there]
    for name in ("open", "close", "vwap"):
        held = getattr(exchange, name)[there]
        assert bool(((low <= held) & (held <= high)).all())
    assert bool((high <= exchange.limit_up[there]).all())
    assert bool((low >= exchange.limit_down[there]).all())
    assert (exchange.open == exchange.limit_up)[there].mean() > 0.01
