"""Random orders that try every rule, made against RQAlpha's own account while it runs, and what became of them.

Each is given knowing what the book holds: whole positions, odd remainders, more than is held, what was bought the same
day, purchases to the last lot that cash pays for and one step beyond. Sales come before purchases at each moment, as in
our loop; RQAlpha fills orders as they come.
"""

from typing import NamedTuple

from made_markets import BARS, SHARES, Bar, Dice, Made

OPEN, AVERAGE, CLOSE = 0, 2, 3
MICRO = 1_000_000
"""Money is counted in millionths of a yuan, in which RQAlpha's unrounded fees are whole."""


class Variant(NamedTuple):
    """A way to run the oracle: what is switched on, and from which seed on so many cases are made."""

    name: str
    first: int
    count: int
    yuan: int
    moments: tuple[int, ...]
    partial: bool = False
    """Fill what cash pays for, instead of refusing the order."""
    participation: bool = False
    """No more than a quarter of a day's volume."""
    slippage: bool = False
    """One tick at the close (RQAlpha has none in the opening auction)."""
    own_fees: bool = False
    """Our fees, each rounded to the cent, in place of RQAlpha's."""
    recovered: bool = True
    """Whether the last price is paid at the end of a listing."""


VARIANTS = (
    Variant("whole", 0, 50, 500_000, (OPEN, CLOSE)),
    Variant("lost", 100, 10, 200_000, (OPEN, CLOSE), recovered=False),
    Variant("partial", 200, 25, 300_000, (OPEN,), partial=True),
    Variant("volume", 300, 15, 90_000_000, (OPEN,), participation=True),
    Variant("average", 400, 10, 90_000_000, (OPEN, AVERAGE)),
    Variant("slippage", 500, 10, 500_000, (CLOSE,), slippage=True),
    Variant("cents", 600, 20, 500_000, (OPEN, CLOSE), own_fees=True),
)


def fees(variant: Variant, day: int, price: int, quantity: int, *, sells: bool) -> int:
    """All fees of an order in millionths: RQAlpha's own, or ours in whole cents; prices in ticks."""
    value = price * quantity  # cents
    stamp = (100 if day < 10 else 50) if sells else 0  # 1e-5 of value, which is one tenth of a millionth a cent
    if not variant.own_fees:
        return max(value * 8, 5 * MICRO) + value * stamp // 10
    commission = max((2 * value * 25 + 100_000) // 200_000, 500)
    duty, transfer = (2 * value * stamp + 100_000) // 200_000, (2 * value + 100_000) // 200_000
    return (commission + duty + transfer) * (MICRO // 100)


class Book(NamedTuple):
    """What RQAlpha's account tells: cash in millionths, shares held, and those that may be sold now."""

    cash: int
    shares: list[int]
    free: list[int]


def sales(dice: Dice, variant: Variant, book: Book) -> list[tuple[int, int]]:
    """Sales to try: (share, quantity < 0)."""
    orders = []
    for n, (_, _, _, least, _) in enumerate(SHARES):
        held, free = book.shares[n], book.free[n]
        if held == 0:
            if dice.chance(4):
                orders.append((n, -least))
            continue
        if not dice.chance(35):
            continue
        wishes = [
            held,
            free or held,
            max(1, held * (1 + dice.below(99)) // 100),
            max(1, held // 2 // 100 * 100),
            1 + dice.below(350),
            held - min(held - 1, 1 + dice.below(120)),
            held + 100 * (1 + dice.below(3)),
            held - free or held,
        ]
        wish = wishes[dice.below(len(wishes))]
        orders.append((n, -(min(wish, free or held) if variant.partial else wish)))
    return orders


def purchase(
    dice: Dice, variant: Variant, day: int, bars: tuple[Bar | None, ...], moment: int, cash: int
) -> tuple[int, int]:
    """One purchase to try: (share, quantity > 0)."""
    n = dice.below(len(SHARES))
    _, _, _, least, step = SHARES[n]
    bar = bars[n]
    if bar is None or dice.chance(30):
        return n, 1 + dice.below(20 if variant.yuan < 10**6 else 200) * 100 + dice.below(130)
    price = bar.open if moment == OPEN else bar.vwap if moment == AVERAGE else bar.close + variant.slippage
    most = min(cash, 10**6 * MICRO) // (price * (MICRO // 100)) // step * step
    while most > 0 and most * price * (MICRO // 100) + fees(variant, day, price, most, sells=False) > cash:
        most -= step
    if dice.chance(25):
        return n, max(most, least)
    if dice.chance(25):
        return n, most + step
    if dice.chance(10):
        return n, 900_000
    if dice.chance(10):
        return n, 1 + dice.below(2 * least)
    return n, max(1, most * (5 + dice.below(50)) // 100)


def days_with_orders(made: Made) -> range:
    """Decided after a close, filled the day after: none on the first."""
    return range(1, min(BARS, len(made.days)))
