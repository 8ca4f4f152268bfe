"""Conditions → exchange: each asset's story laid on one axis of time, so that any market serves many assets.

The slow way, one asset after another, and the meaning of the fast ones: a market that fills an `Exchange` itself must
fill it with the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import DataError, SettingError
from tidegate.market.alarms import Alarm, alarm, merged
from tidegate.market.base import RATE_UNIT, Conditions
from tidegate.market.exchange import END, FEE_COLUMNS, NO_LIMIT, REFERENCE, Actions, Exchange, Ticks
from tidegate.market.instruments import Instruments
from tidegate.market.prices import nearest_tick
from tidegate.types.axes import BoolArray, FloatArray, IntArray, frozen
from tidegate.types.bars import Bars
from tidegate.types.ledger import FEES

__all__ = [
    "ODD_AVERAGE",
    "end_stamps",
    "ends",
    "int32_ticks",
    "limits_with_bans",
    "session_axis",
    "stacked",
    "volume_stamps",
    "volume_step",
    "whole_average",
]

_CENTS = 100
_FEES = tuple(f"{kind}_{side}" for side in ("buy", "sell") for kind in FEES)
_COMMON = ("minimum_commission", "slippage_ticks", "money_unit", "currency")
_CELLS = ("open", "high", "low", "close", "limit_up", "limit_down")
_VOLUME_UNITS = {"shares": 1, "units": 1, "contracts": 1, "lots": 100, "10k shares": 10_000, "10k lots": 1_000_000}
_UNTOLD = {
    "listed": "The instruments tell no listings: first days show only by opens beyond the limits.",
    "delisting": "The instruments tell no delisting periods: the limits before them are taken to go on.",
    "issue_price": "The instruments tell no issue prices: a first day without a reference price has no limits.",
}
ODD_AVERAGE = "amount over volume lies outside low to high (units, or a wrong number); no average price is known there"
"""What an alarm says of such bars."""


def session_axis(bars: Bars) -> tuple[NDArray[np.datetime64], IntArray]:
    """Trading day of each bar of the union of times ``[T]``, as dates and as a counter.

    Errors
        `DataError` where two assets put one time into different sessions, or sessions go back in time.
    """
    days = bars.frame.group_by("time").agg(pl.col("session").min(), last=pl.col("session").max()).sort("time")
    odd = days.filter(pl.col("session") != pl.col("last"))
    if odd.height:
        raise DataError("two assets put one bar into different sessions", where=odd["time"][0])
    dates = days["session"].to_numpy().astype("datetime64[D]")
    steps = np.diff(dates).astype(np.int64)
    if bool((steps < 0).any()):
        raise DataError("trading days go back in time", where=dates[1:][steps < 0][0])
    return dates, np.concatenate([[0], np.cumsum(steps > 0)]).astype(np.int64)


def limits_with_bans(
    limits: tuple[IntArray, IntArray], opens: IntArray, can_buy: BoolArray, can_sell: BoolArray
) -> tuple[IntArray, IntArray]:
    """Limits that forbid at the open what the market forbids there, with or without a price to show for it.

    What is above every price that fits is `NO_LIMIT`.
    """
    up = np.where(can_buy, np.maximum(limits[0], opens + 1), np.minimum(limits[0], opens))
    down = np.where(can_sell, np.minimum(limits[1], opens - 1), np.maximum(limits[1], opens))
    return np.minimum(up, NO_LIMIT), np.minimum(down, NO_LIMIT)


def whole_average(
    amount: FloatArray, volume: FloatArray, tick: float, low: IntArray, high: IntArray
) -> tuple[IntArray, BoolArray]:
    """Amount over volume in whole ticks, and where that is no price of the bar.

    Formula
        Half-up, and kept between low and high where it lies no more than a tick outside.
    Missing values
        0 without volume or amount, and where the average lies further outside.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        price = amount / volume
    known = np.isfinite(price) & (price > 0)
    ticks = np.zeros(len(price), dtype=np.int64)
    ticks[known] = nearest_tick(np.minimum(price[known], tick * NO_LIMIT), tick)
    odd: BoolArray = known & ((ticks > high + 1) | (ticks < low - 1))
    return np.where(known & ~odd, np.clip(ticks, low, high), 0), odd


