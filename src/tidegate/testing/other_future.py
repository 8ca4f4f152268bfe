"""Another future for a user's table: other *valid* values after a moment, whatever the columns are called.

Each price gets a factor of its own inside a high and a low made anew (one factor for a whole bar would hide a ratio
such as close over open), volumes change and some are zero, flags turn, groups and days change places among later rows.
"""

import re
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from tidegate.testing.tables import Table
from tidegate.types.axes import BoolArray, FloatArray, IntArray

__all__ = ["other_future", "role_of"]

_ROLES = {
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c", "adj close", "adj_close", "adjclose", "last", "price", "px", "settle"),
    "preclose": ("preclose", "pre_close", "prev_close", "prevclose"),
    "vwap": ("vwap", "avg", "average"),
    "limit": ("limit_up", "limit_down", "up_limit", "down_limit"),
    "factor": ("factor", "adj_factor", "adjustment", "adjust"),
    "volume": ("volume", "vol", "v", "amount", "turnover", "turn", "money", "open_interest", "oi"),
}
AT_OPEN = frozenset({"open", "preclose", "limit", "factor"})
"""Roles of what a bar shows at its open."""
_SIGMA, _VOLUME_SIGMA, _ZEROS, _FLIPS = 0.05, 0.6, 0.1, 0.3


def role_of(column: Hashable) -> tuple[str, Hashable]:
    """What a column holds by its name, and which columns it belongs with: ``("close", asset)`` of a wide frame.

    >>> role_of("$close"), role_of(("Adj Close", "AAPL")), role_of("pe")
    (('close', ''), ('close', ('AAPL',)), ('', 'pe'))
    """
    parts = column if isinstance(column, tuple) else (column,)
    for at, part in enumerate(parts):
        plain = re.sub(r"^[^A-Za-z]+", "", str(part)).strip().lower()
        for role, names in _ROLES.items():
            if plain in names:
                rest = tuple(other for other in (*parts[:at], *parts[at + 1 :]))
                return role, rest or ""
    return "", column


def other_future(table: Table, later: BoolArray, seed: int, held: BoolArray | None = None) -> dict[Hashable, NDArray]:  # type: ignore[type-arg]
    """Other columns: rows marked `later` get another valid history, of rows `held` what the open shows stays.

    What names a row (time, asset) is never changed. Values before stay as they are, bit for bit.
    """
    generator = np.random.default_rng(seed)
    held = np.zeros(table.rows, dtype=bool) if held is None else held
    origin = _origin(generator, table, later & ~held)
    changed = {name: column for name, column in table.columns.items() if name not in table.keys}
    made: dict[Hashable, NDArray] = {}  # type: ignore[type-arg]
    groups: dict[Hashable, dict[str, Hashable]] = {}
    for name, column in changed.items():
        role, group = role_of(name)
        values = _moved(generator, role, column[origin], column)
        made[name] = np.where(later, values, column) if column.dtype != object else _chosen(later, values, column)
        if role:
            groups.setdefault(group, {}).setdefault(role, name)
            if role in AT_OPEN:
                made[name] = np.where(held, column, made[name])
    for roles in groups.values():
        _within_the_bar(generator, roles, made, changed, later)
    return {name: values.astype(changed[name].dtype, copy=False) for name, values in made.items()}


def _chosen(later: BoolArray, values: NDArray, column: NDArray) -> NDArray:  # type: ignore[type-arg]
    made = column.copy()
    made[later] = values[later]
    return made


def _origin(generator: np.random.Generator, table: Table, free: BoolArray) -> IntArray:
    """Where each row's values come from: another later row of the same asset."""
    origin = np.arange(table.rows)
    _, code = np.unique(table.asset.astype(str), return_inverse=True)
    for one in np.unique(code[free]):
        own = np.flatnonzero(free & (code == one))
        origin[own] = generator.permutation(own)
    return origin


def _moved(generator: np.random.Generator, role: str, values: NDArray, column: NDArray) -> NDArray:  # type: ignore[type-arg]
    """Other values of the same kind."""
    size = values.size
    if values.dtype == bool:
        return values ^ (generator.random(size) < _FLIPS)
    if np.issubdtype(values.dtype, np.integer):
        kinds = np.unique(column)
        if kinds.size <= 2:  # noqa: PLR2004 - a flag
            return np.where(generator.random(size) < _FLIPS, kinds[generator.integers(0, kinds.size, size)], values)
        spread = max(1, int(np.std(column.astype(np.float64)) / 2))
        moved = values + generator.integers(-spread, spread + 1, size)
        return np.maximum(moved, 0) if kinds[0] >= 0 else moved
    if np.issubdtype(values.dtype, np.floating):
        return _floats(generator, role, values, column)
    if values.dtype == object or values.dtype.kind in "US":
        pool = np.array(sorted({str(value) for value in column if value is not None}), dtype=object)
        if pool.size > 1 and all(isinstance(value, str) or value is None for value in column):
            drawn = pool[generator.integers(0, pool.size, size)]
            return np.where(generator.random(size) < _FLIPS, drawn, values.astype(object))
    return values


def _floats(generator: np.random.Generator, role: str, values: FloatArray, column: FloatArray) -> FloatArray:
    size, finite = values.size, column[np.isfinite(column)]
    if role == "volume":
        moved = values * np.exp(_VOLUME_SIGMA * generator.standard_normal(size))
        return np.where(
            generator.random(size) < _ZEROS, 0.0, np.round(moved) if bool((np.round(finite) == finite).all()) else moved
        )
    if finite.size and bool((finite > 0).all()):
        moved = values * np.exp(_SIGMA * generator.standard_normal(size))
        decimals = next((d for d in range(4) if bool((np.round(finite, d) == finite).all())), None)
        return moved if decimals is None else np.maximum(np.round(moved, decimals), 10.0**-decimals)
    if np.unique(finite).size <= 2:  # noqa: PLR2004 - a flag as a float
        return np.where(
            generator.random(size) < _FLIPS, generator.choice(finite if finite.size else [0.0], size), values
        )
    return values + (np.std(finite) if finite.size else 1.0) * generator.standard_normal(size)


def _within_the_bar(
    generator: np.random.Generator,
    roles: dict[str, Hashable],
    made: dict[Hashable, NDArray],  # type: ignore[type-arg]
    old: dict[Hashable, NDArray],  # type: ignore[type-arg]
    later: BoolArray,
) -> None:
    """High and low around what lies in the bar; the average price between them."""
    inner = [made[roles[role]] for role in ("open", "close") if role in roles]
    if not inner or not all(np.issubdtype(one.dtype, np.floating) for one in inner):
        return
    size = len(inner[0])
    top, bottom = np.maximum.reduce(inner), np.minimum.reduce(inner)
    spread = np.abs(generator.standard_normal((2, size))) * _SIGMA / 2
    for role, values in (("high", top * (1 + spread[0])), ("low", bottom / (1 + spread[1]))):
        if role in roles:
            made[roles[role]] = np.where(later, values, old[roles[role]])
    if "vwap" in roles and "high" in roles and "low" in roles:
        low, high = made[roles["low"]], made[roles["high"]]
        made[roles["vwap"]] = np.where(later, low + generator.random(size) * (high - low), old[roles["vwap"]])
