"""The market loop: one book walks through the bars of one asset, and every cent is a whole number.

At the open of bar *t*, in this order: a new session frees what was locked; a corporate action changes shares and cash;
a change of contract closes what is held of the old one and opens as many lots of the new one, each a fill of its own;
the exposure decided at the close of *t - 1* is compared with the one last reached, and where they differ an order is
made, sized on equity at that open; it is filled, or refused for a reason. At the close the book is valued. What was not
filled is tried again at the next open, because the wish persists. Where the wish does not change nothing is traded: no
rebalancing.

The frictionless book has no helpers in common and lives in `free_loop`.

Money is in money units, prices in ticks, quantities in units, exposures in millionths, rates in 1e-8; all int64. A bar
is a row of one table (`terms` makes it), so that a step touches one stretch of memory.
"""

from typing import NamedTuple

from tidegate.backtest.compiled import compiled, unbaked
from tidegate.backtest.money import RATE, part, rounded
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["COLUMNS", "MILLION", "NO_LIMIT", "STATE", "TOTALS", "Book", "walk"]

MILLION = 1_000_000
NO_LIMIT = 1 << 60

# Places in a book's state.
CASH, QUANTITY, LOCKED, BASIS, PROFIT, REACHED, ROWS, CALLED = range(8)
STATE = 8

# Why an order ended as it did.
FILLED, LIMIT_UP, LIMIT_DOWN, SETTLING, BELOW_LOT, SUSPENDED, FORCED, ROLLED, STOPPED_OUT = map(unbaked, range(9))
BUY, SELL, NONE = unbaked(1), unbaked(-1), unbaked(0)

# Columns of an event (one order).
BAR, SIDE, WANTED, DONE, PRICE, OUTCOME, COMMISSION, STAMP, TRANSFER, SLIPPAGE, REALISED, TRIP = range(12)
COLUMNS = 12

# Totals of a book.
FILLS, UNFILLED, TRIPS, WINS, SUM_COMMISSION, SUM_STAMP, SUM_TRANSFER, SUM_SLIPPAGE, BOUGHT, SOLD = range(10)
TOTALS = 10

# Columns of a bar; six rates and six fees per unit: side (buy, sell) by kind (commission, stamp duty, transfer fee).
NUMBER, OPEN, MARK, BEFORE, UP, DOWN, STOPPED, FRESH, REFERENCE, CLOSE_TODAY = range(10)
RATES, FLAT, ROLL, TODAY_FLAT, FIELDS = 10, 16, 22, 23, 24
# `ROLL`: the row, below those of the bars, of the contract left in this bar, whose limits nobody knows; 0 for none.

# Rules that hold at every bar.
TICK_VALUE, LOT, MINIMUM, CENT, MINIMUM_COMMISSION, SLIP, WAITS, MARGIN, MAINTENANCE, SCALE = range(10)
RULES = 10


class Book(NamedTuple):
    """What an order changes: state [8], totals [10] and events (a single row is scratch: nothing is kept)."""

    state: IntArray
    totals: IntArray
    events: IntArray


@compiled
def _fee_of(day: IntArray, rules: IntArray, side: int, kind: int, value: int, quantity: int) -> int:
    """Charge one fee of an order, rounded once: commission 0 (with its minimum), stamp duty 1, transfer fee 2."""
    if quantity == 0:
        return 0
    flat = quantity * day[FLAT + 3 * side + kind]
    fee = rounded(value, day[RATES + 3 * side + kind], flat, rules[CENT])
    return int(max(fee, rules[MINIMUM_COMMISSION]) if kind == 0 else fee)


@compiled
def _cost_of(day: IntArray, rules: IntArray, price: int, quantity: int) -> int:
    """Count the cash that a purchase takes, fees included."""
    cost = value = quantity * price * rules[TICK_VALUE]
    for kind in range(3):
        cost += _fee_of(day, rules, NONE, kind, value, quantity)
    return int(cost)


@compiled
def _affordable(day: IntArray, rules: IntArray, price: int, wanted: int, cash: int) -> int:
    """Find the most of `wanted`, in whole lots, that cash pays for, fees included.

    A float guesses; whole numbers then walk from the guess to the answer, which no longer depends on it: cost grows
    with quantity, so the answer is the one quantity that fits while a lot more does not.
    """
    if cash <= 0:
        return 0
    unit = float(price) * rules[TICK_VALUE]
    fixed = min(rules[MINIMUM_COMMISSION], cash)
    rates = (day[RATES] + day[RATES + 1] + day[RATES + 2]) / RATE
    flat = (day[FLAT] + day[FLAT + 1] + day[FLAT + 2]) / RATE
    guess = min(wanted, int((cash - fixed) / unit), int(cash / (unit * (1.0 + rates) + flat)))
    quantity = max(guess, 0) // rules[LOT] * rules[LOT]
    while quantity > 0 and _cost_of(day, rules, price, quantity) > cash:
        quantity -= rules[LOT]
    while quantity + rules[LOT] <= wanted and _cost_of(day, rules, price, quantity + rules[LOT]) <= cash:
        quantity += rules[LOT]
    return int(quantity)


