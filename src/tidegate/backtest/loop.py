"""The market loop: one book walks through the bars of one asset, and every cent is a whole number.

At the open of bar *t*, in this order: a new session frees what was locked; a corporate action changes shares and cash;
the exposure decided at the close of *t - 1* is compared with the one last reached, and where they differ an order is
made, sized on equity at that open; it is filled, or refused for a reason. At the close the book is valued. What was not
filled is tried again at the next open, because the wish persists. Where the wish does not change nothing is traded: no
rebalancing.

Everything that shares compiled helpers lives in this one file, so that a kept compilation can never rest on an older
version of one: books paid in full (`cash_book`) and margined books (`margin_book`). The frictionless book has none and
lives in `free_loop`.

State of an exact book: int64 [8], by the names below. Money is in money units, prices in ticks, quantities in units,
exposures in millionths, rates in 1e-8.
"""

from typing import NamedTuple

import numpy as np

from tidegate.backtest.compiled import compiled
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["COLUMNS", "MILLION", "NO_LIMIT", "TOTALS", "Terms", "cash_books", "margin_books"]

MILLION = 1_000_000
_RATE = 100_000_000
NO_LIMIT = 1 << 60

# Places in a book's state.
CASH, QUANTITY, LOCKED, BASIS, PROFIT, REACHED, ROWS, CALLED = range(8)

# Why an order ended as it did.
FILLED, LIMIT_UP, LIMIT_DOWN, SETTLING, BELOW_LOT, SUSPENDED, FORCED = range(7)

# Columns of an event (one order): plain ints, so that the compiler sees constants.
BAR, SIDE, WANTED, DONE, PRICE, OUTCOME, COMMISSION, STAMP, TRANSFER, SLIPPAGE, REALISED, TRIP = range(12)
COLUMNS = 12

# Totals of a book.
FILLS, UNFILLED, TRIPS, WINS, SUM_COMMISSION, SUM_STAMP, SUM_TRANSFER, SUM_SLIPPAGE, BOUGHT, SOLD = range(10)
TOTALS = 10


class Terms(NamedTuple):
    """Conditions as the loop reads them: int64 arrays [T], fees [T, 2 sides, 3 kinds], and whole numbers."""

    open: IntArray
    mark: IntArray
    up: IntArray
    down: IntArray
    stopped: IntArray
    session: IntArray
    reference: IntArray
    rates: IntArray
    per_unit: IntArray
    close_today: IntArray
    tick_value: int
    lot: int
    minimum: int
    cent: int
    minimum_commission: int
    slippage: int
    waits: int
    margin: int
    maintenance: int


