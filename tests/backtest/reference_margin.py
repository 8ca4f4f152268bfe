"""The margined loop in Decimal: money moves at every mark, fees by the page of the exchange's notices."""

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from reference_engine import D, cents, limits, to_step

TICK, POINT = D("0.2"), 300
OPEN_FEE = [
    (date(2010, 4, 16), "0.00005"),
    (date(2012, 6, 1), "0.000035"),
    (date(2012, 9, 1), "0.000025"),
    (date(2015, 8, 3), "0.000023"),
]
TODAY_FEE = [
    (date(2015, 8, 26), "0.000115"),
    (date(2015, 9, 7), "0.0023"),
    (date(2017, 2, 17), "0.00092"),
    (date(2017, 9, 18), "0.00069"),
    (date(2018, 12, 3), "0.00046"),
    (date(2019, 4, 22), "0.000345"),
    (date(2023, 10, 23), "0.00023"),
]


def rate(table, day):
    return [D(value) for since, value in table if since <= day][-1]


@dataclass
class Outcome:
    equity: list = field(default_factory=list)
    lots: list = field(default_factory=list)
    fills: list = field(default_factory=list)  # (bar, side, lots, price, commission)
    orders: list = field(default_factory=list)  # (bar, side, outcome)


def run_margin(opens, closes, settles, sessions, dates, wishes, capital, margin="0.12", maintenance="0.08", slip=1):
    out = Outcome()
    money, lots, fresh, reached, called = D(str(capital)), 0, 0, D(0), False
    mark = previous = settled = None
    for t in range(len(opens)):
        o, c = (to_step(D(str(p)), TICK) for p in (opens[t], closes[t]))
        m = c if settles is None else to_step(D(str(settles[t])), TICK)
        if t > 0:
            if sessions[t] != sessions[t - 1]:
                previous, fresh = settled, 0
            up, down = limits(previous, 10, TICK) if previous is not None else (None, None)
            money += lots * (o - mark) * POINT
            fee = rate(OPEN_FEE, dates[t])
            today_fee = rate(OPEN_FEE + TODAY_FEE, dates[t])

            def blocked(side, o=o, up=up, down=down):
                return (
                    "limit up"
                    if side > 0 and up is not None and o >= up
                    else "limit down"
                    if side < 0 and down is not None and o <= down
                    else None
                )

            def price(side, o=o, up=up, down=down):
                p = o + side * slip * TICK
                return p if up is None else min(p, up) if side > 0 else max(p, down)

            def close(count, outcome):
                nonlocal money, lots, fresh
                side = -1 if lots > 0 else 1
                if blocked(side):
                    out.orders.append((t, side, blocked(side)))
                    return False
                today = max(count - (abs(lots) - fresh), 0)
                p = price(side)
                paid = cents((count - today) * p * POINT * fee) + (
                    cents(today * p * POINT * today_fee) if today else D(0)
                )
                fresh -= today
                money -= paid + count * abs(p - o) * POINT
                lots += side * count
                out.fills.append((t, side, count, p, paid))
                out.orders.append((t, side, outcome))
                return True

            def open_(count, side):
                nonlocal money, lots, fresh
                if blocked(side):
                    out.orders.append((t, side, blocked(side)))
                    return False
                while count > 0:
                    need = ((count + abs(lots)) * o * POINT * D(margin)).quantize(D("0.01"), ROUND_FLOOR)
                    if need + cents(count * o * POINT * fee) + count * slip * TICK * POINT <= money:
                        break
                    count -= 1
                if count <= 0:
                    out.orders.append((t, side, "below one lot"))
                    return lots != 0
                p = price(side)
                paid = cents(count * p * POINT * fee)
                money -= paid + count * abs(p - o) * POINT
                lots += side * count
                fresh += count
                out.fills.append((t, side, count, p, paid))
                out.orders.append((t, side, "filled"))
                return True

            wish = D(str(wishes[t - 1]))
            if called:
                if close(abs(lots), "forced by margin"):
                    called, reached = False, wish
            elif wish != reached:
                size = int((max(money, D(0)) * abs(wish) / (o * POINT)).to_integral_value(ROUND_FLOOR))
                same = lots * wish > 0
                before = abs(lots)
                leaving = max(before - size, 0) if same else before
                done = leaving == 0 or close(leaving, "filled")
                if done and wish != 0 and not (same and size <= before):
                    done = open_(size - before if same else size, 1 if wish > 0 else -1)
                if done:
                    reached = wish
            money += lots * (m - o) * POINT
        mark = settled = m
        if lots != 0 and money < (abs(lots) * m * POINT * D(maintenance)).quantize(D("0.01"), ROUND_FLOOR):
            called = True
        out.equity.append(money)
        out.lots.append(lots)
    return out
