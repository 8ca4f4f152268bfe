"""What a selection ordered of one asset around one close, what became of it, and the dated rules that it rested on.

An order that was not filled is told as fully as a fill: the decision, its score and rank, the price that was there, the
limit or the suspension or the cash that stood in its way. Everything is read from the run folder's records; the
exchange of the one asset is resolved again from its bars, which is what the run did.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidegate.errors import DataError
from tidegate.market.base import Market
from tidegate.market.exchange import NO_LIMIT, Exchange
from tidegate.market.instruments import Instruments
from tidegate.study.declare import Study
from tidegate.study.stations import Line, chosen, shown
from tidegate.types.bars import Bars

__all__ = ["order_lines"]

_WHY = {
    "limit up": "the price was at the upper limit, where nobody sells",
    "limit down": "the price was at the lower limit, where nobody buys",
    "T+1": "bought in the same session: it may be sold from the next one on",
    "below one lot": "less than the smallest legal quantity",
    "suspended": "the asset had no bar: suspended, or not listed",
    "out of cash": "the cash left, after what was bought before it, did not pay for it with its fees",
    "share of volume": "more than the allowed share of the bar's volume",
    "condition not met": "the price did not meet the order's own condition",
    "nothing to sell": "nothing was held",
    "more than is held": "more than is held, where orders are filled whole or not at all",
    "not a legal quantity": "rounded down to a legal quantity",
}


@dataclass(frozen=True)
class _Place:
    """One asset in one market of one study's records."""

    folder: Path
    study: Study
    bars: Bars
    asset: str
    market: Market

    @property
    def exchange(self) -> Exchange | None:
        """The asset's own exchange; None for one without bars."""
        own = self.bars.frame.filter(pl.col("asset") == self.asset)
        if own.is_empty():
            return None
        return self.market.exchange(Bars.of(own, self.bars.spec), instruments=self.instruments)

    @property
    def instruments(self) -> Instruments | None:
        """What the run knew of its assets besides their bars."""
        kept = self.folder / "decisions" / self.market.name / "instruments.parquet"
        return Instruments.of(pl.read_parquet(kept)) if kept.is_file() else None


def order_lines(
    folder: Path, study: Study, bars: Bars, asset: str, when: np.datetime64, member: str | None
) -> list[Line]:
    """Orders of `asset` decided after the close of `when`, and those filled in that bar, of one member in each market.

    Errors
        `UnknownNameError` for a member without books.
    """
    lines: list[Line] = []
    for market in study.markets:
        root = folder / "ledger" / market.name
        members = [path.name for path in sorted(root.iterdir())]
        who = chosen(member, members, f"{study.name}, {market.name}")
        place = _Place(folder, study, bars, asset, market)
        lines += _of_member(place, root / who, f"{market.name}, {who}", when)
    return lines


def _of_member(place: _Place, ledger: Path, label: str, when: np.datetime64) -> list[Line]:
    at, one = pl.lit(when).cast(pl.Datetime("us")), pl.col("asset") == place.asset
    tables = {name: pl.read_parquet(ledger / f"{name}.parquet") for name in ("orders", "positions", "actions", "next")}
    book = pl.read_parquet(ledger / "book.parquet")
    orders = tables["orders"].filter(one)
    exchange = place.exchange
    lines: list[Line] = []
    for action in tables["actions"].filter(one & (pl.col("time") == at)).iter_rows(named=True):
        became = f"{_number(action['before'])} became {_number(action['after'])}"
        told = f"{action['kind']}: {became}, cash {action['cash']:+,.2f}"
        lines.append(Line("backtest", f"corporate action ({label})", told, f"before OPEN({shown(when)})"))
    for order in orders.filter(pl.col("time") == at).iter_rows(named=True):
        lines += _order(place, exchange, order, label)
    held = tables["positions"].filter(one & (pl.col("time") == at))
    for row in held.iter_rows(named=True):
        told = f"{_number(row['quantity'])} at {row['price']:g}: {row['value']:,.2f}, {row['weight']:.2%} of equity"
        lines.append(Line("backtest", f"held ({label})", told, f"CLOSE({shown(when)})"))
    for row in book.filter(pl.col("time") == at).iter_rows(named=True):
        told = f"cash {row['cash']:,.2f} + holdings {row['holdings']:,.2f} = equity {row['equity']:,.2f}"
        lines.append(Line("backtest", f"book ({label})", told, f"CLOSE({shown(when)})"))
    decided = orders.filter(pl.col("decided") == at)
    for order in decided.iter_rows(named=True):
        lines += _order(place, exchange, order, label)
    coming = tables["next"].filter(one & (pl.col("decided") == at))
    for row in coming.iter_rows(named=True):
        told = f"{_asked(row)}; the last close is {row['reference_price']:g}"
        lines.append(Line("strategy", f"order for the next bar ({label})", told, "after the last CLOSE"))
    judged = book.filter(pl.col("time") == at).height > 0
    if judged and decided.is_empty() and coming.is_empty():
        told = "none was given; " + ("it is held and kept" if held.height else "it is not held and was not chosen")
        lines.append(Line("strategy", f"order ({label})", told, "decided after CLOSE(t)"))
    return lines


