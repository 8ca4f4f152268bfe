"""Run RQAlpha on the made markets of ``tests/oracle`` and keep what it answered, in ``tests/oracle/frozen``.

    python benchmarks/rivals/rqalpha_oracle.py            all variants, about a minute
    python benchmarks/rivals/rqalpha_oracle.py whole 3    three cases of one

It needs an environment of its own (``rqalpha-requirements.txt``) and nothing of Tidegate but the two files that make
markets and orders.

RQAlpha runs by its own rules: its account, validators, matcher, T+1, lots, dividends, splits, delisting and (but for
the variant "cents") its own costs. It is given the days, the prices and the limits, and is asked for every order.
"""

# ruff: noqa: ARG001, ARG002, C901, E402 - its interface asks for what a made market has no use for
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOM = Path(__file__).resolve().parents[2] / "tests" / "oracle"
sys.path.insert(0, str(ROOM))

from made_markets import BARS, CUT, NAMES, SHARES, Dice, made_market
from rqalpha import run_func
from rqalpha.api import get_position, order_shares
from rqalpha.const import INSTRUMENT_TYPE, SIDE, TRADING_CALENDAR_TYPE
from rqalpha.interface import (
    AbstractDataSource,
    AbstractMod,
    AbstractTransactionCostDecider,
    ExchangeRate,
    TransactionCost,
)
from rqalpha.model.instrument import Instrument
from rqalpha_orders import AVERAGE, CLOSE, MICRO, OPEN, VARIANTS, Book, days_with_orders, fees, purchase, sales

__all__ = ["load_mod"]

FROZEN = ROOM / "frozen"
BAR = np.dtype([("datetime", "u8"), *((name, "f8") for name in (
    "open", "high", "low", "close", "volume", "total_turnover", "limit_up", "limit_down", "prev_close"))])  # fmt: skip
BOARDS = {"star": "KSH", "chinext": "GEM", "beijing": "BJS"}
__config__ = {"priority": 5000}


def number(day):
    return day.year * 10000 + day.month * 100 + day.day


