"""What the portfolio loop reads and writes, laid out as plain arrays, and the names of their places.

`Tape` is the exchange and the signals, read-only; `Account` is one book. A book's whole state lies in its arrays, so
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
    """As the exchange's, but fees by quantity in 1e-8 of a money unit."""
    group: IntArray
    lending: IntArray
    """As the exchange's; a row of zeros where nothing is lent."""
    tick: FloatArray
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
    """Last known price of what is held ``[N]``, adjusted for what happened since."""
    since: IntArray
    """Bar in which a position was last added to ``[N]``; it stays when the position is closed, -1 before the first."""
    held: IntArray
    own: IntArray
    """``[N, OWN]``: what else the book knows of an asset."""
    queue: NDArray[np.int64]
    """``[C, 5]`` orders for the next bar."""
    dues: NDArray[np.int64]
    """``[A + 1, 2]`` cash on its way: bar of payment, amount."""
    events: NDArray[np.int64]
    """``[E, COLUMNS]`` one row an order or action, in the order in which they happened."""
    lines: NDArray[np.int64]
    """``[T, LINES]`` the book at each close."""
    memory: FloatArray
    key: FloatArray
    place: IntArray


# Places in a purse.
(
    CASH, DUE, EQUITY, COUNT, QUEUED, EVENTS, ACTION, DUES, TRIPS, CLOSED, WINS, NEXT, FILLS, UNFILLED, SUM_COMMISSION,
    SUM_STAMP, SUM_TRANSFER, SUM_SLIPPAGE, SUM_BOUGHT, SUM_SOLD, SUM_ASKED, SUM_DONE, AVERAGED, WARM, CALLED,
) = range(25)  # fmt: skip
PURSE = 25

# Places in the rules.
CENT, MINIMUM_COMMISSION, SLIP, SHORTS, WHOLE_ORDERS, HALF_UP, PARTICIPATION, SLIP_RATE, KEEP, LENT, CALL = range(11)
RULES = 11

# What a book knows of an asset: cost of what is held (opening fees included), profit realised since it was opened,
# number of the round trip, bar and units of what was traded last.
BASIS, PROFIT, TRIP_NUMBER, TAKEN_BAR, TAKEN = range(5)
OWN = 5

# Columns of an event.
(
    BAR, ASSET, SIDE, WANTED, DONE, PRICE, OUTCOME, COMMISSION, STAMP, TRANSFER, SLIPPAGE, REALISED, TRIP, AT, REASON,
    AFTER, LIMIT,
) = range(17)  # fmt: skip
COLUMNS = 17

# Columns of a line.
L_CASH, L_HOLDINGS, L_EQUITY, L_DUE, L_FEES, L_SLIPPAGE, L_BOUGHT, L_SOLD, L_COUNT, L_LARGEST = range(10)
LINES = 10

# Columns of an order.
O_ASSET, O_QUANTITY, O_AT, O_PRICE, O_REASON = range(5)

_ROWS_A_BAR, _MOST_ROWS = 128, 1 << 19


def new_account(tape: Tape, capital: int, actions: int) -> Account:
    """A book with `capital` in money units and nothing else."""
    bars, names = tape.open.shape

    def zeros(*shape: int) -> Any:
        return np.zeros(shape, dtype=np.int64)

    places = 4 * names + 8
    rows = max(4096, min(bars * _ROWS_A_BAR, _MOST_ROWS)) if tape.rules[KEEP] else places + actions
    account = Account(
        purse=zeros(PURSE),
        shares=zeros(names),
        locked=zeros(names),
        mark=zeros(names),
        since=np.full(names, -1, dtype=np.int64),
        held=zeros(names),
        own=zeros(names, OWN),
        queue=zeros(places, 5),
        dues=zeros(actions + 1, 2),
        events=zeros(rows, COLUMNS),
        lines=zeros(bars, LINES),
        memory=np.zeros(names + 16),
        key=np.zeros(names),
        place=zeros(names),
    )
    account.own[:, TAKEN_BAR] = -1
    account.purse[CASH] = account.purse[EQUITY] = capital
    return account
