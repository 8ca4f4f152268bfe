"""Short bars → longer ones, within sessions: no bar holds two sessions, a night and a day, or two contracts.

An hour of trade runs on across the break from 10:15 to 10:30 and over noon (`cut="trading"`), or it is the hour of the
wall clock (`cut="clock"`); a day is the night and the day settled together. The label is the end of the bar; of a day,
as everywhere in the house, the session's date.
"""

from typing import Literal, NamedTuple, get_args

import numpy as np
import polars as pl

from tidegate.errors import DataError, UnknownNameError
from tidegate.market.sessions import HOURS, Cut, cuts, minutes_of
from tidegate.types.axes import IntArray, require
from tidegate.types.bars import Bars

__all__ = ["MINUTES", "Longer", "Resampled", "compare_bars", "resample"]

Longer = Literal["15min", "30min", "60min", "1d"]
MINUTES = {"1min": 1, "5min": 5, "15min": 15, "30min": 30, "60min": 60, "1d": 24 * 60}
"""Lengths of bars, by name; a day is all of its session."""
_MEANT = {"15m": "15min", "30m": "30min", "1h": "60min", "60m": "60min", "1hour": "60min", "hour": "60min",
          "d": "1d", "1day": "1d", "day": "1d", "daily": "1d"}  # fmt: skip
_DAY = 24 * 60
_FIRST = ("open", "preclose", "limit_up", "limit_down", "roll_from")
_LAST = ("close", "settle", "open_interest", "factor", "at_risk", "total_shares", "float_shares")
_SUMMED = ("volume", "amount")
_EXACT = ("open", "high", "low", "close", "volume")


class Resampled(NamedTuple):
    """Longer bars, and what each was made of.

    Known at
        A bar at its label, and `bars` with it; `usual`, and so `partial`, is counted over all of them: never.
    """

    bars: Bars
    made: pl.DataFrame
    """One row a bar: asset, session, time, bars (how many went in), usual (how many most such bars hold)."""

    @property
    def partial(self) -> pl.DataFrame:
        """Bars made of fewer short ones than usual: a halt, or a hole in the file."""
        return self.made.filter(pl.col("bars") < pl.col("usual"))


def resample(bars: Bars, frequency: str, hours: str, cut: Cut = "trading") -> Resampled:
    """Join bars into longer ones.

    Formula
        A bar that ends at minute p of its session goes into the first slot of `cuts` that ends at or after p: open of
        the first, close of the last, highest high, lowest low, sums of volume and amount; settlement, open interest
        and factor of the last, limits and `roll_from` of the first.

    Known at
        A longer bar is known at its label, or at the session's close for a day.
    Missing values
        A slot without a bar has none. Nulls are passed over; a sum of none is null.
    Errors
        `DataError` where a short bar would lie in two longer ones, or a longer bar hold two contracts; `RecordError`
        where the bars are not shorter; `UnknownNameError` for hours or a length nobody knows.

    >>> from datetime import datetime
    >>> ends = [datetime(2020, 1, 6, *clock) for clock in ((10, 15), (11, 30), (14, 15), (15, 0))]
    >>> frame = pl.DataFrame({"time": ends, "asset": "RB"}).with_columns(
    ...     session=pl.col("time").dt.date(), open=1.0, high=pl.Series([2.0, 4.0, 3.0, 3.0]), low=1.0, close=2.0
    ... )
    >>> from tidegate.types.bars import BarSpec
    >>> spec = BarSpec(frequency="60min", kind="future", currency="CNY", title="example", source="made here")
    >>> day = resample(Bars.of(frame, spec), "1d", "shfe-rebar")
    >>> day.bars.frame.select("time", "high", "close").row(0)
    (datetime.datetime(2020, 1, 6, 0, 0), 4.0, 2.0)
    """
    if hours not in HOURS:
        raise UnknownNameError.among("trading hours", hours, HOURS)
    if frequency not in get_args(Longer):
        meant = _MEANT.get(frequency.lower().replace(" ", ""))
        hint = f"write {meant}" if meant else ""
        raise UnknownNameError.among("length of a bar", frequency, get_args(Longer), hint=hint)
    short, long = bars.spec.frequency, MINUTES[frequency]
    require(holds=short in MINUTES and MINUTES[short] < long, what="bars are not shorter than what is asked for",
            expected=f"bars shorter than {frequency}", found=short)  # fmt: skip
    frame = _slotted(bars, long, hours, cut)
    _refuse_two_contracts(frame, frequency)
    by = ["asset", "session", "slot"]
    made = frame.group_by(by, maintain_order=True).agg(
        *(pl.col(c).drop_nulls().first() for c in _FIRST if c in frame.columns),
        *(pl.col(c).drop_nulls().last() for c in _LAST if c in frame.columns),
        *(pl.when(pl.col(c).count() > 0).then(pl.col(c).sum()).alias(c) for c in _SUMMED if c in frame.columns),
        pl.col("high").max(), pl.col("low").min(),
        *(pl.col(c).any() for c in ("reset",) if c in frame.columns),
        *(pl.col(c).all() for c in ("suspended",) if c in frame.columns),
        pl.col("time").last(), pl.col("minute").last(), pl.col("plan").first(), bars=pl.len(),
    )  # fmt: skip
    ended = pl.col("time") + pl.duration(minutes=pl.col("slot") - pl.col("minute"))
    whole = pl.col("session").cast(pl.Datetime("us"))
    made = made.with_columns(time=(whole if long == _DAY else ended).cast(pl.Datetime("us")))
    usual = made.group_by("plan", "slot", "bars").agg(n=pl.len()).sort("n", "bars").group_by("plan", "slot").last()
    told = made.join(
        usual.select("plan", "slot", usual="bars"), on=["plan", "slot"], how="left", maintain_order="left"
    ).select("asset", "session", "time", "bars", "usual")
    spec = bars.spec.model_copy(update={"frequency": frequency})
    columns = [column for column in bars.frame.columns if column in made.columns]
    return Resampled(Bars.of(made.select(columns), spec), told)


