"""The index itself, as published: nobody can buy it, and it costs nothing."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.market.base import Conditions, Market
from tidegate.market.prices import own_bars
from tidegate.types.axes import frozen
from tidegate.types.bars import Bars

__all__ = ["FrictionlessIndex"]


class FrictionlessIndex(Market):
    """Any fraction of a unit at any open, without fees, limits, lots or waiting: index returns, nothing more.

    Works for any bars; prices are adjusted (`Bars.adjustment`). The stamp says that nobody can trade like this.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> bars = NoiseWorld(sessions=10, seed=1).bars()
    >>> FrictionlessIndex().conditions(bars, "noise").exact
    False
    """

    name: ClassVar[str] = "frictionless"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "index"

    short: bool = Field(default=True, description="whether exposures down to -1 are allowed")

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Prices as published, adjusted."""
        own = own_bars(bars, asset)
        factor = bars.adjustment[(bars.frame["asset"] == asset).to_numpy()]
        open_, close = own.column("open") * factor, own.column("close") * factor
        free = np.ones(len(own.times), dtype=bool)
        suspended = own.suspended
        if suspended is not None:
            free &= ~suspended
        return Conditions(
            times=frozen(own.times),
            session=frozen(own.session),
            open=frozen(open_),
            close=frozen(close),
            can_buy_open=frozen(free),
            can_sell_open=frozen(free),
            exact=False,
            money_unit=0.0,
            lot=1,
            multiplier=1,
            settlement_days=0,
            margin_rate=1.0,
            rates={},
            per_share={},
            minimum_commission=0,
            tick=0.0,
            shortest=-1.0 if self.short else 0.0,
            suspended=suspended,
            currency=bars.spec.currency,
            stamps=("Frictionless: no costs, lots or limits, as published; nobody can trade like this.",),
        )
