"""An index made of the shares themselves, for a timing of a market of stocks that has no index of its own."""

from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from tidegate.data.source import Source
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars, BarSpec

__all__ = ["EqualIndex"]

_PRICES = ("open", "high", "low", "close")


class EqualIndex(Source):
    """All assets of `inner` in equal parts, made anew at every close: one series of bars.

    Formula
        ``price(t) = close(t−1) · mean(price_n(t) / close_n(t−1))`` for open, high, low and close, over the assets with
        a bar at *t* and one before; prices of an asset are adjusted, and its last close counts however long ago it was.
        Volume and amount are sums. In the first bar an asset's own open stands for the close before.
    Known at
        As the bars are: the open at OPEN(t), the rest at CLOSE(t).
    Units
        Points, `base` before the first bar. High and low are means of highs and lows that were not reached at one time,
        so that its range is wider than that of an index quoted within the day.
    Missing values
        Volume and amount are left out where `inner` does not have them.

    >>> from tidegate.data.stock_world import StockWorld
    >>> bars = EqualIndex(inner=StockWorld(assets=12, sessions=30, seed=1, ic=0.05)).bars()
    >>> bars.assets, bars.frame.height, bars.spec.kind
    (('EQUAL',), 30, 'index')
    """

    name: ClassVar[str] = "equal-index"
    example: ClassVar[dict[str, Any]] = {
        "inner": {"name": "stock-world", "assets": 12, "sessions": 80, "seed": 1, "ic": 0.05}
    }

    inner: Source = Field(description="the market whose shares it is made of")
    base: float = Field(default=1000.0, gt=0, description="its level before the first bar")

    def bars(self) -> Bars:
        """Make the one series."""
        inner = self.inner.bars()
        when = np.searchsorted(inner.times, inner.frame["time"].to_numpy().astype("datetime64[us]"))
        asset, close = inner.frame["asset"].to_numpy(), inner.adjusted("close")
        again = np.append(False, asset[1:] == asset[:-1])  # rows lie by asset, then time
        before = np.where(again, np.append(np.nan, close[:-1]), np.nan)
        before = np.where(when == 0, inner.adjusted("open"), before)
        counts = np.isfinite(before)
        many = np.bincount(when[counts], minlength=len(inner.times))

        def mean(values: FloatArray) -> FloatArray:
            """Mean over the assets of each bar, summed in the order of rows, so that later ones change no bit."""
            ratio = values[counts] / before[counts]
            return np.bincount(when[counts], weights=ratio, minlength=len(inner.times)) / many

        moved = {name: mean(inner.adjusted(name)) for name in _PRICES}
        level = self.base * np.append(1.0, np.cumprod(moved["close"])[:-1])
        sums = [name for name in ("volume", "amount") if inner.has(name)]
        made = pl.DataFrame(
            {
                "time": inner.times,
                "asset": "EQUAL",
                **{name: level * moved[name] for name in _PRICES},
                **{
                    name: np.bincount(when, weights=np.nan_to_num(inner.column(name)), minlength=len(inner.times))
                    for name in sums
                },
            }
        )
        session = inner.frame.select("time", "session").unique("time")
        made = made.join(session, on="time", how="left", maintain_order="left")
        spec = BarSpec(
            frequency=inner.spec.frequency,
            kind="index",
            currency="index points",
            volume_unit=inner.spec.volume_unit,
            title=f"Equal weight of {inner.spec.title}",
            source=inner.spec.source,
            stamps=inner.spec.stamps,
        )
        return Bars.of(made, spec)
