"""Strategies over many assets owe: one decision in two forms, from what was known, whatever the order of columns."""

from dataclasses import dataclass, fields, replace
from typing import Any, cast

import numpy as np

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Portfolio, Signals, run_portfolio
from tidegate.backtest.portfolio_loop import OUTCOMES
from tidegate.errors import ClockError
from tidegate.market.exchange import Exchange
from tidegate.strategy.orders import FillAt, Order, View
from tidegate.strategy.selection import Selection
from tidegate.testing.compare import Place, require_same
from tidegate.testing.exchanges import another_future, example_exchange, example_signals, reordered
from tidegate.types.axes import IntArray, frozen

__all__ = ["check_selection"]

_WORLDS = {"rank": 300_000.0, "class": 20_000.0, "level": 300_000.0}
"""Kinds of scores, and a capital for each: one that is short of lots among them."""
_AS_ORDERED = [t_.BAR, t_.ASSET, t_.SIDE, t_.WANTED, t_.AT, t_.REASON]
_ACTIONS = (
    *range(OUTCOMES.index("reference price"), OUTCOMES.index("end of listing") + 1),
    OUTCOMES.index("borrow fee"),
)


def check_selection(strategy: Selection, bars: int = 64, cuts: int = 5, seed: int = 0) -> int:
    """Send a strategy through small exchanges, daily and by the hour; returns how many cuts were tried.

    * Its kernel gives the book that `decide` gives, bit for bit, and `decide` gives it twice.
    * Bars that are not there yet change nothing; another future changes no order that was given before it.
    * Columns in another order give the same book.
    * It sells no more than it sees as sellable (where nothing may be sold short) and buys for no more than its equity.

    Scores are rounded normals with ties, classes and price levels, with gaps.

    Errors
        `ClockError` with the bar and the asset of the first number that differs, or the order that goes too far.
    """
    tried = 0
    for shorts, a_session in ((True, 1), (False, 1), (False, 4)):
        if strategy.sells_short() and not shorts:
            continue
        exchange = example_exchange(bars, a_session=a_session, shorts=shorts, seed=seed)
        for kind, capital in _WORLDS.items():
            world = _World(strategy, exchange, example_signals(exchange, kind, seed), capital, f"{kind} scores")
            world.same_in_both_forms()
            world.same_in_any_order(seed)
            tried += world.blind(cuts, seed)
    return tried


