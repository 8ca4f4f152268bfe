"""Facts: what was reported of an asset, and the day from whose close on it may be used.

A report speaks of a period and becomes known later; a restatement becomes known later still and leaves the first value
where it was. A fact therefore carries two dates, its `period` and its `usable`, and what an asset's reports said *on a
day* is a question with one answer: of all facts usable by then, the one of the latest period, as last stated by then.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal, TypeAlias, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import UnknownNameError
from tidegate.types.axes import FloatArray, IntArray, frozen, require
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["Days", "Facts", "KnownBy", "PanelRows"]

Days: TypeAlias = NDArray[np.datetime64]
KnownBy = Literal["announced", "deadline", "close"]
_Kind = TypeVar("_Kind", bound=np.generic)
_BY = ("announced", "deadline", "close")
_SCHEMA: dict[str, pl.DataType] = {
    "field": pl.String(),
    "asset": pl.String(),
    "usable": pl.Date(),
    "period": pl.Date(),
    "value": pl.Float64(),
    "by": pl.String(),
}
_KEYS = ("field", "asset", "usable", "period")
_SPAN = 1_000_000
"""More days than any two sessions lie apart: one whole number then holds an asset and a day."""


@dataclass(frozen=True)
class PanelRows:
    """The rows of a panel as facts are laid beside them: asset by asset, in order of session.

    Shapes
        `assets` [N], `sessions` [R] as days, `offsets` [N + 1].
    """

    assets: tuple[str, ...]
    sessions: Days
    offsets: IntArray

    @classmethod
    def of(cls, panel: "Bars | Panel") -> "PanelRows":
        """Take the rows of daily bars or of a panel; raises `RecordError` for labels within a day.

        >>> from tidegate.testing.history import example_bars
        >>> rows = PanelRows.of(example_bars(sessions=5))
        >>> len(rows.sessions) == int(rows.offsets[-1])
        True
        """
        if isinstance(panel, Bars):
            labels = panel.frame["time"].to_numpy().astype("datetime64[us]")
        else:
            labels = panel.times[panel.row_time].astype("datetime64[us]")
        days = labels.astype("datetime64[D]")
        require(holds=bool((days == labels).all()), what="facts are laid beside rows of whole sessions")
        return cls(panel.assets, frozen(days), panel.offsets)

    @cached_property
    def keys(self) -> IntArray:
        """Asset and day of each row in one increasing number ``[R]``."""
        places = np.repeat(np.arange(len(self.assets), dtype=np.int64), np.diff(self.offsets))
        return frozen(places * _SPAN + self.sessions.astype(np.int64))


@dataclass(frozen=True)
class Facts:
    """One row a fact, sorted by field, asset, day of use and period; made only through `Facts.of`.

    Columns
        `field`; `asset`; `period`, the last day of the quarter that it speaks of; `usable`, the first day at whose
        close it may be used; `value`; `by`, how that day was told: *announced*, by a legal *deadline*, or at a *close*.
    Known at
        CLOSE(t) of the first session *t* on or after `usable`. What is announced on a day, at whatever hour, is usable
        from the next day on.
    Missing values
        Null: the report was there and did not give the field.
    Errors
        `RecordError` for a missing key, two facts with one key, a value that is not finite, a report known before its
        period ended.

    >>> facts = Facts.of(
    ...     pl.DataFrame(
    ...         {
    ...             "field": "roe_ytd",
    ...             "asset": "600000.SH",
    ...             "by": "announced",
    ...             "period": [date(2014, 12, 31), date(2014, 12, 31)],
    ...             "usable": [date(2015, 3, 20), date(2015, 6, 2)],
    ...             "value": [0.12, 0.11],
    ...         }
    ...     )
    ... )
    >>> facts.history("roe_ytd", "600000.SH", date(2015, 5, 4))["value"].to_list()
    [0.12]
    """

    frame: pl.DataFrame

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Facts":
        """Check every invariant and sort."""
        missing = [column for column in _SCHEMA if column not in frame.columns]
        require(holds=not missing, what="facts lack columns", expected=list(_SCHEMA), found=frame.columns)
        tidy = frame.select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items())
        if not _is_sorted(tidy):
            tidy = tidy.sort(_KEYS)
        keyless = tidy.filter(pl.any_horizontal(pl.col(*_KEYS, "by").is_null()))
        require(holds=keyless.is_empty(), what="a fact has no field, asset, period or day", found=keyless.rows()[:1])
        wild = tidy.filter(~pl.col("value").is_finite())
        require(holds=wild.is_empty(), what="a fact is not finite", found=wild.rows()[:1])
        early = tidy.filter(pl.col("usable") < pl.col("period"))
        require(holds=early.is_empty(), what="a fact is known before its period ends", found=early.rows()[:1])
        other = tidy.filter(~pl.col("by").is_in(_BY))
        require(
            holds=other.is_empty(), what="how a fact became known", expected=list(_BY), found=other["by"].to_list()[:1]
        )
        same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in _KEYS)
        twice = tidy.filter(same)
        require(holds=twice.is_empty(), what="two facts have one key", found=twice.rows()[:1])
        return cls(tidy.rechunk())

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields that have facts, sorted."""
        return tuple(self._spans)

    @cached_property
    def assets(self) -> tuple[str, ...]:
        """The assets that have facts, sorted."""
        return tuple(self.frame["asset"].unique().sort().to_list())

    def only(self, field: str) -> pl.DataFrame:
        """Facts of one field, sorted by asset, day of use and period; raises `UnknownNameError`."""
        if field not in self._spans:
            raise UnknownNameError.among("fact", field, self.fields, where="facts")
        return self.frame.slice(*self._spans[field])

    def joined(self, other: "Facts") -> "Facts":
        """These facts and others; raises `RecordError` where two have one key."""
        return Facts.of(pl.concat([self.frame, other.frame]))

    def upto(self, day: date) -> "Facts":
        """Keep what was known at the close of a day."""
        return Facts(self.frame.filter(pl.col("usable") <= day))

    def history(self, field: str, asset: str, day: date) -> pl.DataFrame:
        """Each period's value as it was known at the close of `day`: columns period, usable, value, by."""
        held = self.only(field).filter((pl.col("asset") == asset) & (pl.col("usable") <= day))
        last = held.group_by("period").last().sort("period")
        return last.select("period", "usable", "value", "by")

    def as_of(self, field: str, rows: PanelRows, *, last_given: bool = False) -> FloatArray:
        """Lay a field beside the rows of a panel: what was last known of it at the close of each.

        Formula
            ``value[r] = the fact with the largest (period, usable) among those with usable <= session[r]``.

        Shapes
            ``[R]``, in the order of the panel's rows.

        Known at
            CLOSE(t).

        Missing values
            NaN before the first report, and while the latest one does not give the field; with `last_given`, the last
            value that a report gave, however old it is.

        Raises `UnknownNameError`.
        """
        held = self.only(field)
        if last_given:
            held = held.filter(pl.col("value").is_not_null())
        values = held["value"].fill_null(np.nan).to_numpy()
        at = _latest(held, rows)
        return _taken(values, at, np.float64(np.nan))

    def period_of(self, field: str, rows: PanelRows, *, last_given: bool = False) -> Days:
        """Tell the period that each value of `as_of` speaks of ``[R]``, NaT where it speaks of none."""
        held = self.only(field)
        if last_given:
            held = held.filter(pl.col("value").is_not_null())
        periods = held["period"].to_numpy().astype("datetime64[D]")
        return _taken(periods, _latest(held, rows), np.datetime64("NaT"))

    @cached_property
    def _spans(self) -> dict[str, tuple[int, int]]:
        runs = self.frame["field"].rle().struct.unnest()
        lengths = runs["len"].to_numpy().astype(np.int64)
        starts = np.append(0, np.cumsum(lengths))[:-1]
        return {
            name: (int(start), int(length))
            for name, start, length in zip(runs["value"].to_list(), starts, lengths, strict=True)
        }


