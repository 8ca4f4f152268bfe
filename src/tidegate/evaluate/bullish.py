"""The bullish share: how many stocks a forecast calls rising at a date, and whether the market then rises.

The published claim is about changes: a larger share than the month before, and the market goes up. Two counts of a
dozen months agree by luck more often than one thinks, and more often still where both mostly go one way. So beside the
exact binomial p against a coin stands the exact p that keeps both margins (Fisher's): how likely so many agreements are
when the same rises and falls of the share are paired with the same months in another order.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import fisher_exact

from tidegate.errors import DataError
from tidegate.evaluate.classified import Classified
from tidegate.evaluate.doubt.counts import binomial_interval, binomial_p
from tidegate.evaluate.doubt.overlap import ic_plain, mean_hac
from tidegate.evaluate.stated import stated
from tidegate.types.axes import BoolArray, FloatArray, TimeArray, frozen
from tidegate.types.report import Measure

__all__ = ["Agreement", "Bullish", "agreement", "bullish", "judge_bullish"]

_LEAST = 4


@dataclass(frozen=True)
class Bullish:
    """By date ``[D]``: `share` of rows whose likeliest class is the highest, `chance`, the mean probability of it.

    `rose` is the share of rows that came to be of the highest class (NaN before any is known), `above` the share of
    rows with a return above the threshold asked for, `market` the market's return over the same horizon.
    """

    times: TimeArray
    share: FloatArray
    chance: FloatArray
    rose: FloatArray
    above: FloatArray
    market: FloatArray


def bullish(held: Classified, returns: FloatArray, market: FloatArray | None = None, *, above: float) -> Bullish:
    """Shares of each date; the market's return is that of `market` ``[T]`` (the dates of `held`), or the rows' mean.

    Known at
        `share` and `chance` at CLOSE of the date, the rest when its returns are.
    Missing values
        A date without a known return has NaN in `above` and, without a given market, in `market`. `chance` is NaN for
        a model without probabilities.
    Errors
        `DataError` where returns are not one a row, or the market's not one a date.
    """
    dates = len(held.times)
    if returns.shape != held.said.shape or (market is not None and market.shape != (dates,)):
        raise DataError(
            "one return for each row, and each date", expected=(held.said.shape, dates), found=returns.shape
        )
    top = len(held.values) - 1

    def share(values: FloatArray | BoolArray, kept: BoolArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            sums = np.bincount(held.date[kept], weights=np.asarray(values, dtype=np.float64)[kept], minlength=dates)
            return np.asarray(sums / np.bincount(held.date[kept], minlength=dates))

    every, known = np.ones(held.said.size, dtype=np.bool_), np.isfinite(returns)
    return Bullish(
        held.times,
        frozen(share(held.said == top, every)),
        frozen(share(held.leaning[:, top], every) if held.told else np.full(dates, np.nan)),
        frozen(share(held.truth == top, held.truth >= 0)),
        frozen(share(returns > above, known)),
        frozen(share(returns, known) if market is None else np.asarray(market, dtype=np.float64)),
    )


@dataclass(frozen=True)
class Agreement:
    """How often the share's change agreed with the market's next move: `agreed` of `n`, `ties` left out.

    `chance` is what independent ups and downs with the same margins agree on average; `p_coin` the exact chance of so
    many against a coin, `p_margins` against the same ups and downs in another order; both one-sided.
    """

    agreed: int
    n: int
    ties: int
    chance: float
    p_coin: float
    p_margins: float


def agreement(share: FloatArray, market: FloatArray) -> Agreement:
    """Compare the sign of ``share_t - share_{t-1}`` with that of the market's return after *t*.

    Shapes: ``[D]`` each, neighbours in time. Missing values: pairs with a NaN are left out; changes or returns of zero
    are left out and counted as ties. NaN for p-values without a pair.

    >>> agreement(np.array([0.2, 0.3, 0.1, 0.4]), np.array([0.0, 0.01, -0.02, 0.03]))
    Agreement(agreed=3, n=3, ties=0, chance=0.555..., p_coin=0.125, p_margins=0.333...)
    """
    change, after = np.diff(share), np.asarray(market, dtype=np.float64)[1:]
    there = np.isfinite(change) & np.isfinite(after)
    kept = there & (change != 0) & (after != 0)
    up, rose = change[kept] > 0, after[kept] > 0
    n, agreed = int(kept.sum()), int((up == rose).sum())
    if not n:
        return Agreement(0, 0, int(there.sum()), *(float("nan"),) * 3)
    chance = float(up.mean() * rose.mean() + (1 - up.mean()) * (1 - rose.mean()))
    table = [[int((up & rose).sum()), int((up & ~rose).sum())], [int((~up & rose).sum()), int((~up & ~rose).sum())]]
    margins = float(fisher_exact(table, alternative="greater").pvalue)
    return Agreement(agreed, n, int(there.sum()) - n, chance, binomial_p(agreed, n, chance=0.5), margins)


def judge_bullish(said: Bullish, subject: dict[str, str], *, above: float, level: float) -> tuple[Measure, ...]:
    """Measure the bullish share: its mean, its excess over what came, and whether the market follows its changes.

    Measures: bullish_share, bullish_rose, bullish_above, bullish_excess, bullish_ic, bullish_ic_p, bullish_agreed,
    bullish_agreed_p, bullish_margins_p.

    `bullish_excess` is the mean of said less came (the highest class), with an interval over dates: above zero is too
    bullish. `bullish_ic` is the correlation over dates of the share and the market's return.

    Known at
        When the last return is.
    Missing values
        Dates whose label has not come are left out of what compares with it.
    """
    dates = len(said.times)
    gap = (said.share - said.rose)[np.isfinite(said.rose)]
    both = np.isfinite(said.market)
    found = agreement(said.share, said.market)
    pair = said.share[both], said.market[both]
    varies = both.sum() >= _LEAST and np.ptp(pair[0]) > 0 and np.ptp(pair[1]) > 0
    linked = ic_plain(*pair, span=1, level=level) if varies else None
    sure = mean_hac(gap, span=1, level=level) if gap.size else None
    nothing = float("nan")

    def mean(values: FloatArray) -> float:
        return float(np.nanmean(values)) if np.isfinite(values).any() else nothing

    n, agreed = found.n, found.agreed
    ends = binomial_interval(agreed, n, level=level)
    return (
        stated(
            "bullish_share",
            subject,
            mean(said.share),
            "fraction",
            n=dates,
            note="rows whose likeliest class is the highest, mean over dates",
        ),
        stated(
            "bullish_rose",
            subject,
            mean(said.rose),
            "fraction",
            n=gap.size,
            note="rows that came to be of the highest class",
        ),
        stated(
            "bullish_above",
            subject,
            mean(said.above),
            "fraction",
            n=int(both.sum()),
            note=f"rows with a return above {above:.0%}",
        ),
        stated(
            "bullish_excess",
            subject,
            mean(gap) if gap.size else nothing,
            "fraction",
            low=None if sure is None else float(sure.low),
            high=None if sure is None else float(sure.high),
            level=level,
            n=gap.size,
            note="said less came; above zero is too bullish",
            otherwise="no truth has come yet",
        ),
        stated(
            "bullish_ic",
            subject,
            nothing if linked is None else float(linked.estimate),
            "correlation",
            low=None if linked is None else float(linked.low),
            high=None if linked is None else float(linked.high),
            level=level,
            n=int(both.sum()),
            note="share and the market's next return, over dates",
            otherwise="too few dates, or nothing varies",
        ),
        stated(
            "bullish_ic_p",
            subject,
            nothing if linked is None else float(linked.p_value),
            "p-value",
            n=int(both.sum()),
            note="two-sided",
            otherwise="too few dates, or nothing varies",
        ),
        stated(
            "bullish_agreed",
            subject,
            agreed / n if n else nothing,
            "fraction",
            low=ends[0],
            high=ends[1],
            level=level,
            n=n,
            note=f"{agreed} of {n} changes had the sign of the market after; these margins by luck {found.chance:.2f}",
            otherwise="no change to compare",
        ),
        stated(
            "bullish_agreed_p",
            subject,
            found.p_coin,
            "p-value",
            n=n,
            note="one-sided, exact binomial against a coin",
            otherwise="no change to compare",
        ),
        stated(
            "bullish_margins_p",
            subject,
            found.p_margins,
            "p-value",
            n=n,
            note="one-sided, exact with both margins kept (Fisher)",
            otherwise="no change to compare",
        ),
    )