@compiled
def _paid_price(day: IntArray, rules: IntArray, side: int) -> int:
    """Worsen the open by the slippage, never beyond a limit."""
    if side > 0:
        return int(min(day[OPEN] + rules[SLIP], day[UP]))
    return int(max(day[OPEN] - rules[SLIP], day[DOWN], 1))


@compiled
def _note(book: Book, day: IntArray, side: int, wanted: int, done: int, price: int, outcome: int) -> None:
    """Write an order's event; `_fill` adds what it cost. Without events to keep, one row is written again and again."""
    row = book.events[book.state[ROWS]]
    row[:] = 0
    row[BAR], row[SIDE], row[WANTED], row[DONE] = day[NUMBER], side, wanted, done
    row[PRICE], row[OUTCOME], row[TRIP] = price, outcome, book.totals[TRIPS]
    if done < wanted:
        book.totals[UNFILLED] += 1
    if done == 0 and book.events.shape[0] > 1:
        book.state[ROWS] += 1


@compiled
def _charge(book: Book, day: IntArray, rules: IntArray, side: int, today: int) -> int:
    """Work out the fees of the fill that `_note` wrote, of which `today` units close what the session opened."""
    row = book.events[book.state[ROWS]]
    done, price, which = row[DONE], row[PRICE], 0 if side > 0 else 1
    value, late = done * price * rules[TICK_VALUE], today * price * rules[TICK_VALUE]
    fees = 0
    for kind in range(3):
        value_of_kind, units = (value - late, done - today) if kind == 0 else (value, done)
        row[COMMISSION + kind] = _fee_of(day, rules, which, kind, value_of_kind, units)
        if kind == 0 and today > 0:
            row[COMMISSION] += rounded(late, day[CLOSE_TODAY], today * day[TODAY_FLAT], rules[CENT])
        fees += row[COMMISSION + kind]
    row[SLIPPAGE] = done * abs(price - day[OPEN]) * rules[TICK_VALUE]
    for kind in range(4):
        book.totals[SUM_COMMISSION + kind] += row[COMMISSION + kind]
    book.totals[FILLS] += 1
    book.totals[BOUGHT if side > 0 else SOLD] += value
    return int(fees)


