"""What a strategy over many assets sees at a close, and the orders it gives for the next bar.

The same facts in two forms: `Seen` is what a compiled decision reads, a bar at a time, so that it has no array in which
the future could be looked up; `View` is the same for a strategy written in plain Python.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.types.axes import FloatArray, IntArray

__all__ = ["ORDER_COLUMNS", "FillAt", "Order", "Seen", "View"]

ORDER_COLUMNS = 5
"""Asset, signed quantity, where to fill, price, reason: a row of a compiled decision's orders."""


class FillAt(IntEnum):
    """Where in the next bar an order is filled, in the order in which it happens."""

    OPEN = 0
    LIMIT = 1
    """At the order's own price or better, if the bar trades through it."""
    VWAP = 2
    """At the bar's amount over volume: what patient trading over the bar would have paid on average."""
    CLOSE = 3


class Order(NamedTuple):
    """One order for the next bar; what it leaves unfilled at that bar's close is dead.

    Units
        `quantity` in units of the asset, negative to sell. `price`: for `LIMIT` its limit, in ticks; for `OPEN` a
        condition that the open itself must meet, in ticks: ``+p`` only above *p*, ``-p`` only below it, 0 none; for
        `CLOSE`, any number but 0 says that the order only ends what is held: it never goes beyond flat.
    """

    asset: int
    quantity: int
    at: FillAt = FillAt.OPEN
    price: int = 0
    reason: int = 0
    """Place among the strategy's `reasons`."""


class Seen(NamedTuple):
    """What is known after CLOSE(bar), as a compiled decision reads it; money in money units, prices in ticks."""

    bar: int
    """Bars since the book began."""
    cash: int
    due: int
    """Dividends on their way."""
    equity: int
    owned: int
    """How many of `held` are meant."""
    stays: int
    """1 where the next bar belongs to the same session, so that what is locked stays locked; else 0."""
    gate: float
    """What the gate said after this close; 1 where there is none."""
    score: FloatArray
    """``[N]``, NaN where nothing is said, -inf where the asset is not in the universe."""
    second: FloatArray
    """``[N]``, a further number an asset where the strategy asks for one; else empty."""
    close: NDArray[np.int32]
    """``[N]``, 0 where the asset had no bar."""
    mark: IntArray
    """Last known price ``[N]`` of what is held, adjusted for what happened since; it says nothing of other assets."""
    shares: IntArray
    locked: IntArray
    """Of `shares`, those bought in this session, where they wait for the next."""
    since: IntArray
    """Bar in which a position was last added to ``[N]``, -1 before the first; it stays when a position is closed."""
    held: IntArray
    """Places of the assets that are held: the first `owned`."""
    tick: FloatArray
    """Ticks ``[N]`` in the currency."""
    tick_value: IntArray
    """What a tick of one unit is worth ``[N]``."""
    lot: IntArray
    minimum: IntArray
    order: IntArray
    """Place of each asset in the order of names ``[N]``: what breaks ties, whatever the order of columns."""
    numbers: FloatArray
    """The strategy's settings, in the order it declares."""
    memory: FloatArray
    """The strategy's own notes ``[N + 16]``, one an asset and 16 of the book: zeros at first, kept from bar to bar."""
    key: FloatArray
    place: IntArray
    """Scratch ``[N]``."""


@dataclass(frozen=True)
class View:
    """What is known after CLOSE(t), for a strategy written in Python; every array is a read-only row over N assets.

    Known at
        CLOSE(t); nothing in it is later.
    Units
        Money (`cash`, `due`, `equity`) and `close`, `mark` in the currency; `ticks` in ticks; quantities in units.
    Missing values
        `score` NaN where nothing is said, -inf where the asset is not in the universe; `close` NaN and `ticks` 0 where
        it had no bar.
    """

    bar: int
    time: np.datetime64
    assets: tuple[str, ...]
    cash: float
    due: float
    equity: float
    gate: float
    score: FloatArray
    second: FloatArray
    close: FloatArray
    ticks: NDArray[np.int32]
    mark: FloatArray
    shares: IntArray
    sellable: IntArray
    """What may be sold in the next bar: not what waits for a session that is yet to come."""
    since: IntArray
    held: IntArray
    """Places of the assets held, in the order they were first bought."""
    lot: IntArray
    minimum: IntArray
    seen: Seen
    """The same as compiled decisions read it."""

    def left(self, asset: int) -> bool:
        """Whether an asset has left the universe: a score of -inf, with a bar, so that it can be sold."""
        return bool(self.score[asset] == -np.inf and self.ticks[asset] > 0)

    def judges(self, asset: int) -> bool:
        """Whether a score says anything of a holding: what has left the universe ranks below all, NaN says nothing."""
        return bool(self.score[asset] > -np.inf) or self.left(asset)
