"""The same made markets and orders through our exchange and our loop."""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from made_markets import BARS, NAMES, SHARES, Made, made_market
from rqalpha_orders import MICRO, VARIANTS, Variant

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Execution, Portfolio, Signals, run_portfolio
from tidegate.market.boards import board_of
from tidegate.market.costs import STAMP_DUTY_BUY, STAMP_DUTY_SELL, TRANSFER_SHANGHAI, TRANSFER_SHENZHEN
from tidegate.market.exchange import DIVIDEND, END, FEE_COLUMNS, NO_LIMIT, SPLIT, Actions, Exchange
from tidegate.market.limits import LIMITS, LIMITS_AT_RISK, limit_ticks
from tidegate.strategy.orders import FillAt, Order, View
from tidegate.strategy.selection import Selection
from tidegate.types.axes import frozen

FROZEN = Path(__file__).parent / "frozen"
ACTIONS = range(9, 14)
"""Outcomes that are no order's but 9, which is."""


@dataclass(frozen=True)
class Case:
    """One frozen run of the oracle: rows of (bar, share, quantity, moment, filled), and money in millionths."""

    variant: Variant
    seed: int
    orders: tuple[tuple[int, int, int, int, int], ...]
    cash: tuple[int, ...]
    equity: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.variant.name} {self.seed}"


@cache
def frozen_cases() -> tuple[Case, ...]:
    """Every case that is kept."""
    cases = []
    for variant in VARIANTS:
        held = json.loads((FROZEN / f"{variant.name}.json").read_text(encoding="utf-8"))
        for case in held["cases"]:
            orders = tuple(tuple(row) for row in case["orders"])
            cases.append(Case(variant, case["seed"], orders, tuple(case["cash"]), tuple(case["equity"])))
    return tuple(cases)


class TheseOrders(Selection):
    """Orders that were written down before: bar by bar, in their order."""

    name: ClassVar[str] = "these-orders"

    rows: tuple[tuple[int, int, int, int, int], ...]

    def decide(self, view: View) -> list[Order]:
        """Those of the next bar."""
        return [Order(n, quantity, FillAt(at)) for bar, n, quantity, at, _ in self.rows if bar == view.bar + 1]


def unit(variant: Variant) -> int:
    """Money units a yuan: cents where fees are rounded to them, else the millionths in which RQAlpha's are whole."""
    return 100 if variant.own_fees else MICRO


