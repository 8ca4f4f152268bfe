"""Daily bars → bars of calendar months: the ground of studies that look and decide once a month.

A month's bar is labelled with the market's last session of that month, whenever the asset itself last traded in it. Its
prices stand on the scale of the asset's last bar in it, so that an ex-day inside the month bends nothing.
"""

import numpy as np
import polars as pl

from tidegate.errors import SettingError
from tidegate.market.months import month_ends
from tidegate.types.bars import Bars

__all__ = ["by_month"]

_LAST = ("close", "settle", "open_interest", "at_risk", "total_shares", "float_shares")


def by_month(bars: Bars) -> Bars:
    """Bars by calendar month, of whole months only: the calendar tells whether the last session of a month has come.

    Formula
        ``open`` is the first adjusted open of the month over the last bar's adjustment, and so the high and the low;
        ``close`` is the last raw close; volume (in shares as of the last bar) and amount are sums; `factor` is the
        last bar's adjustment; `reset` says that prices began anew within the month.
    Known at
        CLOSE of the month's last session.
    Missing values
        An asset without a bar in a month has no row there; a month whose last session the bars do not reach is left
        out, and so is a bar on a day after it that is no session.
    Errors
        `SettingError` for bars that are not daily; `DataError` for days that the calendar does not know.

    >>> from tidegate.testing.history import example_bars
    >>> monthly = by_month(example_bars(sessions=60, assets=1))
    >>> [str(label)[:10] for label in monthly.times], monthly.spec.frequency
    (['2014-01-30', '2014-02-28'], '1mo')
    """
    if bars.spec.frequency != "1d":
        raise SettingError("months are made of daily bars", found=bars.spec.frequency, where=bars.spec.title)
    ends = bars.times[month_ends(bars.times) > 0]
    months = ends.astype("datetime64[M]")
    own = bars.times.astype("datetime64[M]")[bars.places]
    at = np.searchsorted(months, own)
    whole = (at < len(months)) & (months[np.minimum(at, len(months) - 1)] == own)
    label = ends[np.minimum(at, len(ends) - 1)]
    whole &= bars.times[bars.places] <= label
    there = [name for name in _LAST if name in bars.frame.columns]
    frame = bars.frame.with_columns(
        time=pl.Series(label), scale=pl.Series(bars.adjustment), keep=pl.Series(whole)
    ).filter("keep")
    grouped = frame.group_by("asset", "time", maintain_order=True).agg(
        (pl.col("open") * pl.col("scale")).first().alias("open"),
        (pl.col("high") * pl.col("scale")).max().alias("high"),
        (pl.col("low") * pl.col("scale")).min().alias("low"),
        pl.col("scale").last().alias("factor"),
        *(pl.col(name).last() for name in there),
        *([(pl.col("volume") / pl.col("scale")).sum().alias("volume")] if bars.has("volume") else []),
        *([pl.col("amount").sum()] if bars.has("amount") else []),
        *([pl.col("reset").any()] if bars.has("reset") else []),
    )
    scaled = grouped.with_columns(
        (pl.col(name) / pl.col("factor")).alias(name) for name in ("open", "high", "low")
    ).with_columns(
        high=pl.max_horizontal("open", "high", "close"),  # rounding of the scale must not put a bar outside itself
        low=pl.min_horizontal("open", "low", "close"),
        session=pl.col("time").dt.date(),
    )
    if bars.has("volume"):
        scaled = scaled.with_columns(volume=pl.col("volume") * pl.col("factor"))
    spec = bars.spec.but(frequency="1mo")
    return Bars.of(scaled, spec)
