"""Books over many assets: a strategy's orders through an exchange, cent by cent.

A strategy with a kernel is compiled into the loop; one in plain Python is asked bar by bar, between the same compiled
steps, so that the two cannot differ in anything but what they decide.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field

from tidegate.backtest import portfolio_loop as loop
from tidegate.backtest import tape as t_
from tidegate.backtest.money import RATE
from tidegate.backtest.portfolio_ledger import ledger_of
from tidegate.backtest.tape import Account, Tape, new_account
from tidegate.component import Settings
from tidegate.errors import SettingError
from tidegate.market.exchange import Exchange
from tidegate.strategy.orders import ORDER_COLUMNS, FillAt, Seen, View
from tidegate.strategy.selection import Selection
from tidegate.types.axes import FloatArray, IntArray, frozen
from tidegate.types.ledger import Ledger

__all__ = [
    "MARGIN_CALL",
    "Execution",
    "Portfolio",
    "Signals",
    "make_tape",
    "run_portfolio",
    "send_through",
    "view_of",
    "whole_capital",
]

_MOST_MONEY = 1e13
MARGIN_CALL = "margin call"
"""Why a book is closed by force: the reason after those of its strategy."""


class Execution(Settings):
    """How orders meet the market, where that is the reader's choice and no law.

    Known at
        The cap on an order at OPEN(t) is known at CLOSE(t−1): a part of the volume of the asset's last bar before *t*,
        and nothing where it had none. A bar's own volume, which caps its other orders, is known at CLOSE(t).
    """

    participation: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="most of a bar's volume that one book may trade in one asset; 0 for no cap. Orders at the open are"
        " held against the volume of the asset's last bar before, the others against their own bar's",
    )
    slippage_rate: float = Field(
        default=0.0, ge=0, le=0.1, description="fraction of the price that a fill is worse, beside the market's ticks"
    )
    whole_orders: bool = Field(
        default=False,
        description="refuse an order that cash, T+1 or the holding allows only in part, instead of filling that part",
    )
    half_up: bool = Field(default=False, description="round fractions of a split half-up instead of down")


@dataclass(frozen=True)
class Signals:
    """What strategies read, bar by bar: ``score [T, N]``, ``second [T, N]`` or none, ``gate [T]`` or none.

    Known at
        Row *t* after CLOSE(t).
    Missing values
        NaN says nothing; ``-inf`` says that the asset is not in the universe: it is not bought, and sold first if held.
    """

    score: FloatArray
    second: FloatArray | None = None
    gate: FloatArray | None = None


@dataclass(frozen=True)
class Portfolio:
    """One finished book: the account's record in whole money, and the exchange that it rests on."""

    exchange: Exchange
    account: Account
    capital: float
    reasons: tuple[str, ...]

    @property
    def equity(self) -> FloatArray:
        """Equity at each close ``[T]``, in the currency."""
        return frozen(self.account.lines[:, t_.L_EQUITY] / self.exchange.money_scale)

    @property
    def events(self) -> IntArray:
        """Orders and actions ``[E, COLUMNS]`` as the loop wrote them."""
        return self.account.events[: self.account.purse[t_.EVENTS]]

    def ledger(self) -> Ledger:
        """Give the book as frames: orders, fills, actions, positions at each close, and its lines."""
        return ledger_of(self.exchange, self.events, self.account.lines, self.capital, self.reasons)


def run_portfolio(
    strategy: Selection,
    signals: Signals,
    exchange: Exchange,
    capital: float,
    execution: Execution | None = None,
    *,
    plain: bool = False,
) -> Portfolio:
    """Run one book through an exchange.

    Formula
        Orders decided after CLOSE(t) are filled in bar t+1, sales before purchases; see `portfolio_loop`.
    With `plain`, a strategy that has a kernel is asked in Python all the same: slower, and the same book.

    Errors
        `SettingError` for signals that do not fit the exchange, capital that is not a whole number of cents, orders at
        an average price that the exchange does not know, or a cap on the share of a volume that it does not know.
    """
    tape = make_tape(strategy, signals, exchange, execution or Execution())
    account = send_through(strategy, tape, exchange, whole_capital(capital, exchange), plain=plain)
    return Portfolio(exchange, account, float(capital), (*strategy.words(), MARGIN_CALL))


