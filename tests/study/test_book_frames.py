"""Tables of a book over many assets: values of what has a multiplier, and orders that can be read back and given again."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tidegate.backtest.portfolio import Signals, run_portfolio
from tidegate.strategy.given_orders import GivenOrders
from tidegate.strategy.open_against_forecast import OpenAgainstForecast
from tidegate.strategy.orders import FillAt, Order
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.strategy.selection import Selection
from tidegate.study.book_frames import book_frames
from tidegate.testing.exchanges import example_exchange
from tidegate.types.axes import frozen

BARS, ASSETS, MULTIPLIER, CAPITAL = 60, 8, 10, 50_000_000.0


def multiplied():
    """An exchange where one unit of each asset stands for ten."""
    exchange = example_exchange(bars=BARS, assets=ASSETS, seed=3)
    return replace(exchange, tick_value=frozen(exchange.tick_value * MULTIPLIER))


def test_what_has_a_multiplier_is_worth_that_many_times_its_price():
    exchange = multiplied()
    score = np.random.default_rng(1).standard_normal(exchange.open.shape)
    book = run_portfolio(RankAndHold(names=3, days=2), Signals(score), exchange, CAPITAL)
    frames = book_frames(book, score)
    fills, actions = frames["fills"], frames["actions"]
    assert fills.height > 50
    np.testing.assert_allclose(fills["value"], fills["quantity"] * fills["price"] * MULTIPLIER, atol=1e-6)
    fees = fills.select(pl.sum_horizontal("commission", "stamp_duty", "transfer_fee")).to_series().sum()
    flow = np.where(fills["side"] == "buy", -1.0, 1.0) @ fills["value"].to_numpy()
    assert CAPITAL + flow - fees + actions["cash"].sum() == pytest.approx(frames["book"]["cash"][-1], abs=0.005)
    coming = frames["next"]
    assert coming.height > 0
    worth = coming["quantity"] * coming["reference_price"] * MULTIPLIER
    np.testing.assert_allclose(coming["value"], worth, atol=1e-6)


def test_orders_tell_every_cent_of_the_ledger():
    exchange = example_exchange(bars=BARS, assets=ASSETS, seed=3)
    score = np.random.default_rng(1).standard_normal(exchange.open.shape)
    book = run_portfolio(RankAndHold(names=3, days=2), Signals(score), exchange, CAPITAL)
    frames, ledger = book_frames(book, score), book.ledger()
    assert frames["orders"].select(ledger.orders.columns).equals(ledger.orders)
    assert frames["fills"].select(ledger.fills.columns).equals(ledger.fills)


class Asks(Selection):
    """Every way in which an order may ask something of its price.

    Known at
        Orders after CLOSE(t).
    """

    name = "asks"
    reasons = ("asked",)

    def decide(self, view):
        """Give the same six orders after each close."""
        there = np.flatnonzero(view.ticks > 0)[:2].tolist()
        price = {n: int(view.ticks[n]) for n in there}
        return [
            order
            for n in there
            for order in (
                Order(n, 400, FillAt.OPEN, price[n]),
                Order(n, 600, FillAt.OPEN, -price[n]),
                Order(n, 200, FillAt.LIMIT, price[n] - 2),
                Order(n, 200, FillAt.VWAP),
                Order(n, -200, FillAt.CLOSE, 1),
                Order(n, -200, FillAt.CLOSE),
            )
        ]


def test_tomorrows_orders_keep_their_conditions_and_can_be_given_again(tmp_path):
    exchange = example_exchange(bars=BARS, assets=ASSETS, seed=3)
    nothing = Signals(np.full(exchange.open.shape, np.nan))
    first = exchange.between(0, BARS - 1)
    coming = book_frames(run_portfolio(Asks(), Signals(nothing.score[:-1]), first, CAPITAL), nothing.score[:-1])["next"]
    assert coming["above"].drop_nulls().len() == coming["below"].drop_nulls().len() == 2
    assert coming["limit"].drop_nulls().len() == coming["only_ends"].sum() == 2
    assert coming.filter(pl.col("limit").is_not_null())["at"].unique().to_list() == ["limit"]
    coming.write_csv(tmp_path / "next.csv")
    given = GivenOrders.read(tmp_path / "next.csv")
    again = book_frames(run_portfolio(given, Signals(nothing.score[:-1]), first, CAPITAL), nothing.score[:-1])["next"]
    told = ["decided", "asset", "side", "quantity", "at", "limit", "above", "below", "only_ends"]
    assert again.select(told).equals(coming.select(told))


def test_the_futures_rule_says_on_which_side_of_the_forecast():
    exchange = example_exchange(bars=40, assets=1, shorts=True, seed=3)
    forecast = np.where(exchange.close > 0, exchange.close * exchange.tick, np.nan)
    frames = book_frames(run_portfolio(OpenAgainstForecast(), Signals(forecast), exchange, CAPITAL), forecast)
    coming, orders = frames["next"], frames["orders"]
    entering = coming.filter(pl.col("at") == "open")
    assert entering.filter(pl.col("side") == "buy")["above"].is_not_null().all()
    assert entering.filter(pl.col("side") == "sell")["below"].is_not_null().all()
    assert coming["limit"].is_null().all()
    met = orders.filter((pl.col("filled") > 0) & pl.col("above").is_not_null())
    assert met.height > 3
    assert (met["price"] >= met["above"]).all()
