"""Rules within a bar owe: a plan that is `wish` repeated, from what was known, and books that no later bar changes."""

import numpy as np

from tidegate.backtest.bar_trades import BarTable, size_of, trade_bars
from tidegate.errors import ClockError
from tidegate.market.base import Conditions
from tidegate.market.rebar_future import RebarFuture
from tidegate.strategy.within_bar import BarPlan, BarsSeen, WithinBar
from tidegate.testing.compare import require_same
from tidegate.testing.history import example_bars
from tidegate.types.axes import FloatArray, frozen

__all__ = ["check_within_bar"]

_ROWS = ("below", "above", "exposure", "stop")
_CAPITAL = 200_000.0


def check_within_bar(rule: WithinBar, bars: int = 90, cuts: int = 6, seed: int = 0) -> int:
    """Send a rule through a rebar market; returns how many cuts were tried.

    * Row *t* of `plan` equals `wish` on the rows up to *t*, bit for bit.
    * Rows after *t*, changed or cut off, change no row up to *t*.
    * Exposures and stops are finite and not negative, and no margin is above all equity.
    * The book up to *t* does not change with bars that are not there yet.

    Forecasts are noisy closes with gaps, some no price at all.

    Errors
        `ClockError` with the row of the first number that differs.
    """
    held = example_bars(sessions=bars, assets=1, seed=seed)
    conditions = RebarFuture().conditions(held, held.assets[0])
    seen = _seen(conditions, seed)
    title = f"rule {rule.name!r}"
    plan = rule.plan(seen)
    _in_range(plan, seen, title)
    stepped = [rule.wish(seen.until(bar)) for bar in range(bars)]
    for column, name in enumerate(_ROWS):
        made = np.array([wish[column] for wish in stepped])
        told = f"{title}: `plan` is not repeated `wish` ({name})"
        require_same(made, plan.rows[column], told, _place, "`wish` is the reference; make `plan` equal it")
    tried: list[int] = np.linspace(1, bars - 2, cuts).astype(int).tolist()
    equity = _equity(plan, conditions)
    for cut in tried:
        for other in (rule.plan(seen.until(cut)), rule.plan(_another_future(seen, cut, seed))):
            for column, name in enumerate(_ROWS):
                told = f"{title}: {name} up to bar {cut} changes with what came after it"
                require_same(
                    plan.rows[column][: cut + 1],
                    other.rows[column][: cut + 1],
                    told,
                    _place,
                    "decide from rows up to t",
                )
        early = _equity(rule.plan(seen.until(cut)), conditions.between(0, cut + 1))
        told = f"{title}: the book up to bar {cut} changes with what came after it"
        require_same(equity[: cut + 1], early, told, _place, "decide from rows up to t")
    return len(tried)


def _equity(plan: BarPlan, conditions: Conditions) -> FloatArray:
    books = trade_bars(
        plan.below[None], plan.above[None], BarTable.of(conditions), _CAPITAL, size_of(plan), against=plan.against
    )
    return np.asarray(books.equity[0])


def _seen(conditions: Conditions, seed: int) -> BarsSeen:
    generator = np.random.default_rng((seed, 1))
    close = conditions.close
    forecast = np.append(close[1:], close[-1:]) + generator.normal(0, 20, len(close)).round(1)
    forecast[generator.random(len(close)) < 0.1] = np.nan  # noqa: PLR2004
    forecast[generator.random(len(close)) < 0.05] = -1.0  # noqa: PLR2004
    joined = close * np.where(np.arange(len(close)) < len(close) // 2, 1.0, 1.04)
    return BarsSeen(frozen(forecast), frozen(close.copy()), frozen(joined), conditions.tick, conditions.margin_rate)


def _another_future(seen: BarsSeen, cut: int, seed: int) -> BarsSeen:
    generator = np.random.default_rng((seed, cut))
    rows = [row.copy() for row in (seen.forecast, seen.last, seen.joined)]
    for row in rows:
        row[cut + 1 :] = 3000.0 * np.exp(generator.normal(0, 0.1, len(row) - cut - 1))
    return BarsSeen(frozen(rows[0]), frozen(rows[1]), frozen(rows[2]), seen.tick, seen.margin)


def _in_range(plan: BarPlan, seen: BarsSeen, title: str) -> None:
    good = np.isfinite(plan.exposure) & (plan.exposure >= 0) & (plan.exposure <= 1 / seen.margin)
    good &= np.isfinite(plan.stop) & (plan.stop >= 0) & (plan.stop < 1)
    if not bool(good.all()):
        at = int(np.flatnonzero(~good)[0])
        raise ClockError(
            f"{title}: a size is out of range", expected=f"exposure in [0, {1 / seen.margin:g}], stop in [0, 1)",
            found=plan.wish(at), where=f"row {at}",
        )  # fmt: skip


def _place(at: tuple[int, ...]) -> str:
    return f"row {at[0]}"
