"""Worlds with known answers: what a method finds here can be held against the truth.

`NoiseWorld` has nothing to find, `PlantedWorld` has one signal of a stated information coefficient, `MemoryWorld` one
that only a memory can read, `RegimeWorld` has two hidden states, `CrashWorld` one fall, `HourlyWorld` hours around the
clock. A seed gives the same bars on any machine; no two worlds share draws.
"""

from datetime import date
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from scipy.signal import lfilter
from scipy.special import ndtr

from tidegate.data.source import Source
from tidegate.data.walk import OVERNIGHT, bars_of_walks, business_days, names_of
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.bars import Bars

__all__ = ["CrashWorld", "HourlyWorld", "MemoryWorld", "NoiseWorld", "PlantedWorld", "RegimeWorld"]

_SYNTHETIC = "Synthetic data: no market ever printed these prices."
_FIRST = date(2000, 1, 3)
_TYPICAL_VOLUME = 1e7
_FLOOR = 0.05  # no session takes more than 95 % of a price
_LOG_VOLUME = 0.25  # standard deviation of log volume


class NoiseWorld(Source):
    """Prices nobody can forecast: every return is independent of everything before it, with mean zero.

    Formula
        open-to-open return ``A + B``, ``A ~ N(0, 0.8 v²)`` while open and ``B ~ N(0, 0.2 v²)`` overnight, `v` the
        volatility; log volume ``~ N(log 1e7, 0.25²)``, independent of prices.
    Shapes, units
        `sessions` × `assets` bars on weekdays; prices in points, volume in shares, amount in points × shares.
    Missing values
        None.

    >>> bars = NoiseWorld(sessions=50, seed=1).bars()
    >>> bars.frame.height, bars.assets
    (50, ('noise',))
    """

    name: ClassVar[str] = "noise-world"
    example: ClassVar[dict[str, Any]] = {"sessions": 120, "seed": 1}

    sessions: int = Field(ge=2, le=60_000, description="weekdays of history")
    seed: int = Field(ge=0, description="the same seed gives the same bars")
    assets: int = Field(default=1, ge=1, description="independent assets")
    volatility: float = Field(default=0.012, gt=0, le=0.1, description="standard deviation of a session's return")

    def reachable(self, lookback: int) -> float:  # noqa: ARG002
        """Tell the truth: nothing, at any lookback."""
        return 0.0

    def bars(self) -> Bars:
        """Draw the world: the same declaration gives the same bars."""
        generator = np.random.default_rng((self.seed, 1))
        shape = (self.assets, self.sessions)
        inside = self.volatility * np.sqrt(1 - OVERNIGHT) * generator.standard_normal(shape)
        return _daily("noise", "Noise world", inside, self.volatility, generator.standard_normal(shape), generator)


class PlantedWorld(Source):
    """One signal with a known information coefficient, in noise.

    Formula
        ``s(t) ~ N(0, 1)``, independent over *t*, is the standardised log volume of bar *t*:
        ``volume(t) = 1e7 · exp(0.25 · s(t))``, so that ``s(t) = (ln volume(t) − ln 1e7) / 0.25``. The simple return
        from open(t+1) to open(t+2) is ``v · (ic · s(t) + √(0.8 − ic²) · e(t) + √0.2 · g(t))`` with independent standard
        normal ``e, g``: its population correlation with ``s(t)`` is exactly `ic`, its standard deviation exactly `v`.
    Known at
        ``s(t)`` at CLOSE(t); the return it speaks of is that of ``Horizon(lag=1, span=1)``. No other bar of the future,
        and nothing but volume (and so amount), tells anything.
    Found by
        A linear model on log volume, which is the best there is; on raw volume, or volume z-scored within a window, it
        finds almost all of it (the correlation of ``s`` and volume is 0.984).
    Shapes, units, missing values
        As `NoiseWorld`.
    Errors
        `SettingError` where `ic` is outside −0.8 … 0.8.

    >>> world = PlantedWorld(sessions=20_000, seed=3, ic=0.5)
    >>> bars = world.bars()
    >>> opens, signal = bars.column("open"), np.log(bars.column("volume"))
    >>> bool(abs(np.corrcoef(signal[:-2], opens[2:] / opens[1:-1] - 1)[0, 1] - 0.5) < 0.02)
    True
    """

    name: ClassVar[str] = "planted-world"
    example: ClassVar[dict[str, Any]] = {"sessions": 120, "seed": 1, "ic": 0.05}

    sessions: int = Field(ge=3, le=60_000, description="weekdays of history")
    seed: int = Field(ge=0, description="the same seed gives the same bars")
    ic: float = Field(ge=-0.8, le=0.8, description="population correlation of the signal and the return it speaks of")
    assets: int = Field(default=1, ge=1, description="independent assets, each with a signal of its own")
    volatility: float = Field(default=0.012, gt=0, le=0.1, description="standard deviation of a session's return")

    def reachable(self, lookback: int) -> float:  # noqa: ARG002
        """Tell the truth: ``|ic|``, at any lookback."""
        return abs(self.ic)

    def bars(self) -> Bars:
        """Draw the world: the same declaration gives the same bars."""
        generator = np.random.default_rng((self.seed, 2))
        signal = generator.standard_normal((self.assets, self.sessions + 1))
        rest = np.sqrt(1 - OVERNIGHT - self.ic**2) * generator.standard_normal((self.assets, self.sessions))
        inside = self.volatility * (self.ic * signal[:, :-1] + rest)
        return _daily("planted", f"Planted world, IC {self.ic}", inside, self.volatility, signal[:, 1:], generator)


