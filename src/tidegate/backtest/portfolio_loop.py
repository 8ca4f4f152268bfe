"""The portfolio loop: one book walks through the bars of many assets, and every cent is a whole number.

In each bar, in this order: a new session frees what was locked; cash on its way arrives; corporate actions and ends of
listing happen to what is held; then the orders decided at the close before are filled or refused, moment by moment
(open, limit, average price, close) and at each moment sales before purchases, in the order they were given; at the
close the book is valued, and the strategy gives its orders for the next bar. What an order leaves unfilled dies with
its bar.

Everything that is known of a price is compared, never its change: at the upper limit nobody sells to you, at the lower
nobody buys from you.
"""

from typing import Any

from tidegate.backtest import tape as t_
from tidegate.backtest.compiled import compiled, inner, unbaked
from tidegate.backtest.money import RATE, part, rounded
from tidegate.backtest.tape import Account, Tape
from tidegate.strategy.orders import Seen
from tidegate.types.axes import IntArray

__all__ = ["OUTCOMES", "begin_bar", "end_bar", "fill_bar", "seen", "walk"]

OUTCOMES = (
    "filled",
    "limit up",
    "limit down",
    "T+1",
    "below one lot",
    "suspended",
    "out of cash",
    "share of volume",
    "condition not met",
    "nothing to sell",
    "reference price",
    "split",
    "dividend",
    "end of listing",
    "not a legal quantity",
)
"""What became of an order, or what an action was, by its code."""
(
    FILLED, LIMIT_UP, LIMIT_DOWN, SETTLING, BELOW_LOT, SUSPENDED, NO_CASH, VOLUME, CONDITION, NOTHING, ACTED, SPLIT,
    DIVIDEND, ENDED, ILLEGAL,
) = map(unbaked, range(15))  # fmt: skip
BUY, SELL, NONE = unbaked(1), unbaked(-1), unbaked(0)
_ROOM = 8


@inner
def _fee(tape: Tape, bar: int, asset: int, sell: int, kind: int, value: int, quantity: int) -> int:
    """Charge one fee of an order, rounded once: commission 0 (with its minimum), stamp duty 1, transfer fee 2."""
    row = tape.fees[bar, tape.group[asset]]
    place = 3 * sell + kind
    rate, flat = row[place], row[6 + place]
    fee = NONE
    if rate != 0 or flat != 0:
        fee = rounded(value, rate, quantity * flat, tape.rules[t_.CENT])
    return int(max(fee, tape.rules[t_.MINIMUM_COMMISSION]) if kind == 0 else fee)


@inner
def _cost(tape: Tape, bar: int, asset: int, price: int, quantity: int) -> int:
    """Count the cash that a purchase takes, fees included."""
    value = quantity * price * tape.tick_value[asset]
    return int(
        value
        + _fee(tape, bar, asset, 0, 0, value, quantity)
        + _fee(tape, bar, asset, 0, 1, value, quantity)
        + _fee(tape, bar, asset, 0, 2, value, quantity)
    )


@inner
def _affordable(tape: Tape, bar: int, asset: int, price: int, wanted: int, cash: int) -> int:
    """Find the most of `wanted`, in legal steps, that cash pays for, fees included.

    A float guesses; whole numbers then walk from the guess to the answer, which no longer depends on it.
    """
    if cash <= 0:
        return 0
    if _cost(tape, bar, asset, price, wanted) <= cash:
        return int(wanted)
    step = tape.lot[asset]
    row = tape.fees[bar, tape.group[asset]]
    unit = float(price * tape.tick_value[asset])
    rates = (row[0] + row[1] + row[2]) / RATE
    flat = (row[6] + row[7] + row[8]) / RATE
    guess = min(wanted, int(cash / (unit * (1.0 + rates) + flat)))
    quantity = max(guess, 0) // step * step
    while quantity > 0 and _cost(tape, bar, asset, price, quantity) > cash:
        quantity -= step
    while quantity + step <= wanted and _cost(tape, bar, asset, price, quantity + step) <= cash:
        quantity += step
    return int(quantity)


