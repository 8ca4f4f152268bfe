"""A market that fills at a price of the bar that decided: a public mistake, for comparison."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.market.base import Conditions, Market
from tidegate.market.exchange import Exchange
from tidegate.market.instruments import Instruments
from tidegate.market.stacking import stacked
from tidegate.types.axes import frozen
from tidegate.types.bars import Bars

__all__ = ["EarlyFills"]


class EarlyFills(Market):
    """The market `inner`, where what is decided after the close of *t* is filled at a price of *t*, a bar too early.

    At its ``close``: the price that the decision was made of is the price that is paid. At its ``open``: the move of
    the bar that decided is earned as well, as by a position that multiplies the return of its own bar.

    Known at
        As `inner`; the prices are past, and nothing of the future moves them: what is wrong is that they were over.
    Errors
        As `inner`.
    Source
        The monthly documents buy at the month's last close; public environments fill an action at the close that was
        observed, and public backtests forget to move positions by a bar.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> from tidegate.market.frictionless_index import FrictionlessIndex
    >>> bars = NoiseWorld(sessions=10, seed=1).bars()
    >>> made = EarlyFills(inner=FrictionlessIndex(), at="close").conditions(bars, "noise")
    >>> bool((made.open[1:] == bars.column("close")[:-1]).all())
    True
    """

    name: ClassVar[str] = "early-fills"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "index"
    mistake: ClassVar[str] = "MISTAKE: fills at a price of the bar that decided, which was over by then."
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "frictionless"}, "at": "close"}

    inner: Market = Field(description="the market whose fills come a bar early")
    at: Literal["close", "open"] = Field(description="the price of the deciding bar that is paid")

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Those of `inner`, each open that of a price of the bar before, without limits; the first bar stays."""
        held = self.inner.conditions(bars, asset)
        paid = held.close if self.at == "close" else held.open
        early = np.concatenate([held.open[:1], paid[:-1]])
        free = frozen(np.ones(len(held.times), dtype=bool))
        return replace(held, open=frozen(early), can_buy_open=free, can_sell_open=free, limit_up=None, limit_down=None)

    def exchange(self, bars: Bars, *, instruments: Instruments | None = None) -> Exchange:
        """Those conditions, asset by asset."""
        return stacked(self.conditions, bars, instruments)