class MemoryWorld(Source):
    """A signal that only a memory can read: what today's volume means depends on the last unusual day before it.

    Formula
        ``s(t)`` is the standardised log volume of bar *t*, as in `PlantedWorld`. A bar is unusual where
        ``|s| > threshold``, which it is with probability ``p = 2 Φ(−threshold)``; ``d(t) = ±1`` is the sign of *s* on
        the last unusual bar **before** *t*. The simple return from open(t+1) to open(t+2) is
        ``v · (ic · d(t) s(t) + √(0.8 − ic²) · e(t) + √0.2 · g(t))``: its population correlation with ``d(t) s(t)`` is
        exactly `ic`.
    Known at
        ``d(t)`` at CLOSE(t−1), ``s(t)`` at CLOSE(t); the return it speaks of is that of ``Horizon(lag=1, span=1)``.
    Found by
        Nothing linear, at any lookback: ``E[d] = E[s] = 0`` and the two are independent, so the correlation of the
        return with every function of one bar, and so with every sum of such functions, is zero. A forecaster of
        lookback *L* that knows the rule reaches `reachable`, since *L* − 1 bars before *t* may hold no unusual one.
    Shapes, units, missing values
        As `NoiseWorld`.
    Errors
        `SettingError` where `ic` is outside −0.8 … 0.8.

    >>> world = MemoryWorld(sessions=20_000, seed=3, ic=0.5)
    >>> bars = world.bars()
    >>> opens, signal = bars.column("open"), np.log(bars.column("volume") / 1e7) / 0.25
    >>> came = opens[2:] / opens[1:-1] - 1
    >>> bool(abs(np.corrcoef(signal[:-2], came)[0, 1]) < 0.03)
    True
    >>> before = np.sign(signal[:-3]) * (np.abs(signal[:-3]) > 1.0)
    >>> bool(np.corrcoef(before * signal[1:-2], came[1:])[0, 1] > 0.2)
    True
    >>> round(world.reachable(10), 3)
    0.492
    """

    name: ClassVar[str] = "memory-world"
    example: ClassVar[dict[str, Any]] = {"sessions": 120, "seed": 1, "ic": 0.3}

    sessions: int = Field(ge=3, le=60_000, description="weekdays of history")
    seed: int = Field(ge=0, description="the same seed gives the same bars")
    ic: float = Field(ge=-0.8, le=0.8, description="population correlation of d(t) s(t) and the return it speaks of")
    threshold: float = Field(default=1.0, gt=0, le=3, description="|s| above which a bar is unusual")
    assets: int = Field(default=1, ge=1, description="independent assets, each with a signal of its own")
    volatility: float = Field(default=0.012, gt=0, le=0.1, description="standard deviation of a session's return")

    def reachable(self, lookback: int) -> float:
        """Tell the truth: ``|ic| · √(1 − (1 − p)^(L−1))``, the best correlation that `lookback` bars allow."""
        quiet = 1.0 - 2.0 * float(ndtr(-self.threshold))
        return float(abs(self.ic) * np.sqrt(1.0 - quiet ** (lookback - 1)))

    def bars(self) -> Bars:
        """Draw the world: the same declaration gives the same bars."""
        generator = np.random.default_rng((self.seed, 8))
        signal = generator.standard_normal((self.assets, self.sessions + 1))
        before = 2.0 * generator.integers(0, 2, size=(self.assets, 1)) - 1.0  # the unusual day before the first bar
        unusual = np.where(np.abs(signal) > self.threshold, np.arange(1, self.sessions + 2), 0)
        last = np.maximum.accumulate(unusual, axis=1)
        signs = np.concatenate([before, np.sign(signal)], axis=1)
        known = np.take_along_axis(signs, np.concatenate([np.zeros_like(last[:, :1]), last[:, :-1]], axis=1), axis=1)
        rest = np.sqrt(1 - OVERNIGHT - self.ic**2) * generator.standard_normal((self.assets, self.sessions))
        inside = self.volatility * (self.ic * (known * signal)[:, :-1] + rest)
        return _daily("memory", f"Memory world, IC {self.ic}", inside, self.volatility, signal[:, 1:], generator)


