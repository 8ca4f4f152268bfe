"""Open against forecast: in at the open of a bar, out at its close, on margin, every cent a whole number.

After the close of *t* a book names two prices. Where the open of *t + 1* lies below the first it goes long there, where
above the second it goes short; at that bar's close it is out again. It does not enter at a limit on its own side; where
the close is at the limit against it, the position is carried, marked at every close, and left at the next price at
which anybody takes it: the next open, else that bar's close. Once it has left at an open, that bar's own trade is
taken there too; where it has not, nothing new is opened in that bar. Where the
series goes on to another contract, what is carried is left at that open, at the price of the contract it is held in.

A book may also name, for each bar, its size, and a stop: how far from the open the bar may go against it before it is
left there, at the stop's own price. A switch watches equity at every close: that far below its highest, nothing is
opened for some bars (or ever), and then the height is counted anew.

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
Want = tuple[int, int, int, int]
_AT_STOP, _LEAVE, _SURELY, _BEYOND = 2, 3, 0.999, 1 << 40

# Columns of a bar's prices in ticks, whether it opens a session or trades at all, and what a contract left opens at.
OPEN, CLOSE, MARK, UP, DOWN, FRESH, STOPPED, ROLL, HIGH, LOW = range(10)
FIELDS = 10

# Columns of its fees: rates in 1e-8 of value, then amounts in 1e-8 of a money unit a lot.
BUY_RATE, SELL_RATE, TODAY_RATE, BUY_FLAT, SELL_FLAT, TODAY_FLAT = range(6)
FEE_FIELDS = 6

# Places in a book's state.
CASH, QUANTITY, TODAY, BASIS, ROWS, BAR, PEAK, SHUT = range(8)
STATE = 8

# What is the same for every book and bar.
LOTS, CAPITAL, FALL, PAUSE = range(4)
_NEVER = 1 << 60


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
    outcome: int,
) -> None:
    """Trade `count` of `wanted` lots around the price `base`, slipping no further than `limit`.

    Without any the order was refused, and `limit` is the reason; else it ends as `outcome` says.
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
        row[l_.PRICE], row[l_.COMMISSION], row[l_.SLIPPAGE], row[l_.OUTCOME] = price, paid, worse, outcome
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
def _stop_price(here: Ticks, quantity: int, distance: int) -> int:
    """Find the price at which a bar stops a position that its open opened, 0 where it does not reach one that trades.

    The stop lies `distance` of the open away, at least a tick (0: there is none); at a limit nobody takes what is
    stopped.
    """
    if distance == 0:
        return 0
    away = max(part(int(here[OPEN]), distance, l_.MILLION), 1)
    price = int(here[OPEN]) - away if quantity > 0 else int(here[OPEN]) + away
    if quantity > 0:
        return price if here[LOW] <= price and price > max(int(here[DOWN]), 0) else 0
    return price if here[HIGH] >= price and price < here[UP] else 0


@inner
def _through(
    state: IntArray,
    totals: IntArray,
    events: IntArray,
    here: Ticks,
    fee: IntArray,
    rules: IntArray,
    want: Want,
) -> None:
    """Do what a bar brings: leave what was carried, enter, be stopped, leave again.

    `want`: the side (0: none), lots (0: by exposure), exposure and the stop's distance in millionths (0: none).
    """
    price, worth = int(here[OPEN]), rules[l_.TICK_VALUE]
    last = price
    if here[FRESH] == 1:
        state[TODAY] = 0
    entered = False
    for step in range(4):
        quantity = state[QUANTITY]
        if (step == 1) == (quantity != 0) or (step == 1 and want[0] == 0) or (step == _AT_STOP and want[3] == 0):
            continue
        side, wanted, base, outcome = (-1 if quantity > 0 else 1), abs(quantity), price, 0
        if step == 1:
            side = want[0]
            wanted = want[1] if want[1] > 0 else part(max(state[CASH], 0), want[2], l_.MILLION) // (price * worth)
        elif step != 0:
            base = int(here[CLOSE]) if step == _LEAVE else _stop_price(here, quantity, want[3] if entered else 0)
            if base == 0:
                continue
            state[CASH] += quantity * (base - last) * worth
            outcome, last = (l_.STOPPED_OUT if step == _AT_STOP else 0), base
        limit = int(here[UP] if side > 0 else here[DOWN])
        reason = _barred(here, side, base)
        if step == 0 and here[ROLL] != 0:
            base, reason, limit = int(here[ROLL]), 0, _BEYOND if side > 0 else 0
        count = wanted if reason == 0 else 0
        if step == 1 and reason == 0:
            count, reason = _lots(state[CASH], price, fee, rules, side, wanted), int(l_.BELOW_LOT)
            entered = count > 0
        _trade(
            state,
            totals,
            events,
            fee,
            rules,
            side,
            count,
            base,
            limit if count > 0 else reason,
            max(wanted, 1),
            outcome,
        )
    if state[QUANTITY] != 0:
        state[CASH] += state[QUANTITY] * (int(here[MARK]) - last) * worth


