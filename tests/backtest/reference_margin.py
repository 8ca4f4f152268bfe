"""The margined loop in Decimal: money moves at every mark, fees by the page of the exchange's notices."""

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from reference_engine import D, cents, limits, to_step

TICK, POINT, MARGIN = D("0.2"), 300, D("0.12")
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
class Margined:
    """A book, its bar, and what became of its orders."""

    money: Decimal
    slip: int = 1
    margin: Decimal = MARGIN
    lots: int = 0
    fresh: int = 0
    bar: int = 0
    open: Decimal = TICK
    up: Decimal | None = None
    down: Decimal | None = None
    day: date | None = None
    equity: list = field(default_factory=list)
    held: list = field(default_factory=list)
    fills: list = field(default_factory=list)  # (bar, side, lots, price, commission)
    orders: list = field(default_factory=list)  # (bar, side, outcome)

    def blocked(self, side):
        if side > 0 and self.up is not None and self.open >= self.up:
            return "limit up"
        return "limit down" if side < 0 and self.down is not None and self.open <= self.down else None

    def price(self, side):
        price = self.open + side * self.slip * TICK
        if self.up is None:
            return price
        return min(price, self.up) if side > 0 else max(price, self.down)

    def end(self, side, outcome, *, done):
        self.orders.append((self.bar, side, outcome))
        return done

    def fill(self, count, side, paid, outcome):
        price = self.price(side)
        self.money -= paid + count * abs(price - self.open) * POINT
        self.lots += side * count
        self.fills.append((self.bar, side, count, price, paid))
        return self.end(side, outcome, done=True)

    def leave(self, count, outcome):
        side = -1 if self.lots > 0 else 1
        if self.blocked(side):
            return self.end(side, self.blocked(side), done=False)
        today = max(count - (abs(self.lots) - self.fresh), 0)
        self.fresh -= today
        worth = self.price(side) * POINT
        paid = cents((count - today) * worth * rate(OPEN_FEE, self.day)) + cents(
            today * worth * rate(OPEN_FEE + TODAY_FEE, self.day)
        )
        return self.fill(count, side, paid, outcome)

    def enter(self, count, side, outcome="filled"):
        if self.blocked(side):
            return self.end(side, self.blocked(side), done=False)
        fee, worth = rate(OPEN_FEE, self.day), self.open * POINT
        while count > 0:
            need = ((count + abs(self.lots)) * worth * self.margin).quantize(D("0.01"), ROUND_FLOOR)
            if need + cents(count * worth * fee) + count * self.slip * TICK * POINT <= self.money:
                break
            count -= 1
        if count <= 0:
            return self.end(side, "below one lot", done=self.lots != 0)
        self.fresh += count
        return self.fill(count, side, cents(count * self.price(side) * POINT * fee), outcome)

    def pursue(self, wish):
        size = int((max(self.money, D(0)) * abs(wish) / (self.open * POINT)).to_integral_value(ROUND_FLOOR))
        before, same = abs(self.lots), self.lots * wish > 0
        leaving = max(before - size, 0) if same else before
        if leaving and not self.leave(leaving, "filled"):
            return False
        if wish == 0 or (same and size <= before):
            return True
        return self.enter(size - before if same else size, 1 if wish > 0 else -1)


def run_margin(opens, closes, settles, sessions, dates, wishes, capital, maintenance="0.08", rolls=None):
    """`rolls`: bar → (open of the contract left, its price over the new one's), at the first bar of a session."""
    book = Margined(D(str(capital)))
    reached, called, mark = D(0), False, None
    for t in range(len(opens)):
        book.bar, book.day = t, dates[t]
        book.open = to_step(D(str(opens[t])), TICK)
        settled = to_step(D(str(closes[t] if settles is None else settles[t])), TICK)
        if t > 0:
            if sessions[t] != sessions[t - 1]:
                book.fresh = 0
                around = mark
                if t in (rolls or {}) and rolls[t][1] != 1.0:
                    around = to_step(D(repr(float(mark / TICK) / rolls[t][1])), D(1)) * TICK
                book.up, book.down = limits(around, 10, TICK)
                if not book.down <= book.open <= book.up:  # wider ones held, and nobody knows which
                    book.up = book.down = None
            wish, new = D(str(wishes[t - 1])), book.open
            rolled = book.lots != 0 and t in (rolls or {})
            if rolled:
                book.open = rolls[t][0]
            book.money += book.lots * (book.open - mark) * POINT
            if rolled:
                lots, limits_of_new = book.lots, (book.up, book.down)
                book.up = book.down = None
                why = (
                    "forced by margin"
                    if called
                    else "contract change"
                    if wish == reached or wish * lots > 0
                    else "filled"
                )
                book.leave(abs(lots), why)
                book.open, (book.up, book.down) = new, limits_of_new
                if called:
                    called, reached = False, wish
                elif wish != reached:
                    reached = wish if book.pursue(wish) else reached
                elif not book.enter(abs(lots), 1 if lots > 0 else -1, "contract change"):
                    reached = None
            elif called:
                called = not book.leave(abs(book.lots), "forced by margin")
                reached = reached if called else wish
            elif wish != reached and book.pursue(wish):
                reached = wish
            book.money += book.lots * (settled - book.open) * POINT
        mark = settled
        needed = (abs(book.lots) * mark * POINT * D(maintenance)).quantize(D("0.01"), ROUND_FLOOR)
        called = called or (book.lots != 0 and book.money < needed)
        book.equity.append(book.money)
        book.held.append(book.lots)
    return book
