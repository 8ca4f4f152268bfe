"""What the years before say about a share: kept by a run, so that a day's forecast need not read them again.

At the end of every calendar year: how its prices are adjusted by then, what it last closed at, how many bars it had so
far and when it had its first. The adjustment is a running product over all of a share's bars; it goes on from there.
"""

from pathlib import Path

import numpy as np
import polars as pl

from tidegate.study.records import write_frame
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars

__all__ = ["CARRY", "adjusted_on", "carry_at", "load_carry", "save_carry"]

CARRY = "carry.parquet"


def save_carry(bars: Bars, work: Path) -> None:
    """Keep, for each asset and year: adjustment and close of its last bar, bars so far, session of the first."""
    held = pl.DataFrame(
        {
            "asset": bars.frame["asset"],
            "year": bars.frame["session"].dt.year(),
            "adjustment": bars.adjustment,
            "close": bars.frame["close"],
            "session": bars.frame["session"],
        }
    )
    made = held.group_by("asset", "year", maintain_order=True).agg(
        pl.col("adjustment").last(),
        pl.col("close").last(),
        rows=pl.len().cast(pl.Int64),
        first=pl.col("session").first(),
    )
    whole = made.with_columns(rows=pl.col("rows").cum_sum().over("asset"), first=pl.col("first").first().over("asset"))
    write_frame(work / CARRY, whole)


def load_carry(folder: Path) -> pl.DataFrame:
    """Read what `save_carry` kept."""
    return pl.read_parquet(folder / CARRY)


def carry_at(carry: pl.DataFrame, year: int) -> pl.DataFrame:
    """The last line of each asset before a year."""
    return carry.filter(pl.col("year") < year).group_by("asset", maintain_order=True).last()


def adjusted_on(bars: Bars, before: pl.DataFrame) -> FloatArray:
    """`Bars.adjustment` of bars that go on after a year's end, with the bits that the whole history gives ``[R]``.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from tidegate.data.stock_world import StockWorld
    >>> bars = StockWorld(assets=12, sessions=300, seed=1, ic=0.05).bars()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_carry(bars, Path(folder))
    ...     before = carry_at(load_carry(Path(folder)), 2011)
    >>> later = bars.frame["session"].dt.year() >= 2011
    >>> rest = Bars.of(bars.frame.filter(later), bars.spec)
    >>> bool((adjusted_on(rest, before) == bars.adjustment[later.to_numpy()]).all())
    True
    """
    wanted = pl.DataFrame({"asset": bars.assets}, schema={"asset": pl.String})
    held = wanted.join(before, on="asset", how="left", maintain_order="left")
    base, last = (held[name].fill_null(np.nan).to_numpy() for name in ("adjustment", "close"))
    close, reference = bars.column("close"), bars.column("preclose")
    earlier = np.concatenate([[np.nan], close[:-1]])
    starts = bars.offsets[:-1]
    earlier[starts] = last
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = earlier / reference
    steps = np.where(np.isfinite(ratio) & (ratio > 0), ratio, 1.0)
    steps[starts] *= np.where(np.isnan(base), 1.0, base)
    for first, end in zip(starts, bars.offsets[1:], strict=True):
        steps[first:end] = np.cumprod(steps[first:end])
    return steps
