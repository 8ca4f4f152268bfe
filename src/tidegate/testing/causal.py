"""Whether a function of one's own, on a table of one's own, looks ahead: `check_causal`.

The function is asked on the whole table, on tables that end earlier, and on tables whose later rows are another valid
history. What it says of a row may not change by a bit. It need not know anything of Tidegate: a pandas, polars or NumPy
pipeline, with assets or without.

    from tidegate.testing import check_causal
    assert check_causal(my_factor, prices)
"""

import itertools
import warnings
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import ClockError, SettingError
from tidegate.testing.beside_gaps import beside_gaps
from tidegate.testing.lint import Sign, lint_function
from tidegate.testing.moves import around_moves
from tidegate.testing.other_future import other_future
from tidegate.testing.other_names import other_names
from tidegate.testing.tables import Laid, Table, laid_out, table_of
from tidegate.testing.written_times import require_order

__all__ = ["BROKEN", "Causal", "Cell", "check_causal"]

BROKEN = (
    ArithmeticError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    pl.exceptions.PolarsError,
)
"""What a user's function may raise when it is shown less history than it expects."""
_ROUNDING = 1e-12
_WHOLE = 0.6
_LEAST_ROWS = 3


@dataclass(frozen=True)
class Cell:
    """The first offending cell: whose row it is, what it was and what it became when only later rows changed."""

    time: str
    asset: str
    column: str
    expected: object
    found: object

    def __str__(self) -> str:
        place = ", ".join(part for part in (self.time, self.asset, self.column) if part)
        return f"{place}: {self.expected} became {self.found}"


@dataclass(frozen=True)
class Causal:
    """The verdict on a function; true where nothing was found, so that it can be asserted.

    `how`: whether the later rows were cut off or scrambled when it changed; `reach`: how many moments before the cut
    the earliest change lies, 0 at the cut itself (a window that reaches one row ahead), large for a whole-sample
    statistic; `tried`: how many tables it was asked on; `on`: which columns were taken for time and asset.
    """

    name: str
    status: Literal["passed", "failed", "could not run"]
    tried: int
    first: Cell | None = None
    cut: str = ""
    how: str = ""
    changed: int = 0
    reach: int = 0
    hint: str = ""
    note: str = ""
    on: str = ""
    """Which columns were taken for time and asset."""

    def __bool__(self) -> bool:
        return self.status == "passed"

    def __str__(self) -> str:
        on = f" ({self.on})" if self.on else ""
        if self.status == "passed":
            return f"{self.name}: passed, {self.tried} cuts and scrambles{on}{self.note}"
        if self.first is None:
            return f"{self.name}: {self.status}: {self.note}{on}"
        numbers = "1 number" if self.changed == 1 else f"{self.changed} numbers"
        return (
            f"{self.name} looks ahead{on}: {self.how} what came after {self.cut} changed {numbers}; "
            f"the first is {self.first}. Hint: {self.hint}."
        )

    __repr__ = __str__

    def require(self) -> "Causal":
        """Raise `ClockError` unless it passed; for tests that want an error rather than an assertion."""
        if self.status == "passed":
            return self
        first = self.first
        if first is None:
            raise ClockError(f"{self.name} could not be judged", found=self.note)
        raise ClockError(
            f"{self.name} looks ahead ({self.how} what came after {self.cut})",
            expected=first.expected, found=first.found, hint=self.hint,
            where=", ".join(part for part in (first.time, first.asset, first.column) if part),
        )  # fmt: skip


