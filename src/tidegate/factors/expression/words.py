# ruff: noqa: N802 - the words of a formula are written as things are
"""The words of expressions: fields and operators as Python objects.

Window operators take the number of bars last; without it they are refused, for a statistic of the whole sample knows
the future. What each gives is also in the table of `operators`; arithmetic, comparisons, ``&``, ``|`` and ``~`` do what
they look like.

>>> up = Close > Lag(Close, 1)
>>> str(Mean(up, 10)), Mean(up, 10).lookback
('mean(close > lag(close, 1), 10)', 10)
>>> Std(Close)
Traceback (most recent call last):
tidegate.errors.ClockError: std needs a number of bars: over the whole sample it would know the future: ...
"""

from typing import TypeAlias

from tidegate.factors.expression.tree import Expression, build, field_of

__all__ = [
    "Absolute",
    "Amount",
    "AveragePrice",
    "BarsSinceMax",
    "BarsSinceMin",
    "Beta",
    "BetaResidual",
    "Both",
    "Close",
    "Correlation",
    "Count",
    "Covariance",
    "CrossRank",
    "CrossZScore",
    "Delta",
    "Either",
    "Equal",
    "ExponentialMean",
    "Filled",
    "Greater",
    "High",
    "If",
    "Kurt",
    "Lag",
    "Lesser",
    "Log",
    "Low",
    "Max",
    "Mean",
    "Min",
    "Open",
    "OpenInterest",
    "Opposite",
    "Part",
    "PreClose",
    "Present",
    "Quantile",
    "RSquared",
    "Rank",
    "Residual",
    "Root",
    "Settle",
    "Sign",
    "Skew",
    "Slope",
    "Std",
    "Sum",
    "Turnover",
    "Variance",
    "Volume",
]

Part: TypeAlias = Expression | float | int

Open = field_of("open")
High = field_of("high")
Low = field_of("low")
Close = field_of("close")
Settle = field_of("settle")
PreClose = field_of("preclose")
AveragePrice = field_of("average_price")
Volume = field_of("volume")
Amount = field_of("amount")
OpenInterest = field_of("open_interest")
Turnover = field_of("turnover")


def Absolute(x: Part) -> Expression:
    """``|x|``; missing where any part is."""
    return build("absolute", (x,))


def Sign(x: Part) -> Expression:
    """``-1, 0 or 1``; missing where any part is."""
    return build("sign", (x,))


def Log(x: Part) -> Expression:
    """``natural logarithm``; missing where x is, and where x ≤ 0."""
    return build("log", (x,))


def Root(x: Part) -> Expression:
    """``square root``; missing where x is, and where x < 0."""
    return build("root", (x,))


def Greater(x: Part, y: Part) -> Expression:
    """``the greater of x and y``; missing where any part is."""
    return build("greater", (x, y))


def Lesser(x: Part, y: Part) -> Expression:
    """``the lesser of x and y``; missing where any part is."""
    return build("lesser", (x, y))


def Equal(x: Part, y: Part) -> Expression:
    """``1 where x = y, else 0``; missing where any part is."""
    return build("equal", (x, y))


def Both(x: Part, y: Part) -> Expression:
    """``1 where neither x nor y is 0, else 0``; missing where any part is."""
    return build("both", (x, y))


def Either(x: Part, y: Part) -> Expression:
    """``0 where x and y are 0, else 1``; missing where any part is."""
    return build("either", (x, y))


def Opposite(x: Part) -> Expression:
    """``1 where x is 0, else 0``; missing where any part is."""
    return build("opposite", (x,))


def If(condition: Part, x: Part, y: Part) -> Expression:
    """``x where the condition is not 0, else y``; missing where the condition is, or the part chosen is."""
    return build("if", (condition, x, y))


def Filled(x: Part, y: Part) -> Expression:
    """``x where it is there, else y``; missing where both are."""
    return build("filled", (x, y))


def Present(x: Part) -> Expression:
    """``1 where x is there, else 0``; never missing."""
    return build("present", (x,))


def Lag(x: Part, bars: int) -> Expression:
    """``x of n bars ago``; missing where that is, or before the first bar."""
    return build("lag", (x,), (bars,))


def Delta(x: Part, bars: int) -> Expression:
    """``x - x of n bars ago``; missing where either is, or before the first bar."""
    return build("delta", (x,), (bars,))


def Sum(x: Part, bars: int | None = None) -> Expression:
    """``Σ x over n bars``; missing unless all n values are there."""
    return build("sum", (x,), (bars,))


