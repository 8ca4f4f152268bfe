"""A book over many assets as a ledger: what it says can be replayed to the cent, and what can't is refused."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_worlds import orders_of, play, world_of

from tidegate.backtest import tape as t_
from tidegate.errors import RecordError
from tidegate.study.records import load_ledger, save_ledger
from tidegate.types.ledger import Ledger

SEEDS = st.integers(0, 1_000_000)


def book_of(seed, capital=1_000_000.0):
    world = world_of(seed)
    return play(world, orders_of(seed, world), capital)


def again(held, **changes):
    parts = {name: getattr(held, name) for name in ("orders", "fills", "book", "capital", "actions", "positions")}
    parts |= changes
    return Ledger.of(
        parts["orders"], parts["fills"], parts["book"], parts["capital"], actions=parts["actions"],
        positions=parts["positions"],
    )  # fmt: skip


class TestReplay:
    @given(SEEDS, st.sampled_from([30_000.0, 1_000_000.0]))
    def test_cash_fees_positions_and_equity(self, seed, capital):
        """The constructors check cash and holdings; here the rest: counts, weights, realised profits, units."""
        book = book_of(seed, capital)
        held = book.ledger()
        lines, scale = book.account.lines, book.exchange.money_scale
        assert held.book["equity"].to_numpy().tobytes() == book.equity.tobytes()
        worth = dict(held.positions.group_by("time").agg(pl.col("value").sum(), pl.len(), pl.col("weight").abs().max()).select("time", pl.struct("value", "len", "weight")).iter_rows())  # fmt: skip
        for line in held.book.iter_rows(named=True):
            here = worth.get(line["time"], {"value": 0.0, "len": 0, "weight": 0.0})
            assert here["value"] == pytest.approx(line["holdings"], abs=1e-6)
            assert here["len"] == line["count"]
            assert here["weight"] == pytest.approx(line["largest_weight"], abs=1e-9) or line["equity"] <= 0
        assert held.orders.height == len(book.events) - held.actions.height
        assert held.fills["slippage"].sum() == pytest.approx(lines[:, t_.L_SLIPPAGE].sum() / scale, abs=1e-6)
        ends = dict(
            held.positions.filter(pl.col("time") == held.book["time"][-1]).select("asset", "quantity").iter_rows()
        )
        names = book.exchange.assets
        assert ends == {names[n]: float(q) for n, q in enumerate(book.account.shares) if q}

    @given(SEEDS)
    def test_what_is_realised_is_what_is_earned(self, seed):
        """Without a position at the end, realised profits of fills and actions are the change of equity."""
        book = book_of(seed)
        if not np.any(book.account.shares):
            earned = int(book.events[:, t_.REALISED].sum())
            references = book.events[:, t_.OUTCOME] == 10
            assert earned == book.account.lines[-1, t_.L_EQUITY] - 100_000_000 or references.any()

    def test_an_order_tells_its_moment_price_and_reason(self):
        seed = next(s for s in range(100) if (book_of(s).events[:, t_.AT] == 1).any())
        orders = book_of(seed).ledger().orders
        limited = orders.filter(pl.col("at") == "limit")
        assert (limited["limit"] > 0).all()
        assert (
            orders.filter(pl.col("at") == "vwap")["limit"].null_count() == orders.filter(pl.col("at") == "vwap").height
        )
        assert (orders["time"] > orders["decided"]).all()


class TestRefusals:
    def test_a_cent_of_cash(self):
        held = book_of(4).ledger()
        moved = held.book.with_columns(cash=pl.col("cash") + 0.01, holdings=pl.col("holdings") - 0.01)
        with pytest.raises(RecordError, match="do not explain the cash"):
            again(held, book=moved)

    def test_cash_that_does_not_add_up(self):
        held = book_of(4).ledger()
        with pytest.raises(RecordError, match="do not add up"):
            again(held, book=held.book.with_columns(due=pl.col("due") + 0.01))

    def test_a_fee_that_nobody_booked(self):
        held = book_of(4).ledger()
        with pytest.raises(RecordError, match="fees of the fills"):
            again(held, book=held.book.with_columns(fees=pl.col("fees") + 0.01))

    def test_a_lost_fill_and_a_lost_action(self):
        held = book_of(4).ledger()
        with pytest.raises(RecordError, match=r"fees of the fills|explain the cash"):
            again(held, fills=held.fills.slice(1))
        paid = next(
            found for s in range(200) if (found := book_of(s).ledger()).actions.filter(pl.col("cash") != 0).height
        )
        with pytest.raises(RecordError, match="do not explain the cash"):
            again(paid, actions=paid.actions.filter(pl.col("cash") == 0))

    def test_positions_that_are_worth_something_else(self):
        book = next(b for s in range(50) if np.any((b := book_of(s)).account.lines[:, t_.L_HOLDINGS]))
        lines = book.account.lines
        at = int(np.flatnonzero(lines[:, t_.L_HOLDINGS])[0])
        lines[at, t_.L_HOLDINGS] += 1
        with pytest.raises(RecordError, match="replayed positions"):
            book.ledger()


def test_saved_and_read_again(tmp_path):
    held = next(found for s in range(200) if (found := book_of(s).ledger()).actions.height and found.fills.height)
    save_ledger(tmp_path, held)
    read = load_ledger(tmp_path)
    for name in ("orders", "fills", "book", "actions", "positions"):
        assert getattr(read, name).equals(getattr(held, name)), name


def test_a_book_without_an_order():
    held = play(world_of(1), (), 1_000.0).ledger()
    assert (held.orders.height, held.fills.height, held.positions.height) == (0, 0, 0)
    assert (held.book["equity"] == 1_000.0).all()
