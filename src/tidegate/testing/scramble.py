"""Another future: valid history up to a moment, other *valid* history after it.

One common factor per bar would leave every ratio within a bar as it was (close over open, say), and a factor that peeks
at such a ratio would pass. So each price gets a factor of its own inside a high and a low made anew, rows change places,
volumes and amounts change (some become zero), factors jump, limits move, rows vanish and a new name is listed.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray
from tidegate.types.bars import Bars

__all__ = ["cut_times", "scramble_future", "truncate"]

_SIGMA = 0.05
_ZERO_SHARE = 0.1
_LIMIT_SHARE = 0.25
_MOST_DECIMALS = 4
_AT_OPEN = ("open", "preclose", "limit_up", "limit_down", "factor", "suspended")


def truncate(bars: Bars, upto: np.datetime64) -> Bars:
    """The bars labelled at or before `upto`: the oldest way to hide the future."""
    return bars.upto(upto)


def cut_times(bars: Bars, count: int = 8, seed: int = 0) -> TimeArray:
    """Labels to cut at: `count` spread over the axis, and up to four around splits and around an asset's first bar.

    >>> from tidegate.testing.history import example_bars
    >>> cut_times(example_bars(sessions=60), count=8).size >= 8
    True
    """
    times = bars.times
    last = len(times) - 2
    generator = np.random.default_rng(seed)
    edges = np.linspace(min(2, last), max(last, 0), count + 1).astype(np.int64)
    spread = [int(generator.integers(a, max(b, a + 1))) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    special: list[int] = []
    position = np.searchsorted(times, bars.frame["time"].to_numpy())
    asset = bars.frame["asset"].to_numpy()
    if bars.has("factor"):
        jumps = np.flatnonzero((np.diff(bars.column("factor")) != 0) & (asset[1:] == asset[:-1])) + 1
        special += [int(p) for jump in jumps[:1] for p in (position[jump] - 1, position[jump])]
    special += [int(position[row]) - 1 for row in np.flatnonzero(asset[1:] != asset[:-1]) + 1 if position[row] > 1][:2]
    wanted = sorted({p for p in (*spread, *special) if 0 <= p <= last})
    return times[np.array(wanted, dtype=np.int64)]


def scramble_future(
    bars: Bars,
    after: np.datetime64,
    seed: int,
    *,
    keep_open_of_next: bool = False,
    permute: bool = True,
    vanish: float = 0.15,
    listings: bool = True,
) -> Bars:
    """Replace everything after the close of bar `after` by other valid history; what came up to it stays, bit for bit.

    Parameters
    ----------
    keep_open_of_next
        Move the moment from CLOSE(t) to OPEN(t+1): the next bar keeps what its open shows (open, previous close, limits,
        factor, suspension) and gets another high, low, close, settlement, volume and amount.
    permute, vanish, listings
        Whether rows change places within an asset; the share of rows that vanish, as in a suspension; whether a new name
        is listed (never where there is but one asset, or where an open is kept).

    Errors
        `RecordError` would mean that this function is wrong: the result is made through `Bars.of`.

    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=40)
    >>> other = scramble_future(bars, bars.times[19], seed=1)
    >>> other.upto(bars.times[19]).digest == bars.upto(bars.times[19]).digest, other.digest == bars.digest
    (True, False)
    """
    frame = bars.frame
    time = frame["time"].to_numpy().astype("datetime64[us]")
    rows = np.flatnonzero(time > after)
    if rows.size == 0:
        return bars
    generator = np.random.default_rng(seed)
    held = (time[rows] == time[rows].min()) if keep_open_of_next else np.zeros(rows.size, dtype=bool)
    asset = frame["asset"].to_numpy()[rows]
    origin = _permuted(generator, asset, ~held) if permute else np.arange(rows.size)
    names = [name for name in frame.columns if name not in {"time", "session", "asset"}]
    taken = {name: _values(frame[name])[rows][origin] for name in names}
    made = _remade(generator, taken, held, _decimals(bars))
    gone = (generator.random(rows.size) < vanish) & ~held
    future = pl.DataFrame({name: _series(name, values, frame[name].dtype) for name, values in made.items()})
    future = frame[rows.tolist()].select("time", "session", "asset").hstack(future).select(frame.columns)
    parts = [frame.filter(pl.Series(time <= after)), future.filter(pl.Series(~gone))]
    if listings and len(bars.assets) > 1 and not keep_open_of_next:
        clone = future.filter(pl.Series(asset == asset[0])).with_columns(pl.lit(f"{asset[0]}.NEW").alias("asset"))
        parts.append(clone[clone.height // 3 :])
    return Bars.of(pl.concat(parts), bars.spec)


def _permuted(generator: np.random.Generator, asset: NDArray[np.object_], free: BoolArray) -> IntArray:
    """Where each row's values come from: another row of the same asset."""
    origin = np.arange(asset.size)
    for name in np.unique(asset.astype(str)):
        own = np.flatnonzero((asset == name) & free)
        origin[own] = generator.permutation(own)
    return origin