@compiled
def part(value: int, rate: int, whole: int) -> int:
    """⌊value · rate / whole⌋ without overflow for rate ≤ whole ≤ 1e9."""
    return (value // whole) * rate + (value % whole) * rate // whole


@compiled
def rounded_fee(value: int, rate: int, quantity: int, per_unit: int, cent: int) -> int:
    """Value · rate + quantity · per_unit, in 1e-8, rounded half-up to a cent, once."""
    whole = _RATE * cent
    rest = (value % whole) * rate + quantity * per_unit
    return ((value // whole) * rate + (2 * rest + whole) // (2 * whole)) * cent


@compiled
def commission_of(terms: Terms, bar: int, side: int, value: int, quantity: int) -> int:
    """Commission with its minimum; an order of nothing costs nothing."""
    fee = rounded_fee(value, terms.rates[bar, side, 0], quantity, terms.per_unit[bar, side, 0], terms.cent)
    return max(fee, terms.minimum_commission) if quantity > 0 else 0


@compiled
def levy_of(terms: Terms, bar: int, side: int, kind: int, value: int, quantity: int) -> int:
    """Stamp duty (1) or transfer fee (2)."""
    return rounded_fee(value, terms.rates[bar, side, kind], quantity, terms.per_unit[bar, side, kind], terms.cent)


@compiled
def cost_of(terms: Terms, bar: int, price: int, quantity: int) -> int:
    """Cash that a purchase takes, fees included."""
    value = quantity * price * terms.tick_value
    return (
        value
        + commission_of(terms, bar, 0, value, quantity)
        + levy_of(terms, bar, 0, 1, value, quantity)
        + levy_of(terms, bar, 0, 2, value, quantity)
    )


@compiled
def affordable(terms: Terms, bar: int, price: int, wanted: int, cash: int) -> int:
    """The most of `wanted`, in whole lots, that cash pays for, fees included.

    A float guesses; whole numbers then walk from the guess to the answer, which no longer depends on it: cost grows with
    quantity, so the answer is the one quantity that fits while a lot more does not.
    """
    if cash <= 0:
        return 0
    unit = float(price) * terms.tick_value
    fixed = min(terms.minimum_commission, cash)
    rates = (terms.rates[bar, 0, 0] + terms.rates[bar, 0, 1] + terms.rates[bar, 0, 2]) / _RATE
    flat = (terms.per_unit[bar, 0, 0] + terms.per_unit[bar, 0, 1] + terms.per_unit[bar, 0, 2]) / _RATE
    guess = min(wanted, int((cash - fixed) / unit), int(cash / (unit * (1.0 + rates) + flat)))
    quantity = max(guess, 0) // terms.lot * terms.lot
    while quantity > 0 and cost_of(terms, bar, price, quantity) > cash:
        quantity -= terms.lot
    while quantity + terms.lot <= wanted and cost_of(terms, bar, price, quantity + terms.lot) <= cash:
        quantity += terms.lot
    return quantity


@compiled
def write(
    state: IntArray,
    events: IntArray,
    totals: IntArray,
    bar: int,
    side: int,
    wanted: int,
    done: int,
    price: int,
    outcome: int,
    commission: int,
    stamp: int,
    transfer: int,
    slip: int,
    realised: int,
    value: int,
) -> None:
    """Count an order and, where events are kept, write it down."""
    if done > 0:
        totals[FILLS] += 1
        totals[SUM_COMMISSION] += commission
        totals[SUM_STAMP] += stamp
        totals[SUM_TRANSFER] += transfer
        totals[SUM_SLIPPAGE] += slip
        totals[BOUGHT if side > 0 else SOLD] += value
    if done < wanted:
        totals[UNFILLED] += 1
    if events.shape[0] > 0:
        row = events[state[ROWS]]
        row[BAR], row[SIDE], row[WANTED], row[DONE] = bar, side, wanted, done
        row[PRICE], row[OUTCOME] = price, outcome
        row[COMMISSION], row[STAMP], row[TRANSFER], row[SLIPPAGE] = commission, stamp, transfer, slip
        row[REALISED], row[TRIP] = realised, totals[TRIPS]
        state[ROWS] += 1


@compiled
def fill(
    state: IntArray,
    terms: Terms,
    events: IntArray,
    totals: IntArray,
    bar: int,
    side: int,
    wanted: int,
    done: int,
    outcome: int,
    today: int,
) -> None:
    """Trade `done` units at the open of `bar` (worse by the slippage), of which `today` close what the session opened.

    A position's basis is what it cost, opening fees included; a closing fill takes its share of it.
    """
    price = min(terms.open[bar] + terms.slippage, terms.up[bar])
    if side < 0:
        price = max(terms.open[bar] - terms.slippage, terms.down[bar], 1)
    value = done * price * terms.tick_value
    slip = done * abs(price - terms.open[bar]) * terms.tick_value
    which = 0 if side > 0 else 1
    if today > 0:
        late = today * price * terms.tick_value
        commission = rounded_fee(
            value - late, terms.rates[bar, which, 0], done - today, terms.per_unit[bar, which, 0], terms.cent
        )
        commission += rounded_fee(late, terms.close_today[bar], 0, 0, terms.cent)
    else:
        commission = commission_of(terms, bar, which, value, done)
    stamp = levy_of(terms, bar, which, 1, value, done)
    transfer = levy_of(terms, bar, which, 2, value, done)
    fees = commission + stamp + transfer
    held = state[QUANTITY]
    realised = 0
    if held * side >= 0:
        state[BASIS] += side * value + fees
    else:
        size = abs(held)
        released = (
            state[BASIS] if done == size else (state[BASIS] // size) * done + (state[BASIS] % size) * done // size
        )
        state[BASIS] -= released
        realised = -side * value - released - fees
        state[PROFIT] += realised
    state[QUANTITY] = held + side * done
    if terms.margin < _RATE:
        state[CASH] -= slip + fees
    else:
        state[CASH] -= side * value + fees
    write(
        state,
        events,
        totals,
        bar,
        side,
        wanted,
        done,
        price,
        outcome,
        commission,
        stamp,
        transfer,
        slip,
        realised,
        value,
    )
    if state[QUANTITY] == 0:
        totals[TRIPS] += 1
        totals[WINS] += 1 if state[PROFIT] > 0 else 0
        state[PROFIT] = 0


@compiled
def refuse(
    state: IntArray, terms: Terms, events: IntArray, totals: IntArray, bar: int, side: int, wanted: int, outcome: int
) -> None:
    """An order that ended without a fill."""
    write(state, events, totals, bar, side, wanted, 0, terms.open[bar], outcome, 0, 0, 0, 0, 0, 0)


@compiled
def blocked(terms: Terms, bar: int, side: int) -> int:
    """Why nothing can be filled on this side at the open: 0 where something can. Prices are compared, never changes."""
    if terms.stopped[bar] == 1:
        return SUSPENDED
    if side > 0 and terms.open[bar] >= terms.up[bar]:
        return LIMIT_UP
    if side < 0 and terms.open[bar] <= terms.down[bar]:
        return LIMIT_DOWN
    return 0


@compiled
def buy(state: IntArray, terms: Terms, events: IntArray, totals: IntArray, bar: int, wanted: int) -> bool:
    """Buy up to `wanted`, as far as cash goes; returns whether the wish is reached."""
    step = max(terms.minimum, terms.lot)
    quantity = wanted // terms.lot * terms.lot
    if quantity < step and state[QUANTITY] > 0:
        return True
    reason = blocked(terms, bar, 1)
    if reason != 0:
        refuse(state, terms, events, totals, bar, 1, max(quantity, step), reason)
        return False
    price = min(terms.open[bar] + terms.slippage, terms.up[bar])
    quantity = affordable(terms, bar, price, quantity, state[CASH])
    if quantity < step:
        refuse(state, terms, events, totals, bar, 1, step, BELOW_LOT)
        return bool(state[QUANTITY] > 0)
    state[LOCKED] += quantity
    fill(state, terms, events, totals, bar, 1, quantity, quantity, FILLED, 0)
    return True


@compiled
def sell(state: IntArray, terms: Terms, events: IntArray, totals: IntArray, bar: int, wanted: int) -> bool:
    """Sell `wanted`: whole lots, or everything; what T+1 holds back stays."""
    quantity = wanted
    if wanted < state[QUANTITY]:
        quantity = wanted // terms.lot * terms.lot
        if quantity < max(terms.minimum, terms.lot):
            return True
    reason = blocked(terms, bar, -1)
    if reason != 0:
        refuse(state, terms, events, totals, bar, -1, quantity, reason)
        return False
    done = min(quantity, state[QUANTITY] - state[LOCKED] * terms.waits)
    if done < quantity:
        done = done // terms.lot * terms.lot
    if done <= 0:
        refuse(state, terms, events, totals, bar, -1, quantity, SETTLING)
        return False
    fill(state, terms, events, totals, bar, -1, quantity, done, FILLED if done == quantity else SETTLING, 0)
    return bool(done == quantity)


@compiled
def act(state: IntArray, terms: Terms, bar: int) -> None:
    """A corporate action: shares × last mark / reference, the remainder in cash; equity does not move."""
    if state[QUANTITY] > 0 and terms.reference[bar] != terms.mark[bar - 1]:
        worth = state[QUANTITY] * terms.mark[bar - 1]
        state[QUANTITY] = worth // terms.reference[bar]
        remainder = (worth - state[QUANTITY] * terms.reference[bar]) * terms.tick_value
        state[CASH] += remainder
        state[BASIS] -= remainder


@compiled
def cash_book(
    want: IntArray,
    terms: Terms,
    capital: int,
    scale: float,
    equity: FloatArray,
    held: FloatArray,
    lines: IntArray,
    events: IntArray,
    totals: IntArray,
) -> int:
    """A book paid in full: wishes ``[T]`` in millionths → equity and exposure ``[T]``; returns the rows of events."""
    state = np.zeros(8, dtype=np.int64)
    state[CASH] = capital
    for bar in range(want.shape[0]):
        if bar > 0:
            if terms.session[bar] != terms.session[bar - 1]:
                state[LOCKED] = 0
            act(state, terms, bar)
            target = want[bar - 1]
            if target != state[REACHED]:
                if target == 0:
                    change = -state[QUANTITY]
                else:
                    worth = state[CASH] + state[QUANTITY] * terms.open[bar] * terms.tick_value
                    goal = part(worth, target, MILLION) // (terms.open[bar] * terms.tick_value)
                    change = goal // terms.lot * terms.lot - state[QUANTITY]
                if change < 0:
                    reached = sell(state, terms, events, totals, bar, -change)
                elif target == 0:
                    reached = True
                else:
                    reached = buy(state, terms, events, totals, bar, change)
                if reached:
                    state[REACHED] = target
        holdings = state[QUANTITY] * terms.mark[bar] * terms.tick_value
        total = state[CASH] + holdings
        equity[bar] = total / scale
        held[bar] = holdings / total if total > 0 else 0.0
        if lines.shape[0] > 0:
            lines[bar, 0], lines[bar, 1], lines[bar, 2] = state[CASH], holdings, state[QUANTITY]
    return int(state[ROWS])


@compiled
def open_lots(
    state: IntArray, terms: Terms, events: IntArray, totals: IntArray, bar: int, side: int, wanted: int
) -> bool:
    """Open `wanted` lots as far as equity covers margin, fees and slippage."""
    if wanted <= 0:
        refuse(state, terms, events, totals, bar, side, terms.lot, BELOW_LOT)
        return bool(state[QUANTITY] != 0)
    reason = blocked(terms, bar, side)
    if reason != 0:
        refuse(state, terms, events, totals, bar, side, wanted, reason)
        return False
    quantity = wanted
    while quantity > 0:
        value = (quantity + abs(state[QUANTITY])) * terms.open[bar] * terms.tick_value
        fees = commission_of(terms, bar, 0, quantity * terms.open[bar] * terms.tick_value, quantity)
        if part(value, terms.margin, _RATE) + fees + quantity * terms.slippage * terms.tick_value <= state[CASH]:
            break
        quantity -= terms.lot
    if quantity <= 0:
        refuse(state, terms, events, totals, bar, side, wanted, BELOW_LOT)
        return bool(state[QUANTITY] != 0)
    fill(state, terms, events, totals, bar, side, quantity, quantity, FILLED, 0)
    state[LOCKED] += quantity
    return True


@compiled
def close_lots(
    state: IntArray, terms: Terms, events: IntArray, totals: IntArray, bar: int, wanted: int, outcome: int
) -> bool:
    """Close lots, those of earlier sessions first; what the session opened pays its own fee."""
    side = -1 if state[QUANTITY] > 0 else 1
    reason = blocked(terms, bar, side)
    if reason != 0:
        refuse(state, terms, events, totals, bar, side, wanted, reason)
        return False
    earlier = abs(state[QUANTITY]) - state[LOCKED]
    today = max(wanted - earlier, 0)
    state[LOCKED] -= today
    fill(state, terms, events, totals, bar, side, wanted, wanted, outcome, today)
    return True


@compiled
def pursue(state: IntArray, terms: Terms, events: IntArray, totals: IntArray, bar: int, target: int) -> bool:
    """Bring a margined position to its target: what must be closed first, then what must be opened."""
    per_lot = terms.open[bar] * terms.tick_value * terms.lot
    lots = part(max(state[CASH], 0), abs(target), MILLION) // per_lot * terms.lot
    goal = lots if target > 0 else -lots
    held = state[QUANTITY]
    same = held * goal > 0
    closing = max(abs(held) - abs(goal), 0) if same else abs(held)
    if closing > 0 and not close_lots(state, terms, events, totals, bar, closing, FILLED):
        return False
    if target == 0 or (same and abs(goal) <= abs(held)):
        return True
    opening = abs(goal) - abs(held) if same else abs(goal)
    return open_lots(state, terms, events, totals, bar, 1 if target > 0 else -1, opening)


@compiled
def margin_book(
    want: IntArray,
    terms: Terms,
    capital: int,
    scale: float,
    equity: FloatArray,
    held: FloatArray,
    lines: IntArray,
    events: IntArray,
    totals: IntArray,
) -> int:
    """A margined book, marked at every close. Equity under the maintenance margin there is closed at the next open and
    stays out until the wish changes.
    """
    state = np.zeros(8, dtype=np.int64)
    state[CASH] = capital
    for bar in range(want.shape[0]):
        if bar > 0:
            if terms.session[bar] != terms.session[bar - 1]:
                state[LOCKED] = 0
            target = want[bar - 1]
            state[CASH] += state[QUANTITY] * (terms.open[bar] - terms.mark[bar - 1]) * terms.tick_value
            if state[CALLED] == 1:
                if close_lots(state, terms, events, totals, bar, abs(state[QUANTITY]), FORCED):
                    state[CALLED] = 0
                    state[REACHED] = target
            elif target != state[REACHED] and pursue(state, terms, events, totals, bar, target):
                state[REACHED] = target
            state[CASH] += state[QUANTITY] * (terms.mark[bar] - terms.open[bar]) * terms.tick_value
        value = state[QUANTITY] * terms.mark[bar] * terms.tick_value
        if state[QUANTITY] != 0 and state[CASH] < part(abs(value), terms.maintenance, _RATE):
            state[CALLED] = 1
        equity[bar] = state[CASH] / scale
        held[bar] = value / state[CASH] if state[CASH] > 0 else 0.0
        if lines.shape[0] > 0:
            lines[bar, 0], lines[bar, 1], lines[bar, 2] = state[CASH], 0, state[QUANTITY]
    return int(state[ROWS])


@compiled
def cash_books(
    wants: IntArray,
    terms: Terms,
    capital: int,
    scale: float,
    equity: FloatArray,
    held: FloatArray,
    lines: IntArray,
    events: IntArray,
    totals: IntArray,
) -> int:
    """Many books, one after the other; `lines` and `events` are kept for a single book alone."""
    rows = 0
    for book in range(wants.shape[0]):
        rows = cash_book(wants[book], terms, capital, scale, equity[book], held[book], lines, events, totals[book])
    return rows


@compiled
def margin_books(
    wants: IntArray,
    terms: Terms,
    capital: int,
    scale: float,
    equity: FloatArray,
    held: FloatArray,
    lines: IntArray,
    events: IntArray,
    totals: IntArray,
) -> int:
    """The same for margined books."""
    rows = 0
    for book in range(wants.shape[0]):
        rows = margin_book(wants[book], terms, capital, scale, equity[book], held[book], lines, events, totals[book])
    return rows
