"""Returns of a book and what is said about them: one definition each.

Equity ``V [..., T]`` is the value of a book at each close, and `capital` is ``V_0``, the money it started with before
the first bar; leaving ``V_0`` out would forget the first bar's gain, loss and drawdown. Returns ``r [..., T]`` are
simple and per bar. Leading axes are books: everything is judged for many books at once, ``[K, T] → [K]``.

Periods per year ``P`` are always given by the caller (`periods_per_year` measures them from the time axis): 252 is a
habit of one country. Missing values are never skipped here: a book with one NaN in it has no Sharpe ratio, and says
NaN. A ratio whose denominator is zero is NaN too, never infinite. All in float64, all known at the close of the last
bar used.
"""

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import DataError
from tidegate.types.axes import FloatArray, TimeArray

__all__ = [
    "alpha_beta",
    "annualised_return",
    "calmar",
    "drawdown_curve",
    "excess_return",
    "information_ratio",
    "max_drawdown",
    "periods_per_year",
    "share_positive",
    "sharpe",
    "simple_returns",
    "total_return",
    "tracking_error",
    "volatility",
]

_ROUNDING = 1e-13
_LAST_DIGITS = 1e-15  # of a return, which is a ratio near one less one
_LEAST = 2
_MICROSECONDS_A_YEAR = 365.2425 * 86_400e6


def periods_per_year(times: TimeArray) -> float:
    """Bars a year, measured: ``(T - 1) / (t_T - t_1 in years)``.

    Shapes: ``times [T]``, ``datetime64``, T ≥ 2. Units: bars per year of 365.2425 days. Raises `DataError` where the
    axis has fewer than two different times. Known at: CLOSE(T). A span well under a year gives a rough figure.

    >>> days = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[D]")
    >>> round(periods_per_year(days), 2)
    365.24
    """
    stamps = np.asarray(times).astype("datetime64[us]").astype(np.int64)
    if stamps.size < _LEAST or stamps[-1] <= stamps[0]:
        raise DataError("periods per year need two different times", expected="T ≥ 2, increasing", found=stamps.size)
    return float((stamps.size - 1) / (float(stamps[-1] - stamps[0]) / _MICROSECONDS_A_YEAR))


def simple_returns(equity: ArrayLike, capital: ArrayLike) -> FloatArray:
    """Each bar's simple return, ``r_t = V_t / V_{t-1} - 1`` with ``V_0 = capital``.

    Shapes: ``equity [..., T]``, `capital` a number or ``[...]`` → ``[..., T]``, fractions. Known at: CLOSE(t). Missing
    values: NaN in gives NaN out, for its own bar and the next. A value of zero or below gives NaN from the next bar on.

    >>> simple_returns([110.0, 99.0], 100.0).round(3).tolist()
    [0.1, -0.1]
    """
    path = _from_capital(equity, capital)
    before = path[..., :-1]
    return np.asarray(path[..., 1:] / np.where(before > 0, before, np.nan) - 1.0)


def total_return(equity: ArrayLike, capital: ArrayLike) -> FloatArray:
    """Gain over the whole span, ``V_n / V_0 - 1``.

    Shapes: ``[..., T]`` → ``[...]``, a fraction. Known at: CLOSE(T). Missing values: NaN where the last value is.

    >>> round(float(total_return([110.0, 121.0], 100.0)), 3)
    0.21
    """
    values = np.asarray(equity, dtype=np.float64)
    return np.asarray(values[..., -1] / np.asarray(capital, dtype=np.float64) - 1.0)[()]


def annualised_return(equity: ArrayLike, capital: ArrayLike, *, periods_per_year: float) -> FloatArray:
    """Constant yearly growth with the same end, ``(V_n / V_0)^(P / n) - 1``; not the mean return times P.

    Shapes: ``[..., T]`` → ``[...]``, a fraction a year; n = T. Known at: CLOSE(T). Missing values: NaN where the last
    value is NaN. A book that ended at zero or below lost everything: -1.

    >>> round(float(annualised_return([110.0, 121.0], 100.0, periods_per_year=1)), 3)
    0.1
    """
    growth = 1.0 + total_return(equity, capital)
    bars = np.asarray(equity).shape[-1]
    return np.asarray(np.where(np.isnan(growth), np.nan, np.maximum(growth, 0.0) ** (periods_per_year / bars)) - 1.0)[
        ()
    ]


