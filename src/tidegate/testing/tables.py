"""Tables of users, whatever made them: a pandas or polars frame or series, a NumPy array, a dictionary of columns.

Nothing of pandas is imported: what has an ``index`` and ``iloc`` is one of its objects, and is asked in its own words.
A table knows the time and the asset of each row, can be cut to some of its rows and be given other columns.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import SettingError
from tidegate.testing.written_times import moments_of, rows_in_order
from tidegate.types.axes import BoolArray, IntArray

__all__ = ["Laid", "Table", "laid_out", "table_of"]

TIMES = ("time", "date", "datetime", "trade_date", "trading_date", "timestamp", "day", "session", "month")
ASSETS = (
    "asset",
    "code",
    "ts_code",
    "symbol",
    "ticker",
    "instrument",
    "stock",
    "order_book_id",
    "security",
    "sid",
    "name",
)
ROWS = "rows"
"""What `time` is called where the order of the rows is the order of time."""
Text = Literal["dates", "dates or text", "as it is"]
"""What times that are text must be; for what is only carried along, nothing."""
Column = NDArray[Any]


@dataclass(frozen=True)
class Table:
    """A user's data: columns by name ``[R]``, time and asset of each row, and ways back to the user's own form."""

    columns: dict[Hashable, Column]
    time: Column
    asset: Column
    origin: IntArray
    """Which row of the first table each row is."""
    keys: tuple[Hashable, ...]
    """Columns that name rows; they are never changed."""
    has_assets: bool
    index: Any
    cut: Callable[[IntArray], Any]
    fill: Callable[[dict[Hashable, Column]], Any]
    read: str = ""
    """Which columns were taken for time and asset."""

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.time)

    def take(self, kept: BoolArray) -> "tuple[Any, Table]":
        """Some rows, in the user's own form and as a table."""
        return self.at(np.flatnonzero(kept))

    def at(self, positions: IntArray, new: BoolArray | None = None, name: Any = None) -> "tuple[Any, Table]":
        """Rows by position; copies marked `new` are rows of their own, of an asset called `name`."""
        data, asset, origin = self.cut(positions), self.asset[positions], self.origin[positions]
        if new is not None:
            asset = _with_name(asset, new, name)
            origin = np.where(new, int(self.origin.max()) + np.cumsum(new), origin)
            data = self._listed(data, asset, new)
        made = table_of(data, text="as it is")
        return data, Table(
            made.columns, self.time[positions], asset, origin, self.keys, self.has_assets, made.index, made.cut,
            made.fill, self.read,
        )  # fmt: skip

    def _listed(self, data: Any, asset: Column, new: BoolArray) -> Any:
        """Write the assets into the user's own form, and give copies labels of their own where labels are numbers."""
        for key in self.keys:
            if np.array_equal(self.columns[key], self.asset):
                data = table_of(data, text="as it is").fill({key: asset})
        if self.index is None:
            return data
        for level, held in enumerate(_levels(self.index).values()):
            if self.index.nlevels > 1 and np.array_equal(held, self.asset):
                labels = data.index.to_frame(index=False)
                labels.isetitem(level, asset)
                data.index = type(data.index).from_frame(labels, names=data.index.names)
        if self.index.nlevels == 1 and self.index.is_unique and self.index.to_numpy().dtype.kind in "iu":
            numbers = data.index.to_numpy()
            data.index = np.where(new, int(self.index.max()) + np.cumsum(new), numbers)
        return data

    def replaced(self, columns: dict[Hashable, Column]) -> "tuple[Any, Table]":
        """Other values in some columns, in the user's own form and as a table."""
        data = self.fill(columns)
        made = table_of(data, text="as it is")
        return data, Table(
            made.columns, self.time, self.asset, self.origin, self.keys, self.has_assets, made.index, made.cut,
            made.fill, self.read,
        )  # fmt: skip


