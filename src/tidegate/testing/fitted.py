"""What a user's own fitting owes: nothing learned by a cut knows what comes after it (L3), and no split does (L5).

`check_fitted` needs no knowledge of what a fit is: numbers, arrays, dictionaries, frames and objects that hold them
(estimators, scalers, networks) are hashed, member by member, so that the first that changed is named.
"""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from tidegate.errors import ClockError, SettingError
from tidegate.testing.causal import BROKEN, Causal, Cell
from tidegate.testing.lint import lint_function
from tidegate.testing.other_future import other_future
from tidegate.testing.other_names import other_names
from tidegate.testing.tables import Table, table_of
from tidegate.testing.written_times import moments_of, require_order
from tidegate.types.axes import BoolArray

__all__ = ["check_fitted", "check_train_test", "digests_of"]

_DEPTH = 6


def check_fitted(
    fit: Callable[[Any], Any],
    data: Any,
    cut: Any,
    *,
    time: str | None = None,
    asset: str | None = None,
    scrambles: int = 4,
    seed: int = 0,
    name: str | None = None,
) -> Causal:
    """Fit on the data, then on data that end at `cut` or go on otherwise: what was learned is the same.

    Rows after the cut are cut off; get other values, some vanish; and are of other names: one asset is listed after the
    cut, one ends at it, one is suspended, and columns of words get a new one.

    Parameters
    ----------
    fit
        Takes the whole table and gives whatever it learns from the rows up to `cut`: weights, a scaler, chosen
        columns, thresholds, an estimator. It must cut by itself, as it does in earnest; that is what is tested.
    cut
        The last moment that it may know.
    time, asset, scrambles, seed
        As `check_causal`.

    Errors
        `SettingError` for data that are no table, whose times can't be read, whose rows are not in their order, or
        that do not go on after `cut`.

    >>> data = {"date": np.arange(100), "x": np.sin(np.arange(100.0))}
    >>> bool(check_fitted(lambda d: d["x"][d["date"] <= 60].mean(), data, 60))
    True
    >>> bool(check_fitted(lambda d: d["x"].mean(), data, 60))
    False
    """
    table = table_of(data, time, asset)
    told = str(name or getattr(fit, "__name__", type(fit).__name__))
    require_order(table.time, table.asset)
    if table.time.dtype.kind in "mM":
        cut = moments_of(np.asarray([cut])).astype(table.time.dtype)[0]
    later = np.asarray(table.time > cut)
    if not later.any() or later.all():
        raise SettingError(
            "the data must go on after the cut, and begin before it",
            expected=f"{table.time.min()} … {table.time.max()}", found=cut,
        )  # fmt: skip
    everything = np.ones(table.rows, dtype=bool)
    before = dict(digests_of(fit(table.take(everything)[0])))
    if not before:
        raise SettingError("the fit gives nothing that can be compared", where=told, hint="return what it learned")
    if dict(digests_of(fit(table.take(everything)[0]))) != before:
        return Causal(
            told, "could not run", 1, note="fitted twice, it learns otherwise: seed what it draws", on=table.read
        )
    tried, silent = 0, ""
    for how, make in _ways(table, later, scrambles, seed):
        try:
            other = make()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                after = dict(digests_of(fit(other)))
        except BROKEN as error:
            silent = f"{type(error).__name__}: {error}"
            continue
        tried += 1
        changed = [key for key in before if after.get(key) != before[key]] + [key for key in after if key not in before]
        if changed:
            first = changed[0]
            cell = Cell("", "", first, before.get(first, "nothing"), after.get(first, "nothing"))
            lines = lint_function(fit)
            hint = str(lines[0]) if lines else "fit on rows up to the cut alone, and purge targets that are known later"
            return Causal(told, "failed", tried, cell, str(cut), how, len(changed), 0, hint, on=table.read)
    if not tried:
        return Causal(told, "could not run", 0, note=f"it works on no other history: {silent}", on=table.read)
    return Causal(told, "passed", tried, note=f"; silent on some: {silent}" if silent else "", on=table.read)


_GONE = 0.15


