"""Deliberately broken rules, each of which the Decimal reference must notice.

The loop's source is changed in one place, run without the compiler on a few panels, and compared with the reference; so
is each rule of a market. A mutant that survives means that a rule is not held by any test.
"""

import re
import types
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from panels import bars_of, calendar, index_panel, persistent, share_panel
from reference_engine import CENT, D, Rules, etf_days, run, share_days, to_step
from reference_margin import TICK as FUTURE_TICK
from reference_margin import run_margin

from tidegate.backtest import engine, loop, money
from tidegate.market import costs, etf_proxy, futures, index_future, limits, prices, share_fees, share_limits
from tidegate.market.a_share import AShare
from tidegate.market.dated import DatedTable
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.index_future import IndexFuture

SEEDS = range(6)
CAPITAL = (20_000.0, 1_000_000.0)


@cache
def etf_case(seed, per_session, capital):
    bars, opens, closes, sessions = index_panel(seed, count=30, per_session=per_session)
    wishes = persistent(seed, 30)
    out = run(etf_days(opens, closes, sessions), wishes, capital, Rules(D("0.001"), 100, 100, 1, waits=True))
    return EtfProxy(), bars, "index", wishes, capital, [float(v) for v in out.equity]


@cache
def edge_case():
    """10,000 shares at 2.001 cost 20,010 and 5.0025, which is 5.00: 20,015 yuan pay for them exactly."""
    times, days = calendar(3)
    bars = bars_of("index", times, days, np.full(3, 2001.0), np.full(3, 2011.0))
    return EtfProxy(slippage_ticks=0), bars, "index", np.ones(3), 20_015.0, [20_015.0, 20_110.0, 20_110.0]


@cache
def near_limit_case():
    """A tick under the upper limit with three ticks of slippage: filled at the limit, not beyond it."""
    times, days = calendar(3)
    opens, closes = np.array([1000.0, 1099.0, 1099.0]), np.array([1000.0, 1099.0, 1099.0])
    bars = bars_of("index", times, days, opens, closes)
    out = run(etf_days(opens, closes, range(3)), np.ones(3), 1e5, Rules(D("0.001"), 100, 100, 3, waits=True))
    assert out.fills[0][3] == D("1.100")
    return EtfProxy(slippage_ticks=3), bars, "index", np.ones(3), 1e5, [float(v) for v in out.equity]


@cache
def tie_case():
    """90 % of 10.05 is 9.045: the limit is 9.05, and a share that opens there cannot be sold."""
    times, days = calendar(4)
    opens, closes, precloses = [10.0, 10.05, 9.05, 9.2], [10.0, 10.05, 9.1, 9.2], [10.0, 10.0, 10.05, 9.1]
    bars = bars_of("600000.SH", times, days, np.array(opens), np.array(closes), preclose=np.array(precloses))
    dates = [date.fromisoformat(str(day)) for day in days]
    wishes = np.array([1.0, 0.0, 0.0, 0.0])
    out = run(share_days(opens, closes, precloses, dates), wishes, 1e5, Rules(CENT, 100, 100, 1, waits=True))
    assert [outcome for *_, outcome in out.orders] == ["filled", "limit down", "filled"]
    return AShare(), bars, "600000.SH", wishes, 1e5, [float(v) for v in out.equity]


@cache
def share_case(seed, start, asset, capital):
    bars, opens, closes, precloses, dates = share_panel(seed, count=20, asset=asset, start=start)
    wishes = persistent(seed, 20)
    percent = 20 if asset.startswith("688") else 10
    days = share_days(opens, closes, precloses, dates, asset[-2:], percent)
    rules = Rules(CENT, *((1, 200) if percent == 20 else (100, 100)), 1, waits=True)
    out = run(days, wishes, capital, rules)
    return AShare(), bars, asset, wishes, capital, [float(v) for v in out.equity]


@cache
def future_case(seed, start, per_session, capital):
    _, opens, closes, sessions = index_panel(seed, count=30, per_session=per_session)
    times, days = calendar(30, per_session, start)
    settles = np.round((opens + closes) / 2, 2) if per_session == 1 else None
    bars = bars_of("IF", times, days, opens, closes, **({} if settles is None else {"settle": settles}))
    wishes = persistent(seed, 30, levels=(0.0, 1.0, -1.0, 2.0, -0.5, 7.0, 8.33))
    dates = [date.fromisoformat(str(day)) for day in days]
    out = run_margin(opens, closes, settles, sessions, dates, wishes, capital)
    return IndexFuture(), bars, "IF", wishes, capital, [float(v) for v in out.equity]


