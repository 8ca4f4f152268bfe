"""What the portfolio loop reads and writes, laid out as plain arrays, and the names of their places.

`Tape` is the exchange and the signals, read-only; `Account` is one book. A book's whole state lies in its arrays, so that
the loop may stop after any bar (to make room for more events, or to ask a strategy written in Python) and go on.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Account", "Tape", "new_account"]


class Tape(NamedTuple):
    """The exchange and the signals as the loop reads them; see `Exchange` for shapes and units."""

    session: IntArray
    open: NDArray[np.int32]
    high: NDArray[np.int32]
    low: NDArray[np.int32]
    close: NDArray[np.int32]
    vwap: NDArray[np.int32]
    limit_up: NDArray[np.int32]
    limit_down: NDArray[np.int32]
    volume: NDArray[np.int64]
    action: IntArray
    """``[A, 6]``: bar, asset, kind, numerator, denominator, bar of payment."""
    fees: IntArray
    group: IntArray
    tick_value: IntArray
    lot: IntArray
    minimum: IntArray
    waits: IntArray
    order: IntArray
    """Place of each asset in the order of names ``[N]``."""
    score: FloatArray
    second: FloatArray
    gate: FloatArray
    numbers: FloatArray
    rules: IntArray
    """``[RULES]``."""


class Account(NamedTuple):
    """One book: its state, its orders for the next bar, and the record of what happened."""

    purse: IntArray
    """``[PURSE]`` sums and counters."""
    shares: IntArray
    locked: IntArray
    mark: IntArray
    basis: IntArray
    """What is held cost ``[N]``, opening fees included."""
    profit: IntArray
    """Realised since the position was opened ``[N]``."""
    trip: IntArray
    """Number of the round trip that the position belongs to ``[N]``."""
    since: IntArray
    held: IntArray
    spot: IntArray
    """Place of an asset in `held` ``[N]``, -1 where it is not held."""
    taken: IntArray
    """``[N, 2]``: bar, and units traded in it: what the cap on participation counts."""
    queue: NDArray[np.int64]
    """``[C, 5]`` orders for the next bar."""
    dues: NDArray[np.int64]
    """``[A, 3]`` cash on its way: bar of payment, amount, asset."""
    events: NDArray[np.int64]
    """``[E, COLUMNS]`` one row an order or action, in the order in which they happened."""
    lines: NDArray[np.int64]
    """``[T, LINES]`` the book at each close."""
    memory: FloatArray
    key: FloatArray
    place: IntArray


# Places in a purse.
CASH, DUE, EQUITY, COUNT, QUEUED, EVENTS, ACTION, DUES, TRIPS, WINS, NEXT, CAPITAL = range(12)
PURSE = 12

# Places in the rules.
CENT, MINIMUM_COMMISSION, SLIP, SHORTS, WHOLE_ORDERS, HALF_UP, PARTICIPATION, SLIP_RATE = range(8)
RULES = 8

# Columns of an event.
(
    BAR, ASSET, SIDE, WANTED, DONE, PRICE, OUTCOME, COMMISSION, STAMP, TRANSFER, SLIPPAGE, REALISED, TRIP, AT, REASON,
    AFTER,
) = range(16)  # fmt: skip
COLUMNS = 16

# Columns of a line.
L_CASH, L_HOLDINGS, L_EQUITY, L_DUE, L_FEES, L_SLIPPAGE, L_BOUGHT, L_SOLD, L_COUNT = range(9)
LINES = 9

# Columns of an order.
O_ASSET, O_QUANTITY, O_AT, O_PRICE, O_REASON = range(5)


def new_account(tape: Tape, capital: int, actions: int) -> Account:
    """A book with `capital` in money units and nothing else."""
    bars, names = tape.open.shape

    def zeros(*shape: int) -> Any:
        return np.zeros(shape, dtype=np.int64)

    account = Account(
        purse=zeros(PURSE),
        shares=zeros(names),
        locked=zeros(names),
        mark=zeros(names),
        basis=zeros(names),
        profit=zeros(names),
        trip=zeros(names),
        since=np.full(names, -1, dtype=np.int64),
        held=zeros(names),
        spot=np.full(names, -1, dtype=np.int64),
        taken=np.full((names, 2), -1, dtype=np.int64),
        queue=zeros(2 * names + 8, 5),
        dues=zeros(actions + 1, 3),
        events=zeros(max(4096, min(bars * 128, 1 << 19)), COLUMNS),
        lines=zeros(bars, LINES),
        memory=np.zeros(names + 16),
        key=np.zeros(names),
        place=zeros(names),
    )
    account.purse[CASH] = account.purse[EQUITY] = account.purse[CAPITAL] = capital
    return account