def _is_sorted(frame: pl.DataFrame) -> bool:
    """Whether rows are in order of their keys, without a sort of texts."""
    below, equal = pl.lit(value=False), pl.lit(value=True)
    for name in _KEYS:
        now, before = pl.col(name), pl.col(name).shift(1)
        below |= equal & (now < before)
        equal &= now == before
    return not bool(frame.select(below.fill_null(value=False).any()).item())


def _latest(held: pl.DataFrame, rows: PanelRows) -> IntArray:
    """Number of the fact that each row sees, -1 for none: facts look for their first row, and are carried forward."""
    seen = np.full(len(rows.sessions), -1, dtype=np.int64)
    places = pl.DataFrame(
        {"asset": rows.assets, "place": np.arange(len(rows.assets))}, schema_overrides={"asset": pl.String}
    )
    known = held.select("asset", "period", "usable").with_row_index("fact").join(places, on="asset", how="inner")
    known = known.sort("place", "fact")
    known = known.filter(pl.col("period") >= pl.col("period").cum_max().over("place"))  # late reports of old periods
    if not known.height or not len(seen):
        return seen
    place = known["place"].to_numpy().astype(np.int64)
    fact = known["fact"].to_numpy().astype(np.int64)
    day = known["usable"].to_numpy().astype("datetime64[D]").astype(np.int64)
    first = np.searchsorted(rows.keys, place * _SPAN + day)
    inside = np.flatnonzero(first < rows.offsets[place + 1])
    np.maximum.at(seen, first[inside], inside)
    np.maximum.accumulate(seen, out=seen)
    own = np.searchsorted(place, np.arange(len(rows.assets)))
    seen[seen < np.repeat(own, np.diff(rows.offsets))] = -1  # facts of the asset before
    return np.where(seen >= 0, fact[np.maximum(seen, 0)], -1)


def _taken(values: NDArray[_Kind], at: IntArray, none: _Kind) -> NDArray[_Kind]:
    """Take by number, `none` where there is no number."""
    taken = np.full(len(at), none, dtype=values.dtype)
    there = at >= 0
    taken[there] = values[at[there]]
    return taken
