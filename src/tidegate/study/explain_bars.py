"""Why a trade within a bar was made: the price that the open was held against, the open, and what came of it.

Everything is read from what a run kept: what each member wanted of the next open, its orders, its fills, its book.
"""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidegate.study.records import load_ledger
from tidegate.study.stations import Line, chosen, shown
from tidegate.types.bars import Bars
from tidegate.types.ledger import FEES, Ledger

__all__ = ["bar_trade_lines"]


def bar_trade_lines(place: Path, bars: Bars, asset: str, when: np.datetime64, member: str | None) -> list[Line]:
    """What was wanted after the close of `when` and what the next bar made of it, in every market, by one member.

    Without `member`, the ensemble, or the only fit. Known at: each line says it.

    Errors
        `UnknownNameError` for a member that holds no opens against prices.
    """
    later = bars.times[bars.times > when]
    if later.size == 0:
        return []
    lines: list[Line] = []
    opens = bars.frame.filter((pl.col("asset") == asset) & (pl.col("time") == later[0]))["open"]
    for folder in sorted((place / "decisions").glob("*")):
        wanted = pl.read_parquet(folder / "wanted.parquet").filter(pl.col("time") == when).drop("time")
        against = dict(pl.read_parquet(folder / "within.parquet").iter_rows())
        who = chosen(member, against, f"{place.name}, {folder.name}")
        label = f"{folder.name}, {who}"
        for held in wanted.iter_rows(named=True):
            lines.append(Line("strategy", f"next open held against ({label})", *_wish(held[who], against[who])))
            lines += _done(place / "ledger" / folder.name / who, label, later[0], float(opens.item()), held[who])
    return lines


def _wish(price: float | None, against: bool) -> tuple[str, str]:
    known = "decided after CLOSE(t)"
    if price is None or np.isnan(price):
        return "nothing: no forecast, or no size yet", known
    if np.isinf(price):
        return f"any price: {'buy' if price > 0 else 'sell'}", known
    low, high = ("sell", "buy") if against else ("buy", "sell")
    return f"{price:.8g}: {low} below it, {high} above it", known


def _done(folder: Path, label: str, bar: np.datetime64, opened: float, price: float | None) -> list[Line]:
    ledger = load_ledger(folder)
    orders = ledger.orders.filter(pl.col("time") == bar)
    lines = [
        Line(
            "backtest",
            f"order ({label})",
            f"{order['side']} {order['quantity']:g}: {order['outcome']}",
            f"in the bar of {shown(bar)}",
        )
        for order in orders.filter(pl.col("filled") < pl.col("quantity")).iter_rows(named=True)
    ]
    fills = ledger.fills.filter(pl.col("time") == bar)
    lines += [_fill(fill, ledger, label, bar, opened, price) for fill in fills.iter_rows(named=True)]
    book = ledger.book.filter(pl.col("time") == bar)
    if orders.is_empty() and fills.is_empty() and book.height:
        lines.append(Line("backtest", f"no fill ({label})", _why_none(opened, price, book), f"OPEN({shown(bar)})"))
    lines += [
        Line(
            "backtest",
            f"book ({label})",
            f"equity {line['equity']:.2f}, lots {line['quantity']:g}",
            f"CLOSE({shown(bar)})",
        )
        for line in book.iter_rows(named=True)
    ]
    return lines


def _why_none(opened: float, price: float | None, book: pl.DataFrame) -> str:
    """Why a bar was let pass without an order."""
    if price is None or np.isnan(price):
        return "nothing was asked of this bar"
    if opened == price:
        return f"the open {opened:.8g} is the price itself: it reached neither side of it"
    if book["quantity"].item():
        return "what was held before could not be left, and nothing new is opened beside it"
    return f"the open {opened:.8g} met the rule, which held back: no size, or its switch was shut"


def _fill(
    fill: dict[str, Any], ledger: Ledger, label: str, bar: np.datetime64, opened: float, price: float | None
) -> Line:
    """Say one fill, and why it was made."""
    first = ledger.fills.filter(pl.col("trip") == fill["trip"]).row(0, named=True)
    enters = first == fill
    if enters and price is not None and np.isfinite(price):
        why = f"the open {opened:.8g} lies {'above' if opened > price else 'below'} {price:.8g}"
    elif enters:
        why = "in at every open"
    elif first["time"] == fill["time"]:
        ended = (pl.col("time") == fill["time"]) & (pl.col("side") == fill["side"])
        stopped = "stopped out" in ledger.orders.filter(ended)["outcome"].to_list()
        why = "its stop was reached" if stopped else "the bar is over"
    else:
        why = f"carried since {shown(np.datetime64(first['time']))}, left at the first price that anybody took"
    told = (
        f"{fill['side']} {fill['quantity']:g} at {fill['price']:.8g}, fees {sum(fill[kind] for kind in FEES):.2f},"
        f" slippage {fill['slippage']:.2f}: {why}"
    )
    return Line("backtest", f"fill ({label})", told, f"OPEN({shown(bar)})" if enters else f"in the bar of {shown(bar)}")
