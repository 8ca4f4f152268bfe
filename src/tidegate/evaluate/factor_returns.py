"""What a factor is held against: the return of somebody who read it at the close and could buy at the next open.

Rows may be bars or months; fills are always bars. A row's decision is filled at the open of the bar after its label,
and given up at the open of the bar after the label of the row `span` rows later. Who could not be bought then (no bar,
suspended, open at its upper limit) is no observation. Whatever happens *after* the fill takes nobody out: an asset that
does not trade at the exit is held at its last close, delisted ones included, or what remains would be the survivors.
"""

from dataclasses import dataclass

import numpy as np

from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray, frozen, require
from tidegate.types.bars import Bars

__all__ = ["FillReturns"]


@dataclass(frozen=True)
class FillReturns:
    """Entry and exit prices of D dates × N assets, ``f64 [D, N]``, adjusted; made only through `FillReturns.of`.

    `entry` is NaN where the asset could not be bought, `exit_price` the open of the same bar, or the last close before
    it; `stretch` counts an asset's beginnings of prices anew.

    Known at
        ``entry`` at the open of the bar after each date; a return over `span` dates at that of the date it ends at.
    """

    entry: FloatArray
    exit_price: FloatArray
    stretch: IntArray

    @classmethod
    def of(
        cls, bars: Bars, dates: TimeArray, assets: tuple[str, ...] | None = None, buyable: BoolArray | None = None
    ) -> "FillReturns":
        """Lay bars beside the labels of rows.

        Parameters
        ----------
        dates
            Labels of rows ``[D]``, increasing; each is known at the close of the last bar at or before it.
        assets
            Which assets, in which order; all of the bars by default.
        buyable
            Where an order at the open could be filled ``[T, N]``, on the bars' own axes; where there is a bar that is
            not suspended and does not open at or above its `limit_up`, if nothing is given.

        Errors
            `RecordError` for an asset without bars, or a mask of another shape.
        """
        names = bars.assets if assets is None else assets
        place = {asset: number for number, asset in enumerate(bars.assets)}
        require(holds=set(names) <= set(place), what="assets without bars", found=sorted(set(names) - set(place))[:3])
        total = len(bars.times)
        position = np.searchsorted(bars.times, dates, side="right")  # the bar after the label
        inside = position < total
        column = np.array([place[name] for name in names], dtype=np.int64)
        keys = np.repeat(np.arange(len(bars.assets)), np.diff(bars.offsets)) * (total + 1) + bars.places
        wanted = column[None, :] * (total + 1) + np.minimum(position, total - 1)[:, None]
        row = np.searchsorted(keys, wanted, side="right") - 1
        own = (row >= 0) & (keys[np.maximum(row, 0)] // (total + 1) == column[None, :]) & inside[:, None]
        row = np.maximum(row, 0)
        open_, close = bars.adjusted("open"), bars.adjusted("close")
        free = bars.column("suspended") != 1.0 if bars.has("suspended") else np.ones(len(open_), dtype=bool)
        trades = own & (keys[row] == wanted) & free[row] & np.isfinite(open_[row])
        if buyable is None:
            bought = trades & ~(bars.column("open") >= _limit(bars))[row]
        else:
            shape = (total, len(bars.assets))
            require(holds=buyable.shape == shape, what="a mask of fills", expected=shape, found=buyable.shape)
            bought = trades & buyable[np.minimum(position, total - 1)[:, None], column[None, :]]
        anew = np.cumsum(bars.frame["reset"].fill_null(value=False).to_numpy()) if bars.has("reset") else None
        return cls(
            frozen(np.where(bought, open_[row], np.nan)),
            frozen(np.where(trades, open_[row], np.where(own, close[row], np.nan))),
            frozen(np.zeros(row.shape, dtype=np.int64) if anew is None else anew[row].astype(np.int64)),
        )

    def __len__(self) -> int:
        return len(self.entry)

    def over(self, date: int, span: int) -> FloatArray:
        """Returns ``[N]`` from the fill after `date` to the open after the date `span` dates later.

        Missing values
            NaN where the asset could not be bought, where the exit has not come yet, and where prices began anew in
            between.

        >>> from tidegate.testing.history import example_bars
        >>> bars = example_bars(sessions=30, assets=1)
        >>> made, price = FillReturns.of(bars, bars.times), bars.adjusted("open")
        >>> abs(made.over(3, 2)[0] - (price[6] / price[4] - 1)).item() < 1e-12, made.over(28, 1).tolist()
        (True, [nan])
        """
        if date + span >= len(self):
            return np.full(self.entry.shape[1], np.nan)
        made = self.exit_price[date + span] / self.entry[date] - 1.0
        return np.where(self.stretch[date + span] == self.stretch[date], made, np.nan)


def _limit(bars: Bars) -> FloatArray:
    """Upper limits ``[R]``, infinite where none is told."""
    if not bars.has("limit_up"):
        return np.full(bars.frame.height, np.inf)
    told = bars.column("limit_up")
    return np.where(np.isnan(told), np.inf, told)
