"""The first number that changed: two tables of one room, before and after the future was made another one.

A room is a table with a column ``when``, the label of the bar at whose close (or, of fills, open) its row is known, and
columns that name the row. What is known by a moment must be there in both tables, to the last bit.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.auditing.verdict import Change
from tidegate.types.panel import Panel

__all__ = ["WHEN", "Room", "first_change", "room_of_panel"]

WHEN = "when"
_SHOWN = 6


@dataclass(frozen=True)
class Room:
    """One room's table: `keys` name a row, the other columns are its numbers; `at_open`: known at the open of `when`."""

    name: str
    frame: pl.DataFrame
    keys: tuple[str, ...]
    at_open: bool = False
    ordered: bool = False
    """Rows are compared in their order, as orders and fills are: a key may stand twice."""


def first_change(
    before: Room, after: Room | None, last: np.datetime64, *, following: np.datetime64 | None = None
) -> Change | None:
    """The first number known by `last` that differs; None where none does. Rooms at the open reach to `following`."""
    label = pl.lit(following if before.at_open and following is not None else last).cast(pl.Datetime("us"))
    held = before.frame.filter(pl.col(WHEN) <= label)
    if after is None:
        return (
            Change(room=before.name, where="all of it", expected=f"{held.height} rows", found="nothing")
            if held.height
            else None
        )
    other = after.frame.filter(pl.col(WHEN) <= label)
    if set(held.columns) != set(other.columns):
        gone = sorted(set(held.columns) ^ set(other.columns))
        return Change(
            room=before.name, where=f"fields {', '.join(gone[:_SHOWN])}", expected=_names(held), found=_names(other)
        )
    other = other.select(held.columns)
    if held.equals(other) and not _signs(held, other):
        return None
    return _in_order(before, held, other) if before.ordered else _by_key(before, held, other)


def _names(frame: pl.DataFrame) -> str:
    return ", ".join(frame.columns[:_SHOWN])


def _signs(held: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Whether a zero has another sign: no more than its last bit differs."""
    for name in held.columns:
        if held[name].dtype.is_float():
            a, b = (frame[name].to_numpy() for frame in (held, other))  # NaN, for a null, equals nothing
            if bool(((np.signbit(a) != np.signbit(b)) & (a == b)).any()):
                return True
    return False


def _in_order(room: Room, held: pl.DataFrame, other: pl.DataFrame) -> Change | None:
    first = next((n for n, (a, b) in enumerate(zip(held.rows(), other.rows(), strict=False)) if a != b), None)
    place = min(held.height, other.height) if first is None else first
    if place == held.height == other.height:
        return None
    told = [_row(frame, place) for frame in (held, other)]
    names = [
        n
        for n in held.columns
        if n != WHEN and (place >= held.height or place >= other.height or held[n][place] != other[n][place])
    ]
    where = _row((held if place < held.height else other).select(room.keys), place)
    if place < held.height and place < other.height:
        told = [_row(frame.select(names[:_SHOWN]), place) for frame in (held, other)]
    changed = abs(held.height - other.height) + (0 if first is None else 1)
    return Change(room=room.name, where=where, expected=told[0], found=told[1], count=max(changed, 1))


def _row(frame: pl.DataFrame, place: int) -> str:
    if place >= frame.height:
        return "no such row"
    return ", ".join(f"{name} {_say(value)}" for name, value in frame.row(place, named=True).items() if name != WHEN)


def _by_key(room: Room, held: pl.DataFrame, other: pl.DataFrame) -> Change | None:
    keys = list(room.keys)
    same_rows = held.height == other.height and held.select(keys).equals(other.select(keys))
    if not same_rows:
        for one, two, told in ((held, other, ("there", "gone")), (other, held, ("not there", "there"))):
            odd = one.join(two, on=keys, how="anti", maintain_order="left")
            if odd.height:
                first = odd.sort(WHEN, maintain_order=True).select(keys)
                return Change(room=room.name, where=_row(first, 0), expected=told[0], found=told[1], count=odd.height)
        other = held.select(keys).join(other, on=keys, how="left", maintain_order="left")
    names = [name for name in held.columns if name not in {*keys, WHEN}]
    wrong = np.zeros((held.height, len(names)), dtype=bool)
    for at, name in enumerate(names):
        wrong[:, at] = ~_equal(held[name], other[name])
    if not wrong.any():
        return None
    rows = np.flatnonzero(wrong.any(axis=1))
    order = held[WHEN].to_numpy()[rows]
    row = int(rows[np.argmin(order)])
    field = names[int(np.flatnonzero(wrong[row])[0])]
    return Change(
        room=room.name,
        where=f"{_row(held.select(keys), row)}, {field}",
        expected=_say(held[field][row]),
        found=_say(other[field][row]),
        count=int(wrong.sum()),
    )


def _equal(a: pl.Series, b: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    equal = a.eq_missing(b).to_numpy()
    if a.dtype.is_float() and b.dtype.is_float():
        x, y = a.fill_null(1.0).to_numpy(), b.fill_null(1.0).to_numpy()
        equal = equal & ((np.signbit(x) == np.signbit(y)) | np.isnan(x))
    return np.asarray(equal)


def _say(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.9g}"
    text = str(value)
    return text.removesuffix(" 00:00:00") if text.count(":") == 2 else text  # noqa: PLR2004 - a midnight says nothing


def room_of_panel(panel: Panel, name: str = "factors") -> Room:
    """The factors as a table; forcings (fields lawfully known ahead) are left out."""
    when = panel.times[panel.row_time]
    frame = pl.DataFrame(
        {WHEN: when, "time": when, "asset": np.array(panel.assets, dtype=object)[panel.row_asset].astype(str)}
    ).with_columns(pl.Series(field, panel.column(field)) for field in panel.fields if field not in panel.forcings)
    return Room(name, frame, ("time", "asset"))