def exchange_of(made: Made, variant: Variant) -> Exchange:
    """A made market by our tables of boards, limits and duties, with RQAlpha's commission where it charges its own.

    Our loop rounds each fee to a hundredth of the currency. For RQAlpha's unrounded fees the currency is therefore a
    ten-thousandth of a yuan, so that a hundredth of it is a millionth, in which every such fee is whole.
    """
    scale, names = unit(variant), len(NAMES)
    days = np.array(made.days, dtype="datetime64[D]")
    cells: dict[str, Any] = {
        name: np.zeros((BARS, names), dtype=np.int32) for name in ("open", "high", "low", "close", "vwap")
    }
    volume = np.zeros((BARS, names), dtype=np.int64)
    up, down = np.full((BARS, names), NO_LIMIT, dtype=np.int32), np.zeros((BARS, names), dtype=np.int32)
    for at, row in enumerate(made.bars):
        for n, bar in enumerate(row):
            if bar is None or bar.volume == 0:
                continue
            for name, held in cells.items():
                held[at, n] = getattr(bar, name)
            volume[at, n] = bar.volume
            if bar.up:
                board, risk = board_of(NAMES[n]).board, SHARES[n][1] == "main at risk"
                percent = (LIMITS_AT_RISK if risk else LIMITS)[board].at(days[at : at + 1])
                (up[at, n],), (down[at, n],) = limit_ticks(np.array([bar.reference]), percent)
    rules = [board_of(name) for name in NAMES]
    groups = [int(rule.exchange == "SH") for rule in rules]
    return Exchange(
        times=frozen(days.astype("datetime64[us]")),
        session=frozen(np.arange(BARS)),
        assets=NAMES,
        **{name: frozen(held) for name, held in cells.items()},
        limit_up=frozen(up),
        limit_down=frozen(down),
        volume=frozen(volume),
        actions=_actions(made, variant, scale),
        tick=frozen(np.full(names, 0.01 * scale / 100)),
        tick_value=frozen(np.full(names, scale // 100)),
        lot=frozen(np.array([rule.lot for rule in rules])),
        minimum=frozen(np.array([rule.minimum for rule in rules])),
        waits=frozen(np.ones(names, dtype=np.int64)),
        fees=_fees(days, variant),
        group=frozen(np.array(groups)),
        minimum_commission=5 * scale,
        slippage_ticks=int(variant.slippage),
        money_scale=100,
        shorts=False,
        currency="yuan" if variant.own_fees else "a ten-thousandth of a yuan",
        stamps=(),
    )


def _fees(days: Any, variant: Variant) -> Any:
    fees = np.zeros((BARS, 2, FEE_COLUMNS), dtype=np.int64)
    for group, transfer in enumerate((TRANSFER_SHENZHEN, TRANSFER_SHANGHAI)):
        fees[:, group, 0] = fees[:, group, 3] = 25_000 if variant.own_fees else 80_000
        fees[:, group, 1], fees[:, group, 4] = STAMP_DUTY_BUY.at(days), STAMP_DUTY_SELL.at(days)
        if variant.own_fees:
            fees[:, group, 2] = fees[:, group, 5] = transfer.at(days)
    return frozen(fees)


def _actions(made: Made, variant: Variant, scale: int) -> Actions:
    rows = [(p.bar, p.asset, DIVIDEND, p.cents * scale // 100, 1, p.pay) for p in made.payments]
    rows += [(s.bar, s.asset, SPLIT, s.numerator, s.denominator, s.bar) for s in made.splits]
    rows += [(end, n, END, int(variant.recovered), 1, end) for n, end in enumerate(made.ended) if end < BARS]
    return Actions.of(rows)


def again(case: Case, run: Any = run_portfolio, change: Any = None) -> Portfolio:
    """The case's orders through our loop, or through a changed one, on its exchange, or on a changed one."""
    variant = case.variant
    exchange = exchange_of(made_market(case.seed), variant)
    execution = Execution(
        whole_orders=not variant.partial, half_up=True, participation=0.25 if variant.participation else 0.0
    )
    if variant.participation:
        exchange = known_a_bar_before(exchange)
    if change is not None:
        exchange, execution = change(exchange, execution)
    capital = float(variant.yuan * unit(variant) // 100)
    score = np.zeros((BARS, len(NAMES)))
    return run(TheseOrders(rows=case.orders), Signals(score), exchange, capital, execution)


def known_a_bar_before(exchange: Exchange) -> Exchange:
    """Each bar's volume, put into the share's bar before: RQAlpha caps an order at the open by the day's own volume.

    A share listed later has none before its first; it gets one there, in which nobody orders anything.
    """
    volume, price = np.zeros_like(exchange.volume), exchange.open.copy()
    for n in range(volume.shape[1]):
        first = int(np.flatnonzero(price[:, n])[0])
        if first > 0:
            price[first - 1, n] = price[first, n]
        days = np.flatnonzero(price[:, n])
        volume[days[:-1], n] = exchange.volume[days[1:], n]
    return replace(exchange, open=frozen(price), volume=frozen(volume))


def difference(case: Case, book: Portfolio) -> str:
    """The first thing in which a book differs from what the oracle answered, in words; empty where nothing does."""
    micro = MICRO // unit(case.variant)
    events = [row for row in book.events if row[t_.OUTCOME] not in (10, 11, 12, 13)]
    filled = [int(row[t_.SIDE] * row[t_.DONE]) for row in events]
    asked = [(int(row[t_.BAR]), int(row[t_.ASSET]), int(row[t_.AT])) for row in events]
    lines = book.account.lines
    cash, equity = lines[:, t_.L_CASH] * micro, lines[:, t_.L_EQUITY] * micro
    for bar in range(BARS):
        ours = [(*key, done) for key, done in zip(asked, filled, strict=True) if key[0] == bar]
        theirs = [(day, n, at, done) for day, n, _, at, done in case.orders if day == bar]
        if ours != theirs:
            wants = [row for row in case.orders if row[0] == bar]
            return (
                f"{case.name}, bar {bar}: ours (bar, share, moment, filled) {ours}, the oracle's {theirs}, of {wants}"
            )
        if cash[bar] != case.cash[bar] or equity[bar] != case.equity[bar]:
            return (
                f"{case.name}, bar {bar}: cash {cash[bar]} against {case.cash[bar]},"
                f" equity {equity[bar]} against {case.equity[bar]} millionths"
            )
    return ""
