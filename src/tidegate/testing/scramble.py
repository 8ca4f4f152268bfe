"""Another future: valid history up to a moment, other *valid* history after it.

One common factor per bar would leave every ratio within a bar as it was (close over open, say), and a factor that peeks
at such a ratio would pass. So each price gets a factor of its own inside a high and a low made anew, rows change
places, volumes and amounts change (some become zero), factors jump, limits move, rows vanish, and of names one is
listed, one ends and one is suspended for a while.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.testing.moves import largest_moves
from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray
from tidegate.types.bars import EVENTS, Bars

__all__ = ["cut_times", "scramble_future", "truncate"]

_ZERO_SHARE = 0.1
_LIMIT_SHARE = 0.25
_MOST_DECIMALS = 4
_SPELL = 20
_AT_OPEN = (
    *("open", "preclose", "limit_up", "limit_down", "factor", "suspended"),
    *("at_risk", "total_shares", "float_shares"),
    *EVENTS,
)


def truncate(bars: Bars, upto: np.datetime64) -> Bars:
    """Keep the bars labelled at or before `upto`: the oldest way to hide the future."""
    return bars.upto(upto)


def cut_times(bars: Bars, count: int = 8, seed: int = 0) -> TimeArray:
    """Labels to cut at: `count`, half spread over the axis and half around the largest moves, and up to four others.

    The others are around splits and around an asset's first bar.

    >>> from tidegate.testing.history import example_bars
    >>> cut_times(example_bars(sessions=60), count=8).size >= 8
    True
    """
    times = bars.times
    last = len(times) - 2
    generator = np.random.default_rng(seed)
    position = np.searchsorted(times, bars.frame["time"].to_numpy())
    asset = bars.frame["asset"].to_numpy()
    close = bars.column("close") * (bars.column("factor") if bars.has("factor") else 1.0)
    special = [p for p in largest_moves(close, asset, position, count // 2, last) if p >= min(2, last)]
    edges = np.linspace(min(2, last), max(last, 0), count - len(special) + 1).astype(np.int64)
    spread = [int(generator.integers(a, max(b, a + 1))) for a, b in itertools.pairwise(edges)]
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
    keep_factor_of_next: bool = False,
    permute: bool = True,
    vanish: float = 0.15,
    listings: bool = True,
    keep_sessions: bool = False,
    sigma: float = 0.05,
) -> Bars:
    """Replace everything after the close of bar `after` by other valid history; what came up to it stays, bit for bit.

    Parameters
    ----------
    keep_open_of_next
        Move the moment from CLOSE(t) to OPEN(t+1): the next bar keeps what its open shows (open, previous close,
        limits, factor, suspension) and gets another high, low, close, settlement, volume and amount.
    keep_factor_of_next
        The next bar keeps its factor alone: of futures, which contract it is of is decided at the close before.
    permute, vanish, listings
        Whether rows change places within an asset; the share of rows that vanish, as in a suspension; whether names
        change where there are several: one is listed (not where an open is kept), one ends, one is suspended from the
        next bar on, for up to twenty bars.
    keep_sessions
        No moment is left without a row: the time axis, and a split by shares of it, stay as they are.
    sigma
        How far prices move: the standard deviation of each one's logarithm.

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
    of_next = time[rows] == time[rows].min()
    held = of_next if keep_open_of_next else np.zeros(rows.size, dtype=bool)
    asset = np.repeat(np.arange(len(bars.assets)), np.diff(bars.offsets))[rows]
    origin = _permuted(generator, asset, ~held) if permute else np.arange(rows.size)
    names = [name for name in frame.columns if name not in {"time", "session", "asset"}]
    taken = {name: _values(frame[name])[rows][origin] for name in names}
    made = _remade(_Dice(generator, _decimals(bars), sigma), taken, held)
    if keep_factor_of_next and "factor" in made:
        made["factor"] = np.where(of_next, _values(frame["factor"])[rows], made["factor"])
    gone = generator.random(rows.size) < vanish
    if listings and len(bars.assets) > 1:
        gone |= _ended(generator, asset, time[rows])
    gone &= ~held
    if keep_sessions:
        gone[np.unique(time[rows], return_index=True)[1]] &= ~_emptied(time[rows], gone)
    future = pl.DataFrame({name: _series(name, values, frame[name].dtype) for name, values in made.items()})
    future = (
        frame.filter(pl.Series(time > after)).select("time", "session", "asset").hstack(future).select(frame.columns)
    )
    parts = [frame.filter(pl.Series(time <= after)), future.filter(pl.Series(~gone))]
    if listings and len(bars.assets) > 1 and not keep_open_of_next:
        name = bars.assets[int(asset[0])]
        clone = future.filter(pl.Series(asset == asset[0])).with_columns(pl.lit(f"{name}.NEW").alias("asset"))
        parts.append(clone[clone.height // 3 :])
    return Bars.of(pl.concat(parts), bars.spec)


def _permuted(generator: np.random.Generator, asset: IntArray, free: BoolArray) -> IntArray:
    """Where each row's values come from: another row of the same asset."""
    origin = np.arange(asset.size)
    for own in np.split(origin.copy(), np.flatnonzero(np.diff(asset)) + 1):
        moving = own[free[own]]
        origin[moving] = generator.permutation(moving)
    return origin


def _ended(generator: np.random.Generator, asset: IntArray, time: TimeArray) -> BoolArray:
    """Rows of one asset from some moment on, as if it had ended, and a spell of another's next ones."""
    there, times = np.unique(asset), np.unique(time)
    ended, paused = generator.permutation(there)[:2] if there.size > 1 else (there[0], -1)
    end = times[int(generator.integers(times.size))]
    back = times[min(int(generator.integers(1, _SPELL + 1)), times.size - 1)]
    return np.asarray(((asset == ended) & (time >= end)) | ((asset == paused) & (time < back)))


def _emptied(time: TimeArray, gone: BoolArray) -> BoolArray:
    """Of each moment, in their order, whether all its rows are gone."""
    _, at = np.unique(time, return_inverse=True)
    return np.asarray(np.bincount(at, weights=~gone) == 0)


@dataclass(frozen=True)
class _Dice:
    """What the numbers are thrown with: one generator, a grid of prices and the size of a move."""

    generator: np.random.Generator
    decimals: int | None
    sigma: float

    def grid(self, values: FloatArray) -> FloatArray:
        """Prices on the grid, never below one step of it."""
        return values if self.decimals is None else np.maximum(np.round(values, self.decimals), 10.0**-self.decimals)

    def moved(self, values: FloatArray, sigma: float | None = None) -> FloatArray:
        """Each value by a factor of its own."""
        size = self.sigma if sigma is None else sigma
        return values * np.exp(size * self.generator.standard_normal(values.size))

    def hit(self, size: int, share: float | FloatArray) -> BoolArray:
        """Pick a share of the rows, by chance."""
        return np.asarray(self.generator.random(size) < share)


def _remade(dice: _Dice, old: dict[str, FloatArray], held: BoolArray) -> dict[str, FloatArray]:
    """Other valid columns; rows that are `held` keep what the open shows."""
    new = {**old, **_known_at_open(dice, old)}
    for name in _AT_OPEN:
        if name in old:
            new[name] = np.where(held, old[name], new[name])
    new.update(_rest_of_the_bar(dice, new, dice.grid(dice.moved(old["close"]))))
    for name in ("volume", "amount", "open_interest"):
        if name in old:
            new[name] = np.where(dice.hit(held.size, _ZERO_SHARE), 0.0, np.round(dice.moved(old[name], 0.6)))
    return new


def _known_at_open(dice: _Dice, old: dict[str, FloatArray]) -> dict[str, FloatArray]:
    new: dict[str, FloatArray] = {n: dice.grid(dice.moved(old[n])) for n in ("preclose", "open") if n in old}
    if "limit_up" in old and "limit_down" in old:
        pair = [dice.grid(dice.moved(old[name], 0.02)) for name in ("limit_down", "limit_up")]
        new["limit_down"], new["limit_up"] = np.sort(np.stack(pair), axis=0)
    if "factor" in old:
        new["factor"] = dice.moved(old["factor"], 0.1)
    for name in ("suspended", "at_risk"):
        if name in old:
            new[name] = np.where(dice.hit(old["open"].size, _ZERO_SHARE), 1.0 - old[name], old[name])
    for name in ("total_shares", "float_shares"):
        if name in old:
            new[name] = np.round(dice.moved(old[name], 0.1))
    for name in EVENTS:
        if name in old:
            some = np.round(dice.generator.random(old[name].size), 2)
            new[name] = np.where(dice.hit(old[name].size, _ZERO_SHARE), some, old[name])
    return new


def _rest_of_the_bar(dice: _Dice, new: dict[str, FloatArray], close: FloatArray) -> dict[str, FloatArray]:
    """Make a close, some at a limit; a high and a low around it; some bars of one price."""
    size = close.size
    for name in ("limit_up", "limit_down"):
        if name in new:
            close = np.where(dice.hit(size, _LIMIT_SHARE) & np.isfinite(new[name]), new[name], close)
    one_price = dice.hit(size, np.where(_at_limit(new), 0.5, _ZERO_SHARE))
    close = np.where(one_price, new["open"], close)
    top, bottom = np.maximum(new["open"], close), np.minimum(new["open"], close)
    spread = np.where(one_price, 0.0, np.abs(dice.generator.standard_normal((2, size))) * dice.sigma)
    high = np.maximum(dice.grid(top * (1 + spread[0])), top)
    low = np.minimum(dice.grid(bottom / (1 + spread[1])), bottom)
    made = {"close": close, "high": high, "low": low}
    if "settle" in new:
        made["settle"] = dice.grid(low + dice.generator.random(size) * (high - low))
    return made


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
