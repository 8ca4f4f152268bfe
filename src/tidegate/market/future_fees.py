"""A vendor's fees of a futures contract over the rules': to open and close, and to close what the session opened."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tidegate.market.base import Conditions
from tidegate.market.given_fees import GivenFee, given_over
from tidegate.types.axes import IntArray, frozen

__all__ = ["with_given_fees"]

_KINDS = {
    "trading_fee": (("commission_buy", "commission_sell"), "fee to open and to close"),
    "close_today": (("close_today",), "fee to close what the session opened"),
}


def with_given_fees(
    held: Conditions, days: NDArray[np.datetime64], contract: str, given: tuple[GivenFee, ...], added: IntArray
) -> Conditions:
    """Lay a vendor's rows over a contract's fees; rows of the very `contract` go before those of all.

    Formula
        What the broker adds (`added`, 1e-8 of value ``[T]``) comes on top of either. A fee to close today that the
        vendor does not give stays the rule's.
    Known at
        Before the session.

    >>> from datetime import date
    >>> from tidegate.market.rebar_future import RebarFuture
    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=3, assets=1)
    >>> held = RebarFuture().conditions(bars, "000001.SZ")
    >>> row = GivenFee(fee="trading_fee", since=date(2000, 1, 3), rate=0.00005)
    >>> none = np.zeros(3, dtype=np.int64)
    >>> made = with_given_fees(held, held.times.astype("datetime64[D]"), "000001.SZ", (row,), none)
    >>> made.rates["commission_buy"].tolist(), made.alarms[-1].times
    ([5000, 5000, 5000], 3)
    """
    rates, per_unit, alarms = dict(held.rates), dict(held.per_share), list(held.alarms)
    zero = np.zeros(len(days), dtype=np.int64)
    for fee, (names, title) in _KINDS.items():
        ruled = held.rates[names[0]] - added, held.per_share.get(names[0], zero)
        told = given_over(given, fee, contract, days, ruled, title)
        for name in names:
            rates[name] = frozen(told.rate + added)
            if bool(told.per_unit.any()):
                per_unit[name] = frozen(told.per_unit)
        alarms += told.alarms
    if not any(row.fee in _KINDS and row.place in {"", contract} for row in given):
        return held
    stamp = "A vendor's table of fees goes before the rules where it speaks."
    return replace(held, rates=rates, per_share=per_unit, stamps=(*held.stamps, stamp), alarms=tuple(alarms))