@dataclass(frozen=True)
class _World:
    strategy: Selection
    exchange: Exchange
    signals: Signals
    capital: float
    told: str

    def run(self, *, plain: bool = False) -> Portfolio:
        """One book, as everybody would get it."""
        return run_portfolio(self.strategy, self.signals, self.exchange, self.capital, plain=plain)

    def title(self, what: str) -> str:
        """Say who did what, and where."""
        return f"strategy {self.strategy.name!r} ({self.told}): {what}"

    def same(self, one: Portfolio, other: Portfolio, what: str, hint: str) -> None:
        """Two books to the last bit."""
        names, both = one.exchange.assets, min(len(one.events), len(other.events))
        place = _event_of(one.events, names)
        require_same(one.events[:both], other.events[:both], self.title(what), place, hint)
        if len(one.events) != len(other.events):
            raise ClockError(self.title(what), expected=len(one.events), found=len(other.events), hint=hint)
        require_same(one.account.lines, other.account.lines, self.title(what), lambda at: f"bar {at[0]}", hint)

    def same_in_both_forms(self) -> None:
        """The kernel, `decide`, and `decide` under a watchman who looks at every order."""
        book = self.run()
        watched = _Watched(self.strategy, self.exchange.shorts, self.title)
        seen = run_portfolio(cast("Selection", watched), self.signals, self.exchange, self.capital)
        self.same(seen, book, "its kernel is not its `decide`", "`decide` is the reference; make the kernel equal it")
        again = self.run(plain=True)
        self.same(seen, again, "asked twice, it decides otherwise", "keep what must be remembered in `memory`")

    def same_in_any_order(self, seed: int) -> None:
        """Columns dealt out anew."""
        order = np.random.default_rng((seed, 3)).permutation(len(self.exchange.assets))
        moved = self.exchange.permuted(order)
        other = run_portfolio(self.strategy, reordered(self.signals, order), moved, self.capital)
        events = other.events.copy()
        events[:, t_.ASSET] = order[events[:, t_.ASSET]]
        account = other.account._replace(events=events)
        told = Portfolio(self.exchange, account, self.capital, other.reasons)
        self.same(self.run(), told, "the order of columns changes the book", "break ties by `order`, the names' own")

    def blind(self, cuts: int, seed: int) -> int:
        """Cut the future off, and put another in its place; returns how many cuts were tried."""
        bars = len(self.exchange)
        book = self.run()
        tried = np.unique(np.linspace(1, bars - 3, cuts).astype(int)).tolist()
        for cut in tried:
            short, other = self.until(cut), self.other(cut, seed)
            told = self.title(f"what happened up to bar {cut} changes with what came after it")
            for made in (short, other):
                past = book.events[book.events[:, t_.BAR] <= cut]
                place = _event_of(past, self.exchange.assets)
                now = made.events[made.events[:, t_.BAR] <= cut]
                require_same(past, now, told, place, "decide from what the view holds")
                lines = (book.account.lines[: cut + 1], made.account.lines[: cut + 1])
                require_same(*lines, told, lambda at: f"bar {at[0]}", "decide from what the view holds")
            given, instead = _given(book, cut + 1), _given(other, cut + 1)
            told = self.title(f"orders given after bar {cut} change with what came after it")
            require_same(
                given, instead, told, _event_of(given, self.exchange.assets), "decide from what the view holds"
            )
        return len(tried)

    def until(self, cut: int) -> Portfolio:
        """The book of an exchange that ends with bar `cut`, and lies in memory of its own."""
        said = vars(self.signals).items()
        cuts: dict[str, Any] = {name: held if held is None else frozen(held[: cut + 1].copy()) for name, held in said}
        ended = self.exchange.until(cut + 1)
        held = {field.name: getattr(ended, field.name) for field in fields(ended)}
        apart: dict[str, Any] = {
            name: frozen(array.copy()) for name, array in held.items() if isinstance(array, np.ndarray)
        }
        return run_portfolio(self.strategy, Signals(**cuts), replace(ended, **apart), self.capital)

    def other(self, cut: int, seed: int) -> Portfolio:
        """The book of an exchange that goes on otherwise after bar `cut`."""
        exchange, signals = another_future(self.exchange, self.signals, cut, seed)
        return run_portfolio(self.strategy, signals, exchange, self.capital)


class _Watched:
    """A strategy asked in plain Python, every order held against the view that it was given for."""

    def __init__(self, strategy: Selection, shorts: bool, title: Any) -> None:
        self.strategy, self.shorts, self.title = strategy, shorts, title
        self.name, self.words = strategy.name, strategy.words
        self.reads, self.sells_short, self.numbers = strategy.reads, strategy.sells_short, strategy.numbers

    def kernel(self) -> None:
        """It is asked in Python."""

    def decide(self, view: View) -> list[Order]:
        """Ask, and look."""
        orders = self.strategy.decide(view)
        sold = np.zeros(len(view.assets), dtype=np.int64)
        spent = 0.0
        for order in orders:
            if order.at == FillAt.CLOSE and order.price != 0:
                continue
            if order.quantity < 0:
                sold[order.asset] -= order.quantity
            else:
                covered = max(-int(view.shares[order.asset]), 0)
                unit = int(view.ticks[order.asset] or view.seen.mark[order.asset]) * view.seen.tick_value[order.asset]
                spent += max(order.quantity - covered, 0) * float(unit)
        far = np.flatnonzero(sold > np.maximum(view.sellable, 0))
        if far.size and not self.shorts:
            asset = int(far[0])
            raise ClockError(
                self.title("it sells more than may be sold"),
                expected=f"at most {view.sellable[asset]}",
                found=int(sold[asset]),
                where=f"bar {view.bar}, {view.assets[asset]}",
                hint="sell no more than `sellable`",
            )
        if spent > max(view.seen.equity, 0) and not self.shorts:
            raise ClockError(
                self.title("it buys for more than its equity"),
                expected=f"at most {view.seen.equity}",
                found=spent,
                where=f"bar {view.bar}",
            )
        return orders


def _given(book: Portfolio, bar: int) -> IntArray:
    """The orders that a bar judged, as they were given."""
    rows = book.events[book.events[:, t_.BAR] == bar]
    given: IntArray = rows[~np.isin(rows[:, t_.OUTCOME], _ACTIONS)][:, _AS_ORDERED]
    return given


def _event_of(events: IntArray, names: tuple[str, ...]) -> Place:
    def place(at: tuple[int, ...]) -> str:
        row = events[at[0]]
        return f"bar {row[t_.BAR]}, {names[row[t_.ASSET]]}"

    return place
