"""Conditions as the loop wants them: whole numbers, one array per rule, fees as ``[T, side, kind]``."""

import numpy as np

from tidegate.backtest.loop import NO_LIMIT, Terms
from tidegate.errors import SettingError
from tidegate.market.base import RATE_UNIT, Conditions
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["check_capital", "terms_of", "whole_money"]

_MOST_MONEY = 1e13
_CENTS = 100
_KINDS = (
    ("commission_buy", "commission_sell"),
    ("stamp_duty_buy", "stamp_duty_sell"),
    ("transfer_fee", "transfer_fee"),
)


def terms_of(conditions: Conditions) -> Terms:
    """Resolve prices to ticks and rates to arrays; conditions are equal to what the market said, only in whole numbers."""
    bars = len(conditions.times)
    scale = round(1 / conditions.money_unit)
    per_unit = round(1 / conditions.tick)
    tick_value, rest = divmod(scale * conditions.multiplier, per_unit)
    if rest or scale % _CENTS:
        raise SettingError(
            "a tick is not a whole number of money units, or a cent is not",
            found=(conditions.tick, conditions.money_unit),
            hint="make money_unit smaller: 0.001 for ticks of 0.001",
        )

    def ticks(prices: FloatArray) -> IntArray:
        return np.rint(prices * per_unit).astype(np.int64)

    mark = ticks(conditions.close if conditions.mark is None else conditions.mark)
    opens = ticks(conditions.open)
    up, down = _limits(conditions, opens, per_unit)
    before = np.append(mark[:1], mark[:-1])
    return Terms(
        open=opens,
        mark=mark,
        up=up,
        down=down,
        stopped=np.zeros(bars, dtype=np.int64)
        if conditions.suspended is None
        else conditions.suspended.astype(np.int64),
        session=conditions.session.astype(np.int64),
        reference=before if conditions.reference is None else ticks(conditions.reference),
        rates=_fees(conditions.rates, bars, 1),
        per_unit=_fees(conditions.per_share, bars, scale),
        close_today=_rate(conditions.rates, "close_today", bars, 1),
        tick_value=tick_value,
        lot=conditions.lot,
        minimum=conditions.minimum_quantity,
        cent=scale // _CENTS,
        minimum_commission=conditions.minimum_commission,
        slippage=conditions.slippage_ticks,
        waits=1 if conditions.settlement_days else 0,
        margin=round(conditions.margin_rate * RATE_UNIT),
        maintenance=round(conditions.maintenance_rate * RATE_UNIT),
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
    """Limits in ticks. What the market forbids at an open is forbidden, with or without a limit price to show for it."""
    bars = len(opens)
    told = []
    for prices, none in ((conditions.limit_up, NO_LIMIT), (conditions.limit_down, 0)):
        known = np.full(bars, np.nan) if prices is None else prices
        told.append(np.where(np.isfinite(known), np.rint(np.nan_to_num(known) * per_unit), none).astype(np.int64))
    up = np.where(conditions.can_buy_open, np.maximum(told[0], opens + 1), np.minimum(told[0], opens))
    down = np.where(conditions.can_sell_open, np.minimum(told[1], opens - 1), np.maximum(told[1], opens))
    return up, down


def _rate(rates: dict[str, IntArray], name: str, bars: int, scale: int) -> IntArray:
    return rates[name].astype(np.int64) * scale if name in rates else np.zeros(bars, dtype=np.int64)


def _fees(rates: dict[str, IntArray], bars: int, scale: int) -> IntArray:
    made = np.zeros((bars, 2, len(_KINDS)), dtype=np.int64)
    for kind, sides in enumerate(_KINDS):
        for side, name in enumerate(sides):
            made[:, side, kind] = _rate(rates, name, bars, scale)
    return made