class RegimeWorld(Source):
    """Two hidden states, bull and bear, each with its drift and volatility; a Markov chain moves between them.

    Formula
        ``P(stay) = 1 − 1/spell``; the return of a bar in state *k* is ``N(drift_k, volatility_k²)``, its drift earned
        while the market is open.
    Known at
        The state is never printed; `states` tells it to whoever judges.
    Shapes, units, missing values
        As `NoiseWorld`.

    >>> world = RegimeWorld(sessions=500, seed=1)
    >>> world.bars().frame.height, sorted(set(world.states()[0].tolist()))
    (500, [0, 1])
    """

    name: ClassVar[str] = "regime-world"
    example: ClassVar[dict[str, Any]] = {"sessions": 120, "seed": 1}

    sessions: int = Field(ge=2, le=60_000, description="weekdays of history")
    seed: int = Field(ge=0, description="the same seed gives the same bars")
    assets: int = Field(default=1, ge=1, description="independent assets, each with states of its own")
    bull_drift: float = Field(default=0.0008, description="mean return of a bull session")
    bear_drift: float = Field(default=-0.0006, description="mean return of a bear session")
    bull_volatility: float = Field(default=0.009, gt=0, le=0.1, description="volatility of a bull session")
    bear_volatility: float = Field(default=0.02, gt=0, le=0.1, description="volatility of a bear session")
    spell: float = Field(default=120.0, gt=1, description="mean length of a state, in sessions")

    def states(self) -> IntArray:
        """Tell the truth ``[N, T]``: 1 where the bar is bullish, 0 where it is bearish."""
        generator = np.random.default_rng((self.seed, 3))
        turns = generator.random((self.assets, self.sessions)) < 1 / self.spell
        first = generator.integers(0, 2, size=(self.assets, 1))
        return np.asarray((first + np.cumsum(turns, axis=1)) % 2, dtype=np.int64)

    def bars(self) -> Bars:
        """Draw the world: the same declaration gives the same bars."""
        states = self.states()
        generator = np.random.default_rng((self.seed, 4))
        drift = np.where(states == 1, self.bull_drift, self.bear_drift)
        volatility = np.where(states == 1, self.bull_volatility, self.bear_volatility)
        inside = drift + volatility * np.sqrt(1 - OVERNIGHT) * generator.standard_normal(states.shape)
        return _daily("regime", "Regime world", inside, volatility, generator.standard_normal(states.shape), generator)


class CrashWorld(Source):
    """A calm market that falls once, by a given depth, at a given share of its span.

    Formula
        Noise of the given volatility; on the `days` bars from ``crash_bars()`` on, every return has the same mean
        ``(1 − depth)^(1/days) − 1`` while open. The expected price after the crash is ``(1 − depth)`` of that before.
    Known at
        Nothing announces the crash.
    Shapes, units, missing values
        As `NoiseWorld`.

    >>> world = CrashWorld(sessions=400, seed=1, depth=0.4)
    >>> closes = world.bars().column("close")
    >>> first, end = world.crash_bars()
    >>> bool(closes[end - 1] / closes[first - 1] < 0.75)
    True
    """

    name: ClassVar[str] = "crash-world"
    example: ClassVar[dict[str, Any]] = {"sessions": 120, "seed": 1, "depth": 0.3}

    sessions: int = Field(ge=20, le=60_000, description="weekdays of history")
    seed: int = Field(ge=0, description="the same seed gives the same bars")
    depth: float = Field(gt=0, lt=0.95, description="share of the price that the crash takes")
    at: float = Field(default=0.7, gt=0, lt=1, description="where the crash begins, as a share of the span")
    days: int = Field(default=10, ge=1, le=250, description="how many sessions the crash lasts")
    assets: int = Field(default=1, ge=1, description="assets; all fall at the same time")
    volatility: float = Field(default=0.008, gt=0, le=0.1, description="standard deviation of a session's return")

    def crash_bars(self) -> tuple[int, int]:
        """Tell the truth: positions of the first falling bar and of the first bar after the fall."""
        first = min(max(int(self.at * self.sessions), 1), self.sessions - 1)
        return first, min(first + self.days, self.sessions)

    def bars(self) -> Bars:
        """Draw the world: the same declaration gives the same bars."""
        generator = np.random.default_rng((self.seed, 5))
        shape = (self.assets, self.sessions)
        first, end = self.crash_bars()
        inside = self.volatility * np.sqrt(1 - OVERNIGHT) * generator.standard_normal(shape)
        inside[:, first:end] += (1 - self.depth) ** (1 / (end - first)) - 1
        return _daily(
            "crash",
            f"Crash world, {self.depth:.0%}",
            inside,
            self.volatility,
            generator.standard_normal(shape),
            generator,
        )


