"""Trials on common rows: differences date by date, by a frame, with intervals that leave out what both share."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import ttest_1samp

from tidegate.errors import DataError
from tidegate.evaluate.classified import Classified
from tidegate.evaluate.paired import paired

VALUES = np.array([-1.0, 0.0, 1.0])
DATES, ASSETS = 60, 40


def trial(skill, seed, returns, truth, values=VALUES):
    rng = np.random.default_rng(seed)
    lean = rng.normal(0.0, 1.0, (returns.size, values.size)) + skill * returns[:, None] * np.linspace(
        -1, 1, values.size
    )
    chances = np.exp(lean) / np.exp(lean).sum(axis=1, keepdims=True)
    date = np.repeat(np.arange(DATES), ASSETS)
    times = np.arange("2010-01", "2015-01", dtype="datetime64[M]").astype("datetime64[us]")
    return Classified(
        chances, chances.argmax(axis=1), truth, date, times, np.tile(np.arange(ASSETS), DATES), values, True, 1
    )


@pytest.fixture(scope="module")
def market():
    rng = np.random.default_rng(7)
    common = np.repeat(rng.normal(0.0, 0.10, DATES), ASSETS)
    returns = common + rng.normal(0.0, 0.06, DATES * ASSETS)
    truth = np.where(returns > 0.03, 2, np.where(returns < -0.03, 0, 1))
    truth[rng.random(truth.size) < 0.1] = -1
    return returns, truth


def by_frame(held, returns):
    """Long-short and right rows of each date, in plain polars."""
    frame = pl.DataFrame(
        {
            "date": held.date, "asset": held.assets, "r": returns, "down": held.leaning[:, 0], "up": held.leaning[:, -1],
            "known": held.truth >= 0, "right": held.said == held.truth,
        }
    )  # fmt: skip
    top = int(0.3 * ASSETS + 0.5)
    spread = [
        month.sort("up", descending=True).head(top)["r"].mean()
        - month.sort("down", descending=True).head(top)["r"].mean()
        for month in frame.partition_by("date", maintain_order=True)
    ]
    hits = frame.filter("known").group_by("date", maintain_order=True).agg(pl.col("right").sum(), pl.len())
    return np.array(spread), hits


def test_differences_by_a_frame(market):
    returns, truth = market
    base, other = trial(0, 1, returns, truth), trial(6, 2, returns, truth)
    told = paired([(base, returns)], [(other, returns)], share=0.3, level=0.95)
    (first, hits), (second, more) = by_frame(base, returns), by_frame(other, returns)
    assert told.rows == returns.size
    assert told.dates == DATES
    assert told.spread.estimate == pytest.approx((second - first).mean())
    assert told.spreads == pytest.approx((first.mean(), second.mean()))
    both = (more["right"].sum() - hits["right"].sum()) / hits["len"].sum()
    assert told.accuracy.estimate == pytest.approx(both)
    assert told.accuracies[1] - told.accuracies[0] == pytest.approx(both)
    assert told.spread.low > 0  # the skill was planted
    assert told.accuracy.low > 0


def test_seeds_are_averaged_before_the_test(market):
    returns, truth = market
    seeds = [(trial(0, seed, returns, truth), returns) for seed in (1, 2, 3)]
    other = (trial(3, 9, returns, truth), returns)
    each = [by_frame(held, returns)[0] for held, _ in seeds]
    told = paired(seeds, [other], share=0.3, level=0.95)
    gap = by_frame(other[0], returns)[0] - np.mean(each, axis=0)
    assert told.spread.estimate == pytest.approx(gap.mean())
    plain = ttest_1samp(gap, 0.0).confidence_interval(0.95)  # independent months: the long run agrees within a half
    assert told.spread.high - told.spread.low == pytest.approx(plain.high - plain.low, rel=0.5)


def test_what_moves_both_alike_is_no_difference(market):
    returns, truth = market
    one = (trial(3, 1, returns, truth), returns)
    told = paired([one], [one], share=0.3, level=0.95)
    assert (told.spread.estimate, told.accuracy.estimate) == (0.0, 0.0)
    assert np.isnan([told.spread.low, told.accuracy.low]).all()  # nothing varies: there is nothing to be sure of


def test_no_difference_is_found_where_there_is_none(market):
    returns, truth = market
    found = [
        paired(
            [(trial(0, seed, returns, truth), returns)], [(trial(0, seed + 100, returns, truth), returns)],
            share=0.3, level=0.95,
        ).spread.p_value
        for seed in range(30)
    ]  # fmt: skip
    assert sum(p < 0.05 for p in found) <= 5


def test_other_classes_have_no_difference_of_accuracy(market):
    returns, truth = market
    five = trial(0, 3, returns, np.where(truth >= 0, truth + 1, -1), np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))
    told = paired([(trial(0, 1, returns, truth), returns)], [(five, returns)], share=0.3, level=0.95)
    assert told.accuracy is None
    assert np.isfinite(told.spread.estimate)


def test_other_rows_are_refused(market):
    returns, truth = market
    held = trial(0, 1, returns, truth)
    kept = np.flatnonzero(held.assets != 3)
    with pytest.raises(DataError, match="same rows"):
        paired([(held, returns)], [(held.only(kept), returns[kept])], share=0.3, level=0.95)
    with pytest.raises(DataError, match="the trial has no seed"):
        paired([(held, returns)], [], share=0.3, level=0.95)