def volume_step(bars: Bars) -> int:
    """How many units one of the bars' volume is; 0 where that is not known, or there is no volume."""
    return _VOLUME_UNITS.get(bars.spec.volume_unit, 0) if bars.has("volume") else 0


def volume_stamps(bars: Bars) -> tuple[str, ...]:
    """Say that the unit of volume is not known where it is not."""
    if volume_step(bars) or not bars.has("volume"):
        return ()
    unit = bars.spec.volume_unit
    return (f"The unit of volume is not known ({unit}): no average prices, and no cap on the share of volume.",)


def int32_ticks(prices: IntArray, where: str) -> Ticks:
    """Prices in whole ticks as an exchange holds them; raises `DataError` where one does not fit."""
    largest = int(prices.max(initial=0))
    if largest >= NO_LIMIT:
        raise DataError("a price has too many ticks", expected=f"below {NO_LIMIT}", found=largest, where=where)
    return prices.astype(np.int32)


def ends(
    instruments: Instruments | None, assets: tuple[str, ...], dates: NDArray[np.datetime64], recovery: float
) -> list[tuple[int, int, int, int, int, int]]:
    """Rows of `END` actions at the first bar after each asset's last session; `recovery` of the last mark is paid."""
    if instruments is None:
        return []
    gone = instruments.ends(assets, dates)
    paid = round(recovery * RATE_UNIT)
    return [
        (int(gone[place]), int(place), END, paid, RATE_UNIT, int(gone[place]))
        for place in np.flatnonzero(gone < len(dates))
    ]


def end_stamps(instruments: Instruments | None, recovery: float) -> tuple[str, ...]:
    """Say what is paid for what is gone, and that listing dates are missing where they are."""
    if instruments is None:
        return (
            "No instruments: first days after listing show only by opens beyond the limits.",
            "What is gone from the exchange keeps its last price: its last session is not known.",
        )
    told = [f"What is gone from the exchange pays {recovery:g} of its last price after its last session (a setting)."]
    for column, words in _UNTOLD.items():
        if instruments.frame[column].null_count() == len(instruments):
            told.append(words)
    return tuple(told)


@dataclass(frozen=True)
class _One:
    """One asset's cells at its own places of the axis."""

    place: IntArray
    cells: dict[str, Ticks]
    volume: IntArray
    average: IntArray | None
    fees: IntArray
    actions: list[tuple[int, int, int, int, int, int]]
    counted: bool
    alarms: list[Alarm]