class Given(AbstractDataSource):
    """A made market as RQAlpha asks for it."""

    def __init__(self, made):
        self.made, self.index = made, pd.DatetimeIndex([pd.Timestamp(day) for day in made.days])
        self.place = {name: n for n, name in enumerate(NAMES)}
        self.row = {number(day): at for at, day in enumerate(made.days)}
        self.bars = np.zeros((len(NAMES), BARS), BAR)
        for at, row in enumerate(made.bars):
            for n, bar in enumerate(row):
                cells = self.bars[n, at]
                cells["datetime"] = number(made.days[at]) * 1_000_000
                if bar is None:
                    for name in BAR.names[1:]:
                        cells[name] = np.nan
                    continue
                for name in ("open", "high", "low", "close"):
                    cells[name] = getattr(bar, name) / 100
                cells["volume"], cells["prev_close"] = bar.volume, bar.reference / 100
                cells["total_turnover"] = bar.volume * bar.vwap / 100
                cells["limit_up"] = bar.up / 100 if bar.up else np.nan
                cells["limit_down"] = bar.down / 100 if bar.up else np.nan
        self.instruments = {name: self.instrument(n) for n, name in enumerate(NAMES)}

    def instrument(self, n):
        name, board, _, least, _ = SHARES[n]
        first, end = self.made.listed[n], self.made.ended[n]
        return Instrument({
            "order_book_id": name, "symbol": name, "type": "CS", "round_lot": least,
            "board_type": BOARDS.get(board, "MainBoard"), "exchange": name[-4:],
            "listed_date": str(self.made.days[first]) if first else "2000-01-01",
            "de_listed_date": str(self.made.days[end]) if end < BARS else "0000-00-00",
            "market_tplus": 1, "special_type": "Normal", "status": "Active", "trading_hours": "09:31-11:30,13:01-15:00",
        })  # fmt: skip

    def get_instruments(self, id_or_syms=None, types=None):
        if id_or_syms is not None:
            return [self.instruments[name] for name in id_or_syms if name in self.instruments]
        return list(self.instruments.values()) if types is None or INSTRUMENT_TYPE.CS in types else []

    def get_trading_calendars(self):
        return dict.fromkeys(TRADING_CALENDAR_TYPE, self.index)

    def get_dividend(self, ins):
        rows = sorted(held for held in self.made.payments if NAMES[held.asset] == ins.order_book_id)
        if not rows:
            return None
        kinds = [("book_closure_date", "<i8"), ("announcement_date", "<i8"), ("dividend_cash_before_tax", "<f8"),
                 ("ex_dividend_date", "<i8"), ("payable_date", "<i8"), ("round_lot", "<f8")]  # fmt: skip
        day = self.made.days
        return np.array([
            (number(day[r.bar - 1]), number(day[r.bar - 2]), r.cents / 10, number(day[r.bar]), number(day[r.pay]), 10.0)
            for r in rows
        ], dtype=kinds)  # fmt: skip

    def get_split(self, ins):
        rows = sorted(held for held in self.made.splits if NAMES[held.asset] == ins.order_book_id)
        kinds = [("ex_date", "<i8"), ("split_coefficient_to", "<f8"), ("split_coefficient_from", "<f8")]
        dates = [(number(self.made.days[r.bar]) * 1_000_000, r.numerator, r.denominator) for r in rows]
        return np.array(dates, dtype=kinds) if rows else None

    def at(self, when):
        return self.row.get(number(when))

    def get_bar(self, ins, dt, frequency):
        return None if self.at(dt) is None else self.bars[self.place[ins.order_book_id], self.at(dt)]

    def get_open_auction_bar(self, ins, dt):
        bar = self.get_bar(ins, dt, "1d")
        names = ("datetime", "open", "limit_up", "limit_down", "volume", "total_turnover")
        return {**{name: bar[name] for name in names}, "last": bar["open"]}

    def get_open_auction_volume(self, ins, dt):
        return self.get_bar(ins, dt, "1d")["volume"]

    def history_bars(self, ins, bar_count, frequency, fields, dt, skip_suspended=True, include_now=False,
                     adjust_type="pre", adjust_orig=None):  # fmt: skip
        end = self.at(dt) + 1
        held = self.bars[self.place[ins.order_book_id], max(0, end - (bar_count or end)) : end]
        return held[fields] if fields else held

    def is_suspended(self, order_book_id, dates):
        rows = [self.made.bars[self.at(pd.Timestamp(day))][self.place[order_book_id]] for day in dates]
        return [bar is None or bar.volume == 0 for bar in rows]

    def is_st_stock(self, order_book_id, dates):
        return [False] * len(dates)

    def available_data_range(self, frequency):
        return self.made.days[0], self.made.days[-1]

    def get_exchange_rate(self, *_, **__):
        return ExchangeRate(*([1.0] * len(ExchangeRate._fields)))

    def get_share_transformation(self, order_book_id):
        return None

    def get_yield_curve(self, start, end, tenor=None):
        return None

    def get_settle_price(self, ins, day):
        return np.nan

    def get_trading_minutes_for(self, ins, day):
        raise NotImplementedError


class OurFees(AbstractTransactionCostDecider):
    """Our fees in whole cents, for the one variant that has them."""

    def __init__(self, variant, made):
        self.variant, self.made, self.day = variant, made, 0

    def calc(self, args):
        price, sells = round(args.price * 100), args.side == SIDE.SELL
        total = fees(self.variant, self.day, price, int(args.quantity), sells=sells)
        return TransactionCost(commission=total / MICRO, tax=0.0, other_fees=0.0)


class Held:
    """What the module that RQAlpha loads by name is to give it."""

    source = costs = None


class Mod(AbstractMod):
    def start_up(self, env, mod_config):
        env.set_data_source(Held.source)
        if Held.costs is not None:
            env.set_transaction_cost_decider(INSTRUMENT_TYPE.CS, Held.costs)

    def tear_down(self, code, exception=None):
        pass


def load_mod():
    return Mod()


