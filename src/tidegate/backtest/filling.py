"""How an order meets its bar: what forbids it, how much of it is legal, what it costs, and how the book changes.

Everything that is known of a price is compared, never its change: at the upper limit nobody sells to you, at the lower
nobody buys from you. An order either adds to a position or takes from it, and never crosses from one side to the other:
what is asked beyond the position is left unfilled.

Where shares are lent, a short position asks for margin: of equity at the last close, in parts of all that is sold
short. Its proceeds are held back from purchases of anything else. A margin call voids the orders that stand, and closes
the whole book at the next open, sales first.

Each function is built into its caller, and has one caller: so it is compiled once.
"""

from tidegate.backtest import tape as t_
from tidegate.backtest.compiled import inner, unbaked
from tidegate.backtest.money import RATE, part, rounded
from tidegate.backtest.tape import Account, Tape
from tidegate.strategy.orders import FillAt
from tidegate.types.axes import IntArray

__all__ = ["OUTCOMES", "fill_orders", "leave", "sold_short"]

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
    "more than is held",
    "borrow fee",
    "forced by margin",
    "short of margin",
)
"""What became of an order, or what an action was, by its code."""
(
    FILLED, LIMIT_UP, LIMIT_DOWN, SETTLING, BELOW_LOT, SUSPENDED, NO_CASH, VOLUME, CONDITION, NOTHING, ACTED, SPLIT,
    DIVIDEND, ENDED, ILLEGAL, MORE, BORROWED, FORCED, NO_MARGIN,
) = map(unbaked, range(19))  # fmt: skip
NONE = unbaked(0)
AT_OPEN, AT_LIMIT, AT_VWAP, AT_CLOSE = map(int, FillAt)
_SIDES, _MOMENTS = 2, len(FillAt)


@inner
def _fee(row: IntArray, place: int, value: int, quantity: int, cent: int) -> int:
    """Charge one fee of an order, rounded once."""
    rate, flat = row[place], row[6 + place]
    if rate == 0 and flat == 0:
        return 0
    return rounded(value, rate, quantity * flat, cent)


@inner
def _price(tape: Tape, bar: int, order: IntArray) -> tuple[int, int]:  # noqa: C901, PLR0911
    """Find the price of an order's moment and what forbids it there: (price, 0) or (price, outcome)."""
    asset, at, limit = order[t_.O_ASSET], order[t_.O_AT], order[t_.O_PRICE]
    buys = order[t_.O_QUANTITY] > 0
    price = int(tape.open[bar, asset])
    if price == 0:
        return 0, int(SUSPENDED)
    if at == AT_OPEN:
        if limit != 0 and ((limit > 0 and price <= limit) or (limit < 0 and price >= -limit)):
            return price, int(CONDITION)
    elif at == AT_LIMIT:
        if buys and price > limit:
            price = int(limit)
            if tape.low[bar, asset] >= limit:
                return price, int(CONDITION)
        elif not buys and price < limit:
            price = int(limit)
            if tape.high[bar, asset] <= limit:
                return price, int(CONDITION)
    else:
        price = int(tape.vwap[bar, asset] if at == AT_VWAP else tape.close[bar, asset])
        if price == 0:
            return 0, int(SUSPENDED)
    if buys:
        touched = int(tape.low[bar, asset]) if at == AT_VWAP else price
        return price, int(LIMIT_UP if touched >= tape.limit_up[bar, asset] else FILLED)
    touched = int(tape.high[bar, asset]) if at == AT_VWAP else price
    return price, int(LIMIT_DOWN if touched <= tape.limit_down[bar, asset] else FILLED)


@inner
def _worse(tape: Tape, bar: int, asset: int, price: int, side: int) -> int:
    """Worsen a price by the slippage, never beyond a limit, never below one tick."""
    slip = tape.rules[t_.SLIP]
    if tape.rules[t_.SLIP_RATE] > 0:
        slip += rounded(price, tape.rules[t_.SLIP_RATE], 0, 1)
    if slip == 0:
        return int(price)
    if side > 0:
        return int(min(price + slip, max(tape.limit_up[bar, asset], price)))
    return int(max(price - slip, min(tape.limit_down[bar, asset], price), 1))


