"""The exchange: what a market offers every asset in every bar, resolved once into plain arrays.

`Conditions` tells one asset's story to the timing loop; `Exchange` tells that of N assets to the portfolio loop, which
reads nothing else: prices in whole ticks, limits, corporate actions and dated fees, time-major, so that one bar's
cross-section is one stretch of memory. A market of one's own either fills these arrays itself or has them stacked from
its `Conditions`.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.market.alarms import Alarm
from tidegate.types.axes import FloatArray, IntArray, TimeArray, frozen, require

__all__ = ["DIVIDEND", "END", "FEE_COLUMNS", "NO_LIMIT", "REFERENCE", "SPLIT", "Actions", "Exchange", "Ticks"]

Ticks = NDArray[np.int32]
NO_LIMIT = int(np.iinfo(np.int32).max)
"""The upper limit where none holds; the lower one is then 0."""
FEE_COLUMNS = 12
"""Six rates (1e-8 of value), then six fees by quantity (1e-8 of a money unit a unit), each side (buy, sell) by kind
(commission, stamp duty, transfer fee)."""
REFERENCE, SPLIT, DIVIDEND, END = range(4)
"""Kinds of actions."""


class Actions(NamedTuple):
    """Corporate actions and ends of listing, in the order they happen; all before the open of their bar.

    Formula
        `REFERENCE`: shares × numerator / denominator (last close over reference price, in ticks), the fraction paid in
        cash at the reference price, so that equity does not move. `SPLIT`: shares × numerator / denominator, the
        fraction rounded as the account says. `DIVIDEND`: numerator / denominator of a money unit a share, credited at
        `pay`, due until then. `END`: the last mark × numerator / denominator is paid for every share.
    """

    bar: IntArray
    asset: IntArray
    kind: IntArray
    numerator: IntArray
    denominator: IntArray
    pay: IntArray
    """Bar at whose open cash is credited; from the bar of the action itself on."""

    @classmethod
    def none(cls) -> "Actions":
        """No action at all."""
        return cls(*(frozen(np.zeros(0, dtype=np.int64)) for _ in cls._fields))

    @classmethod
    def of(cls, rows: "list[tuple[int, int, int, int, int, int]]") -> "Actions":
        """Rows of (bar, asset, kind, numerator, denominator, pay), sorted by bar, then asset, then kind.

        Dividends come before splits: they are paid on the shares held the evening before.
        """
        ordered = sorted(rows, key=lambda row: (row[0], row[1], row[2] != DIVIDEND, *row[2:]))
        table = np.array(ordered, dtype=np.int64).reshape(-1, len(cls._fields))
        return cls(*(frozen(np.ascontiguousarray(column)) for column in table.T))


@dataclass(frozen=True)
class Exchange:
    """What N assets offer at each of T bars; every array is read-only.

    Shapes, units
        Prices ``int32 [T, N]`` in ticks, 0 where the asset has no bar (suspended, not listed); `vwap` is 0 besides
        where nothing was traded, or amount over volume is no price of the bar; `volume` in units.
        Money is counted in units of ``1 / money_scale`` of the currency; a tick of one unit of asset *n* is worth
        ``tick_value[n]`` of them.
    Known at
        `open`, `reference`, the limits and `actions` at OPEN(t); `high`, `low`, `close`, `vwap` and `volume` at
        CLOSE(t); fees are law and known before.
    """

    times: TimeArray
    session: IntArray
    """Trading day of each bar, as a counter: T+1 and close-today fees look at it."""
    assets: tuple[str, ...]
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    limit_up: Ticks
    limit_down: Ticks
    volume: NDArray[np.int64]
    vwap: Ticks | None
    """Amount over volume, rounded half-up to the tick; None where the data have no amounts."""
    actions: Actions
    tick: FloatArray
    """Ticks ``[N]`` in the currency."""
    tick_value: IntArray
    lot: IntArray
    """Step of a quantity ``[N]``."""
    minimum: IntArray
    """Smallest purchase, and smallest sale that leaves something ``[N]``."""
    waits: IntArray
    """1 where what was bought may be sold from the next session on, else 0 ``[N]``."""
    fees: IntArray
    """``[T, G, FEE_COLUMNS]`` for each of G groups of assets with equal fees."""
    group: IntArray
    """Group of each asset ``[N]``."""
    minimum_commission: int
    """Money units an order."""
    slippage_ticks: int
    money_scale: int
    shorts: bool
    """Whether more may be sold than is held. Everything is found to borrow; without `lending` a short position ties up
    no margin and pays nothing for it: its proceeds are cash, and nothing forces it closed."""
    currency: str
    stamps: tuple[str, ...]
    alarms: tuple[Alarm, ...] = ()
    """What data and rules do not agree on, counted over all bars; told among the stamps too."""
    lending: IntArray | None = None
    """What short positions are lent at ``[T, 3]``, in 1e-8 of the value sold short: margin asked when more is sold,
    equity below which a close calls for margin, and the fee due at each bar for the days since the session before."""
    counted: bool = True
    """Whether `volume` counts units; where it does not, no order can be capped by its share of it."""

    def __post_init__(self) -> None:
        bars, names = len(self.times), len(self.assets)
        for name in ("open", "high", "low", "close", "limit_up", "limit_down"):
            held = getattr(self, name)
            require(
                holds=held.shape == (bars, names) and held.dtype == np.int32,
                what=f"{name} does not fit the axes",
                expected=f"int32 [{bars}, {names}]",
                found=f"{held.dtype} {held.shape}",
            )
        require(holds=self.volume.shape == (bars, names), what="volume does not fit the axes", found=self.volume.shape)
        for name in ("tick", "tick_value", "lot", "minimum", "waits", "group"):
            require(holds=getattr(self, name).shape == (names,), what=f"{name} needs one number an asset")
        require(
            holds=self.fees.ndim == 3 and self.fees.shape[::2] == (bars, FEE_COLUMNS),  # noqa: PLR2004
            what="fees do not fit the axes",
            expected=f"[{bars}, G, {FEE_COLUMNS}]",
            found=self.fees.shape,
        )
        require(holds=self.money_scale % 100 == 0, what="a cent is not a whole number of money units")
        require(holds=len(set(self.assets)) == names, what="two assets have one name")

    @cached_property
    def order(self) -> IntArray:
        """Place of each asset in the order of names ``[N]``: what breaks ties, so columns may come in any order."""
        places = np.empty(len(self.assets), dtype=np.int64)
        places[sorted(range(len(places)), key=self.assets.__getitem__)] = np.arange(len(places))
        return frozen(places)

    def __len__(self) -> int:
        return len(self.times)

    def until(self, end: int) -> "Exchange":
        """Bars before `end` alone: what follows can change nothing in them."""
        return self.between(0, end)

    def between(self, first: int, end: int) -> "Exchange":
        """Bars ``first … end - 1``; actions move with them, and cash due later than `end` is never credited."""
        require(holds=0 <= first < end <= len(self), what="bars outside the exchange", found=(first, end))
        inside = (self.actions.bar >= first) & (self.actions.bar < end)
        bar, asset, kind, numerator, denominator, pay = (column[inside] for column in self.actions)
        moved = Actions(*map(frozen, (bar - first, asset, kind, numerator, denominator, pay - first)))
        return self._each(lambda held: held[first:end], ("times", "session", "fees", "lending", *_CELLS), actions=moved)

    def permuted(self, order: IntArray) -> "Exchange":
        """The same exchange with its assets in another order."""
        places = np.empty(len(order), dtype=np.int64)
        places[order] = np.arange(len(order))
        bar, asset, *rest = self.actions
        moved = Actions(bar, frozen(places[asset]), *rest)
        by_asset = self._each(lambda held: held[:, order], _CELLS, actions=moved)
        names = tuple(self.assets[place] for place in order)
        return by_asset._each(lambda held: held[order], _BY_ASSET, assets=names)  # noqa: SLF001

    def without_costs(self) -> "Exchange":
        """Give the same exchange before costs, without fees and slippage: the gross beside the net."""
        return replace(self, fees=frozen(np.zeros_like(self.fees)), minimum_commission=0, slippage_ticks=0)

    def without_slippage(self) -> "Exchange":
        """Give the same exchange with fees alone."""
        return replace(self, slippage_ticks=0)

    def _each(self, change: Any, names: tuple[str, ...], **more: Any) -> "Exchange":
        known = {field.name for field in fields(self)}
        changes: dict[str, Any] = {
            name: frozen(np.ascontiguousarray(change(held)))
            for name in names
            if name in known and (held := getattr(self, name)) is not None
        }
        return replace(self, **changes, **more)


_CELLS = ("open", "high", "low", "close", "limit_up", "limit_down", "volume", "vwap")
_BY_ASSET = ("tick", "tick_value", "lot", "minimum", "waits", "group")
