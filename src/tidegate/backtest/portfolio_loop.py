"""The portfolio loop: one book walks through the bars of many assets, and every cent is a whole number.

In each bar, in this order: a new session frees what was locked; cash on its way arrives; what is borrowed is paid for;
corporate actions and ends of listing happen to what is held; then the orders decided at the close before are filled or
refused, moment by moment (open, limit, average price, close) and at each moment sales before purchases, in the order
they were given; at the close the book is valued, and the strategy gives its orders for the next bar. What an order
leaves unfilled dies with its bar.

Whole numbers have bounds: shares × price in ticks × value of a tick must stay under 2**62 money units for every
position, shares × numerator of an action under 2**62, and so must the volume of a bar. With capital of at most 1e13 in
the currency and a thousandth as the unit of money, equity may grow four hundredfold.

There is one compiled entry, `walk`: everything else is built into it. It serves a strategy in plain Python too, a bar
at a time and with `nobody` for its decision.
"""

from typing import Any

from tidegate.backtest import tape as t_
from tidegate.backtest.compiled import compiled, inner
from tidegate.backtest.filling import ACTED, BORROWED, NONE, OUTCOMES, fill_orders, leave, sold_short
from tidegate.backtest.money import RATE, part, rounded
from tidegate.backtest.tape import Account, Tape
from tidegate.strategy.orders import Seen
from tidegate.strategy.selection import compiled_decision
from tidegate.types.axes import IntArray

__all__ = ["CROWDED", "OUTCOMES", "nobody", "seen", "walk"]

CROWDED = -1
"""What `walk` gives when a decision gave more orders than a book can hold."""
_REFERENCE, _SPLIT, _DIVIDEND = range(3)