def table_of(data: Any, time: str | None = None, asset: str | None = None, *, text: Text = "dates") -> Table:
    """Understand a user's data; raises `SettingError` where nothing in it can be read as a table.

    Times are looked for in the column `time`, in an index of dates, in a column of a usual name (date, trade_date);
    where there are none, rows are in the order of time, as they are with ``time="rows"``, whatever their times say.
    Assets likewise (asset, code, symbol, ...), or there is one. Times as `text` must be dates that can be read in one
    way only; of what a function gives, text that can't stays text.

    >>> made = table_of({"date": np.array([1, 2]), "close": np.array([1.0, 2.0])})
    >>> made.rows, made.has_assets, made.time.tolist()
    (2, False, [1, 2])
    """
    if hasattr(data, "iloc") and hasattr(data, "index"):
        return _pandas(data, time, asset, text)
    if isinstance(data, (pl.DataFrame, pl.Series)):
        return _polars(data, time, asset, text)
    if isinstance(data, np.ndarray) and data.ndim in (1, 2):
        held: dict[Hashable, Column] = {0: data} if data.ndim == 1 else {n: data[:, n] for n in range(data.shape[1])}
        return _made(held, None, (time, asset, text), lambda kept: data[kept].copy(), lambda new: _array(data, new))
    if isinstance(data, dict) and data and all(len(np.shape(value)) >= 1 for value in data.values()):
        whole = {name: np.asarray(value) for name, value in data.items()}
        return _made(
            whole, None, (time, asset, text), lambda kept: {name: value[kept].copy() for name, value in whole.items()},
            lambda new: {name: new.get(name, value).copy() for name, value in whole.items()},
        )  # fmt: skip
    raise SettingError(
        "this is no table",
        expected="a pandas or polars frame or series, a NumPy array of one or two axes, or a dictionary of columns",
        found=type(data).__name__,
    )


def _with_name(asset: Column, new: BoolArray, name: Any) -> Column:
    made = asset.astype(object)
    made[new] = name
    return made if asset.dtype == object else np.array(made.tolist())


def _array(data: NDArray[Any], new: dict[Hashable, Column]) -> NDArray[Any]:
    made = data.copy()
    for name, values in new.items():
        if data.ndim == 1:
            made[:] = values
        else:
            made[:, int(name)] = values  # type: ignore[call-overload]
    return made


def _pandas(data: Any, time: str | None, asset: str | None, text: Text) -> Table:
    if not hasattr(data, "columns"):
        name: Hashable = data.name if data.name is not None else 0

        def series(new: dict[Hashable, Column]) -> Any:
            made = data.copy()
            made[:] = new.get(name, data.to_numpy())
            return made

        return _made(
            {name: data.to_numpy()}, data.index, (time, asset, text), lambda kept: data.iloc[kept].copy(), series
        )

    def frame(new: dict[Hashable, Column]) -> Any:
        made = data.copy()
        for column, values in new.items():
            made[column] = values
        return made

    columns = {column: data[column].to_numpy() for column in data.columns}
    return _made(columns, data.index, (time, asset, text), lambda kept: data.iloc[kept].copy(), frame)


def _polars(data: pl.DataFrame | pl.Series, time: str | None, asset: str | None, text: Text) -> Table:
    frame = data.to_frame() if isinstance(data, pl.Series) else data
    own: Callable[[pl.DataFrame], Any] = (lambda f: f.to_series()) if isinstance(data, pl.Series) else (lambda f: f)
    columns: dict[Hashable, Column] = {name: frame[name].to_numpy() for name in frame.columns}

    def replace(new: dict[Hashable, Column]) -> Any:
        made = [pl.Series(str(name), values).cast(frame[str(name)].dtype) for name, values in new.items()]
        return own(frame.with_columns(made))

    return _made(columns, None, (time, asset, text), lambda kept: own(frame[kept.tolist()]), replace)


def _made(
    columns: dict[Hashable, Column],
    index: Any,
    asked: tuple[str | None, str | None, Text],
    take: Callable[[IntArray], Any],
    replace: Callable[[dict[Hashable, Column]], Any],
) -> Table:
    rows = len(next(iter(columns.values()))) if columns else 0
    if rows == 0:
        raise SettingError("this table is empty", found="0 rows")
    time, asset, text = asked
    levels = _levels(index)
    by_rows = time == ROWS and ROWS not in columns and ROWS not in levels
    when, time_key = _named(columns, levels, None if by_rows else time, TIMES, "time")
    names, asset_key = _named(columns, levels, asset, ASSETS, "asset")
    if when is None:
        when = next((held for held in levels.values() if _dated(held)), None)
    if names is None and len(levels) > 1:
        names = next((held for held in levels.values() if held is not when), None)
    read = f"time: {'row numbers' if when is None else _said(columns, levels, when)}"
    if by_rows:
        when, read = rows_in_order(when, names, rows), "time: row numbers"
    elif when is None:
        when = np.arange(rows)
    elif text != "as it is":
        when = moments_of(np.asarray(when), strict=text == "dates")
    read += "" if names is None else f", asset: {_said(columns, levels, names)}"
    keys = tuple(key for key in (time_key, asset_key) if key is not None)
    told = np.zeros(rows, dtype=np.int64) if names is None else np.asarray(names)
    return Table(columns, np.asarray(when), told, np.arange(rows), keys, names is not None, index, take, replace, read)


def _dated(held: Column) -> bool:
    """Whether a level of an index holds dates, or text that reads as dates."""
    return held.dtype.kind == "M" or (held.dtype.kind in "OUS" and moments_of(held, strict=False).dtype.kind == "M")