def volatility(returns: ArrayLike, *, periods_per_year: float) -> FloatArray:
    """Yearly standard deviation of returns, ``std(r, ddof=1) · √P``.

    Shapes: ``[..., T]`` → ``[...]``, a fraction a year. Known at: CLOSE(T). Missing values: NaN where any is, or T < 2.

    >>> round(float(volatility([0.01, -0.01, 0.01, -0.01], periods_per_year=252)), 4)
    0.1833
    """
    return np.asarray(_deviation(_floats(returns)) * np.sqrt(periods_per_year))[()]


def sharpe(returns: ArrayLike, *, periods_per_year: float, risk_free: ArrayLike = 0.0) -> FloatArray:
    """Sharpe ratio a year, ``mean(r - rf) / std(r - rf, ddof=1) · √P``.

    Shapes: ``[..., T]`` → ``[...]``; `risk_free` is a return **per bar**, a number or ``[..., T]``. Known at: CLOSE(T).
    Missing values: NaN where any is, where T < 2, or where returns do not vary. Source: Sharpe (1994). Use ``P = 1``
    for the ratio per bar that probabilistic and deflated Sharpe ratios ask for.

    >>> round(float(sharpe([0.02, -0.01, 0.02, -0.01], periods_per_year=1)), 4)
    0.2887
    """
    over = _floats(returns) - np.asarray(risk_free, dtype=np.float64)
    return np.asarray(_ratio(_mean(over), _deviation(over), over) * np.sqrt(periods_per_year))[()]


def drawdown_curve(equity: ArrayLike, capital: ArrayLike) -> FloatArray:
    """How far below its highest value so far a book stands, ``V_t / max(V_0 … V_t) - 1``.

    Shapes: ``[..., T]`` → ``[..., T]``, fractions, never above zero. Known at: CLOSE(t). Missing values: NaN from the
    first missing value on, since the highest value is then unknown.

    >>> drawdown_curve([90.0, 110.0, 99.0], 100.0).round(3).tolist()
    [-0.1, 0.0, -0.1]
    """
    path = _from_capital(equity, capital)
    return np.asarray((path / np.maximum.accumulate(path, axis=-1) - 1.0)[..., 1:])


def max_drawdown(equity: ArrayLike, capital: ArrayLike) -> FloatArray:
    """Deepest drawdown, ``min_t(V_t / max(V_0 … V_t) - 1)``, ``V_0`` included; zero or negative.

    Shapes: ``[..., T]`` → ``[...]``, a fraction. Known at: CLOSE(T). Missing values: NaN where any is.

    >>> round(float(max_drawdown([90.0, 110.0, 88.0], 100.0)), 3)
    -0.2
    """
    return np.asarray(np.minimum(drawdown_curve(equity, capital).min(axis=-1), 0.0))[()]


def calmar(equity: ArrayLike, capital: ArrayLike, *, periods_per_year: float) -> FloatArray:
    """Annualised return over the deepest drawdown, ``annualised / |max drawdown|``.

    Shapes: ``[..., T]`` → ``[...]``. Known at: CLOSE(T). Missing values: NaN where any is, or where nothing was ever
    lost.

    >>> round(float(calmar([80.0, 120.0], 100.0, periods_per_year=2)), 3)
    1.0
    """
    depth = np.abs(max_drawdown(equity, capital))
    return np.asarray(
        annualised_return(equity, capital, periods_per_year=periods_per_year) / np.where(depth > 0, depth, np.nan)
    )[()]


def share_positive(returns: ArrayLike) -> FloatArray:
    """Share of **bars** with a return above zero; a flat bar counts as not positive. Not the win rate of trades.

    Shapes: ``[..., T]`` → ``[...]``, a fraction. Known at: CLOSE(T). Missing values: NaN where any is.

    >>> float(share_positive([0.1, 0.0, -0.1, 0.2]))
    0.5
    """
    values = _floats(returns)
    return np.asarray(np.where(np.isnan(values).any(axis=-1), np.nan, (values > 0).mean(axis=-1)))[()]


def excess_return(
    equity: ArrayLike,
    capital: ArrayLike,
    benchmark: ArrayLike,
    benchmark_capital: ArrayLike,
    *,
    periods_per_year: float,
) -> FloatArray:
    """Annualised return of the book less that of its benchmark over the same bars.

    Shapes: both ``[..., T]`` → ``[...]``, a fraction a year. Known at: CLOSE(T). Missing values: as
    `annualised_return`. Raises `DataError` where the two differ in length.

    >>> round(float(excess_return([121.0], 100.0, [110.0], 100.0, periods_per_year=1)), 3)
    0.11
    """
    _same_bars(equity, benchmark)
    ours = annualised_return(equity, capital, periods_per_year=periods_per_year)
    return np.asarray(ours - annualised_return(benchmark, benchmark_capital, periods_per_year=periods_per_year))[()]


