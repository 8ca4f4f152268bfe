"""Net values of groups of stocks, frictionless, equal weight, dealt anew at every date: as such studies are published.

A group is what a forecast says: the stocks whose likeliest class is the same, or for each class the share of stocks
with its highest probability. Nobody can trade this: no costs, no limits, every stock at the same price. So the turnover
stands beside it, and the cost a trade at which nothing would be left; with costs it is traded on the engine.

A date is one look. A year has twelve, and nine of them won is what a coin does once in fourteen times: wins carry their
exact binomial p, means and totals an interval from the stationary block bootstrap over dates.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.classified import Classified
from tidegate.evaluate.doubt.bootstrap import mean, studentised
from tidegate.evaluate.doubt.counts import binomial_interval, binomial_p
from tidegate.evaluate.stated import stated
from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray, frozen
from tidegate.types.report import Measure

__all__ = ["Grouped", "by_likeliest", "by_top_share", "grouped", "judge_groups", "net_values"]

_FEWEST = 8
"""Dates below which there is no interval (see `doubt.bootstrap`)."""


@dataclass(frozen=True)
class Grouped:
    """Returns of groups by date.

    `returns` ``[D, G]`` are NaN where a group was empty; `counts` and `turnover` ``[D, G]``. `times` ``[D]`` are the
    dates of the decision; `market` ``[D]`` is the mean return of all rows. `turnover` is the share of a group's weight
    that was bought at that date to make all equal again, half of ``Σ |w_t - v_t|`` (all of it at the first), ``v_t``
    the weights of the date before after its returns; a row without a return drifts as its group. `unknown` counts rows
    without a return. The last group less the first is the long-short.

    Known at
        The return of a date when the horizon of its rows ends.
    """

    times: TimeArray
    returns: FloatArray
    counts: IntArray
    turnover: FloatArray
    market: FloatArray
    unknown: int

    @property
    def long_short(self) -> FloatArray:
        """``returns[:, -1] - returns[:, 0]``, NaN where either is empty ``[D]``."""
        return np.asarray(self.returns[:, -1] - self.returns[:, 0])


def by_likeliest(held: Classified) -> BoolArray:
    """Put every row into the group of its likeliest class ``[R, K]``."""
    return np.asarray(held.said[:, None] == np.arange(len(held.values))[None, :])


def by_top_share(held: Classified, share: float) -> BoolArray:
    """Put the `share` of each date's rows that lean most to a class into its group ``[R, K]``; a row may be in several.

    ``round(share · n)`` rows, at least one; equals are taken in the order of the assets. Raises `SettingError` for a
    share outside (0, 1].

    Known at
        CLOSE of the date: all its rows are ranked together, whether their return comes or not.
    """
    if not 0 < share <= 1:
        raise SettingError("a share of the rows of a date", expected="above 0, at most 1", found=share)
    made = np.zeros(held.leaning.shape, dtype=np.bool_)
    order = np.argsort(held.date, kind="stable")
    bounds = np.searchsorted(held.date[order], np.arange(len(held.times) + 1))
    for first, end in pairwise(bounds.tolist()):
        rows = order[first:end]
        rows = rows[np.argsort(held.assets[rows], kind="stable")]
        wanted = max(int(share * len(rows) + 0.5), 1)
        for k in range(len(held.values)):
            best = np.argsort(-held.leaning[rows, k], kind="stable")[:wanted]
            made[rows[best], k] = True
    return made


def grouped(held: Classified, members: BoolArray, returns: FloatArray) -> Grouped:
    """Equal-weight return of each group at each date.

    ``r_g(t) = mean of the returns of the group's rows whose return is known``. Dates at which no return is known yet
    are left out. Where labels span several bars, give rows that lie apart (`Classified.apart`): overlapping returns
    can't be compounded.

    Shapes: `members` ``[R, G]``, `returns` ``[R]``, fractions. Missing values: NaN returns are left out and counted;
    raises `DataError` for other shapes.
    """
    if returns.shape != held.said.shape or members.shape[0] != returns.size:
        raise DataError("one return for each row", expected=held.said.shape, found=(members.shape, returns.shape))
    known = np.isfinite(returns)
    dates, at = np.unique(held.date[known], return_inverse=True)
    inside = members[known].astype(np.float64)
    made, own = returns[known], np.zeros((len(dates), members.shape[1]))
    counts = np.zeros_like(own)
    np.add.at(counts, at, inside)
    np.add.at(own, at, inside * made[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(counts > 0, own / counts, np.nan)
    market = np.bincount(at, weights=made, minlength=len(dates)) / np.bincount(at, minlength=len(dates))
    turned = np.column_stack([_turnover(held, members[:, g], returns, dates) for g in range(members.shape[1])])
    return Grouped(
        frozen(held.times[dates]),
        frozen(means),
        frozen(counts.astype(np.int64)),
        frozen(turned),
        frozen(np.asarray(market)),
        int((~known & np.isin(held.date, dates)).sum()),
    )


def _turnover(held: Classified, inside: BoolArray, returns: FloatArray, dates: IntArray) -> FloatArray:
    """Share of equal weights that is bought at each date, after what was held has drifted with its returns ``[D]``."""
    assets = int(held.assets.max(initial=-1)) + 1
    before, made = np.zeros(assets), np.zeros(len(dates))
    order = np.argsort(held.date, kind="stable")
    bounds = np.searchsorted(held.date[order], np.concatenate([dates, dates + 1])).reshape(2, -1)
    for place, (first, end) in enumerate(bounds.T):
        rows = order[first:end]
        mine = rows[inside[rows]]
        now = np.zeros(assets)
        now[held.assets[mine]] = 1.0
        now /= max(now.sum(), 1.0)
        made[place] = np.maximum(now - before, 0.0).sum()
        came = np.isfinite(returns[mine])
        usual = float(returns[mine][came].mean()) if came.any() else 0.0
        now[held.assets[mine]] *= 1.0 + np.where(came, returns[mine], usual)
        before = now / now.sum() if now.sum() > 0 else now
    return made


def net_values(returns: FloatArray) -> FloatArray:
    """Worth of one unit before the first date and after each, ``[D + 1, ...]``; an empty group (NaN) lies in cash.

    >>> net_values(np.array([0.1, np.nan, 0.1])).round(4).tolist()
    [1.0, 1.1, 1.1, 1.21]
    """
    growth = np.cumprod(1.0 + np.nan_to_num(returns, nan=0.0), axis=0)
    return np.concatenate([np.ones((1, *growth.shape[1:])), growth])


def judge_groups(
    made: Grouped,
    subject: dict[str, str],
    prefix: str,
    *,
    level: float,
    resamples: int,
    generator: np.random.Generator,
) -> tuple[Measure, ...]:
    """What the groups made, each measure under ``<prefix>_``: totals, the long-short, its wins, its turnover.

    Measures: ``low``, ``middle`` (the group in the middle, where their number is odd), ``high`` (total returns),
    ``market``; ``spread`` (mean long-short a date, with interval), ``spread_p``, ``spread_total`` (compounded, with
    interval), ``won`` (share of dates with a long-short above zero, exact interval), ``won_p`` (one-sided binomial
    against a coin), ``ordered`` (share of dates on which returns rise from group to group), ``turnover`` (long and
    short together, a date), ``break_even`` (the cost of each trade at which the mean long-short is zero: it over twice
    the turnover, which counts what drift makes necessary). Of three
    groups also ``between``: the share of dates on which the middle one lies between the others, a third by luck.

    Known at
        When the last return is. Units: fractions, not annualised; `n` counts the dates behind each.
    Missing values
        Dates at which either end is empty have no long-short, and are counted in the note; so are rows without a return
        (delisted before it came, prices begun anew), which no group is charged with.
    """
    spread = made.long_short[np.isfinite(made.long_short)]
    n, dates = spread.size, len(made.times)
    empty = "" if n == dates else f"; {dates - n} of {dates} dates without a long or a short"
    totals = net_values(made.returns)[-1] - 1 if dates else np.full(made.returns.shape[1], np.nan)
    gross = "frictionless, equal weight, dealt anew at every date"
    lost = f"; {made.unknown} rows without a return left out" if made.unknown else ""
    found: list[Measure] = []

    def say(
        name: str, value: float, unit: str, note: str = "", ends: tuple[float, float] | None = None, over: int = n
    ) -> None:
        low, high = ends or (None, None)
        at = None if ends is None else level
        found.append(
            stated(
                f"{prefix}_{name}", subject, value, unit, low=low, high=high, level=at, n=over, note=note,
                otherwise="too few dates",
            )
        )  # fmt: skip

    ends = [("low", 0), ("high", -1)]
    if totals.size % 2:
        ends.insert(1, ("middle", totals.size // 2))
    for name, place in ends:
        say(name, float(totals[place]), _FRACTION, f"{gross}{lost}", over=dates)
    total = float(net_values(made.market)[-1] - 1)
    say("market", total, _FRACTION, f"all rows, equal weight, frictionless{lost}", over=dates)
    sure = _interval(spread, level, resamples, generator)
    logs = np.log1p(np.maximum(spread, -1 + 1e-9))
    whole = _interval(logs, level, resamples, generator)
    say("spread", _mean(spread), "fraction a date", f"highest group less lowest{empty}", sure[:2])
    say("spread_p", sure[2], "p-value", "two-sided, stationary block bootstrap over dates")
    say(
        "spread_total",
        float(np.expm1(logs.sum())) if n else np.nan,
        _FRACTION,
        f"compounded over {n} dates{empty}",
        (float(np.expm1(n * whole[0])), float(np.expm1(n * whole[1]))),
    )
    wins = int((spread > 0).sum())
    say("won", wins / n if n else np.nan, _FRACTION, f"{wins} of {n}", binomial_interval(wins, n, level=level))
    say("won_p", binomial_p(wins, n, chance=0.5), "p-value", "one-sided, exact binomial against a coin")
    rising = np.all(np.diff(made.returns, axis=1) > 0, axis=1)
    say(
        "ordered",
        float(rising.mean()) if dates else np.nan,
        _FRACTION,
        "dates on which returns rise from group to group",
        over=dates,
    )
    if totals.size == _THREE:
        whole_dates = made.returns[np.isfinite(made.returns).all(axis=1)]
        inner = int((whole_dates[:, 1] == np.median(whole_dates, axis=1)).sum())
        share = inner / len(whole_dates) if len(whole_dates) else np.nan
        note = f"{inner} of {len(whole_dates)} dates with the middle group between the others; a third by luck"
        ends_ = binomial_interval(inner, len(whole_dates), level=level)
        say("between", share, _FRACTION, note, ends_, over=len(whole_dates))
    turned = float((made.turnover[1:, 0] + made.turnover[1:, -1]).mean()) if dates > 1 else np.nan
    bought = "bought on the long and the short side together, after the first date"
    say("turnover", turned, "of capital a date", bought, over=max(dates - 1, 0))
    each = _mean(spread) / (2 * turned) if turned else np.nan
    say("break_even", each, "fraction of a trade's value", "costs of each purchase and sale that leave nothing")
    return tuple(found)


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _interval(
    series: FloatArray, level: float, resamples: int, generator: np.random.Generator
) -> tuple[float, float, float]:
    if series.size < _FEWEST:
        return (float("nan"),) * 3
    found = studentised(series, mean, level=level, resamples=resamples, generator=generator)
    return found.low, found.high, found.p_value


_FRACTION = "fraction"
_THREE = 3
