"""The bare minimum: one compiled pass of floats for one strategy under one set of rules, and nothing else.

It knows the rules of the benchmark's market and no others, keeps no record but trades and equity, and cannot be
stopped, asked or extended. What our engine costs beyond it is the price of being general.
"""

# ruff: noqa: C901, PLR0912, PLR0124 - one loop, and NaN differs from itself

import numpy as np
from numba import njit

__all__ = ["bare_book"]


@njit(inline="always")
def _cents(amount):
    return np.floor(amount * 100.0 + 0.5 + 1e-7) / 100.0


@njit(cache=True, nogil=True)
def _charged(value, sells, rates, minimum):
    duty = _cents(value * rates[1]) if sells else 0.0
    return max(_cents(value * rates[0]), minimum) + duty + _cents(value * rates[2])


@njit(cache=True, nogil=True)
def _best(scores, count, place, value):
    """The `count` highest, best first; of equals the first column."""
    size = 0
    for n in range(scores.shape[0]):
        score = scores[n]
        if not score > -np.inf:
            continue
        if size < count:  # sift up a heap whose root is the worst kept
            at = size
            size += 1
            while at > 0:
                above = (at - 1) >> 1
                if value[above] > score or (value[above] == score and place[above] < n):
                    value[at], place[at] = value[above], place[above]
                    at = above
                else:
                    break
            value[at], place[at] = score, n
        elif score > value[0]:
            at = 0
            while True:
                below = 2 * at + 1
                if below >= count:
                    break
                if below + 1 < count and (
                    value[below + 1] < value[below]
                    or (value[below + 1] == value[below] and place[below + 1] > place[below])
                ):
                    below += 1
                if value[below] < score or (value[below] == score and place[below] > n):
                    value[at], place[at] = value[below], place[below]
                    at = below
                else:
                    break
            value[at], place[at] = score, n
    for k in range(1, size):
        score, n, at = value[k], place[k], k - 1
        while at >= 0 and (value[at] < score or (value[at] == score and place[at] > n)):
            value[at + 1], place[at + 1] = value[at], place[at]
            at -= 1
        value[at + 1], place[at + 1] = score, n
    return size


@njit(cache=True, nogil=True)
def bare_book(opens, closes, ups, downs, scores, lot, minimum, rates, least, cash, names, days, cap, spend, most):
    """Equity ``[T]``, and trades (day, stock, signed shares) with their fees; prices in yuan, NaN where none trades."""
    bars, stocks = opens.shape
    shares, locked = np.zeros(stocks, np.int64), np.zeros(stocks, np.int64)
    bought = np.full(stocks, -1_000_000, np.int64)
    mark = np.zeros(stocks)
    held, where, owned = np.empty(stocks, np.int64), np.full(stocks, -1, np.int64), 0
    weight = 1.0 / np.log(np.arange(names) + 2.0)
    weight /= weight.sum()
    equity = np.empty(bars)
    trades, paid, count = np.empty((most, 3), np.int64), np.empty(most), 0
    place, value = np.empty(names, np.int64), np.empty(names)
    key, ripe = np.empty(stocks), np.empty(stocks, np.int64)
    sells, sold = np.empty(stocks, np.int64), 0
    buys, wants, wanted = np.empty(names, np.int64), np.empty(names, np.int64), 0
    for day in range(bars):
        for k in range(sold):
            n = sells[k]
            price = opens[day, n]
            if not price > downs[day, n] + 1e-9:  # NaN where it rests
                continue
            quantity = shares[n] - locked[n]
            fee = _charged(quantity * price, True, rates, least)
            cash += quantity * price - fee
            shares[n] -= quantity
            trades[count, 0], trades[count, 1], trades[count, 2], paid[count] = day, n, -quantity, fee
            count += 1
            if shares[n] == 0:
                owned -= 1
                held[where[n]] = held[owned]
                where[held[owned]] = where[n]
                where[n] = -1
        for k in range(wanted):
            n = buys[k]
            price = opens[day, n]
            if not price < ups[day, n] - 1e-9:
                continue
            quantity = wants[k]
            if quantity * price * (1.0 + rates[0] + rates[2]) > cash:
                quantity = min(quantity, np.int64(cash / (price * (1.0 + rates[0] + rates[2]))))
            quantity = quantity - quantity % lot[n] if quantity >= minimum[n] else 0
            fee = 0.0
            while quantity >= minimum[n]:
                fee = _charged(quantity * price, False, rates, least)
                if quantity * price + fee <= cash + 1e-9:
                    break
                quantity -= lot[n]
            if quantity < minimum[n]:
                continue
            cash -= quantity * price + fee
            if shares[n] == 0:
                held[owned], where[n] = n, owned
                owned += 1
            shares[n] += quantity
            locked[n] += quantity
            bought[n] = day
            trades[count, 0], trades[count, 1], trades[count, 2], paid[count] = day, n, quantity, fee
            count += 1
        worth = 0.0
        for k in range(owned):
            n = held[k]
            if closes[day, n] == closes[day, n]:
                mark[n] = closes[day, n]
            worth += shares[n] * mark[n]
            locked[n] = 0
        equity[day] = cash + worth
        average, starting = equity[day] / days, day < days
        budget = min(cash, (1.0 if starting else spend) * average)
        need, sold = average - (cash - budget), 0
        if not starting and need > 0.0:
            found = 0
            for k in range(owned):
                n = held[k]
                if scores[day, n] > -np.inf and day + 1 - bought[n] >= days:
                    key[found], ripe[found] = scores[day, n], n
                    found += 1
            order = np.argsort(key[:found])
            for k in range(found):
                if need <= 0.0:
                    break
                n = ripe[order[k]]
                sells[sold] = n
                sold += 1
                need -= shares[n] * mark[n]
        found, wanted = _best(scores[day], names, place, value), 0
        for k in range(found):
            n = place[k]
            price = closes[day, n]
            cash_here = min(budget * weight[k], equity[day] * cap - shares[n] * mark[n])
            if cash_here > 0.0 and price == price:
                quantity = np.int64(cash_here / price)
                quantity = quantity - quantity % lot[n] if quantity >= minimum[n] else 0
                if quantity > 0:
                    buys[wanted], wants[wanted] = n, quantity
                    wanted += 1
    return equity, trades[:count], paid[:count]