def _order(place: _Place, exchange: Exchange | None, order: dict[str, Any], label: str) -> list[Line]:
    day = np.datetime64(order["time"], "us")
    decided = shown(np.datetime64(order["decided"], "us"))
    at = order["at"].upper()
    known = f"{'CLOSE' if at in {'VWAP', 'LIMIT'} else at}({shown(day)})"
    lines = [Line("strategy", f"order ({label})", _asked(order), f"decided after CLOSE({decided})")]
    if exchange is not None:
        lines.append(
            Line("market", "what was offered", _offer(exchange, day), f"OPEN({shown(day)}); close and volume after it")
        )
    fees = order["commission"] + order["stamp_duty"] + order["transfer_fee"]
    paid = order["value"] + (fees if order["side"] == "buy" else -fees)
    before = order["cash_after"] + (paid if order["side"] == "buy" else -paid)
    part = f"{_number(order['filled'])} of {_number(order['quantity'])}"
    if order["filled"] > 0:
        told = (
            f"{part} at {order['price']:g}, slippage {order['slippage']:,.2f} inside it; commission "
            f"{order['commission']:,.2f}, stamp duty {order['stamp_duty']:,.2f}, transfer fee "
            f"{order['transfer_fee']:,.2f}; cash {before:,.2f} → {order['cash_after']:,.2f}"
        )
        if order["side"] == "sell":
            told += f"; realised {order['realised']:+,.2f}"
        sent = place.market.orders_for(place.asset, day, int(order["filled"]))
        told += f"; sent in {sent} orders, the largest that the board takes" if sent > 1 else ""
        lines.append(Line("backtest", f"fill ({label})", told, known))
    if order["outcome"] != "filled":
        what = "not filled" if order["filled"] == 0 else "not filled whole"
        told = f"{part}: {order['outcome']}: {_WHY.get(order['outcome'], order['outcome'])}"
        told += "" if order["filled"] else f"; cash {order['cash_after']:,.2f}"
        lines.append(Line("backtest", f"{what} ({label})", told, known))
    rules = place.market.rules(place.bars, place.asset, day, order["side"], instruments=place.instruments)
    return [*lines, *(Line("market", rule.what, rule.told, rule.known) for rule in rules)]


def _asked(order: dict[str, Any]) -> str:
    rank = (
        f"rank {order['rank']} of {order['scored']} in the universe, score {order['score']:.6g}"
        if order["rank"]
        else "no score"
    )
    return f"{order['side']} {_number(order['quantity'])} at the {order['at']}: {order['reason']} ({rank})"


def _offer(exchange: Exchange, day: np.datetime64) -> str:
    place = int(np.searchsorted(exchange.times, day))
    if place >= len(exchange) or exchange.times[place] != day or exchange.open[place, 0] == 0:
        return "no bar: nothing could be traded"
    unit = round(1 / float(exchange.tick[0]))

    def price(ticks: object) -> str:
        return f"{int(ticks) / unit:g}"  # type: ignore[call-overload]

    up, down = int(exchange.limit_up[place, 0]), int(exchange.limit_down[place, 0])
    limits = "no limit" if up == NO_LIMIT else f"limits {price(down)} … {price(up)}"
    return (
        f"open {price(exchange.open[place, 0])}, close {price(exchange.close[place, 0])}; {limits}; steps of "
        f"{int(exchange.lot[0])}, at least {int(exchange.minimum[0])}; volume {int(exchange.volume[place, 0]):,}"
    )


def _number(value: float) -> str:
    if not np.isfinite(value):
        raise DataError("a quantity of the records is not finite", found=value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,g}"