def _ways(table: Table, later: BoolArray, scrambles: int, seed: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Data of another future, and how they are made: cut off, of other values, of other names."""
    yield "cutting off", partial(_cut_off, table, later)
    for throw in range(scrambles):
        gone = np.random.default_rng((seed, throw)).random(table.rows) < _GONE
        lost = later & gone if throw % 2 else np.zeros(table.rows, dtype=bool)
        yield "scrambling", partial(_scrambled, table, later, lost, seed + throw)
    for throw in range((scrambles + 1) // 2):
        yield "other names in", partial(_renamed, table, later, seed + throw)


def _cut_off(table: Table, later: BoolArray) -> Any:
    return table.take(~later)[0]


def _scrambled(table: Table, later: BoolArray, lost: BoolArray, seed: int) -> Any:
    return table.replaced(other_future(table, later, seed))[1].take(~lost)[0]


def _renamed(table: Table, later: BoolArray, seed: int) -> Any:
    return other_names(table, later, seed)[0]


def digests_of(value: Any, name: str = "it", depth: int = 0) -> Iterator[tuple[str, str]]:  # noqa: C901, PLR0912
    """Everything that can be compared in a fitted thing: its place → a number as text, or the hash of its bytes.

    Arrays, frames and tensors by their bytes; mappings, sequences and objects member by member, in order of names.

    >>> dict(digests_of({"b": 2.0, "a": [1, "x"]}))
    {"it['a'][0]": '1', "it['a'][1]": "'x'", "it['b']": '2.0'}
    """
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic)):
        yield name, repr(value)
        return
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu().numpy()
    if isinstance(value, (pl.DataFrame, pl.Series)):
        value = value.to_numpy() if isinstance(value, pl.Series) else {c: value[c].to_numpy() for c in value.columns}
    if hasattr(value, "iloc") and hasattr(value, "to_numpy"):
        yield from digests_of(np.asarray(value.index.to_numpy()), f"{name}.index", depth + 1)
        value = value.to_numpy()
    if isinstance(value, np.ndarray):
        yield name, _digest(value)
        return
    if depth >= _DEPTH or (callable(value) and not hasattr(value, "__dict__")):
        return
    if isinstance(value, Mapping):
        for key in sorted(value, key=repr):
            yield from digests_of(value[key], f"{name}[{key!r}]", depth + 1)
    elif isinstance(value, (set, frozenset)):
        yield name, repr(sorted(value, key=repr))
    elif isinstance(value, (list, tuple)):
        for at, held in enumerate(value):
            yield from digests_of(held, f"{name}[{at}]", depth + 1)
    else:
        if hasattr(value, "state_dict"):
            yield from digests_of(dict(value.state_dict()), f"{name}.state_dict()", depth + 1)
            return
        for key, held in sorted(getattr(value, "__dict__", {}).items()):
            yield from digests_of(held, f"{name}.{key}", depth + 1)


def _digest(array: NDArray[Any]) -> str:
    if array.dtype == object:
        text = "\0".join(repr(one) for one in array.ravel().tolist())
        return hashlib.sha256(text.encode()).hexdigest()[:16]
    if array.size == 1:
        return repr(array.ravel()[0].item())
    plain = array.astype(array.dtype.newbyteorder("<"))
    if np.issubdtype(plain.dtype, np.floating):
        plain = np.where(np.isnan(plain), np.nan, plain)
    return f"{array.shape} sha256 {hashlib.sha256(np.ascontiguousarray(plain).tobytes()).hexdigest()[:16]}"


def check_train_test(
    train: ArrayLike,
    test: ArrayLike,
    anchor: ArrayLike,
    known: ArrayLike,
    *,
    first_input: ArrayLike | None = None,
    embargo: int = 0,
) -> dict[str, int]:
    """Audit a split of one's own: every training target is known before the first test anchor; returns what it counts.

    Parameters
    ----------
    train, test
        Positions of samples, or masks.
    anchor, known, first_input
        For each sample, as positions on one time axis: the moment of its forecast, the moment its target becomes
        known, and the first row that its inputs see (its anchor where none is given).
    embargo
        Moments that must lie between the last training target and the first test anchor.

    Errors
        `ClockError` with the first sample that is known too late, or that stands on both sides; the split that walks
        forward calls this once a fold.

    >>> check_train_test([0, 1, 2], [6, 7], anchor=range(8), known=range(2, 10))["gap"]
    2
    >>> check_train_test([0, 1, 5], [6, 7], anchor=range(8), known=range(2, 10))
    Traceback (most recent call last):
        ...
    tidegate.errors.ClockError: 1 training targets are known only after testing begins (sample 5): expected known ...
    """
    when, told = np.asarray(anchor), np.asarray(known)
    sides = [np.asarray(side) for side in (train, test)]
    one, two = (np.flatnonzero(side) if side.dtype == bool else side.astype(np.int64) for side in sides)
    if not one.size or not two.size:
        raise SettingError("a side of the split is empty", found=(one.size, two.size))
    both = np.intersect1d(one, two)
    if both.size:
        raise ClockError(
            f"{both.size} samples are both learned from and judged", found=int(both[0]), hint="judge others"
        )
    begins = when[two].min()
    late = one[told[one] + embargo >= begins]
    if late.size:
        raise ClockError(
            f"{late.size} training targets are known only after testing begins",
            where=f"sample {int(late[0])}",
            expected=f"known before {begins}" + (f" less an embargo of {embargo}" if embargo else ""),
            found=f"known at {told[late[0]]}", hint="purge samples whose target is known later, and never shuffle time",
        )  # fmt: skip
    first = when if first_input is None else np.asarray(first_input)
    seen = int((first[two] <= when[one].max()).sum())
    return {
        "train": int(one.size),
        "test": int(two.size),
        "gap": int(begins - told[one].max()),
        "test inputs that reach into training": seen,
    }