@inner
def _known_volume(tape: Tape, bar: int, asset: int, at: int) -> int:
    """Find the volume that caps an order: the bar's own, but at its open that of the asset's last bar before."""
    if at == AT_OPEN:
        bar -= 1
        while bar >= 0 and tape.open[bar, asset] == 0:
            bar -= 1
    return int(tape.volume[bar, asset]) if bar >= 0 else 0


@inner
def _legal(tape: Tape, account: Account, bar: int, order: IntArray) -> tuple[int, int]:  # noqa: C901, PLR0912
    """Cut an order to what lots, the holding, T+1 and the share of volume allow: (quantity, outcome).

    A quantity is legal from the asset's minimum up in steps of its lot; and all of a position may go, whatever it is.
    """
    asset, signed = order[t_.O_ASSET], order[t_.O_QUANTITY]
    asked, side = abs(signed), 1 if signed > 0 else -1
    shares, lot, least = account.shares[asset], tape.lot[asset], max(tape.minimum[asset], 1)
    size = abs(shares) if shares * side < 0 else 0
    ends = order[t_.O_AT] == AT_CLOSE and order[t_.O_PRICE] != 0
    all_or_part = tape.rules[t_.WHOLE_ORDERS] == 0 or ends
    wanted, outcome = asked, int(FILLED)
    if size == 0 and ends:
        return 0, int(NOTHING)
    if size > 0 and asked > size:
        outcome = int(MORE)
        if all_or_part:
            wanted = size
        elif asked // lot * lot > size:
            return 0, outcome
    if wanted != size:
        wanted = wanted // lot * lot
        if wanted < least:
            return 0, int(BELOW_LOT)
        if wanted < asked:
            outcome = int(ILLEGAL)
    quantity = wanted
    if side < 0 and shares > 0 and shares - account.locked[asset] < quantity:
        quantity, outcome = shares - account.locked[asset] if all_or_part else 0, int(SETTLING)
    share = tape.rules[t_.PARTICIPATION]
    if share != 0:
        room = part(_known_volume(tape, bar, asset, order[t_.O_AT]), share, RATE)
        if account.own[asset, t_.TAKEN_BAR] == bar:
            room = max(room - account.own[asset, t_.TAKEN], 0)
        if room < quantity:
            quantity, outcome = room, int(VOLUME)
    if quantity < wanted:
        quantity = quantity // lot * lot
        if quantity < least:
            quantity = 0
    return int(quantity), outcome


@inner
def sold_short(tape: Tape, account: Account) -> int:
    """Value what is sold short at its last known prices."""
    worth = NONE
    for k in range(account.purse[t_.COUNT]):
        asset = account.held[k]
        if account.shares[asset] < 0:
            worth -= account.shares[asset] * account.mark[asset] * tape.tick_value[asset]
    return int(worth)


@inner
def _lendable(tape: Tape, account: Account, bar: int, asset: int, price: int, wanted: int) -> int:
    """Find the most of `wanted` that may be sold short: equity at the last close covers the margin of all."""
    margin, equity = tape.lending[bar, 0], max(account.purse[t_.EQUITY], 0)
    room = max(part(equity, RATE, margin) - sold_short(tape, account), 0) // (price * tape.tick_value[asset])
    if room >= wanted:
        return int(wanted)
    quantity = room // tape.lot[asset] * tape.lot[asset]
    if quantity < max(tape.minimum[asset], 1) or tape.rules[t_.WHOLE_ORDERS] == 1:
        return 0
    return int(quantity)


@inner
def _call(tape: Tape, account: Account) -> None:
    """Answer a margin call: the orders that stood are void, and everything held is closed at the open."""
    purse, queue = account.purse, account.queue
    count = purse[t_.COUNT]
    for k in range(count):
        asset = account.held[k]
        queue[k, t_.O_ASSET], queue[k, t_.O_QUANTITY], queue[k, t_.O_AT] = asset, -account.shares[asset], AT_OPEN
        queue[k, t_.O_PRICE], queue[k, t_.O_REASON] = 0, tape.rules[t_.CALL]
    purse[t_.QUEUED] = count