def alpha_beta(
    returns: ArrayLike, benchmark: ArrayLike, *, periods_per_year: float, risk_free: ArrayLike = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Jensen's alpha a year and beta, from least squares of ``r - rf = a + β (m - rf)``; alpha is ``a · P``.

    Shapes: both ``[..., T]`` → two of ``[...]``; `risk_free` per bar. Known at: CLOSE(T). Missing values: NaN where any
    is, or where the benchmark does not vary. Raises `DataError` where lengths differ. Source: Jensen (1968).

    >>> alpha, beta = alpha_beta([0.03, -0.01, 0.05], [0.01, -0.01, 0.02], periods_per_year=1)
    >>> round(float(alpha), 4), round(float(beta), 4)
    (0.01, 2.0)
    """
    _same_bars(returns, benchmark)
    ours, market = (_floats(x) - np.asarray(risk_free, dtype=np.float64) for x in (returns, benchmark))
    moved = market - _mean(market)[..., None]
    deviation = _deviation(market)
    covariance = (moved * (ours - _mean(ours)[..., None])).sum(axis=-1) / max(market.shape[-1] - 1, 1)
    beta = _ratio(covariance, deviation, market) / deviation
    return np.asarray((_mean(ours) - beta * _mean(market)) * periods_per_year)[()], beta[()]


def tracking_error(returns: ArrayLike, benchmark: ArrayLike, *, periods_per_year: float) -> FloatArray:
    """Yearly standard deviation of the difference, ``std(r - m, ddof=1) · √P``.

    Shapes: both ``[..., T]`` → ``[...]``. Known at: CLOSE(T). Missing values: NaN where any is. Raises `DataError`
    where lengths differ.

    >>> round(float(tracking_error([0.02, 0.0], [0.0, 0.0], periods_per_year=1)), 4)
    0.0141
    """
    _same_bars(returns, benchmark)
    return volatility(_floats(returns) - _floats(benchmark), periods_per_year=periods_per_year)


def information_ratio(returns: ArrayLike, benchmark: ArrayLike, *, periods_per_year: float) -> FloatArray:
    """Mean difference to the benchmark over its standard deviation, ``mean(r - m) / std(r - m, ddof=1) · √P``.

    Shapes: both ``[..., T]`` → ``[...]``. Known at: CLOSE(T). Missing values: NaN where any is, or where the difference
    does not vary. Raises `DataError` where lengths differ.

    >>> round(float(information_ratio([0.03, 0.01], [0.01, 0.01], periods_per_year=1)), 4)
    0.7071
    """
    _same_bars(returns, benchmark)
    return sharpe(_floats(returns) - _floats(benchmark), periods_per_year=periods_per_year)


def _floats(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _from_capital(equity: ArrayLike, capital: ArrayLike) -> FloatArray:
    values = _floats(equity)
    first = np.broadcast_to(_floats(capital), values.shape[:-1])[..., None]
    if bool((first <= 0).any()):
        raise DataError("capital must be positive", expected="> 0", found=float(np.min(first)))
    return np.concatenate([first, values], axis=-1)


def _mean(values: FloatArray) -> FloatArray:
    if values.shape[-1] == 0:
        return np.full(values.shape[:-1], np.nan)
    return np.asarray(values.mean(axis=-1))


def _deviation(values: FloatArray) -> FloatArray:
    if values.shape[-1] < _LEAST:
        return np.full(values.shape[:-1], np.nan)
    return np.asarray(values.std(axis=-1, ddof=1))


def _ratio(above: FloatArray, deviation: FloatArray, values: FloatArray) -> FloatArray:
    """Divide by a deviation, with NaN where it is only the rounding of values that do not vary."""
    floor = np.maximum(_ROUNDING * np.abs(values).max(axis=-1, initial=0.0), _LAST_DIGITS)
    return np.asarray(above / np.where(deviation > floor, deviation, np.nan))


def _same_bars(one: ArrayLike, other: ArrayLike) -> None:
    ours, theirs = np.shape(one)[-1], np.shape(other)[-1]
    if ours != theirs:
        raise DataError("the book and its benchmark differ in length", expected=ours, found=theirs)