@inner
def _note(account: Account, bar: int, order: IntArray, wanted: int, done: int, price: int, outcome: int) -> int:
    """Write an order's event; give its row."""
    row = account.purse[t_.EVENTS]
    event = account.events[row]
    event[:] = 0
    event[t_.BAR], event[t_.ASSET] = bar, order[t_.O_ASSET]
    event[t_.SIDE] = 1 if order[t_.O_QUANTITY] > 0 else -1
    event[t_.WANTED], event[t_.DONE], event[t_.PRICE], event[t_.OUTCOME] = wanted, done, price, outcome
    event[t_.AT], event[t_.REASON] = order[t_.O_AT], order[t_.O_REASON]
    event[t_.TRIP] = account.trip[order[t_.O_ASSET]] if account.shares[order[t_.O_ASSET]] != 0 else -1
    event[t_.AFTER] = account.purse[t_.CASH]
    account.purse[t_.EVENTS] = row + 1
    return int(row)


@inner
def _leave(account: Account, asset: int) -> None:
    """Strike an asset that is no longer held off the list, keeping the order of the others."""
    place = account.spot[asset]
    last = account.purse[t_.COUNT] - 1
    for k in range(place, last):
        account.held[k] = account.held[k + 1]
        account.spot[account.held[k]] = k
    account.spot[asset] = -1
    account.purse[t_.COUNT] = last
    if account.profit[asset] > 0:
        account.purse[t_.WINS] += 1
    account.profit[asset] = account.basis[asset] = account.locked[asset] = 0


