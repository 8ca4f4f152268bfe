"""Conditions as the loop wants them: the same facts in whole numbers, one row a bar."""

import numpy as np

from tidegate.backtest import loop
from tidegate.errors import SettingError
from tidegate.market.base import RATE_UNIT, Conditions
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["check_capital", "prices_of", "scales", "table_of", "whole_money"]

_MOST_MONEY = 1e13
_CENTS = 100
_FEES = (("commission_buy", "stamp_duty_buy", "transfer_fee"), ("commission_sell", "stamp_duty_sell", "transfer_fee"))


def table_of(conditions: Conditions) -> tuple[IntArray, IntArray]:
    """Resolve conditions to the loop's table ``[T + R, FIELDS]``, a row a bar and a contract left, and its rules.

    Errors
        `SettingError` where a tick or a cent is not a whole number of money units.
    """
    bars = len(conditions.times)
    scale, per_unit = scales(conditions)
    tick_value, rest = divmod(scale * conditions.multiplier, per_unit)
    if rest or scale % _CENTS:
        raise SettingError(
            "a tick is not a whole number of money units, or a cent is not",
            found=(conditions.tick, conditions.money_unit),
            hint="make money_unit smaller: 0.001 for ticks of 0.001",
        )

    def ticks(prices: FloatArray) -> IntArray:
        return np.rint(prices * per_unit).astype(np.int64)

    table = np.zeros((bars, loop.FIELDS), dtype=np.int64)
    table[:, loop.NUMBER] = np.arange(bars)
    table[:, loop.OPEN] = ticks(conditions.open)
    table[:, loop.MARK] = ticks(conditions.close if conditions.mark is None else conditions.mark)
    table[:, loop.BEFORE] = np.append(table[:1, loop.MARK], table[:-1, loop.MARK])
    table[:, loop.UP], table[:, loop.DOWN] = _limits(conditions, table[:, loop.OPEN], per_unit)
    table[:, loop.STOPPED] = 0 if conditions.suspended is None else conditions.suspended
    table[1:, loop.FRESH] = np.diff(conditions.session) != 0
    given = conditions.reference
    table[:, loop.REFERENCE] = table[:, loop.BEFORE] if given is None else ticks(given)
    for side, names in enumerate(_FEES):
        for kind, name in enumerate(names):
            table[:, loop.RATES + 3 * side + kind] = conditions.rates.get(name, 0)
            table[:, loop.FLAT + 3 * side + kind] = np.multiply(conditions.per_share.get(name, 0), scale)
    own = "close_today" in conditions.rates or "close_today" in conditions.per_share
    for place, told, opening, unit in (
        (loop.CLOSE_TODAY, conditions.rates, loop.RATES, 1),
        (loop.TODAY_FLAT, conditions.per_share, loop.FLAT, scale),
    ):  # a fee to close today takes the whole place of the commission, by value and by the unit
        table[:, place] = np.multiply(told.get("close_today", 0), unit) if own else table[:, opening]
    table = _with_rolls(table, conditions, per_unit)
    rules = np.zeros(loop.RULES, dtype=np.int64)
    rules[loop.TICK_VALUE], rules[loop.CENT], rules[loop.SCALE] = tick_value, scale // _CENTS, scale
    rules[loop.LOT], rules[loop.MINIMUM] = conditions.lot, conditions.minimum_quantity
    rules[loop.MINIMUM_COMMISSION], rules[loop.SLIP] = conditions.minimum_commission, conditions.slippage_ticks
    rules[loop.WAITS] = 1 if conditions.settlement_days else 0
    rules[loop.MARGIN] = round(conditions.margin_rate * RATE_UNIT)
    rules[loop.MAINTENANCE] = round(conditions.maintenance_rate * RATE_UNIT)
    return table, rules


def _with_rolls(table: IntArray, conditions: Conditions, per_unit: int) -> IntArray:
    """Add a row for each contract that is left: its bar's, at its own price, which no known limit bounds."""
    if conditions.roll_from is None:
        return table
    at = np.flatnonzero(np.isfinite(conditions.roll_from))
    left = table[at]
    left[:, loop.OPEN] = np.rint(conditions.roll_from[at] * per_unit)
    left[:, loop.UP], left[:, loop.DOWN], left[:, loop.STOPPED] = loop.NO_LIMIT, 0, 0
    table[at, loop.ROLL] = len(table) + np.arange(len(at))
    return np.concatenate([table, left])


def scales(conditions: Conditions) -> tuple[int, int]:
    """How many money units, and how many ticks, make one of the currency."""
    return round(1 / conditions.money_unit), round(1 / conditions.tick)


def prices_of(conditions: Conditions) -> tuple[FloatArray, FloatArray, IntArray]:
    """Give opens, marks and whether nothing can be traded, as the frictionless loop reads them."""
    mark = conditions.close if conditions.mark is None else conditions.mark
    stopped = ~(conditions.can_buy_open & conditions.can_sell_open)
    return (
        np.array(conditions.open, dtype=np.float64),
        np.array(mark, dtype=np.float64),
        stopped.astype(np.int64),
    )


def check_capital(capital: float, conditions: Conditions) -> None:
    """Refuse money that cannot be counted; raises `SettingError`."""
    if not 0 < capital <= _MOST_MONEY:
        raise SettingError("capital is out of range", expected=f"0 < capital ≤ {_MOST_MONEY:g}", found=capital)
    if conditions.settlement_days not in {0, 1}:
        raise SettingError(
            "shares settle on the same session or on the next", expected="0 or 1", found=conditions.settlement_days
        )
    if conditions.exact and abs(capital * _CENTS - round(capital * _CENTS)) > 1e-6 * _CENTS:
        raise SettingError("capital is not a whole number of cents", found=capital)


def whole_money(capital: float, conditions: Conditions) -> int:
    """Capital in money units."""
    return round(capital * _CENTS) * (round(1 / conditions.money_unit) // _CENTS)


def _limits(conditions: Conditions, opens: IntArray, per_unit: int) -> tuple[IntArray, IntArray]:
    """Give limits in ticks; what the market forbids at an open is forbidden, with or without a price to show for it."""
    bars = len(opens)
    told = []
    for prices, none in ((conditions.limit_up, loop.NO_LIMIT), (conditions.limit_down, 0)):
        known = np.full(bars, np.nan) if prices is None else prices
        told.append(np.where(np.isfinite(known), np.rint(np.nan_to_num(known) * per_unit), none).astype(np.int64))
    up = np.where(conditions.can_buy_open, np.maximum(told[0], opens + 1), np.minimum(told[0], opens))
    down = np.where(conditions.can_sell_open, np.minimum(told[1], opens - 1), np.maximum(told[1], opens))
    return up, down
