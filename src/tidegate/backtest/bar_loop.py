"""Open against forecast: in at the open of a bar, out at its close, on margin, every cent a whole number.

After the close of *t* a book names two prices. Where the open of *t + 1* lies below the first it goes long there, where
above the second it goes short; at that bar's close it is out again. It does not enter at a limit on its own side; where
the close is at the limit against it, the position is carried, marked at every close, and left at the next price at
which anybody takes it: the next open, else that bar's close. While it is carried nothing new is opened. Where the
series goes on to another contract, what is carried is left at that open, at the price of the contract it is held in.

Fees and slippage are those of `loop`; what was opened in the session that closes it pays the fee for that. Built for a
hundred thousand bars: a bar's prices are eight numbers of 32 bits, its rates are read where something is traded.
"""

import numpy as np
from numpy.typing import NDArray

from tidegate.backtest import loop as l_
from tidegate.backtest.compiled import compiled, inner
from tidegate.backtest.money import RATE, part, rounded
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["FEE_FIELDS", "FIELDS", "STATE", "walk_bars"]

Ticks = NDArray[np.int32]
Size = tuple[int, int, int]
_LEAVE, _SURELY, _BEYOND = 2, 0.999, 1 << 40

# Columns of a bar's prices in ticks, whether it opens a session or trades at all, and what a contract left opens at.
OPEN, CLOSE, MARK, UP, DOWN, FRESH, STOPPED, ROLL = range(8)
FIELDS = 8

# Columns of its fees: rates in 1e-8 of value, then amounts in 1e-8 of a money unit a lot.
BUY_RATE, SELL_RATE, TODAY_RATE, BUY_FLAT, SELL_FLAT, TODAY_FLAT = range(6)
FEE_FIELDS = 6

# Places in a book's state.
CASH, QUANTITY, TODAY, BASIS, ROWS, BAR = range(6)
STATE = 6


@inner
def _trade(
    state: IntArray,
    totals: IntArray,
    events: IntArray,
    fee: IntArray,
    rules: IntArray,
    side: int,
    count: int,
    base: int,
    limit: int,
    wanted: int,
) -> None:
    """Trade `count` of `wanted` lots around the price `base`, slipping no further than `limit`.

    Without any the order was refused, and `limit` is the reason.
    """
    row = events[state[ROWS]]
    row[:] = 0
    row[l_.BAR], row[l_.SIDE], row[l_.WANTED], row[l_.DONE], row[l_.PRICE] = state[BAR], side, wanted, count, base
    row[l_.TRIP] = totals[l_.TRIPS]
    if count < wanted:
        totals[l_.UNFILLED] += 1
    if count == 0:
        row[l_.OUTCOME] = limit
    else:
        slip = rules[l_.SLIP]
        price = max(min(base + slip, limit), base) if side > 0 else max(min(max(base - slip, limit), base), 1)
        value = count * price * rules[l_.TICK_VALUE]
        opens = state[QUANTITY] == 0
        if not opens and state[TODAY] == 1:
            paid = rounded(value, fee[TODAY_RATE], count * fee[TODAY_FLAT], rules[l_.CENT])
        else:
            kind = 0 if side > 0 else 1
            paid = rounded(value, fee[BUY_RATE + kind], count * fee[BUY_FLAT + kind], rules[l_.CENT])
            paid = max(paid, rules[l_.MINIMUM_COMMISSION])
        worse = count * abs(price - base) * rules[l_.TICK_VALUE]
        state[CASH] -= paid + worse
        state[QUANTITY] += side * count
        row[l_.PRICE], row[l_.COMMISSION], row[l_.SLIPPAGE] = price, paid, worse
        totals[l_.FILLS] += 1
        totals[l_.SUM_COMMISSION] += paid
        totals[l_.SUM_SLIPPAGE] += worse
        totals[l_.BOUGHT if side > 0 else l_.SOLD] += value
        if opens:
            state[BASIS], state[TODAY] = side * value + paid, 1
        else:
            row[l_.REALISED] = -side * value - state[BASIS] - paid
            totals[l_.TRIPS] += 1
            totals[l_.WINS] += 1 if row[l_.REALISED] > 0 else 0
    if events.shape[0] > 1:
        state[ROWS] += 1


