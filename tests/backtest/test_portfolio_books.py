"""Many books in one call are the single ones, bit for bit; costs taken apart; capacity under a cap."""

import numpy as np
import pytest
from small_worlds import exchange_of, world_of

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Execution, Signals, run_portfolio
from tidegate.backtest.portfolios import VIEWS, Run, capacity_curve, cost_views, run_portfolios
from tidegate.errors import SettingError
from tidegate.strategy.rank_and_hold import RankAndHold


def market(seed=5, bars=60, names=12):
    """A market without shorts and with shares that may all be traded; scores with gaps."""
    from dataclasses import replace

    exchange = replace(exchange_of(world_of(seed, bars=bars, names=names)), shorts=False)
    score = np.random.default_rng(seed).standard_normal((bars, names))
    score[score < -1.5] = np.nan
    return exchange, score


def runs(exchange, score):
    """A grid: settings, shuffled scores, capital, and how orders are met."""
    generator = np.random.default_rng(0)
    for names in (2, 5):
        for days in (1, 3):
            for capital in (50_000.0, 1e7):
                strategy = RankAndHold(names=names, days=days)
                yield Run(strategy, Signals(score), exchange, capital)
                shuffled = generator.permuted(score, axis=1)
                yield Run(
                    strategy, Signals(shuffled), exchange, capital, Execution(participation=0.2, whole_orders=True)
                )


@pytest.mark.parametrize("threads", [1, 3])
def test_equal_to_single_books(threads):
    exchange, score = market()
    books = run_portfolios(runs(exchange, score), threads=threads)
    assert len(books) == 16
    for k, run in enumerate(runs(exchange, score)):
        alone = run_portfolio(run.strategy, run.signals, exchange, run.capital, run.execution)
        assert alone.equity.tobytes() == books.equity[k].tobytes()
        purse, lines, events = alone.account.purse, alone.account.lines, alone.events
        acted = (events[:, t_.OUTCOME] >= 10) & (events[:, t_.OUTCOME] <= 13)
        orders = events[~acted]
        assert books.trades[k] == (orders[:, t_.DONE] > 0).sum()
        assert books.unfilled[k] == (orders[:, t_.DONE] < orders[:, t_.WANTED]).sum()
        for kind, column in (("commission", t_.COMMISSION), ("stamp_duty", t_.STAMP), ("transfer_fee", t_.TRANSFER)):
            assert books.fees[kind][k] == orders[:, column].sum() / exchange.money_scale
        assert books.slippage[k] == orders[:, t_.SLIPPAGE].sum() / exchange.money_scale
        assert books.filled[k] == orders[:, t_.DONE].sum() / orders[:, t_.WANTED].sum()
        assert books.bought[k] == lines[:, t_.L_BOUGHT].sum() / exchange.money_scale
        assert (books.round_trips[k], books.winning_trips[k]) == (purse[t_.CLOSED], purse[t_.WINS])
        assert books.names[k].tolist() == lines[:, t_.L_COUNT].tolist()
    assert books.trades.min() > 20


def test_plain_and_compiled_and_twice():
    exchange, score = market(seed=11)
    strategy = RankAndHold(names=3, days=2)
    books = [run_portfolio(strategy, Signals(score), exchange, 1e6, plain=plain) for plain in (False, True, False)]
    for other in books[1:]:
        assert np.array_equal(books[0].events, other.events)
        assert np.array_equal(books[0].account.lines, other.account.lines)
        assert np.array_equal(books[0].account.own, other.account.own)


def test_a_record_that_grows_is_the_same(monkeypatch):
    """Room for few events at first: the loop stops, gets more and goes on."""
    exchange, score = market(seed=3)
    strategy, signals = RankAndHold(names=4, days=1), Signals(score)
    whole = run_portfolio(strategy, signals, exchange, 1e6)
    from tidegate.backtest import portfolio

    def narrow(tape, capital, actions):
        made = t_.new_account(tape, capital, actions)
        return made._replace(events=made.events[:3].copy())

    monkeypatch.setattr(portfolio, "new_account", narrow)
    grown = run_portfolio(strategy, signals, exchange, 1e6)
    assert len(grown.account.events) < len(whole.account.events)
    assert np.array_equal(whole.events, grown.events)
    assert np.array_equal(whole.account.lines, grown.account.lines)


class TestViews:
    def test_costs_apart(self):
        exchange, score = market(seed=8)
        run = Run(RankAndHold(names=4, days=2), Signals(score), exchange, 1e6, Execution(slippage_rate=0.001))
        books = cost_views(run)
        assert len(books) == len(VIEWS)
        fees = sum(books.fees.values())
        assert fees[0] == books.slippage[0] == books.slippage[1] == 0
        assert fees[1] > 0
        assert books.slippage[2] > 0
        net = run_portfolio(run.strategy, run.signals, exchange, 1e6, run.execution)
        assert net.equity.tobytes() == books.equity[2].tobytes()

    def test_more_money_fills_less(self):
        exchange, score = market(seed=8)
        run = Run(RankAndHold(names=4, days=2), Signals(score), exchange, 1.0)
        books = capacity_curve(run, [1e5, 1e6, 1e7, 1e9], participation=0.1)
        assert books.capital.tolist() == [1e5, 1e6, 1e7, 1e9]
        assert (np.diff(books.filled) < 0).all()
        assert (np.diff(books.cash_use.mean(axis=1)) < 0).all()


class TestValidation:
    def test_what_it_refuses(self):
        exchange, score = market()
        with pytest.raises(SettingError, match="no book to run"):
            run_portfolios([])
        short = exchange.until(10)
        run, other = (Run(RankAndHold(), Signals(score[: len(e)]), e, 1e6) for e in (exchange, short))
        with pytest.raises(SettingError, match="different bars"):
            run_portfolios([run, other])
        with pytest.raises(SettingError, match="does not fit the exchange"):
            run_portfolio(RankAndHold(), Signals(score[:5]), exchange, 1e6)
        with pytest.raises(SettingError, match="whole number of cents"):
            run_portfolio(RankAndHold(), Signals(score), exchange, 100.005)
        with pytest.raises(SettingError, match="capital is out of range"):
            run_portfolios([Run(RankAndHold(), Signals(score), exchange, -1.0)])

    def test_an_average_price_that_nobody_knows(self):
        from dataclasses import replace

        exchange, score = market()
        blind = replace(exchange, vwap=None)
        with pytest.raises(SettingError, match="average price"):
            run_portfolio(RankAndHold(buy_at="vwap"), Signals(score), blind, 1e6)
        with pytest.raises(SettingError, match="average price"):
            run_portfolios([Run(RankAndHold(sell_at="vwap"), Signals(score), blind, 1e6)])

    def test_average_prices_that_are_all_missing(self):
        from dataclasses import replace

        exchange, score = market()
        blind = replace(exchange, vwap=exchange.vwap * 0)
        with pytest.raises(SettingError, match="average price"):
            run_portfolio(RankAndHold(buy_at="vwap"), Signals(score), blind, 1e6)

    @pytest.mark.parametrize("why", ["its unit is not known", "there is none"])
    def test_a_cap_on_a_volume_that_nobody_knows(self, why):
        from dataclasses import replace

        exchange, score = market()
        changes = {"volume": exchange.volume * 0} if why == "there is none" else {"counted": False}
        blind = replace(exchange, **changes)
        run = Run(RankAndHold(), Signals(score), blind, 1e6)
        with pytest.raises(SettingError, match=r"knows no volume.*participation 0\.1"):
            capacity_curve(run, [1e5], participation=0.1)
        assert len(run_portfolios([run])) == 1