class HourlyWorld(Source):
    """Hours around the clock, all week: volume that follows the hour of the day, volatility that comes in clusters.

    Formula
        log variance is a first-order autoregression with persistence `memory`; volume rises by ``exp(0.5 · cos)``
        towards 15:00 and with volatility; returns have mean zero and are independent of everything before: nothing
        forecasts their sign, but their size can be forecast.
    Known at
        A label is the end of its hour; an hour belongs to the session (the calendar day) in which it began.
    Shapes, units
        ``24 · days`` bars; prices in points, volume in shares.
    Missing values
        None.

    >>> bars = HourlyWorld(days=3, seed=1).bars()
    >>> bars.frame.height, bars.spec.frequency, str(bars.times[0])
    (72, '60min', '2017-07-01T01:00:00.000000')
    """

    name: ClassVar[str] = "hourly-world"
    example: ClassVar[dict[str, Any]] = {"days": 10, "seed": 1}

    days: int = Field(ge=1, le=10_000, description="calendar days of history, 24 bars each")
    seed: int = Field(ge=0, description="the same seed gives the same bars")
    volatility: float = Field(default=0.008, gt=0, le=0.1, description="typical standard deviation of an hour's return")
    clustering: float = Field(default=0.6, ge=0, le=1.0, description="standard deviation of log volatility")
    memory: float = Field(default=0.97, ge=0, lt=1, description="hour-to-hour persistence of log volatility")

    def truth(self) -> FloatArray:
        """Tell the truth ``[T]``: the volatility of every hour, which the bars never print."""
        generator = np.random.default_rng((self.seed, 6))
        shocks = generator.standard_normal(24 * self.days) * np.sqrt(1 - self.memory**2)
        shocks[0] = generator.standard_normal()
        wave = self.clustering * lfilter([1.0], [1.0, -self.memory], shocks)
        return np.asarray(self.volatility * np.exp(np.clip(wave, -3.0, 3.0) - self.clustering**2), dtype=np.float64)

    def bars(self) -> Bars:
        """Draw the world: the same declaration gives the same bars."""
        volatility = self.truth()[None, :]
        generator = np.random.default_rng((self.seed, 7))
        hours = np.arange(24 * self.days)
        begins = np.datetime64("2017-07-01T00", "h") + hours
        inside = np.clip(volatility * generator.standard_normal(volatility.shape), -0.3, 0.3)
        season = 0.5 * np.cos(2 * np.pi * (hours % 24 - 15) / 24)
        size = np.log(volatility / self.volatility) * 0.6 + 0.3 * generator.standard_normal(volatility.shape)
        return bars_of_walks(
            ["hourly"], labels=begins + np.timedelta64(1, "h"), sessions=begins.astype("datetime64[D]"),
            inside=inside, overnight=np.zeros_like(inside), volume=_TYPICAL_VOLUME / 1000 * np.exp(season + size),
            reach=0.5 * volatility[..., None] * np.abs(generator.standard_normal((*volatility.shape, 2))),
            frequency="60min", title="Hourly world", stamps=(_SYNTHETIC,),
        )  # fmt: skip


def _daily(
    name: str, title: str, inside: FloatArray, volatility: float | FloatArray, signal: FloatArray,
    generator: np.random.Generator,
) -> Bars:  # fmt: skip
    """Add what all daily worlds share: the overnight step, volume from `signal`, and how far high and low reach."""
    spread = np.broadcast_to(np.asarray(volatility, dtype=np.float64), inside.shape)
    overnight = np.sqrt(OVERNIGHT) * spread * generator.standard_normal(inside.shape)
    ruin: BoolArray = 1.0 + inside + np.minimum(overnight, 0.0) < _FLOOR  # a ten-sigma session at the widest setting
    inside = np.where(ruin, -0.5, inside)
    overnight = np.where(ruin, 0.0, overnight)
    days = business_days(_FIRST, inside.shape[1])
    return bars_of_walks(
        names_of(name, inside.shape[0]), labels=days, sessions=days, inside=inside, overnight=overnight,
        volume=_TYPICAL_VOLUME * np.exp(_LOG_VOLUME * signal),
        reach=0.5 * spread[..., None] * np.abs(generator.standard_normal((*inside.shape, 2))),
        frequency="1d", title=title, stamps=(_SYNTHETIC,),
    )  # fmt: skip
