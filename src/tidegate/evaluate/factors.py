"""Judge factors one by one, date by date: how much is there, what it said of the return from the fill, how it moves.

Nothing here is fitted and nothing is chosen: every factor is judged in the direction in which it is written. A date is
one observation; how sure their mean is, with overlapping returns and many factors tried, `factor_certainty` says.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.errors import SettingError
from tidegate.evaluate.factor_columns import Ordered, correlations, group_numbers
from tidegate.evaluate.factor_returns import FillReturns
from tidegate.prepare.rank_correlation import rank_correlations
from tidegate.prepare.rank_normal import mean_ranks
from tidegate.prepare.sections import CrossSections
from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray, require

__all__ = ["FactorScores", "score_factors"]


@dataclass(frozen=True)
class FactorScores:
    """What was measured, by date: D dates, F factors, S spans, G groups; NaN where it could not be.

    Fields
    ------
    names, present
        Assets of each date ``[D]``, and how many of them have each factor ``[D, F]``.
    ic, rank_ic
        Pearson's and Spearman's correlation with the return, by span ``[S, D, F]``.
    pairs
        Assets with factor and return ``[S, D, F]``.
    groups
        Mean return of each group less the mean of all groups' assets, over the first span ``[D, F, G]``.
    stability
        Correlation of ranks with those of the date before ``[D, F]``; 1 is a factor that never moves.
    alike, alike_dates
        Mean over dates of the rank correlation of two factors ``[F, F]``, and over how many.

    Known at
        When the last return is: it is a judgement, never an input.
    """

    fields: tuple[str, ...]
    times: TimeArray
    spans: tuple[int, ...]
    names: IntArray
    present: IntArray
    ic: FloatArray
    rank_ic: FloatArray
    pairs: IntArray
    groups: FloatArray
    stability: FloatArray
    alike: FloatArray
    alike_dates: IntArray

    @property
    def spread(self) -> FloatArray:
        """Return of the highest group less that of the lowest ``[D, F]``."""
        return self.groups[..., -1] - self.groups[..., 0]


def score_factors(
    sections: CrossSections,
    returns: FillReturns,
    *,
    spans: Sequence[int] = (1,),
    groups: int = 5,
    least: int = 20,
    dates: BoolArray | None = None,
    step: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005
) -> FactorScores:
    """Score every factor on every date.

    Parameters
    ----------
    sections
        Factors by date ``[R, F]``; their assets are the columns of `returns`.
    spans
        Dates from fill to fill; groups are made over the first.
    least
        Assets with factor and return that a date must have to count.
    dates
        Which dates are judged ``[D]``; a return that ends after the last of them is not looked at.
    step
        Called with the number of dates done and of all.

    Known at
        When the last return is.
    Missing values
        An asset without the factor, or that could not be bought, is no observation of that factor's date.
    Errors
        `SettingError` for fewer than two groups or a span below one; `RecordError` for returns of other dates.

    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=40, assets=8, gaps=False)
    >>> made = np.random.default_rng(0).normal(size=(40, 8, 1))
    >>> scores = score_factors(CrossSections.of_grid(made, ("x",)), FillReturns.of(bars, bars.times), least=3)
    >>> scores.rank_ic.shape, int(np.isfinite(scores.rank_ic).sum())
    ((1, 40, 1), 38)
    """
    if groups <= 1 or least <= 1 or not spans or min(spans) < 1:
        raise SettingError("factors are scored over spans and in groups", expected="groups ≥ 2, least ≥ 2, spans ≥ 1",
                           found=(groups, least, tuple(spans)))  # fmt: skip
    shape = (len(sections), len(sections.assets))
    require(holds=returns.entry.shape == shape, what="returns beside factors", expected=shape,
            found=returns.entry.shape)  # fmt: skip
    width, total = len(sections.fields), len(sections)
    judged = np.ones(total, dtype=bool) if dates is None else dates
    end = int(np.flatnonzero(judged)[-1]) if judged.any() else -1
    ic, rank_ic = (np.full((len(spans), total, width), np.nan) for _ in range(2))
    pairs = np.zeros((len(spans), total, width), dtype=np.int64)
    present = np.zeros((total, width), dtype=np.int64)
    grouped = np.full((total, width, groups), np.nan)
    stability = np.full((total, width), np.nan)
    alike, alike_dates = np.zeros((width, width)), np.zeros((width, width), dtype=np.int64)
    before = np.full((shape[1], width), np.nan)
    for date in range(total):
        now = np.full((shape[1], width), np.nan)
        if judged[date]:
            held = slice(int(sections.offsets[date]), int(sections.offsets[date + 1]))
            values, asset = sections.values[held], sections.asset[held]
            there = ~np.isnan(values)
            present[date] = there.sum(axis=0)
            ordered = Ordered.of(values)
            for place, span in enumerate(spans):
                if date + span <= end:
                    truth = returns.over(date, span)[asset]
                    among = there & ~np.isnan(truth)[:, None]
                    pairs[place, date] = among.sum(axis=0)
                    enough = pairs[place, date] >= least
                    ic[place, date], rank_ic[place, date] = _scored(ordered, truth, among, enough)
                    if place == 0:
                        grouped[date] = _grouped(values, truth, among, enough, groups)
            made, common = rank_correlations(values)
            counted = (common >= least) & ~np.isnan(made)
            alike += np.where(counted, made, 0.0)
            alike_dates += counted
            now[asset] = mean_ranks(values)
            both = ~np.isnan(now) & ~np.isnan(before)
            stability[date] = np.where(both.sum(axis=0) >= least, correlations(now, before, both), np.nan)
        before = now
        step(date + 1, total)
    return FactorScores(
        sections.fields,
        sections.times,
        tuple(spans),
        np.diff(sections.offsets),
        present,
        ic,
        rank_ic,
        pairs,
        grouped,
        stability,
        np.where(alike_dates > 0, alike / np.maximum(alike_dates, 1), np.nan),
        alike_dates,
    )


def _scored(ordered: Ordered, truth: FloatArray, among: BoolArray, enough: BoolArray) -> tuple[FloatArray, FloatArray]:
    """IC and rank IC of each column ``[F]`` over the rows that have both sides."""
    if not enough.any():
        return np.full(len(enough), np.nan), np.full(len(enough), np.nan)
    came = truth[:, None]
    plain = correlations(ordered.values, came, among)
    ranked = correlations(ordered.ranks(among), Ordered.of(came).ranks(among), among)
    return np.where(enough, plain, np.nan), np.where(enough, ranked, np.nan)


def _grouped(values: FloatArray, truth: FloatArray, among: BoolArray, enough: BoolArray, groups: int) -> FloatArray:
    """Mean return of each group less the mean of all ``[F, G]``; NaN where a group is empty."""
    number = group_numbers(values, among, groups)
    came = np.where(among, truth[:, None], 0.0)
    middle = came.sum(axis=0) / np.maximum(among.sum(axis=0), 1)
    made = np.full((values.shape[1], groups), np.nan)
    for group in range(groups):
        inside = number == group
        count = inside.sum(axis=0)
        mean = np.where(inside, came, 0.0).sum(axis=0) / np.maximum(count, 1)
        made[:, group] = np.where(enough & (count > 0), mean - middle, np.nan)
    return made
