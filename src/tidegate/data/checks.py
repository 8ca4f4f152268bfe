"""Checks on typed rows: prices, volumes, sessions, order and repetition.

What is wrong goes into the sieve, the rest goes on.

Each check takes a frame with the columns of bars and ``row`` (the row's number in the file, in the file's order) and
returns the rows that pass.
"""

from bisect import bisect_right
from datetime import time

import numpy as np
import polars as pl

from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError
from tidegate.types.axes import IntArray
from tidegate.types.bars import EVENTS

__all__ = ["check_order", "check_prices", "check_repeats", "check_sessions"]

_PRICES = ("open", "high", "low", "close")
_COUNTED = ("volume", "amount", "open_interest")
_EXTRA = ("preclose", "settle", "factor", "limit_up", "limit_down", "total_shares", "float_shares", *EVENTS)
_FRIDAY = 5
_EVENING, _MORNING = time(18, 0), time(8, 0)
_FEW = 20


def check_prices(frame: pl.DataFrame, sieve: Sieve) -> pl.DataFrame:
    """Quarantine what no market prints: prices missing, infinite or not positive, open or close outside low … high."""
    for column in _PRICES:
        frame = sieve.drop(frame, pl.col(column).is_null(), "missing_price", column)
    optional = [column for column in (*_COUNTED, *_EXTRA) if column in frame.columns]
    for column in (*_PRICES, *optional):
        frame = sieve.drop(frame, ~pl.col(column).is_finite(), "not_finite", column, f"{{{column}}}")
    for column in _PRICES:
        frame = sieve.drop(frame, pl.col(column) <= 0, "not_positive", column, f"{{{column}}}")
    for column in optional:
        frame = sieve.drop(frame, pl.col(column) < 0, "negative", column, f"{{{column}}}")
    told = "open {open}, high {high}, low {low}, close {close}"
    frame = sieve.drop(frame, pl.col("high") < pl.col("low"), "high_below_low", "high", told)
    inside = (pl.col("low") <= pl.min_horizontal("open", "close")) & (
        pl.max_horizontal("open", "close") <= pl.col("high")
    )
    return sieve.drop(frame, ~inside, "outside_range", "open", told)


def check_sessions(frame: pl.DataFrame, sieve: Sieve, *, minutes: int, allowed: float, where: str) -> pl.DataFrame:
    """Quarantine weekends, and strays at night; refuse a file that has night sessions.

    `minutes` is the length of a bar, 0 for daily bars. Which session a night bar belongs to cannot be read off its
    label: some vendors print the calendar date, others the next trading date. Raises `FileRefusedError`.
    """
    if minutes:
        begin = (pl.col("time") - pl.duration(minutes=minutes)).dt.time()
        night = (begin >= _EVENING) | (begin < _MORNING)
        count = frame.filter(night).height
        if count > max(1.0, allowed * frame.height):
            row = frame.filter(night).row(0, named=True)
            raise FileRefusedError(
                "the file has night bars, whose session cannot be told from their label",
                where=f"{where}, row {row['row']}, column time",
                found=f"{count} of {frame.height} bars between 18:00 and 08:00, the first labelled {row['time']}",
                hint='say whose hours they keep: kind="future", hours="shfe-rebar"; or, for a market around the clock,'
                ' calendar="always"',
            )  # fmt: skip
        frame = sieve.drop(frame, night, "outside_hours", "time", "{time}")
    weekend = pl.col("session").dt.weekday() > _FRIDAY
    return sieve.drop(frame, weekend, "non_session", "time", "{session}")


def check_order(frame: pl.DataFrame, sieve: Sieve) -> pl.DataFrame:
    """Quarantine rows out of place in an ordered file, and count the steps back in an unordered one.

    Where at most 1 % of an asset's rows stand out of an otherwise perfect order (oldest or newest first), their dates
    are in doubt. Where more do, the file is simply not sorted.
    """
    if not frame["row"].is_sorted():
        frame = frame.sort("row")
    step = pl.col("time").diff().dt.total_microseconds().over("asset")
    steps = frame.select("asset", ups=(step > 0), downs=(step < 0))
    counts = steps.group_by("asset").agg(pl.col("ups", "downs").sum(), pl.len().alias("rows"))
    mixed = counts.filter((pl.col("ups") > 0) & (pl.col("downs") > 0))
    newest_first = counts.filter((pl.col("downs") > 0) & (pl.col("ups") == 0)).height
    if newest_first:
        sieve.note("the file is newest first; sorted by time")
    if not mixed.height:
        return frame
    strays: list[int] = []
    unsorted = 0
    for asset, ups, downs, rows in mixed.iter_rows():
        part = frame.filter(pl.col("asset") == asset)
        sign = 1 if ups >= downs else -1
        out = _out_of_place(sign * part["time"].to_physical().to_numpy())
        if rows >= _FEW and out.size <= max(1, rows // 100):
            strays += part["row"].gather(out).to_list()
        else:
            unsorted += min(ups, downs)
    if unsorted:
        sieve.count("unsorted", unsorted, int(frame["row"][0]), f"{unsorted} steps against the order of time")
    return sieve.drop(frame, pl.col("row").is_in(strays), "time_back", "time", "{time}")


def check_repeats(frame: pl.DataFrame, sieve: Sieve) -> pl.DataFrame:
    """Keep the first of identical bars; where bars of one time and asset disagree, keep none of them."""
    repeated = frame.filter(pl.struct("asset", "time").is_duplicated())
    if not repeated.height:
        return frame
    values = [column for column in frame.columns if column != "row"]
    repeated = repeated.with_columns(
        same=pl.struct(values).n_unique().over("asset", "time") == 1, first=pl.col("row").min().over("asset", "time")
    )
    told = "{asset} {time}"
    sieve.flag(repeated, pl.col("same") & (pl.col("row") != pl.col("first")), "duplicate", "time", told)
    sieve.flag(repeated, ~pl.col("same"), "conflict", "time", told)
    gone = repeated.filter(~pl.col("same") | (pl.col("row") != pl.col("first")))["row"]
    return frame.filter(~pl.col("row").is_in(gone.implode()))


def _out_of_place(times: IntArray) -> IntArray:
    """Positions outside the longest non-decreasing run of `times` (patience sorting)."""
    tops: list[int] = []
    at: list[int] = []
    before: list[int] = []
    values = times.tolist()
    for position, value in enumerate(values):
        place = bisect_right(tops, value)
        before.append(at[place - 1] if place else -1)
        if place == len(tops):
            tops.append(value)
            at.append(position)
        else:
            tops[place] = value
            at[place] = position
    kept = set()
    position = at[-1]
    while position >= 0:
        kept.add(position)
        position = before[position]
    return np.array([position for position in range(len(values)) if position not in kept], dtype=np.int64)