def _remade(
    generator: np.random.Generator, old: dict[str, FloatArray], held: BoolArray, decimals: int | None
) -> dict[str, FloatArray]:
    """Other valid columns; rows that are `held` keep what the open shows."""
    size = held.size

    def grid(values: FloatArray) -> FloatArray:
        return values if decimals is None else np.maximum(np.round(values, decimals), 10.0**-decimals)

    def moved(name: str, sigma: float = _SIGMA) -> FloatArray:
        return old[name] * np.exp(sigma * generator.standard_normal(size))

    new = {name: values.copy() for name, values in old.items()}
    for name in ("preclose", "open", "close"):
        if name in old:
            new[name] = grid(moved(name))
    if "limit_up" in old and "limit_down" in old:
        pair = np.sort(np.stack([grid(moved("limit_down", 0.02)), grid(moved("limit_up", 0.02))]), axis=0)
        new["limit_down"], new["limit_up"] = pair[0], pair[1]
    if "factor" in old:
        new["factor"] = moved("factor", 0.1)
    if "suspended" in old:
        new["suspended"] = np.where(generator.random(size) < _ZERO_SHARE, 1.0 - old["suspended"], old["suspended"])
    for name in _AT_OPEN:
        if name in old:
            new[name] = np.where(held, old[name], new[name])
    for name in ("limit_up", "limit_down"):
        if name in old:
            hit = (generator.random(size) < _LIMIT_SHARE) & np.isfinite(new[name])
            new["close"] = np.where(hit, new[name], new["close"])
    spread = np.abs(generator.standard_normal((2, size))) * _SIGMA
    one_line = generator.random(size) < np.where(_at_limit(new), 0.5, _ZERO_SHARE)
    new["close"] = np.where(one_line, new["open"], new["close"])
    spread[:, one_line] = 0.0
    top, bottom = np.maximum(new["open"], new["close"]), np.minimum(new["open"], new["close"])
    new["high"] = np.maximum(grid(top * (1 + spread[0])), top)
    new["low"] = np.minimum(grid(bottom / (1 + spread[1])), bottom)
    if "settle" in old:
        new["settle"] = grid(new["low"] + generator.random(size) * (new["high"] - new["low"]))
    for name in ("volume", "amount", "open_interest"):
        if name in old:
            zero = generator.random(size) < _ZERO_SHARE
            new[name] = np.where(zero, 0.0, np.round(moved(name, 0.6)))
    return new


def _at_limit(columns: dict[str, FloatArray]) -> BoolArray:
    """Which bars open at a limit: they may never leave it."""
    touched = [columns["open"] == columns[name] for name in ("limit_up", "limit_down") if name in columns]
    return np.logical_or.reduce(touched) if touched else np.zeros(columns["open"].size, dtype=bool)


def _values(series: pl.Series) -> FloatArray:
    return series.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)


def _series(name: str, values: FloatArray, kind: pl.DataType) -> pl.Series:
    held = pl.Series(name, values).fill_nan(None)
    return (held > 0.5).alias(name) if kind == pl.Boolean() else held.cast(kind)  # noqa: PLR2004


def _decimals(bars: Bars) -> int | None:
    """How many decimals the prices have, None where they have many: a scrambled price keeps to the same grid."""
    prices = np.concatenate([bars.column(name) for name in ("open", "high", "low", "close")])
    return next((d for d in range(_MOST_DECIMALS + 1) if bool(np.all(np.round(prices, d) == prices))), None)
