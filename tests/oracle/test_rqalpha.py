"""RQAlpha's answers to random legal and illegal orders, frozen: fills, cash and equity to a millionth of a yuan.

RQAlpha ran by its own rules on made markets of every board (``benchmarks/rivals/rqalpha_oracle.py``); here the same
orders go through our exchange and loop. What the cases hold no rule of is told in ``docs/oracle.md``.
"""

from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from made_markets import BARS, CUT, SHARES, made_market
from mutants import EXCHANGE, LOOP, broken_loop
from replay import TheseOrders, again, difference, exchange_of, frozen_cases
from rqalpha_orders import VARIANTS, days_with_orders, fees

from tidegate.backtest import portfolio
from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Execution, Signals
from tidegate.backtest.portfolio_loop import OUTCOMES
from tidegate.market.exchange import NO_LIMIT
from tidegate.types.axes import frozen

played = cache(again)
VARIANT = {variant.name: variant for variant in VARIANTS}


@pytest.mark.parametrize("case", frozen_cases(), ids=lambda case: case.name)
def test_every_fill_and_every_cent_is_the_oracles(case):
    assert not difference(case, played(case))


LENT = {"borrow fee", "forced by margin", "short of margin"}
"""What comes up only where shares are lent, which the oracle's account does not know."""


def test_the_cases_cover_what_they_should():
    """At least 100 seeds by RQAlpha's own costs, every outcome of an order often, every kind of action on what is held."""
    assert sum(not case.variant.own_fees for case in frozen_cases()) >= 100
    outcomes, boards, actions = Counter(), Counter(), Counter()
    for case in frozen_cases():
        for row in played(case).events:
            outcome = OUTCOMES[row[t_.OUTCOME]]
            outcomes[outcome] += 1
            boards[SHARES[row[t_.ASSET]][1]] += bool(row[t_.DONE] and outcome == "filled")
            actions[outcome, bool(row[t_.AT])] += 1
    for outcome in set(OUTCOMES) - {"condition not met", "reference price", *LENT}:
        assert outcomes[outcome] >= 40, (outcome, outcomes)
    assert min(boards[board] for _, board, *_ in SHARES) >= 150, boards
    kept = [case for case in frozen_cases() if any(made_market(case.seed).payments)]
    late = [p for case in kept for p in made_market(case.seed).payments if p.pay > p.bar]
    asleep = [p for case in kept for p in made_market(case.seed).payments if _rests(case, p)]
    assert len(late) >= 100
    assert len(asleep) >= 20


def _rests(case, payment):
    bar = made_market(case.seed).bars[payment.bar][payment.asset]
    return bar is not None and bar.volume == 0


def test_the_duty_halves_inside_every_case():
    exchange = exchange_of(made_market(0), VARIANT["whole"])
    duty = exchange.fees[:, 0, 4]
    assert duty[[CUT - 1, CUT]].tolist() == [100_000, 50_000]
    assert str(exchange.times[CUT])[:10] == "2023-08-28"
    assert days_with_orders(made_market(0)) == range(1, BARS)


@pytest.mark.parametrize("price, quantity", [(4784, 300), (3888, 1000), (593, 1700)])
def test_cash_that_is_just_enough_is_enough(price, quantity):
    """RQAlpha refuses the first: in floats its cost is larger than the cash that equals it. It fills the others."""
    variant = VARIANT["whole"]
    whole = exchange_of(made_market(0), variant)
    cells = {name: getattr(whole, name).copy() for name in ("open", "high", "low", "close")}
    for held in cells.values():
        held[:, 0] = price
    calm = replace(
        whole, **{name: frozen(held) for name, held in cells.items()}, limit_up=frozen(whole.limit_up * 0 + NO_LIMIT)
    )
    cost = quantity * price * 10_000 + fees(variant, 1, price, quantity, sells=False)
    orders = TheseOrders(rows=((1, 0, quantity, 0, quantity),))
    for cash, filled in ((cost, quantity), (cost - 100, 0)):
        signals, execution = Signals(np.zeros((BARS, len(SHARES)))), Execution(whole_orders=True)
        book = portfolio.run_portfolio(orders, signals, calm, cash / 100, execution)
        assert book.events[0, t_.DONE] == filled
        assert book.account.lines[1, t_.L_CASH] == (0 if filled else cash)


# ------------------------------------------------------------------ broken on purpose


def few():
    """Some cases of every variant: what a broken rule is held against."""
    seen = Counter()
    for case in frozen_cases():
        seen[case.variant.name] += 1
        if seen[case.variant.name] <= 3:
            yield case


def verdict(change=None):
    """ "differs" where some case's answers do, else "crashes" where some case can't be played, else nothing."""
    found = ""
    for case in few():
        try:
            book = again(case, change=change)
        except (ArithmeticError, IndexError, ValueError):
            found = "crashes"
            continue
        if difference(case, book):
            return "differs"
    return found


def test_the_interpreted_loop_agrees(monkeypatch):
    monkeypatch.setattr(portfolio, "loop", broken_loop())
    assert verdict() == ""


@pytest.mark.parametrize("name", LOOP)
def test_a_broken_loop_is_caught(name, monkeypatch):
    monkeypatch.setattr(portfolio, "loop", broken_loop(*LOOP[name]))
    assert verdict() == "differs"


@pytest.mark.parametrize("name", EXCHANGE)
def test_a_broken_exchange_is_caught(name):
    assert verdict(lambda exchange, execution: (EXCHANGE[name](exchange), execution)) == "differs"
