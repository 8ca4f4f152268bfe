"""Shares lent to be sold short: margin at the entry, the fee for borrowing, and books closed by force; worked by hand."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from reference_portfolio import Book, Charges, Quote, Share, World
from small_worlds import by_bar, play
from test_portfolio_reference import differs

from tidegate.backtest.portfolio import Signals, run_portfolio
from tidegate.errors import DataError, SettingError
from tidegate.market.a_share import AShare
from tidegate.market.lending import Lending, LendingRow
from tidegate.strategy.groups import Groups
from tidegate.study.words import stamp_text
from tidegate.testing.exchanges import example_exchange, example_signals
from tidegate.testing.history import example_bars

D = Decimal
OPEN, CLOSE = 0, 3
CHEAP = Lending(
    rows=(
        LendingRow(since=date(2014, 1, 1), margin=0.5, maintenance=0.3, fee=0.08),
        LendingRow(since=date(2020, 2, 3), margin=1.0, maintenance=0.6, fee=0.1),
    )
)


def world(*prices, terms=("0.5", "0.3", "0.01"), lots=(100, 100)):
    """Shares without fees or limits: a row of (open, close) in yuan a share, a session a bar."""
    free = Charges({(s, k): D(0) for s in (1, -1) for k in range(3)}, {(s, k): D(0) for s in (1, -1) for k in range(3)})
    quotes = []
    for bar in zip(*prices, strict=True):
        told = [(D(str(o)), D(str(c))) for o, c in bar]
        quotes.append({n: Quote(o, max(o, c), min(o, c), c, o, None, None, 10**6) for n, (o, c) in enumerate(told)})
    bars = len(quotes)
    return World(
        [Share(*lots, waits=False) for _ in prices], list(range(bars)), quotes, [[] for _ in range(bars)],
        [[free, free]] * bars, minimum=D(0), shorts=True, lending=tuple(map(D, terms)),
    )  # fmt: skip


FALLING_SHORT = world([(10, 10), (10, 10), (10.5, 12), (12.5, 12), (12, 12)])


class TestByHand:
    def test_margin_fee_call_and_forced_closing(self):
        """10,000 yuan cover half of 20,000: 2,000 of the 3,000 shares. 1 % of 20,000 is due a session, then of 24,000.

        At 12.00 equity is 5,800 and three tenths of 24,000 are 7,200: bought back at the next open, 12.50, and the
        order that stood for that bar is void. 10,000 + 20,000 - 200 - 240 - 25,000 = 4,560.
        """
        script = ((1, 0, -3000, OPEN, 0), (3, 0, -100, OPEN, 0), (4, 0, -100, OPEN, 0))
        book = play(FALLING_SHORT, script, 10_000.0)
        assert book.equity.tolist() == [10_000.0, 10_000.0, 5_800.0, 4_560.0, 4_560.0]
        kept = book.ledger()
        told = kept.orders.select("side", "quantity", "filled", "outcome", "reason").rows()
        assert told == [
            ("sell", 3000, 2000, "short of margin", ""),
            ("buy", 2000, 2000, "forced by margin", "margin call"),
            ("sell", 100, 100, "filled", ""),
        ]
        assert kept.actions.select("kind", "before", "after", "cash").rows() == [
            ("borrow fee", -2000, -2000, -200.0),
            ("borrow fee", -2000, -2000, -240.0),
        ]

    def test_the_reference_agrees_with_the_hand(self):
        script = ((1, 0, -3000, OPEN, 0), (3, 0, -100, OPEN, 0))
        assert differs(play(FALLING_SHORT, script, 10_000.0), Book(FALLING_SHORT, "10000").run(by_bar(script))) == ""

    def test_proceeds_buy_nothing_else(self):
        """30,000 yuan of cash after the sale, 20,000 of them the lender's: 1,000 of 1,500 shares at 10.00."""
        quiet = [(10, 10)] * 4
        book = play(
            world(quiet, quiet, terms=("0.5", "0.1", "0")), ((1, 0, -2000, OPEN, 0), (1, 1, 1500, OPEN, 0)), 1e4
        )
        told = book.ledger().orders.select("side", "filled", "outcome").rows()
        assert told == [("sell", 2000, "filled"), ("buy", 1000, "out of cash")]
        assert play(world(quiet, quiet, terms=("0.5", "0.1", "0")), ((1, 1, 1500, OPEN, 0),), 1e4).equity[-1] == 1e4

    def test_a_call_closes_the_whole_book_sales_first(self):
        """What was bought is sold at 10.00 before what was lent is bought back at 16.00."""
        lent, own = [(10, 10), (10, 10), (10, 16), (16, 16)], [(10, 10)] * 4
        script = ((1, 0, -1000, OPEN, 0), (1, 1, 900, OPEN, 0))
        book = play(world(lent, own, terms=("0.5", "0.3", "0")), script, 10_000.0)
        kept = book.ledger()
        assert kept.orders["outcome"].to_list() == ["filled", "filled", "forced by margin", "forced by margin"]
        assert kept.fills.tail(2).select("side", "quantity", "price").rows() == [
            ("sell", 900, 10.0),
            ("buy", 1000, 16.0),
        ]
        assert book.equity[-1] == 4_000.0