@inner
def _lots(cash: int, price: int, fee: IntArray, rules: IntArray, side: int, wanted: int) -> int:
    """Find the most of `wanted` for which equity covers margin, opening fee and slippage.

    Where a float says that it covers all with a thousandth to spare, nothing is counted.
    """
    each = price * rules[l_.TICK_VALUE]
    kind = 0 if side > 0 else 1
    most = float(wanted) * (float(each) * (rules[l_.MARGIN] + fee[BUY_RATE + kind]) + fee[BUY_FLAT + kind]) / RATE
    if most + wanted * rules[l_.SLIP] * rules[l_.TICK_VALUE] + rules[l_.MINIMUM_COMMISSION] < _SURELY * cash:
        return int(wanted)
    count = min(wanted, int(cash / (float(each) * rules[l_.MARGIN] / RATE)) + 1) if cash > 0 else 0
    while count > 0:
        value = count * each
        paid = max(
            rounded(value, fee[BUY_RATE + kind], count * fee[BUY_FLAT + kind], rules[l_.CENT]),
            rules[l_.MINIMUM_COMMISSION],
        )
        if part(value, rules[l_.MARGIN], RATE) + paid + count * rules[l_.SLIP] * rules[l_.TICK_VALUE] <= cash:
            break
        count -= 1
    return int(max(count, 0))


@inner
def _barred(here: Ticks, side: int, price: int) -> int:
    """Say why nobody trades on this side at a price, 0 where somebody does."""
    if here[STOPPED] == 1:
        return int(l_.SUSPENDED)
    if side > 0 and price >= here[UP]:
        return int(l_.LIMIT_UP)
    return int(l_.LIMIT_DOWN if side < 0 and price <= here[DOWN] else 0)


@inner
def _through(
    state: IntArray,
    totals: IntArray,
    events: IntArray,
    here: Ticks,
    fee: IntArray,
    rules: IntArray,
    size: Size,
    wish: int,
) -> None:
    """Do what a bar brings: leave what was carried, enter, leave again."""
    price, last, worth = int(here[OPEN]), int(here[CLOSE]), rules[l_.TICK_VALUE]
    if here[FRESH] == 1:
        state[TODAY] = 0
    for step in range(3):
        quantity = state[QUANTITY]
        if (step != 1 and quantity == 0) or (step == 1 and (quantity != 0 or wish == 0)):
            continue
        side, wanted = (-1 if quantity > 0 else 1), abs(quantity)
        if step == 1:
            side, wanted = wish, size[0]
            if wanted == 0:
                wanted = part(max(state[CASH], 0), size[1], l_.MILLION) // (price * worth)
        base = price
        if step == _LEAVE:
            base = last
            state[CASH] += quantity * (last - price) * worth
        limit = int(here[UP] if side > 0 else here[DOWN])
        reason = _barred(here, side, base)
        if step == 0 and here[ROLL] != 0:
            base, reason, limit = int(here[ROLL]), 0, _BEYOND if side > 0 else 0
        count = wanted if reason == 0 else 0
        if step == 1 and reason == 0:
            count, reason = _lots(state[CASH], price, fee, rules, side, wanted), int(l_.BELOW_LOT)
        _trade(state, totals, events, fee, rules, side, count, base, limit if count > 0 else reason, max(wanted, 1))
    if state[QUANTITY] != 0:
        state[CASH] += state[QUANTITY] * (int(here[MARK]) - last) * worth


@compiled
def walk_bars(
    wishes: tuple[FloatArray, FloatArray],
    opens: FloatArray,
    bars: Ticks,
    fees: IntArray,
    rules: IntArray,
    size: Size,
    turn: int,
    outcome: tuple[FloatArray, FloatArray, IntArray, IntArray, IntArray],
    states: IntArray,
) -> int:
    """Send K books through T bars; give the rows of events of the last.

    `wishes`: long below, short above ``[K, T]``, in the currency as `opens` ``[T]`` is; `bars` ``[T, FIELDS]``; `fees`
    ``[T, FEE_FIELDS]``; `size`: lots a trade (0: by exposure), exposure in millionths, capital; `turn`: 1, or -1 to go
    short below and long above. `outcome` as in `loop`.
    """
    below, above = wishes
    equity, held, totals, lines, events = outcome
    worth, scale = rules[l_.TICK_VALUE], rules[l_.SCALE]
    rows = 0
    for book in range(below.shape[0]):
        state = states[book]
        state[CASH] = size[2]
        for bar in range(below.shape[1]):
            here, quantity, wish = bars[bar], state[QUANTITY], 0
            if bar > 0 and opens[bar] < below[book, bar - 1]:
                wish = turn
            elif bar > 0 and opens[bar] > above[book, bar - 1]:
                wish = -turn
            if quantity != 0:
                now = int(here[OPEN] if here[ROLL] == 0 else here[ROLL])
                state[CASH] += quantity * (now - int(bars[bar - 1, MARK])) * worth
            if quantity != 0 or wish != 0:
                state[BAR] = bar
                _through(state, totals[book], events, here, fees[bar], rules, size, wish)
            equity[book, bar] = state[CASH] / scale
            value = state[QUANTITY] * int(here[MARK]) * worth
            held[book, bar] = value / state[CASH] if value != 0 and state[CASH] > 0 else 0.0
            if lines.shape[0] > 0:
                lines[bar, 0], lines[bar, 1], lines[bar, 2] = state[CASH], 0, state[QUANTITY]
        rows = state[ROWS]
    return int(rows)
