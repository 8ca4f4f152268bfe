"""Exact chances of counts: won months, won trades, and how many placebos did as well."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta, binomtest

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.doubt.longrun import complete

__all__ = ["Placed", "Spread", "binomial_interval", "binomial_p", "placed", "spread"]


def binomial_p(wins: int, n: int, *, chance: float) -> float:
    """Exact chance of at least so many wins out of n by luck, ``P(X ≥ wins)``, ``X ~ B(n, chance)``.

    One-sided. NaN for n = 0. Raises `SettingError` for more wins than games or a chance outside [0, 1].

    >>> round(binomial_p(9, 12, chance=0.5), 4)
    0.073
    """
    _check(wins, n)
    if not 0 <= chance <= 1:
        raise SettingError("a chance lies between 0 and 1", found=chance)
    return float(binomtest(wins, n, chance, alternative="greater").pvalue) if n else float("nan")


def binomial_interval(wins: int, n: int, *, level: float) -> tuple[float, float]:
    """Exact interval of a win rate (Clopper and Pearson, 1934): it covers the truth at least at its `level`.

    NaN for n = 0. Raises `SettingError` for more wins than games.

    >>> [round(x, 3) for x in binomial_interval(9, 12, level=0.95)]
    [0.428, 0.945]
    """
    _check(wins, n)
    if n == 0:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, wins, n - wins + 1)) if wins else 0.0
    high = float(beta.ppf(1 - tail, wins + 1, n - wins)) if wins < n else 1.0
    return low, high


class Placed(NamedTuple):
    """Where a real value stands among placebos; `low` and `high` are what K draws leave open of the percentile."""

    percentile: float
    low: float
    high: float
    p_value: float
    """``(1 + #{placebo ≥ real}) / (1 + K)``, one-sided; never zero."""
    level: float
    n: int


def placed(real: float, placebos: ArrayLike, *, level: float, higher_is_better: bool = True) -> Placed:
    """Place a real value among K placebo values.

    Ties count half in the percentile, and in full against us in the p-value.
    Shapes: ``[K]``. The interval is the exact binomial one of the share beaten: it says how much of the percentile is
    the luck of K draws. Raises `DataError` on missing values or no placebo. Source: Phipson and Smyth (2010) for the
    p-value.

    >>> found = placed(0.95, np.arange(100) / 100, level=0.95)
    >>> round(found.percentile, 3), round(found.p_value, 3)
    (0.955, 0.059)
    """
    values, ours = complete(placebos, real)
    if values.ndim != 1 or not values.size:
        raise DataError("no placebo to compare with", expected="[K], K ≥ 1", found=values.shape)
    sign = 1.0 if higher_is_better else -1.0
    beaten, equal = int((sign * values < sign * ours).sum()), int((values == ours).sum())
    as_good = values.size - beaten
    low = binomial_interval(beaten, values.size, level=level)[0]
    high = binomial_interval(beaten + equal, values.size, level=level)[1]
    share = (beaten + equal / 2) / values.size
    return Placed(share, low, high, (1 + as_good) / (1 + values.size), level, values.size)


class Spread(NamedTuple):
    """A measure over seeds: the middle, the quartiles, the ends, and how many. Never the best alone."""

    median: float
    q1: float
    q3: float
    worst: float
    best: float
    n: int
    missing: int


def spread(values: ArrayLike, *, higher_is_better: bool = True) -> Spread:
    """Summarise a measure over seeds; missing ones are counted, not used. NaN throughout where none is left.

    Shapes: ``[n]``. Quartiles by linear interpolation.

    >>> spread([0.1, 0.4, 0.2, 0.3, np.nan])
    Spread(median=0.25, q1=0.175, q3=0.325, worst=0.1, best=0.4, n=4, missing=1)
    """
    given = np.asarray(values, dtype=np.float64)
    kept = given[np.isfinite(given)]
    if not kept.size:
        nothing = float("nan")
        return Spread(nothing, nothing, nothing, nothing, nothing, 0, int(given.size))
    median, q1, q3 = (float(round(x, 15)) for x in np.quantile(kept, [0.5, 0.25, 0.75]))
    ends = float(kept.min()), float(kept.max())
    worst, best = ends if higher_is_better else ends[::-1]
    return Spread(median, q1, q3, worst, best, int(kept.size), int(given.size - kept.size))


def _check(wins: int, n: int) -> None:
    if not 0 <= wins <= n:
        raise SettingError("wins cannot outnumber games", expected=f"0 … {n}", found=wins)
