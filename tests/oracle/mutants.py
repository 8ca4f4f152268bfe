"""The loop as plain Python with one rule broken, and exchanges with one rule broken."""

import re
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
from made_markets import CUT

from tidegate.backtest import filling, money, portfolio_loop
from tidegate.market.exchange import DIVIDEND, END, NO_LIMIT, SPLIT, Actions
from tidegate.types.axes import frozen

LOOP = {
    "T+1 ignored": ("if side < 0 and shares > 0 and shares - account.locked", "if False and shares - account.locked"),
    "locked for ever": ("account.locked[account.held[k]] = 0", "pass"),
    "bought at the upper limit": ("touched >= tape.limit_up", "touched > tape.limit_up"),
    "sold at the lower limit": ("touched <= tape.limit_down", "touched < tape.limit_down"),
    "valued at the open": ("        price = tape.close[bar, asset]\n", "        price = tape.open[bar, asset]\n"),
    "cash without fees": ("if side < 0 or value + fees <= cash:", "if side < 0 or value <= cash:"),
    "one step short of the cash": ("quantity -= lot", "quantity -= 2 * lot"),
    "purchases of any size": ("        if wanted < least:", "        if wanted < 1 + (side < 0) * (least - 1):"),
    "partial sales of any size": ("        if wanted < least:", "        if wanted < 1 + (side > 0) * (least - 1):"),
    "odd lots": ("        wanted = wanted // lot * lot\n", "        wanted = wanted + 0\n"),
    "more sold than is asked": ("        wanted = wanted // lot * lot\n", "        wanted = shares if side < 0 else wanted // lot * lot\n"),
    "paid in part though whole or not at all": (" or tape.rules[t_.WHOLE_ORDERS] == 1):", "):"),
    "fractions of a split cut": ("if tape.rules[t_.HALF_UP] == 1 else", "if False else"),
    "a split moves no price": ("account.mark[asset] = max((2 * mark * below + above) // (2 * above), 1)", "pass"),
    "a dividend moves no price": ("account.mark[asset] = max(mark - (2", "account.mark[asset] = max(mark - 0 * (2"),
    "dividends paid at once": ("if kind == _DIVIDEND and pay > bar:", "if False:"),
    "what is due is not counted": ("purse[t_.EQUITY] = purse[t_.CASH] + purse[t_.DUE] + worth", "purse[t_.EQUITY] = purse[t_.CASH] + worth"),
    "line without what is due": ("worth, purse[t_.EQUITY]\n", "worth, purse[t_.EQUITY] - purse[t_.DUE]\n"),
    "the seller pays the buyer's rates": ("0 if side > 0 else 3\n", "0\n"),
    "the minimum on every fee": ("stamp = _fee(row, place + 1, value, quantity, cent)", "stamp = max(_fee(row, place + 1, value, quantity, cent), minimum)"),
    "purchases before sales": ("for turn in range(_SIDES * _MOMENTS):", "for turn in (1, 0, 3, 2, 5, 4, 7, 6):"),
    "no cap on volume": ("    if share != 0:", "    if False:"),
    "each order has the volume for itself": ("    own[t_.TAKEN] += done", "    own[t_.TAKEN] += 0"),
    "no slippage on sales": ("return int(max(price - slip,", "return int(max(price - 0,"),
    "an average price is the close": ("price = int(tape.vwap[bar, asset] if at == AT_VWAP else", "price = int("),
}  # fmt: skip
"""Name → a piece of the loop's source, and what it is replaced by."""


def broken_loop(old: str = "", new: str = "") -> types.ModuleType:
    """The portfolio loop without the compiler, one piece of its two files replaced."""
    source = "\n".join(Path(file.__file__).read_text(encoding="utf-8") for file in (filling, portfolio_loop))
    assert not old or source.count(old) == 1, f"{source.count(old)} places: {old}"
    source = source.replace(old, new) if old else source
    source = re.sub(r"from tidegate\.backtest\.(compiled|filling|money) import .*\n", "", source)
    module = types.ModuleType("broken_loop")
    module.__dict__.update(compiled=uncompiled, inner=uncompiled, unbaked=int, RATE=money.RATE)
    module.__dict__.update(part=money.part.py_func, rounded=money.rounded.py_func)
    exec(compile(source, "broken_loop", "exec"), module.__dict__)
    module.nobody = lambda: module._silent
    return module


def uncompiled(function):
    """Stands where the compiler stood."""
    function.py_func = function
    return function


def _fees(exchange, change):
    fees = exchange.fees.copy()
    change(fees)
    return replace(exchange, fees=frozen(fees))


def _without(exchange, *kinds):
    keep = ~np.isin(exchange.actions.kind, kinds)
    return replace(exchange, actions=Actions(*(frozen(column[keep]) for column in exchange.actions)))


def _one_duty(fees):
    fees[:CUT, :, 4] = fees[CUT, :, 4]


def _a_day_late(fees):
    fees[CUT, :, 4] = fees[CUT - 1, :, 4]


def _duty_on_purchases(fees):
    fees[:, :, 1] = fees[:, :, 4]


def _splits_first(exchange):
    rows = list(zip(*(column.tolist() for column in exchange.actions), strict=True))
    table = np.array(sorted(rows), dtype=np.int64).reshape(-1, 6)
    return replace(exchange, actions=Actions(*(frozen(column) for column in table.T.copy())))


def _all_boards_alike(exchange):
    """10 % around the reference wherever it is wider, which the middle of the limits tells."""
    middle = (exchange.limit_up.astype(np.int64) + exchange.limit_down + 1) // 2
    held = exchange.limit_up < NO_LIMIT
    up = np.where(held, np.minimum(exchange.limit_up, (middle * 110 + 50) // 100), exchange.limit_up)
    down = np.where(held, np.maximum(exchange.limit_down, (middle * 90 + 50) // 100), exchange.limit_down)
    return replace(exchange, limit_up=frozen(up.astype(np.int32)), limit_down=frozen(down.astype(np.int32)))


def _suspended_at_the_last_close(exchange):
    cells = {}
    for name in ("open", "high", "low", "close"):
        held = getattr(exchange, name).copy()
        for bar in range(1, len(held)):
            gap = held[bar] == 0
            held[bar, gap] = held[bar - 1, gap]
        cells[name] = frozen(held)
    return replace(exchange, **cells)


EXCHANGE = {
    "one stamp duty for all of history": lambda e: _fees(e, _one_duty),
    "the duty halves a day late": lambda e: _fees(e, _a_day_late),
    "stamp duty on purchases": lambda e: _fees(e, _duty_on_purchases),
    "no minimum commission": lambda e: replace(e, minimum_commission=0),
    "STAR by one share": lambda e: replace(e, minimum=frozen(np.maximum(e.lot, 1))),
    "STAR by the hundred": lambda e: replace(e, lot=frozen(np.full_like(e.lot, 100))),
    "no T+1": lambda e: replace(e, waits=frozen(np.zeros_like(e.waits))),
    "ten percent on every board": _all_boards_alike,
    "no limits": lambda e: replace(e, limit_up=frozen(np.full_like(e.limit_up, NO_LIMIT)), limit_down=frozen(np.zeros_like(e.limit_down))),
    "dividends not paid": lambda e: _without(e, DIVIDEND),
    "splits forgotten": lambda e: _without(e, SPLIT),
    "delisted shares kept": lambda e: _without(e, END),
    "splits before dividends": _splits_first,
    "suspended shares trade at the last close": _suspended_at_the_last_close,
}  # fmt: skip
"""Name → a change of the exchange."""
