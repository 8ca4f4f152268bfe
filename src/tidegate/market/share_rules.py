"""Which dated rows an order of an A share rests on: the limits that held in its bar, duty, transfer, quantities."""

import numpy as np

from tidegate.market.boards import board_of
from tidegate.market.dated import DatedTable
from tidegate.market.given_fees import GivenFee
from tidegate.market.instruments import Instruments
from tidegate.market.limits import (
    FIRST_DAY_BAND,
    FREE_AFTER_LISTING,
    FREE_INTO_DELISTING,
    LIMITS,
    LIMITS_AT_RISK,
    LIMITS_DELISTING,
    market_of,
)
from tidegate.market.prices import Own
from tidegate.market.rules import Rule, rows_in_force
from tidegate.market.share_fees import fee_tables
from tidegate.market.share_limits import ShareLimits
from tidegate.market.share_rows import ShareRows

__all__ = ["limit_rules", "share_fee_rules"]

_OF_SIDE = {"buy": "stamp_duty_sell", "sell": "stamp_duty_buy"}
"""Side → the duty that it does not pay."""


def share_fee_rules(
    asset: str, session: np.datetime64, side: str, given: tuple[GivenFee, ...], *, on_top: bool
) -> tuple[Rule, ...]:
    """Name the rows of every fee of one side, and a vendor's that goes before them.

    >>> made = share_fee_rules("000001.SZ", np.datetime64("2014-01-02"), "buy", (), on_top=False)
    >>> [rule.what for rule in made]
    ['rule: stamp duty on purchases', 'rule: transfer fee by value, Shenzhen']
    """
    exchange = board_of(asset).exchange
    made: list[Rule] = []
    for fee, tables in fee_tables(exchange, on_top=on_top).items():
        if fee == _OF_SIDE[side]:
            continue
        mine = [row for row in given if row.fee == fee and row.place in {"", exchange}]
        rows = [row for row in mine if row.place] or mine
        told = [row for row in sorted(rows, key=lambda row: row.since) if np.datetime64(row.since) <= session]
        if told:
            row = told[-1]
            words = f"{row.rate:.6%} of value and {row.per_unit:g} a share since {row.since}; the rule follows"
            made.append(Rule(f"given: {tables[0].name}", words, "a vendor's table, known before"))
        made += rows_in_force([table for table in tables if table is not None], session)
    return tuple(made)


def limit_rules(
    own: Own, asset: str, when: np.datetime64, instruments: Instruments | None, *, at_risk: bool
) -> tuple[Rule, ...]:
    """Name the rule of price limits that held in a bar, as the exchange resolved it; nothing where there was no bar."""
    at = np.flatnonzero(own.times == when)
    if not len(at):
        return ()
    count, row = len(own.times), int(at[0])
    places = np.zeros(count, dtype=np.int64)
    rows = ShareRows(own.frame, (asset,), places, np.arange(count), own.dates, at_risk=at_risk)
    limits = ShareLimits(rows, instruments)
    made = []
    if any(side[row] > 0 for side in limits.given):
        given = "the limits that the data give go first; the rule follows for comparison"
        made.append(Rule("rule: price limit", given, "OPEN(t)"))
    if bool(limits.gaps[row]):
        made.append(Rule("rule: price limit", "it opened beyond the rule's limits: none held", "OPEN(t)"))
    table, session = _table(limits, row, instruments)
    return (*made, *rows_in_force([table], session))


def _table(limits: ShareLimits, row: int, instruments: Instruments | None) -> tuple[DatedTable, np.datetime64]:
    """Find the table of limits for a row, and the day on which to look it up: some hold by the day of listing."""
    rows = limits.rows
    session = rows.days[rows.bar[row]]
    board, listing = rows.boards[0].board, market_of(rows.boards[0])
    age = 0 if limits.age is None else int(limits.age[row])
    leaving = 0 if limits.delisting_age is None else int(limits.delisting_age[row])
    if age and instruments is not None:
        listed = instruments.days("listed", rows.names)
        free, band = (
            int(tables[listing].at(listed, before=tables[listing].rows[0].value)[0])
            for tables in (FREE_AFTER_LISTING, FIRST_DAY_BAND)
        )
        if age == 1 and band == 1:
            return FIRST_DAY_BAND[listing], listed[0]
        if age <= free:
            return FREE_AFTER_LISTING[listing], listed[0]
    if leaving == 1 and int(FREE_INTO_DELISTING[board].at(session[None], before=0)[0]) == 1:
        return FREE_INTO_DELISTING[board], session
    tables = LIMITS_DELISTING if leaving else LIMITS_AT_RISK if bool(rows.warned[row]) else LIMITS
    return tables[board], session
