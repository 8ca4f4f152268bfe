"""The market loop once more: slow, in Decimal, a page a rule, written without looking at the compiled one.

It reads raw bars and resolves every rule itself, so that a mistake in a market is seen as well as one in the loop.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

D = Decimal
CENT = D("0.01")


def to_step(value, step):
    """Half-up to a whole number of steps."""
    return (value / step).quantize(D(1), ROUND_HALF_UP) * step


def floor_to(value, step):
    return (value / step).quantize(D(1), ROUND_FLOOR) * step


def cents(value):
    return value.quantize(CENT, ROUND_HALF_UP)


def limits(previous, percent, tick):
    up = to_step(previous * (100 + percent) / 100, tick)
    down = to_step(previous * (100 - percent) / 100, tick)
    return max(up, previous + tick), min(down, previous - tick)


@dataclass
class Day:
    """One bar as the reference sees it."""

    session: int
    open: Decimal
    close: Decimal
    up: Decimal | None = None
    down: Decimal | None = None
    reference: Decimal | None = None
    stopped: bool = False
    fees: dict = field(default_factory=dict)  # side -> function(value, quantity) -> (commission, stamp, transfer)


@dataclass
class Rules:
    tick: Decimal
    lot: int
    minimum: int
    slip: int
    waits: bool


def commission(rate, minimum):
    return lambda value: max(cents(value * D(rate)), D(minimum))


def etf_days(opens, closes, sessions, divisor=1000, rate="0.00025", minimum="5"):
    tick = D("0.001")
    fee = commission(rate, minimum)
    days, previous, last_session = [], None, None
    settled = None
    for o, c, s in zip(opens, closes, sessions, strict=True):
        if s != last_session:
            previous, last_session = settled, s
        price_open, price_close = (max(to_step(D(str(p)) / divisor, tick), tick) for p in (o, c))
        up, down = limits(previous, 10, tick) if previous is not None else (None, None)
        charges = {side: (lambda v, q: (fee(v), D(0), D(0))) for side in (1, -1)}
        days.append(Day(s, price_open, price_close, up, down, fees=charges))
        settled = price_close
    return days


def us_days(opens, closes, sessions, divisor=100, per_share="0.005", minimum="1"):
    tick = D("0.01")
    charge = lambda v, q: (max(cents(D(per_share) * q), D(minimum)), D(0), D(0))  # noqa: E731
    return [
        Day(s, *(max(to_step(D(str(p)) / divisor, tick), tick) for p in (o, c)), fees={1: charge, -1: charge})
        for o, c, s in zip(opens, closes, sessions, strict=True)
    ]


def stamp_rates(day):
    """Buyer's and seller's rate."""
    steps = [
        (date(2001, 11, 16), "0.002", "0.002"),
        (date(2005, 1, 24), "0.001", "0.001"),
        (date(2007, 5, 30), "0.003", "0.003"),
        (date(2008, 4, 24), "0.001", "0.001"),
        (date(2008, 9, 19), "0", "0.001"),
        (date(2023, 8, 28), "0", "0.0005"),
    ]
    return [(D(b), D(s)) for since, b, s in steps if since <= day][-1]


def transfer_rates(day, exchange):
    """By value, and per share."""
    if day >= date(2022, 4, 29):
        return D("0.00001"), D(0)
    if day >= date(2015, 8, 1):
        return D("0.00002"), D(0)
    if exchange == "SZ":
        return D("0.0000255"), D(0)
    return D(0), D("0.0003") if day >= date(2012, 9, 1) else D("0.00075") if day >= date(2012, 6, 1) else D("0.001")


def share_days(opens, closes, precloses, dates, exchange="SH", percent=10, rate="0.00025", minimum="5"):
    fee = commission(rate, minimum)
    days = []
    for n, (o, c, p, day) in enumerate(zip(opens, closes, precloses, dates, strict=True)):
        first, last, reference = D(str(o)), D(str(c)), D(str(p))
        up, down = limits(reference, percent, CENT)
        if not down <= first <= up:
            up = down = None
        buy_stamp, sell_stamp = stamp_rates(day)
        by_value, by_share = transfer_rates(day, exchange)

        def charge(v, q, stamp, by_value=by_value, by_share=by_share):
            return fee(v), cents(v * stamp), cents(v * by_value + q * by_share)

        fees = {
            1: lambda v, q, f=charge, s=buy_stamp: f(v, q, s),
            -1: lambda v, q, f=charge, s=sell_stamp: f(v, q, s),
        }
        days.append(Day(n, first, last, up, down, reference=reference, fees=fees))
    return days


@dataclass
class Outcome:
    equity: list = field(default_factory=list)
    cash: list = field(default_factory=list)
    shares: list = field(default_factory=list)
    fills: list = field(default_factory=list)  # (bar, side, quantity, price, commission, stamp, transfer)
    orders: list = field(default_factory=list)  # (bar, side, outcome)


def run(days, wishes, capital, rules):
    """Wishes after each close, filled at the next open."""
    out = Outcome()
    cash, shares, locked, reached = D(str(capital)), 0, 0, D(0)
    for t, day in enumerate(days):
        if t > 0:
            yesterday = days[t - 1]
            if day.session != yesterday.session:
                locked = 0
            if shares and day.reference is not None and day.reference != yesterday.close:
                worth = shares * yesterday.close
                shares = int((worth / day.reference).to_integral_value(ROUND_FLOOR))
                cash += worth - shares * day.reference
            wish = D(str(wishes[t - 1]))
            if wish != reached:
                cash, shares, locked, done = order(day, t, wish, cash, shares, locked, rules, out)
                if done:
                    reached = wish
        out.cash.append(cash)
        out.shares.append(shares)
        out.equity.append(cash + shares * day.close)
    return out


def order(day, t, wish, cash, shares, locked, rules, out):  # noqa: PLR0911
    step = max(rules.minimum, rules.lot)
    goal = 0
    if wish != 0:
        goal = int((wish * (cash + shares * day.open) / day.open).to_integral_value(ROUND_FLOOR))
        goal = goal // rules.lot * rules.lot
    if goal >= shares and wish != 0:
        wanted = (goal - shares) // rules.lot * rules.lot
        if wanted < step and shares > 0:
            return cash, shares, locked, True
        if day.stopped or (day.up is not None and day.open >= day.up):
            out.orders.append((t, 1, "suspended" if day.stopped else "limit up"))
            return cash, shares, locked, False
        price = day.open + rules.slip * rules.tick
        price = price if day.up is None else min(price, day.up)
        # the plainest way to the largest affordable quantity: try every lot from the top
        quantity = min(wanted, int(cash / price) // rules.lot * rules.lot)
        while quantity > 0 and quantity * price + sum(day.fees[1](quantity * price, quantity)) > cash:
            quantity -= rules.lot
        if quantity < step:
            out.orders.append((t, 1, "below one lot"))
            return cash, shares, locked, shares > 0
        fees = day.fees[1](quantity * price, quantity)
        out.fills.append((t, 1, quantity, price, *fees))
        out.orders.append((t, 1, "filled"))
        return cash - quantity * price - sum(fees), shares + quantity, locked + quantity, True
    wanted = shares - goal
    if wanted == 0:
        return cash, shares, locked, True
    if wanted < shares:
        wanted = wanted // rules.lot * rules.lot
        if wanted < step:
            return cash, shares, locked, True
    if day.stopped or (day.down is not None and day.open <= day.down):
        out.orders.append((t, -1, "suspended" if day.stopped else "limit down"))
        return cash, shares, locked, False
    free = shares - (locked if rules.waits else 0)
    quantity = wanted if free >= wanted else free // rules.lot * rules.lot
    if quantity <= 0:
        out.orders.append((t, -1, "T+1"))
        return cash, shares, locked, False
    price = max(day.open - rules.slip * rules.tick, rules.tick)
    price = price if day.down is None else max(price, day.down)
    fees = day.fees[-1](quantity * price, quantity)
    out.fills.append((t, -1, quantity, price, *fees))
    out.orders.append((t, -1, "filled" if quantity == wanted else "T+1"))
    return cash + quantity * price - sum(fees), shares - quantity, locked, quantity == wanted


def run_free(opens, closes, wishes, capital):
    """Fractions of a unit, no costs."""
    cash, units, reached = D(str(capital)), D(0), D(0)
    equity = []
    for t, (o, c) in enumerate(zip(opens, closes, strict=True)):
        if t > 0 and D(str(wishes[t - 1])) != reached:
            reached = D(str(wishes[t - 1]))
            worth = cash + units * D(str(o))
            units = reached * worth / D(str(o)) if worth > 0 else D(0)
            cash = worth - units * D(str(o))
        equity.append(cash + units * D(str(c)))
    return equity
