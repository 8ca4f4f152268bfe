"""What trading an A share costs besides the broker: duty, transfer, and what exchange and regulator take.

Each fee is the rule's dated row, or a vendor's where one is loaded. Handling and regulatory fees are normally inside
the commission that a broker quotes; where it quotes net of them, they are charged on top and stand in the ledger with
the transfer fee.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.market.alarms import Alarm
from tidegate.market.costs import (
    HANDLING,
    REGULATORY,
    STAMP_DUTY_BUY,
    STAMP_DUTY_SELL,
    TRANSFER_BY_VALUE,
    TRANSFER_SHANGHAI_FACE,
)
from tidegate.market.dated import DatedTable
from tidegate.market.given_fees import GivenFee, given_over
from tidegate.types.axes import IntArray

__all__ = ["ON_TOP", "ShareFees", "fee_tables", "share_fees"]

ON_TOP = "Handling and regulatory fees are charged on top of the commission, and stand with the transfer fee."
"""What must be said where they are."""
_GIVEN = "A vendor's table of fees goes before the rules where it speaks."


class ShareFees(NamedTuple):
    """Fees of one exchange over some sessions ``[T]``: 1e-8 of value, and 1e-8 yuan a share."""

    stamp_duty_buy: IntArray
    stamp_duty_sell: IntArray
    transfer_fee: IntArray
    transfer_per_share: IntArray
    stamps: tuple[str, ...]
    alarms: list[Alarm]


def fee_tables(exchange: str, *, on_top: bool) -> dict[str, tuple[DatedTable, DatedTable | None]]:
    """Name the tables of each fee of an exchange: by value, and by share where there is one.

    >>> sorted(fee_tables("SZ", on_top=False))
    ['stamp_duty_buy', 'stamp_duty_sell', 'transfer_fee']
    """
    made: dict[str, tuple[DatedTable, DatedTable | None]] = {
        "stamp_duty_buy": (STAMP_DUTY_BUY, None),
        "stamp_duty_sell": (STAMP_DUTY_SELL, None),
        "transfer_fee": (TRANSFER_BY_VALUE[exchange], TRANSFER_SHANGHAI_FACE if exchange == "SH" else None),
    }
    return (
        {**made, "handling_fee": (HANDLING[exchange], None), "regulatory_fee": (REGULATORY, None)} if on_top else made
    )


def share_fees(
    exchange: str,
    days: NDArray[np.datetime64],
    given: tuple[GivenFee, ...] = (),
    *,
    on_top: bool = False,
    before: int | None = None,
) -> ShareFees:
    """Resolve the fees of an exchange; raises `DataError` before a rule's first row, unless `before` says what was.

    >>> days = np.array(["2015-07-31", "2015-08-03"], dtype="datetime64[D]")
    >>> share_fees("SH", days).transfer_fee.tolist(), share_fees("SH", days).transfer_per_share.tolist()
    ([0, 2000], [30000, 0])
    """
    made: dict[str, tuple[IntArray, IntArray]] = {}
    stamps: list[str] = []
    alarms: list[Alarm] = []
    for fee, tables in fee_tables(exchange, on_top=on_top).items():
        own = np.zeros(len(days), dtype=bool) if before is None else days < np.datetime64(tables[0].rows[0].since)
        rate = tables[0].at(days, before=before)
        per_unit = np.zeros(len(days), dtype=np.int64) if tables[1] is None else tables[1].at(days, before=before)
        told = given_over(given, fee, exchange, days, (rate, per_unit), tables[0].name)
        made[fee] = told.rate, told.per_unit
        alarms += told.alarms
        ruled = days[~told.given & ~own]
        stamps += [note for table in tables if table is not None for note in table.unconfirmed(ruled)]
    extra = [made[fee][0] for fee in ("handling_fee", "regulatory_fee") if fee in made]
    rate, per_unit = made["transfer_fee"]
    return ShareFees(
        made["stamp_duty_buy"][0],
        made["stamp_duty_sell"][0],
        np.sum([rate, *extra], axis=0, dtype=np.int64),
        per_unit,
        (*((_GIVEN,) if given else ()), *((ON_TOP,) if on_top else ()), *stamps),
        alarms,
    )