def stacked(
    conditions: Callable[[Bars, str], Conditions],
    bars: Bars,
    instruments: Instruments | None = None,
    recovery: float = 0.0,
) -> Exchange:
    """Stack every asset's `Conditions` on the union of their times.

    Formula
        A bar that an asset lacks, or has suspended, has price 0. A reference price that differs from the last close of
        the asset's last traded bar, in another session, is a `REFERENCE` action. High, low, volume and average price
        are the bars' own where the market's prices are; else (proxies) high and low are those of open and close.

    Errors
        `SettingError` for a market of fractions or of margins, or assets that differ in what an exchange has once.
    """
    dates, session = session_axis(bars)
    assets, times = bars.assets, bars.times
    shape = (len(times), len(assets))
    told = [conditions(bars, asset) for asset in assets]
    _check(told, assets)
    cells = {name: np.zeros(shape, dtype=np.int32) for name in _CELLS}
    cells["limit_up"] += NO_LIMIT
    volume, average = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int32)
    averaged, counted, alarms = bars.has("amount"), True, []
    fees, group = _Groups(len(times)), np.zeros(len(assets), dtype=np.int64)
    actions = ends(instruments, assets, dates, recovery)
    for n, (asset, held) in enumerate(zip(assets, told, strict=True)):
        one = _one(bars, asset, held, np.searchsorted(times, held.times).astype(np.int64), n)
        for name, values in one.cells.items():
            cells[name][one.place, n] = values
        volume[one.place, n] = one.volume
        averaged, counted = averaged and one.average is not None, counted and one.counted
        alarms += [list(held.alarms), one.alarms]
        average[one.place, n] = 0 if one.average is None else one.average
        group[n] = fees.place(one.place, one.fees)
        actions += one.actions
    notes = [*(note for held in told for note in held.stamps), *volume_stamps(bars)]
    seen = merged(alarms)
    scale = round(1 / told[0].money_unit)
    worth = [divmod(scale * held.multiplier, round(1 / held.tick)) for held in told]
    if any(rest for _, rest in worth) or scale % _CENTS:
        raise SettingError(
            "a tick is not a whole number of money units, or a cent is not",
            found=(told[0].tick, told[0].money_unit),
            hint="make money_unit smaller: 0.001 for ticks of 0.001",
        )

    def by_asset(values: "list[int]") -> IntArray:
        return frozen(np.array(values, dtype=np.int64))

    return Exchange(
        times=frozen(times),
        session=frozen(session),
        assets=assets,
        open=frozen(cells["open"]),
        high=frozen(cells["high"]),
        low=frozen(cells["low"]),
        close=frozen(cells["close"]),
        limit_up=frozen(cells["limit_up"]),
        limit_down=frozen(cells["limit_down"]),
        volume=frozen(volume),
        vwap=frozen(average) if averaged else None,
        actions=Actions.of(actions),
        tick=frozen(np.array([held.tick for held in told])),
        tick_value=by_asset([value for value, _ in worth]),
        lot=by_asset([held.lot for held in told]),
        minimum=by_asset([held.minimum_quantity or held.lot for held in told]),
        waits=by_asset([int(held.settlement_days > 0) for held in told]),
        fees=frozen(fees.table()),
        group=frozen(group),
        minimum_commission=told[0].minimum_commission,
        slippage_ticks=told[0].slippage_ticks,
        money_scale=scale,
        shorts=any(held.shortest < 0 for held in told),
        currency=told[0].currency,
        stamps=tuple(dict.fromkeys((*notes, *end_stamps(instruments, recovery), *(one.told for one in seen)))),
        alarms=seen,
        counted=counted,
    )


def _check(told: list[Conditions], assets: tuple[str, ...]) -> None:
    for held, asset in zip(told, assets, strict=True):
        if not held.exact or held.margined:
            raise SettingError(
                "this market has no exchange of many assets",
                expected="whole ticks, paid in full",
                found="fractions of a unit" if not held.exact else "positions on margin",
                where=asset,
            )
        for name in _COMMON:
            if getattr(held, name) != getattr(told[0], name):
                raise SettingError(
                    f"assets of one exchange differ in {name}",
                    expected=f"{getattr(told[0], name)} ({assets[0]})",
                    found=getattr(held, name),
                    where=asset,
                )


