"""What must hold of every book over many assets, whatever the market: conservation, bounds, and what may not matter."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_worlds import Scripted, exchange_of, execution_of, orders_of, world_of

from tidegate.backtest import tape as t_
from tidegate.backtest.filling import OUTCOMES
from tidegate.backtest.portfolio import Execution, Signals, run_portfolio
from tidegate.errors import SettingError
from tidegate.market.exchange import FEE_COLUMNS, NO_LIMIT, SPLIT, Actions
from tidegate.strategy.orders import Order
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.testing.exchanges import another_future
from tidegate.types.axes import frozen

SEEDS = st.integers(0, 1_000_000)


def ranked(seed, bars=40, names=10):
    """A market paid in full and scores for it."""
    exchange = replace(exchange_of(world_of(seed, bars=bars, names=names)), shorts=False)
    return exchange, np.random.default_rng(seed).standard_normal((bars, names))


def is_fill(events):
    return (events[:, t_.DONE] > 0) & ((events[:, t_.OUTCOME] < 10) | (events[:, t_.OUTCOME] > 13))


class TestConservation:
    @given(SEEDS)
    def test_every_cent_of_every_day(self, seed):
        exchange, score = ranked(seed)
        book = run_portfolio(RankAndHold(names=3, days=2), Signals(score), exchange, 1e6)
        lines, events = book.account.lines, book.events
        fills = events[is_fill(events)]
        flow = np.zeros(len(exchange), dtype=np.int64)
        value = fills[:, t_.DONE] * fills[:, t_.PRICE]
        fees = fills[:, t_.COMMISSION] + fills[:, t_.STAMP] + fills[:, t_.TRANSFER]
        np.add.at(flow, fills[:, t_.BAR], -fills[:, t_.SIDE] * value - fees)
        acted = events[(events[:, t_.OUTCOME] >= 10) & (events[:, t_.OUTCOME] <= 13)]
        due = np.where(acted[:, t_.OUTCOME] == 12, np.maximum(acted[:, t_.LIMIT], acted[:, t_.BAR]), acted[:, t_.BAR])
        known = due < len(exchange)
        np.add.at(flow, due[known], acted[known][:, t_.SLIPPAGE])
        assert (np.cumsum(flow) + 100_000_000 == lines[:, t_.L_CASH]).all()
        assert (lines[:, t_.L_CASH] + lines[:, t_.L_DUE] + lines[:, t_.L_HOLDINGS] == lines[:, t_.L_EQUITY]).all()
        assert lines[:, t_.L_FEES].sum() == fees.sum()
        assert (book.events[:, t_.AFTER][-1:] == lines[events[-1, t_.BAR] :, t_.L_CASH][:1]).all()


class TestBounds:
    @given(SEEDS)
    def test_orders_of_any_kind(self, seed):
        """No debt, no short, T+1, legal quantities, no fill when suspended or beyond a limit, the cap on volume."""
        world = world_of(seed)
        world.shorts = False
        exchange, execution = exchange_of(world), execution_of(world)
        script = orders_of(seed, world)
        book = run_portfolio(Scripted(script=script), Signals(np.zeros(exchange.open.shape)), exchange, 3e5, execution)
        assert (book.account.lines[:, t_.L_CASH] >= 0).all()
        held, traded, session = np.zeros(4, dtype=np.int64), {}, -1
        for row in book.events:
            bar, asset, side, done = (int(row[p]) for p in (t_.BAR, t_.ASSET, t_.SIDE, t_.DONE))
            if exchange.session[bar] != session:
                session, traded = exchange.session[bar], {}
            bought = traded.setdefault(asset, 0)
            if 10 <= row[t_.OUTCOME] <= 13:
                held[asset], traded[asset] = done, 0 if done < held[asset] else bought
                continue
            if not done:
                continue
            assert exchange.open[bar, asset] > 0
            lot, least = int(exchange.lot[asset]), int(exchange.minimum[asset])
            assert (done % lot == 0 and done >= least) or (side < 0 and done == held[asset])
            price = int(row[t_.PRICE])
            free = exchange.limit_up[bar, asset] == NO_LIMIT
            assert free or exchange.limit_down[bar, asset] <= price <= exchange.limit_up[bar, asset]
            if side > 0:
                traded[asset] = bought + done
            elif exchange.waits[asset] and not np.isin(exchange.actions.asset, asset).any():
                assert done <= held[asset] - bought
            held[asset] += side * done
            assert held[asset] >= 0
        if execution.participation:
            fills = book.events[is_fill(book.events)]
            units = np.zeros(exchange.open.shape, dtype=np.int64)
            np.add.at(units, (fills[:, t_.BAR], fills[:, t_.ASSET]), fills[:, t_.DONE])
            at_open, before = fills[:, t_.AT] == 0, np.zeros(units.shape, dtype=np.int64)
            for bar in range(1, len(exchange)):
                before[bar] = np.where(exchange.open[bar - 1] > 0, exchange.volume[bar - 1], before[bar - 1])
            assert (units <= np.maximum(exchange.volume, before) * execution.participation).all()
            units[:] = 0
            np.add.at(units, (fills[at_open, t_.BAR], fills[at_open, t_.ASSET]), fills[at_open, t_.DONE])
            assert (units <= before * execution.participation).all()


class TestMetamorphic:
    @given(SEEDS)
    def test_the_order_of_columns(self, seed):
        exchange, score = ranked(seed)
        order = np.random.default_rng(seed).permutation(score.shape[1])
        strategy = RankAndHold(names=3, days=2)
        book = run_portfolio(strategy, Signals(np.round(score, 1)), exchange, 1e6)
        other = run_portfolio(strategy, Signals(np.round(score, 1)[:, order]), exchange.permuted(order), 1e6)
        assert book.equity.tobytes() == other.equity.tobytes()

    @given(SEEDS, st.integers(5, 35))
    def test_what_follows(self, seed, cut):
        """A market that ends earlier gives the same book up to its end."""
        exchange, score = ranked(seed)
        strategy = RankAndHold(names=3, days=2)
        book = run_portfolio(strategy, Signals(score), exchange, 1e6)
        early = run_portfolio(strategy, Signals(score[:cut]), exchange.until(cut), 1e6)
        assert book.account.lines[:cut].tobytes() == early.account.lines.tobytes()
        assert np.array_equal(book.events[book.events[:, t_.BAR] < cut], early.events)

    @given(SEEDS, st.integers(5, 35))
    def test_another_future(self, seed, cut):
        """All after an open is noise (prices, limits, volumes, scores, actions): fills at that open stay, and all before."""
        exchange, score = ranked(seed)
        other, said = another_future(exchange, Signals(score), cut, seed)
        known = {name: getattr(other, name).copy() for name in ("open", "limit_up", "limit_down")}
        for name, cell in known.items():
            cell[cut + 1] = getattr(exchange, name)[cut + 1]
        kept = exchange.actions.bar <= cut + 1
        actions = Actions(*(frozen(column[kept]) for column in exchange.actions))
        other = replace(other, **{name: frozen(cell) for name, cell in known.items()}, actions=actions)
        strategy = RankAndHold(names=3, days=2)
        books = [
            run_portfolio(strategy, signals, market, 1e6)
            for signals, market in ((Signals(score), exchange), (said, other))
        ]
        lines = [book.account.lines[: cut + 1] for book in books]
        events = [book.events[book.events[:, t_.BAR] <= cut + 1] for book in books]
        assert lines[0].tobytes() == lines[1].tobytes()
        assert np.array_equal(*events)
        assert len(events[0]) < len(books[0].events)

    @given(SEEDS, st.integers(5, 35))
    def test_the_bar_of_a_fill_after_its_open(self, seed, cut):
        """Close, high, low, volume and average of a bar change nothing that is filled at its open."""
        exchange, score = ranked(seed)
        cells = {name: getattr(exchange, name).copy() for name in ("high", "low", "close", "vwap", "volume")}
        for name in ("high", "low", "close", "vwap"):
            cells[name][cut] = np.where(cells[name][cut] > 0, cells[name][cut] + 7, 0)
        cells["volume"][cut] = (0, 7)[seed % 2] * cells["volume"][cut]
        noisy = replace(exchange, **{name: frozen(cell) for name, cell in cells.items()})
        script = tuple((t, n, q, 0, 0) for t, n, q, m, _ in orders_of(seed, world_of(seed, bars=40, names=10)) if m < 2)
        for how in (Execution(), Execution(participation=0.2)):
            books = [run_portfolio(Scripted(script=script), Signals(score), e, 1e6, how) for e in (exchange, noisy)]
            assert np.array_equal(*(book.events[book.events[:, t_.BAR] <= cut] for book in books))

    @given(SEEDS, st.integers(5, 35))
    def test_a_cap_on_the_share_of_volume_reads_nothing_later(self, seed, cut):
        """All after an open is noise, volumes too: fills at that open stay under a cap that binds."""
        exchange, score = ranked(seed)
        other, said = another_future(exchange, Signals(score), cut, seed)
        known = {name: getattr(other, name).copy() for name in ("open", "limit_up", "limit_down")}
        for name, cell in known.items():
            cell[cut + 1] = getattr(exchange, name)[cut + 1]
        actions = Actions(*(frozen(column[exchange.actions.bar <= cut + 1]) for column in exchange.actions))
        other = replace(other, **{name: frozen(cell) for name, cell in known.items()}, actions=actions)
        strategy, execution = RankAndHold(names=3, days=2), Execution(participation=0.02)
        books = [
            run_portfolio(strategy, signals, market, 1e6, execution)
            for signals, market in ((Signals(score), exchange), (said, other))
        ]
        events = [book.events[book.events[:, t_.BAR] <= cut + 1] for book in books]
        assert np.array_equal(*events)
        assert (books[0].events[:, t_.OUTCOME] == OUTCOMES.index("share of volume")).any()

    @given(SEEDS, st.sampled_from([2, 3, 10]))
    def test_prices_and_money_times_k(self, seed, k):
        """Lots of one, no fees, prices and capital times k: equity times k."""
        exchange, score = ranked(seed)
        names = len(exchange.assets)
        plain = replace(
            exchange, actions=Actions.none(), minimum_commission=0, slippage_ticks=0,
            fees=frozen(np.zeros((len(exchange), 2, FEE_COLUMNS), dtype=np.int64)),
            lot=frozen(np.ones(names, dtype=np.int64)), minimum=frozen(np.ones(names, dtype=np.int64)),
        )  # fmt: skip
        cells = {
            name: getattr(plain, name) for name in ("open", "high", "low", "close", "vwap", "limit_up", "limit_down")
        }
        grown = {
            name: frozen(np.where(cell == NO_LIMIT, NO_LIMIT, cell.astype(np.int64) * k).astype(np.int32))
            for name, cell in cells.items()
        }
        strategy = RankAndHold(names=4, days=2, cap=1.0)
        once = run_portfolio(strategy, Signals(score), plain, 1e5)
        more = run_portfolio(strategy, Signals(score), replace(plain, **grown), 1e5 * k)
        assert (once.account.lines[:, t_.L_EQUITY] * k == more.account.lines[:, t_.L_EQUITY]).all()

    @given(SEEDS)
    def test_costs_only_lower_equity_when_orders_are_the_same(self, seed):
        exchange, score = ranked(seed)
        script = tuple((t, n, 100 if t % 4 == 1 else -100, 0, 0) for t in range(1, 40) for n in range(4) if t % 2)
        dear, gross = (
            run_portfolio(Scripted(script=script), Signals(score), e, 1e8) for e in (exchange, exchange.without_costs())
        )
        assert (dear.account.lines[:, t_.L_EQUITY] <= gross.account.lines[:, t_.L_EQUITY]).all()
        paid = dear.account.lines[:, [t_.L_FEES, t_.L_SLIPPAGE]].sum()
        assert gross.account.lines[-1, t_.L_EQUITY] - dear.account.lines[-1, t_.L_EQUITY] == paid

    @given(st.integers(1, 5000), st.sampled_from([(2, 1), (3, 2), (1, 2), (7, 4)]))
    def test_a_split_moves_no_equity(self, lots, ratio):
        """Ten yuan before, ten times below over above after, all shares whole: the same equity on both sides."""
        above, below = ratio
        price, size = 1000 * above, lots * 100 * below
        cells = np.array([[price], [price], [price * below // above], [price * below // above]], dtype=np.int32)
        exchange, _ = ranked(1, bars=4, names=1)
        bare = {"volume": frozen(np.full((4, 1), 10**9)), "limit_up": frozen(np.full((4, 1), NO_LIMIT, dtype=np.int32))}
        bare |= {name: frozen(cells) for name in ("open", "high", "low", "close", "vwap")}
        split = replace(
            exchange.without_costs(), **bare, limit_down=frozen(np.zeros((4, 1), dtype=np.int32)),
            actions=Actions.of([(2, 0, SPLIT, above, below, 2)]), lot=frozen(np.array([1])), minimum=frozen(np.array([1])),
        )  # fmt: skip
        book = run_portfolio(Scripted(script=((1, 0, size, 0, 0),)), Signals(np.zeros((4, 1))), split, 1e10)
        assert len(set(book.equity.tolist())) == 1
        assert book.account.shares[0] == lots * 100 * above


class TestPlainStrategies:
    @pytest.mark.parametrize(
        "order", [Order(99, 100), Order(0, 0), Order(0, 100, 7), Order(-1, 5), Order(0, 100, 1, 0)], ids=str
    )
    def test_an_order_that_makes_no_sense(self, order):
        exchange, score = ranked(2, bars=5)
        strategy = Scripted(script=())
        object.__setattr__(strategy, "decide", lambda view: [order])
        with pytest.raises(SettingError, match="makes no sense"):
            run_portfolio(strategy, Signals(score), exchange, 1e6)
