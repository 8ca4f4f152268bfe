"""What a book did: round trips, turnover, time in the market, spells.

A round trip goes from flat to flat. Two views of it: from the path of exposure and equity at closes (`trips_of_path`,
enough for one instrument that is in or out), and from fills (`trips_of_fills`, exact, any number of assets). Profit is
always **net** of fees. A trip still open at the end is kept and marked; it is no win and no loss.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import DataError
from tidegate.types.axes import BoolArray, FloatArray, IntArray, frozen

__all__ = [
    "FLAT",
    "Trips",
    "bars_in_market",
    "longest_run",
    "spells",
    "trips_of_fills",
    "trips_of_path",
    "turnover",
    "win_rate",
]

FLAT = 1e-9
"""Exposure up to here counts as none: rounding, not a position."""


@dataclass(frozen=True)
class Trips:
    """Round trips ``[k]``, in order of their exit.

    `entry` and `exit` are bars, `side` is 1 for long and -1 for short.

    Units: `profit` and `outlay` in money; ``profit / outlay`` is the trip's return. `outlay` is the largest value put
    in (from fills), or the equity before the entry (from a path). Where not `closed`, `exit` is the last bar.
    """

    entry: IntArray
    exit: IntArray
    side: IntArray
    profit: FloatArray
    outlay: FloatArray
    closed: BoolArray

    def __len__(self) -> int:
        return int(self.entry.shape[0])


def trips_of_path(exposure: ArrayLike, equity: ArrayLike, capital: float) -> Trips:
    """Round trips of one instrument from its exposure and the book's equity at closes.

    A trip is a run of bars whose exposure has one sign; its profit is ``V[exit] - V[entry - 1]``, where `exit` is the
    first flat bar after the run (the sale at that bar's open is in its equity) and ``V[-1]`` is `capital`. Where the
    sign turns without a flat bar between, the turning bar belongs to the new trip. A trip that opens and closes
    inside one bar leaves no trace at closes: use `trips_of_fills`.

    Shapes: both ``[T]``. Known at: CLOSE(T). Raises `DataError` on a missing value or unlike shapes.

    >>> trips = trips_of_path([0, 1, 1, 0, 1], [100, 101, 103, 102, 105], 100.0)
    >>> trips.profit.tolist(), trips.closed.tolist()
    ([2.0, 3.0], [True, False])
    """
    held, values = np.asarray(exposure, dtype=np.float64), np.asarray(equity, dtype=np.float64)
    if held.shape != values.shape or held.ndim != 1:
        raise DataError("exposure and equity differ in shape", expected=held.shape, found=values.shape)
    if bool(np.isnan(held).any() or np.isnan(values).any()):
        raise DataError("a path with missing values has no round trips", hint="fill or cut it, and say so")
    sign = np.where(np.abs(held) > FLAT, np.sign(held), 0.0).astype(np.int64)
    path = np.concatenate([[capital], values])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], sign, [0]])))
    starts, stops = edges[:-1], edges[1:]
    kept = sign[starts] != 0 if starts.size else np.zeros(0, dtype=np.bool_)
    starts, stops = starts[kept], stops[kept]
    closed = stops < sign.size
    flat_after = closed & (sign[np.minimum(stops, sign.size - 1)] == 0)
    until = np.where(flat_after, stops, stops - 1)
    return _trips(starts, until, sign[starts], path[until + 1] - path[starts], path[starts], closed)


def trips_of_fills(bar: ArrayLike, asset: ArrayLike, quantity: ArrayLike, value: ArrayLike, fees: ArrayLike) -> Trips:
    """Round trips from fills in order of time, flat to flat for each asset.

    `quantity` is signed (a sale is negative), `value` is ``|quantity| · price · multiplier`` in money, `fees` in
    money. Profit is ``- Σ sign · value - Σ fees``. A fill that turns a long into a short is split between both trips
    by quantity. An open trip's profit is what has been paid and received so far less the cost still in it, that is
    the realised part by average cost.

    Shapes: all ``[k]``. Known at: the last fill. Raises `DataError` on a missing value or unlike shapes.

    >>> trips = trips_of_fills([0, 3], ["a", "a"], [100, -100], [1000.0, 1100.0], [5.0, 6.0])
    >>> trips.profit.tolist(), trips.outlay.tolist()
    ([89.0], [1000.0])
    """
    bars, names = np.asarray(bar, dtype=np.int64), np.asarray(asset)
    amounts, money, paid = (np.asarray(x, dtype=np.float64) for x in (quantity, value, fees))
    if len({bars.shape, names.shape, amounts.shape, money.shape, paid.shape}) != 1:
        raise DataError(
            "the columns of fills differ in length", expected=bars.shape, found=[amounts.shape, money.shape, paid.shape]
        )
    if not bool(np.isfinite(amounts).all() and np.isfinite(money).all() and np.isfinite(paid).all()):
        raise DataError("a fill has a missing value")
    books: dict[str, _Open] = {}
    done: list[tuple[int, int, int, float, float, bool]] = []
    for i in range(bars.size):
        if amounts[i] == 0:
            continue
        book = books.setdefault(str(names[i]), _Open())
        done.extend(book.take(int(bars[i]), float(amounts[i]), abs(float(money[i])), float(paid[i])))
    last = int(bars.max()) if bars.size else 0
    done.extend(book.unfinished(last) for book in books.values() if book.amount)
    done.sort(key=lambda trip: (trip[1], trip[0]))
    columns = list(zip(*done, strict=True)) if done else [()] * 6
    entry, end, side, profit, outlay, closed = (np.asarray(column) for column in columns)
    return _trips(entry, end, side, profit, outlay, closed)


class _Open:
    """The open position of one asset, at average cost."""

    def __init__(self) -> None:
        self.amount = self.cost = self.profit = self.outlay = 0.0
        self.entry = 0

    def take(
        self, bar: int, amount: float, value: float, fees: float
    ) -> list[tuple[int, int, int, float, float, bool]]:
        """Book one fill; returns the trip that it closed, if any."""
        done: list[tuple[int, int, int, float, float, bool]] = []
        if self.amount * amount < 0:
            share = min(1.0, abs(self.amount / amount))
            part = min(1.0, abs(amount / self.amount))
            side = 1 if self.amount > 0 else -1
            self.profit += side * (value * share - self.cost * part) - fees * share
            self.cost *= 1.0 - part
            rest = self.amount + amount * share
            self.amount = 0.0 if abs(rest) <= FLAT * abs(amount) else rest
            if self.amount:
                return done
            done.append((self.entry, bar, side, self.profit, self.outlay, True))
            self.amount = self.cost = self.profit = self.outlay = 0.0
            amount, value, fees = amount * (1 - share), value * (1 - share), fees * (1 - share)
            if abs(amount) <= FLAT:
                return done
        if not self.amount:
            self.entry = bar
        self.amount += amount
        self.cost += value
        self.outlay = max(self.outlay, self.cost)
        self.profit -= fees
        return done

    def unfinished(self, last: int) -> tuple[int, int, int, float, float, bool]:
        return (self.entry, last, 1 if self.amount > 0 else -1, self.profit, self.outlay, False)


def win_rate(trips: Trips) -> float:
    """Share of closed round trips with a net profit above zero; not the share of positive bars.

    NaN without a closed trip.

    >>> win_rate(trips_of_path([1, 0, 1, 0], [101, 102, 101, 100], 100.0))
    0.5
    """
    won = trips.profit[trips.closed] > 0
    return float(won.mean()) if won.size else float("nan")


def turnover(bought: ArrayLike, sold: ArrayLike, equity: ArrayLike, *, periods_per_year: float) -> FloatArray:
    """One-sided turnover a year, ``min(Σ buys, Σ sells) / mean(V) · P / n``.

    Shapes: values bought, sold and equity per bar, all ``[..., T]`` → ``[...]``; 1 means that the book was changed
    once a year. Known at: CLOSE(T). Missing values: NaN where any is. What was bought and never sold is not turned
    over.

    >>> float(turnover([100.0, 0.0], [0.0, 100.0], [100.0, 100.0], periods_per_year=2))
    1.0
    """
    bought, sold, values = (np.asarray(x, dtype=np.float64) for x in (bought, sold, equity))
    traded = np.minimum(bought.sum(axis=-1), sold.sum(axis=-1))
    return np.asarray(traded / values.mean(axis=-1) * periods_per_year / values.shape[-1])[()]


def bars_in_market(exposure: ArrayLike) -> IntArray:
    """Bars with any exposure at their close. Shapes: ``[..., T]`` → ``[...]``. A missing exposure counts as none.

    >>> int(bars_in_market([0.0, 0.5, -1.0, 0.0]))
    2
    """
    return np.asarray((np.abs(np.asarray(exposure, dtype=np.float64)) > FLAT).sum(axis=-1))[()]


def spells(inside: ArrayLike) -> IntArray:
    """Unbroken runs of true: first bar and the bar after the last, one row each. Shapes: ``[T]`` → ``[k, 2]``.

    >>> spells([True, True, False, True]).tolist()
    [[0, 2], [3, 4]]
    """
    flags = np.asarray(inside, dtype=np.bool_).astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags, [0]]).astype(np.int8)))
    return edges.reshape(-1, 2).astype(np.int64)


def longest_run(inside: ArrayLike) -> IntArray:
    """Bars of the longest unbroken run of true; of ``exposure == 0`` it is the longest spell out of the market.

    Shapes: ``[..., T]`` → ``[...]``.

    >>> longest_run([[True, True, False], [False, False, False]]).tolist()
    [2, 0]
    """
    flags = np.asarray(inside, dtype=np.bool_)
    count = np.cumsum(flags, axis=-1)
    before = np.maximum.accumulate(np.where(flags, 0, count), axis=-1)
    return np.asarray((count - before).max(axis=-1, initial=0))[()]


def _trips(
    entry: ArrayLike, end: ArrayLike, side: ArrayLike, profit: ArrayLike, outlay: ArrayLike, closed: ArrayLike
) -> Trips:
    whole = [frozen(np.asarray(x, dtype=np.int64)) for x in (entry, end, side)]
    money = [frozen(np.asarray(x, dtype=np.float64)) for x in (profit, outlay)]
    return Trips(whole[0], whole[1], whole[2], money[0], money[1], frozen(np.asarray(closed, dtype=np.bool_)))