def config(made, variant):
    base = {
        "start_date": str(made.days[0]), "end_date": str(made.days[-1]), "frequency": "1d",
        "accounts": {"stock": variant.yuan}, "data_bundle_path": "none", "rqdatac_uri": "disabled",
        "auto_update_bundle": False, "partial_fill_on_insufficient_cash": variant.partial,
    }  # fmt: skip
    simulation = {
        "enabled": True, "volume_limit": variant.participation, "volume_percent": 0.25,
        "matching_type": "vwap" if AVERAGE in variant.moments else "current_bar",
        "slippage_model": "TickSizeSlippage", "slippage": int(variant.slippage),
    }  # fmt: skip
    mods = {
        "made": {"enabled": True, "lib": "rqalpha_oracle", "priority": 5000},
        "sys_progress": {"enabled": False}, "sys_analyser": {"enabled": False}, "sys_simulation": simulation,
        "sys_accounts": {"enabled": True, "cash_return_by_stock_delisted": variant.recovered},
        "sys_transaction_cost": {"enabled": True, "pit_tax": True},
    }  # fmt: skip
    return {"base": base, "extra": {"log_level": "error"}, "mod": mods}


def micro(yuan):
    return round(yuan * MICRO)


def case(variant, seed):
    """One seed: orders (bar, share, quantity, moment, filled) and cash and equity after each close."""
    made = made_market(seed)
    dice, trading = Dice(seed + 10**6), days_with_orders(made)
    orders, cash, equity, clock = [], [], [], {"day": -1}
    costs = OurFees(variant, made) if variant.own_fees else None

    def book(context):
        held = [get_position(name) for name in NAMES]
        return Book(micro(context.stock_account.cash), [int(p.quantity) for p in held], [int(p.closable) for p in held])

    def give(day, n, quantity, moment):
        done = order_shares(NAMES[n], quantity)
        filled = 0 if done is None else int(done.filled_quantity)
        orders.append([day, n, quantity, moment, filled if quantity > 0 else -filled])

    def trade(context, moment):
        day = clock["day"]
        if day not in trading:
            return
        for n, quantity in sales(dice, variant, book(context)):
            give(day, n, quantity, moment)
        for _ in range(dice.below(3)):
            given = purchase(dice, variant, day, made.bars[day], moment, micro(context.stock_account.cash))
            give(day, *given, moment)

    def init(context):
        pass

    def open_auction(context, bars):
        clock["day"] += 1
        if costs is not None:
            costs.day = clock["day"]
        if OPEN in variant.moments:
            trade(context, OPEN)

    def handle_bar(context, bars):
        for moment in (AVERAGE, CLOSE):
            if moment in variant.moments:
                trade(context, moment)

    def after_trading(context):
        cash.append(micro(context.stock_account.cash))
        equity.append(micro(context.portfolio.total_value))

    this = sys.modules["rqalpha_oracle"]
    this.Held.source, this.Held.costs = Given(made), costs
    run_func(init=init, open_auction=open_auction, handle_bar=handle_bar, after_trading=after_trading,
             config=config(made, variant))  # fmt: skip
    assert len(cash) == BARS > CUT
    return {"seed": seed, "orders": orders, "cash": cash, "equity": equity}


def main():
    import importlib.metadata

    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    FROZEN.mkdir(exist_ok=True)
    for variant in VARIANTS:
        if wanted in (None, variant.name):
            count = int(sys.argv[2]) if len(sys.argv) > 2 else variant.count
            cases = [case(variant, variant.first + at) for at in range(count)]
            kept = {"oracle": f"RQAlpha {importlib.metadata.version('rqalpha')}", "variant": variant.name}
            lines = ",\n".join(json.dumps(held, separators=(",", ":")) for held in cases)
            head = json.dumps(kept)[:-1]
            (FROZEN / f"{variant.name}.json").write_text(f'{head}, "cases": [\n{lines}\n]}}\n', encoding="utf-8")
            print(variant.name, len(cases), "cases", sum(len(held["orders"]) for held in cases), "orders")


if __name__ == "__main__":
    sys.modules.setdefault("rqalpha_oracle", sys.modules["__main__"])
    main()
