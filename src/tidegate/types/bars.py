"""Bars: what happened, bar by bar and asset by asset, before anybody computed anything.

Raw and adjusted prices stand side by side: the columns are raw (as printed by the exchange), `factor` turns them into a
continuous series (adjusted = raw × factor). Signals and returns use adjusted prices; fills, lots, limits and fees use
raw ones.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from tidegate.component import Settings
from tidegate.errors import RecordError, UnknownNameError
from tidegate.types.axes import FloatArray, IntArray, TimeArray, require

__all__ = ["EVENTS", "OPTIONAL", "REQUIRED", "BarSpec", "Bars", "Frequency"]

Frequency = Literal["1mo", "1d", "60min", "30min", "15min", "5min", "1min"]

REQUIRED: dict[str, pl.DataType] = {
    "time": pl.Datetime("us"),
    "session": pl.Date(),
    "asset": pl.String(),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
}
OPTIONAL: dict[str, pl.DataType] = {
    "volume": pl.Float64(),
    "amount": pl.Float64(),
    "settle": pl.Float64(),
    "open_interest": pl.Float64(),
    "preclose": pl.Float64(),
    "factor": pl.Float64(),
    "limit_up": pl.Float64(),
    "limit_down": pl.Float64(),
    "suspended": pl.Boolean(),
    "at_risk": pl.Boolean(),
    "total_shares": pl.Float64(),
    "float_shares": pl.Float64(),
    "reset": pl.Boolean(),
    "cash_dividend": pl.Float64(),
    "bonus_shares": pl.Float64(),
    "rights_shares": pl.Float64(),
    "rights_price": pl.Float64(),
    "roll_from": pl.Float64(),
}

_COUNTED = ("volume", "amount", "open_interest", "total_shares", "float_shares")
EVENTS = ("cash_dividend", "bonus_shares", "rights_shares", "rights_price")
"""Columns that tell of an ex-day, each a share: cash before tax, free new shares, and new shares offered at a price."""


class BarSpec(Settings):
    """What a table of bars is: its frequency, its units, where it came from and what must be said about it."""

    frequency: Frequency
    kind: Literal["index", "stock", "future", "fund", "coin", "synthetic"] = Field(
        default="index", description="what the assets are; decides where they can be traded"
    )
    currency: str = Field(description="unit of prices and amounts, for example CNY, USD or index points")
    volume_unit: str = Field(default="shares", description="unit of `volume`")
    title: str = Field(description="what a reader calls this data")
    source: str = Field(description="where the data came from, in words")
    stamps: tuple[str, ...] = Field(default=(), description="what every report on this data must say")


@dataclass(frozen=True)
class Bars:
    """One row per (time, asset), sorted by asset, then time; made only through `Bars.of`.

    Known at
        `open`, `preclose`, `limit_up`, `limit_down` and what holds for the session (`at_risk`: under a risk warning,
        ST; `total_shares`, `float_shares`) at OPEN(t); every other column at CLOSE(t). `reset` says that prices begin
        anew at this bar (a share reform, a restructuring): no factor, label or return may reach across it.
        `cash_dividend`, `bonus_shares`, `rights_shares` and `rights_price`, each a share, before OPEN of an ex-day.
        `roll_from`, also at OPEN(t): where a series of futures goes on to another contract, what the one it leaves
        opens at in this bar.
    Units
        Prices and `amount` in ``spec.currency``; `volume` in ``spec.volume_unit``; `factor` has none.
    Missing values
        Prices are never missing (a bar that did not happen has no row); optional columns may hold nulls.
    """

    frame: pl.DataFrame
    spec: BarSpec

    @classmethod
    def of(cls, frame: pl.DataFrame, spec: BarSpec) -> "Bars":
        """Check every invariant and sort; raises `RecordError` naming the first row that breaks one."""
        missing = [column for column in REQUIRED if column not in frame.columns]
        require(holds=not missing, what="bars lack columns", expected=list(REQUIRED), found=frame.columns)
        types = {**REQUIRED, **OPTIONAL}
        unknown = [column for column in frame.columns if column not in types]
        if unknown:
            raise UnknownNameError.among("bar column", unknown[0], types)
        order = [column for column in types if column in frame.columns]
        tidy = frame.select(pl.col(c).cast(types[c]) for c in order)
        require(holds=tidy.height > 0, what="bars are empty", expected="at least one row")
        if not _is_sorted(tidy):
            tidy = tidy.sort("asset", "time")
        _check(tidy)
        return cls(tidy.rechunk(), spec)

    @cached_property
    def times(self) -> TimeArray:
        """The time axis [T]: every bar label that any asset has."""
        return self.frame["time"].unique().sort().to_numpy().astype("datetime64[us]")

    @cached_property
    def offsets(self) -> IntArray:
        """Where each asset's rows begin, and where the last ones end ``[N + 1]``."""
        return np.append(_starts(self.frame["asset"]), self.frame.height).astype(np.int64)

    @cached_property
    def segments(self) -> IntArray:
        """Where unbroken stretches of assets begin, and where the last one ends ``[S + 1]``: `offsets` and resets."""
        if not self.has("reset"):
            return self.offsets
        resets = np.flatnonzero(self.frame["reset"].fill_null(value=False).to_numpy())
        return np.union1d(self.offsets, resets).astype(np.int64)

    @cached_property
    def assets(self) -> tuple[str, ...]:
        """The assets [N], sorted."""
        return tuple(self.frame["asset"].gather(self.offsets[:-1]).to_list())

    @cached_property
    def places(self) -> IntArray:
        """Position of each row on the time axis ``[R]``."""
        labels, axis = self.frame["time"].to_numpy().astype("datetime64[us]").view(np.int64), self.times.view(np.int64)
        day, first = 86_400_000_000, int(axis[0])
        if bool(((axis - first) % day == 0).all()):  # a table of days is faster than a search
            table = np.zeros((int(axis[-1]) - first) // day + 1, dtype=np.int64)
            table[(axis - first) // day] = np.arange(len(axis))
            return np.take(table, (labels - first) // day)
        return np.searchsorted(axis, labels).astype(np.int64)

    def grid(self, name: str) -> FloatArray:
        """One raw column as float64 ``[T, N]``, NaN where an asset has no bar or no value; as `column` else."""
        made = np.full((len(self.times), len(self.assets)), np.nan)
        made[self.places, np.repeat(np.arange(len(self.assets)), np.diff(self.offsets))] = self.column(name)
        return made

    def has(self, column: str) -> bool:
        """Whether `column` is there and holds at least one value."""
        return column in self.frame.columns and self.frame[column].null_count() < self.frame.height

    def column(self, name: str) -> FloatArray:
        """One raw column as float64 [R], nulls as NaN; raises `UnknownNameError`."""
        if name not in self.frame.columns:
            raise UnknownNameError.among("bar column", name, self.frame.columns, where=self.spec.title)
        return self.frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)

    @cached_property
    def adjustment(self) -> FloatArray:
        """What turns raw prices into a continuous series ``[R]``: ``adjusted = raw × adjustment``.

        The column `factor` where the bars have one. Else, for stocks and funds with a reference price, the running
        product of ``close[t - 1] / preclose[t]`` over each asset's own bars, 1 on its first: the day's return is then
        ``close / preclose - 1``, and nothing after *t* enters. Ones for everything else.
        """
        if self.has("factor"):
            return self.column("factor")
        steps = np.ones(self.frame.height)
        if self.spec.kind in {"stock", "fund"} and self.has("preclose"):
            close, reference = self.column("close"), self.column("preclose")
            same = np.ones(self.frame.height, dtype=bool)
            same[self.offsets[:-1]] = False
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.concatenate([[1.0], close[:-1]]) / reference
            steps = np.where(same & np.isfinite(ratio) & (ratio > 0), ratio, 1.0)
            for first, end in pairwise(self.offsets):
                steps[first:end] = np.cumprod(steps[first:end])
        return steps

    def adjusted(self, name: str) -> FloatArray:
        """A price column × `adjustment`, as float64 [R]: for signals and returns, never for fills."""
        return self.column(name) * self.adjustment

    def upto(self, last: np.datetime64) -> "Bars":
        """Keep the bars labelled at or before `last`: what was known at the close of that bar."""
        return Bars.of(self.frame.filter(pl.col("time") <= pl.lit(last).cast(pl.Datetime("us"))), self.spec)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the values, column by column: the same data give the same digest on any machine."""
        digest = hashlib.sha256(repr(sorted(self.spec.model_dump(mode="json").items())).encode())
        for column in self.frame.columns:
            series = self.frame[column]
            digest.update(column.encode() + b"\0")
            if series.dtype == pl.String:
                digest.update(series.str.join("\0")[0].encode())
            else:
                digest.update(series.is_null().to_numpy().tobytes())
                digest.update(
                    series.to_physical()
                    .cast(pl.Float64 if series.dtype.is_float() else pl.Int64)
                    .fill_null(0)
                    .to_numpy()
                    .tobytes()
                )
        return digest.hexdigest()


def _starts(assets: pl.Series) -> IntArray:
    """Rows at which another asset than in the row before stands."""
    return np.append(0, np.flatnonzero((assets.slice(1) != assets.slice(0, len(assets) - 1)).to_numpy()) + 1)


def _is_sorted(frame: pl.DataFrame) -> bool:
    """Whether rows are in order of asset, then time; a column with gaps counts as unsorted."""
    if frame["asset"].null_count() or frame["time"].null_count():
        return False
    starts = _starts(frame["asset"])
    names = frame["asset"].gather(starts)
    if len(names) > 1 and not bool((names.slice(1) > names.slice(0, len(names) - 1)).all()):
        return False
    steps = np.diff(frame["time"].to_physical().to_numpy()) >= 0
    steps[starts[1:] - 1] = True
    return bool(steps.all())


def _repeated(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of a sorted frame that have the time and asset of a neighbour."""
    same = np.diff(frame["time"].to_physical().to_numpy()) == 0
    same[_starts(frame["asset"])[1:] - 1] = False
    if not same.any():
        return frame.clear()
    return frame.filter(np.append(False, same) | np.append(same, False))


def _check(frame: pl.DataFrame) -> None:
    prices = ["open", "high", "low", "close"]
    counted = [c for c in (*_COUNTED, *EVENTS) if c in frame.columns]
    above = [c for c in ("factor", "preclose", "settle", "limit_up", "limit_down", "roll_from") if c in frame.columns]
    tests: list[tuple[str, pl.Expr]] = [
        ("a bar has no time, session or asset", pl.any_horizontal(pl.col("time", "session", "asset").is_null())),
        ("a price is missing or not finite", pl.any_horizontal(pl.col(prices).is_null() | ~pl.col(prices).is_finite())),
        ("a price is not positive", pl.any_horizontal(pl.col(prices) <= 0)),
        ("the low is above the open or the close", pl.col("low") > pl.min_horizontal("open", "close")),
        ("the high is below the open or the close", pl.col("high") < pl.max_horizontal("open", "close")),
        *[(f"{c} is negative or not finite", (pl.col(c) < 0) | ~pl.col(c).is_finite()) for c in counted],
        *[(f"{c} is not positive or not finite", (pl.col(c) <= 0) | ~pl.col(c).is_finite()) for c in above],
    ]
    found = frame.select(broken.any().alias(what) for what, broken in tests).row(0)
    wrong = next((test for test, holds in zip(tests, found, strict=True) if holds), None)
    rows = frame.filter(wrong[1]) if wrong else _repeated(frame)
    if rows.height:
        raise RecordError(
            wrong[0] if wrong else "two bars have the same time and asset",
            found=f"{rows.height} rows, the first {rows.row(0, named=True)}",
            hint="`tidegate data import` finds, counts and quarantines such rows",
        )