@cache
def roll_case(seed, capital):
    """Rolls every sixth session, down and up by an eighth."""
    _, opens, closes, sessions = index_panel(seed, count=30)
    times, days = calendar(30, 1, "2019-04-15")
    factor, rolls = np.ones(30), {}
    for t in range(6, 30, 6):
        step = 0.88 if t % 12 else 1.12
        factor[t:] *= step
        opens[t:], closes[t:] = opens[t:] / step, closes[t:] / step
    for t in range(6, 30, 6):
        step = float(factor[t] / factor[t - 1])
        traded = float(to_step(D(str(opens[t])), FUTURE_TICK))
        rolls[t] = (to_step(D(repr(round(traded * step, 6))), FUTURE_TICK), step)
    bars = bars_of("IF", times, days, opens, closes, factor=factor)
    wishes = persistent(seed, 30, levels=(1.0, -1.0, 2.0, 7.0))
    dates = [date.fromisoformat(str(day)) for day in days]
    out = run_margin(opens, closes, None, sessions, dates, wishes, capital, rolls=rolls)
    return IndexFuture(), bars, "IF", wishes, capital, [float(v) for v in out.equity]


@cache
def locked_roll_case():
    """The new contract opens at its upper limit: the old one is left at 3,020, and the lots are bought a bar later."""
    times, days = calendar(5, 1, "2019-04-15")
    opens = np.array([3000.0, 3000.0, 3300.0, 3280.0, 3290.0])
    left = [None, None, 3020.0, None, None]
    limits = {"limit_up": [3400.0, 3400.0, 3300.0, 3400.0, 3400.0], "limit_down": [2700.0] * 5}
    bars = bars_of("IF", times, days, opens, opens, roll_from=left, **limits)
    paid = 900_000 * 0.000023, 906_000 * 0.000023, 984_000 * 0.000023
    fees = [round(fee + 1e-9, 2) for fee in paid]
    expected = [2e6, 2e6 - fees[0], 2e6 + 6000 - sum(fees[:2]), 2e6 + 6000 - sum(fees), 2e6 + 9000 - sum(fees)]
    return IndexFuture(slippage_ticks=0), bars, "IF", np.full(5, 0.5), 2e6, expected


def cases():
    yield edge_case()
    yield near_limit_case()
    yield tie_case()
    yield locked_roll_case()
    for seed in SEEDS:
        for capital in CAPITAL:
            yield etf_case(seed, 1 + 3 * (seed % 2), capital)
        yield share_case(seed, "2008-09-08", "600000.SH", 20_000.0)
        yield share_case(seed, "2015-07-20", "000001.SZ", 1_000_000.0)
        yield share_case(seed, "2015-07-20", "600000.SH", 1_000_000.0)
        yield share_case(seed, "2022-04-18", "688001.SH", 20_000.0)
        yield share_case(seed, "2023-08-14", "000001.SZ", 50_000.0)
        yield future_case(seed, "2015-08-24" if seed % 2 else "2019-04-15", 1, 3e6)
        yield roll_case(seed, 3e6)
        yield future_case(seed, "2015-08-24" if seed % 2 else "2019-04-15", 3, 3e8)


def survives():
    """Whether every case still agrees with the reference."""
    for market, bars, asset, wishes, capital, expected in cases():
        try:
            equity = engine.trade(wishes[None, :], market.conditions(bars, asset), capital).equity[0]
        except (ArithmeticError, IndexError, ValueError):
            return False
        if equity.tolist() != pytest.approx(expected, abs=1e-4):
            return False
    return True


def interpreted(old="", new=""):
    """The loop as plain Python, with one piece of its source replaced."""
    source = "".join(Path(file.__file__).read_text(encoding="utf-8") for file in (money, loop))
    assert not old or source.count(old) == 1, f"{source.count(old)} places: {old}"
    changed = source.replace(old, new) if old else source
    changed = re.sub(r"from tidegate\.backtest\.(compiled|money) import .*\n", "", changed)
    module = types.ModuleType("mutant")
    module.__dict__.update(compiled=lambda function: function, inner=lambda function: function, unbaked=np.int64)
    exec(compile(changed, "mutant", "exec"), module.__dict__)
    return module


