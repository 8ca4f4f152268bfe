"""Small made markets in whole numbers alone: the same on every machine, in every version of every library.

One market is 32 weekdays from 2023-08-14, so that the stamp duty halves at bar 10, and 8 shares of every board: with
days at a limit, one-price days, a share that is suspended, one that is listed late, one that is delisted, a dividend
paid later, a dividend with a fractional split on one day. Nothing here needs anything but Python, so that an oracle in
an environment of its own reads the same market as the tests.
"""

from datetime import date, timedelta
from typing import NamedTuple

BARS, CUT = 32, 10
SHARES = (  # name, board, limit in percent, smallest order, step of an order
    ("600001.XSHG", "main", 10, 100, 100),
    ("000002.XSHE", "main", 10, 100, 100),
    ("688003.XSHG", "star", 20, 200, 1),
    ("300004.XSHE", "chinext", 20, 100, 100),
    ("430005.BJSE", "beijing", 30, 100, 1),
    ("600006.XSHG", "main", 10, 100, 100),
    ("301007.XSHE", "chinext", 20, 100, 100),
    ("000008.XSHE", "main at risk", 5, 100, 100),
)
NAMES = tuple(share[0] for share in SHARES)
FREE_DAYS = 5
"""Days after a listing on which no limit holds."""


class Bar(NamedTuple):
    """One share on one day, in ticks of 0.01; a day without trading has all prices at the reference, and no volume."""

    reference: int
    up: int
    """0 where no limit holds."""
    down: int
    open: int
    high: int
    low: int
    close: int
    vwap: int
    volume: int


class Payment(NamedTuple):
    """A dividend in cents a share held the evening before, credited at the open of bar `pay`."""

    bar: int
    asset: int
    cents: int
    pay: int


class Split(NamedTuple):
    """Shares × numerator / denominator before the open."""

    bar: int
    asset: int
    numerator: int
    denominator: int


class Made(NamedTuple):
    """Everything about one market."""

    days: tuple[date, ...]
    bars: tuple[tuple[Bar | None, ...], ...]
    """By day, then by share; None before the listing and after the end of it."""
    payments: tuple[Payment, ...]
    splits: tuple[Split, ...]
    listed: tuple[int, ...]
    """Bar from which each share is listed."""
    ended: tuple[int, ...]
    """Bar from which it no longer is; `BARS` where it stays."""


class Dice:
    """Whole random numbers of the splitmix64 generator."""

    def __init__(self, seed: int) -> None:
        self.state = seed * 7919 + 17

    def below(self, end: int) -> int:
        """0 … end - 1."""
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        mixed = self.state
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> shift)) * factor % 2**64
        return (mixed ^ (mixed >> 31)) % end

    def chance(self, percent: int) -> bool:
        """True so often."""
        return self.below(100) < percent

    def bell(self, width: int) -> int:
        """Around 0, to ±3 · width."""
        return sum(self.below(2 * width + 1) - width for _ in range(3))


def limits(reference: int, percent: int) -> tuple[int, int]:
    """Half-up to the tick, at least one tick away."""
    up = (2 * reference * (100 + percent) + 100) // 200
    down = (2 * reference * (100 - percent) + 100) // 200
    return max(up, reference + 1), min(down, reference - 1)


def made_market(seed: int) -> Made:
    """The market of a seed."""
    dice = Dice(seed)
    days = [date(2023, 8, 14)]
    while len(days) < BARS:
        following = days[-1] + timedelta(days=1)
        days.append(following + timedelta(days=(7 - following.weekday()) if following.weekday() > 4 else 0))
    late, gone = 6, 5
    listed = tuple(7 + dice.below(4) if n == late else 0 for n in range(len(SHARES)))
    ended = tuple(20 + dice.below(6) if n == gone else BARS for n in range(len(SHARES)))
    still = dice.below(5)
    pause = range(first := 8 + dice.below(8), first + 2 + dice.below(4))
    payments, splits = _actions(dice, still, pause, ended)
    previous = [300 + dice.below(6000) for _ in SHARES]
    bars = []
    for day in range(BARS):
        row: list[Bar | None] = []
        for n, (_, _, percent, *_) in enumerate(SHARES):
            reference = previous[n]
            for payment in payments:
                reference -= payment.cents * (payment[:2] == (day, n))
            for split in splits:
                if split[:2] == (day, n):
                    reference = (2 * reference * split.denominator + split.numerator) // (2 * split.numerator)
            if not listed[n] <= day < ended[n]:
                row.append(None)
                continue
            free = n == late and day < listed[n] + FREE_DAYS
            resting = n == still and day in pause
            bar = _bar(dice, reference, (0, 0) if free else limits(reference, percent), resting=resting)
            previous[n] = bar.close
            row.append(bar)
        bars.append(tuple(row))
    return Made(tuple(days), tuple(bars), payments, splits, listed, ended)


def _actions(
    dice: Dice, still: int, pause: range, ended: tuple[int, ...]
) -> tuple[tuple[Payment, ...], tuple[Split, ...]]:
    payments, splits = [], []
    for n in range(len(SHARES)):
        if dice.chance(50):
            bar = 3 + dice.below(20)
            if n == still and dice.chance(50):
                bar = pause[0]  # an ex-day while nothing trades
            if bar < ended[n] - 1 and n != 6:
                payments.append(Payment(bar, n, 1 + dice.below(60), bar + dice.below(4)))
                if dice.chance(60):
                    splits.append(Split(bar, n, (1337, 1500, 1003, 2000, 1125)[dice.below(5)], 1000))
        elif dice.chance(30) and n != 6:
            bar = 3 + dice.below(15)
            splits.append(Split(bar, n, (1337, 1250, 1001, 3000)[dice.below(4)], 1000))
    return tuple(payments), tuple(splits)


def _bar(dice: Dice, reference: int, edges: tuple[int, int], *, resting: bool) -> Bar:
    up, down = edges

    def inside(price: int) -> int:
        return max(min(price, up), down) if up else max(price, 1)

    moves = [dice.bell(15), dice.bell(18), dice.below(12), dice.below(12), dice.below(101)]
    opening = inside(reference * (1000 + moves[0]) // 1000)
    close = inside(opening * (1000 + moves[1]) // 1000)
    if up and dice.chance(12):  # far from the reference, inside the limit: beyond a narrower board's
        part = 50 + dice.below(50)
        opening = reference + ((up, down)[dice.below(2)] - reference) * part // 100
        close = inside(opening * (1000 + moves[1]) // 1000)
    if up and dice.chance(9):
        opening = (up, down)[dice.below(2)]
    if up and dice.chance(9):
        close = (up, down)[dice.below(2)]
    if up and dice.chance(7):
        opening = close = (up, down)[dice.below(2)]
        moves[2] = moves[3] = 0
    high = inside(max(opening, close) * (1000 + moves[2]) // 1000)
    low = inside(min(opening, close) * (1000 - moves[3]) // 1000)
    vwap = low + (high - low) * moves[4] // 100
    if high - low > 1:  # an average of different prices is none of the extremes
        vwap = max(low + 1, min(vwap, high - 1))
    elif up:
        vwap = high if high < up else low
    volume = 800 * (1 + dice.below(30))
    if resting:
        return Bar(reference, up, down, reference, reference, reference, reference, reference, 0)
    return Bar(reference, up, down, opening, high, low, close, vwap, volume)
