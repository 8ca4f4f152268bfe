"""A book over many assets once more: slow, in Decimal yuan, plain dictionaries, a rule a function.

Written from the market's rules and the order of things in a bar, not from the compiled loop. A market here is a list of
days, each a dictionary of quotes by name; nothing of the loop's arrays is read.
"""

from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

D = Decimal
CENT, ZERO = D("0.01"), D(0)


def half_up(value, step=CENT):
    """A Fraction or Decimal to whole steps, half-up."""
    exact = Fraction(value) / Fraction(step)
    return D((2 * exact.numerator + exact.denominator) // (2 * exact.denominator)) * step


def floor(value, step=CENT):
    exact = Fraction(value) / Fraction(step)
    return D(exact.numerator // exact.denominator) * step


@dataclass
class Share:
    """What is known of an asset for good."""

    lot: int
    least: int
    tick: Decimal = CENT
    waits: bool = True
    group: int = 0


@dataclass
class Quote:
    """One asset in one bar."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    vwap: Decimal
    up: Decimal | None
    down: Decimal | None
    volume: int


@dataclass
class Happening:
    """A corporate action or an end, before the open: kind, and a ratio or an amount a share."""

    asset: int
    kind: str
    above: int
    below: int
    pay: int


@dataclass
class Charges:
    """Rates and amounts a share, by side (1 or -1) and kind (commission, stamp, transfer)."""

    rates: dict
    flat: dict


@dataclass
class World:
    shares: list
    sessions: list
    quotes: list  # bar -> {asset: Quote}
    happenings: list  # bar -> [Happening]
    charges: list  # bar -> [Charges by group]
    minimum: Decimal
    slip: int = 0
    slip_rate: Decimal = ZERO
    shorts: bool = False
    whole: bool = False
    half_up: bool = False
    participation: Decimal = ZERO
    lending: tuple | None = None  # (margin, maintenance, fee a bar) in parts of what is sold short


@dataclass
class Position:
    quantity: int = 0
    locked: int = 0
    mark: Decimal = ZERO
    basis: Decimal = ZERO
    profit: Decimal = ZERO
    trip: int = -1


@dataclass
class Record:
    events: list = field(default_factory=list)
    cash: list = field(default_factory=list)
    equity: list = field(default_factory=list)
    held: list = field(default_factory=list)
    trips: int = 0
    closed: int = 0
    wins: int = 0


class Book:
    """One book; `run` gives its record."""

    def __init__(self, world, capital):
        self.world, self.money, self.dues = world, D(capital), []
        self.positions, self.traded, self.seen, self.record = {}, {}, {}, Record()
        self.called, self.worth = False, D(capital)

    def run(self, orders):
        """Orders by the bar in which they are to be filled: (asset, quantity, moment, price)."""
        for bar, quotes in enumerate(self.world.quotes):
            self.bar, self.quotes, self.traded = bar, quotes, {}
            self.morning()
            if self.called:
                orders = orders | {
                    bar: [(asset, -held.quantity, "open", D(0)) for asset, held in self.positions.items()]
                }
            for moment in ("open", "limit", "vwap", "close"):
                mine = [order for order in orders.get(bar, []) if order[2] == moment]
                for order in [o for o in mine if o[1] < 0] + [o for o in mine if o[1] > 0]:
                    self.order(*order)
            self.evening()
        return self.record

    def morning(self):
        sessions = self.world.sessions
        if self.bar == 0 or sessions[self.bar] != sessions[self.bar - 1]:
            for position in self.positions.values():
                position.locked = 0
        for due in [due for due in self.dues if due[0] <= self.bar]:
            self.money += due[1]
            self.dues.remove(due)
        if self.world.lending and (self.bar > 0 and sessions[self.bar] != sessions[self.bar - 1]):
            for asset, position in self.positions.items():
                fee = half_up(max(-position.quantity, 0) * position.mark * self.world.lending[2])
                if fee:
                    self.money, position.profit = self.money - fee, position.profit - fee
                    size = -position.quantity
                    self.record.events.append(
                        (self.bar, asset, -1, size, size, "borrow fee", D(0), D(0), D(0), -fee, -fee, self.money)
                    )
        for happening in self.world.happenings[self.bar]:
            if happening.asset in self.positions:
                self.happen(happening, self.positions[happening.asset])

    def evening(self):
        worth = D(0)
        for asset, position in self.positions.items():
            if asset in self.quotes:
                position.mark = self.quotes[asset].close
            worth += position.quantity * position.mark
        self.worth = self.money + sum(amount for _, amount in self.dues) + worth
        if self.world.lending:
            needed = floor(self.short() * self.world.lending[1])
            self.called = self.short() > 0 and self.worth < needed
        self.seen |= {asset: quote.volume for asset, quote in self.quotes.items()}
        self.record.cash.append(self.money)
        self.record.equity.append(self.money + sum(amount for _, amount in self.dues) + worth)
        self.record.held.append({asset: p.quantity for asset, p in self.positions.items()})

    def short(self):
        return sum(-position.quantity * position.mark for position in self.positions.values() if position.quantity < 0)

    def happen(self, what, position):
        share = self.world.shares[what.asset]
        ratio = Fraction(what.above, what.below)
        before, mark, earned, cash = position.quantity, position.mark, D(0), D(0)
        size, side = abs(before), 1 if before > 0 else -1
        after, unlocked = size, size - position.locked
        if what.kind == "reference price":
            price = what.below * share.tick
            after = int(size * ratio)
            cash = size * what.above * share.tick - after * price
            position.mark = price
            position.basis -= side * cash
        elif what.kind == "split":
            exact = size * ratio
            after = int(exact + Fraction(1, 2)) if self.world.half_up else int(exact)
            position.mark = max(half_up(Fraction(mark) / ratio, share.tick), share.tick)
        elif what.kind == "dividend":
            cash = half_up(size * ratio * Fraction(1, 100))
            position.mark = max(mark - half_up(ratio * Fraction(1, 100), share.tick), share.tick)
            earned = side * cash
        else:
            cash, after = floor(Fraction(size * mark) * ratio), 0
            earned = side * cash - position.basis
        if what.kind in {"reference price", "split"}:
            if position.locked:
                position.locked = max(after - int(unlocked * ratio), 0)
            if after == 0:
                earned = -position.basis
        if what.kind == "dividend" and what.pay > self.bar:
            self.dues.append((what.pay, side * cash))
        else:
            self.money += side * cash
        position.quantity, position.profit = side * after, position.profit + earned
        self.record.events.append(
            (self.bar, what.asset, side, size, after, what.kind, D(0), D(0), D(0), side * cash, earned, self.money)
        )
        if after == 0:
            self.end_trip(what.asset)

    def end_trip(self, asset):
        gone = self.positions.pop(asset)
        self.record.closed += 1
        self.record.wins += gone.profit > 0

    def price(self, asset, side, moment, limit):  # noqa: PLR0911
        """What an order would pay before slippage, or why it can't be filled."""
        quote = self.quotes.get(asset)
        if quote is None:
            return None, "suspended"
        price = {"open": quote.open, "limit": quote.open, "vwap": quote.vwap, "close": quote.close}[moment]
        if moment == "open" and limit > 0 and not price > limit:
            return None, "condition not met"
        if moment == "open" and limit < 0 and not price < -limit:
            return None, "condition not met"
        if moment == "limit" and side * (price - limit) > 0:
            reached = quote.low < limit if side > 0 else quote.high > limit
            if not reached:
                return None, "condition not met"
            price = limit
        best = price
        if moment == "vwap":  # over the whole bar: it only fails where every trade of it was at the limit
            best = quote.low if side > 0 else quote.high
        if side > 0 and quote.up is not None and best >= quote.up:
            return None, "limit up"
        if side < 0 and quote.down is not None and best <= quote.down:
            return None, "limit down"
        return price, None

    def slipped(self, asset, side, price):
        share, quote = self.world.shares[asset], self.quotes[asset]
        worse = self.world.slip * share.tick + half_up(price * self.world.slip_rate, share.tick)
        if side > 0:
            return min(price + worse, max(quote.up, price)) if quote.up is not None else price + worse
        lowest = share.tick if quote.down is None else max(min(quote.down, price), share.tick)
        return max(price - worse, lowest)

    def fees(self, asset, side, value, quantity):
        charges = self.world.charges[self.bar][self.world.shares[asset].group]
        told = [half_up(value * charges.rates[side, kind] + quantity * charges.flat[side, kind]) for kind in range(3)]
        return max(told[0], self.world.minimum), told[1], told[2]

    def order(self, asset, signed, moment, limit):
        side, asked = (1 if signed > 0 else -1), abs(signed)
        done, price, base, outcome = self.decide(asset, side, asked, moment, limit)
        fees, realised, worse = (D(0), D(0), D(0)), D(0), D(0)
        if done:
            fees = self.fees(asset, side, done * price, done)
            worse = done * abs(price - base)
            realised = self.book(asset, side, done, done * price, sum(fees))
        if self.called and outcome == "filled":
            outcome = "forced by margin"
        self.record.events.append((self.bar, asset, side, asked, done, outcome, *fees, worse, realised, self.money))

    def decide(self, asset, side, asked, moment, limit):  # noqa: PLR0912
        world, share = self.world, self.world.shares[asset]
        position = self.positions.get(asset, Position())
        held = abs(position.quantity) if position.quantity * side < 0 else 0  # what this side would close
        ending = moment == "close" and limit != 0
        if side < 0 and position.quantity <= 0 and not world.shorts:
            return 0, None, None, "nothing to sell"
        base, why = self.price(asset, side, moment, limit)
        if why:
            return 0, None, None, why
        if ending and not held:
            return 0, None, None, "nothing to sell"
        price = base if moment == "limit" else self.slipped(asset, side, base)
        entire = world.whole and not ending
        wanted, outcome = asked, "filled"
        if held and asked > held:
            if entire:
                if asked // share.lot * share.lot > held:
                    return 0, None, None, "more than is held"
            else:
                wanted = held
            outcome = "more than is held"
        if wanted != held:
            legal = wanted // share.lot * share.lot
            if legal < share.least:
                return 0, None, None, "below one lot"
            if legal != asked:
                outcome = "not a legal quantity"
            wanted = legal
        possible = wanted
        if side < 0 and position.quantity > 0 and position.quantity - position.locked < possible:
            possible, outcome = (0 if entire else position.quantity - position.locked), "T+1"
        if world.participation:
            volume = self.seen.get(asset, 0) if moment == "open" else self.quotes[asset].volume  # known before
            room = int((volume * world.participation).to_integral_value(ROUND_FLOOR))
            room = max(room - self.traded.get(asset, 0), 0)
            if room < possible:
                possible, outcome = room, "share of volume"
        possible = self.legal(possible, wanted, share)
        lending, money = world.lending, self.money
        if lending and side < 0 and position.quantity <= 0 and possible:
            room = max(floor(max(self.worth, D(0)) / lending[0]) - self.short(), D(0))
            most = int(room / base)
            if most < possible:
                most = most // share.lot * share.lot
                possible, outcome = (0 if most < max(share.least, 1) or world.whole else most), "short of margin"
        if lending and position.quantity >= 0:
            money -= self.short()
        if side > 0 and possible:
            cost = lambda q: q * price + sum(self.fees(asset, side, q * price, q))  # noqa: E731
            most = possible
            if cost(most) > money:
                outcome = "out of cash"
                most = min(int(max(money, D(0)) / price), most - 1) // share.lot * share.lot
                while most > 0 and cost(most) > money:
                    most -= share.lot
                most = 0 if most < share.least or world.whole else most
            possible = most
        return possible, price, base, outcome

    @staticmethod
    def legal(quantity, wanted, share):
        if quantity == wanted:
            return quantity
        quantity = quantity // share.lot * share.lot
        return quantity if quantity >= share.least else 0

    def book(self, asset, side, done, value, fees):
        if asset not in self.positions:
            self.positions[asset] = Position(trip=self.record.trips, mark=value / done)
            self.record.trips += 1
        position, realised = self.positions[asset], D(0)
        self.money -= side * value + fees
        self.traded[asset] = self.traded.get(asset, 0) + done
        if position.quantity * side >= 0:
            position.basis += side * value + fees
            if side > 0 and self.world.shares[asset].waits:
                position.locked += done
        else:
            size = abs(position.quantity)
            share = position.basis if done == size else floor(Fraction(position.basis) * done / size)
            position.basis -= share
            realised = -side * value - share - fees
            position.profit += realised
        position.quantity += side * done
        if position.quantity == 0:
            self.end_trip(asset)
        return realised
