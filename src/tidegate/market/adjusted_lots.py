"""A market in which lots are counted on adjusted prices: a published mistake, for comparison."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tidegate.market.base import Conditions, Market
from tidegate.market.exchange import END, NO_LIMIT, Actions, Exchange
from tidegate.market.instruments import Instruments
from tidegate.types.axes import FloatArray, frozen
from tidegate.types.bars import Bars

__all__ = ["AdjustedLots"]

_PRICES = ("open", "high", "low", "close", "limit_up", "limit_down")


class AdjustedLots(Market):
    """The market `inner` with every price times the share's adjustment: what was split tenfold costs ten times as much.

    A lot of 100 is then a lot of 100 · adjustment real shares, the smallest fee is a smaller one, and dividends and
    splits, which lie in the adjustment already, change no holding. Volumes stay what they were, so that a cap on them
    is met ten times as late. Prices are rounded to the tick.

    Known at
        As `inner`: the adjustment of a bar is known at its open.
    Errors
        As `inner`.

    >>> from tidegate.market.a_share import AShare
    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=30, assets=2)
    >>> made = AdjustedLots(inner=AShare()).exchange(bars)
    >>> len(made.actions.bar), made.assets == bars.assets
    (0, True)
    """

    name: ClassVar[str] = "adjusted-lots"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "stock"
    mistake: ClassVar[str] = "MISTAKE: lots, fees and volumes are counted on adjusted prices, which nobody ever paid."
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "a-share"}}

    inner: Market = Field(description="the market whose prices are adjusted")

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Those of `inner` at adjusted prices, without corporate actions."""
        held = self.inner.conditions(bars, asset)
        factor = bars.adjustment[(bars.frame["asset"] == asset).to_numpy()]

        def scaled(prices: FloatArray | None) -> FloatArray | None:
            if prices is None:
                return None
            ticks = np.maximum(np.rint(prices * factor / held.tick), 1.0)  # a missing limit stays missing
            return frozen(np.round(ticks * held.tick, 10))

        told = {name: scaled(getattr(held, name)) for name in ("open", "close", "mark", "limit_up", "limit_down")}
        return replace(held, **told, reference=None)  # type: ignore[arg-type]

    def exchange(self, bars: Bars, *, instruments: Instruments | None = None) -> Exchange:
        """That of `inner` at adjusted prices, without corporate actions but the ends of listings."""
        held = self.inner.exchange(bars, instruments=instruments)
        factor = np.ones(held.close.shape)
        factor[bars.places, np.repeat(np.arange(len(bars.assets)), np.diff(bars.offsets))] = bars.adjustment

        def scaled(ticks: NDArray[np.int32]) -> NDArray[np.int32]:
            priced = (ticks > 0) & (ticks < NO_LIMIT)
            return frozen(np.where(priced, np.maximum(np.rint(ticks * factor), 1), ticks).astype(np.int32))

        ends = held.actions.kind == END
        prices: dict[str, Any] = {name: scaled(getattr(held, name)) for name in _PRICES}
        return replace(
            held,
            **prices,
            vwap=None if held.vwap is None else scaled(held.vwap),
            actions=Actions(*(frozen(column[ends]) for column in held.actions)),
        )
