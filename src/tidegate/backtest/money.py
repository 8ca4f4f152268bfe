"""Whole money: parts and rates of int64 amounts, rounded once, without overflow.

Both market loops count with these, and nowhere else is a rate multiplied. An amount of money may reach 2**62 money
units, a rate 1e9 (in 1e-8), a cent 1,000 money units; no product inside leaves 64 bits then.
"""

from tidegate.backtest.compiled import inner
from tidegate.market.base import RATE_UNIT

__all__ = ["RATE", "part", "rounded"]

RATE = RATE_UNIT
"""Rates are whole numbers of 1e-8, as a market's."""
_SMALL, _LOW, _LITTLE = 1 << 40, 1 << 20, 1 << 60
"""Below these, one product and one division do."""


@inner
def part(value: int, rate: int, whole: int) -> int:
    """Give ⌊value · rate / whole⌋ without overflow, for rates up to 1e9."""
    return int((value // whole) * rate + (value % whole) * rate // whole)


@inner
def rounded(value: int, rate: int, flat: int, cent: int) -> int:
    """Take value · rate + flat, both in 1e-8, rounded half-up to a cent."""
    whole = RATE * cent
    if 0 <= value < _SMALL and rate < _LOW and flat < _LITTLE:
        return int((2 * (value * rate + flat) + whole) // (2 * whole) * cent)
    rest = (value % whole) * rate + flat
    return int(((value // whole) * rate + (2 * rest + whole) // (2 * whole)) * cent)
