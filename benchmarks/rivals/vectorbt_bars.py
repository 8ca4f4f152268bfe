"""vectorbt on the made future: in at a bar's open, out at its close. Served to ``benchmarks/future_engines.py``.

Each bar is two rows, its open and its close, since an order fills in its own row. The sides are given; sizes are
counted on its own cash, in tonnes, which stand for lots of ten. Slippage and fees, rounded to the cent, are the order
function's own: vectorbt takes them as fractions.
"""

import numpy as np
import pandas as pd
import vectorbt as vbt
from made_future import BARS, CAPITAL, EXPOSURE, FEES, TONS, made_bars, sides
from numba import njit
from vectorbt.portfolio import nb as portfolio
from vectorbt.portfolio.enums import NoOrder

from parts.turns import serve

EACH, OPEN_FEE, CLOSE_FEE = np.int64(TONS), np.int64(FEES[0]), np.int64(FEES[1])
PART = np.int64(EXPOSURE)


@njit
def fill(c, prices, taken):
    """The order of one row, if any."""
    bar, closes = c.i // 2, c.i % 2
    held = c.position_now
    if closes == 0:
        if taken[bar] == 0:
            return NoOrder
        price = np.int64(prices[c.i])
        lots = np.int64(np.rint(c.cash_now * 100)) * PART // 1_000_000 // (price * EACH * 100)
        if lots == 0:
            return NoOrder
        size, rate = taken[bar] * lots * EACH, OPEN_FEE
    else:
        if held == 0:
            return NoOrder
        size, rate = -np.int64(np.rint(held)), CLOSE_FEE
    paid = np.int64(prices[c.i]) + (1 if size > 0 else -1)
    fee = (2 * abs(size) * paid * rate + 1_000_000) // 2_000_000 / 100
    return portfolio.order_nb(size=np.float64(size), price=np.float64(paid), fixed_fees=fee)


def main():
    opens, closes, forecast = made_bars(BARS)
    taken = sides(opens, forecast)
    prices = np.stack([opens, closes], axis=1).ravel()
    marks = pd.Series(prices, index=pd.date_range("2000-01-03", periods=len(prices), freq="min"))

    def work():
        book = vbt.Portfolio.from_order_func(
            marks, fill, prices, taken, init_cash=CAPITAL, max_orders=2 * BARS, freq="1min"
        )
        return book.value().to_numpy()

    serve(work, lambda value: value[1::2], {"version": vbt.__version__})


if __name__ == "__main__":
    main()