@inner
def _fill(
    tape: Tape, account: Account, bar: int, order: IntArray, wanted: int, done: int, price: int, base: int, outcome: int
) -> None:
    """Book a fill of `done` units at `price`; `base` is the price before slippage.

    A position's basis is what it cost, opening fees included; a closing fill takes its share of it, and what is left
    between that and its proceeds is realised.
    """
    asset = order[t_.O_ASSET]
    side = 1 if order[t_.O_QUANTITY] > 0 else -1
    sell = 0 if side > 0 else 1
    value = done * price * tape.tick_value[asset]
    commission = _fee(tape, bar, asset, sell, 0, value, done)
    stamp = _fee(tape, bar, asset, sell, 1, value, done)
    transfer = _fee(tape, bar, asset, sell, 2, value, done)
    fees = commission + stamp + transfer
    shares = account.shares[asset]
    if shares == 0:
        last = account.purse[t_.COUNT]
        account.held[last], account.spot[asset] = asset, last
        account.purse[t_.COUNT] = last + 1
        account.trip[asset] = account.purse[t_.TRIPS]
        account.purse[t_.TRIPS] += 1
    row = account.events[_note(account, bar, order, wanted, done, price, outcome)]
    row[t_.TRIP] = account.trip[asset]
    row[t_.COMMISSION], row[t_.STAMP], row[t_.TRANSFER] = commission, stamp, transfer
    worse = done * abs(price - base) * tape.tick_value[asset]
    row[t_.SLIPPAGE] = worse
    if shares * side >= 0:
        account.basis[asset] += side * value + fees
    else:
        size = abs(shares)
        released = account.basis[asset]
        if done < size:
            released = (account.basis[asset] // size) * done + (account.basis[asset] % size) * done // size
        account.basis[asset] -= released
        row[t_.REALISED] = -side * value - released - fees
        account.profit[asset] += row[t_.REALISED]
    account.shares[asset] = shares + side * done
    account.purse[t_.CASH] -= side * value + fees
    row[t_.AFTER] = account.purse[t_.CASH]
    if side > 0:
        account.since[asset] = bar
        if tape.waits[asset] == 1:
            account.locked[asset] += done
    if account.taken[asset, 0] != bar:
        account.taken[asset, 0], account.taken[asset, 1] = bar, 0
    account.taken[asset, 1] += done
    line = account.lines[bar]
    line[t_.L_FEES] += fees
    line[t_.L_SLIPPAGE] += worse
    line[t_.L_BOUGHT if side > 0 else t_.L_SOLD] += value
    if account.shares[asset] == 0:
        _leave(account, asset)


@inner
def _price(tape: Tape, bar: int, order: IntArray) -> tuple[int, int]:  # noqa: C901, PLR0911
    """Find the price of an order's moment and what forbids it there: (price, 0) or (price, outcome)."""
    asset, at, limit = order[t_.O_ASSET], order[t_.O_AT], order[t_.O_PRICE]
    buys = order[t_.O_QUANTITY] > 0
    if tape.open[bar, asset] == 0:
        return 0, int(SUSPENDED)
    up, down = tape.limit_up[bar, asset], tape.limit_down[bar, asset]
    low, high = tape.low[bar, asset], tape.high[bar, asset]
    price = int(tape.open[bar, asset])
    if at == 0 and limit != 0 and ((limit > 0 and price <= limit) or (limit < 0 and price >= -limit)):
        return price, int(CONDITION)
    if at == 1:
        beyond = price > limit if buys else price < limit
        if beyond:
            if not (low < limit if buys else high > limit):
                return limit, int(CONDITION)
            price = int(limit)
    elif at == 2:  # noqa: PLR2004
        price = int(tape.vwap[bar, asset])
        if buys and low >= up:
            return price, int(LIMIT_UP)
        if not buys and high <= down:
            return price, int(LIMIT_DOWN)
        return price, 0
    elif at == 3:  # noqa: PLR2004
        price = int(tape.close[bar, asset])
    if buys and price >= up:
        return price, int(LIMIT_UP)
    if not buys and price <= down:
        return price, int(LIMIT_DOWN)
    return price, 0


@inner
def _worse(tape: Tape, bar: int, asset: int, price: int, side: int) -> int:
    """Worsen a price by the slippage, never beyond a limit, never below one tick."""
    slip = tape.rules[t_.SLIP]
    if tape.rules[t_.SLIP_RATE] > 0:
        slip += rounded(price, tape.rules[t_.SLIP_RATE], 0, 1)
    if side > 0:
        return int(min(price + slip, max(tape.limit_up[bar, asset], price)))
    return int(max(price - slip, min(tape.limit_down[bar, asset], price), 1))


@inner
def _room(tape: Tape, account: Account, bar: int, asset: int) -> int:
    """Units that the cap on participation still lets through in this bar."""
    share = tape.rules[t_.PARTICIPATION]
    if share == 0:
        return 1 << 60
    taken = account.taken[asset, 1] if account.taken[asset, 0] == bar else 0
    return int(max(part(tape.volume[bar, asset], share, RATE) - taken, 0))


@inner
def _buy(tape: Tape, account: Account, bar: int, order: IntArray) -> None:
    """Buy: a legal quantity, no more than the volume's share, no more than cash pays for."""
    asset, asked = order[t_.O_ASSET], order[t_.O_QUANTITY]
    if order[t_.O_AT] == 3 and order[t_.O_PRICE] != 0:  # noqa: PLR2004 - it only ends what is held
        if account.shares[asset] >= 0:
            _note(account, bar, order, asked, 0, 0, NOTHING)
            return
        asked = min(asked, -account.shares[asset])
    base, forbidden = _price(tape, bar, order)
    if forbidden != 0:
        _note(account, bar, order, asked, 0, base, forbidden)
        return
    price = base if order[t_.O_AT] == 1 else _worse(tape, bar, asset, base, 1)
    lot, least = tape.lot[asset], tape.minimum[asset]
    covers = account.shares[asset] < 0 and asked == -account.shares[asset]
    wanted = asked if covers else asked // lot * lot
    if wanted < least and not covers:
        _note(account, bar, order, asked, 0, price, BELOW_LOT)
        return
    outcome = FILLED
    quantity = min(wanted, _room(tape, account, bar, asset))
    if quantity < wanted:
        outcome, quantity = VOLUME, quantity // lot * lot
    if quantity < least and not covers:
        _note(account, bar, order, asked, 0, price, VOLUME)
        return
    paid = _affordable(tape, bar, asset, price, quantity, account.purse[t_.CASH])
    if paid < quantity:
        outcome = NO_CASH
        if paid < least or tape.rules[t_.WHOLE_ORDERS] == 1:
            _note(account, bar, order, asked, 0, price, NO_CASH)
            return
    _fill(tape, account, bar, order, asked, paid, price, base, outcome)


@inner
def _sell(tape: Tape, account: Account, bar: int, order: IntArray) -> None:  # noqa: C901
    """Sell: whole lots, or all that is left; what waits for the next session stays."""
    asset, asked = order[t_.O_ASSET], -order[t_.O_QUANTITY]
    shares = account.shares[asset]
    ends = order[t_.O_AT] == 3 and order[t_.O_PRICE] != 0  # noqa: PLR2004
    shorts = tape.rules[t_.SHORTS] == 1 and not ends
    lot, least = tape.lot[asset], tape.minimum[asset]
    whole = tape.rules[t_.WHOLE_ORDERS] == 1 and not ends
    if (shares <= 0 or (whole and asked // lot * lot > shares)) and not shorts:
        _note(account, bar, order, asked, 0, 0, NOTHING)
        return
    base, forbidden = _price(tape, bar, order)
    if forbidden != 0:
        _note(account, bar, order, asked, 0, base, forbidden)
        return
    price = base if order[t_.O_AT] == 1 else _worse(tape, bar, asset, base, -1)
    wanted = asked if shorts or whole else min(asked, shares)
    if wanted != shares:
        wanted = wanted // lot * lot
        if wanted < least:
            _note(account, bar, order, asked, 0, price, BELOW_LOT)
            return
    outcome = FILLED if wanted == asked else ILLEGAL if asked <= shares else NOTHING
    free = shares - account.locked[asset]
    quantity = wanted if shorts else min(wanted, free)
    if quantity < wanted:
        outcome = SETTLING
        if tape.rules[t_.WHOLE_ORDERS] == 1:
            quantity = 0
    room = _room(tape, account, bar, asset)
    if room < quantity:
        outcome, quantity = VOLUME, room
    if quantity < wanted:
        quantity = quantity // lot * lot
        if quantity < least:
            quantity = 0
    if quantity <= 0:
        _note(account, bar, order, asked, 0, price, outcome)
        return
    _fill(tape, account, bar, order, asked, quantity, price, base, outcome)


@compiled
def fill_bar(tape: Tape, account: Account, bar: int) -> None:
    """Fill or refuse the orders of a bar, moment by moment, sales before purchases; then the queue is empty."""
    count = account.purse[t_.QUEUED]
    if count == 0:
        return
    moments = 0
    for k in range(count):
        moments |= 1 << account.queue[k, t_.O_AT]
    for at in range(4):
        if moments & (1 << at) == 0:
            continue
        for k in range(count):
            order = account.queue[k]
            if order[t_.O_AT] == at and order[t_.O_QUANTITY] < 0:
                _sell(tape, account, bar, order)
        for k in range(count):
            order = account.queue[k]
            if order[t_.O_AT] == at and order[t_.O_QUANTITY] > 0:
                _buy(tape, account, bar, order)
    account.purse[t_.QUEUED] = 0


@inner
def _act(tape: Tape, account: Account, bar: int, action: IntArray) -> None:
    """Let one action happen to what is held; only rounding and a recovery below the last price move equity."""
    asset, kind, above, below, pay = action[1], action[2], action[3], action[4], action[5]
    shares = account.shares[asset]
    size, side = abs(shares), 1 if shares > 0 else -1
    purse, worth = account.purse, tape.tick_value[asset]
    row = account.events[purse[t_.EVENTS]]
    row[:] = 0
    row[t_.BAR], row[t_.ASSET], row[t_.SIDE], row[t_.WANTED] = bar, asset, side, size
    row[t_.OUTCOME], row[t_.TRIP], row[t_.PRICE] = ACTED + kind, account.trip[asset], account.mark[asset]
    cash, after = NONE, size
    if kind == 0:
        after = size * above // below
        cash = (size * above - after * below) * worth
        account.mark[asset] = below
        account.basis[asset] -= side * cash
    elif kind == 1:
        after = (2 * size * above + below) // (2 * below) if tape.rules[t_.HALF_UP] == 1 else size * above // below
        account.mark[asset] = (2 * account.mark[asset] * below + above) // (2 * above)
    elif kind == 2:  # noqa: PLR2004
        cash = (2 * size * above + below) // (2 * below)
        account.mark[asset] = max(account.mark[asset] - (2 * above + below * worth) // (2 * below * worth), 1)
        account.profit[asset] += side * cash
    else:
        cash, after = part(size * account.mark[asset] * worth, above, below), NONE
        account.profit[asset] += side * cash - account.basis[asset]
        row[t_.REALISED] = side * cash - account.basis[asset]
    account.shares[asset] = side * after
    account.locked[asset] = min(account.locked[asset], after) if kind <= 1 else account.locked[asset]
    if kind == 2 and pay > bar:  # noqa: PLR2004
        due = account.dues[purse[t_.DUES]]
        due[0], due[1], due[2] = pay, side * cash, asset
        purse[t_.DUES] += 1
        purse[t_.DUE] += side * cash
    else:
        purse[t_.CASH] += side * cash
    row[t_.DONE], row[t_.SLIPPAGE], row[t_.AFTER] = after, side * cash, purse[t_.CASH]
    purse[t_.EVENTS] += 1
    if after == 0:
        if kind <= 1:
            account.profit[asset] -= account.basis[asset]
        _leave(account, asset)


@compiled
def begin_bar(tape: Tape, account: Account, bar: int) -> None:
    """Do what a bar's beginning brings: free what was locked, credit what was due, act on what is held."""
    purse = account.purse
    if bar == 0 or tape.session[bar] != tape.session[bar - 1]:
        for k in range(purse[t_.COUNT]):
            account.locked[account.held[k]] = 0
    left = NONE
    for k in range(purse[t_.DUES]):
        if account.dues[k, 0] <= bar:
            purse[t_.CASH] += account.dues[k, 1]
            purse[t_.DUE] -= account.dues[k, 1]
        else:
            for column in range(3):
                account.dues[left, column] = account.dues[k, column]
            left += 1
    purse[t_.DUES] = left
    while purse[t_.ACTION] < tape.action.shape[0] and tape.action[purse[t_.ACTION], 0] <= bar:
        action = tape.action[purse[t_.ACTION]]
        if action[0] == bar and account.shares[action[1]] != 0:
            _act(tape, account, bar, action)
        purse[t_.ACTION] += 1


@compiled
def end_bar(tape: Tape, account: Account, bar: int) -> None:
    """Value the book at the close; what has no bar keeps its last price."""
    purse = account.purse
    worth = NONE
    for k in range(purse[t_.COUNT]):
        asset = account.held[k]
        if tape.close[bar, asset] != 0:
            account.mark[asset] = tape.close[bar, asset]
        worth += account.shares[asset] * account.mark[asset] * tape.tick_value[asset]
    purse[t_.EQUITY] = purse[t_.CASH] + purse[t_.DUE] + worth
    line = account.lines[bar]
    line[t_.L_CASH], line[t_.L_HOLDINGS], line[t_.L_EQUITY] = purse[t_.CASH], worth, purse[t_.EQUITY]
    line[t_.L_DUE], line[t_.L_COUNT] = purse[t_.DUE], purse[t_.COUNT]


@inner
def _crowded(tape: Tape, account: Account, bar: int) -> bool:
    """Whether the next bar could bring more events than there is room for."""
    needed = 2 * account.purse[t_.QUEUED] + _ROOM
    place = account.purse[t_.ACTION]
    while place < tape.action.shape[0] and tape.action[place, 0] <= bar:
        needed += 1
        place += 1
    return bool(account.purse[t_.EVENTS] + needed > account.events.shape[0])


@compiled
def walk(decide: Any, tape: Tape, account: Account, end: int) -> int:
    """Send a book on from where it stands to bar `end`; give the bar that it stopped before.

    It stops early where its room for events might not do for the next bar: give it more and call again.
    """
    for bar in range(account.purse[t_.NEXT], end):
        if _crowded(tape, account, bar):
            return int(bar)
        begin_bar(tape, account, bar)
        fill_bar(tape, account, bar)
        end_bar(tape, account, bar)
        account.purse[t_.QUEUED] = decide(seen(tape, account, bar), account.queue)
        account.purse[t_.NEXT] = bar + 1
    return int(end)


@compiled
def seen(tape: Tape, account: Account, bar: int) -> Seen:
    """What is known after CLOSE(bar)."""
    purse = account.purse
    return Seen(
        bar,
        purse[t_.CASH],
        purse[t_.DUE],
        purse[t_.EQUITY],
        purse[t_.COUNT],
        1 if bar + 1 < tape.session.shape[0] and tape.session[bar + 1] == tape.session[bar] else 0,
        tape.gate[bar if tape.gate.shape[0] > 1 else 0],
        tape.score[bar],
        tape.second[bar if tape.second.shape[0] > 1 else 0],
        tape.close[bar],
        account.mark,
        account.shares,
        account.locked,
        account.since,
        account.held,
        tape.tick_value,
        tape.lot,
        tape.minimum,
        tape.order,
        tape.numbers,
        account.memory,
        account.key,
        account.place,
    )
