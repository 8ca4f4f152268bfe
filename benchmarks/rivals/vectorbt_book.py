"""vectorbt on the made market: rank-and-hold with A-share rules, written as its own flexible order functions ask for.

Limits, lots, T+1 by holding days, fees and cash are ours to check in its callbacks; vectorbt's simulator fills orders,
keeps cash, positions and order records, and values the book. Served to ``benchmarks/exchange.py``.
"""

# ruff: noqa: C901, PLR0124 - one loop, and NaN differs from itself
import sys

import numpy as np
import pandas as pd
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio import nb as portfolio
from vectorbt.portfolio.enums import NoOrder

from parts.bare_loop import _best, _charged
from parts.stock_market import BOOK, COMMISSION, MINIMUM, STAMP, TRANSFER
from parts.turns import serve

NAMES, DAYS, CAP, SPEND = BOOK["names"], BOOK["days"], BOOK["cap"], BOOK["spend"]


@njit
def begin(c):
    """What is carried from day to day: last purchases, the day's sales and purchases, scratch, counters."""
    stocks = c.target_shape[1]
    return (
        np.full(stocks, -1_000_000, np.int64), np.empty(stocks, np.int64), np.empty(NAMES, np.int64),
        np.empty(NAMES, np.int64), np.empty(stocks), np.empty(stocks, np.int64), np.empty(NAMES, np.int64),
        np.empty(NAMES), np.zeros(3, np.int64),
    )  # fmt: skip


@njit
def decide(c, bought, sells, buys, wants, key, ripe, place, value, count, closes, marks, scores, lot, minimum, weight):
    """The orders of a day, from what was known at the close before."""
    day = c.i
    count[:] = 0
    if day > 0:
        before, cash, worth, found = day - 1, c.last_cash[0], 0.0, 0
        for n in range(c.target_shape[1]):
            quantity = c.last_position[n]
            if quantity > 0:
                worth += quantity * marks[before, n]
                if scores[before, n] > -np.inf and day - bought[n] >= DAYS:
                    key[found], ripe[found] = scores[before, n], n
                    found += 1
        equity = cash + worth
        average, starting = equity / DAYS, before < DAYS
        budget = min(cash, (1.0 if starting else SPEND) * average)
        need = average - (cash - budget)
        if not starting and need > 0:
            order = np.argsort(key[:found])
            for k in range(found):
                if need <= 0:
                    break
                n = ripe[order[k]]
                sells[count[0]] = n
                count[0] += 1
                need -= c.last_position[n] * marks[before, n]
        for k in range(_best(scores[before], NAMES, place, value)):
            n = place[k]
            price = closes[before, n]
            cash_here = min(budget * weight[k], equity * CAP - c.last_position[n] * marks[before, n])
            if cash_here > 0.0 and price == price:
                quantity = np.int64(cash_here / price)
                quantity = quantity - quantity % lot[n] if quantity >= minimum[n] else 0
                if quantity > 0:
                    buys[count[1]], wants[count[1]] = n, quantity
                    count[1] += 1
    return (bought, sells, buys, wants, count)


@njit
def fill(c, bought, sells, buys, wants, count, opens, ups, downs, lot, minimum, rates):
    """The next order of the day that the market lets through."""
    day = c.i
    while count[2] < count[0]:
        n = sells[count[2]]
        count[2] += 1
        price = opens[day, n]
        if not price > downs[day, n] + 1e-9:
            continue
        quantity = c.last_position[n]
        fee = _charged(quantity * price, True, rates, MINIMUM)
        return n, portfolio.order_nb(size=-quantity, price=price, fixed_fees=fee)
    while count[2] - count[0] < count[1]:
        k = count[2] - count[0]
        count[2] += 1
        n, quantity = buys[k], wants[k]
        price, cash = opens[day, n], c.last_cash[0]
        if not price < ups[day, n] - 1e-9:
            continue
        if quantity * price * (1.0 + rates[0] + rates[2]) > cash:
            quantity = min(quantity, np.int64(cash / (price * (1.0 + rates[0] + rates[2]))))
        quantity = quantity - quantity % lot[n] if quantity >= minimum[n] else 0
        fee = 0.0
        while quantity >= minimum[n]:
            fee = _charged(quantity * price, False, rates, MINIMUM)
            if quantity * price + fee <= cash + 1e-9:
                break
            quantity -= lot[n]
        if quantity < minimum[n]:
            continue
        bought[n] = day
        return n, portfolio.order_nb(size=np.float64(quantity), price=price, fixed_fees=fee)
    return -1, NoOrder


def main():
    held = np.load(sys.argv[1])
    prices = {name: np.where(held[name] > 0, held[name] / 100, np.nan) for name in ("open", "close", "up", "down")}
    scores, lot, minimum = held["score"], held["lot"].astype(np.int64), held["minimum"].astype(np.int64)
    marks = pd.DataFrame(prices["close"]).ffill().bfill()
    marks.index = pd.bdate_range("2021-01-04", periods=len(marks))
    rates = np.array([COMMISSION, STAMP, TRANSFER])
    weight = 1.0 / np.log(np.arange(NAMES) + 2.0)
    weight /= weight.sum()
    seen = (prices["close"], marks.to_numpy(), scores, lot, minimum, weight)
    market = (prices["open"], prices["up"], prices["down"], lot, minimum, rates)

    def simulated():
        return vbt.Portfolio.from_order_func(
            marks, fill, *market, flexible=True, pre_sim_func_nb=begin, pre_segment_func_nb=decide,
            pre_segment_args=seen, init_cash=BOOK["capital"], cash_sharing=True, group_by=True, max_orders=100_000,
            freq="1D",
        )  # fmt: skip

    about = {"version": vbt.__version__}
    if sys.argv[2:] == ["valued"]:  # vectorbt computes the book's value at each close apart from its simulation
        serve(lambda: simulated().value(), lambda value: value, about)
    else:
        serve(simulated, lambda book: book.value(), about)


if __name__ == "__main__":
    main()
