"""Dropout, groups, equal weight, open against forecast, given orders: each rule in a world where it can be seen."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selection_worlds import plain_exchange, random_world

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Signals, run_portfolio
from tidegate.errors import DataError, SettingError
from tidegate.market.calendar import XSHG
from tidegate.market.months import month_ends
from tidegate.strategy.equal_weight import EqualWeight
from tidegate.strategy.given_orders import GivenOrders
from tidegate.strategy.groups import Groups
from tidegate.strategy.open_against_forecast import OpenAgainstForecast
from tidegate.strategy.top_k_dropout import TopKDropout

CAPITAL = 1_000_000.0


def book_of(strategy, score, exchange, **more):
    return run_portfolio(strategy, Signals(np.asarray(score, dtype=float), **more), exchange, CAPITAL)


def filled(book, bar, side):
    rows = book.events[
        (book.events[:, t_.BAR] == bar) & (book.events[:, t_.SIDE] == side) & (book.events[:, t_.DONE] > 0)
    ]
    return rows[:, t_.ASSET].tolist()


def held_after(book, bar):
    """Who is held after a bar, from the fills alone."""
    shares = np.zeros(len(book.exchange.assets), dtype=np.int64)
    for row in book.events[book.events[:, t_.BAR] <= bar]:
        shares[row[t_.ASSET]] += row[t_.SIDE] * row[t_.DONE]
    return set(np.flatnonzero(shares).tolist())


# ------------------------------------------------------------------ top-k with dropout


def qlib_step(score, held, names, drop):
    """What Qlib's strategy sells and buys, with plain lists and distinct scores."""
    last = sorted(held, key=lambda n: -score[n])
    fresh = sorted((n for n in range(len(score)) if n not in held), key=lambda n: -score[n])[: drop + names - len(last)]
    together = sorted([*last, *fresh], key=lambda n: -score[n])
    worst = together[-drop:] if drop else []
    sold = [n for n in last if n in worst]
    return set(sold), set(fresh[: len(sold) + names - len(last)])


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(0, 4))
def test_dropout_is_qlibs_where_there_are_enough_newcomers(seed, names, drop):
    exchange, score = random_world(seed, bars=25, assets=16)
    book = book_of(TopKDropout(names=names, drop=drop), score, exchange)
    for bar in range(1, 25):
        sold, bought = qlib_step(score[bar - 1], held_after(book, bar - 1), names, drop)
        assert set(filled(book, bar, -1)) == sold
        assert set(filled(book, bar, 1)) == bought
        assert len(sold) <= drop
        assert len(held_after(book, bar)) == names


def test_dropout_never_sells_without_a_better_one():
    score = np.tile(np.array([4.0, 3.0, 2.0, np.nan]), (6, 1))
    score[3:, 3] = 3.5
    book = book_of(TopKDropout(names=3, drop=2), score, plain_exchange(np.full((6, 4), 10.0)))
    assert [len(filled(book, bar, -1)) for bar in range(6)] == [0, 0, 0, 0, 1, 0]
    assert filled(book, 4, -1) == [2]
    assert filled(book, 4, 1) == [3]
    tied = np.tile(np.array([1.0, 1.0, 1.0, 1.0]), (6, 1))
    assert len(book_of(TopKDropout(names=2, drop=2), tied, plain_exchange(np.full((6, 4), 10.0))).events) == 2


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_dropout_keeps_what_is_too_young_and_never_holds_too_many(seed, hold):
    exchange, score = random_world(seed, bars=25, assets=10)
    book = book_of(TopKDropout(names=3, drop=2, hold=hold), score, exchange)
    bought = np.full(10, -99)
    for row in book.events:
        if row[t_.SIDE] > 0:
            bought[row[t_.ASSET]] = row[t_.BAR]
        else:
            assert row[t_.BAR] - bought[row[t_.ASSET]] >= hold
    assert book.account.lines[:, t_.L_COUNT].max() == 3
    gross = book.account.lines[-1, t_.L_HOLDINGS] / book.account.lines[-1, t_.L_EQUITY]
    assert gross <= 1.0


# ------------------------------------------------------------------ groups