def send_through(strategy: Selection, tape: Tape, exchange: Exchange, capital: int, *, plain: bool = False) -> Account:
    """Walk a new book with `capital` in money units through all bars of a tape."""
    account, bars = new_account(tape, capital, len(exchange.actions.bar)), len(exchange)
    kernel = None if plain else strategy.kernel()
    decide = loop.nobody() if kernel is None else kernel
    while account.purse[t_.NEXT] < bars:
        here = int(account.purse[t_.NEXT])
        reached = loop.walk(decide, tape, account, here + 1 if kernel is None else bars)
        if reached == loop.CROWDED:
            raise SettingError(
                "more orders than a book can hold", expected=len(account.queue), where=exchange.times[here]
            )
        if account.purse[t_.NEXT] < min(bars, here + 1 if kernel is None else bars):
            account = _roomier(account)
        elif kernel is None:
            _ask(strategy, tape, account, exchange, here)
    if account.purse[t_.AVERAGED] and (exchange.vwap is None or not exchange.vwap.any()):
        raise SettingError(
            "orders at the average price, and the exchange knows none",
            found=strategy.name,
            hint="bars need volume and amount in known units; or fill at the open or the close",
        )
    return account


def make_tape(
    strategy: Selection, signals: Signals, exchange: Exchange, execution: Execution, *, keep: bool = True
) -> Tape:
    """Lay out exchange, signals and rules as the loop reads them; raises `SettingError` where they do not fit."""
    shape = exchange.open.shape
    for name in strategy.reads():
        if getattr(signals, name) is None:
            raise SettingError(f"{strategy.name} reads a signal that is not there", expected=name)
    if strategy.sells_short() and not exchange.shorts:
        raise SettingError(
            f"{strategy.name} sells short, and nothing may be sold short here",
            hint="hold its two sides as two books with long positions",
        )
    if execution.participation and not (exchange.counted and exchange.volume.any()):
        raise SettingError(
            "a cap on the share of volume, and the exchange knows no volume",
            found=f"participation {execution.participation:g}",
            hint="bars need a volume whose unit is known (volume_unit); or set participation to 0",
        )
    score = _signal("score", signals.score, shape)
    second = np.zeros((1, 0)) if signals.second is None else _signal("second", signals.second, shape)
    gate = np.ones(1) if signals.gate is None else _signal("gate", signals.gate, shape[:1])
    rules = np.zeros(t_.RULES, dtype=np.int64)
    rules[t_.CENT], rules[t_.MINIMUM_COMMISSION] = exchange.money_scale // 100, exchange.minimum_commission
    rules[t_.SLIP], rules[t_.SHORTS], rules[t_.KEEP] = exchange.slippage_ticks, exchange.shorts, keep
    rules[t_.WHOLE_ORDERS], rules[t_.HALF_UP] = execution.whole_orders, execution.half_up
    rules[t_.PARTICIPATION] = round(execution.participation * RATE)
    rules[t_.LENT], rules[t_.CALL] = exchange.lending is not None, len(strategy.words())
    rules[t_.SLIP_RATE] = round(execution.slippage_rate * RATE)
    action = np.stack(exchange.actions, axis=1) if len(exchange.actions.bar) else np.zeros((0, 6), dtype=np.int64)
    return Tape(
        session=exchange.session,
        open=exchange.open,
        high=exchange.high,
        low=exchange.low,
        close=exchange.close,
        vwap=exchange.close if exchange.vwap is None else exchange.vwap,
        limit_up=exchange.limit_up,
        limit_down=exchange.limit_down,
        volume=exchange.volume,
        action=frozen(np.ascontiguousarray(action)),
        fees=exchange.fees,
        group=exchange.group,
        lending=frozen(np.zeros((1, 3), dtype=np.int64)) if exchange.lending is None else exchange.lending,
        tick=exchange.tick,
        tick_value=exchange.tick_value,
        lot=exchange.lot,
        minimum=exchange.minimum,
        waits=exchange.waits,
        order=exchange.order,
        score=score,
        second=frozen(second),
        gate=frozen(gate),
        numbers=frozen(np.array(strategy.numbers() or (0.0,), dtype=np.float64)),
        rules=frozen(rules),
    )