def _one(bars: Bars, asset: str, held: Conditions, place: IntArray, n: int) -> _One:
    per_unit = round(1 / held.tick)
    own = bars.frame.filter(pl.col("asset") == asset)

    def ticks(prices: FloatArray) -> IntArray:
        return np.rint(np.nan_to_num(prices) * per_unit).astype(np.int64)

    def column(name: str) -> FloatArray:
        return own[name].cast(pl.Float64).fill_null(0.0).to_numpy()

    open_, close = ticks(held.open), ticks(held.close)
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    itself = bool((np.abs(column("open") - held.open) < held.tick).all())
    if itself:
        high = np.maximum(nearest_tick(column("high"), held.tick), high)
        low = np.minimum(nearest_tick(column("low"), held.tick), low)
    limits = [np.full(len(open_), NO_LIMIT), np.zeros(len(open_), dtype=np.int64)]
    for side, prices in enumerate((held.limit_up, held.limit_down)):
        if prices is not None:
            limits[side] = np.where(np.isfinite(prices), ticks(prices), limits[side])
    trades = np.ones(len(open_), dtype=bool) if held.suspended is None else ~held.suspended
    up, down = limits_with_bans((limits[0], limits[1]), open_, held.can_buy_open, held.can_sell_open)
    step = volume_step(bars) if itself else 0
    counted = step * column("volume") if step else np.zeros(len(open_))
    average, alarms = None, []
    if step and "amount" in own.columns:
        average, odd = whole_average(column("amount"), counted, held.tick * held.multiplier, low, high)
        alarms = alarm(ODD_AVERAGE, odd & trades, lambda row: f"{asset} {own['session'][row]}")
    fees = np.zeros((len(open_), FEE_COLUMNS), dtype=np.int64)
    for k, name in enumerate(_FEES):
        shared = name.removesuffix("_buy").removesuffix("_sell")
        for offset, table in ((0, held.rates), (FEE_COLUMNS // 2, held.per_share)):
            scale = 1 if offset == 0 else round(1 / held.money_unit)
            fees[:, offset + k] = np.multiply(table.get(name, table.get(shared, 0)), scale)
    cells = {name: values[trades] for name, values in zip(_CELLS, (open_, high, low, close, up, down), strict=True)}
    return _One(
        place=place[trades],
        cells={
            name: values.astype(np.int32) if name in _CELLS[4:] else int32_ticks(values, f"{name} of {asset}")
            for name, values in cells.items()
        },
        volume=np.rint(counted[trades]).astype(np.int64),
        average=None if average is None else average[trades],
        fees=fees[trades],
        actions=_references(held, ticks, close, trades, place, n),
        counted=step > 0,
        alarms=alarms,
    )


def _references(
    held: Conditions,
    ticks: Callable[[FloatArray], IntArray],
    close: IntArray,
    trades: BoolArray,
    place: IntArray,
    n: int,
) -> list[tuple[int, int, int, int, int, int]]:
    """Rows of `REFERENCE` actions: the reference of a session's first bar against the last traded close before it."""
    if held.reference is None:
        return []
    starts = np.maximum.accumulate(
        np.where(np.concatenate([[True], np.diff(held.session) != 0]), np.arange(len(close)), 0)
    )
    given = ticks(held.reference)[starts][trades]
    last, days, bar = close[trades], held.session[trades], place[trades]
    moved = np.flatnonzero((days[1:] != days[:-1]) & (given[1:] > 0) & (given[1:] != last[:-1])) + 1
    return [(int(bar[k]), n, REFERENCE, int(last[k - 1]), int(given[k]), int(bar[k])) for k in moved]


class _Groups:
    """Assets whose fees agree wherever both have bars share one group."""

    def __init__(self, bars: int) -> None:
        self.bars = bars
        self.held: list[tuple[IntArray, BoolArray]] = []

    def place(self, bar: IntArray, fees: IntArray) -> int:
        """Find the group that agrees, or open one."""
        agrees = (
            number
            for number, (rows, known) in enumerate(self.held)
            if bool((rows[bar[known[bar]]] == fees[known[bar]]).all())
        )
        number = next(agrees, len(self.held))
        if number == len(self.held):
            self.held.append((np.zeros((self.bars, FEE_COLUMNS), dtype=np.int64), np.zeros(self.bars, dtype=bool)))
        rows, known = self.held[number]
        rows[bar], known[bar] = fees, True
        return number

    def table(self) -> IntArray:
        """All groups ``[T, G, FEE_COLUMNS]``; zeros where no asset of a group has a bar."""
        return np.ascontiguousarray(np.stack([rows for rows, _ in self.held], axis=1))
