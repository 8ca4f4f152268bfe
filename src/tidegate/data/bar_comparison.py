"""Two tables of bars side by side: what both have, what one lacks, and where their numbers differ.

Where one is shorter it is first made as long as the other, by the exchange's own hours (`resample`).
"""

from typing import NamedTuple

import polars as pl

from tidegate.data.futures_resample import MINUTES, compare_bars, resample
from tidegate.errors import DataError, SettingError
from tidegate.market.sessions import Cut
from tidegate.types.bars import Bars

__all__ = ["COMPARED", "BarComparison", "compare_tables"]

COMPARED = ("open", "high", "low", "close", "settle", "volume", "amount", "open_interest")
"""What is compared, where both have it."""


class BarComparison(NamedTuple):
    """What two tables of one asset agree on, over the sessions that both have."""

    frequency: str
    """Length of the bars compared."""
    sessions: int
    """Sessions that both have."""
    sessions_only_ours: int
    sessions_only_theirs: int
    """Sessions of one alone, between the first and the last that both have."""
    bars: int
    """Bars with one label in both."""
    bars_only_ours: int
    bars_only_theirs: int
    columns: pl.DataFrame
    """One row a column that both have: column, equal, different, ours_higher, largest (absolute difference)."""
    differences: pl.DataFrame
    """One row a number that differs: session, time, column, ours, theirs; bars of one alone are not in it."""
    made: str
    """Which side was made longer, and of what; empty where neither was."""


def compare_tables(ours: Bars, theirs: Bars, hours: str | None = None, cut: Cut = "trading") -> BarComparison:
    """Compare two tables of one asset each, number by number.

    Known at
        After both.
    Missing values
        A value that one side lacks differs; one that both lack is equal. `largest` is null where nothing differs, or
        only by being absent.
    Errors
        `DataError` for several assets, or no session in common; `SettingError` for bars of two lengths without `hours`;
        as `resample`.

    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=5, assets=1)
    >>> other = Bars.of(bars.frame[1:].with_columns(volume=pl.col("volume") + 1), bars.spec)
    >>> found = compare_tables(bars, other)
    >>> found.sessions, found.bars, found.columns.filter(pl.col("different") > 0).rows()
    (4, 4, [('volume', 0, 4, 0, 1.0)])
    """
    for held in (ours, theirs):
        if len(held.assets) != 1:
            raise DataError("bars of one asset are compared", found=list(held.assets)[:5], where=held.spec.title,
                            hint="name one: --asset")  # fmt: skip
    ours, theirs, made = _as_long(ours, theirs, hours, cut)
    days = [set(held.frame["session"].unique().to_list()) for held in (ours, theirs)]
    both = sorted(days[0] & days[1])
    if not both:
        raise DataError("the two have no session in common", found=[_span(ours), _span(theirs)],
                        hint="choose files of the same years")  # fmt: skip
    alone = [sum(both[0] <= day <= both[-1] for day in own - other) for own, other in (days, days[::-1])]
    ours, theirs = (Bars.of(held.frame.filter(pl.col("session").is_in(both)), held.spec) for held in (ours, theirs))
    shared = ours.frame.join(theirs.frame.select("time"), on="time", how="semi")
    names = [name for name in COMPARED if ours.has(name) and theirs.has(name)]
    labels = shared["time"]
    told = compare_bars(ours, theirs, tuple(names)).filter(pl.col("time").is_in(labels.implode()))
    told = told.join(shared.select("time", "session"), on="time", how="left", maintain_order="left")
    return BarComparison(
        frequency=ours.spec.frequency,
        sessions=len(both),
        sessions_only_ours=alone[0],
        sessions_only_theirs=alone[1],
        bars=shared.height,
        bars_only_ours=ours.frame.height - shared.height,
        bars_only_theirs=theirs.frame.height - shared.height,
        columns=_by_column(told, names, shared.height),
        differences=told.select("session", "time", "column", "ours", "theirs"),
        made=made,
    )


def _as_long(ours: Bars, theirs: Bars, hours: str | None, cut: Cut) -> tuple[Bars, Bars, str]:
    """Make the shorter bars as long as the longer ones; tell which were made."""
    lengths = [held.spec.frequency for held in (ours, theirs)]
    if lengths[0] == lengths[1]:
        return ours, theirs, ""
    unknown = [length for length in lengths if length not in MINUTES]
    if hours is None or unknown:
        raise SettingError(
            "bars of two lengths are compared by the exchange's hours", expected="hours, and bars up to a day",
            found=lengths, hint="--hours shfe-rebar or --hours cffex-index",
        )  # fmt: skip
    if MINUTES[lengths[0]] < MINUTES[lengths[1]]:
        return resample(ours, lengths[1], hours, cut).bars, theirs, f"ours, {lengths[1]} bars of {lengths[0]} ones"
    return ours, resample(theirs, lengths[0], hours, cut).bars, f"theirs, {lengths[0]} bars of {lengths[1]} ones"


def _by_column(told: pl.DataFrame, names: list[str], bars: int) -> pl.DataFrame:
    gap = pl.col("ours") - pl.col("theirs")
    counted = told.group_by("column").agg(
        different=pl.len().cast(pl.Int64), ours_higher=(gap > 0).sum().cast(pl.Int64), largest=gap.abs().max()
    )
    held = pl.DataFrame({"column": names}, schema={"column": pl.String})
    joined = held.join(counted, on="column", how="left", maintain_order="left").with_columns(
        pl.col("different", "ours_higher").fill_null(0)
    )
    return joined.select("column", (bars - pl.col("different")).alias("equal"), "different", "ours_higher", "largest")


def _span(bars: Bars) -> str:
    days = bars.frame["session"].unique().sort().to_list()
    return f"{days[0]} … {days[-1]}"
