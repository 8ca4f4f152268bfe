"""Markets and sources that leak into a study, and clean ones beside them; `studies` puts them there."""

from dataclasses import replace
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from tidegate.data.source import Source
from tidegate.data.stock_world import StockWorld
from tidegate.data.worlds import NoiseWorld
from tidegate.market.base import Conditions, Market
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.instruments import Instruments
from tidegate.types.axes import frozen
from tidegate.types.bars import Bars

# ------------------------------------------------------------------------------------------------ markets


class _Wrapped(Market):
    """What the frictionless market says, with something changed."""

    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "index"

    def _plain(self, bars: Bars, asset: str) -> tuple[Bars, Conditions]:
        own = Bars.of(bars.frame.filter(pl.col("asset") == asset), bars.spec)
        return own, FrictionlessIndex().conditions(bars, asset)


class AtTheLow(_Wrapped):
    """Orders for the open are filled at the low of the day."""

    name: ClassVar[str] = "leaky-at-the-low"

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Give the low as the open."""
        own, plain = self._plain(bars, asset)
        return replace(plain, open=frozen(own.column("low").copy()))


class WorseByYesterdaysRange(_Wrapped):
    """Orders for the open are filled worse by a tenth of yesterday's range."""

    name: ClassVar[str] = "fair-yesterdays-range"

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Shift the range by a bar."""
        own, plain = self._plain(bars, asset)
        spread = np.append(0.0, (own.column("high") / own.column("low") - 1)[:-1])
        return replace(plain, open=frozen(own.column("open") * (1 + spread / 10)))


class AtTheSameClose(_Wrapped):
    """Orders for the open are filled at the close of that bar."""

    name: ClassVar[str] = "leaky-at-the-close"

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Give the close as the open."""
        own, plain = self._plain(bars, asset)
        return replace(plain, open=frozen(own.column("close").copy()))


class NoLosers(_Wrapped):
    """Nothing can be bought at the open of days that fall by more than a percent."""

    name: ClassVar[str] = "leaky-no-losers"

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Look at the close before it buys."""
        own, plain = self._plain(bars, asset)
        return replace(plain, can_buy_open=frozen(own.column("close") > own.column("open") * 0.99))


class NoGaps(_Wrapped):
    """Nothing can be bought at an open that lies more than a percent below the last close."""

    name: ClassVar[str] = "fair-no-gaps"

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Look at the open, and at the close before it."""
        own, plain = self._plain(bars, asset)
        before = np.append(own.column("open")[0], own.column("close")[:-1])
        return replace(plain, can_buy_open=frozen(own.column("open") > before * 0.99))


class FeesByAllVolume(Market):
    """A fund's rules, with a commission by the mean volume of all time."""

    name: ClassVar[str] = "leaky-fees"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "fund"

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Average the whole column."""
        plain = EtfProxy().conditions(bars, asset)
        rate = np.full(len(plain.times), int(bars.column("volume").mean() / 1000), dtype=np.int64)
        return replace(plain, rates={"commission_buy": frozen(rate), "commission_sell": frozen(rate)})


class FeesByYesterdaysVolume(Market):
    """A fund's rules, with a commission by yesterday's volume."""

    name: ClassVar[str] = "fair-fees"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "fund"

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Shift the column by a bar."""
        plain = EtfProxy().conditions(bars, asset)
        own = Bars.of(bars.frame.filter(pl.col("asset") == asset), bars.spec)
        rate = np.append(10_000, own.column("volume")[:-1] / 1000).astype(np.int64)
        return replace(plain, rates={"commission_buy": frozen(rate), "commission_sell": frozen(rate)})


class AtTheCloseThatDecided(_Wrapped):
    """Orders are filled at the close after which they were decided."""

    name: ClassVar[str] = "leaky-at-the-decision"

    def conditions(self, bars: Bars, asset: str) -> Conditions:
        """Give the last close as the open."""
        own, plain = self._plain(bars, asset)
        return replace(plain, open=frozen(np.append(own.column("open")[0], own.column("close")[:-1])))


# ------------------------------------------------------------------------------------------------ sources


class AdjustedFile(Source):
    """Made shares in prices adjusted from the last day, without a factor: what many vendors send by default."""

    name: ClassVar[str] = "leaky-adjusted-file"

    sessions: int = Field(default=220, description="sessions")
    assets: int = Field(default=16, description="shares")

    def bars(self) -> Bars:
        """Adjust, and forget the factor."""
        made = _shares(self.sessions, self.assets).bars()
        ratio = np.concatenate(
            [made.adjustment[first:end] / made.adjustment[end - 1] for first, end in pairwise(made.offsets)]
        )
        prices = [pl.col(name) * pl.Series(ratio) for name in ("open", "high", "low", "close")]
        return Bars.of(made.frame.select("time", "session", "asset", "volume", *prices), made.spec)

    def instruments(self) -> Instruments | None:
        """Tell the listings."""
        return _shares(self.sessions, self.assets).instruments()


class SurvivorsFile(Source):
    """Made shares, those alone that trade on the last day: today's list, downloaded ten years back."""

    name: ClassVar[str] = "leaky-survivors-file"

    sessions: int = Field(default=600, description="sessions")
    assets: int = Field(default=120, description="shares")

    def bars(self) -> Bars:
        """Leave out what is gone."""
        made = _shares(self.sessions, self.assets).bars()
        last = made.frame.filter(pl.col("time") == pl.col("time").max())["asset"]
        return Bars.of(made.frame.filter(pl.col("asset").is_in(last.implode())), made.spec)


class WholeFile(Source):
    """Made shares, those too that are gone."""

    name: ClassVar[str] = "fair-whole-file"

    sessions: int = Field(default=600, description="sessions")
    assets: int = Field(default=120, description="shares")

    def bars(self) -> Bars:
        """Leave out nothing."""
        return _shares(self.sessions, self.assets).bars()

    def instruments(self) -> Instruments | None:
        """Tell the listings and the ends."""
        return _shares(self.sessions, self.assets).instruments()


class ShiftedColumn(Source):
    """Noise whose column of volume tells the next day's sign: a vendor's file, joined wrong before anybody looked."""

    name: ClassVar[str] = "leaky-shifted-column"

    sessions: int = Field(default=240, description="sessions")

    def bars(self) -> Bars:
        """Write the next return into the volume."""
        made = NoiseWorld(sessions=self.sessions, seed=3).bars()
        close = made.column("close")
        ahead = np.append(close[1:] / close[:-1] - 1, 0.0)
        return Bars.of(made.frame.with_columns(volume=pl.Series(1e7 * np.exp(20 * ahead))), made.spec)


def _shares(sessions: int, assets: int) -> StockWorld:
    return StockWorld(assets=assets, sessions=sessions, seed=4, ic=0.05)
