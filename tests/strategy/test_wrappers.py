"""A gate and a volatility target around other strategies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selection_worlds import plain_exchange, random_world

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Signals, run_portfolio
from tidegate.errors import SettingError
from tidegate.strategy.equal_weight import EqualWeight
from tidegate.strategy.gated import Gated
from tidegate.strategy.groups import Groups
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.strategy.scaled import Scaled
from tidegate.strategy.top_k_dropout import TopKDropout
from tidegate.strategy.volatility_target import VolatilityTarget, exposure_scale, trailing_volatility

INNER = [RankAndHold(names=4, days=3), TopKDropout(names=4, drop=1), Groups(count=4, every=3), EqualWeight(every=4)]
CAPITAL = 1_000_000.0


def book_of(strategy, score, exchange, gate=None, *, plain=False):
    return run_portfolio(strategy, Signals(score, gate=gate), exchange, CAPITAL, plain=plain)


@pytest.mark.parametrize("inner", INNER, ids=lambda inner: inner.name)
@pytest.mark.parametrize("plain", [False, True])
def test_a_gate_that_is_always_open_is_not_there(inner, plain):
    exchange, score = random_world(1)
    alone = book_of(inner, score, exchange, plain=plain)
    gated = book_of(Gated(inner=inner, days=2), score, exchange, np.ones(len(exchange)), plain=plain)
    assert len(alone.events) > 30
    assert np.array_equal(alone.events, gated.events)
    assert np.array_equal(alone.account.lines, gated.account.lines)


@pytest.mark.parametrize("inner", INNER, ids=lambda inner: inner.name)
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_a_gate_that_is_always_closed_is_cash(inner, value):
    exchange, score = random_world(1)
    book = book_of(Gated(inner=inner), score, exchange, np.full(len(exchange), value))
    assert len(book.events) == 0
    assert (book.equity == CAPITAL).all()


@given(st.integers(0, 10_000), st.integers(1, 6), st.sampled_from(INNER))
def test_while_the_gate_is_closed_holdings_run_off_and_nothing_is_bought(seed, days, inner):
    exchange, score = random_world(seed, bars=40, assets=10)
    gate = np.where(np.random.default_rng(seed).random(40).repeat(6)[:40] < 0.5, -1.0, 1.0)
    book = book_of(Gated(inner=inner, days=days), score, exchange, gate)
    words = book.reasons.index("the gate is closed")
    last = np.full(10, -1)
    for row in book.events:
        bar, asset = row[t_.BAR], row[t_.ASSET]
        assert row[t_.SIDE] < 0 or gate[bar - 1] > 0
        if row[t_.SIDE] > 0 and row[t_.DONE] > 0:
            last[asset] = bar
        if row[t_.REASON] == words:
            assert gate[bar - 1] <= 0
            assert bar - last[asset] >= days
    closed = np.array([(gate[max(bar - days - 1, 0) : bar] <= 0).all() for bar in range(40)])
    held = book.account.lines[:, t_.L_COUNT]
    assert (held[days + 1 :][closed[days + 1 :]] == 0).all()  # in cash `days` bars after it closed, at the latest


def test_a_gate_that_flips_waits_for_the_next_session():
    exchange = plain_exchange(np.full((12, 2), 10.0), a_session=4)
    gate = np.where(np.arange(12) == 3, 1.0, -1.0)
    score = np.ones((12, 2))
    book = book_of(Gated(inner=RankAndHold(names=1, days=1, cap=1.0), days=1), score, exchange, gate)
    assert (book.events[:, t_.OUTCOME] == 0).all()
    assert book.events[:, t_.SIDE].tolist() == [1, -1]
    assert book.events[:, t_.BAR].tolist() == [4, 8]  # what bar 4 bought waits for the session that begins with bar 8


def test_gates_in_gates_and_targets_in_gates_agree_with_plain_python():
    exchange, score = random_world(5)
    volatility = np.abs(np.random.default_rng(5).normal(0.01, 0.005, len(exchange)))
    gate = np.where(np.random.default_rng(6).random(len(exchange)) < 0.3, -1.0, volatility)
    inner = VolatilityTarget(inner=RankAndHold(names=3), target=0.01)
    for strategy in (Gated(inner=inner), Gated(inner=Gated(inner=inner, days=2), days=4)):
        fast, slow = (book_of(strategy, score, exchange, gate, plain=plain) for plain in (False, True))
        assert len(fast.events) > 50
        assert np.array_equal(fast.events, slow.events)
        assert np.array_equal(fast.account.lines, slow.account.lines)


@given(st.integers(0, 10_000), st.integers(2, 6), st.sampled_from(INNER))
def test_within_their_days_holdings_go_when_the_inner_strategy_says_so(seed, days, inner):
    exchange, score = random_world(seed, bars=40, assets=10)
    gate = np.where(np.random.default_rng(seed).random(40).repeat(6)[:40] < 0.5, -1.0, 1.0)
    strategy = Gated(inner=inner, days=days, meanwhile="inner sells")
    book, slow = (book_of(strategy, score, exchange, gate, plain=plain) for plain in (False, True))
    assert np.array_equal(book.events, slow.events)
    assert np.array_equal(book.account.lines, slow.account.lines)
    words, last = book.reasons.index("the gate is closed"), np.full(10, -1)
    for row in book.events:
        bar, asset = row[t_.BAR], row[t_.ASSET]
        assert row[t_.SIDE] < 0 or gate[bar - 1] > 0
        if row[t_.SIDE] > 0 and row[t_.DONE] > 0:
            last[asset] = bar
        if gate[bar - 1] <= 0:  # by the rule when its days are over, by the inner strategy before
            assert (row[t_.REASON] == words) == (bar - last[asset] >= days)
    closed = np.array([(gate[max(bar - days - 1, 0) : bar] <= 0).all() for bar in range(40)])
    assert (book.account.lines[:, t_.L_COUNT][days + 1 :][closed[days + 1 :]] == 0).all()


def test_both_readings_of_running_off_differ_where_the_inner_strategy_sells_sooner():
    exchange, score = random_world(3, bars=60, assets=12)
    gate = np.where(np.arange(60) % 12 < 6, 1.0, -1.0)
    inner = TopKDropout(names=4, drop=2)
    hold, sooner = (
        book_of(Gated(inner=inner, days=5, meanwhile=how), score, exchange, gate) for how in ("hold", "inner sells")
    )
    shut = np.flatnonzero(gate < 0)
    assert hold.account.lines[shut, t_.L_COUNT].sum() > sooner.account.lines[shut, t_.L_COUNT].sum()


@pytest.mark.parametrize("inner", INNER, ids=lambda inner: inner.name)
def test_with_one_day_all_is_sold_at_once(inner):
    exchange, score = random_world(4)
    gate = np.where(np.arange(len(exchange)) < 30, 1.0, -1.0)
    book = book_of(Gated(inner=inner, days=1), score, exchange, gate)
    held = book.account.lines[:, t_.L_COUNT]
    assert held[30] > 0  # bar 30 still fills what was decided at the close of bar 29
    assert (held[31:] == 0).all()


def test_the_gates_number_scales_what_is_invested():
    exchange = plain_exchange(np.full((8, 4), 10.0), lot=1)
    gate = np.array([0.0, 0.01, 0.02, 0.04, 0.005, -0.01, np.nan, 0.02])
    book = book_of(Scaled(inner=EqualWeight(), whole=0.02), np.ones((8, 4)), exchange, gate)
    invested = book.account.lines[:, t_.L_HOLDINGS] / book.account.lines[:, t_.L_EQUITY]
    assert invested.tolist() == [0.0, 0.0, 0.5, 1.0, 1.0, 0.25, 0.0, 0.0]


@pytest.mark.parametrize("inner", INNER, ids=lambda inner: inner.name)
def test_a_gate_that_is_wide_open_scales_nothing_and_plain_python_agrees(inner):
    exchange, score = random_world(2)
    wide = np.full(len(exchange), 3.0)
    alone = book_of(inner, score, exchange)
    assert np.array_equal(alone.events, book_of(Scaled(inner=inner, whole=1.0), score, exchange, wide).events)
    gate = np.random.default_rng(1).normal(0.3, 0.5, len(exchange))
    strategy = Gated(inner=Scaled(inner=inner, whole=1.0), days=3)
    fast, slow = (book_of(strategy, score, exchange, gate, plain=plain) for plain in (False, True))
    assert len(fast.events) > 20
    assert np.array_equal(fast.events, slow.events)
    assert np.array_equal(fast.account.lines, slow.account.lines)


def test_rank_and_hold_gets_to_its_part_as_it_turns_over():
    exchange = plain_exchange(np.full((60, 12), 10.0), lot=1)
    gate = np.where(np.arange(60) < 30, 1.0, 0.5)
    score = np.random.default_rng(0).normal(size=(60, 12))
    book = book_of(Scaled(inner=RankAndHold(names=4, days=3, cap=1.0), whole=1.0), score, exchange, gate)
    invested = book.account.lines[:, t_.L_HOLDINGS] / book.account.lines[:, t_.L_EQUITY]
    whole, half = invested[15:30].mean(), invested[45:].mean()
    assert whole > 0.7
    assert 0.4 * whole < half < 0.6 * whole


def test_a_gate_that_is_not_given_is_asked_for():
    exchange, score = random_world(1, bars=5)
    with pytest.raises(SettingError, match="gated reads a signal that is not there"):
        book_of(Gated(inner=RankAndHold()), score, exchange)


def test_the_target_scales_what_is_invested():
    exchange = plain_exchange(np.full((8, 4), 10.0), lot=1)
    volatility = np.array([0.01, 0.01, 0.02, 0.04, 0.04, 0.01, np.nan, 0.0])
    strategy = VolatilityTarget(inner=EqualWeight(), target=0.01)
    book = book_of(strategy, np.ones((8, 4)), exchange, volatility)
    invested = book.account.lines[:, t_.L_HOLDINGS] / book.account.lines[:, t_.L_EQUITY]
    assert invested.tolist() == [0.0, 1.0, 1.0, 0.5, 0.25, 0.25, 1.0, 0.0]
    capped = VolatilityTarget(inner=EqualWeight(), target=0.01, cap=0.5)
    assert book_of(capped, np.ones((8, 4)), exchange, volatility).account.lines[1, t_.L_HOLDINGS] == 50_000_000


def test_a_target_that_is_never_reached_changes_nothing():
    exchange, score = random_world(2)
    for inner in INNER:
        alone = book_of(inner, score, exchange)
        wide = book_of(VolatilityTarget(inner=inner, target=1.0), score, exchange, np.full(len(exchange), 0.01))
        assert np.array_equal(alone.events, wide.events)


def test_trailing_volatility_knows_nothing_later():
    close = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, 80)))
    whole = trailing_volatility(close, 20)
    assert np.isnan(whole[:20]).all()
    assert np.isfinite(whole[20:]).all()
    assert whole[30] == pytest.approx(np.std(np.diff(close[10:31]) / close[10:30], ddof=1))
    for cut in (10, 25, 60):
        assert np.array_equal(trailing_volatility(close[:cut], 20), whole[:cut], equal_nan=True)
    scale = exposure_scale(close, 20, target=0.005, cap=2.0)
    assert scale[:20].tolist() == [0.0] * 20
    assert scale[30] == pytest.approx(0.005 / whole[30])
    with pytest.raises(SettingError, match="two returns"):
        trailing_volatility(close, 1)
