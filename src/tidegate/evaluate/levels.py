"""Forecasts of prices, judged as what they are worth beside the last price: error ratio, regimes, lag, quantiles.

The price of the next bar is the last one and a little more, so any forecast near the last price looks good on a chart.
What it knows is what it errs by *less* than the last price does; everything here is held against that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.errors import DataError
from tidegate.evaluate.doubt.duel import persistent_duel
from tidegate.evaluate.doubt.overlap import Tested
from tidegate.types.axes import BoolArray, FloatArray, IntArray

__all__ = ["PriceForecast", "Regimes", "lagged", "pinball", "regimes_of"]

_LEAST = 30
"""Rows from which on a duel or a correlation says anything."""


@dataclass(frozen=True)
class PriceForecast:
    """What was said of the next price, what came, and the last price when it was said ``[rows]``, in one currency.

    Known at
        `said` and `now` at CLOSE(t), `came` at CLOSE(t + 1).

    >>> one = PriceForecast(np.array([11.0, 12.0]), np.array([12.0, 12.0]), np.array([10.0, 12.0]))
    >>> round(one.rmse, 4), round(one.ratio, 4)
    (0.7071, 0.5)
    """

    said: FloatArray
    came: FloatArray
    now: FloatArray

    def __post_init__(self) -> None:
        shapes = {self.said.shape, self.came.shape, self.now.shape}
        finite = all(np.isfinite(side).all() for side in (self.said, self.came, self.now))
        if len(shapes) > 1 or self.said.ndim != 1 or not finite:
            raise DataError("said, came and now are three finite lists of one length", found=sorted(map(str, shapes)))

    def take(self, which: BoolArray) -> "PriceForecast":
        """Keep some of the rows."""
        return PriceForecast(self.said[which], self.came[which], self.now[which])

    @property
    def rmse(self) -> float:
        """``√mean((said - came)²)``; NaN of no rows."""
        return _root(self.said - self.came)

    @property
    def mae(self) -> float:
        """``mean |said - came|``; NaN of no rows."""
        return float(np.mean(np.abs(self.said - self.came))) if self.said.size else float("nan")

    @property
    def still(self) -> float:
        """What saying the last price errs by: ``√mean((now - came)²)``."""
        return _root(self.now - self.came)

    @property
    def ratio(self) -> float:
        """``rmse / still``: above 1 the last price was the better forecast; NaN where prices never moved."""
        return self.rmse / self.still if self.still > 0 else float("nan")

    def duel(self, *, level: float) -> Tested | None:
        """Diebold and Mariano's test of squared errors against the last price's; None of fewer than 30 rows.

        The estimate is ``mean((now - came)² - (said - came)²)``, above zero where the forecast is better. Squared
        errors come in clusters, so the variance is the long-run one with fixed-b critical values (`persistent_duel`,
        which says where even those are too sure: memory longer than ``1.3 √n`` bars).
        """
        if self.said.size < _LEAST or np.array_equal(self.said, self.now):
            return None
        return persistent_duel((self.said - self.came) ** 2, (self.now - self.came) ** 2, level=level)


@dataclass(frozen=True)
class Regimes:
    """Which third each bar lies in, by what was known at its close ``[T]``: 0, 1, 2, and -1 where nothing was known.

    Known at: CLOSE(t), with cuts known at the end of the learning range.
    """

    volatility: IntArray
    trend: IntArray


def regimes_of(price: FloatArray, learned: BoolArray, *, bars: int = 20) -> Regimes:
    """Put every bar into a third of volatility and one of trend, with cuts from the learning range alone.

    Formula
        ``volatility`` is the standard deviation of the last `bars` log returns, ``trend`` their absolute sum over
        ``volatility · √bars``; cuts are the terciles over the bars of `learned`.

    Shapes: ``[T]`` both. Known at: CLOSE(t), with cuts known at the end of the learning range. Raises `DataError` where
    fewer than 30 learning bars have enough history.

    >>> price = np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, 400)))
    >>> held = regimes_of(price, np.arange(400) < 300)
    >>> [int((held.volatility[20:300] == third).sum()) for third in (0, 1, 2)]
    [93, 93, 94]
    """
    moves = np.diff(np.log(price), prepend=np.nan)
    volatility, trend = np.full(len(price), np.nan), np.full(len(price), np.nan)
    if len(price) > bars:
        windows = np.lib.stride_tricks.sliding_window_view(moves[1:], bars)
        volatility[bars:] = windows.std(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            trend[bars:] = np.abs(windows.sum(axis=1)) / (volatility[bars:] * np.sqrt(bars))
    return Regimes(_thirds(volatility, learned), _thirds(trend, learned))


def _thirds(values: FloatArray, learned: BoolArray) -> IntArray:
    known = np.isfinite(values)
    if int((known & learned).sum()) < _LEAST:
        raise DataError(
            "there are too few bars to cut thirds from",
            expected=f"{_LEAST} or more",
            found=int((known & learned).sum()),
        )
    cuts = np.quantile(values[known & learned], [1 / 3, 2 / 3])
    return np.where(known, np.searchsorted(cuts, np.where(known, values, 0.0), side="right"), -1).astype(np.int64)


def lagged(forecast: FloatArray, price: FloatArray, lags: Sequence[int]) -> FloatArray:
    """Correlate the changes of a forecast with the price's own, so many bars before.

    Formula
        ``corr(F_t - F_{t-1}, C_{t-k} - C_{t-1-k})`` for each lag k, F_t the forecast *of* bar t, made at t - 1. A
        forecast that knows something peaks at 0; one that repeats the last price at 1.

    Shapes: two of ``[T]``, F and C of the same bars. Known at: when the last price is; a negative lag holds a
    forecast against later prices. Missing values: pairs with a NaN are left out; NaN of fewer than
    30 pairs, or of changes that are all one.

    >>> price = np.cumsum(np.random.default_rng(0).normal(size=300))
    >>> told = lagged(np.append(np.nan, price[:-1]), price, [0, 1])
    >>> bool(abs(told[0]) < 0.2), round(float(told[1]), 6)
    (True, 1.0)
    """
    said, moved = np.diff(forecast, prepend=np.nan), np.diff(price, prepend=np.nan)
    found = np.full(len(lags), np.nan)
    for place, lag in enumerate(lags):
        before = np.full(len(moved), np.nan)
        if lag >= 0:
            before[lag:] = moved[: len(moved) - lag]
        else:
            before[:lag] = moved[-lag:]
        both = np.isfinite(said) & np.isfinite(before)
        if both.sum() >= _LEAST and said[both].std() > 0 and before[both].std() > 0:
            found[place] = np.corrcoef(said[both], before[both])[0, 1]
    return found


def pinball(said: FloatArray, came: FloatArray, level: float) -> FloatArray:
    """Give each row's pinball loss of a quantile forecast: ``max(τ (y - q), (τ - 1) (y - q))``.

    Its mean is smallest where q is the quantile τ of what comes. Source: Koenker & Bassett (1978).

    >>> pinball(np.array([0.0, 0.0]), np.array([1.0, -1.0]), 0.9).round(2).tolist()
    [0.9, 0.1]
    """
    missed = came - said
    return np.asarray(np.maximum(level * missed, (level - 1.0) * missed))


def _root(errors: FloatArray) -> float:
    return float(np.sqrt(np.mean(errors**2))) if errors.size else float("nan")
