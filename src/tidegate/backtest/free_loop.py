"""The frictionless book: fractions of a unit at any open, no costs; the same order of things as in `loop`.

A change of sign is one fill and ends a round trip. Money is float64; it agrees with exact arithmetic to about 1e-13.
"""

from tidegate.backtest.compiled import compiled
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["walk_free"]

_FILLED, _SUSPENDED = 0, 5

# Places in a book's state.
CASH, UNITS, REACHED, BASIS, PROFIT, ROWS = range(6)


@compiled
def _count_fill(state: FloatArray, totals: FloatArray, goal: float, price: float) -> float:
    """Count a fill from the units held to `goal`; give what it realised."""
    units = state[UNITS]
    change = goal - units
    side = 1.0 if change > 0 else -1.0
    closed = min(abs(units), abs(change)) if units * change < 0 else 0.0
    realised = 0.0
    if closed > 0:
        released = state[BASIS] if closed == abs(units) else state[BASIS] * closed / abs(units)
        realised = -side * closed * price - released
        state[BASIS] -= released
        state[PROFIT] += realised
    state[BASIS] += side * (abs(change) - closed) * price
    if units != 0 and goal * units <= 0:
        totals[2] += 1
        totals[3] += 1 if state[PROFIT] > 0 else 0
        state[PROFIT] = 0.0
    totals[0] += 1
    totals[8 if change > 0 else 9] += abs(change) * price
    return float(realised)


@compiled
def _pursue_free(
    state: FloatArray, totals: FloatArray, events: FloatArray, bar: int, price: float, stopped: int, wish: float
) -> None:
    """Bring a position to its target at the open, if anything trades there."""
    worth = state[CASH] + state[UNITS] * price
    goal = wish * worth / price if worth > 0 else 0.0
    change = goal - state[UNITS]
    trip, realised = totals[2], 0.0
    if change != 0 and stopped == 1:
        totals[1] += 1
    elif change != 0:
        realised = _count_fill(state, totals, goal, price)
        state[UNITS], state[CASH] = goal, worth - goal * price
    if change == 0 or stopped == 0:
        state[REACHED] = wish
    if change != 0 and events.shape[0] > 0:
        row = events[int(state[ROWS])]
        row[0], row[1], row[2], row[4] = bar, 1.0 if change > 0 else -1.0, abs(change), price
        row[3] = 0.0 if stopped == 1 else abs(change)
        row[5] = _SUSPENDED if stopped == 1 else _FILLED
        row[10], row[11] = realised, trip
        state[ROWS] += 1


@compiled
def walk_free(
    wants: FloatArray,
    prices: tuple[FloatArray, FloatArray, IntArray],
    capital: float,
    outcome: tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray],
    states: FloatArray,
) -> int:
    """Send frictionless books through the bars: wishes ``[K, T]`` → equity, exposure ``[K, T]``, totals.

    `prices` are opens, marks and whether the bar is suspended; `outcome` has the shape that `loop` writes; `states` are
    zeros ``[K, 6]``.
    """
    opens, marks, stopped = prices
    equity, held, totals, lines, events = outcome
    rows = 0
    for book in range(wants.shape[0]):
        state = states[book]
        state[CASH] = capital
        for bar in range(wants.shape[1]):
            if bar > 0 and wants[book, bar - 1] != state[REACHED]:
                _pursue_free(state, totals[book], events, bar, opens[bar], stopped[bar], wants[book, bar - 1])
            worth = state[UNITS] * marks[bar]
            total = state[CASH] + worth
            equity[book, bar] = total
            held[book, bar] = worth / total if total > 0 else 0.0
            if lines.shape[0] > 0:
                lines[bar, 0], lines[bar, 1], lines[bar, 2] = state[CASH], worth, state[UNITS]
        rows = int(state[ROWS])
    return rows
