"""The compiled book over many assets against the one in Decimal: events, cash and equity to the cent."""

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_portfolio import Book
from small_worlds import by_bar, orders_of, play, world_of

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio_loop import OUTCOMES

SEEDS = st.integers(0, 1_000_000)
CAPITALS = st.sampled_from([1_000_000.0, 30_000.0, 2_345.67, 100_000_000.0])


def told(book):
    """Events of the loop in the reference's words."""
    money = lambda row, *places: tuple(Decimal(int(row[p])) / 100 for p in places)  # noqa: E731
    return [
        (
            *(int(row[p]) for p in (t_.BAR, t_.ASSET, t_.SIDE, t_.WANTED, t_.DONE)),
            OUTCOMES[row[t_.OUTCOME]],
            *money(row, t_.COMMISSION, t_.STAMP, t_.TRANSFER, t_.SLIPPAGE, t_.REALISED, t_.AFTER),
        )
        for row in book.events
    ]


def differs(book, expected):
    """What a book has other than the reference, empty where nothing is."""
    for ours, theirs in zip(told(book), expected.events, strict=False):
        if ours != theirs:
            return f"{ours} against {theirs}"
    if len(book.events) != len(expected.events):
        return "another number of events"
    lines, purse = book.account.lines, book.account.purse
    for name, column in (("cash", t_.L_CASH), ("equity", t_.L_EQUITY)):
        if lines[:, column].tolist() != [int(value * 100) for value in getattr(expected, name)]:
            return name
    if lines[:, t_.L_COUNT].tolist() != [len(held) for held in expected.held]:
        return "names held"
    if (purse[t_.TRIPS], purse[t_.CLOSED], purse[t_.WINS]) != (expected.trips, expected.closed, expected.wins):
        return "round trips"
    held = {n: int(q) for n, q in enumerate(book.account.shares) if q}
    return "" if held == expected.held[-1] else "shares at the end"


@settings(max_examples=150)
@given(SEEDS, CAPITALS)
def test_events_cash_and_equity(seed, capital):
    world = world_of(seed)
    script = orders_of(seed, world)
    expected = Book(world, str(capital)).run(by_bar(script))
    assert differs(play(world, script, capital), expected) == ""


def test_the_worlds_are_nasty():
    """Every outcome and every kind of action comes up, fills at every moment, partial and whole, both sides."""
    seen, moments = {}, set()
    for seed in range(150):
        world = world_of(seed)
        for row in play(world, orders_of(seed, world), 30_000.0).events:
            name = OUTCOMES[row[t_.OUTCOME]]
            seen[name] = seen.get(name, 0) + 1
            if name not in {"reference price", "split", "dividend", "end of listing"} and row[t_.DONE] > 0:
                moments.add((int(row[t_.AT]), int(row[t_.SIDE])))
    assert set(seen) == set(OUTCOMES)
    assert min(seen.values()) >= 4, seen
    assert moments == {(at, side) for at in range(4) for side in (1, -1)}
    assert np.sum(list(seen.values())) > 2000
