"""A synthetic future with everything that makes real ones awkward: nights, breaks, rolls, open interest, whole ticks.

One walk in five-minute steps; hours and days are made of it by `resample`, so that the three agree bar for bar. Nothing
forecasts the sign of a return here; its size can be forecast, as in every market: volatility comes in clusters and
falls from the first bar of a stretch on.
"""

from datetime import date
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from tidegate.data.futures_resample import resample
from tidegate.data.source import Source
from tidegate.market.calendar import XSHG
from tidegate.market.sessions import HOURS, cuts
from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray
from tidegate.types.bars import Bars, BarSpec

__all__ = ["RebarWorld"]

_HOURS = "shfe-rebar"
_FIRST = date(2016, 7, 1)
_PRICE, _VOLUME, _INTEREST = 3600.0, 20_000.0, 1_500_000.0
_NIGHT = 0.3
"""Share of a session's variance that falls between its first open and the close before."""
_LIMIT = 6.0
"""Standard deviations beyond which no step goes."""
_MINUTE, _DAY, _MORNING = np.timedelta64(1, "m"), 24 * 60, 6 * 60
Days = NDArray[np.datetime64]


class RebarWorld(Source):
    """Rebar that never traded: five-minute bars of sessions with nights, from 2016-07-01 on, rolled every so often.

    Formula
        A session's volatility is ``volatility · exp(0.35 w)``, w a first-order autoregression of memory 0.95; its bars
        share seven tenths of the variance, twice as much in the first bar of a stretch, and the step from the close
        before has the rest. Every `roll` sessions the series goes on with a contract whose price is lower by a ratio
        drawn from 1.02 … 1.06; `factor` is the running product of these ratios, `roll_from` what the contract left
        opens at. Prices are rounded to whole yuan, as they are traded.
    Known at
        A label is the end of its bar; a night belongs to the session that it opens. `factor` and `roll_from` at the
        session's first open.
    Shapes, units
        `sessions` sessions of 45 to 93 five-minute bars; prices in yuan, volume and open interest in lots.
    Missing values
        `roll_from` but in the first bar of a roll.

    >>> bars = RebarWorld(sessions=3, seed=1, frequency="60min").bars()
    >>> bars.frame.select("time", "session", "close").row(0)
    (datetime.datetime(2016, 6, 30, 22, 0), datetime.date(2016, 7, 1), 3590.0)
    """

    name: ClassVar[str] = "rebar-world"
    example: ClassVar[dict[str, Any]] = {"sessions": 30, "seed": 1, "frequency": "1d", "roll": 12}

    sessions: int = Field(ge=2, le=2000, description="sessions of history")
    seed: int = Field(ge=0, description="the same seed gives the same bars")
    frequency: Literal["5min", "15min", "30min", "60min", "1d"] = Field(description="length of a bar")
    roll: int = Field(default=85, ge=2, description="sessions from one change of contract to the next")
    volatility: float = Field(default=0.014, gt=0, le=0.05, description="typical standard deviation of a session")

    def bars(self) -> Bars:
        """Draw the world: the same declaration gives the same walk at every frequency."""
        short = self._short()
        return short if self.frequency == "5min" else resample(short, self.frequency, _HOURS).bars

    def _short(self) -> Bars:
        generator = np.random.default_rng((self.seed, 9))
        days = XSHG.following(_FIRST, self.sessions)
        plans = HOURS[_HOURS].plans(days)
        ends = [np.array(cuts(plan, 5)) for plan in plans.plans]
        begins = [_marked(at, [held.begin for held in plan]) for at, plan in zip(ends, plans.plans, strict=True)]
        counts = np.array([len(ends[which]) for which in plans.which])
        day = np.repeat(np.arange(len(days)), counts)
        minute = np.concatenate([ends[which] for which in plans.which])
        opening = np.concatenate([begins[which] for which in plans.which])
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        scale = self._volatility(len(days), generator)[day]
        share = np.where(opening, 2.0, 1.0)
        share /= np.add.reduceat(share, first)[day]
        inside = scale * np.sqrt((1 - _NIGHT) * share) * _drawn(generator, len(day))
        night = np.zeros(len(day))
        night[first] = scale[first] * np.sqrt(_NIGHT) * _drawn(generator, len(days))
        night[0] = 0.0
        rolled = np.zeros(len(day), dtype=bool)
        rolled[first[self.roll :: self.roll]] = True
        steps = np.where(rolled, generator.uniform(1.02, 1.06, len(day)), 1.0)
        factor = np.cumprod(steps)
        walk = np.cumsum(np.log1p(inside) + np.log1p(night))
        closes = _PRICE * np.exp(walk - np.log1p(inside[0])) / factor
        opens = closes / (1.0 + inside)
        above, below = (0.4 * scale * np.sqrt(share) * np.abs(_drawn(generator, len(day))) for _ in range(2))
        frame = pl.DataFrame(
            {
                "time": _labels(days, day, minute),
                "session": days[day],
                "asset": ["RB"] * len(day),
                "open": np.rint(opens),
                "high": np.ceil(np.maximum(opens, closes) * np.exp(above)),
                "low": np.floor(np.minimum(opens, closes) * np.exp(-below)),
                "close": np.rint(closes),
                "volume": np.rint(_VOLUME * share / share.mean() * np.exp(0.4 * generator.standard_normal(len(day)))),
                "open_interest": np.rint(_INTEREST * np.exp(np.cumsum(0.002 * generator.standard_normal(len(day))))),
                "factor": factor,
                "roll_from": np.where(rolled, np.rint(np.rint(opens) * steps), np.nan),
            }
        )  # fmt: skip
        frame = frame.with_columns(pl.col("roll_from").fill_nan(None))
        return Bars.of(
            frame,
            BarSpec(
                frequency="5min",
                kind="future",
                currency="CNY",
                volume_unit="lots",
                title="Rebar world",
                source="Tidegate, synthetic and seeded",
                stamps=("Synthetic data: no market ever printed these prices.",),
            ),
        )

    def _volatility(self, sessions: int, generator: np.random.Generator) -> FloatArray:
        wave = np.empty(sessions)
        wave[0] = generator.standard_normal()
        shocks = generator.standard_normal(sessions) * np.sqrt(1 - 0.95**2)
        for at in range(1, sessions):
            wave[at] = 0.95 * wave[at - 1] + shocks[at]
        return np.asarray(self.volatility * np.exp(0.35 * np.clip(wave, -3.0, 3.0)))


def _marked(ends: IntArray, begins: list[int]) -> BoolArray:
    """Whether each bar is the first of a stretch."""
    marked = np.zeros(len(ends), dtype=bool)
    marked[np.searchsorted(ends, np.array(begins), side="right")] = True
    return marked


def _drawn(generator: np.random.Generator, count: int) -> FloatArray:
    return np.clip(generator.standard_normal(count), -_LIMIT, _LIMIT)


def _labels(days: Days, day: IntArray, minute: IntArray) -> TimeArray:
    """Wall-clock labels: an evening is that of the session before, the small hours are of the day after it."""
    eves = np.concatenate([[np.datetime64(XSHG.previous_session(days[0].item()))], days[:-1]])
    evening, early = minute < 0, (minute >= 0) & (minute < _MORNING)
    basis = np.where(evening | early, eves[day], days[day]).astype("datetime64[us]")
    return np.asarray(basis + _MINUTE * (minute + np.where(evening | early, _DAY, 0)))
