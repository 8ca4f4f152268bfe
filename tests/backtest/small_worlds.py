"""Small nasty markets of many assets, in the reference's words and as an exchange, with orders legal and illegal."""

from decimal import Decimal
from typing import ClassVar

import numpy as np
from pydantic import Field
from reference_portfolio import CENT, Charges, Happening, Quote, Share, World, half_up

from tidegate.backtest.portfolio import Execution, Signals, run_portfolio
from tidegate.market.exchange import DIVIDEND, END, FEE_COLUMNS, NO_LIMIT, REFERENCE, SPLIT, Actions, Exchange
from tidegate.strategy.orders import FillAt, Order
from tidegate.strategy.selection import Selection
from tidegate.types.axes import frozen

D = Decimal
MOMENTS = ("open", "limit", "vwap", "close")
BOARDS = {
    "main": (100, 100, 10),
    "star": (1, 200, 20),
    "beijing": (1, 100, 30),
    "fund": (100, 100, 10),
    "odd": (1, 1, 10),
}
KINDS = {"reference price": REFERENCE, "split": SPLIT, "dividend": DIVIDEND, "end of listing": END}
RATES = ("0.00025", "0.0005", "0.00001", "0.003", "0")
FLAT = ("0", "0", "0.0003", "0.005")


class Scripted(Selection):
    """Orders written down beforehand: (bar of the fill, asset, quantity, moment, price in ticks)."""

    name: ClassVar[str] = "scripted-worlds"

    script: tuple[tuple[int, int, int, int, int], ...] = Field(description="orders")

    def decide(self, view):
        return [Order(a, q, FillAt(m), p) for bar, a, q, m, p in self.script if bar == view.bar + 1]


