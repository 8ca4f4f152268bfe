"""A whole synthetic market of A shares with one planted signal: what a selection finds can be held against the truth.

Boards, price limits by the law of the day, whole cents, suspensions without bars, risk warnings, listings, ends and
ex-days with reference prices are all there, so that every rule of the exchange has work to do; nothing in them tells a
return. A session's draws follow those of the session before, so that a longer world begins with the shorter one.
"""

from datetime import date
from typing import Any, ClassVar, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from tidegate.data.source import Source
from tidegate.market.calendar import XSHG
from tidegate.market.instruments import Instruments
from tidegate.market.limits import LIMITS, LIMITS_AT_RISK, limit_ticks
from tidegate.types.axes import BoolArray, FloatArray, IntArray, frozen
from tidegate.types.bars import Bars, BarSpec

__all__ = ["StockWorld"]

_FIRST = date(2010, 1, 4)
_BOARDS = (("600", "SH", "main"), ("000", "SZ", "main"), ("300", "SZ", "chinext"))
_OVERNIGHT = 0.2  # share of a session's own variance that falls between close and open
_TURNOVER, _LOG_TURNOVER = 0.01, 0.5  # typical turnover, and the standard deviation of its logarithm
_LOWEST = 100  # ticks: no share falls below 1 yuan
_DEAR = 1000  # ticks: only shares above 10 yuan are split
_FLOATING = 0.6
_LATE, _LISTING = 0.2, 1 / 400  # share of assets that are listed later, and how soon, a session
_HALT, _RESUME = 1 / 250, 1 / 8
_WARNED, _CLEARED, _ENDED = 1 / 1500, 1 / 240, 1 / 500
_EX, _SPLIT = 1 / 240, 0.4
_JUMP, _JUMP_SIZE = 0.006, 0.06
_NORMALS, _UNIFORMS = 6, 8
_SYNTHETIC = "Synthetic data: no market ever printed these prices."


class _Made(NamedTuple):
    """One session of all assets; prices in ticks."""

    trades: BoolArray
    open: IntArray
    high: IntArray
    low: IntArray
    close: IntArray
    reference: IntArray
    volume: FloatArray
    shares: FloatArray
    warned: BoolArray


