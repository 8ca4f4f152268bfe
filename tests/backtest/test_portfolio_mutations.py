"""Deliberately broken rules of the book over many assets, each of which the Decimal reference must notice."""

import re
import types
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from reference_portfolio import Book
from small_worlds import by_bar, exchange_of, execution_of, orders_of, play, world_of
from test_portfolio_reference import differs

from tidegate.backtest import filling, money, portfolio, portfolio_loop
from tidegate.market.exchange import NO_LIMIT, Actions
from tidegate.types.axes import frozen

CAPITALS = (30_000.0, 1_000_000.0)


@cache
def cases():
    """Worlds, orders, capital, and the record that the reference makes of them."""
    made = []
    for seed in range(240):
        world, capital = world_of(seed), CAPITALS[seed % 2]
        script = orders_of(seed, world)
        made.append((world, script, capital, Book(world, str(capital)).run(by_bar(script))))
    return tuple(made)


def verdict(change=None):
    """ "differs" where some case's book does, else "crashes" where some case can't be played, else nothing.

    `change` breaks the exchange or the way orders meet it.
    """
    found = ""
    for world, script, capital, expected in cases():
        try:
            book = play(world, script, capital) if change is None else change(world, script, capital)
        except (ArithmeticError, IndexError, ValueError):
            found = "crashes"
            continue
        if differs(book, expected):
            return "differs"
    return found


def interpreted(old="", new=""):
    """The loop's two files as plain Python, one piece replaced."""
    source = "\n".join(Path(file.__file__).read_text(encoding="utf-8") for file in (filling, portfolio_loop))
    assert not old or source.count(old) == 1, f"{source.count(old)} places: {old}"
    source = source.replace(old, new) if old else source
    source = re.sub(r"from tidegate\.backtest\.(compiled|filling|money) import .*\n", "", source)
    module = types.ModuleType("mutant")
    module.__dict__.update(compiled=bare, inner=bare, unbaked=int, RATE=money.RATE)
    module.__dict__.update(part=money.part.py_func, rounded=module.__dict__.get("rounded", money.rounded.py_func))
    exec(compile(source, "mutant", "exec"), module.__dict__)
    module.nobody = lambda: module._silent
    return module


def bare(function):
    function.py_func = function
    return function