def world_of(seed, bars=9, names=4):
    """A market with gaps, limits, suspensions, actions and ends; settings of the account drawn too."""
    rng = np.random.default_rng(seed)
    picks = rng.choice(list(BOARDS), names)
    shares = [
        Share(*BOARDS[board][:2], waits=board != "fund" or bool(rng.random() < 0.3), group=int(rng.integers(2)))
        for board in picks
    ]
    steps = rng.random(bars) < (0.4 if rng.random() < 0.4 else 1.0)
    sessions = np.cumsum(steps).tolist()
    quotes, happenings = [{} for _ in range(bars)], [[] for _ in range(bars)]
    for n, board in enumerate(picks):
        last = int(rng.integers(2, 12)) if rng.random() < 0.15 else int(rng.integers(90, 4000))
        end = int(rng.integers(3, bars)) if rng.random() < 0.2 else bars
        for t in range(bars):
            if t == end:
                happenings[t].append(Happening(n, "end of listing", *((0, 1), (1, 1), (3, 7))[rng.integers(3)], t))
            if t >= end:
                continue
            if t > 0 and rng.random() < 0.15:
                last = add_action(rng, happenings[t], n, last, t)
            if rng.random() < 0.1:
                continue
            quotes[t][n] = quote = quote_of(rng, min(last, 100_000), BOARDS[board][2])
            last = int(quote.close * 100)
    for told in happenings:
        told.sort(key=lambda h: (h.asset, h.kind != "dividend", KINDS[h.kind]))
    lent = np.random.default_rng(seed + 991)
    terms = [("0.5", "0.3"), ("1", "0.9"), ("0.3", "0.3"), ("2", "1.5")][lent.integers(4)]
    charges = [charges_of(np.random.default_rng(seed + (t > bars // 2))) for t in range(bars)]
    return World(
        shares, sessions, quotes, happenings, charges,
        minimum=D(str(rng.choice(["5", "0", "1"]))), slip=int(rng.choice([0, 1, 3])),
        slip_rate=D(str(rng.choice(["0", "0", "0.003"]))), shorts=bool(rng.random() < 0.35), whole=bool(rng.random() < 0.3),
        half_up=bool(rng.random() < 0.5), participation=D(str(rng.choice(["0", "0", "0.1", "0.25"]))),
        lending=(*map(D, terms), D(str(lent.choice(["0", "0.0003", "0.01"])))) if lent.random() < 0.6 else None,
    )  # fmt: skip


def add_action(rng, told, n, last, t):
    """One action, or a dividend and a split on one day; gives the price that the day starts from, in ticks."""
    kind = rng.choice(["reference price", "split", "dividend", "both"])
    if kind in {"dividend", "both"}:
        cents, below = int(rng.integers(1, 120)), int(rng.choice([1, 10, 3]))
        told.append(Happening(n, "dividend", cents, below, t + int(rng.integers(0, 3))))
        last = max(last - half_of(cents, below), 1)
    if kind in {"split", "both"}:
        above, below = [(3, 2), (2, 1), (13, 10), (1, 2), (1, 300), (10, 7)][rng.integers(6)]
        told.append(Happening(n, "split", above, below, t))
        last = max(half_of(last * below, above), 1)
    if kind == "reference price":
        reference = max(int(last * rng.uniform(0.3, 1.2)), 1)
        told.append(Happening(n, "reference price", last, reference, t))
        last = reference
    return last


def half_of(above, below):
    return (2 * above + below) // (2 * below)


def quote_of(rng, last, percent):
    up, down = max(half_of(last * (100 + percent), 100), last + 1), min(half_of(last * (100 - percent), 100), last - 1)
    free = rng.random() < 0.1
    wide = max(int(last * percent / 100), 1)
    inside = lambda price: int(max(price if free else min(max(price, down), up), 1))  # noqa: E731
    open_ = inside(
        last + (wide * 2 if rng.random() < 0.15 else int(rng.integers(-wide, wide + 1))) * rng.choice([-1, 1])
    )
    if rng.random() < 0.1:
        high = low = close = vwap = open_
    else:
        close = inside(open_ + int(rng.integers(-wide, wide + 1)))
        high = inside(max(open_, close) + int(rng.integers(0, wide + 1)))
        low = inside(min(open_, close) - int(rng.integers(0, wide + 1)))
        vwap = int(rng.integers(low, high + 1))
    volume = int(rng.integers(0, 40_000)) if rng.random() < 0.8 else int(rng.integers(0, 500))
    ticks = [price * CENT for price in (open_, high, low, close, vwap)]
    return Quote(*ticks, None if free else up * CENT, None if free else down * CENT, volume)


def charges_of(rng):
    keys = [(side, kind) for side in (1, -1) for kind in range(3)]
    return [
        Charges({key: D(str(rng.choice(RATES))) for key in keys}, {key: D(str(rng.choice(FLAT))) for key in keys})
        for _ in range(2)
    ]


def orders_of(seed, world):
    """Orders of all sizes by the bar of their fill: legal, odd, too many, too few, and back again."""
    rng = np.random.default_rng(seed + 77)
    script = []
    for t in range(1, len(world.quotes)):
        for _ in range(int(rng.integers(0, 6))):
            n = int(rng.integers(len(world.shares)))
            before = [abs(q) for _, a, q, *_ in script if a == n]
            if before and rng.random() < 0.6:
                quantity = int(rng.choice(before)) + int(rng.choice([0, 0, 0, 1, -1, 50]))
            else:
                quantity = int(rng.choice([1, 50, 100, 150, 200, 201, 300, 1000, 12_345, 40_000]))
            quantity = max(quantity, 1) * (1 if rng.random() < 0.5 else -1)
            moment = MOMENTS[rng.choice(4, p=[0.55, 0.2, 0.1, 0.15])]
            quote = world.quotes[t].get(n)
            near = (int(quote.open * 100) if quote else 500) + int(rng.integers(-15, 16))
            price = 0
            if moment == "limit":
                price = max(near, 1)
            elif moment == "open" and rng.random() < 0.25:
                price = max(near, 1) * int(rng.choice([-1, 1]))
            elif moment == "close" and rng.random() < 0.3:
                price = 1
            script.append((t, n, quantity, MOMENTS.index(moment), price))
    return tuple(script)


def by_bar(script):
    told = {}
    for bar, n, quantity, moment, price in script:
        told.setdefault(bar, []).append((n, quantity, MOMENTS[moment], price * CENT))
    return told


def exchange_of(world):
    """The same world in whole numbers."""
    shape = (len(world.quotes), len(world.shares))
    cells = {name: np.zeros(shape, dtype=np.int32) for name in ("open", "high", "low", "close", "vwap", "up", "down")}
    cells["up"] += NO_LIMIT
    volume = np.zeros(shape, dtype=np.int64)
    fees = np.zeros((shape[0], 2, FEE_COLUMNS), dtype=np.int64)
    rows = []
    for t, quotes in enumerate(world.quotes):
        for n, quote in quotes.items():
            volume[t, n] = quote.volume
            for name, cell in cells.items():
                price = getattr(quote, name)
                cell[t, n] = cell[t, n] if price is None else int(price * 100)
        for group, charges in enumerate(world.charges[t]):
            for (side, kind), rate in charges.rates.items():
                place = (0 if side > 0 else 3) + kind
                fees[t, group, place] = int(rate * 10**8)
                fees[t, group, 6 + place] = int(charges.flat[side, kind] * 100 * 10**8)
        rows += [(t, h.asset, KINDS[h.kind], h.above, h.below, h.pay) for h in world.happenings[t]]
    by_name = lambda values: frozen(np.array(values, dtype=np.int64))  # noqa: E731
    begins = np.append(False, np.diff(world.sessions) != 0)
    lending = None
    if world.lending and world.shorts:
        told = [[int(rate * 10**8) for rate in world.lending]] * shape[0]
        lending = frozen(np.array(told) * np.stack([begins | True, begins | True, begins], axis=1))
    up, down = cells.pop("up"), cells.pop("down")
    return Exchange(
        times=frozen(np.datetime64("2024-01-01", "us") + np.arange(shape[0]) * np.timedelta64(1, "D")),
        session=by_name(world.sessions),
        assets=tuple(f"{n:06d}" for n in range(shape[1])),
        **{name: frozen(cell) for name, cell in cells.items()},
        limit_up=frozen(up), limit_down=frozen(down), volume=frozen(volume), actions=Actions.of(rows),
        tick=frozen(np.full(shape[1], 0.01)), tick_value=by_name([1] * shape[1]),
        lot=by_name([share.lot for share in world.shares]), minimum=by_name([share.least for share in world.shares]),
        waits=by_name([share.waits for share in world.shares]), fees=frozen(fees),
        group=by_name([share.group for share in world.shares]), minimum_commission=int(world.minimum * 100),
        slippage_ticks=world.slip, money_scale=100, shorts=world.shorts, currency="CNY", stamps=(),
        lending=lending,
    )  # fmt: skip


def execution_of(world):
    return Execution(
        participation=float(world.participation), slippage_rate=float(world.slip_rate), whole_orders=world.whole,
        half_up=world.half_up,
    )  # fmt: skip


def play(world, script, capital):
    """Orders through the compiled loop."""
    exchange = exchange_of(world)
    signals = Signals(np.zeros(exchange.open.shape))
    return run_portfolio(Scripted(script=script), signals, exchange, capital, execution_of(world))


__all__ = ["Scripted", "by_bar", "exchange_of", "execution_of", "half_up", "orders_of", "play", "world_of"]