def compare_bars(ours: Bars, theirs: Bars, columns: tuple[str, ...] = _EXACT) -> pl.DataFrame:
    """List where two tables of bars of one asset differ: time, column, ours, theirs; null where one has no bar.

    Raises `DataError` where either holds several assets, since names of the same thing differ between vendors.
    Known at: never, as a whole; each row as the later of its two bars.

    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=5, assets=1)
    >>> compare_bars(bars, bars).height
    0
    """
    for held in (ours, theirs):
        if len(held.assets) != 1:
            raise DataError("bars of one asset are compared", found=list(held.assets)[:5], where=held.spec.title,
                            hint="filter both")  # fmt: skip
    names = [name for name in columns if ours.has(name) and theirs.has(name)]
    both = ours.frame.select("time", *names).join(
        theirs.frame.select("time", *names), on="time", how="full", suffix=" theirs", coalesce=True
    )
    pieces = [
        both.select(
            "time", pl.lit(name).alias("column"), pl.col(name).alias("ours"), pl.col(f"{name} theirs").alias("theirs")
        )
        for name in names
    ]
    return pl.concat(pieces).filter(~pl.col("ours").eq_missing(pl.col("theirs"))).sort("time", "column")


def _slotted(bars: Bars, long: int, hours: str, cut: Cut) -> pl.DataFrame:
    """Put the minute, the plan and the end of the longer bar beside each row."""
    known = HOURS[hours]
    frame = bars.frame.with_columns(
        minute=pl.Series(minutes_of(bars.frame["time"].to_numpy().astype("datetime64[us]")))
    )
    days = frame["session"].unique().sort()
    plans = known.plans(days.to_numpy().astype("datetime64[D]"))
    frame = frame.join(
        pl.DataFrame({"session": days, "plan": plans.which}), on="session", how="left", maintain_order="left"
    )
    pieces = []
    for place, plan in enumerate(plans.plans):
        part = frame.filter(pl.col("plan") == place)
        minutes, ends = part["minute"].to_numpy(), np.array(cuts(plan, long, cut))
        where = f"{bars.spec.title}, {part['session'][0]}"
        outside = ~np.array([any(held.holds(minute) for held in plan) for minute in minutes.tolist()], dtype=bool)
        if bool(outside.any()):
            raise DataError(
                f"a bar ends outside the hours of {hours}", where=where,
                found=part.filter(pl.Series(outside))["time"][0],
                hint="import the file with its hours, which brings labels to one convention",
            )  # fmt: skip
        inner = ends[(ends < minutes.max()) & (ends > minutes.min())]
        missing = inner[~np.isin(inner, minutes)]
        if missing.size:
            raise DataError(
                "short bars would lie in two longer ones", where=where, expected=f"bars that end at {_clock(missing)}",
                found=f"bars of {bars.spec.frequency} that end at {_clock(np.unique(minutes))}",
                hint='bars by the clock make hours by the clock: cut="clock"',
            )  # fmt: skip
        slot = ends[np.minimum(np.searchsorted(ends, minutes), len(ends) - 1)]
        pieces.append(part.with_columns(slot=pl.Series(slot.astype(np.int64))))
    return pl.concat(pieces).sort("asset", "time")


def _refuse_two_contracts(frame: pl.DataFrame, frequency: str) -> None:
    """Refuse a change of contract within a longer bar: its prices would be of two things."""
    by = ["asset", "session", "slot"]
    for column, changed in (("factor", pl.col("factor").n_unique() > 1),
                            ("roll_from", pl.col("roll_from").slice(1).is_not_null().any())):  # fmt: skip
        if column not in frame.columns:
            continue
        two = frame.group_by(by, maintain_order=True).agg(pl.col("time").first(), two=changed).filter("two")
        if two.height:
            raise DataError(
                f"a bar of {frequency} would hold two contracts", where=two["time"][0],
                found=f"`{column}` changes within {two.height} of them", hint="switch at the open of a session",
            )  # fmt: skip


def _clock(minutes: IntArray) -> str:
    told = [f"{int(minute) % _DAY // 60:02}:{int(minute) % 60:02}" for minute in minutes[:8]]
    return ", ".join(told) + (", …" if len(minutes) > len(told) else "")