def check_causal(
    fn: Callable[[Any], Any],
    data: Any,
    *,
    time: str | None = None,
    asset: str | None = None,
    known: Literal["close", "open"] = "close",
    cuts: int = 8,
    scrambles: int = 2,
    seed: int = 0,
    name: str | None = None,
) -> Causal:
    """Cut off and scramble what comes after `cuts` moments or more; nothing said of earlier rows may change by a bit.

    Parameters
    ----------
    fn
        A function of the data alone: table → column or table, one row per row of the data (or rows with times of their
        own, such as weeks). It gets a copy each time.
    data
        A pandas or polars frame or series, a NumPy array ``[T]`` or ``[T, F]``, or a dictionary of columns. Columns
        called open, high, low, close, volume, vwap, factor ... are scrambled as what they are.
    time, asset
        Columns (or index levels) with the time and the asset of a row, where they have unusual names. Without times,
        rows are in the order of time, as they are with ``time="rows"``; without assets there is one. Text is read as
        dates where it begins with the year.
    known
        The moment at which a row's result is used. ``"close"``: row *t* may use all of bar *t*. ``"open"``: of bar *t*
        it may use only what the open shows (open, previous close, limits, factors), as a decision filled there may.
    cuts, scrambles, seed
        How many moments (half of them around the largest moves; up to six more beside gaps and fills), how many other
        futures at each (and one of other names: a listing, an end, a suspension, a new word), and what they are
        thrown with.

    Missing values
        Any NaN equals any NaN.

    Errors
        `SettingError` for data that are no table, times that can't be read, rows of an asset that are neither by time
        nor newest first, fewer rows than can be cut, or a result that can't be laid beside them. What `fn` itself
        raises on the whole data is raised.

    >>> close = np.array([10.0, 11.0, 10.5, 12.0, 11.0, 10.0, 12.5, 13.0, 12.0, 11.5, 11.0, 12.0])
    >>> bool(check_causal(lambda x: np.cumsum(x), close)), bool(check_causal(lambda x: x - x.mean(), close))
    (True, False)
    """
    table = table_of(data, time, asset)
    told = str(name or getattr(fn, "__name__", type(fn).__name__))
    require_order(table.time, table.asset)
    moments = np.unique(table.time)
    if len(moments) < _LEAST_ROWS:
        raise SettingError(
            "there are too few moments to cut at", expected=f"at least {_LEAST_ROWS}", found=len(moments)
        )
    everything = np.ones(table.rows, dtype=bool)
    whole, given = table.take(everything)
    full = laid_out(fn(whole), given)
    again = laid_out(fn(table.take(everything)[0]), given)
    if _differences(full, again, everything_known=True)[0]:
        return Causal(
            told, "could not run", 1, note="asked twice, it answers otherwise: seed what it draws", on=table.read
        )
    tried, silent = 0, ""
    for number, cut in enumerate(_cuts(table, moments, cuts, seed, full)):
        for how, at, make in _ways(table, cut, scrambles, seed + 1000 * number, known):
            try:
                other, beside = make()
                with warnings.catch_warnings():  # a zero volume or a short history may make a number warn
                    warnings.simplefilter("ignore")
                    made = laid_out(fn(other), beside)
            except BROKEN as error:
                silent = f"{type(error).__name__}: {error}"
                continue
            tried += 1
            wrong, rounded = _differences(full, made, at)
            if wrong and not rounded:
                return _failed(told, fn, table, full, wrong, cut, how, tried, moments)
    if not tried:
        return Causal(told, "could not run", 0, note=f"it works on no shorter history: {silent}", on=table.read)
    note = (f"; silent on some: {silent}" if silent else "") + _doubt(lint_function(fn))
    return Causal(told, "passed", tried, note=note, on=table.read)


