"""Rules in force: what an order at one bar rests on, in words and with its source, for whoever asks why.

A market with dated tables names the rows that hold; any market can say what it resolved for that bar.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from tidegate.market.base import RATE_UNIT, Conditions
from tidegate.market.dated import DatedTable
from tidegate.types.axes import FloatArray

__all__ = ["Rule", "resolved_rules", "rows_in_force"]


class Rule(NamedTuple):
    """A rule by its name, what it says, and when that is known."""

    what: str
    told: str
    known: str


def rows_in_force(tables: Iterable[DatedTable], session: np.datetime64) -> tuple[Rule, ...]:
    """Name the row of each table in force on a session; none of a table that has no row yet.

    >>> from tidegate.market.costs import STAMP_DUTY_SELL
    >>> rows_in_force([STAMP_DUTY_SELL], np.datetime64("2024-01-02"))[0].told
    '50000 1e-8 of value, in force since 2023-08-28 (gov.cn content_6900443)'
    """
    made = []
    for table in tables:
        row = table.row(session)
        if row is not None:
            sure = row.source if row.confirmed else f"{row.source}, not confirmed"
            told = f"{row.value} {table.unit}, in force since {row.since} ({sure})"
            made.append(Rule(f"rule: {table.name}", told, "law, known before"))
    return tuple(made)


def resolved_rules(held: Conditions, when: np.datetime64, side: str) -> tuple[Rule, ...]:
    """Tell what conditions say of one bar: limits, quantities, waiting, margin and every fee of a side.

    Nothing for a time at which they have no bar.

    >>> from tidegate.market.us_fund_proxy import UsFundProxy
    >>> from tidegate.testing.history import example_bars
    >>> held = UsFundProxy().conditions(example_bars(sessions=30, assets=1), "000001.SZ")
    >>> resolved_rules(held, held.times[3], "buy")[1].told
    'steps of 1, at least 1'
    """
    at = np.flatnonzero(held.times == when.astype("datetime64[us]"))
    if not len(at):
        return ()
    row = int(at[0])
    if not held.exact:
        return (Rule("costs and limits", "none: any fraction of a unit, without fees", "known before"),)
    wait = f"after {held.settlement_days} sessions" if held.settlement_days else "in the same session"
    made = [
        Rule("price limits", _limits(held, row), "OPEN(t)"),
        Rule("quantity", f"steps of {held.lot}, at least {held.minimum_quantity or held.lot}", "known before"),
        Rule("earliest sale", wait, "known before"),
    ]
    if held.margined:
        told = f"{held.margin_rate:.2%} of value, closed by force below {held.maintenance_rate:.2%}"
        made.append(Rule("margin", told, "a setting of the market"))
    fees = [
        _fee(held, name, row) for name in (f"commission_{side}", "close_today", f"stamp_duty_{side}", "transfer_fee")
    ]
    return (*made, *(fee for fee in fees if fee is not None))


def _limits(held: Conditions, row: int) -> str:
    def price(prices: FloatArray | None) -> str:
        return "none" if prices is None or not np.isfinite(prices[row]) else f"{prices[row]:g}"

    return f"lower {price(held.limit_down)}, upper {price(held.limit_up)}"


def _fee(held: Conditions, name: str, row: int) -> Rule | None:
    told = []
    if name in held.rates:
        told.append(f"{held.rates[name][row] / RATE_UNIT:.6%} of value")
    if name in held.per_share:
        told.append(f"{held.per_share[name][row] / RATE_UNIT:g} a unit")
    if not told:
        return None
    least = held.minimum_commission * held.money_unit if name.startswith("commission") else 0.0
    words = " and ".join(told) + (f", at least {least:g}" if least else "")
    return Rule(name.replace("_", " "), words, "known before")