class StockWorld(Source):
    """N A shares over T sessions, with a cross-sectional signal of a known information coefficient.

    Formula
        ``s(t) = persistence · s(t−1) + √(1 − persistence²) · e(t)``, standard normal, is the standardised log turnover:
        ``volume(t) = 0.01 · float_shares(t) · exp(0.5 · s(t))``, rounded to 100 shares. A share's return from
        open(t+1) to open(t+2) is a market return, the same for all, plus
        ``volatility · (ic · s(t) + √(0.8 − ic²) · e'(t) + √0.2 · g(t))``: among shares, its correlation with ``s(t)``
        is exactly `ic` before jumps (0.6 % of sessions), limits and whole cents, which take some 2 % of it.
    Known at
        ``s(t)`` at CLOSE(t); the return it speaks of is that of ``Horizon(lag=1, span=1)``. Nothing else tells
        anything: not boards, warnings, halts, ex-days or listings. (A share never falls below 1 yuan.)
    Found by
        Log volume over free float, or log volume standardised within a window of the share.
    Shapes, units
        At most `assets` × `sessions` bars on real sessions of Shanghai from 2010-01-04 on; raw prices in yuan, volume
        in shares. `instruments` tells listings and ends.
    Missing values
        A suspended session has no row. No factor: reference prices tell the ex-days.
    Errors
        `SettingError` where `ic` is outside −0.8 … 0.8.

    >>> world = StockWorld(assets=20, sessions=60, seed=1, ic=0.05)
    >>> bars = world.bars()
    >>> bars.assets[:2], str(bars.times[0])[:10], bars.has("preclose")
    (('000001.SZ', '000002.SZ'), '2010-01-04', True)
    >>> world.reachable(10)
    0.05
    """

    name: ClassVar[str] = "stock-world"
    example: ClassVar[dict[str, Any]] = {"assets": 12, "sessions": 80, "seed": 1, "ic": 0.05}

    assets: int = Field(ge=2, le=2_900, description="shares, some of which are listed later")
    sessions: int = Field(ge=3, le=3_900, description="sessions of history")
    seed: int = Field(ge=0, description="the same seed gives the same bars")
    ic: float = Field(ge=-0.8, le=0.8, description="correlation, among shares, of the signal and the next return")
    persistence: float = Field(default=0.8, ge=0, lt=1, description="how much of the signal is left a session later")
    volatility: float = Field(default=0.02, gt=0, le=0.05, description="standard deviation of a share's own return")
    market_volatility: float = Field(default=0.01, ge=0, le=0.05, description="standard deviation of the market's")

    def reachable(self, lookback: int) -> float:  # noqa: ARG002
        """Tell the truth: ``|ic|`` among shares, at any lookback."""
        return abs(self.ic)

    def reachable_over(self, span: int) -> float:
        """Tell the truth over `span` sessions: the correlation of ``s(t)`` with the sum of the returns that follow.

        Formula
            ``|ic| · Σφ^k / √(span + 2 ic² Σ (span − k) φ^k)``, sums over k = 0 … span − 1 and 1 … span − 1.
        """
        steps = np.arange(1, span)
        powers = self.persistence**steps
        total = span + 2 * self.ic**2 * float(((span - steps) * powers).sum())
        return float(abs(self.ic) * (1 + powers.sum()) / np.sqrt(total))

    def signals(self) -> FloatArray:
        """Tell the truth ``[T, N]``: ``s(t)`` of every share of `codes`, whether it has a bar or not."""
        draws = self._draws("signal").standard_normal((self.sessions, self.assets))
        made = np.empty_like(draws)
        last = made[0] = draws[0]
        fresh = np.sqrt(1 - self.persistence**2)
        for t in range(1, self.sessions):
            last = made[t] = self.persistence * last + fresh * draws[t]
        return made

    def codes(self) -> tuple[str, ...]:
        """Codes ``[N]``, sorted; one that was not listed in time has no bars."""
        made = [f"{_BOARDS[n % 3][0]}{n // 3 + 1:03d}.{_BOARDS[n % 3][1]}" for n in range(self.assets)]
        return tuple(sorted(made))

    def instruments(self) -> Instruments:
        """Tell listings, ends and names; an end that has not come yet is not told."""
        first, last = self._life()
        days, there = self._days(), first < self.sessions
        codes = np.array(self.codes())
        old = np.array(
            [date(1995 + place % 14, 1, 1 + place % 28) for place in range(self.assets)], dtype="datetime64[D]"
        )
        listed = np.where(first > 0, days[np.minimum(first, self.sessions - 1)], old)
        gone = np.where(last < self.sessions, days[np.minimum(last, self.sessions) - 1], np.datetime64("NaT"))
        frame = pl.DataFrame({"asset": codes, "name": [f"share {code}" for code in codes], "listed": listed,
                              "delisted": gone})  # fmt: skip
        return Instruments.of(frame.filter(pl.Series(there)))

    def bars(self) -> Bars:
        """Draw the world: the same declaration gives the same bars."""
        made = self._walk()
        trades = np.stack([each.trades for each in made], axis=1)
        asset, bar = np.nonzero(trades)
        days = self._days()

        def column(name: str) -> NDArray[Any]:
            return np.stack([getattr(each, name) for each in made], axis=1)[asset, bar]

        prices = {name: column(name) / 100 for name in ("open", "high", "low", "close")}
        shares, volume = column("shares"), column("volume")
        frame = pl.DataFrame(
            {
                "time": days[bar].astype("datetime64[us]"),
                "session": days[bar],
                "asset": np.array(self.codes())[asset],
                **prices,
                "volume": volume,
                "amount": np.round(volume * sum(prices.values()) / 4, 2),
                "preclose": column("reference") / 100,
                "at_risk": column("warned"),
                "total_shares": shares,
                "float_shares": np.round(_FLOATING * shares),
            }
        )
        spec = BarSpec(
            frequency="1d", kind="stock", currency="CNY", title=f"Stock world, IC {self.ic}",
            source="Tidegate, synthetic and seeded", stamps=(_SYNTHETIC,),
        )  # fmt: skip
        return Bars.of(frame, spec)

    def _draws(self, what: str) -> np.random.Generator:
        return np.random.default_rng((self.seed, 9, ("signal", "normals", "uniforms", "life", "price").index(what)))

    def _days(self) -> NDArray[np.datetime64]:
        return XSHG.following(_FIRST, self.sessions)

    def _life(self) -> tuple[IntArray, IntArray]:
        """First session of each share, and the first without it for good; beyond the world where it never comes."""
        luck = self._draws("life").random((2, self.assets))
        wait = 1 + np.floor(np.log1p(-luck[1]) / np.log1p(-_LISTING)).astype(np.int64)
        first = np.where(luck[0] < _LATE, wait, 0)
        warned = self._warned(first)
        ends = self._draws("uniforms").random((self.sessions, _UNIFORMS, self.assets))[:, 7] < _ENDED
        gone = np.logical_or.accumulate(ends & warned & (np.arange(self.sessions)[:, None] > first + 1), axis=0)
        return first, (~gone).sum(axis=0).astype(np.int64) + np.where(gone.any(axis=0), 0, self.sessions)

    def _warned(self, first: IntArray) -> BoolArray:
        """Risk warnings ``[T, N]``."""
        luck = self._draws("uniforms").random((self.sessions, _UNIFORMS, self.assets))[:, 0]
        made = np.zeros(luck.shape, dtype=bool)
        for t in range(1, self.sessions):
            listed = t > first
            made[t] = listed & np.where(made[t - 1], luck[t] >= _CLEARED, luck[t] < _WARNED)
        return frozen(made)

    def _limits(self, warned: BoolArray) -> IntArray:
        """Percent of each share's limits ``[T, N]``, by board, warning and day."""
        codes, days = self.codes(), self._days()
        chinext = np.array([code.startswith("300") for code in codes])
        tables = [[board[name].at(days)[:, None] for board in (LIMITS, LIMITS_AT_RISK)] for name in ("main", "chinext")]
        plain, risky = (np.where(chinext, tables[1][kind], tables[0][kind]) for kind in range(2))
        return np.where(warned, risky, plain)

    def _walk(self) -> list[_Made]:
        normals = self._draws("normals").standard_normal((self.sessions, _NORMALS, self.assets))
        luck = self._draws("uniforms").random((self.sessions, _UNIFORMS, self.assets))
        first, end = self._life()
        warned, signals = self._warned(first), self.signals()
        percent = self._limits(warned)
        close = np.round(1000 * np.exp(0.6 * self._draws("price").standard_normal(self.assets))).astype(np.int64)
        close = np.maximum(close, 3 * _LOWEST)
        shares = np.full(self.assets, 1e9)
        halted = np.zeros(self.assets, dtype=bool)
        made = []
        for t in range(self.sessions):
            halted = np.where(halted, luck[t, 1] >= _RESUME, luck[t, 1] < _HALT) & (t > first)
            trades = (t >= first) & (t < end) & ~halted
            told = np.zeros(self.assets) if t == 0 else signals[t - 1]
            reference, grown = _ex(close, shares, luck[t, 2:5], trades & (t > first))
            moved = self._moved(told, normals[t], luck[t, 5:7])
            session = _printed(reference, limit_ticks(reference, percent[t]), moved, normals[t, 3:5], self.volatility)
            volume = np.maximum(np.round(_TURNOVER * _FLOATING * grown * np.exp(_LOG_TURNOVER * signals[t]) / 100), 1)
            made.append(_Made(trades, *session, reference, 100 * volume, grown, warned[t]))
            close, shares = np.where(trades, session[3], close), np.where(trades, grown, shares)
        return made

    def _moved(self, told: FloatArray, normals: FloatArray, luck: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Returns overnight and while open; the market's own is the first share's sixth draw."""
        overnight = self.volatility * np.sqrt(_OVERNIGHT) * normals[0]
        rest = np.sqrt(1 - _OVERNIGHT - self.ic**2) * normals[1]
        jump = np.where(luck[0] < _JUMP, _JUMP_SIZE * normals[2], 0.0)
        inside = self.volatility * (self.ic * told + rest) + jump + self.market_volatility * normals[5, 0]
        return overnight, inside


def _ex(close: IntArray, shares: FloatArray, luck: FloatArray, may: BoolArray) -> tuple[IntArray, FloatArray]:
    """Reference prices and shares after a dividend of 1 to 3 %, or a split of 10 for 12 to 10 for 20."""
    ex = may & (luck[0] < _EX)
    split = ex & (luck[1] < _SPLIT) & (close > _DEAR)
    ratio = np.where(split, 1.2 + 0.2 * np.floor(5 * luck[2]), 1.0)
    cash = np.where(ex & ~split, np.round(close * (0.01 + 0.02 * luck[2])), 0.0)
    reference = np.floor((close - cash) / ratio + 0.5).astype(np.int64)
    return np.maximum(reference, _LOWEST), np.round(shares * ratio)


def _printed(
    reference: IntArray, limits: tuple[IntArray, IntArray], moved: tuple[FloatArray, FloatArray], reach: FloatArray,
    volatility: float,
) -> tuple[IntArray, IntArray, IntArray, IntArray]:  # fmt: skip
    """Open, high, low and close in whole ticks, within the limits and at 1 yuan or above."""
    up, down = limits[0], np.maximum(limits[1], np.minimum(_LOWEST, limits[0]))

    def whole(prices: NDArray[Any]) -> IntArray:
        return np.clip(np.floor(prices + 0.5).astype(np.int64), down, up)

    open_ = whole(reference * (1 + moved[0]))
    close = whole(open_ * np.maximum(1 + moved[1], 0.5))
    span = 0.5 * volatility * np.abs(reach)
    high = np.maximum(whole(np.maximum(open_, close) * (1 + span[0])), np.maximum(open_, close))
    low = np.minimum(whole(np.minimum(open_, close) * (1 - span[1])), np.minimum(open_, close))
    return open_, high, low, close
