"""RQAlpha on the made market: rank-and-hold decided from the day before inside the opening auction, filled at the open.

RQAlpha checks limits, lots, T+1, suspension and cash and keeps the account; fees are rounded to the cent, which its own
cost decider leaves out. Served to ``benchmarks/exchange.py``.
"""

# ruff: noqa: ARG002, ARG005, D102 - RQAlpha calls with more than is needed
import math
import sys

import numpy as np
import pandas as pd
import rqalpha
import rqalpha_oracle as oracle
from rqalpha import run_func
from rqalpha.api import order_shares
from rqalpha.const import SIDE
from rqalpha.interface import AbstractTransactionCostDecider, TransactionCost
from rqalpha.model.instrument import Instrument

from parts.stock_market import BOOK, COMMISSION, MINIMUM, STAMP, TRANSFER
from parts.turns import serve

NAMES, DAYS, CAP, SPEND = BOOK["names"], BOOK["days"], BOOK["cap"], BOOK["spend"]


class Market(oracle.Given):
    """The arrays as RQAlpha asks for them."""

    def __init__(self, held):
        days, stocks = held["open"].shape
        self.index = pd.bdate_range("2021-01-04", periods=days)
        self.row = {oracle.number(day): at for at, day in enumerate(self.index)}
        star = held["minimum"] == 200
        self.names = [f"{688_000 + n % 1000:06d}-{n}.XSHG" if star[n] else f"{n:06d}.XSHE" for n in range(stocks)]
        self.place = {name: n for n, name in enumerate(self.names)}
        self.bars, self.resting = np.zeros((stocks, days), oracle.BAR), held["open"] == 0
        self.bars["datetime"] = np.array(list(self.row), dtype="u8") * 1_000_000
        close = pd.DataFrame(np.where(self.resting, np.nan, held["close"] / 100)).ffill().to_numpy()
        self.bars["close"] = close.T
        sources = {"open": "open", "high": "high", "low": "low", "limit_up": "up", "limit_down": "down"}
        for name, source in sources.items():
            self.bars[name] = np.where(self.resting, np.nan, held[source] / 100).T
        self.bars["volume"] = held["volume"].T
        self.bars["total_turnover"] = self.bars["volume"] * np.nan_to_num(self.bars["close"])
        self.bars["prev_close"][:, 1:] = self.bars["close"][:, :-1]
        self.instruments = {
            name: Instrument({
                "order_book_id": name, "symbol": name, "type": "CS", "round_lot": 200 if star[n] else 100,
                "board_type": "KSH" if star[n] else "MainBoard", "exchange": name[-4:], "listed_date": "2000-01-01",
                "de_listed_date": "0000-00-00", "market_tplus": 1, "special_type": "Normal", "status": "Active",
                "trading_hours": "09:31-11:30,13:01-15:00",
            })
            for n, name in enumerate(self.names)
        }  # fmt: skip

    def get_dividend(self, ins):
        return None

    def get_split(self, ins):
        return None

    def is_suspended(self, order_book_id, dates):
        n = self.place[order_book_id]
        return [bool(self.resting[self.at(pd.Timestamp(day)), n]) for day in dates]

    def available_data_range(self, frequency):
        return self.index[0].date(), self.index[-1].date()


class Fees(AbstractTransactionCostDecider):
    """The benchmark's fees, each rounded half-up to the cent."""

    def calc(self, args):
        value = args.price * args.quantity
        fees = [math.floor(value * rate * 100 + 0.5 + 1e-7) / 100 for rate in (COMMISSION, STAMP, TRANSFER)]
        return TransactionCost(
            commission=max(fees[0], MINIMUM), tax=fees[1] if args.side == SIDE.SELL else 0.0, other_fees=fees[2]
        )


def config(index):
    mods = {
        "market": {"enabled": True, "lib": "rqalpha_oracle", "priority": 5000},
        "sys_progress": {"enabled": False}, "sys_analyser": {"enabled": False},
        "sys_simulation": {"enabled": True, "volume_limit": False},
        "sys_transaction_cost": {"enabled": True, "pit_tax": True},
    }  # fmt: skip
    base = {
        "start_date": str(index[0].date()), "end_date": str(index[-1].date()), "frequency": "1d",
        "accounts": {"stock": BOOK["capital"]}, "data_bundle_path": "none", "rqdatac_uri": "disabled",
        "auto_update_bundle": False,
    }  # fmt: skip
    return {"base": base, "extra": {"log_level": "error"}, "mod": mods}


class Strategy:
    """Rank-and-hold as RQAlpha's users write one."""

    def __init__(self, market, scores, held):
        self.market, self.scores, self.held = market, scores, held
        self.close = market.bars["close"].T
        self.traded = np.where(market.resting, np.nan, self.close)
        self.weight = 1.0 / np.log(np.arange(NAMES) + 2.0)
        self.weight /= self.weight.sum()
        self.day, self.bought, self.equity = -1, {}, []

    def open_auction(self, context, bars):
        self.day += 1
        before = self.day - 1
        if before < 0:
            return
        place, scores = self.market.place, self.scores[before]
        owned = {place[name]: held.quantity for name, held in context.portfolio.positions.items() if held.quantity}
        cash = context.portfolio.cash
        equity = cash + sum(quantity * self.close[before, n] for n, quantity in owned.items())
        average, starting = equity / DAYS, before < DAYS
        budget = min(cash, (1.0 if starting else SPEND) * average)
        need = average - (cash - budget)
        ripe = [n for n in owned if scores[n] > -np.inf and self.day - self.bought[n] >= DAYS] if not starting else []
        for n in sorted(ripe, key=lambda n: (scores[n], n)):
            if need <= 0:
                break
            need -= owned[n] * self.close[before, n]
            order_shares(self.market.names[n], -owned[n])
        for rank, n in enumerate(np.argsort(-scores, kind="stable")[:NAMES].tolist()):
            price = self.traded[before, n]
            cash_here = min(budget * self.weight[rank], equity * CAP - owned.get(n, 0) * self.close[before, n])
            if cash_here <= 0 or not price > 0:
                continue
            quantity = int(cash_here / price)
            if quantity >= self.held["minimum"][n]:
                quantity -= quantity % int(self.held["lot"][n])
                done = order_shares(self.market.names[n], quantity)
                if done is not None and done.filled_quantity:
                    self.bought[n] = self.day

    def after_trading(self, context):
        self.equity.append(context.portfolio.total_value)


def main():
    held = dict(np.load(sys.argv[1]))
    market, fees = Market(held), Fees()

    def work():
        strategy = Strategy(market, held["score"], held)
        oracle.Held.source, oracle.Held.costs = market, fees
        run_func(
            init=lambda context: None, open_auction=strategy.open_auction, handle_bar=lambda context, bars: None,
            after_trading=strategy.after_trading, config=config(market.index),
        )  # fmt: skip
        return strategy.equity

    serve(work, lambda equity: equity, {"version": rqalpha.__version__})


if __name__ == "__main__":
    main()