@given(st.integers(0, 10_000), st.integers(1, 6), st.data())
def test_quantile_groups_hold_who_they_say(seed, count, data):
    group = data.draw(st.integers(1, count))
    exchange, score = random_world(seed, bars=13, assets=13)
    book = book_of(Groups(count=count, group=group, every=4), score, exchange)
    for bar in range(1, 13):
        ranks = np.argsort(-score[(bar - 1) // 4 * 4])
        assert held_after(book, bar) == set(ranks[(group - 1) * 13 // count : group * 13 // count].tolist())
        assert len(filled(book, bar, 1)) == 0 or bar % 4 == 1


@pytest.mark.parametrize("wide", [1, 2, 3])
def test_groups_put_together_hold_what_they_held_apart(wide):
    exchange, score = random_world(4, bars=6, assets=23)
    apart = [held_after(book_of(Groups(count=10, group=g, every=9), score, exchange), 1) for g in range(1, wide + 1)]
    together = held_after(book_of(Groups(count=10, group=1, wide=wide, every=9), score, exchange), 1)
    assert together == set().union(*apart)
    with pytest.raises(SettingError, match="put together"):
        Groups(count=10, group=9, wide=3)
    with pytest.raises(SettingError, match="overlap"):
        Groups(count=5, group=1, short_group=5, wide=3)


def test_all_groups_together_are_the_universe():
    exchange, score = random_world(3, bars=6, assets=11)
    held = [held_after(book_of(Groups(count=4, group=g, every=9), score, exchange), 1) for g in (1, 2, 3, 4)]
    assert sorted(n for own in held for n in own) == list(range(11))


def test_classes_are_held_equally_and_rebalanced_at_month_ends():
    exchange = plain_exchange(np.full((40, 6), 10.0))
    score = np.tile(np.array([1.0, 2, 2, 0, 2, np.nan]), (40, 1))
    score[20:] = [2.0, 2, 0, 0, np.nan, 2]
    gate = month_ends(exchange.times)
    assert np.flatnonzero(gate).tolist() == [21]  # 23 January, the last session before the Spring Festival
    book = book_of(Groups(by="class", group=2, every=0), score, exchange, gate=gate)
    assert held_after(book, 21) == set()
    assert held_after(book, 22) == {0, 1, 5}
    assert set(book.account.shares[[0, 1, 5]].tolist()) == {33_300}
    first = np.where(np.arange(40) == 3, 1.0, gate)
    book = book_of(Groups(by="class", group=2, every=0), score, exchange, gate=first)
    assert held_after(book, 4) == {1, 2, 4}
    assert held_after(book, 22) == {0, 1, 5}
    assert filled(book, 22, -1) == [2, 4]


def test_a_months_end_is_the_calendars_and_not_the_next_bars():
    days = XSHG.sessions(date(2019, 11, 1), date(2020, 6, 30)).astype("datetime64[us]")
    gate = month_ends(days)
    assert gate.sum() == 8
    for count in range(len(days)):
        assert month_ends(days[:count]).tolist() == gate[:count].tolist()
    missing = np.delete(days, np.flatnonzero(gate)[2] + 1)  # a bar is missing after the end of January
    assert month_ends(missing).sum() == 8
    with pytest.raises(DataError, match="unknown"):
        month_ends(np.array(["2026-12-31"], dtype="datetime64[us]"))
    with pytest.raises(SettingError, match="daily bars"):
        month_ends(np.repeat(days, 2))


def test_a_short_group_is_the_mirror_of_the_long_one():
    generator = np.random.default_rng(2)
    close = np.round(20 * np.exp(np.cumsum(generator.normal(0, 0.02, (30, 10)), axis=0)), 2)
    score = generator.standard_normal((30, 10))
    exchange = plain_exchange(close, shorts=True, lot=1)
    book = book_of(Groups(count=5, group=1, short_group=5, every=5, part=0.5), score, exchange)
    worth = book.account.shares * book.account.mark
    assert (worth > 0).sum() == (worth < 0).sum() == 2
    lines = book.account.lines
    assert abs(lines[1, t_.L_HOLDINGS]) < 0.02 * lines[1, t_.L_EQUITY]
    long, short = (book_of(Groups(count=5, group=g, every=5, part=0.5), score, exchange) for g in (1, 5))
    apart = (long.equity - short.equity) / CAPITAL
    assert np.corrcoef(book.equity / CAPITAL, apart)[0, 1] > 0.98
    with pytest.raises(SettingError, match="sells short, and nothing may be sold short"):
        book_of(Groups(short_group=5), score, plain_exchange(close))


def test_what_a_limit_kept_is_sold_later_and_a_group_has_bounds():
    exchange = plain_exchange(np.full((8, 4), 10.0))
    down = exchange.limit_down.copy()
    down[3:5, 0] = 1000  # nobody buys at the lower limit
    score = np.tile(np.array([2.0, 1.0, 0.0, -1.0]), (8, 1))
    score[2:] = [-2.0, 3.0, 0.0, -1.0]
    object.__setattr__(exchange, "limit_down", down)
    gate = np.isin(np.arange(8), [0, 2]).astype(float)
    book = book_of(Groups(count=4, group=1, every=0), score, exchange, gate=gate)
    assert [held_after(book, bar) for bar in (1, 3, 4, 5, 7)] == [{0}, {0}, {0}, set(), set()]
    assert book.events[book.events[:, t_.SIDE] < 0][:, t_.BAR].tolist() == [3, 4, 5]
    for wrong in ({"group": 6}, {"group": 0}, {"short_group": 9}):
        with pytest.raises(SettingError, match="no such group"):
            Groups(count=5, **wrong)
    with pytest.raises(SettingError, match="both held and sold short"):
        Groups(short_group=1)


def test_equal_weight_holds_all_that_has_a_score():
    exchange, score = random_world(4, bars=20, assets=12, lot=1)
    score[:, 3] = np.nan
    book = book_of(EqualWeight(every=5), score, exchange)
    worth = book.account.shares * book.account.mark
    assert worth[3] == 0
    assert (worth > 0).sum() == 11
    fresh = book_of(EqualWeight(every=1), score, exchange)
    parts = fresh.account.shares * fresh.account.mark / fresh.account.lines[-1, t_.L_EQUITY]
    assert parts[parts > 0] == pytest.approx(np.full(11, 1 / 11), rel=0.1)
    small = run_portfolio(EqualWeight(), Signals(score), random_world(4, bars=20, assets=12)[0], 1_000.0)
    assert len(small.events) == 0  # not a lot of anything


# ------------------------------------------------------------------ open against forecast


def futures(open_, close):
    return plain_exchange(np.array(close)[:, None], open_=np.array(open_)[:, None], shorts=True, waits=0, lot=1)


def test_as_printed_buys_an_open_above_its_forecast_and_is_flat_at_every_close():
    exchange = futures([100.0, 102.0, 98.0, 100.0, 105.0], [100.0, 103.0, 97.0, 101.0, 105.0])
    forecast = np.array([100.0, 100.0, 100.0, np.nan, 100.0])[:, None]
    printed, follow = (
        book_of(OpenAgainstForecast(rule=rule, fraction=0.5), forecast, exchange) for rule in ("as printed", "follow")
    )
    assert printed.account.lines[:, t_.L_COUNT].tolist() == [0] * 5
    first = 5_000 * 1.0  # bought at 102, sold at 103
    second = 4_878 * 1.0  # 502,500 over 103: sold short at 98, bought back at 97
    assert printed.equity.tolist() == [CAPITAL, CAPITAL + first, *[CAPITAL + first + second] * 3]
    assert follow.equity[1] == CAPITAL - first
    assert follow.equity[2] < follow.equity[1]


def test_an_open_at_the_forecast_trades_neither_way():
    exchange = futures([100.0, 100.0, 100.01, 99.99], [100.0] * 4)
    book = book_of(OpenAgainstForecast(), np.full((4, 1), 100.0), exchange)
    done = book.events[book.events[:, t_.DONE] > 0]
    assert done[:, t_.BAR].tolist() == [2, 2, 3, 3]
    assert done[:, t_.SIDE].tolist() == [1, -1, -1, 1]


@given(st.integers(0, 10_000), st.booleans())
def test_the_two_rules_are_each_others_mirror(seed, short):
    generator = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(generator.normal(0, 0.01, 20))), 2)
    opened = np.round(np.concatenate([close[:1], close[:-1]]) * np.exp(generator.normal(0, 0.005, 20)), 2)
    forecast = np.round(close * np.exp(generator.normal(0, 0.005, 20)), 3)[:, None]
    exchange = futures(opened, close)
    books = [
        book_of(OpenAgainstForecast(rule=rule, short=short), forecast, exchange) for rule in ("as printed", "follow")
    ]
    sides = []
    for book in books:
        assert (book.account.lines[:, t_.L_COUNT] == 0).all()
        entries = book.events[(book.events[:, t_.DONE] > 0) & (book.events[:, t_.AT] == 0)]
        sides.append(dict(zip(entries[:, t_.BAR].tolist(), entries[:, t_.SIDE].tolist(), strict=True)))
    expected = {bar: int(np.sign(opened[bar] - forecast[bar - 1, 0])) for bar in range(1, 20)}
    for side, rule in zip(sides, (1, -1), strict=True):
        assert side == {bar: rule * sign for bar, sign in expected.items() if sign and (short or rule * sign > 0)}


def test_a_closing_order_that_was_refused_does_not_turn_the_position_round():
    exchange = futures([100.0, 101.0, 99.0, 99.0], [100.0, 102.0, 99.0, 99.0])
    down = exchange.limit_down.copy()
    down[1] = 10_200  # the close is at the lower limit: nobody buys
    object.__setattr__(exchange, "limit_down", down)
    book = book_of(OpenAgainstForecast(), np.array([[100.0], [100.0], [np.nan], [np.nan]]), exchange)
    assert book.account.lines[:, t_.L_COUNT].tolist() == [0, 1, 0, 0]
    done = book.events[book.events[:, t_.DONE] > 0]
    assert done[:, t_.BAR].tolist() == [1, 2]
    assert book.reasons[done[1, t_.REASON]] == "left over from the bar before"


# ------------------------------------------------------------------ given orders

TABLE = """time,asset,quantity,at,price
2020-01-02,000001,300,open,
2020-01-03,000002,100,limit,9.5
2020-01-03,000001,-100,close,
2020-01-04,000001,200,open,10.5
"""


def test_a_table_of_orders_is_replayed(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(TABLE)
    strategy = GivenOrders.read(path)
    assert GivenOrders.of(strategy.model_dump(mode="json")) == strategy
    close = np.array([[10.0, 10.0], [10.0, 10.0], [10.0, 9.4], [10.0, 9.4]])
    open_ = np.array([[10.0, 10.0], [10.0, 10.0], [10.0, 10.0], [10.0, 9.4]])
    exchange = plain_exchange(close, open_=open_)
    book = book_of(strategy, np.full((4, 2), np.nan), exchange)
    told = [tuple(row[[t_.BAR, t_.ASSET, t_.SIDE, t_.DONE, t_.PRICE]].tolist()) for row in book.events]
    assert told == [
        (1, 0, 1, 300, 1000),
        (2, 1, 1, 100, 950),
        (2, 0, -1, 100, 1000),
        (3, 0, 1, 0, 1000),  # only above 10.50
    ]


@pytest.mark.parametrize(
    "row, match",
    [
        ({"asset": "999999"}, "an asset that is not there"),
        ({"time": "2020-01-03T05:00:00"}, "no bar's label"),
        ({"at": "limit", "price": 9.505}, "off the tick"),
    ],
)
def test_an_order_that_cannot_be_given_is_refused(row, match):
    order = {"time": "2020-01-03", "asset": "000001", "quantity": 100, **row}
    with pytest.raises(SettingError, match=match):
        book_of(GivenOrders(orders=[order]), np.ones((5, 2)), plain_exchange(np.full((5, 2), 10.0)))


def test_a_table_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        GivenOrders.read(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="no orders"):
        GivenOrders.of_frame(pl.DataFrame({"time": ["2020-01-02"], "asset": ["a"]}))
    with pytest.raises(DataError, match="no orders"):
        GivenOrders.of_frame(pl.DataFrame({"time": ["soon"], "asset": ["a"], "quantity": [1]}))


def test_orders_before_the_book_are_passed_over():
    rows = [{"time": f"2020-01-0{day}", "asset": "000001", "quantity": 100} for day in (1, 2, 3)]
    book = book_of(GivenOrders(orders=rows), np.ones((4, 1)), plain_exchange(np.full((4, 1), 10.0)))
    assert book.events[:, t_.BAR].tolist() == [1, 2]