class TestTerms:
    def test_rows_hold_from_their_day_and_the_fee_counts_calendar_days(self):
        lent = CHEAP.on(example_exchange(bars=40))
        days = lent.times.astype("datetime64[D]")
        later = days >= np.datetime64("2020-02-03")
        assert later.any()
        assert (lent.lending[:, 0] == np.where(later, 100_000_000, 50_000_000)).all()
        passed = np.append(0, np.diff(days).astype(int))
        fee = np.where(later, 0.1, 0.08) * passed / 365
        assert lent.lending[:, 2].tolist() == np.rint(fee * 1e8).astype(int).tolist()
        assert set(passed[1:].tolist()) >= {1, 3}  # over a weekend three days are due

    def test_refusals(self):
        row = LendingRow(since=date(2024, 1, 1), margin=0.5, maintenance=0.3, fee=0.08)
        with pytest.raises(DataError, match="terms of lending"):
            Lending(rows=(row,)).on(example_exchange(bars=3))
        with pytest.raises(SettingError, match="out of order"):
            Lending(rows=(row, row))
        with pytest.raises(SettingError, match="above its margin"):
            Lending(rows=(row.but(maintenance=0.6),))

    def test_a_shares_are_not_sold_short_unless_somebody_says_on_what_terms(self):
        bars = example_bars(sessions=30, assets=4)
        strategy, score = Groups(count=2, short_group=2), None
        for market, allowed in ((AShare(), False), (AShare(lending=CHEAP), True)):
            exchange = market.exchange(bars)
            score = np.tile(np.arange(4.0), (len(exchange), 1))
            assert exchange.shorts is allowed
            if allowed:
                held = run_portfolio(strategy, Signals(score), exchange, 1e6)
                assert (held.account.shares < 0).any()
                told = [stamp for stamp in exchange.stamps if stamp.startswith("Short selling: from 2014-01-01")]
                assert stamp_text(told[0]).zh.startswith("融券卖空：自 2014-01-01 起保证金比例 0.5")
            else:
                with pytest.raises(SettingError, match="nothing may be sold short here"):
                    run_portfolio(strategy, Signals(score), exchange, 1e6)


@pytest.mark.parametrize("a_session", [1, 4])
def test_plain_and_compiled_are_one_book(a_session):
    """A long-short strategy in Python and compiled, on terms so narrow that calls come: the same events, bit for bit."""
    narrow = Lending(rows=(LendingRow(since=date(2014, 1, 1), margin=1.05, maintenance=1.04, fee=0.5),))
    exchange = narrow.on(example_exchange(bars=64, a_session=a_session, shorts=True))
    strategy, signals = Groups(count=3, short_group=3, every=3), example_signals(exchange, "rank")
    books = [run_portfolio(strategy, signals, exchange, 1e6, plain=plain) for plain in (False, True)]
    assert np.array_equal(books[0].events, books[1].events)
    assert np.array_equal(books[0].equity, books[1].equity)
    outcomes = set(books[0].ledger().orders["outcome"])
    assert "forced by margin" in outcomes
    assert (books[0].ledger().actions["kind"] == "borrow fee").any()


def test_what_is_lent_changes_nothing_for_who_sells_nothing_short():
    exchange = example_exchange(bars=64, shorts=False)
    strategy, signals = Groups(count=3), example_signals(exchange, "rank")
    plainly, lent = (run_portfolio(strategy, signals, held, 1e6) for held in (exchange, CHEAP.on(exchange)))
    assert np.array_equal(plainly.events, lent.events)


def test_bars_between_keep_their_terms():
    lent = CHEAP.on(example_exchange(bars=40))
    part = lent.between(5, 20)
    assert np.array_equal(part.lending, lent.lending[5:20])