@inner
def _trade(tape: Tape, account: Account, bar: int, order: IntArray) -> None:  # noqa: C901, PLR0912, PLR0915
    """Fill or refuse one order, write its event, and book what was filled.

    How much cash pays for: a float guesses from above, whole numbers then walk down to the answer, which no longer
    depends on the guess. Nothing can be bought of which the value and the commission's minimum exceed cash, and of the
    three fees each is at most half a cent below its rate.
    """
    asset, at = order[t_.O_ASSET], order[t_.O_AT]
    side = 1 if order[t_.O_QUANTITY] > 0 else -1
    asked, purse, own = side * order[t_.O_QUANTITY], account.purse, account.own[asset]
    base, quantity, outcome = 0, 0, int(NOTHING)
    if side > 0 or account.shares[asset] > 0 or tape.rules[t_.SHORTS] == 1:
        base, outcome = _price(tape, bar, order)
        if outcome == FILLED:
            quantity, outcome = _legal(tape, account, bar, order)
            if tape.rules[t_.LENT] == 1 and side < 0 and account.shares[asset] <= 0 and quantity > 0:
                lent = _lendable(tape, account, bar, asset, base, quantity)
                if lent < quantity:
                    quantity, outcome = lent, int(NO_MARGIN)
    price = base
    value = commission = stamp = transfer = fees = 0
    if quantity > 0:
        price = base if at == AT_LIMIT else _worse(tape, bar, asset, base, side)
        unit, cash = price * tape.tick_value[asset], purse[t_.CASH]
        if tape.rules[t_.LENT] == 1 and account.shares[asset] >= 0:
            cash -= sold_short(tape, account)
        row, place = tape.fees[bar, tape.group[asset]], 0 if side > 0 else 3
        cent, minimum, wanted = tape.rules[t_.CENT], tape.rules[t_.MINIMUM_COMMISSION], quantity
        while quantity > 0:
            value = quantity * unit
            commission = max(_fee(row, place, value, quantity, cent), minimum)
            stamp = _fee(row, place + 1, value, quantity, cent)
            transfer = _fee(row, place + 2, value, quantity, cent)
            fees = commission + stamp + transfer
            if side < 0 or value + fees <= cash:
                break
            outcome, lot = int(NO_CASH), tape.lot[asset]
            if quantity == wanted:
                each = unit * (1.0 + (row[0] + row[1] + row[2]) / RATE) + (row[6] + row[7] + row[8]) / RATE
                guess = min(int((cash + 2 * cent) / each) + lot, (cash - minimum) // unit)
                quantity = min(guess, wanted - 1) // lot * lot
            else:
                quantity -= lot
        if quantity < wanted and (quantity < tape.minimum[asset] or tape.rules[t_.WHOLE_ORDERS] == 1):
            quantity = 0
    if outcome == FILLED and tape.rules[t_.LENT] == 1 and order[t_.O_REASON] == tape.rules[t_.CALL]:
        outcome = int(FORCED)
    event = account.events[purse[t_.EVENTS]]
    purse[t_.EVENTS] += 1
    event[t_.BAR], event[t_.ASSET], event[t_.SIDE], event[t_.AT] = bar, asset, side, at
    event[t_.WANTED], event[t_.DONE], event[t_.PRICE], event[t_.OUTCOME] = asked, max(quantity, 0), price, outcome
    event[t_.REASON], event[t_.LIMIT] = order[t_.O_REASON], order[t_.O_PRICE]
    event[t_.COMMISSION], event[t_.STAMP], event[t_.TRANSFER] = 0, 0, 0
    event[t_.SLIPPAGE], event[t_.REALISED] = 0, 0
    event[t_.TRIP] = own[t_.TRIP_NUMBER] if account.shares[asset] != 0 else -1
    purse[t_.SUM_ASKED] += asked
    if quantity < asked:
        purse[t_.UNFILLED] += 1
    if quantity > 0:
        worse = quantity * abs(price - base) * tape.tick_value[asset]
        event[t_.COMMISSION], event[t_.STAMP], event[t_.TRANSFER] = commission, stamp, transfer
        event[t_.SLIPPAGE] = worse
        purse[t_.SUM_COMMISSION] += commission
        purse[t_.SUM_STAMP] += stamp
        purse[t_.SUM_TRANSFER] += transfer
        purse[t_.SUM_SLIPPAGE] += worse
        line = account.lines[bar]
        line[t_.L_FEES] += fees
        line[t_.L_SLIPPAGE] += worse
        _book(tape, account, bar, event, value, fees)
    event[t_.AFTER] = purse[t_.CASH]


@inner
def _book(tape: Tape, account: Account, bar: int, event: IntArray, value: int, fees: int) -> None:
    """Book the fill of an event.

    A position's basis is what it cost, opening fees included; a closing fill takes its share of it, and what is left
    between that and its proceeds is realised.
    """
    asset, side, done = event[t_.ASSET], event[t_.SIDE], event[t_.DONE]
    purse, own, shares, line = account.purse, account.own[asset], account.shares[asset], account.lines[bar]
    if shares == 0:
        last = purse[t_.COUNT]
        account.held[last] = asset
        purse[t_.COUNT] = last + 1
        own[t_.TRIP_NUMBER] = purse[t_.TRIPS]
        purse[t_.TRIPS] += 1
        if tape.rules[t_.LENT] == 1:
            account.mark[asset] = event[t_.PRICE]
    event[t_.TRIP] = own[t_.TRIP_NUMBER]
    if shares * side >= 0:
        own[t_.BASIS] += side * value + fees
        account.since[asset] = bar
        if side > 0 and tape.waits[asset] == 1:
            account.locked[asset] += done
    else:
        size, released = abs(shares), own[t_.BASIS]
        if done < size:
            released = (released // size) * done + (released % size) * done // size
        own[t_.BASIS] -= released
        event[t_.REALISED] = -side * value - released - fees
        own[t_.PROFIT] += event[t_.REALISED]
    account.shares[asset] = shares + side * done
    purse[t_.CASH] -= side * value + fees
    purse[t_.FILLS] += 1
    purse[t_.SUM_DONE] += done
    if own[t_.TAKEN_BAR] != bar:
        own[t_.TAKEN_BAR], own[t_.TAKEN] = bar, 0
    own[t_.TAKEN] += done
    if side > 0:
        line[t_.L_BOUGHT] += value
        purse[t_.SUM_BOUGHT] += value
    else:
        line[t_.L_SOLD] += value
        purse[t_.SUM_SOLD] += value
    if account.shares[asset] == 0:
        leave(account, asset)


@inner
def leave(account: Account, asset: int) -> None:
    """Strike an asset that is no longer held off the list, keeping the order of the others; its round trip ends."""
    own, purse = account.own, account.purse
    last = purse[t_.COUNT] - 1
    held, place = account.held, 0
    while held[place] != asset:
        place += 1
    for k in range(place, last):
        held[k] = held[k + 1]
    purse[t_.COUNT] = last
    purse[t_.CLOSED] += 1
    if own[asset, t_.PROFIT] > 0:
        purse[t_.WINS] += 1
    own[asset, t_.PROFIT] = own[asset, t_.BASIS] = account.locked[asset] = 0


@inner
def fill_orders(tape: Tape, account: Account, bar: int) -> None:
    """Fill or refuse the orders of a bar, moment by moment, sales before purchases; then the queue is empty.

    Each order's prices lie far from the last one's. They are all asked for before the first is needed, so that memory
    answers them together; their sum goes nowhere but into the purse, or the compiler would leave them out.
    """
    if account.purse[t_.CALLED] == 1:
        _call(tape, account)
    queue, count = account.queue, account.purse[t_.QUEUED]
    asked, warm = 0, 0
    for k in range(count):
        buys, asset = queue[k, t_.O_QUANTITY] > 0, queue[k, t_.O_ASSET]
        warm += int(tape.open[bar, asset]) + int(tape.limit_up[bar, asset] if buys else tape.limit_down[bar, asset])
        asked |= 1 << (_SIDES * queue[k, t_.O_AT] + (1 if buys else 0))
    account.purse[t_.WARM] = warm
    if asked & (3 << (_SIDES * AT_VWAP)) != 0:
        account.purse[t_.AVERAGED] = 1
    for turn in range(_SIDES * _MOMENTS):
        if asked & (1 << turn) == 0:
            continue
        for k in range(count):
            buys = 1 if queue[k, t_.O_QUANTITY] > 0 else 0
            if _SIDES * queue[k, t_.O_AT] + buys == turn and queue[k, t_.O_QUANTITY] != 0:
                _trade(tape, account, bar, queue[k])
    account.purse[t_.QUEUED] = 0
