"""Single quarters and twelve months, made of numbers that count from the first of January, and known no earlier.

    quarter   Q1 = Y1,   Q2 = Y2 - Y1,   Q3 = Y3 - Y2,   Q4 = Y4 - Y3
    ttm       Yk + Y4 of the year before - Yk of the year before;   for the annual report, Y4 itself

A derived number is a fact of its own: it becomes usable when the last of its inputs does, and again whenever one of
them is restated. A third quarter that is reported before a late half-year has no single quarter until that comes.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import polars as pl

from tidegate.data.fact_fields import FACT_FIELDS
from tidegate.errors import SettingError, UnknownNameError
from tidegate.types.facts import Facts

__all__ = ["Span", "derived", "derived_name"]

Span = Literal["quarter", "ttm"]


class _Input(NamedTuple):
    """One number of a sum: its sign, and the end of its period from that of the sum's; null where it does not enter."""

    sign: int
    period: Callable[[pl.Expr], pl.Expr]


_EVENT = ("asset", "period", "usable")


def _before(period: pl.Expr) -> pl.Expr:
    """Give the quarter before within the year; null for the first."""
    return pl.when(period.dt.month() > 3).then(period.dt.offset_by("-3mo").dt.month_end())  # noqa: PLR2004


def _year_before(period: pl.Expr) -> pl.Expr:
    return pl.when(period.dt.month() < 12).then(pl.date(period.dt.year() - 1, 12, 31))  # noqa: PLR2004


def _same_before(period: pl.Expr) -> pl.Expr:
    return pl.when(period.dt.month() < 12).then(period.dt.offset_by("-12mo").dt.month_end())  # noqa: PLR2004


_SUMS: dict[Span, tuple[_Input, ...]] = {
    "quarter": (_Input(-1, _before),),
    "ttm": (_Input(1, _year_before), _Input(-1, _same_before)),
}


def derived_name(field: str, span: Span) -> str:
    """Name a derived field.

    >>> derived_name("net_profit_ytd", "ttm")
    'net_profit_ttm'
    """
    return f"{field.removesuffix('_ytd')}_{span}"


def derived(facts: Facts, field: str, span: Span) -> Facts:
    """Make single quarters or twelve months of one additive year-to-date field.

    Formula
        As at the head of this file.
    Known at
        CLOSE(t) of the first session on or after the day on which the last input became usable; `by` is *announced*
        only where every input was.
    Units
        Those of the field.
    Missing values
        A report whose inputs are not all there gives a fact without a value.

    Raises `UnknownNameError` for a field without facts, `SettingError` for one that is no sum over time: a return or a
    margin year to date has another denominator each quarter, and the difference of two is neither's.

    >>> from datetime import date
    >>> ends, out = [date(2014, 3, 31), date(2014, 6, 30)], [date(2014, 4, 26), date(2014, 8, 30)]
    >>> rows = {
    ...     "field": "ebit_ytd",
    ...     "asset": "a",
    ...     "by": "announced",
    ...     "period": ends,
    ...     "usable": out,
    ...     "value": [3.0, 7.0],
    ... }
    >>> derived(Facts.of(pl.DataFrame(rows)), "ebit_ytd", "quarter").frame["value"].to_list()
    [3.0, 4.0]
    """
    if span not in _SUMS:
        raise UnknownNameError.among("span", span, tuple(_SUMS))
    known = FACT_FIELDS.get(field)
    if known is None or not known.additive:
        raise SettingError(
            f"{field} is no sum over time", found=known.counts if known else "an unknown field",
            expected=[name for name, one in FACT_FIELDS.items() if one.additive],
        )  # fmt: skip
    base = facts.only(field).select("asset", "period", "usable", "value", "by")
    own = base.group_by("asset", "period").agg(own=pl.col("usable").min())
    for at, one in enumerate(_SUMS[span]):
        own = own.with_columns(one.period(pl.col("period")).alias(f"input {at}"))
    events = pl.concat([
        base.select(_EVENT),
        *(
            own.join(base, left_on=["asset", f"input {at}"], right_on=["asset", "period"]).select(_EVENT)
            for at in range(len(_SUMS[span]))
        ),
    ]).unique()  # fmt: skip
    rows = events.join(own, on=["asset", "period"]).filter(pl.col("usable") >= pl.col("own")).sort("usable")
    rows = _beside(rows, base, "period", "")
    value, announced = pl.col("value "), pl.col("by ") == "announced"
    for at, one in enumerate(_SUMS[span]):
        rows = _beside(rows, base, f"input {at}", f"{at}")
        enters = pl.col(f"input {at}").is_not_null()
        value = value + pl.when(enters).then(one.sign * pl.col(f"value {at}")).otherwise(0.0)
        announced &= ~enters | (pl.col(f"by {at}") == "announced").fill_null(value=True)
    return Facts.of(
        rows.select(
            "asset", "period", "usable", value=value, field=pl.lit(derived_name(field, span)),
            by=pl.when(announced).then(pl.lit("announced")).otherwise(pl.lit("deadline")),
        )
    )  # fmt: skip


def _beside(rows: pl.DataFrame, base: pl.DataFrame, period: str, told: str) -> pl.DataFrame:
    """Lay beside each row what was known of one of its inputs on its day."""
    held = base.select(
        "asset",
        pl.col("period").alias("input"),
        "usable",
        pl.col("value").alias(f"value {told}"),
        pl.col("by").alias(f"by {told}"),
    ).sort("usable")
    return rows.join_asof(
        held, on="usable", by_left=["asset", period], by_right=["asset", "input"], check_sortedness=False
    )