def _cuts(table: Table, moments: NDArray[Any], count: int, seed: int, full: Laid) -> NDArray[Any]:
    """Moments to cut at: half spread over time, the last but one too, half around the largest moves; beside gaps."""
    last = len(moments) - 2
    rare = around_moves(table, moments, count // 2)
    edges = np.linspace(min(1, last), last, count - len(rare) + 1).astype(int)
    generator = np.random.default_rng(seed)
    at = [int(generator.integers(a, max(b, a + 1))) for a, b in itertools.pairwise(edges)]
    return moments[sorted({*at, *rare, last, last // 2, *beside_gaps(table, moments, full)})]


def _ways(
    table: Table, cut: Any, scrambles: int, seed: int, known: str
) -> list[tuple[str, Any, Callable[[], tuple[Any, Table]]]]:
    """The tables with another future: how they were made, up to when they must agree, and how to make them."""
    later = np.asarray(table.time > cut)
    ways: list[tuple[str, Any, Callable[[], tuple[Any, Table]]]] = [("cutting off", cut, lambda: table.take(~later))]
    following = table.time[later].min()
    held = later & np.asarray(table.time == following) if known == "open" else None
    until = following if known == "open" else cut
    for throw in range(scrambles):

        def scrambled(throw: int = throw) -> tuple[Any, Table]:
            other = table.replaced(other_future(table, later, seed + throw, held))[1]
            gone = np.random.default_rng((seed + throw, 3)).random(table.rows) < _GONE
            lost = later & gone & (table.time != following) if throw % 2 else np.zeros(table.rows, dtype=bool)
            return other.take(~lost)

        ways.append(("scrambling", until, scrambled))
    if scrambles:
        ways.append(("other names in", until, lambda: other_names(table, later, seed, held)))
    return ways


_GONE = 0.15


def _differences(
    full: Laid, made: Laid, until: Any = None, *, everything_known: bool = False
) -> tuple[list[tuple[int, str, Any]], bool]:
    """Cells known by `until` that differ: (row, column, what it became); whether they do in rounding alone."""
    place = {key: at for at, key in enumerate(made.keys)}
    rows = np.arange(len(full.keys)) if everything_known else np.flatnonzero(full.time <= until)
    at = np.array([place.get(full.keys[row], -1) for row in rows], dtype=np.int64)
    wrong: list[tuple[int, str, Any]] = [(int(row), "", "no such row") for row in rows[at < 0]]
    if set(full.columns) != set(made.columns):
        gone = ", ".join(sorted(set(full.columns) ^ set(made.columns))[:6])
        return [(int(rows[0]) if rows.size else 0, gone, "other columns")], False
    rounded = not wrong
    there = at >= 0
    for column, values in full.columns.items():
        a, b = values[rows[there]], made.columns[column][at[there]]
        equal = _equal(a, b)
        if not equal.all():
            bad = np.flatnonzero(~equal)
            wrong += [(int(rows[there][n]), column, b[n]) for n in bad]
            rounded = rounded and _near(a[bad], b[bad])
    return wrong, rounded


def _equal(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    if object in (a.dtype, b.dtype):
        pairs = zip(a.tolist(), b.tolist(), strict=True)
        return np.array([x is y or x == y or (x != x and y != y) for x, y in pairs], dtype=bool)  # noqa: PLR0124
    equal = np.asarray(a == b)
    if np.issubdtype(a.dtype, np.floating) and np.issubdtype(b.dtype, np.floating):
        equal |= np.isnan(a) & np.isnan(b)
    elif a.dtype.kind in "mM" and b.dtype.kind in "mM":
        equal |= np.isnat(a) & np.isnat(b)
    return equal


def _near(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Whether two differ in their last bits alone: a sum taken in another order, which tells nothing."""
    if not (np.issubdtype(a.dtype, np.floating) and np.issubdtype(b.dtype, np.floating)):
        return False
    return bool(np.all(np.abs(a - b) <= _ROUNDING * np.maximum(np.abs(a), np.abs(b))))


def _failed(
    told: str,
    fn: Callable[[Any], Any],
    table: Table,
    full: Laid,
    wrong: list[tuple[int, str, Any]],
    cut: Any,
    how: str,
    tried: int,
    moments: NDArray[Any],
) -> Causal:
    row, column, found = min(wrong, key=lambda cell: (str(full.time[cell[0]]), cell[0]))
    rows = {cell[0] for cell in wrong}
    before = int(np.searchsorted(moments, cut))
    earliest = min(int(np.searchsorted(moments, full.time[one])) for one in rows)
    reach = max(before - earliest, 0)
    expected = full.columns[column][row] if column in full.columns else "a row"
    key: Hashable = full.keys[row]
    asset = ""
    if table.has_assets:
        asset = str(table.asset[key]) if isinstance(key, int) else str(key[1])  # type: ignore[index]
    cell = Cell(_moment(full.time[row]), asset, column, _said(expected), _said(found))
    known = int((full.time <= cut).sum())
    only_later = all(full.time[one] > cut for one in rows)
    hint = _HINT_OPEN if only_later else _hint(fn, reach, len(rows), known, how)
    return Causal(told, "failed", tried, cell, _moment(cut), how, len(wrong), reach, hint, on=table.read)


_HINT_OPEN = (
    "the bar's own close, high, low or volume is used before the bar is over; "
    'with known="open" a row may use its own open, previous close, limits and factors, and all of the bars before it'
)


def _doubt(signs: tuple[Sign, ...]) -> str:
    """What a lint says of a function that passed; what only may be wrong is not worth a word there."""
    sure = [sign for sign in signs if not sign.why.startswith(_UNSURE)]
    return f"; but line {sure[0].line} {sure[0].why} (`{sure[0].code}`)" if sure else ""


_UNSURE = ("may be", "fits;")


def _moment(value: Any) -> str:
    text = str(value)
    return (
        text.split("T", maxsplit=1)[0]
        if text.endswith(("T00:00:00.000000000", "T00:00:00.000000", "T00:00:00"))
        else text
    )


def _said(value: Any) -> object:
    return float(value) if isinstance(value, (float, np.floating)) else value


def _hint(fn: Callable[[Any], Any], reach: int, rows: int, known: int, how: str) -> str:
    """One line on where to look: the line of the source that gives it away, or what kind of change it was."""
    lines = lint_function(fn)
    if lines:
        return str(lines[0])
    if known and rows > _WHOLE * known:
        return (
            "most earlier rows changed: a statistic of the whole sample; use an expanding or rolling one, "
            "or fit it on the training range"
        )
    if reach:
        moments = "1 moment" if reach == 1 else f"{reach} moments"
        return f"rows up to {moments} before the cut changed: a window, a fill or a resampled bar that reaches ahead"
    return f"only the last row before the cut changed ({how}): a shift by -1, or a fill backward"