@inner
def _side(price: float, below: float, above: float) -> int:
    """Tell on which side of two prices an open lies: 1 below, -1 above, 0 between; NaN is no price."""
    return 1 if price < below else -1 if price > above else 0


@inner
def _watch(state: IntArray, bar: int, fall: int, pause: int) -> None:
    """Look at equity after a close: so far below its highest, nothing is opened from the next bar on."""
    following = bar + 1
    if following < state[SHUT]:
        return
    if following == state[SHUT]:
        state[PEAK] = state[CASH]
    state[PEAK] = max(state[PEAK], state[CASH])
    if state[CASH] <= part(max(state[PEAK], 0), l_.MILLION - fall, l_.MILLION):
        state[SHUT] = following + pause if pause > 0 else _NEVER


@compiled
def walk_bars(
    wishes: tuple[FloatArray, FloatArray],
    wants: IntArray,
    opens: FloatArray,
    bars: Ticks,
    fees: IntArray,
    rules: IntArray,
    fixed: IntArray,
    turn: int,
    outcome: tuple[FloatArray, FloatArray, IntArray, IntArray, IntArray],
    states: IntArray,
) -> int:
    """Send K books through T bars; give the rows of events of the last.

    `wishes`: long below, short above ``[K, T]``, in the currency as `opens` ``[T]`` is; `wants` ``[K or 1, T or 1, 2]``
    exposure and the stop's distance, millionths, of each bar's wishes; `bars` ``[T, FIELDS]``; `fees`
    ``[T, FEE_FIELDS]``; `fixed`: lots a trade (0: by exposure), capital, the switch's fall in millionths (0: no
    switch) and its pause in bars; `turn`: 1, or -1 to go short below and long above. `outcome` as in `loop`.
    Known at: column *t* of `wishes` and `wants` is read for bar t + 1 alone, after its open; bar t + 1's high, low and
    close only by what happens within it; equity of *t* at CLOSE(t).
    """
    below, above = wishes
    equity, held, totals, lines, events = outcome
    worth, scale = rules[l_.TICK_VALUE], rules[l_.SCALE]
    rows, lots, fall = 0, fixed[LOTS], fixed[FALL]
    own, step = (1 if wants.shape[0] > 1 else 0), (1 if wants.shape[1] > 1 else 0)
    for book in range(below.shape[0]):
        state = states[book]
        state[CASH] = state[PEAK] = fixed[CAPITAL]
        for bar in range(below.shape[1]):
            here, quantity, before, wish = bars[bar], state[QUANTITY], bar - 1, 0
            if bar > 0:
                wish = turn * _side(opens[bar], below[book, before], above[book, before])
            if quantity != 0:
                now = int(here[OPEN] if here[ROLL] == 0 else here[ROLL])
                state[CASH] += quantity * (now - int(bars[bar - 1, MARK])) * worth
            if quantity != 0 or wish != 0:
                exposure, stop = wants[own * book, step * before, 0], wants[own * book, step * before, 1]
                if bar < state[SHUT] or (exposure == 0 and lots == 0):
                    wish = 0
                state[BAR] = bar
                _through(state, totals[book], events, here, fees[bar], rules, (wish, lots, exposure, stop))
            if fall > 0:
                _watch(state, bar, fall, fixed[PAUSE])
            equity[book, bar] = state[CASH] / scale
            value = state[QUANTITY] * int(here[MARK]) * worth
            held[book, bar] = value / state[CASH] if value != 0 and state[CASH] > 0 else 0.0
            if lines.shape[0] > 0:
                lines[bar, 0], lines[bar, 1], lines[bar, 2] = state[CASH], 0, state[QUANTITY]
        rows = state[ROWS]
    return int(rows)
