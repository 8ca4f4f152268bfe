"""From when a fact may be used: its announcement, else the day by which the law wants it, or a session's close.

Periodic reports of Chinese shares are due within four months of the year, two of the half-year, and one of the first
and third quarter (Measures for the Disclosure of Information of Listed Companies, article 20): 30 April of the next
year, 31 August, 30 April and 31 October. A report without a date is taken to be out on the evening of that day.
"""

from itertools import pairwise

import numpy as np
import polars as pl

from tidegate.market.instruments import Instruments
from tidegate.types.axes import IntArray
from tidegate.types.bars import Bars
from tidegate.types.facts import Days

__all__ = ["deadline", "first_session_from", "is_quarter_end", "listing_days"]

_DUE = {3: (0, 4, 30), 6: (0, 8, 31), 9: (0, 10, 31), 12: (1, 4, 30)}
"""Month of the quarter's end → years to add, month, day."""


def deadline(period: pl.Expr) -> pl.Expr:
    """Give the day by which a period's report must be out.

    >>> from datetime import date
    >>> ends = pl.DataFrame({"p": [date(2014, 3, 31), date(2014, 12, 31)]})
    >>> [str(day) for day in ends.select(deadline(pl.col("p")))["p"]]
    ['2014-04-30', '2015-04-30']
    """
    due = pl.lit(None, dtype=pl.Date)
    for month, (years, due_month, day) in _DUE.items():
        due = pl.when(period.dt.month() == month).then(pl.date(period.dt.year() + years, due_month, day)).otherwise(due)
    return due.alias(period.meta.output_name())


def is_quarter_end(period: pl.Expr) -> pl.Expr:
    """Whether a day is the last of a quarter."""
    return (period.dt.month() % 3 == 0) & (period == period.dt.month_end())


def first_session_from(bars: Bars, pairs: pl.DataFrame) -> pl.Series:
    """Find each asset's own first session on or after a day, null where it has none: columns asset, period → days.

    A market value of a suspended share is taken when it trades again, so that its day is the asset's own.
    """
    days = bars.frame["session"].to_numpy().astype("datetime64[D]").astype(np.int64)
    place = {asset: at for at, asset in enumerate(bars.assets)}
    asked = pairs["period"].to_numpy().astype("datetime64[D]").astype(np.int64)
    at = pairs["asset"].replace_strict(place, default=-1, return_dtype=pl.Int64).to_numpy()
    found: IntArray = np.full(len(asked), -1, dtype=np.int64)
    order = np.argsort(at, kind="stable")
    cuts = np.searchsorted(at[order], np.arange(len(bars.assets) + 1))
    for asset, (first, end) in enumerate(pairwise(cuts)):
        rows = order[first:end]
        start, stop = bars.offsets[asset], bars.offsets[asset + 1]
        where = start + np.searchsorted(days[start:stop], asked[rows])
        found[rows] = np.where(where < stop, days[np.minimum(where, stop - 1)], -1)
    told = pl.Series("usable", found.astype(np.int32)).cast(pl.Date)
    return pl.select(pl.when(pl.Series(found >= 0)).then(told).otherwise(None)).to_series().alias("usable")


def listing_days(bars: Bars, instruments: Instruments | None) -> pl.DataFrame:
    """Tell the first session of every asset of the bars, as the instruments say, else by its first bar; and its last.

    Columns asset, listed (null for what began with the bars and no instruments tell of: it was there before them),
    gone (null for what is not gone).
    """
    own = bars.frame["session"].gather(bars.offsets[:-1]).to_numpy().astype("datetime64[D]")
    first = np.where(own == own.min(), np.datetime64("NaT"), own)
    gone: Days = np.full(len(first), np.datetime64("NaT"), dtype="datetime64[D]")
    if instruments is not None:
        told = instruments.days("listed", bars.assets)
        first = np.where(np.isnat(told), first, np.minimum(told, own))
        gone = instruments.days("delisted", bars.assets)
    return pl.DataFrame({"asset": bars.assets, "listed": first, "gone": gone}).with_columns(
        pl.col("listed", "gone").cast(pl.Date)
    )