LOOP = {
    "fees are cut, not rounded": (
        "(2 * (value * rate + flat) + whole) // (2 * whole) * cent",
        "(value * rate + flat) // whole * cent",
    ),
    "no minimum commission": ("int(max(fee, rules[MINIMUM_COMMISSION]) if kind == 0 else fee)", "int(fee)"),
    "minimum on every fee": ("if kind == 0 else fee)", "if True else fee)"),
    "seller pays the buyer's rates": ("day[RATES + 3 * side + kind]", "day[RATES + kind]"),
    "no fee by quantity": ("quantity * day[FLAT + 3 * side + kind]", "0"),
    "filled at the close": ("min(day[OPEN] + rules[SLIP], day[UP])", "min(day[MARK] + rules[SLIP], day[UP])"),
    "no slippage on sales": ("max(day[OPEN] - rules[SLIP], day[DOWN], 1)", "max(day[OPEN], day[DOWN], 1)"),
    "slippage beyond the limit": ("min(day[OPEN] + rules[SLIP], day[UP])", "(day[OPEN] + rules[SLIP])"),
    "bought at limit up": ("if side > 0 and day[OPEN] >= day[UP]", "if side > 0 and day[OPEN] > day[UP]"),
    "sold at limit down": ("if side < 0 and day[OPEN] <= day[DOWN]", "if side < 0 and day[OPEN] < day[DOWN]"),
    "no T+1": ("book.state[LOCKED] * rules[WAITS]", "0"),
    "locked for ever": ("if day[FRESH] == 1:", "if day[FRESH] == 2:"),
    "sized on cash alone": (
        "worth = state[CASH] + state[QUANTITY] * day[OPEN] * rules[TICK_VALUE]",
        "worth = state[CASH]",
    ),
    "sized at the last close": (
        "goal = part(worth, target, MILLION) // (day[OPEN] *",
        "goal = part(worth, target, MILLION) // (day[BEFORE] *",
    ),
    "odd lots": ("// rules[LOT] * rules[LOT]\n    change", "// 1\n    change"),
    "one lot short": ("while quantity + rules[LOT] <= wanted and", "while False and"),
    "refused orders are forgotten": ("    if reached:\n        state[REACHED] = wish", "    state[REACHED] = wish"),
    "rebalanced at every open": ("elif wish == state[REACHED]:", "elif wish == state[REACHED] and wish == 0:"),
    "traded a bar late": ("wants[number, bar - 1]", "wants[number, max(bar - 2, 0)]"),
    "traded at the open before the decision": ("wants[number, bar - 1]", "wants[number, bar]"),
    "ex-days are ignored": ("elif state[QUANTITY] > 0 and day[REFERENCE] != day[BEFORE]:", "elif False:"),
    "the remainder of an action is lost": ("state[CASH] += remainder", "state[CASH] += 0"),
    "not marked to the open": (
        "state[QUANTITY] * (old[OPEN] - day[BEFORE])",
        "state[QUANTITY] * (old[OPEN] - old[OPEN])",
    ),
    "the gap of a roll is earned": (
        "state[QUANTITY] * (old[OPEN] - day[BEFORE])",
        "state[QUANTITY] * (day[OPEN] - day[BEFORE])",
    ),
    "a roll costs nothing": ("elif margined and day[ROLL] != 0 and state[QUANTITY] != 0:", "elif False:"),
    "a roll is sized anew": ("    if not stays:\n", "    if True:\n"),
    "a roll that found no price is forgotten": ("state[REACHED] = NO_LIMIT", "state[REACHED] = target"),
    "close today pays the usual fee": ("rounded(late, day[CLOSE_TODAY],", "rounded(late, day[RATES],"),
    "today's lots first": (
        "today = max(wanted - (abs(state[QUANTITY]) - state[LOCKED]), 0)",
        "today = min(wanted, state[LOCKED])",
    ),
    "margin calls are not answered": ("                state[CALLED] = 1\n", "                state[CALLED] = 0\n"),
    "margin is not asked": ("part(value, rules[MARGIN], RATE) + fees", "fees"),
    "sold below the smallest order": ("if quantity < max(rules[MINIMUM], rules[LOT]):", "if quantity < 1:"),
}


def test_the_interpreted_loop_agrees(monkeypatch):
    monkeypatch.setattr(loop, "walk", interpreted().walk)
    assert survives()


@pytest.mark.parametrize("name", LOOP)
def test_a_broken_loop_is_caught(name, monkeypatch):
    monkeypatch.setattr(loop, "walk", interpreted(*LOOP[name]).walk)
    assert not survives()


def even_limits(reference, percent, one_tick=1):
    """Bankers' rounding of a float product, as several well-known engines do it."""
    up, down = np.round(reference * (1 + percent / 100)), np.round(reference * (1 - percent / 100))
    return up.astype(np.int64), down.astype(np.int64)


def flat(table, value):
    return DatedTable(table.name, table.unit, (table.rows[0]._replace(value=value),))


RULES = {
    "one stamp duty for all of history": [(share_fees, "STAMP_DUTY_SELL", flat(costs.STAMP_DUTY_SELL, 50_000))],
    "stamp duty on purchases for ever": [(share_fees, "STAMP_DUTY_BUY", flat(costs.STAMP_DUTY_BUY, 100_000))],
    "no transfer fee by value": [
        (share_fees, "TRANSFER_BY_VALUE", {city: flat(table, 0) for city, table in costs.TRANSFER_BY_VALUE.items()})
    ],
    "no transfer fee by face value": [(share_fees, "TRANSFER_SHANGHAI_FACE", flat(costs.TRANSFER_SHANGHAI_FACE, 0))],
    "limits rounded half-even in floats": [(m, "limit_ticks", even_limits) for m in (share_limits, etf_proxy, futures)],
    "ten percent on every board": [
        (share_limits, "_RULES", 3 * (dict.fromkeys(limits.LIMITS, limits.LIMITS["main"]),))
    ],
    "limits around the last bar": [(prices.Own, "before", lambda own, marks: np.append(0, marks[:-1]))],
    "close today at the usual fee": [(index_future, "FUTURE_CLOSE_TODAY", costs.FUTURE_FEE)],
    "prices cut to the tick": [
        (m, "nearest_tick", lambda p, step: np.maximum((p / step).astype(np.int64), 1)) for m in (etf_proxy, futures)
    ],
}


@pytest.mark.parametrize("name", RULES)
def test_a_broken_rule_is_caught(name, monkeypatch):
    for place, attribute, broken in RULES[name]:
        monkeypatch.setattr(place, attribute, broken)
    assert not survives()