def whole_capital(capital: float, exchange: Exchange) -> int:
    """Capital in money units; raises `SettingError`."""
    if not 0 < capital <= _MOST_MONEY:
        raise SettingError("capital is out of range", expected=f"0 < capital ≤ {_MOST_MONEY:g}", found=capital)
    cents = round(capital * 100)
    if abs(capital * 100 - cents) > 1e-4:  # noqa: PLR2004
        raise SettingError("capital is not a whole number of cents", found=capital)
    return cents * (exchange.money_scale // 100)


def _signal(name: str, values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    if values.shape != shape:
        raise SettingError(f"the signal {name} does not fit the exchange", expected=shape, found=values.shape)
    return frozen(np.ascontiguousarray(values, dtype=np.float64))


def _roomier(account: Account) -> Account:
    """The same book with twice the room for events."""
    grown = np.zeros((2 * len(account.events) + 2 * len(account.queue), t_.COLUMNS), dtype=np.int64)
    grown[: len(account.events)] = account.events
    return account._replace(events=grown)


def _ask(strategy: Selection, tape: Tape, account: Account, exchange: Exchange, bar: int) -> None:
    """Queue what a strategy in plain Python orders after a bar."""
    orders = strategy.decide(view_of(tape, account, exchange, bar))
    if len(orders) > len(account.queue):
        raise SettingError("more orders than a book can hold", expected=len(account.queue), found=len(orders))
    for place, order in enumerate(orders):
        _check_order(order, exchange)
        account.queue[place, :ORDER_COLUMNS] = order
    account.purse[t_.QUEUED] = len(orders)


def _check_order(order: Any, exchange: Exchange) -> None:
    limited = order.at != FillAt.LIMIT or order.price > 0
    if not 0 <= order.asset < len(exchange.assets) or order.quantity == 0 or order.at not in set(FillAt) or not limited:
        raise SettingError(
            "an order makes no sense",
            expected="an asset's place, a quantity other than 0, a FillAt, a price above 0 for a limit",
            found=order,
        )


def view_of(tape: Tape, account: Account, exchange: Exchange, bar: int) -> View:
    """What a strategy in plain Python sees after CLOSE(bar)."""
    seen: Seen = loop.seen.py_func(tape, account, bar)  # type: ignore[attr-defined]
    scale, count = exchange.money_scale, int(account.purse[t_.COUNT])
    ticks = exchange.close[bar]
    free = account.shares - account.locked if seen.stays else account.shares.copy()
    return View(
        bar=bar,
        time=exchange.times[bar],
        assets=exchange.assets,
        cash=seen.cash / scale,
        due=seen.due / scale,
        equity=seen.equity / scale,
        gate=float(seen.gate),
        score=seen.score,
        second=seen.second,
        close=frozen(np.where(ticks > 0, ticks * exchange.tick, np.nan)),
        ticks=ticks,
        mark=frozen(account.mark * exchange.tick),
        shares=frozen(account.shares.copy()),
        sellable=frozen(free),
        since=frozen(account.since.copy()),
        held=frozen(account.held[:count].copy()),
        lot=exchange.lot,
        minimum=exchange.minimum,
        seen=seen,
    )