LOOP = {
    "T+1 off": ("if side < 0 and shares > 0 and shares - account.locked[asset] < quantity:", "if False:"),
    "locked for ever": ("account.locked[account.held[k]] = 0", "pass"),
    "a split frees what was bought today": ("account.locked[asset] = max(after - free, 0) if", "account.locked[asset] = 0 if"),
    "bought at the upper limit": ("touched >= tape.limit_up", "touched > tape.limit_up"),
    "sold at the lower limit": ("touched <= tape.limit_down", "touched < tape.limit_down"),
    "limits by the day's change": (
        "touched >= tape.limit_up[bar, asset]",
        "tape.close[bar, asset] >= tape.limit_up[bar, asset]",
    ),
    "one price forbids the whole bar": ("touched = int(tape.low[bar, asset]) if at == AT_VWAP else price", "touched = price"),
    "a limit touched is a limit traded": ("if tape.low[bar, asset] >= limit:", "if tape.low[bar, asset] > limit:"),
    "a better open is not taken": ("if buys and price > limit:", "if buys:"),
    "conditions are not asked": ("if limit != 0 and ((limit", "if False and ((limit"),
    "a condition met at equality": ("(limit > 0 and price <= limit)", "(limit > 0 and price < limit)"),
    "the average price is the close": ("tape.vwap[bar, asset] if at == AT_VWAP else tape", "tape"),
    "filled at the close": ("price = int(tape.open[bar, asset])", "price = int(tape.close[bar, asset])"),
    "no slippage on sales": ("return int(max(price - slip,", "return int(max(price - 0,"),
    "slippage beyond the limit": ("min(price + slip, max(tape.limit_up[bar, asset], price))", "(price + slip)"),
    "slippage by rate forgotten": ("if tape.rules[t_.SLIP_RATE] > 0:", "if False:"),
    "limit orders slip": ("price = base if at == AT_LIMIT else _worse", "price = _worse"),
    "fees on the unslipped price": ("unit, cash = price *", "unit, cash = base *"),
    "fee cut to a cent": ("return rounded(value, rate, quantity * flat, cent)", "return (value * rate + quantity * flat) // (RATE * cent) * cent"),
    "fee rounded by the lot": (
        "return rounded(value, rate, quantity * flat, cent)",
        "return rounded(value * 100 // quantity, rate, 100 * flat, cent) * (quantity // 100)",
    ),
    "no minimum commission": ("commission = max(_fee(row, place, value, quantity, cent), minimum)", "commission = _fee(row, place, value, quantity, cent)"),
    "minimum on every fee": ("stamp = _fee(row, place + 1, value, quantity, cent)", "stamp = max(_fee(row, place + 1, value, quantity, cent), minimum)"),
    "the seller pays the buyer's rates": ("0 if side > 0 else 3\n", "0\n"),
    "no fee by quantity": ("quantity * flat, cent)", "0, cent)"),
    "lots rounded up": ("        wanted = wanted // lot * lot\n", "        wanted = (wanted + lot - 1) // lot * lot\n"),
    "odd lots": ("        wanted = wanted // lot * lot\n", ""),
    "the smallest order forgotten": ("        if wanted < least:", "        if wanted < 1:"),
    "a partial fill below the smallest order": ("        if quantity < least:\n            quantity = 0", "        pass"),
    "the remainder can't be sold": ("    if wanted != size:", "    if True:"),
    "more sold than is held": ("            wanted = size\n", "            pass\n"),
    "whole orders filled in part": (" or tape.rules[t_.WHOLE_ORDERS] == 1):", "):"),
    "cash without fees": ("if side < 0 or value + fees <= cash:", "if side < 0 or value <= cash:"),
    "a lot short of what cash pays for": ("quantity = min(guess, wanted - 1) // lot * lot", "quantity = min(guess, wanted - 1) // lot * lot - lot"),
    "the cap counts each order alone": ("    own[t_.TAKEN] += done", "    own[t_.TAKEN] += 0"),
    "the cap reads the volume of the day to come": ("    if at == AT_OPEN:\n        bar -= 1\n", "    if False:\n        pass\n"),
    "the cap sees no further than a halt": ("while bar >= 0 and tape.open[bar, asset] == 0:", "while False:"),
    "no cap on participation": ("    if share != 0:", "    if False:"),
    "sales after purchases": ("for turn in range(_SIDES * _MOMENTS):", "for turn in (1, 0, 3, 2, 5, 4, 7, 6):"),
    "moments in the wrong order": ("for turn in range(_SIDES * _MOMENTS):", "for turn in (6, 7, 0, 1, 2, 3, 4, 5):"),
    "action after the open": ("        _begin_bar(tape, account, bar)\n        fill_orders(tape, account, bar)\n", "        fill_orders(tape, account, bar)\n        _begin_bar(tape, account, bar)\n"),
    "fractions of a split cut": ("if tape.rules[t_.HALF_UP] == 1 else", "if False else"),
    "a split moves no price": ("account.mark[asset] = max((2 * mark * below + above) // (2 * above), 1)", "pass"),
    "a dividend moves no price": ("account.mark[asset] = max(mark - (2 * above + below * worth) // (2 * below * worth), 1)", "pass"),
    "a dividend's price may vanish": ("// (2 * below * worth), 1)", "// (2 * below * worth), 0)"),
    "a dividend cut to a cent": ("cash = (2 * size * above + below * cent) // (2 * below * cent) * cent", "cash = size * above // (below * cent) * cent"),
    "dividends at once": ("if kind == _DIVIDEND and pay > bar:", "if False:"),
    "what is due is not counted": ("purse[t_.CASH] + purse[t_.DUE] + worth", "purse[t_.CASH] + worth"),
    "the remainder of a reference price is lost": ("cash = (size * above - after * below) * worth", "cash = NONE"),
    "a short's dividend is earned": ("purse[t_.DUE] += side * cash", "purse[t_.DUE] += cash"),
    "a short's end is paid to it": ("        realised = side * cash - own[t_.BASIS]\n", "        realised = cash - own[t_.BASIS]\n"),
    "opening fees are not in the basis": ("own[t_.BASIS] += side * value + fees", "own[t_.BASIS] += side * value"),
    "suspended shares are worth nothing": ("        if price != 0:\n            account.mark", "        if True:\n            account.mark"),
    "valued at the open": ("        price = tape.close[bar, asset]\n", "        price = tape.open[bar, asset]\n"),
    "an order only to end opens": ("if size == 0 and ends:", "if False:"),
}  # fmt: skip


def test_the_interpreted_loop_agrees(monkeypatch):
    monkeypatch.setattr(portfolio, "loop", interpreted())
    assert verdict() == ""


@pytest.mark.parametrize("name", LOOP)
def test_a_broken_loop_is_caught(name, monkeypatch):
    monkeypatch.setattr(portfolio, "loop", interpreted(*LOOP[name]))
    assert verdict() == "differs"


def stamp_on_purchases(exchange):
    fees = exchange.fees.copy()
    fees[:, :, 1] += fees[:, :, 4]
    return replace(exchange, fees=frozen(fees))


def a_day_late(exchange):
    fees = exchange.fees.copy()
    fees[1:] = exchange.fees[:-1]
    return replace(exchange, fees=frozen(fees))


EXCHANGE = {
    "stamp duty on purchases": stamp_on_purchases,
    "fees change a day late": a_day_late,
    "STAR by one share": lambda e: replace(e, minimum=frozen(np.maximum(e.lot, 1))),
    "hundreds everywhere": lambda e: replace(e, lot=frozen(np.full_like(e.lot, 100))),
    "no T+1": lambda e: replace(e, waits=frozen(np.zeros_like(e.waits))),
    "no limits": lambda e: replace(e, limit_up=frozen(np.full_like(e.limit_up, NO_LIMIT))),
    "no minimum commission": lambda e: replace(e, minimum_commission=0),
    "no actions": lambda e: replace(e, actions=Actions.none()),
    "one fee group": lambda e: replace(e, group=frozen(np.zeros_like(e.group))),
}


@pytest.mark.parametrize("name", EXCHANGE)
def test_a_broken_table_is_caught(name):
    from small_worlds import Scripted

    from tidegate.backtest.portfolio import Signals, run_portfolio

    def broken(world, script, capital):
        exchange = EXCHANGE[name](exchange_of(world))
        signals = Signals(np.zeros(exchange.open.shape))
        return run_portfolio(Scripted(script=script), signals, exchange, capital, execution_of(world))

    assert verdict(broken) == "differs"