@compiled
def _fill(
    book: Book, day: IntArray, rules: IntArray, side: int, wanted: int, done: int, outcome: int, today: int
) -> None:
    """Trade `done` units at the open.

    A position's basis is what it cost, opening fees included; a closing fill takes its share of it, and what is left
    between that and its proceeds is realised.
    """
    state = book.state
    price = _paid_price(day, rules, side)
    _note(book, day, side, wanted, done, price, outcome)
    fees = _charge(book, day, rules, side, today)
    row = book.events[state[ROWS]]
    value = done * price * rules[TICK_VALUE]
    if state[QUANTITY] * side >= 0:
        state[BASIS] += side * value + fees
    else:
        size = abs(state[QUANTITY])
        released = state[BASIS]
        if done < size:
            released = (state[BASIS] // size) * done + (state[BASIS] % size) * done // size
        state[BASIS] -= released
        row[REALISED] = -side * value - released - fees
        state[PROFIT] += row[REALISED]
    state[QUANTITY] += side * done
    state[CASH] -= fees + (row[SLIPPAGE] if rules[MARGIN] < RATE else side * value)
    if book.events.shape[0] > 1:
        state[ROWS] += 1
    if state[QUANTITY] == 0:
        _end_trip(book)


@compiled
def _end_trip(book: Book) -> None:
    """Count a round trip, and whether it earned anything."""
    book.totals[TRIPS] += 1
    if book.state[PROFIT] > 0:
        book.totals[WINS] += 1
    book.state[PROFIT] = book.state[BASIS] = 0


@compiled
def _blocked(day: IntArray, side: int) -> int:
    """Say why nothing can be filled on this side at the open, 0 where something can; prices are compared."""
    if day[STOPPED] == 1:
        return SUSPENDED
    if side > 0 and day[OPEN] >= day[UP]:
        return LIMIT_UP
    if side < 0 and day[OPEN] <= day[DOWN]:
        return LIMIT_DOWN
    return 0


@compiled
def _buy(book: Book, day: IntArray, rules: IntArray, wanted: int) -> bool:
    """Buy up to `wanted`, as far as cash goes; tell whether the wish is reached."""
    state = book.state
    step = max(rules[MINIMUM], rules[LOT])
    quantity = wanted // rules[LOT] * rules[LOT]
    if quantity < step and state[QUANTITY] > 0:
        return True
    reason = _blocked(day, BUY)
    if reason != 0:
        _note(book, day, BUY, max(quantity, step), NONE, day[OPEN], reason)
        return False
    quantity = _affordable(day, rules, _paid_price(day, rules, BUY), quantity, state[CASH])
    if quantity < step:
        _note(book, day, BUY, step, NONE, day[OPEN], BELOW_LOT)
        return bool(state[QUANTITY] > 0)
    state[LOCKED] += quantity
    _fill(book, day, rules, BUY, quantity, quantity, FILLED, NONE)
    return True


@compiled
def _sell(book: Book, day: IntArray, rules: IntArray, wanted: int) -> bool:
    """Sell `wanted`: whole lots, or everything; what T+1 holds back stays. Tell whether the wish is reached."""
    quantity = wanted
    if wanted < book.state[QUANTITY]:
        quantity = wanted // rules[LOT] * rules[LOT]
        if quantity < max(rules[MINIMUM], rules[LOT]):
            return True
    reason = _blocked(day, SELL)
    if reason != 0:
        _note(book, day, SELL, quantity, NONE, day[OPEN], reason)
        return False
    done = min(quantity, book.state[QUANTITY] - book.state[LOCKED] * rules[WAITS])
    if done < quantity:
        done = done // rules[LOT] * rules[LOT]
    if done <= 0:
        _note(book, day, SELL, quantity, NONE, day[OPEN], SETTLING)
        return False
    _fill(book, day, rules, SELL, quantity, done, FILLED if done == quantity else SETTLING, NONE)
    return bool(done == quantity)


@compiled
def _act(book: Book, day: IntArray, rules: IntArray) -> None:
    """Let a corporate action happen: shares × last mark / reference, the remainder in cash; equity does not move."""
    state = book.state
    worth = state[QUANTITY] * day[BEFORE]
    state[QUANTITY] = worth // day[REFERENCE]
    remainder = (worth - state[QUANTITY] * day[REFERENCE]) * rules[TICK_VALUE]
    state[CASH] += remainder
    state[BASIS] -= remainder
    if state[QUANTITY] == 0:
        state[PROFIT] -= state[BASIS]
        _end_trip(book)


@compiled
def _pursue_paid(book: Book, day: IntArray, rules: IntArray, target: int) -> bool:
    """Bring a holding paid in full to its target; tell whether it is reached."""
    state = book.state
    goal = 0
    if target != 0:
        worth = state[CASH] + state[QUANTITY] * day[OPEN] * rules[TICK_VALUE]
        goal = part(worth, target, MILLION) // (day[OPEN] * rules[TICK_VALUE]) // rules[LOT] * rules[LOT]
    change = goal - state[QUANTITY]
    if change < 0:
        return _sell(book, day, rules, -change)
    return True if target == 0 else _buy(book, day, rules, change)


@compiled
def _open_lots(book: Book, day: IntArray, rules: IntArray, side: int, wanted: int, outcome: int) -> bool:
    """Open `wanted` lots as far as equity covers margin, fees and slippage; tell whether the wish is reached."""
    state, price = book.state, day[OPEN]
    reason = _blocked(day, side)
    if reason != 0:
        _note(book, day, side, max(wanted, rules[LOT]), NONE, price, reason)
        return False
    quantity = wanted
    while quantity > 0:
        value = (quantity + abs(state[QUANTITY])) * price * rules[TICK_VALUE]
        fees = _fee_of(day, rules, NONE if side > 0 else BUY, NONE, quantity * price * rules[TICK_VALUE], quantity)
        worse = quantity * rules[SLIP] * rules[TICK_VALUE]
        if part(value, rules[MARGIN], RATE) + fees + worse <= state[CASH]:
            break
        quantity -= rules[LOT]
    if quantity <= 0:
        _note(book, day, side, rules[LOT], NONE, price, BELOW_LOT)
        return bool(state[QUANTITY] != 0)
    _fill(book, day, rules, side, wanted if outcome == ROLLED else quantity, quantity, outcome, NONE)
    state[LOCKED] += quantity
    return True


@compiled
def _close_lots(book: Book, day: IntArray, rules: IntArray, wanted: int, outcome: int) -> bool:
    """Close lots, those of earlier sessions first: what the session opened pays its own fee."""
    state = book.state
    side = -1 if state[QUANTITY] > 0 else 1
    reason = _blocked(day, side)
    if reason != 0:
        _note(book, day, side, wanted, NONE, day[OPEN], reason)
        return False
    today = max(wanted - (abs(state[QUANTITY]) - state[LOCKED]), 0)
    state[LOCKED] -= today
    _fill(book, day, rules, side, wanted, wanted, outcome, today)
    return True


@compiled
def _pursue_margined(book: Book, day: IntArray, rules: IntArray, target: int) -> bool:
    """Bring a margined position to its target: close what must be closed, then open what is missing."""
    state = book.state
    per_lot = day[OPEN] * rules[TICK_VALUE] * rules[LOT]
    lots = part(max(state[CASH], 0), abs(target), MILLION) // per_lot * rules[LOT]
    held = state[QUANTITY]
    same = held * target > 0
    closing = max(abs(held) - lots, 0) if same else abs(held)
    if closing > 0 and not _close_lots(book, day, rules, closing, FILLED):
        return False
    if target == 0 or (same and lots <= abs(held)):
        return True
    return _open_lots(book, day, rules, BUY if target > 0 else SELL, lots - abs(held) if same else lots, FILLED)


@compiled
def _roll(book: Book, old: IntArray, day: IntArray, rules: IntArray, target: int) -> bool:
    """Leave the old contract, then pursue the wish in the new; one that has not changed keeps its lots."""
    state, held, stays = book.state, book.state[QUANTITY], target == book.state[REACHED]
    _close_lots(book, old, rules, abs(held), ROLLED if stays or held * target > 0 else FILLED)
    if not stays:
        return _pursue_margined(book, day, rules, target)
    reached = _open_lots(book, day, rules, BUY if held > 0 else SELL, abs(held), ROLLED)
    if not reached:
        state[REACHED] = NO_LIMIT
    return reached


@compiled
def _at_open(book: Book, day: IntArray, old: IntArray, rules: IntArray, wish: int) -> None:
    """Do what a bar's open brings: free what was locked, act, answer a margin call, pursue a wish that changed."""
    state = book.state
    margined = rules[MARGIN] < RATE
    if day[FRESH] == 1:
        state[LOCKED] = 0
    if margined:
        state[CASH] += state[QUANTITY] * (old[OPEN] - day[BEFORE]) * rules[TICK_VALUE]
    elif state[QUANTITY] > 0 and day[REFERENCE] != day[BEFORE]:
        _act(book, day, rules)
    if state[CALLED] == 1:
        reached = _close_lots(book, old, rules, abs(state[QUANTITY]), FORCED)
        state[CALLED] = 0 if reached else 1
    elif margined and day[ROLL] != 0 and state[QUANTITY] != 0:
        reached = _roll(book, old, day, rules, wish)
    elif wish == state[REACHED]:
        reached = True
    else:
        reached = _pursue_margined(book, day, rules, wish) if margined else _pursue_paid(book, day, rules, wish)
    if reached:
        state[REACHED] = wish
    if margined:
        state[CASH] += state[QUANTITY] * (day[MARK] - day[OPEN]) * rules[TICK_VALUE]


@compiled
def walk(
    wants: IntArray,
    table: IntArray,
    rules: IntArray,
    capital: int,
    outcome: tuple[FloatArray, FloatArray, IntArray, IntArray, IntArray],
    states: IntArray,
) -> int:
    """Send books through the bars: wishes ``[K, T]`` in millionths → equity, exposure ``[K, T]``, totals ``[K, 10]``.

    `outcome` is written: equity, exposure, totals, and for a single book its lines and events (else empty); `states`
    are zeros ``[K, STATE]``. A margined position is marked at every close and lies inside its cash; where equity is
    then under the maintenance margin, it is closed by force at the next open, and stays out until the wish changes.
    Returns the rows of events.
    """
    equity, held, totals, lines, events = outcome
    margined = rules[MARGIN] < RATE
    rows = 0
    for number in range(wants.shape[0]):
        book = Book(states[number], totals[number], events)
        state = book.state
        state[CASH] = capital
        for bar in range(wants.shape[1]):
            day = table[bar]
            if bar > 0:
                _at_open(book, day, table[day[ROLL]] if day[ROLL] != 0 else day, rules, wants[number, bar - 1])
            worth = state[QUANTITY] * day[MARK] * rules[TICK_VALUE]
            total = state[CASH] if margined else state[CASH] + worth
            if margined and worth != 0 and total < part(abs(worth), rules[MAINTENANCE], RATE):
                state[CALLED] = 1
            equity[number, bar] = total / rules[SCALE]
            held[number, bar] = worth / total if total > 0 else 0.0
            if lines.shape[0] > 0:
                lines[bar, 0], lines[bar, 1], lines[bar, 2] = state[CASH], total - state[CASH], state[QUANTITY]
        rows = state[ROWS]
    return int(rows)