def Mean(x: Part, bars: int | None = None) -> Expression:
    """``Σ x / n``; missing unless all n values are there."""
    return build("mean", (x,), (bars,))


def Count(x: Part, bars: int | None = None) -> Expression:
    """``in how many of n bars x is not 0``; missing unless all n values are there."""
    return build("count", (x,), (bars,))


def Variance(x: Part, bars: int | None = None) -> Expression:
    """``Σ (x - mean)² / (n - 1)``; missing unless all n values are there."""
    return build("variance", (x,), (bars,))


def Std(x: Part, bars: int | None = None) -> Expression:
    """``√variance``; missing unless all n values are there."""
    return build("std", (x,), (bars,))


def Skew(x: Part, bars: int | None = None) -> Expression:
    """``adjusted sample skewness``; missing unless all n values are there, and where x is constant."""
    return build("skew", (x,), (bars,))


def Kurt(x: Part, bars: int | None = None) -> Expression:
    """``adjusted excess kurtosis``; missing unless all n values are there, and where x is constant."""
    return build("kurt", (x,), (bars,))


def Min(x: Part, bars: int | None = None) -> Expression:
    """``least of n values``; missing unless all n values are there."""
    return build("min", (x,), (bars,))


def Max(x: Part, bars: int | None = None) -> Expression:
    """``greatest of n values``; missing unless all n values are there."""
    return build("max", (x,), (bars,))


def BarsSinceMin(x: Part, bars: int | None = None) -> Expression:
    """``bars since the latest least value, 0 … n - 1``; missing unless all n values are there."""
    return build("bars_since_min", (x,), (bars,))


def BarsSinceMax(x: Part, bars: int | None = None) -> Expression:
    """``bars since the latest greatest value, 0 … n - 1``; missing unless all n values are there."""
    return build("bars_since_max", (x,), (bars,))


def Rank(x: Part, bars: int | None = None) -> Expression:
    """``(values below x + half of those equal + ½) / n``; missing unless all n values are there."""
    return build("rank", (x,), (bars,))


def Quantile(x: Part, bars: int | None, q: float) -> Expression:
    """``quantile q, interpolated linearly``; missing unless all n values are there."""
    return build("quantile", (x,), (bars, q))


def ExponentialMean(x: Part, span: float, bars: int | None = None) -> Expression:
    """``Σ λ^k x[t-k] / Σ λ^k, k < n; λ = 1 - 2/(span+1)``; n is 4 × span where it is not said.

    Cut after n bars, so that a value never depends on where the data start; at 4 × span, 0.03 % of the weight is cut;
    missing unless all n values are there.
    """
    return build("exponential_mean", (x,), (max(1, round(4 * span)) if bars is None else bars, span))


def Slope(x: Part, bars: int | None = None) -> Expression:
    """``least-squares slope of x on time, per bar``; missing unless all n values are there."""
    return build("slope", (x,), (bars,))


def RSquared(x: Part, bars: int | None = None) -> Expression:
    """``squared correlation of x and time``; missing unless all n values are there, and where x is constant."""
    return build("r_squared", (x,), (bars,))


def Residual(x: Part, bars: int | None = None) -> Expression:
    """``x - its least-squares line on time, at this bar``; missing unless all n values are there."""
    return build("residual", (x,), (bars,))


def Covariance(x: Part, y: Part, bars: int | None = None) -> Expression:
    """``Σ (x - mean x)(y - mean y) / (n - 1)``; missing unless all n values are there."""
    return build("covariance", (x, y), (bars,))


def Correlation(x: Part, y: Part, bars: int | None = None) -> Expression:
    """``correlation of x and y``; missing unless all n values are there, and where x or y is constant."""
    return build("correlation", (x, y), (bars,))


def Beta(x: Part, y: Part, bars: int | None = None) -> Expression:
    """``least-squares slope of x on y``; missing unless all n values are there, and where y is constant."""
    return build("beta", (x, y), (bars,))


def BetaResidual(x: Part, y: Part, bars: int | None = None) -> Expression:
    """``x - its line on y, at this bar``; missing unless all n values are there, and where y is constant."""
    return build("beta_residual", (x, y), (bars,))


def CrossRank(x: Part) -> Expression:
    """``average rank among the assets of the bar / their number``; missing where x is."""
    return build("cross_rank", (x,))


def CrossZScore(x: Part) -> Expression:
    """``(x - mean) / std among the assets of the bar``; missing where x is, or all are equal."""
    return build("cross_z_score", (x,))