@inner
def _act(tape: Tape, account: Account, bar: int, action: IntArray) -> None:
    """Let one action happen to what is held; only rounding and a recovery below the last price move equity.

    Of what a session has bought, as much stays locked as is not freed in proportion. A dividend is rounded to a cent
    once for the whole position; the price it takes off the last mark leaves at least one tick.
    """
    asset, kind, above, below, pay = action[1], action[2], action[3], action[4], action[5]
    purse, own, worth, cent = account.purse, account.own[asset], tape.tick_value[asset], tape.rules[t_.CENT]
    shares, mark = account.shares[asset], account.mark[asset]
    size, side = abs(shares), 1 if shares > 0 else -1
    cash, after, realised = NONE, size, NONE
    if kind == _REFERENCE:
        after = size * above // below
        cash = (size * above - after * below) * worth
        account.mark[asset] = below
        own[t_.BASIS] -= side * cash
    elif kind == _SPLIT:
        after = (2 * size * above + below) // (2 * below) if tape.rules[t_.HALF_UP] == 1 else size * above // below
        account.mark[asset] = max((2 * mark * below + above) // (2 * above), 1)
    elif kind == _DIVIDEND:
        cash = (2 * size * above + below * cent) // (2 * below * cent) * cent
        account.mark[asset] = max(mark - (2 * above + below * worth) // (2 * below * worth), 1)
        realised = side * cash
    else:
        cash, after = part(size * mark * worth, above, below), NONE
        realised = side * cash - own[t_.BASIS]
    if kind <= _SPLIT:
        free = (size - account.locked[asset]) * above // below
        account.locked[asset] = max(after - free, 0) if account.locked[asset] > 0 else 0
        if after == 0:
            realised = -own[t_.BASIS]
    account.shares[asset] = side * after
    own[t_.PROFIT] += realised
    if kind == _DIVIDEND and pay > bar:
        due = account.dues[purse[t_.DUES]]
        due[0], due[1] = pay, side * cash
        purse[t_.DUES] += 1
        purse[t_.DUE] += side * cash
    else:
        purse[t_.CASH] += side * cash
    event = account.events[purse[t_.EVENTS]]
    purse[t_.EVENTS] += 1
    event[t_.BAR], event[t_.ASSET], event[t_.SIDE], event[t_.WANTED] = bar, asset, side, size
    event[t_.DONE], event[t_.PRICE], event[t_.OUTCOME], event[t_.SLIPPAGE] = after, mark, ACTED + kind, side * cash
    event[t_.COMMISSION], event[t_.STAMP], event[t_.TRANSFER], event[t_.REALISED] = 0, 0, 0, realised
    event[t_.TRIP], event[t_.AT], event[t_.REASON] = own[t_.TRIP_NUMBER], 0, 0
    event[t_.AFTER], event[t_.LIMIT] = purse[t_.CASH], pay
    if after == 0:
        leave(account, asset)


@inner
def _pay_for_loans(tape: Tape, account: Account, bar: int) -> None:
    """Pay for what is borrowed since the session before, at the last known prices, rounded to a cent a position."""
    purse, rate = account.purse, tape.lending[bar, 2]
    for k in range(purse[t_.COUNT]):
        asset = account.held[k]
        size, own = -account.shares[asset], account.own[asset]
        fee = (
            rounded(size * account.mark[asset] * tape.tick_value[asset], rate, 0, tape.rules[t_.CENT])
            if size > 0
            else 0
        )
        if fee == 0:
            continue
        purse[t_.CASH] -= fee
        own[t_.PROFIT] -= fee
        event = account.events[purse[t_.EVENTS]]
        purse[t_.EVENTS] += 1
        event[:] = 0
        event[t_.BAR], event[t_.ASSET], event[t_.SIDE], event[t_.WANTED], event[t_.DONE] = bar, asset, -1, size, size
        event[t_.PRICE], event[t_.OUTCOME], event[t_.SLIPPAGE] = account.mark[asset], BORROWED, -fee
        event[t_.REALISED], event[t_.TRIP], event[t_.AFTER] = -fee, own[t_.TRIP_NUMBER], purse[t_.CASH]
        event[t_.LIMIT] = bar


@inner
def _begin_bar(tape: Tape, account: Account, bar: int) -> None:
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
            account.dues[left, 0], account.dues[left, 1] = account.dues[k, 0], account.dues[k, 1]
            left += 1
    purse[t_.DUES] = left
    if tape.rules[t_.LENT] == 1 and tape.lending[bar, 2] > 0:
        _pay_for_loans(tape, account, bar)
    while purse[t_.ACTION] < tape.action.shape[0] and tape.action[purse[t_.ACTION], 0] <= bar:
        action = tape.action[purse[t_.ACTION]]
        if action[0] == bar and account.shares[action[1]] != 0:
            _act(tape, account, bar, action)
        purse[t_.ACTION] += 1


@inner
def _end_bar(tape: Tape, account: Account, bar: int) -> None:
    """Value the book at the close; what has no bar keeps its last price."""
    purse = account.purse
    worth, largest = NONE, NONE
    for k in range(purse[t_.COUNT]):
        asset = account.held[k]
        price = tape.close[bar, asset]
        if price != 0:
            account.mark[asset] = price
        value = account.shares[asset] * account.mark[asset] * tape.tick_value[asset]
        worth += value
        largest = max(largest, abs(value))
    purse[t_.EQUITY] = purse[t_.CASH] + purse[t_.DUE] + worth
    if tape.rules[t_.LENT] == 1:
        short = sold_short(tape, account)
        purse[t_.CALLED] = 1 if short > 0 and purse[t_.EQUITY] < part(short, tape.lending[bar, 1], RATE) else 0
    line = account.lines[bar]
    line[t_.L_CASH], line[t_.L_HOLDINGS], line[t_.L_EQUITY] = purse[t_.CASH], worth, purse[t_.EQUITY]
    line[t_.L_DUE], line[t_.L_COUNT], line[t_.L_LARGEST] = purse[t_.DUE], purse[t_.COUNT], largest


@inner
def _crowded(tape: Tape, account: Account, bar: int) -> bool:
    """Whether the next bar could bring more events than there is room for: one an order and one an action."""
    needed = account.purse[t_.QUEUED] + (2 * account.purse[t_.COUNT] if tape.rules[t_.LENT] == 1 else 0)
    place = account.purse[t_.ACTION]
    while place < tape.action.shape[0] and tape.action[place, 0] <= bar:
        needed += 1
        place += 1
    return bool(account.purse[t_.EVENTS] + needed > account.events.shape[0])


@compiled
def walk(decide: Any, tape: Tape, account: Account, end: int) -> int:
    """Send a book on from where it stands to bar `end`; give the bar that it stopped before.

    It stops early where its room for events might not do for the next bar: give it more and call again. A book that
    keeps no events writes each bar's over those of the bar before.
    """
    purse = account.purse
    for bar in range(purse[t_.NEXT], end):
        if tape.rules[t_.KEEP] == 0:
            purse[t_.EVENTS] = 0
        if _crowded(tape, account, bar):
            return int(bar)
        _begin_bar(tape, account, bar)
        fill_orders(tape, account, bar)
        _end_bar(tape, account, bar)
        count = decide(seen(tape, account, bar), account.queue)
        purse[t_.NEXT] = bar + 1
        if count > account.queue.shape[0]:
            return CROWDED
        purse[t_.QUEUED] = count
    return int(end)


def nobody() -> Any:
    """Give a decision that orders nothing: somebody else does, between two bars."""
    return compiled_decision(_silent)


def _silent(seen: Seen, orders: IntArray) -> int:  # noqa: ARG001
    return 0


@inner
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
        tape.tick,
        tape.tick_value,
        tape.lot,
        tape.minimum,
        tape.order,
        tape.numbers,
        account.memory,
        account.key,
        account.place,
    )
