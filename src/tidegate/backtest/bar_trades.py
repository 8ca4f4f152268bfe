"""Trades of one bar, in at its open and out at its close: many books through one market in one call.

See `bar_loop` for what happens in a bar. A market is laid out once (`BarTable`), so that thousands of runs pay nothing
for it: fifty thousand bars take less than a millisecond.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.backtest import bar_loop, loop
from tidegate.backtest.books import Books
from tidegate.backtest.engine import Raw
from tidegate.backtest.ledgers import ledger_of_raw
from tidegate.backtest.terms import check_capital, scales, table_of, whole_money
from tidegate.errors import SettingError
from tidegate.market.base import Conditions
from tidegate.strategy.within_bar import BarPlan
from tidegate.types.axes import FloatArray, IntArray, frozen
from tidegate.types.ledger import FEES, Ledger

__all__ = ["BarTable", "Size", "size_of", "trade_bars", "trade_bars_ledger"]

_MOST_TICKS = int(np.iinfo(np.int32).max)
_UNKNOWN = ("stamp_duty", "stamp_duty_buy", "stamp_duty_sell", "transfer_fee")


@dataclass(frozen=True)
class Size:
    """How much a trade is, and when it is cut short.

    Formula
        A number of `lots`, or an `exposure` (notional value over equity, floored to whole lots). Never more than equity
        covers the margin of. `stop`: a position is left within its bar where that goes max(1 tick, ⌊`stop` · open⌋)
        against it, at that price and the market's slippage beyond it; 0 for none. A gap within the bar
        is not seen. `fall`: where
        equity at a close is at or below (1 - `fall`) · its highest, nothing is opened in the `pause` bars that follow
        (0: ever), and then the height is counted anew from there; 0 for no such switch.
    Known at
        Column *t* is decided after CLOSE(t); `fall` looks at equity at CLOSE(t), for bar t + 1 on.
    Units
        `exposure` a fraction of equity, read where `lots` is 0; `stop` of the open, `fall` of equity; to the nearest
        millionth.
    Shapes
        `exposure` and `stop` are one number, or ``[K or 1, T]``: column *t*, decided after CLOSE(t), holds for bar
        t + 1; an exposure of 0 opens nothing there.
    """

    lots: int = 0
    exposure: float | FloatArray = 1.0
    stop: float | FloatArray = 0.0
    fall: float = 0.0
    pause: int = 0


@dataclass(frozen=True)
class BarTable:
    """One market's bars as the loop reads them; made once, used by any number of runs.

    Shapes
        `bars` ``int32 [T, FIELDS]`` in ticks, `fees` ``[T, FEE_FIELDS]``, `rules` as in `loop`.
    Known at
        As `Conditions`.
    """

    conditions: Conditions
    bars: NDArray[np.int32]
    fees: IntArray
    rules: IntArray

    @classmethod
    def of(cls, conditions: Conditions) -> "BarTable":
        """Lay out a market that settles at once.

        Errors
            `SettingError` for a market of fractions, one with T+1, or one with duties that futures don't have.
        """
        duties = [name for name in _UNKNOWN if np.any(conditions.rates.get(name, 0))]
        if not conditions.exact or conditions.settlement_days != 0 or conditions.lot != 1 or duties:
            raise SettingError(
                "this market can't be traded in and out within a bar",
                expected="whole lots of 1, T+0, commissions alone",
                found=(f"lot {conditions.lot}", f"T+{conditions.settlement_days}", *duties),
                hint="index-future",
            )
        table, rules = table_of(conditions)
        per_unit = scales(conditions)[1]
        bars = np.zeros((len(conditions.times), bar_loop.FIELDS), dtype=np.int32)
        left = table[len(bars) :]
        table = table[: len(bars)]
        places = (loop.OPEN, None, loop.MARK, loop.UP, loop.DOWN, loop.FRESH, loop.STOPPED)
        for column, place in enumerate(places):
            if place is not None:
                bars[:, column] = np.clip(table[:, place], 0, _MOST_TICKS)
        bars[:, bar_loop.CLOSE] = np.rint(conditions.close * per_unit)
        bars[left[:, loop.NUMBER], bar_loop.ROLL] = left[:, loop.OPEN]
        ends = (bars[:, bar_loop.OPEN], bars[:, bar_loop.CLOSE])
        for place, told, known in (
            (bar_loop.HIGH, conditions.high, np.maximum(*ends)),
            (bar_loop.LOW, conditions.low, np.minimum(*ends)),
        ):
            bars[:, place] = known if told is None else np.rint(told * per_unit)
        fees = np.stack(
            [
                table[:, loop.RATES],
                table[:, loop.RATES + 3],
                table[:, loop.CLOSE_TODAY],
                table[:, loop.FLAT],
                table[:, loop.FLAT + 3],
                table[:, loop.TODAY_FLAT],
            ],
            axis=1,
        )
        return cls(conditions, frozen(bars), frozen(np.ascontiguousarray(fees)), frozen(rules))


def trade_bars(
    buy_below: FloatArray,
    sell_above: FloatArray,
    table: BarTable,
    capital: float,
    size: Size | None = None,
    *,
    against: bool = False,
) -> Books:
    """Run K books that are in the market from a bar's open to its close.

    Formula
        Column *t* holds two prices, decided after CLOSE(t): where OPEN(t+1) < `buy_below` the book goes long there,
        where OPEN(t+1) > `sell_above` short (with `against` short below and long above); out at CLOSE(t+1). Profit of a
        trade = side · (close − open) · multiplier · lots − slippage of both − fees of both.
    Shapes, units
        `buy_below`, `sell_above` ``[K, T]`` in the market's currency, the last column never acted on; `capital` in the
        currency.
    Known at
        As `Books`.
    Missing values
        NaN never trades on that side.
    Errors
        `SettingError` for a wrong shape, `buy_below` above `sell_above`, a size or capital out of range, or a stop in
        bars whose highs and lows nobody knows.

    >>> from tidegate.market.index_future import IndexFuture
    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=30, assets=1)
    >>> table = BarTable.of(IndexFuture().conditions(bars, "000001.SZ"))
    >>> never = np.full((1, 30), np.nan)
    >>> books = trade_bars(np.full((1, 30), 1e9), never, table, 1e8, Size(lots=1))
    >>> books.round_trips.tolist(), books.trades.tolist()
    ([29], [58])
    """
    raw = _run(buy_below, sell_above, table, capital, size or Size(), against=against, keep=False)
    totals = raw.totals
    nothing = frozen(np.zeros(len(totals)))
    return Books(
        times=table.conditions.times,
        capital=float(capital),
        equity=frozen(raw.equity),
        exposure=frozen(raw.held),
        trades=frozen(totals[:, loop.FILLS].copy()),
        unfilled=frozen(totals[:, loop.UNFILLED].copy()),
        round_trips=frozen(totals[:, loop.TRIPS].copy()),
        winning_trips=frozen(totals[:, loop.WINS].copy()),
        fees={name: frozen(totals[:, loop.SUM_COMMISSION] / raw.scale) if not k else nothing for k, name in _KINDS},
        slippage=frozen(totals[:, loop.SUM_SLIPPAGE] / raw.scale),
        bought=frozen(totals[:, loop.BOUGHT] / raw.scale),
        sold=frozen(totals[:, loop.SOLD] / raw.scale),
    )


_KINDS = tuple(enumerate(FEES))


def trade_bars_ledger(
    buy_below: FloatArray,
    sell_above: FloatArray,
    table: BarTable,
    capital: float,
    asset: str,
    size: Size | None = None,
    *,
    against: bool = False,
) -> Ledger:
    """Run one book as `trade_bars` does and keep every order, fill and line of it; wishes are ``[T]``.

    A condition that its open does not meet leaves no order. Known at, errors: as `trade_bars`.
    """
    below, above = buy_below[None, :], sell_above[None, :]
    raw = _run(below, above, table, capital, size or Size(), against=against, keep=True)
    return ledger_of_raw(raw, table.conditions, capital, asset)


def size_of(plan: BarPlan) -> Size:
    """How much each trade of a plan is, and what cuts it short; its sides are ``plan.below``, ``plan.above``.

    Known at
        As the plan.

    >>> from tidegate.strategy.within_bar import steadily
    >>> size_of(steadily(np.full(2, np.inf), np.full(2, np.nan), 0.5)).exposure.tolist()
    [[0.5, 0.5]]
    """
    return Size(exposure=plan.exposure[None], stop=plan.stop[None], fall=plan.fall, pause=plan.pause)


def _run(
    buy_below: FloatArray,
    sell_above: FloatArray,
    table: BarTable,
    capital: float,
    size: Size,
    *,
    against: bool,
    keep: bool,
) -> Raw:
    conditions = table.conditions
    bars = len(conditions.times)
    for wish in (buy_below, sell_above):
        if wish.ndim != 2 or wish.shape[1] != bars or wish.shape != buy_below.shape:  # noqa: PLR2004
            raise SettingError("wishes do not fit the bars", expected=f"[K, {bars}]", found=wish.shape)
    if bool((buy_below > sell_above).any()):
        raise SettingError("an open could be bought and sold", expected="buy_below ≤ sell_above")
    books = len(buy_below)
    wants, fixed = _wants(size, conditions, books), _fixed(size, capital, conditions)
    equity, held = np.empty((books, bars)), np.empty((books, bars))
    totals = np.zeros((books, loop.TOTALS), dtype=np.int64)
    lines = np.zeros((bars if keep else 0, 3), dtype=np.int64)
    events = np.zeros((3 * bars if keep else 1, loop.COLUMNS), dtype=np.int64)
    rows = bar_loop.walk_bars(
        (_read(buy_below), _read(sell_above)),
        wants,
        _read(conditions.open),
        table.bars,
        table.fees,
        table.rules,
        fixed,
        -1 if against else 1,
        (equity, held, totals, lines, events),
        np.zeros((books, bar_loop.STATE), dtype=np.int64),
    )
    money, ticks = scales(conditions)
    return Raw(equity, held, totals, lines, events[:rows], money, ticks)


def _wants(size: Size, conditions: Conditions, books: int) -> IntArray:
    """Exposures and distances of stops in millionths ``[K or 1, T or 1, 2]``, all in range."""
    bars, given = len(conditions.times), []
    for name, most in (("exposure", conditions.longest), ("stop", 1.0)):
        value = np.atleast_2d(np.asarray(getattr(size, name), dtype=np.float64))
        if value.shape[0] not in {1, books} or value.shape[1] not in {1, bars}:
            raise SettingError(f"the {name} of a size does not fit the bars", expected=f"[{books}, {bars}]",
                               found=value.shape)  # fmt: skip
        single = np.ndim(getattr(size, name)) == 0
        if not bool(((value >= 0) & (value <= most)).all()) or (name == "exposure" and single and not value.all()):
            raise SettingError(
                "a size is out of range",
                expected=f"lots ≥ 0, exposure in (0, {conditions.longest:g}], stop and fall in [0, 1], pause ≥ 0",
                found=f"{name} {value[~((value > 0) & (value <= most))][0]:g}",
            )
        given.append(np.rint(value * loop.MILLION).astype(np.int64))
    if bool(given[1].any()) and (conditions.high is None or conditions.low is None):
        raise SettingError("a stop needs the highs and lows of bars", expected="conditions with high and low",
                           found=None, hint="stop=0 without them")  # fmt: skip
    shape = np.broadcast_shapes(given[0].shape, given[1].shape)
    return frozen(np.ascontiguousarray(np.stack([np.broadcast_to(one, shape) for one in given], axis=2)))


def _fixed(size: Size, capital: float, conditions: Conditions) -> IntArray:
    """What is the same for every book and bar, in the loop's order."""
    if size.lots < 0 or not 0 <= size.fall <= 1 or size.pause < 0:
        raise SettingError("a size is out of range", expected="lots ≥ 0, fall in [0, 1], pause ≥ 0",
                           found=(size.lots, size.fall, size.pause))  # fmt: skip
    check_capital(capital, conditions)
    fall = round(size.fall * loop.MILLION)
    return frozen(np.array([size.lots, whole_money(capital, conditions), fall, size.pause], dtype=np.int64))


def _read(values: FloatArray) -> FloatArray:
    """Give the same numbers as the loop is compiled for: in one piece, read only."""
    return frozen(np.ascontiguousarray(values, dtype=np.float64).view())
