"""The frictionless book: fractions of a unit at any open, no costs; the same order of things as in `loop`.

A change of sign is one fill and ends a round trip. Money is float64; results agree with exact arithmetic to about 1e-13.
"""

from tidegate.backtest.compiled import compiled
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["free_books"]

_FILLED, _SUSPENDED = 0, 5


@compiled
def free_book(
    want: FloatArray,
    prices: FloatArray,
    marks: FloatArray,
    stopped: IntArray,
    capital: float,
    equity: FloatArray,
    held: FloatArray,
    lines: FloatArray,
    events: FloatArray,
    totals: FloatArray,
) -> int:
    """Wishes ``[T]`` → equity and exposure ``[T]``; events and totals have the columns of `loop`."""
    cash, units, reached, basis, profit, rows = capital, 0.0, 0.0, 0.0, 0.0, 0
    for bar in range(want.shape[0]):
        if bar > 0 and want[bar - 1] != reached:
            target = want[bar - 1]
            price = prices[bar]
            worth = cash + units * price
            goal = target * worth / price if worth > 0 else 0.0
            change = goal - units
            side = 1.0 if change > 0 else -1.0
            done = 0.0 if stopped[bar] == 1 else abs(change)
            trip = totals[2]
            realised = 0.0
            if done > 0:
                closed = min(abs(units), done) if units * side < 0 else 0.0
                if closed > 0:
                    released = basis if closed == abs(units) else basis * closed / abs(units)
                    realised = -side * closed * price - released
                    basis -= released
                    profit += realised
                basis += side * (done - closed) * price
                if units != 0 and (goal == 0 or goal * units < 0):
                    totals[2] += 1
                    totals[3] += 1 if profit > 0 else 0
                    profit = 0.0
                units = goal
                cash = worth - units * price
                totals[0] += 1
                totals[8 if side > 0 else 9] += done * price
            else:
                totals[1] += 1 if abs(change) > 0 else 0
            if events.shape[0] > 0 and abs(change) > 0:
                row = events[rows]
                row[0], row[1], row[2], row[3], row[4] = bar, side, abs(change), done, price
                row[5] = _FILLED if done > 0 else _SUSPENDED
                row[10], row[11] = realised, trip
                rows += 1
            if done > 0 or change == 0:
                reached = target
        worth = cash + units * marks[bar]
        equity[bar] = worth
        held[bar] = units * marks[bar] / worth if worth > 0 else 0.0
        if lines.shape[0] > 0:
            lines[bar, 0], lines[bar, 1], lines[bar, 2] = cash, units * marks[bar], units
    return rows


@compiled
def free_books(
    wants: FloatArray,
    prices: FloatArray,
    marks: FloatArray,
    stopped: IntArray,
    capital: float,
    equity: FloatArray,
    held: FloatArray,
    lines: FloatArray,
    events: FloatArray,
    totals: FloatArray,
) -> int:
    """Many books, one after the other; `lines` and `events` are kept for a single book alone."""
    rows = 0
    for book in range(wants.shape[0]):
        rows = free_book(
            wants[book], prices, marks, stopped, capital, equity[book], held[book], lines, events, totals[book]
        )
    return rows
