"""A market in which everything can be had at its price: a published mistake, for comparison."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tidegate.market.base import Conditions, Market
from tidegate.market.exchange import NO_LIMIT, Exchange
from tidegate.market.instruments import Instruments
from tidegate.types.axes import BoolArray, IntArray, frozen
from tidegate.types.bars import Bars

__all__ = ["ImpossibleFills"]


class ImpossibleFills(Market):
    """The market `inner` without price limits, and with a bar for every session that a share was suspended.

    What opens at its limit is bought and sold there all the same. In a session without a bar, open, high, low and close
    are the last close, and the volume is the last volume; from an asset's first bar to its last.

    Known at
        As `inner`; what stands in a session without a bar was known at the close before it. That there is one at all,
        and not the end of the listing, only time tells: such a market is never lawful.
    Errors
        As `inner`.

    >>> from tidegate.market.a_share import AShare
    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=30, assets=2)
    >>> made = ImpossibleFills(inner=AShare()).exchange(bars)
    >>> int(made.limit_down.max()), bool((made.limit_up == made.limit_up.max()).all())
    (0, True)
    """

    name: ClassVar[str] = "impossible-fills"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "stock"
    mistake: ClassVar[str] = "MISTAKE: fills beyond price limits and during suspensions, which nobody could have had."
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "a-share"}}

    inner: Market = Field(description="the market whose limits and suspensions are passed over")

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Those of `inner`, every bar open to both sides."""
        held = self.inner.conditions(bars, asset)
        free = frozen(np.ones(len(held.times), dtype=bool))
        return replace(held, can_buy_open=free, can_sell_open=free, limit_up=None, limit_down=None, suspended=None)

    def exchange(self, bars: Bars, *, instruments: Instruments | None = None) -> Exchange:
        """That of `inner`, with every limit lifted and every hole filled."""
        held = self.inner.exchange(bars, instruments=instruments)
        last, hole = _holes(held.close > 0)

        def filled(cells: NDArray[Any], by: NDArray[Any]) -> NDArray[Any]:
            return frozen(np.where(hole, np.take_along_axis(by, last, axis=0), cells))

        prices: dict[str, Any] = {
            name: filled(getattr(held, name), held.close) for name in ("open", "high", "low", "close")
        }
        if held.vwap is not None:
            prices["vwap"] = filled(held.vwap, held.close)
        return replace(
            held,
            **prices,
            volume=filled(held.volume, held.volume),
            limit_up=frozen(np.full_like(held.limit_up, NO_LIMIT)),
            limit_down=frozen(np.zeros_like(held.limit_down)),
        )


def _holes(there: BoolArray) -> tuple[IntArray, BoolArray]:
    """The last bar of each asset by each time ``[T, N]``, and where it has none between its first and its last."""
    places = np.where(there, np.arange(len(there))[:, None], -1)
    last = np.maximum.accumulate(places, axis=0)
    end = places.max(axis=0)
    return np.maximum(last, 0), ~there & (last >= 0) & (np.arange(len(there))[:, None] <= end)