def _said(columns: dict[Hashable, Column], levels: dict[Hashable, Column], taken: Column) -> str:
    """What a user calls the column or the level of the index that was taken."""
    of_index = next((name for name, held in levels.items() if held is taken), None)
    if of_index is not None:
        return str(of_index) if isinstance(of_index, str) else f"index level {of_index}" if of_index else "index"
    return str(next(name for name, held in columns.items() if held is taken))


def _levels(index: Any) -> dict[Hashable, Column]:
    """Levels of a pandas index by name, or by number."""
    if index is None:
        return {}
    names = list(getattr(index, "names", [None]))
    return {
        (name if name is not None else at): np.asarray(index.get_level_values(at).to_numpy())
        for at, name in enumerate(names)
    }


def _named(
    columns: dict[Hashable, Column], levels: dict[Hashable, Column], wanted: str | None, usual: Sequence[str], what: str
) -> tuple[Column | None, Hashable | None]:
    if wanted is not None:
        if wanted in columns:
            return columns[wanted], wanted
        if wanted in levels:
            return levels[wanted], None
        raise SettingError(f"the data have no {what} of this name", found=wanted, expected=[*columns, *levels])
    for name, held in levels.items():
        if isinstance(name, str) and name.lower() in usual:
            return held, None
    for name, held in columns.items():
        if isinstance(name, str) and name.lower() in usual:
            return held, name
    return None, None


@dataclass(frozen=True)
class Laid:
    """A function's result beside the rows that it was given: columns ``[K]``, each row's key and time."""

    columns: dict[str, Column]
    keys: list[Hashable]
    time: Column


def laid_out(result: Any, given: Table) -> Laid:
    """Lay a result beside the data it was computed from: by its columns of time and asset, by its index, or row by row.

    Errors
        `SettingError` where it has neither the rows of the data nor times of its own.
    """
    if isinstance(result, (tuple, list)) and result and hasattr(result[0], "__len__"):
        result = {str(at): part for at, part in enumerate(result)}
    try:
        held = table_of(result, text="dates or text")
    except SettingError as error:
        raise SettingError(
            "the function gives no table",
            expected="one row for each row of the data",
            found=type(result).__name__,
            hint="return a column or a frame with a row per row of the data; for something fitted, use check_fitted",
        ) from error
    columns = {str(name): value for name, value in held.columns.items() if name not in held.keys}
    columns = columns or {str(name): value for name, value in held.columns.items()}
    dated = held.time.dtype.kind == given.time.dtype.kind == "M"
    when = held.time.astype(given.time.dtype) if dated else held.time  # by value: whatever unit a library gave them
    if _named_by_columns(held, given):
        own = list(zip(when.tolist(), held.asset.tolist(), strict=True))
        if len(set(own)) == len(own):
            return Laid(columns, list(own), when)
    if held.index is not None and given.index is not None and bool(given.index.is_unique):
        at = np.asarray(given.index.get_indexer(held.index))
        if len(np.unique(at[at >= 0])) == int((at >= 0).sum()) and (bool((at >= 0).all()) or dated):
            own = list(zip(when.tolist(), held.asset.tolist(), strict=True))
            keys: list[Hashable] = [
                int(given.origin[place]) if place >= 0 else key for place, key in zip(at, own, strict=True)
            ]
            told = given.time[at]
            return Laid(columns, keys, np.where(at >= 0, told, when) if bool((at < 0).any()) else told)
    timed = held.time.dtype.kind == given.time.dtype.kind or "M" not in (held.time.dtype.kind, given.time.dtype.kind)
    named = held.keys and given.has_assets == held.has_assets and timed
    if named:
        return Laid(columns, list(zip(when.tolist(), held.asset.tolist(), strict=True)), when)
    if held.rows == given.rows:
        return Laid(columns, given.origin.tolist(), given.time)
    if held.index is not None and (dated or held.time.dtype == given.time.dtype):
        return Laid(columns, list(zip(when.tolist(), held.asset.tolist(), strict=True)), when)
    raise SettingError(
        "the function's rows can't be laid beside the data's",
        expected=given.rows,
        found=held.rows,
        hint="return one row per row of the data, or a frame with the columns time and asset",
    )


def _named_by_columns(held: Table, given: Table) -> bool:
    """Whether a result says in columns of its own, times of the data's kind among them, which rows it is of."""
    if given.has_assets != held.has_assets or len(held.keys) != 1 + int(held.has_assets):
        return False
    same = held.time.dtype.kind == given.time.dtype.kind
    whole = held.time.dtype.kind not in "mM" or not bool(np.isnat(held.time).any())
    return same and whole
