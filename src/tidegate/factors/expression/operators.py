"""The table of operators: what each takes, computes, and does about missing values. One row, one operator.

Every operator looks back, or aside at the same bar, and never ahead. A window of n bars is the bar itself and the n - 1
rows before it *of the same asset*: bars that did not happen (a suspension) are not counted. Every window operator gives
a missing value unless all n values are there.
"""

from dataclasses import dataclass
from typing import Literal

from tidegate.errors import UnknownNameError

__all__ = ["FIELDS", "LONGEST", "OPERATORS", "Kind", "Operator", "field_named", "operator_named"]

Kind = Literal["element", "lag", "window", "pair", "cross"]

LONGEST = 100_000

FIELDS: dict[str, str] = {
    "open": "opening price × adjustment",
    "high": "highest price × adjustment",
    "low": "lowest price × adjustment",
    "close": "closing price × adjustment",
    "settle": "settlement price × adjustment",
    "preclose": "reference price of the session × adjustment",
    "average_price": "amount / volume × adjustment; volume must be counted in single units",
    "volume": "volume / adjustment: comparable across splits, as adjusted prices are",
    "amount": "money turned over",
    "open_interest": "open interest",
    "turnover": "volume / floating shares, as printed",
    "total_shares": "shares",
    "float_shares": "floating shares",
    "market_return": "return of all assets together, weighted by yesterday's close × total shares",
    "raw_open": "opening price as printed",
    "raw_high": "highest price as printed",
    "raw_low": "lowest price as printed",
    "raw_close": "closing price as printed",
    "raw_volume": "volume as printed",
}


@dataclass(frozen=True)
class Operator:
    """One operator: its name in text, how many expressions and which numbers it takes, and what it means.

    `least` is the fewest bars of its window; `extra` names the numbers after the window.
    """

    name: str
    kind: Kind
    children: int
    formula: str
    missing: str
    least: int = 0
    extra: tuple[str, ...] = ()

    @property
    def settings(self) -> tuple[str, ...]:
        """The numbers it takes, in order."""
        return (*(("bars",) if self.kind in {"lag", "window", "pair"} else ()), *self.extra)


_EITHER = "missing where any part is"
_WINDOW = "missing unless all n values are there"


def _rows() -> tuple[Operator, ...]:
    return (
        Operator("add", "element", 2, "x + y", _EITHER),
        Operator("subtract", "element", 2, "x - y", _EITHER),
        Operator("multiply", "element", 2, "x × y", _EITHER),
        Operator("divide", "element", 2, "x / y", "missing where any part is, and where y = 0"),
        Operator("power", "element", 2, "x to the y", "missing where any part is, or there is no real value"),
        Operator("negative", "element", 1, "-x", _EITHER),
        Operator("absolute", "element", 1, "|x|", _EITHER),
        Operator("sign", "element", 1, "-1, 0 or 1", _EITHER),
        Operator("log", "element", 1, "natural logarithm", "missing where x is, and where x ≤ 0"),
        Operator("root", "element", 1, "square root", "missing where x is, and where x < 0"),
        Operator("greater", "element", 2, "the greater of x and y", _EITHER),
        Operator("lesser", "element", 2, "the lesser of x and y", _EITHER),
        Operator("above", "element", 2, "1 where x > y, else 0", _EITHER),
        Operator("below", "element", 2, "1 where x < y, else 0", _EITHER),
        Operator("at_least", "element", 2, "1 where x ≥ y, else 0", _EITHER),
        Operator("at_most", "element", 2, "1 where x ≤ y, else 0", _EITHER),
        Operator("equal", "element", 2, "1 where x = y, else 0", _EITHER),
        Operator("both", "element", 2, "1 where neither x nor y is 0, else 0", _EITHER),
        Operator("either", "element", 2, "0 where x and y are 0, else 1", _EITHER),
        Operator("opposite", "element", 1, "1 where x is 0, else 0", _EITHER),
        Operator("if", "element", 3, "y where x is not 0, else z", "missing where x is, or the part chosen is"),
        Operator("filled", "element", 2, "x where it is there, else y", "missing where both are"),
        Operator("present", "element", 1, "1 where x is there, else 0", "never missing"),
        Operator("lag", "lag", 1, "x of n bars ago", "missing where that is, or before the first bar"),
        Operator("delta", "lag", 1, "x - x of n bars ago", "missing where either is, or before the first bar", 1),
        Operator("sum", "window", 1, "Σ x over n bars", _WINDOW, 1),
        Operator("mean", "window", 1, "Σ x / n", _WINDOW, 1),
        Operator("count", "window", 1, "in how many of n bars x is not 0", _WINDOW, 1),
        Operator("variance", "window", 1, "Σ (x - mean)² / (n - 1)", _WINDOW, 2),
        Operator("std", "window", 1, "√variance", _WINDOW, 2),
        Operator("skew", "window", 1, "adjusted sample skewness", f"{_WINDOW}, and where x is constant", 3),
        Operator("kurt", "window", 1, "adjusted excess kurtosis", f"{_WINDOW}, and where x is constant", 4),
        Operator("min", "window", 1, "least of n values", _WINDOW, 1),
        Operator("max", "window", 1, "greatest of n values", _WINDOW, 1),
        Operator("bars_since_min", "window", 1, "bars since the latest least value, 0 … n - 1", _WINDOW, 1),
        Operator("bars_since_max", "window", 1, "bars since the latest greatest value, 0 … n - 1", _WINDOW, 1),
        Operator("rank", "window", 1, "(values below x + half of those equal + ½) / n", _WINDOW, 1),
        Operator("quantile", "window", 1, "quantile q, interpolated linearly", _WINDOW, 1, ("q",)),
        Operator("exponential_mean", "window", 1, "Σ λ^k x[t-k] / Σ λ^k, k < n; λ = 1 - 2/(span+1)", _WINDOW, 1,
                 ("span",)),
        Operator("slope", "window", 1, "least-squares slope of x on time, per bar", _WINDOW, 2),
        Operator("r_squared", "window", 1, "squared correlation of x and time", f"{_WINDOW}, and where x is constant",
                 3),
        Operator("residual", "window", 1, "x - its least-squares line on time, at this bar", _WINDOW, 3),
        Operator("covariance", "pair", 2, "Σ (x - mean x)(y - mean y) / (n - 1)", _WINDOW, 2),
        Operator("correlation", "pair", 2, "correlation of x and y", f"{_WINDOW}, and where x or y is constant", 2),
        Operator("beta", "pair", 2, "least-squares slope of x on y", f"{_WINDOW}, and where y is constant", 2),
        Operator("beta_residual", "pair", 2, "x - its line on y, at this bar",
                 f"{_WINDOW}, and where y is constant", 3),
        Operator("cross_rank", "cross", 1, "average rank among the assets of the bar / their number",
                 "missing where x is"),
        Operator("cross_z_score", "cross", 1, "(x - mean) / std among the assets of the bar",
                 "missing where x is, or all are equal"),
    )  # fmt: skip


OPERATORS: dict[str, Operator] = {row.name: row for row in _rows()}


def operator_named(name: str, where: object = None) -> Operator:
    """Find an operator; raises `UnknownNameError` with the nearest names.

    >>> operator_named("std").missing
    'missing unless all n values are there'
    """
    if name not in OPERATORS:
        raise UnknownNameError.among("operator", name, OPERATORS, where=where)
    return OPERATORS[name]


def field_named(name: str, where: object = None) -> str:
    """Check the name of a field; raises `UnknownNameError` with the nearest names."""
    if name not in FIELDS:
        raise UnknownNameError.among("field", name, FIELDS, where=where)
    return name
